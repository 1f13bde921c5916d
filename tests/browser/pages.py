"""The three pages as people use them: by what is written on them, not by how they are built. Works against any server."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

_SCANNED = """(text) => {
  for (const key of [...text, 'Enter'])
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
}"""


class OperatorPage:
    """The console; `path` is where it is served."""

    path = "/operator/"

    def __init__(self, page: Page) -> None:
        self.page = page

    def log_in(self, username: str, password: str) -> None:
        self.page.get_by_label(re.compile("用户名|User name")).fill(username)
        self.page.get_by_label(re.compile("密码|Password")).fill(password)
        self.page.get_by_role("button", name=re.compile("^(登录|Log in)$")).click()

    def expect_live(self) -> None:
        expect(self.page.get_by_test_id("line")).to_have_text(re.compile("实时|Live"))

    def expect_lost(self) -> None:
        expect(self.page.get_by_test_id("lost")).to_be_visible()

    def level(self, zone_id: str) -> Locator:
        return self.page.locator(f"[data-zone='{zone_id}']")

    def free(self, zone_id: str) -> Locator:
        """The big number of a level, or ----."""
        return self.level(zone_id).locator(".big b")

    def lane(self, lane_id: str) -> Locator:
        return self.page.locator(f"[data-lane='{lane_id}']")

    def sign(self, sign_id: str) -> Locator:
        return self.page.locator(f"[data-sign='{sign_id}']")

    def device(self, device_id: str) -> Locator:
        return self.page.locator(f"[data-device='{device_id}']")

    def events(self) -> Locator:
        return self.page.locator(".stream li")

    def cases(self) -> Locator:
        return self.page.locator("[data-case]")

    def calls(self) -> Locator:
        """The calls in their order, longest wait first."""
        return self.page.locator("[data-call]")

    def call(self, call_id: str) -> Locator:
        return self.page.locator(f"[data-call='{call_id}']")

    def emergency(self) -> Locator:
        return self.page.get_by_test_id("emergency")

    def give_reason(self, reason: str, confirm: str) -> None:
        """Say why in the dialog that stands open, in the operator's own words, and confirm."""
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label(re.compile("其他|Other")).check()
        dialog.get_by_label(re.compile("请填写原因|Say why")).fill(reason)
        dialog.get_by_role("button", name=re.compile(confirm)).click()
        expect(dialog).to_have_count(0)

    def open_by_hand(self, lane_id: str, reason: str) -> None:
        """Open a lane for a reason in the operator's own words."""
        self.lane(lane_id).get_by_role("button").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label(re.compile("其他|Other")).check()
        dialog.get_by_label(re.compile("请填写原因|Say why")).fill(reason)
        dialog.get_by_role("button", name=re.compile("确认开闸|Open now")).click()
        expect(dialog).to_have_count(0)


class KioskPage:
    """The upright touch screen."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @staticmethod
    def path(device_key: str) -> str:
        return f"/kiosk/#k={device_key}"

    def scan(self, url: str) -> None:
        """Hold a code to the scanner: it types all of it and Enter in one go, as no person does."""
        self.page.evaluate(_SCANNED, url)

    def expect_screen(self, name: str) -> None:
        expect(self.page.locator(f"[data-screen='{name}']")).to_be_visible()

    def free(self, zone_id: str) -> Locator:
        return self.page.locator(f".board [data-zone='{zone_id}'] b")

    def start(self) -> None:
        self.page.get_by_role("button", name=re.compile("开始缴费|^Start$")).click()
        self.expect_screen("plate")

    def type_plate(self, plate: str) -> None:
        """Touch one key after the other."""
        for sign in plate:
            self.page.get_by_role("button", name=sign, exact=True).click()

    def find(self, plate: str) -> None:
        self.type_plate(plate)
        self.page.get_by_role("button", name=re.compile("^(查询|Find)$")).click()

    def amount(self) -> Locator:
        return self.page.locator(".amount")

    def lines(self) -> Locator:
        return self.page.locator(".bill li")

    def phone_link(self) -> str:
        """What the code “continue on your phone” says."""
        return self.page.get_by_role("img", name=re.compile("手机缴费|phone")).get_attribute("data-text") or ""

    def pay(self) -> str:
        """Go on to paying; returns the address in the code."""
        self.page.get_by_role("button", name=re.compile("^(付款|手机扫码付款|Pay) ")).click()
        self.expect_screen("pay")
        code = self.page.get_by_role("img", name=re.compile("付款二维码|Payment code"))
        expect(code).to_be_visible()
        return code.get_attribute("data-text") or ""

    def leave_by(self) -> Locator:
        return self.page.locator(".leave-by")

    def home(self) -> None:
        self.page.get_by_role("button", name=re.compile("首页|Home")).click()
        self.expect_screen("start")

    def expect_lost(self) -> None:
        expect(self.page.get_by_test_id("lost")).to_be_visible()

    def expect_healed(self) -> None:
        expect(self.page.get_by_test_id("lost")).to_have_count(0)


class DriverPage:
    """The page behind a driver's code."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @staticmethod
    def path(token: str = "") -> str:
        return f"/driver/#t={token}" if token else "/driver/"

    def due(self) -> Locator:
        return self.page.locator(".hero-sum")

    def answer(self) -> Locator:
        """The large word on top."""
        return self.page.locator(".hero-word")

    def lines(self) -> Locator:
        return self.page.locator(".bill li")

    def free(self, zone_id: str) -> Locator:
        return self.page.locator(f"[data-zone='{zone_id}'] b")

    def pay(self) -> None:
        """Go to the wallet."""
        self.page.get_by_role("button", name=re.compile("^(支付|Pay) ")).click()

    def expect_old(self) -> None:
        expect(self.page.get_by_test_id("lost")).to_be_visible()
