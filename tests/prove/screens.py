"""People at their pages against the running demo, in a real Chromium: each journey is walked to its end and leaves its pictures.

`python -m tests.prove.screens [FOLDER]` (docs/pictures, if not said) starts the demo's own processes without its traffic, walks one journey
after the other, and ends in one line: name, figure, goal, holds or falls short. A journey that ends otherwise says where.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

from parking.cli import demo
from parking.cli.demo import PILLAR, YOUR_BAY
from parking.cli.demo_finding import ticket_of
from parking.cli.demo_loyalty import EXCHANGE, WELCOME, MallApp
from parking.cli.demo_site import OPERATOR, DemoSite, lay_out
from parking.cli.operator_client import OperatorClient
from parking.cli.supervisor import Supervisor
from parking.kernel.plate import Plate
from tests.browser.pages import DriverPage, KioskPage, OperatorPage
from tests.builders.plumbing import eventually
from tests.fixtures.browser import ARGUMENTS
from tests.tools import setup

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
PATIENCE_S = 120.0
PATIENCE_MS = PATIENCE_S * 1000
DOUBT = "出场无入场记录"
YOURS, ANOTHER, AMBIGUOUS = "沪A8M62K", "浙B24680", "苏E90876"


class People:
    """A mall without its traffic, a browser, and where the pictures go."""

    def __init__(
        self, site: DemoSite, operator: OperatorClient, supervisor: Supervisor, browser: Browser, to: Path
    ) -> None:
        self.site, self.operator, self.supervisor = site, operator, supervisor
        self._browser, self._to = browser, to
        self.server = site.url("server")

    def page(self, url: str, *, width: int = 390, height: int = 844, locale: str = "zh-CN", dark: bool = False) -> Page:
        """A page in a browser of its own, as on a device of its own."""
        scale = 2 if width < 1000 else 1
        context = self._browser.new_context(
            locale=locale,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            device_scale_factor=scale,
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(url)
        return page

    def console(self, path: str = "", **look: Any) -> Page:
        """The operators' console, logged in."""
        page = self.page(f"{self.server}/operator/{path}", width=1440, height=900, **look)
        OperatorPage(page).log_in(OPERATOR, self.site.password)
        return page

    def picture(self, page: Page, name: str) -> None:
        page.screenshot(path=self._to / f"journey-{name}.png")

    def arrive(self, plate: str, **plan: Any) -> int:
        """A car comes in and stands until it is told to go; its number in the world."""
        body = {"plate": plate, "dwell_s": 0.1, "pays": "never", "hold": True, **plan}
        made = httpx.post(f"{self.site.url('control')}/cars", json=body, timeout=30.0).raise_for_status()
        number = int(made.json()["number"])
        self.until(lambda: self.stage(number) == "parked")
        self.until(lambda: ticket_of(self.operator, Plate.parse(plate).masked) is not None)
        return number

    def ticket(self, plate: str) -> str:
        """The address in the code on this car's ticket."""
        found = ticket_of(self.operator, Plate.parse(plate).masked)
        assert found is not None
        return str(found["url"])

    def go(self, number: int) -> None:
        httpx.post(f"{self.site.url('control')}/cars/{number}/go", timeout=30.0).raise_for_status()

    def stage(self, number: int) -> str:
        return str(httpx.get(f"{self.site.url('control')}/cars/{number}", timeout=30.0).json()["stage"])

    def fault(self, device: str, fault: str) -> None:
        wish = {"device": device, "fault": fault}
        httpx.post(f"{self.site.url('control')}/faults", json=wish, timeout=30.0).raise_for_status()

    def until(self, holds: Callable[[], bool]) -> None:
        eventually(holds, within_s=PATIENCE_S)


