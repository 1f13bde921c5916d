"""Every state of a driver's phone, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from playwright.sync_api import Page, expect

from parking.journeys.cards_api import CardsView
from parking.journeys.owing_api import MyDebt
from parking.web.schemas import MoneySchema
from tests.browser.fake_server import FakeServer
from tests.browser.pages import DriverPage

PILLAR, BAY = "E1-P03", "E3G25"


def views(fake: FakeServer, page: Page) -> Iterator[str]:
    """The names of the states, each while it stands."""
    driver = DriverPage(page)
    page.goto(fake.url + DriverPage.path())
    expect(driver.free("B1")).to_be_visible()
    yield "guide"
    fake.money.channels, fake.money.troubled = ["wechat", "alipay"], {"wechat"}
    fake.money.debts = [
        MyDebt(debt_id="d1", on=date(2026, 5, 2), left=MoneySchema(amount=600, currency="CNY"), state="open")
    ]
    fake.money.cards = CardsView(channels=["alipay"], stands=None, tries=[])
    page.goto(fake.url + DriverPage.path("stay-token.1"))
    expect(driver.due()).to_be_visible()
    page.get_by_test_id("help").get_by_role("button").click()
    expect(page.get_by_test_id("help")).to_have_attribute("data-state", "waiting")
    page.locator(".debts").get_by_role("button").last.click()
    expect(page.locator(".debts form")).to_be_visible()
    yield "fee, ways to pay, a debt that is objected to, an agreement"
    yield from _finding(fake, page)
    yield from _paying(fake, driver)
    yield from _other_answers(fake, driver)


def _finding(fake: FakeServer, page: Page) -> Iterator[str]:
    fake.find.stands(BAY)
    page.goto(f"{fake.url}/driver/#p={PILLAR}")
    expect(page.get_by_test_id("map").locator("polyline.route").first).to_be_attached()
    yield "the way to the car"
    page.get_by_role("button", name="返回停车费").click()


def _paying(fake: FakeServer, driver: DriverPage) -> Iterator[str]:
    page = driver.page
    driver.pay()
    expect(page.get_by_role("heading", name="Wallet")).to_be_visible()
    page.go_back()
    expect(page.locator(".pay-wait")).to_be_visible()
    yield "waiting for the payment"
    fake.pay(state="CLOSED")
    expect(page.get_by_text("没有完成")).to_be_visible()
    yield "not completed"
    page.context.set_offline(True)
    driver.expect_old()
    yield "offline"
    page.context.set_offline(False)
    expect(page.get_by_test_id("lost")).to_have_count(0)
    driver.pay()
    expect(page.get_by_role("heading", name="Wallet")).to_be_visible()
    page.go_back()
    fake.money.offered, fake.join_url = True, "https://mall.example/join"
    fake.pay()
    expect(page.locator(".invoice form")).to_be_visible()
    expect(page.locator(".receipt")).to_be_visible()
    expect(page.locator(".rating")).to_be_visible()
    yield "leave by, receipt, rating, invoice"
    page.get_by_label("个人").check()
    page.locator(".invoice").get_by_role("button").click()
    expect(page.locator(".invoice-one")).to_be_visible()
    page.get_by_role("button", name="4").click()
    expect(page.locator(".rating [role=status]")).to_be_visible()
    yield "an invoice is under way, thanks"


def _other_answers(fake: FakeServer, driver: DriverPage) -> Iterator[str]:
    page = driver.page
    for state, word in (("review", "这次停车正由工作人员核对"), ("closed", "本次停车已结束")):
        fake.stays["stay-token.1"].state = state
        page.reload()
        expect(driver.answer()).to_have_text(word)
        yield state
    page.goto(fake.url + DriverPage.path("no-such-token"))
    expect(driver.answer()).to_have_text("二维码已失效")
    yield "expired"
