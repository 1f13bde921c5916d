"""The driver's page: one look says what is owed and why; one touch pays; nobody asks who you are."""

from __future__ import annotations

import json
import re
import struct
from datetime import timedelta

import pytest
from playwright.sync_api import Route, expect

from parking.journeys.quote_api import AheadView
from parking.journeys.schemas import LocalText
from parking.kernel.money import Money
from parking.web.schemas import MoneySchema
from payments.tariff.outlook import Before
from tests.browser.fake_server import FakeServer
from tests.browser.pages import DriverPage
from tests.browser.script import bill
from tests.fixtures.browser import OpenPage

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def driver(fake: FakeServer, open_page: OpenPage) -> DriverPage:
    driver = DriverPage(open_page(fake.url + DriverPage.path("stay-token.1"), **PHONE))
    expect(driver.due()).to_have_text("¥18.00")
    return driver


@pytest.mark.req("PAY-2")
@pytest.mark.req("PRIV-2")
def test_a_driver_sees_every_line_pays_and_comes_back_to_the_time_to_leave_by(
    fake: FakeServer, driver: DriverPage
) -> None:
    expect(driver.lines()).to_have_count(3)
    expect(driver.lines().nth(1)).to_contain_text("首 1 小时 ¥6.00")
    expect(driver.page.get_by_text("无需注册、关注或手机号")).to_be_visible()
    expect(driver.page.locator("input")).to_have_count(0)
    driver.pay()
    expect(driver.page.get_by_role("heading", name="Wallet p1")).to_be_visible()
    driver.page.go_back()
    expect(driver.page.get_by_text("正在等待付款结果")).to_be_visible()
    fake.pay()
    expect(driver.answer()).to_have_text("请在 14:32 前离场")
    expect(driver.page.get_by_text("还有 15分钟")).to_be_visible()
    assert list(fake.payments) == ["p1"]


@pytest.mark.req("FEE-1")
def test_a_driver_is_told_from_when_on_leaving_costs_more(fake: FakeServer, open_page: OpenPage) -> None:
    step = Before(fake.now() + timedelta(minutes=41), Money(1800, "CNY"), Money(2200, "CNY"))
    stay = fake.stays["stay-token.1"]
    stay.steps = [
        AheadView(
            before=step.until,
            total=MoneySchema.of(step.total),
            later=MoneySchema.of(step.later),
            text=LocalText(**step.text("14:58")),
        )
    ]
    driver = DriverPage(open_page(fake.url + DriverPage.path("stay-token.1"), **PHONE))
    told = driver.page.get_by_text("14:58 起多付 ¥4.00")
    expect(told).to_be_visible()
    stay.bill, stay.steps = bill([("首 1 小时", "First hour", 60, 1, 2200)]), []
    driver.page.evaluate("dispatchEvent(new Event('online'))")
    expect(driver.due()).to_have_text("¥22.00")
    expect(told).to_have_count(0)


@pytest.mark.req("MEM-2")
def test_joining_is_offered_after_the_payment_and_asked_of_nobody(fake: FakeServer, driver: DriverPage) -> None:
    fake.join_url = "https://mall.example/join"
    offer = driver.page.get_by_role("link", name="成为会员")
    expect(offer).to_have_count(0)
    driver.pay()
    expect(driver.page.get_by_role("heading", name="Wallet p1")).to_be_visible()
    driver.page.go_back()
    expect(driver.page.get_by_text("正在等待付款结果")).to_be_visible()
    expect(offer).to_have_count(0)
    fake.pay()
    expect(driver.answer()).to_have_text("请在 14:32 前离场")
    expect(offer).to_have_attribute("href", "https://mall.example/join")
    expect(offer).to_contain_text("不加入也一样停车缴费")


def test_english_for_a_phone_that_speaks_english(fake: FakeServer, open_page: OpenPage) -> None:
    driver = DriverPage(open_page(fake.url + DriverPage.path("stay-token.1"), locale="en-US", **PHONE))
    expect(driver.due()).to_have_text("¥18.00")
    text = driver.page.locator("body").inner_text().replace("中文", "").replace("沪", "")
    assert [c for c in text if "\u4e00" <= c <= "\u9fff"] == []
    driver.page.get_by_role("button", name="中文").click()
    expect(driver.page.get_by_text("应付停车费")).to_be_visible()