def finds_the_car_and_pays_and_leaves(people: People) -> None:
    """Scan the ticket, scan a pillar on another level, walk there; pay with two taps; drive out."""
    car = people.arrive(YOURS, bay=YOUR_BAY)
    phone = people.page(people.ticket(YOURS))
    expect(DriverPage(phone).due()).to_be_visible(timeout=PATIENCE_MS)
    people.picture(phone, "pay-1-fee")
    phone.goto(f"{people.server}/driver/#p={PILLAR}")
    expect(phone.get_by_test_id("place")).to_contain_text(YOUR_BAY, timeout=PATIENCE_MS)
    expect(phone.locator("ol.how li").last).to_be_visible()
    people.picture(phone, "find-1-way")
    phone.goto(people.ticket(YOURS))
    DriverPage(phone).pay()
    phone.get_by_role("button", name=re.compile("确认支付")).click()
    phone.get_by_text(re.compile("已支付")).wait_for()
    phone.goto(people.ticket(YOURS))
    expect(DriverPage(phone).answer()).to_be_visible(timeout=PATIENCE_MS)
    people.picture(phone, "pay-2-leave")
    people.go(car)
    people.until(lambda: people.stage(car) == "left")
    people.until(lambda: ticket_of(people.operator, Plate.parse(YOURS).masked) is None)
    phone.reload()
    phone.get_by_text(re.compile("已离场|再见|一路平安")).first.wait_for()
    people.picture(phone, "pay-3-gone")


def pays_with_a_note_at_the_kiosk(people: People) -> None:
    """The kiosk finds the car by its plate, takes a note, gives the change, and the exit opens."""
    car = people.arrive(ANOTHER)
    kiosk = people.page(people.server + KioskPage.path(people.site.kiosk_token), width=1080, height=1920)
    screen = KioskPage(kiosk)
    screen.start()
    screen.find(ANOTHER)
    screen.expect_screen("fee")
    people.picture(kiosk, "cash-1-ways")
    kiosk.get_by_role("button", name=re.compile("现金")).click()
    kiosk.get_by_test_id("cash-left").wait_for()
    people.picture(kiosk, "cash-2-insert")
    slot = f"{people.site.url('control')}/kiosk/notes"
    people.until(lambda: httpx.post(slot, json={"note": 2000}, timeout=30.0).json()["drawn_in"])
    expect(screen.leave_by()).to_be_visible(timeout=PATIENCE_MS)
    kiosk.get_by_text(re.compile("请取走找零")).wait_for()
    people.picture(kiosk, "cash-3-change")
    people.go(car)
    people.until(lambda: people.stage(car) == "left")


def a_member_redeems_a_coupon_and_exchanges_points(people: People) -> None:
    """The mall's app opens the page of a member whose car is here: a coupon pays a part by itself, points buy another one."""
    app, loyalty = MallApp(people.server, people.site.loyalty), people.site.loyalty
    app.give(WELCOME, "joined")
    app.buys("R-1001", 120)
    car = people.arrive(loyalty["plate"])
    phone = people.page(app.page())
    phone.get_by_text("券和等级已抵 ¥4.00").wait_for()  # a welcome of 3 yuan, and 1 for the silver of 120 points
    people.picture(phone, "member-1-home")
    phone.get_by_role("link", name="停车券", exact=True).click()
    welcome = phone.locator(".coupon", has_text="入会停车券")
    expect(welcome).to_contain_text("本次停车会用")
    phone.get_by_role("link", name="首页", exact=True).click()
    phone.get_by_role("button", name=re.compile("去支付")).click()
    DriverPage(phone).pay()
    phone.get_by_role("button", name=re.compile("确认支付")).click()
    phone.get_by_text(re.compile("已支付")).wait_for()
    phone.goto(f"{people.server}/member/")
    phone.get_by_text(re.compile("已结清，请在 .* 前离场")).wait_for()
    phone.get_by_role("link", name="停车券", exact=True).click()
    offer = phone.locator(f"[data-offer='{EXCHANGE}']")
    offer.get_by_role("button", name=re.compile("^兑换")).click()
    people.picture(phone, "member-2-exchange")
    offer.get_by_role("button", name="确认兑换").click()
    phone.get_by_text("已兑换，券在上面的券包里。").wait_for()
    phone.get_by_text(re.compile("用过和过期的")).click()
    expect(phone.locator("[data-coupon='redeemed']")).to_contain_text("入会停车券")
    people.picture(phone, "member-3-coupons")
    app.close()
    people.go(car)
    people.until(lambda: people.stage(car) == "left")


