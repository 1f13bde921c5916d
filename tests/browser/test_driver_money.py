"""The driver's page around the payment: which way to pay, another when one fails, the receipt, and the invoice afterwards."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.fake_server import FakeServer
from tests.browser.look import picture
from tests.browser.pages import DriverPage
from tests.browser.script import bill
from tests.builders.invoices import COMPANY_NUMBER
from tests.fixtures.browser import OpenPage

PHONE = {"width": 390, "height": 844}


def opened(fake: FakeServer, open_page: OpenPage, **how: object) -> DriverPage:
    driver = DriverPage(open_page(fake.url + DriverPage.path("stay-token.1"), **{**PHONE, **how}))
    expect(driver.due()).to_have_text("¥18.00")
    return driver


@pytest.mark.req("PAY-2")
def test_the_driver_chooses_the_way_to_pay_where_there_are_several(fake: FakeServer, open_page: OpenPage) -> None:
    fake.money.channels = ["wechat", "alipay"]
    fake.money.troubled = {"wechat"}
    driver = opened(fake, open_page)
    ways = driver.page.get_by_role("group", name="付款方式")
    expect(ways.get_by_role("radio")).to_have_count(3)
    expect(ways.get_by_label("任意可用方式")).to_be_checked()
    expect(ways.get_by_text("暂时不稳定")).to_have_count(1)
    picture(driver.page, "driver-ways-zh")
    ways.get_by_label("支付宝").check()
    driver.pay()
    expect(driver.page.get_by_role("heading", name="Wallet p1")).to_be_visible()
    assert fake.money.began == ["alipay"]


@pytest.mark.req("PAY-3")
def test_a_way_that_failed_is_no_longer_the_chosen_one_and_another_may_be_taken_meanwhile(
    fake: FakeServer, open_page: OpenPage
) -> None:
    fake.money.channels = ["wechat", "alipay"]
    driver = opened(fake, open_page)
    driver.page.get_by_label("微信支付").check()
    driver.pay()
    expect(driver.page.get_by_role("heading", name="Wallet p1")).to_be_visible()
    driver.page.go_back()
    driver.page.get_by_role("button", name="换一种方式付款").click()
    expect(driver.page.get_by_label("任意可用方式")).to_be_checked()
    driver.page.get_by_label("支付宝").check()
    driver.pay()
    expect(driver.page.get_by_role("heading", name="Wallet")).to_be_visible()
    assert fake.money.began == ["wechat", "alipay"]


def test_one_way_alone_is_no_choice(fake: FakeServer, open_page: OpenPage) -> None:
    driver = opened(fake, open_page)
    expect(driver.page.get_by_role("radio")).to_have_count(0)


@pytest.mark.req("MEM-1")
@pytest.mark.parametrize(
    ("locale", "covered", "settle", "left"),
    [
        ("zh-CN", "优惠已抵扣全部停车费", "用券离场", "请在 14:32 前离场"),
        ("en-GB", "Your coupons pay it all", "Settle with coupons", "Leave by 14:32"),
    ],
)
def test_who_has_coupons_for_all_of_it_settles_with_them_by_one_button(
    fake: FakeServer, open_page: OpenPage, locale: str, covered: str, settle: str, left: str
) -> None:
    fake.money.channels = ["wechat", "alipay"]
    stay = fake.stays["stay-token.1"]
    coupon = ("停车券 抵 ¥18.00", "Coupon: ¥18.00 off", 0, 1, -1800)
    stay.bill = bill([("首 3 小时 ¥18.00", "First 3 h ¥18.00", 155, 1, 1800), coupon]) | {"can_settle": True}
    page = open_page(fake.url + DriverPage.path("stay-token.1"), locale=locale, **PHONE)
    driver = DriverPage(page)
    expect(driver.answer()).to_have_text(covered)
    expect(page.get_by_role("radio")).to_have_count(0)  # no money moves: no way to pay is asked for
    picture(page, f"driver-coupons-{locale[:2]}")
    page.get_by_role("button", name=settle).click()
    expect(driver.answer()).to_have_text(left)
    expect(page.get_by_text("已结清" if locale == "zh-CN" else "Paid in full", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=settle)).to_have_count(0)
    assert len(fake.payments) == 1


def paid(fake: FakeServer, driver: DriverPage) -> None:
    driver.pay()
    expect(driver.page.get_by_role("heading", name="Wallet p1")).to_be_visible()
    driver.page.go_back()
    fake.pay()
    expect(driver.answer()).to_have_text("请在 14:32 前离场")


@pytest.mark.req("INV-1", "PRIV-2")
def test_after_paying_the_driver_asks_for_an_invoice_and_gets_its_document(
    fake: FakeServer, open_page: OpenPage
) -> None:
    fake.money.offered = True
    driver = opened(fake, open_page)
    expect(driver.page.get_by_role("heading", name="电子发票")).to_have_count(0)  # not before
    paid(fake, driver)
    page = driver.page
    expect(page.get_by_role("heading", name="付款凭证")).to_be_visible()
    card = page.locator(".invoice")
    card.get_by_label("企业名称").fill("上海某某贸易有限公司")
    picture(driver.page, "driver-invoice-zh")
    card.get_by_label("纳税人识别号").fill(COMPANY_NUMBER.lower())
    card.get_by_role("button", name="申请发票").click()
    expect(card.get_by_text("正在开具")).to_be_visible()
    fake.money.issue(fake)
    expect(card.get_by_text("发票号码 26312000000000000001")).to_be_visible()
    picture(driver.page, "driver-invoice-issued-zh")
    with page.expect_download() as download:
        card.get_by_role("button", name="下载 PDF").click()
    assert download.value.suggested_filename == "invoice-26312000000000000001.pdf"
    assert len(fake.money.invoices) == 1
    page.reload()
    expect(card.get_by_text("发票号码 26312000000000000001")).to_be_visible()


@pytest.mark.req("INV-1")
def test_a_wrong_tax_number_is_explained_and_nothing_is_lost(fake: FakeServer, open_page: OpenPage) -> None:
    fake.money.offered = True
    driver = opened(fake, open_page, expect={422})
    paid(fake, driver)
    card = driver.page.locator(".invoice")
    card.get_by_label("企业名称").fill("上海某某贸易有限公司")
    card.get_by_label("纳税人识别号").fill(COMPANY_NUMBER[:-1] + "A")
    card.get_by_role("button", name="申请发票").click()
    expect(card.get_by_role("alert")).to_have_text("税号有误，请逐位核对")
    expect(card.get_by_label("企业名称")).to_have_value("上海某某贸易有限公司")
    card.get_by_label("个人").check()
    card.get_by_role("button", name="申请发票").click()
    expect(card.get_by_text("正在开具")).to_be_visible()


@pytest.mark.req("INV-1")
def test_the_invoice_speaks_english_to_a_phone_that_does(fake: FakeServer, open_page: OpenPage) -> None:
    fake.money.offered = True
    driver = opened(fake, open_page, locale="en-US")
    driver.page.get_by_role("button", name="Pay ¥18.00").click()
    expect(driver.page.get_by_role("heading", name="Wallet p1")).to_be_visible()
    driver.page.go_back()
    fake.pay()
    card = driver.page.locator(".invoice")
    expect(card.get_by_label("Tax number")).to_be_visible()
    picture(driver.page, "driver-invoice-en")
    text = card.inner_text()
    assert [c for c in text if "\u4e00" <= c <= "\u9fff"] == []