def test_the_plate_is_masked_and_the_code_never_travels_in_an_address(fake: FakeServer, open_page: OpenPage) -> None:
    asked: list[str] = []
    page = open_page(
        fake.url + DriverPage.path("stay-token.1"),
        before=lambda p: p.on("request", lambda r: asked.append(r.url)),
        **PHONE,
    )
    expect(page.get_by_text("沪A ***86")).to_be_visible()
    assert "52T" not in page.locator("body").inner_text()
    assert [url for url in asked if "stay-token" in url.split("#")[0]] == []


def test_without_a_code_the_page_explains_how_to_get_one_and_shows_free_counts(
    fake: FakeServer, open_page: OpenPage
) -> None:
    driver = DriverPage(open_page(fake.url + DriverPage.path(), **PHONE))
    expect(driver.answer()).to_have_text("扫码查看停车费")
    expect(driver.free("B1")).to_have_text("128")
    fake.zone("B1", free=126)
    expect(driver.free("B1")).to_have_text("126")
    fake.zone("B1", free=126, known=False)
    expect(driver.free("B1")).to_have_text("----")


def test_where_no_websocket_gets_through_the_counts_come_all_the_same(fake: FakeServer, open_page: OpenPage) -> None:
    fake.sockets = False
    driver = DriverPage(open_page(fake.url + DriverPage.path(), expect={403}, **PHONE))
    expect(driver.free("B1")).to_have_text("128")
    fake.zone("B1", free=126)
    expect(driver.free("B1")).to_have_text("126")
    fake.stop()
    expect(driver.page.get_by_test_id("levels-old")).to_be_visible()
    fake.zone("B1", free=125)
    fake.start()
    expect(driver.free("B1")).to_have_text("125")


def test_an_expired_code_is_said_and_nothing_of_the_stay_is_left(fake: FakeServer, open_page: OpenPage) -> None:
    page = open_page(fake.url + DriverPage.path("stay-token.1"), expect={401}, **PHONE)
    driver = DriverPage(page)
    expect(driver.due()).to_be_visible()
    fake.expired.add("stay-token.1")
    page.reload()
    expect(driver.answer()).to_have_text("二维码已失效")
    assert "沪A" not in page.evaluate("JSON.stringify({...sessionStorage}) + document.body.innerText")


def test_below_ground_the_last_state_stays_marked_as_old_and_heals(fake: FakeServer, driver: DriverPage) -> None:
    driver.page.context.set_offline(True)
    driver.expect_old()
    expect(driver.page.get_by_test_id("lost")).to_contain_text("网络中断，显示的是")
    expect(driver.due()).to_have_text("¥18.00")
    expect(driver.page.get_by_role("button", name="网络恢复后即可支付")).to_be_disabled()
    driver.page.context.set_offline(False)
    expect(driver.page.get_by_test_id("lost")).to_have_count(0)
    expect(driver.page.get_by_role("button", name="支付 ¥18.00")).to_be_enabled()


_UNTIL_THE_LEVELS_ARE_KEPT = """async () => {
  while (!localStorage['parking.levels']) await new Promise((go) => setTimeout(go, 50));
}"""
_KEPT = """async () => {
  const urls = [];
  for (const name of await caches.keys()) for (const one of await (await caches.open(name)).keys()) urls.push(one.url);
  return { urls, words: JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }) };
}"""


@pytest.mark.req("PAY-2", "PRIV-1")
def test_from_the_home_screen_the_page_opens_without_any_network_as_it_was_last_seen_and_forgets_when_the_car_has_left(
    fake: FakeServer, open_page: OpenPage
) -> None:
    first = open_page(fake.url + DriverPage.path("stay-token.1"), service_worker=True, **PHONE)
    expect(DriverPage(first).due()).to_be_visible()
    first.evaluate("navigator.serviceWorker.ready.then(() => null)")  # the worker has kept the page
    first.evaluate(_UNTIL_THE_LEVELS_ARE_KEPT)
    page, context = first.context.new_page(), first.context
    first.close()
    fake.stop()
    page.goto(f"{fake.url}/driver/")  # one visit was enough, and the icon on the home screen carries no code
    driver = DriverPage(page)
    driver.expect_old()
    expect(driver.due()).to_have_text("¥18.00")
    expect(page.get_by_test_id("lost")).to_contain_text(re.compile(r"显示的是 .*\d\d:\d\d 的数据"))
    expect(driver.free("B1")).to_have_text("128")
    expect(page.get_by_test_id("levels-old")).to_be_visible()
    kept = page.evaluate(_KEPT)
    assert [url for url in kept["urls"] if "/api/" in url or "stay-token" in url] == []
    assert "52T" not in kept["words"]  # the plate as the driver sees it: masked
    fake.start()
    expect(page.get_by_test_id("lost")).to_have_count(0)
    fake.stays["stay-token.1"].state, fake.stays["stay-token.1"].exited_at = "closed", fake.now()
    page.reload()
    expect(driver.answer()).to_have_text("本次停车已结束")
    assert "stay-token" not in page.evaluate(_KEPT)["words"]
    context.close()