def a_call_is_answered_and_a_gate_opened_with_a_reason(people: People) -> None:
    """A car that has not paid calls at the exit; the office sees the picture, says why, and opens; the debt stays on record."""
    car = people.arrive(ANOTHER)
    console = people.console()
    page = OperatorPage(console)
    page.expect_live()
    people.go(car)
    call = page.calls().first
    call.wait_for()
    people.picture(console, "gate-1-call")
    call.get_by_role("button", name=re.compile("开闸")).click()
    people.picture(console, "gate-2-reason")
    page.give_reason("车主手机没电", "确认|开闸")
    people.until(lambda: people.stage(car) == "left")
    people.picture(console, "gate-3-open")


def an_exit_in_doubt_is_given_to_its_stay(people: People) -> None:
    """The exit's camera is black while a car leaves: who it was is for a person to say, with one key."""
    car = people.arrive(AMBIGUOUS)
    people.arrive(YOURS)
    people.fault("exit-1", "black")
    people.go(car)
    people.until(lambda: people.stage(car) == "left")
    people.fault("exit-1", "none")
    desk = people.console("#/desk")
    doubt = desk.locator("[data-case]").filter(has_text=re.compile(DOUBT))
    doubt.first.click()
    desk.get_by_role("button", name="领取").click()
    candidates = desk.locator("[data-candidate]")
    candidates.first.wait_for()
    expect(desk.get_by_text("正在向岗亭取照片")).to_have_count(0, timeout=PATIENCE_MS)
    people.picture(desk, "desk-1-candidates")
    right = candidates.filter(has_text=Plate.parse(AMBIGUOUS).masked[:2])
    desk.keyboard.press(str(1 + [one.inner_text() for one in candidates.all()].index(right.first.inner_text())))
    desk.get_by_text(re.compile("已处理：")).first.wait_for()
    people.picture(desk, "desk-2-decided")
    people.until(lambda: ticket_of(people.operator, Plate.parse(AMBIGUOUS).masked) is None)


def a_tariff_is_published_by_two_people(people: People) -> None:
    """One edits, sees a mistake beside its line and what a day would have cost, proposes; another looks and approves."""
    enrol = [sys.executable, "-m", "parking.cli", "enrol", "operator", "second", "--role", "manager", "--name", "王芳"]
    enrol += ["--password", people.site.password]
    subprocess.run(enrol, env=people.site.server_environment(), check=True, capture_output=True)
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    page = people.console("#/tariffs")
    page.get_by_role("button", name=re.compile("为底稿修改")).first.click()
    text, verdict = page.get_by_label("规则（YAML）"), page.locator("[data-verdict]")
    expect(verdict).to_have_attribute("data-verdict", "good", timeout=PATIENCE_MS)
    source = text.input_value()
    text.fill(source.replace("amount: 2.00", "amount: two"))
    expect(verdict).to_have_attribute("data-verdict", "wrong", timeout=PATIENCE_MS)
    people.picture(page, "tariff-1-mistake")
    text.fill(source.replace("amount: 2.00", "amount: 3.00") + f"valid: {{ from: {today} }}\n")
    expect(verdict).to_have_attribute("data-verdict", "good", timeout=PATIENCE_MS)
    page.get_by_label("日期", exact=True).fill(today)
    page.get_by_role("button", name="比较", exact=True).click()
    page.get_by_role("row", name=re.compile("^全部")).wait_for()
    people.picture(page, "tariff-2-compared")
    page.get_by_role("button", name="提交批准…").click()
    page.get_by_role("dialog").get_by_label("原因").fill("周末调价")
    page.get_by_role("dialog").get_by_role("button", name="提交", exact=True).click()
    expect(page.locator("[data-proposal=open]")).to_contain_text("另一人批准", timeout=PATIENCE_MS)
    other = people.page(f"{people.server}/operator/#/tariffs", width=1440, height=900, dark=True)
    OperatorPage(other).log_in("second", people.site.password)
    other.get_by_role("button", name="查看并决定：周末调价").click()
    expect(other.locator("[data-verdict]")).to_have_attribute("data-verdict", "good", timeout=PATIENCE_MS)
    other.get_by_role("button", name="批准…").click()
    people.picture(other, "tariff-3-approve")
    other.get_by_role("dialog").get_by_role("button", name="批准", exact=True).click()
    expect(other.locator("[data-tariff]").first).to_contain_text("王芳 批准", timeout=PATIENCE_MS)
    people.picture(other, "tariff-4-published")


