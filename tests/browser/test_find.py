"""Find my car on the phone: the floor in one large word, the way under it; another pillar moves the way."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from parking.journeys.where import Source
from tests.browser import look
from tests.browser.fake_server import FakeServer
from tests.browser.pages import DriverPage
from tests.fixtures.browser import OpenPage

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def phone(fake: FakeServer, open_page: OpenPage) -> Page:
    """The phone of a driver who has seen his parking page."""
    fake.find.stands("E3G25")
    page = open_page(fake.url + DriverPage.path("stay-token.1"), **PHONE)
    expect(page.locator(".hero-sum")).to_have_text("¥18.00")
    return page


def scan(page: Page, fake: FakeServer, pillar: str) -> None:
    page.goto(f"{fake.url}/driver/#p={pillar}")


@pytest.mark.req("FIND-1")
def test_a_scanned_pillar_leads_to_floor_zone_bay_and_way_without_a_single_tap(fake: FakeServer, phone: Page) -> None:
    scan(phone, fake, "E1-P03")
    expect(phone.locator(".floor")).to_have_text("东B3")
    expect(phone.get_by_test_id("place")).to_contain_text("车位 E3G25")
    expect(phone.locator("ol.how li").last).to_have_text("到达您的车")
    expect(phone.locator("ol.how")).to_contain_text(re.compile("电梯|楼梯"))
    expect(phone.get_by_test_id("map").locator("polyline.route").first).to_be_attached()


@pytest.mark.req("FIND-1")
def test_from_the_fee_it_is_one_tap(fake: FakeServer, phone: Page) -> None:
    phone.get_by_role("button", name="找我的车").click()
    expect(phone.locator(".floor")).to_have_text("东B3")
    expect(phone.get_by_text("扫描身边立柱上的二维码")).to_be_visible()
    phone.get_by_role("button", name="返回停车费").click()
    expect(phone.locator(".hero-sum")).to_have_text("¥18.00")


@pytest.mark.req("FIND-1")
def test_another_pillar_moves_the_way(fake: FakeServer, phone: Page) -> None:
    scan(phone, fake, "E1-P03")
    far = phone.get_by_role("heading", name=re.compile("步行 .* 米"))
    expect(far).to_be_visible()
    before = far.inner_text()
    phone.evaluate("location.hash = '#p=E3-R05'")
    expect(far).not_to_have_text(before)
    assert fake.find.asked[-1]["pillar"] == "E3-R05"


@pytest.mark.req("A11Y-1")
def test_without_steps_the_way_takes_the_lift(fake: FakeServer, phone: Page) -> None:
    scan(phone, fake, "E1-P03")
    phone.get_by_role("button", name="无台阶路线").click()
    expect(phone.get_by_role("button", name="无台阶路线")).to_have_attribute("aria-pressed", "true")
    expect(phone.locator("ol.how")).to_contain_text("电梯")
    expect(phone.locator("ol.how")).not_to_contain_text("楼梯")


@pytest.mark.req("FIND-1")
def test_when_only_the_zone_is_known_the_page_says_so_and_takes_a_mark(fake: FakeServer, phone: Page) -> None:
    fake.find.only_zone("w-b2-a")
    scan(phone, fake, "W1-P03")
    expect(phone.get_by_test_id("place")).to_contain_text("只知道在这个区，具体车位未知。")
    phone.get_by_label("车位号").fill("w2a07")
    phone.get_by_role("button", name="记下", exact=True).click()
    expect(phone.get_by_test_id("place")).to_contain_text("车位 W2A07")
    assert fake.find.place is not None
    assert fake.find.place.source is Source.DRIVER


@pytest.mark.req("FIND-1")
def test_a_phone_that_has_no_code_learns_how_to_get_one(fake: FakeServer, open_page: OpenPage) -> None:
    page = open_page(f"{fake.url}/driver/#p=E1-P03", **PHONE)
    expect(page.locator(".hero-word")).to_have_text("请先打开您的停车页")
    assert fake.find.asked == []


@pytest.mark.req("FIND-1")
def test_a_code_that_proves_nothing_is_told_so(fake: FakeServer, open_page: OpenPage) -> None:
    fake.find.refuse = True
    phone = open_page(fake.url + DriverPage.path("stay-token.1"), expect={403}, **PHONE)
    expect(phone.locator(".hero-sum")).to_have_text("¥18.00")
    scan(phone, fake, "E1-P03")
    expect(phone.locator(".hero-word")).to_have_text("这个码不能用来找车")


@pytest.mark.req("A11Y-1")
def test_nothing_is_cut_off_faint_small_nameless_or_wrong_to_axe(fake: FakeServer, phone: Page) -> None:
    scan(phone, fake, "E1-P03")
    expect(phone.get_by_test_id("map").locator("polyline.route").first).to_be_attached()
    look.picture(phone, "driver-find-zh")
    assert look.wrong_with(phone, smallest_px=40, widths=((320, 844), (390, 844))) == []