@pytest.mark.req("PRIV-1")
def test_a_driver_takes_the_stay_off_the_phone(fake: FakeServer, driver: DriverPage) -> None:
    driver.page.get_by_role("button", name="从本机移除这次停车").click()
    expect(driver.answer()).to_have_text("扫码查看停车费")
    assert "stay-token" not in driver.page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])"
    )
    driver.page.reload()
    expect(driver.answer()).to_have_text("扫码查看停车费")


def test_the_page_can_be_put_on_the_home_screen(fake: FakeServer, driver: DriverPage) -> None:
    line = driver.page.context.new_cdp_session(driver.page)
    told = line.send("Page.getAppManifest")
    assert (told["errors"], told["url"]) == ([], f"{fake.url}/driver/app.webmanifest")
    said = json.loads(told["data"])
    assert (said["display"], said["start_url"]) == ("standalone", "./")
    icons = {icon["src"]: (icon["type"], icon["sizes"]) for icon in said["icons"]}
    assert {
        purpose: [i["src"] for i in said["icons"] if i["purpose"] == purpose] for purpose in ("any", "maskable")
    } == {
        "any": ["icon.svg", "icon-192.png", "icon-512.png"],
        "maskable": ["icon-whole.svg", "icon-whole-512.png"],
    }
    touch = driver.page.locator("link[rel=apple-touch-icon]").get_attribute("href") or ""
    for name, (kind, sizes) in {**icons, touch: ("image/png", "180x180")}.items():
        answer = driver.page.request.get(f"{fake.url}/driver/{name}")
        assert answer.headers["content-type"] == kind
        if kind == "image/png":  # drawn at the size that is said
            width, height = struct.unpack(">II", answer.body()[16:24])
            assert f"{width}x{height}" == sizes


def test_a_lost_answer_is_asked_again_under_the_same_key(fake: FakeServer, driver: DriverPage) -> None:
    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    driver.page.route("**/my/payments", lose_the_answer, times=1)
    driver.pay()
    expect(driver.page.get_by_role("alert")).to_contain_text("不会重复扣款")
    driver.pay()
    expect(driver.page.get_by_role("heading", name="Wallet p1")).to_be_visible()
    assert len(fake.payments) == 1


def test_a_payment_that_failed_may_be_made_again(fake: FakeServer, driver: DriverPage) -> None:
    driver.pay()
    expect(driver.page.get_by_role("heading", name="Wallet p1")).to_be_visible()
    fake.pay(state="CLOSED")
    driver.page.go_back()
    expect(driver.page.get_by_text("这次付款没有完成，请重新支付。")).to_be_visible()
    driver.pay()
    expect(driver.page.get_by_role("heading", name="Wallet p2")).to_be_visible()


@pytest.mark.parametrize(("state", "word"), [("closed", "本次停车已结束"), ("review", "这次停车正由工作人员核对")])
def test_a_stay_that_is_over_or_under_review_cannot_be_paid_here(
    fake: FakeServer, open_page: OpenPage, state: str, word: str
) -> None:
    stay = fake.stays["stay-token.1"]
    stay.state = state
    stay.exited_at = fake.now() if state == "closed" else None
    driver = DriverPage(open_page(fake.url + DriverPage.path("stay-token.1"), **PHONE))
    expect(driver.answer()).to_have_text(word)
    expect(driver.page.get_by_role("button", name="支付")).to_have_count(0)


@pytest.mark.req("CARE-1")
def test_who_has_paid_says_how_it_was_with_one_tap_and_sees_it_again(fake: FakeServer, open_page: OpenPage) -> None:
    stay = fake.stay("粤B12345", "stay-token.9", minutes=65, lines=[("首 1 小时 ¥6.00", "First 1 h ¥6.00", 60, 1, 600)])
    stay.bill |= {"paid": stay.bill["total"], "due": {**stay.bill["due"], "amount": 0}}
    stay.state, stay.leave_by = "settled", fake.now()
    page = open_page(fake.url + DriverPage.path("stay-token.9"), locale="en-GB", **PHONE)

    page.get_by_role("button", name="4").click()
    thanks = page.locator(".rating [role=status]")
    expect(thanks).to_contain_text("4")
    page.reload()
    expect(thanks).to_contain_text("4")
    assert fake.money.rating is not None
    assert fake.money.rating.score == 4