def every_page_heals_when_the_server_is_started_again(people: People) -> None:
    """The server dies while phone, kiosk and console are open: each says so, and goes on by itself."""
    car = people.arrive(ANOTHER)
    phone = people.page(people.ticket(ANOTHER))
    kiosk = people.page(people.server + KioskPage.path(people.site.kiosk_token), width=1080, height=1920)
    console = people.console()
    OperatorPage(console).expect_live()
    expect(DriverPage(phone).due()).to_be_visible(timeout=PATIENCE_MS)
    KioskPage(kiosk).expect_screen("start")
    os.kill(people.supervisor.pid("server"), signal.SIGKILL)
    OperatorPage(console).expect_lost()
    people.picture(console, "restart-1-console-lost")
    KioskPage(kiosk).expect_lost()
    expect(console.get_by_test_id("line")).to_have_text(re.compile("实时|Live"), timeout=PATIENCE_MS)
    expect(kiosk.get_by_test_id("lost")).to_have_count(0, timeout=PATIENCE_MS)
    expect(phone.get_by_test_id("lost")).to_have_count(0, timeout=PATIENCE_MS)
    people.picture(console, "restart-2-console-live")
    people.go(car)


JOURNEYS: tuple[Callable[[People], None], ...] = (
    finds_the_car_and_pays_and_leaves,
    pays_with_a_note_at_the_kiosk,
    a_member_redeems_a_coupon_and_exchanges_points,
    a_call_is_answered_and_a_gate_opened_with_a_reason,
    an_exit_in_doubt_is_given_to_its_stay,
    a_tariff_is_published_by_two_people,
    every_page_heals_when_the_server_is_started_again,
)


def main(folder: Path = PICTURES, *names: str) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [one for one in JOURNEYS if not names or one.__name__ in names]
    walked = 0
    with tempfile.TemporaryDirectory(prefix="screens-") as place, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=setup.find_chromium(), args=ARGUMENTS)
        site = lay_out(Path(place) / "mall")
        supervisor = Supervisor(Path(place) / "logs")
        try:
            operator = demo.start(supervisor, site, traffic=False, seed=1, say=lambda _: None)
            people = People(site, operator, supervisor, browser, folder)
            for journey in chosen:
                walked += _walk(journey, people)
            operator.close()
        finally:
            supervisor.stop()
            browser.close()
    print(
        f"screens: {walked} of {len(chosen)} journeys walked to their end in Chromium against the running demo; goal all;"
        f" {'holds' if walked == len(chosen) else 'falls short'}"
    )
    return 0 if walked == len(chosen) else 1


def _walk(journey: Callable[[People], None], people: People) -> bool:
    name, began = journey.__name__.replace("_", " "), time.monotonic()
    try:
        journey(people)
    except Exception:  # whatever stops a journey is what this is for; the others are walked all the same
        print(f"  stopped: {name}\n{traceback.format_exc()}", flush=True)
        return False
    print(f"  walked: {name}, {time.monotonic() - began:.0f} s", flush=True)
    return True


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES, *sys.argv[2:]))
