"""The kiosk: plate, fee, payment, good-bye; and nothing of one person is left for the next."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import AFTERNOON, LINES
from tests.browser.fake_server import FakeServer
from tests.browser.keys import Keys
from tests.browser.kiosk_views import a_machine_that_finds
from tests.browser.pages import KioskPage
from tests.browser.script import KIOSK_KEY
from tests.fixtures.browser import OpenPage


def at(fake: FakeServer, open_page: OpenPage, **more: object) -> KioskPage:
    kiosk = KioskPage(open_page(fake.url + KioskPage.path(KIOSK_KEY), width=1080, height=1920, **more))
    expect(kiosk.free("B1")).to_have_text("128")
    return kiosk


def frozen(page: Page) -> None:
    page.clock.install(time=AFTERNOON)


@pytest.fixture
def kiosk(fake: FakeServer, open_page: OpenPage) -> KioskPage:
    return at(fake, open_page)


@pytest.mark.req("KIOSK-1")
@pytest.mark.req("PAY-2")
def test_a_driver_types_the_plate_sees_the_fee_pays_by_code_and_is_told_until_when_to_leave(
    fake: FakeServer, kiosk: KioskPage
) -> None:
    kiosk.start()
    kiosk.find("沪A52T86")
    expect(kiosk.amount()).to_have_text("¥18.00")
    expect(kiosk.lines()).to_have_count(3)
    expect(kiosk.lines().nth(2)).to_contain_text("每 30 分钟 ¥3.00 × 4")
    expect(kiosk.page.get_by_text("沪A ***86")).to_be_visible()
    assert kiosk.pay() == f"{fake.url}/wallet/p1"
    fake.pay()
    kiosk.expect_screen("done")
    expect(kiosk.leave_by()).to_have_text("请在 14:32 前离场")


@pytest.mark.req("KIOSK-1")
@pytest.mark.req("PRIV-2")
def test_the_fee_can_be_taken_along_to_a_phone_with_no_account(fake: FakeServer, kiosk: KioskPage) -> None:
    kiosk.start()
    kiosk.find("沪A52T86")
    expect(kiosk.amount()).to_be_visible()
    assert kiosk.phone_link() == f"{fake.url}/driver/#t=stay-token.1"
    expect(kiosk.page.locator("input")).to_have_count(0)  # nothing is asked of the driver but the plate


@pytest.mark.req("KIOSK-1")
@pytest.mark.parametrize("on", ["start", "plate"])
def test_a_scanned_ticket_opens_its_stay_without_a_plate(fake: FakeServer, kiosk: KioskPage, on: str) -> None:
    if on == "plate":
        kiosk.start()
    kiosk.page.keyboard.type(f"{fake.url}/driver/#t=stay-token.1")
    kiosk.page.keyboard.press("Enter")
    kiosk.expect_screen("fee")
    expect(kiosk.amount()).to_have_text("¥18.00")


def test_a_ticket_that_is_not_good_any_more_is_said_and_the_plate_can_be_typed(
    fake: FakeServer, open_page: OpenPage
) -> None:
    kiosk = at(fake, open_page, expect={401})
    kiosk.page.keyboard.type(f"{fake.url}/driver/#t=stay-token.old")
    kiosk.page.keyboard.press("Enter")
    expect(kiosk.page.get_by_role("alert")).to_be_visible()
    kiosk.find("沪A52T86")
    expect(kiosk.amount()).to_have_text("¥18.00")


def test_the_code_is_a_link_only_on_a_developers_screen(fake: FakeServer, open_page: OpenPage) -> None:
    for suffix, links in (("", 0), ("&demo", 1)):
        kiosk = KioskPage(open_page(fake.url + KioskPage.path(KIOSK_KEY) + suffix, width=1080, height=1920))
        kiosk.start()
        kiosk.find("沪A52T86")
        expect(kiosk.amount()).to_be_visible()
        expect(kiosk.page.locator("a[href]")).to_have_count(links)


def test_english_from_start_to_end(fake: FakeServer, kiosk: KioskPage) -> None:
    kiosk.page.get_by_role("button", name="English").click()
    kiosk.start()
    kiosk.find("沪A52T86")
    expect(kiosk.lines().nth(0)).to_contain_text("Free 15 min")
    kiosk.pay()
    text = kiosk.page.locator("body").inner_text().replace("中文", "")
    assert [c for c in text if "\u4e00" <= c <= "\u9fff"] == []
    fake.pay()
    expect(kiosk.leave_by()).to_have_text("Leave by 14:32")


def test_eight_signs_make_a_new_energy_plate_and_i_and_o_have_no_key(kiosk: KioskPage) -> None:
    kiosk.start()
    find = kiosk.page.get_by_role("button", name="查询")
    kiosk.type_plate("粤")
    for missing in "IO":
        expect(kiosk.page.get_by_role("button", name=missing, exact=True)).to_have_count(0)
    kiosk.type_plate("BD1234")
    expect(find).to_be_enabled()
    kiosk.type_plate("5")
    expect(kiosk.page.locator(".plate-green")).to_be_visible()
    expect(kiosk.page.get_by_role("button", name="6", exact=True)).to_be_disabled()
    kiosk.page.get_by_role("button", name="删除").click()
    kiosk.page.get_by_role("button", name="删除").click()
    expect(find).to_be_disabled()
    kiosk.type_plate("港")  # the last sign of a plate from beyond the border
    expect(find).to_be_enabled()


@pytest.mark.req("A11Y-1")
@pytest.mark.req("KIOSK-1")
def test_the_whole_conversation_with_a_keyboard_alone(fake: FakeServer, open_page: OpenPage) -> None:
    """Free bays, a call, a plate and a phone; then a ticket, notes that come back, notes that pay, the car; at last nobody is there."""
    fake.cash.appears()
    fake.stay("京A52T86", "stay-token.2", minutes=155, lines=LINES)
    page = open_page(fake.url + a_machine_that_finds(fake), width=1080, height=1920, before=frozen)
    kiosk, keys = KioskPage(page), Keys(page)
    expect(kiosk.free("B1")).to_have_text("128")
    keys.reach("实时空位")  # where a long list is scrolled
    keys.press("呼叫工作人员")
    expect(page.get_by_test_id("help")).to_have_attribute("data-state", "waiting")
    keys.press("取消呼叫")
    expect(page.get_by_test_id("help")).to_have_attribute("data-state", "ended")

    keys.press("开始缴费")
    kiosk.expect_screen("plate")
    keys.press("京")
    page.keyboard.type("a5io2t8", delay=80)  # there is no I and no O on a plate; a person types slower than a scanner
    keys.press("6", "Space")
    keys.press("查询")
    expect(kiosk.amount()).to_have_text("¥18.00")
    keys.press("手机扫码付款 ¥18.00")
    kiosk.expect_screen("pay")
    fake.pay()
    kiosk.expect_screen("done")
    keys.press("首页")
    kiosk.expect_screen("start")

    kiosk.scan(f"{fake.url}/driver/#t=stay-token.1")
    keys.press("现金")
    expect(page.get_by_test_id("cash-left")).to_have_text("¥18.00")
    fake.cash.insert(1000)
    expect(page.get_by_test_id("cash-left")).to_have_text("¥8.00")
    keys.press("取消并退回已放入的钱")
    expect(page.get_by_text("请取走退回的 ¥10.00")).to_be_visible()
    fake.cash.fell()
    expect(page.get_by_role("button", name="换一种付款方式")).to_be_visible()
    keys.press("换一种付款方式")
    keys.press("现金")
    expect(page.get_by_test_id("cash-left")).to_have_text("¥18.00")
    fake.cash.insert(2000)
    expect(page.get_by_text("请取走找零 ¥2.00")).to_be_visible()
    fake.cash.fell()
    kiosk.expect_screen("done")
    keys.press("找我的车")
    expect(page.get_by_test_id("place")).to_be_visible()
    keys.press("无台阶路线")
    expect(page.locator(".how")).to_contain_text("电梯")

    page.clock.fast_forward(110_000)
    expect(page.get_by_role("alertdialog").get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    expect(page.get_by_role("button", name="无台阶路线")).to_have_attribute("aria-pressed", "true")  # and nothing else
    page.clock.fast_forward(121_000)
    kiosk.expect_screen("start")
    expect(page.get_by_test_id("place")).to_have_count(0)


_VOICE = """() => {
  window.spoken = [];
  Object.defineProperty(window, 'speechSynthesis', { value: { cancel() {}, speak(one) { spoken.push([one.lang, one.text]); } } });
}"""


@pytest.mark.req("A11Y-1")
@pytest.mark.req("KIOSK-1")
def test_the_machine_says_aloud_what_it_asks_and_never_a_plate_until_somebody_wants_quiet(
    fake: FakeServer, open_page: OpenPage
) -> None:
    kiosk = at(fake, open_page, before=lambda page: page.add_init_script(f"({_VOICE})()"))
    kiosk.start()
    kiosk.find("沪A52T86")
    expect(kiosk.amount()).to_be_visible()
    kiosk.pay()
    fake.pay()
    kiosk.expect_screen("done")
    said = kiosk.page.evaluate("spoken")
    assert {lang for lang, _ in said} == {"zh-CN"}
    assert [text for _, text in said] == [
        "请输入车牌号",
        "应付停车费 ¥18.00",
        "请用手机扫码付款",
        "付款成功。请在 14:32 前离场",
    ]
    kiosk.home()
    kiosk.page.get_by_role("button", name="English").click()
    kiosk.start()
    assert kiosk.page.evaluate("spoken.at(-1)") == ["en-GB", "Enter your plate number"]
    kiosk.page.get_by_role("button", name="Voice").click()
    kiosk.find("沪A52T87")
    kiosk.expect_screen("missing")
    assert kiosk.page.evaluate("spoken.at(-1)") == ["en-GB", "Enter your plate number"]  # quiet was wanted
    kiosk.home()
    kiosk.start()
    assert kiosk.page.evaluate("spoken.at(-1)") == ["zh-CN", "请输入车牌号"]  # the next person hears it again


def test_an_unknown_plate_is_said_kindly_and_typing_can_go_on(kiosk: KioskPage) -> None:
    kiosk.start()
    kiosk.find("沪A52T87")
    kiosk.expect_screen("missing")
    expect(kiosk.page.get_by_text("没有找到这辆车")).to_be_visible()
    kiosk.page.get_by_role("button", name="重新输入").click()
    kiosk.page.get_by_role("button", name="删除").click()
    kiosk.find("6")
    expect(kiosk.amount()).to_have_text("¥18.00")


def test_who_owes_nothing_is_told_to_drive_out(fake: FakeServer, kiosk: KioskPage) -> None:
    fake.stay("京A00001", "stay-token.9", minutes=9, lines=[("免费 15 分钟", "Free 15 min", 9, 1, 0)])
    kiosk.start()
    kiosk.find("京A00001")
    expect(kiosk.page.get_by_text("目前无需付费")).to_be_visible()
    expect(kiosk.page.get_by_role("button", name="付款")).to_have_count(0)


def test_a_stay_under_review_goes_to_the_staff(fake: FakeServer, kiosk: KioskPage) -> None:
    fake.stays["stay-token.1"].state = "review"
    kiosk.start()
    kiosk.find("沪A52T86")
    expect(kiosk.page.get_by_text("请到人工收费处", exact=True)).to_be_visible()


def test_a_failed_payment_can_be_tried_again_with_a_new_code(fake: FakeServer, kiosk: KioskPage) -> None:
    kiosk.start()
    kiosk.find("沪A52T86")
    kiosk.pay()
    fake.pay(state="FAILED")
    expect(kiosk.page.get_by_text("这次付款没有完成")).to_be_visible()
    kiosk.page.get_by_role("button", name="重新付款").click()
    expect(kiosk.page.get_by_role("img", name="付款二维码")).to_be_visible()
    assert list(fake.payments) == ["p1", "p2"]
    fake.pay()
    kiosk.expect_screen("done")


@pytest.mark.req("KIOSK-1")
def test_a_server_that_goes_away_while_somebody_pays_is_said_and_the_payment_is_found_afterwards(
    fake: FakeServer, kiosk: KioskPage
) -> None:
    kiosk.start()
    kiosk.find("沪A52T86")
    kiosk.pay()
    fake.stop()
    kiosk.expect_lost()
    expect(kiosk.page.get_by_test_id("lost")).to_contain_text("已付的款不会丢失")
    fake.pay()
    fake.start()
    kiosk.expect_screen("done")
    kiosk.expect_healed()


@pytest.mark.req("GUIDE-1")
def test_without_a_server_the_start_page_says_so_with_the_age_of_its_counts_and_heals(
    fake: FakeServer, kiosk: KioskPage
) -> None:
    fake.stop()
    kiosk.expect_lost()
    expect(kiosk.page.get_by_role("button", name="开始缴费")).to_be_disabled()
    expect(kiosk.page.locator(".board")).to_contain_text("数据截至")
    expect(kiosk.free("B1")).to_have_text("128")
    fake.zone("B1", free=3, known=False)
    fake.start()
    kiosk.expect_healed()
    expect(kiosk.free("B1")).to_have_text("----")
    expect(kiosk.page.get_by_role("button", name="开始缴费")).to_be_enabled()


@pytest.mark.req("PRIV-1")
def test_a_kiosk_left_alone_asks_and_then_forgets_everything(fake: FakeServer, open_page: OpenPage) -> None:
    kiosk = at(fake, open_page, before=frozen)
    kiosk.page.get_by_role("button", name="English").click()
    kiosk.start()
    kiosk.find("沪A52T86")
    expect(kiosk.amount()).to_be_visible()
    kiosk.page.clock.fast_forward(80_000)
    expect(kiosk.page.get_by_role("alertdialog")).to_be_visible()
    kiosk.page.get_by_role("button", name="Continue").click()
    expect(kiosk.page.get_by_role("alertdialog")).to_have_count(0)
    kiosk.page.clock.fast_forward(91_000)
    kiosk.expect_screen("start")
    expect(kiosk.page.locator("html")).to_have_attribute("lang", "zh-CN")
    kept = kiosk.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.body.innerText])")
    assert "stay-token" not in kept
    assert "沪A" not in kept
    kiosk.start()
    expect(kiosk.page.get_by_text("尚未输入")).to_be_attached()


def test_a_machine_without_its_key_says_that_it_is_not_enrolled(fake: FakeServer, open_page: OpenPage) -> None:
    page = open_page(fake.url + "/kiosk/", width=1080, height=1920)
    expect(page.get_by_role("alert")).to_contain_text("本机尚未登记")
    expect(page.get_by_role("button", name="开始缴费")).to_be_disabled()


def test_a_machine_whose_key_is_refused_says_so(fake: FakeServer, open_page: OpenPage) -> None:
    kiosk = KioskPage(open_page(fake.url + KioskPage.path("stolen"), width=1080, height=1920, expect={401}))
    kiosk.start()
    kiosk.find("沪A52T86")
    expect(kiosk.page.get_by_role("alert")).to_contain_text("本机尚未登记")
