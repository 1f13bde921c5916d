"""The kiosk finds a car for whoever holds its ticket, in two touches at most; a plate finds none."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.fake_server import FakeServer
from tests.browser.kiosk_views import a_machine_that_finds
from tests.browser.pages import KioskPage
from tests.fixtures.browser import OpenPage


def machine(fake: FakeServer, open_page: OpenPage, *, more: str = "", **said: object) -> KioskPage:
    kiosk = KioskPage(open_page(fake.url + a_machine_that_finds(fake) + more, width=1080, height=1920, **said))
    expect(kiosk.free("B1")).to_have_text("128")
    return kiosk


def scan(kiosk: KioskPage, fake: FakeServer, code: str = "stay-token.1") -> None:
    kiosk.scan(f"{fake.url}/driver/#t={code}")


@pytest.mark.req("KIOSK-1")
@pytest.mark.req("FIND-1")
def test_one_touch_and_a_ticket_show_the_floor_the_bay_and_the_way_from_this_machine(
    fake: FakeServer, open_page: OpenPage
) -> None:
    kiosk = machine(fake, open_page)
    kiosk.page.get_by_role("button", name="找我的车").click()
    kiosk.expect_screen("find")
    scan(kiosk, fake)
    place = kiosk.page.get_by_test_id("place")
    assert fake.find.place is not None
    expect(place).to_contain_text(str(fake.find.place.bay_id))
    expect(kiosk.page.locator(".floor")).to_contain_text("B2")
    expect(kiosk.page.locator(".how li").first).to_contain_text("米")
    expect(kiosk.page.get_by_test_id("map").locator(".route-end")).to_be_visible()
    kiosk.page.get_by_role("button", name="无台阶路线").click()
    expect(kiosk.page.locator(".how")).to_contain_text("电梯")
    kiosk.home()
    kiosk.page.get_by_role("button", name="找我的车").click()
    expect(place).to_have_count(0)  # nothing of one person is left for the next


@pytest.mark.req("FIND-1")
def test_whoever_scanned_the_ticket_to_pay_goes_on_to_the_car_without_scanning_again(
    fake: FakeServer, open_page: OpenPage
) -> None:
    kiosk = machine(fake, open_page)
    scan(kiosk, fake)
    kiosk.pay()
    fake.pay()
    kiosk.expect_screen("done")
    kiosk.page.get_by_role("button", name="找我的车").click()
    expect(kiosk.page.get_by_test_id("place")).to_be_visible()


@pytest.mark.req("FIND-1")
@pytest.mark.req("PRIV-2")
def test_a_typed_plate_offers_no_car_and_a_code_that_proves_nothing_is_told_so(
    fake: FakeServer, open_page: OpenPage
) -> None:
    kiosk = machine(fake, open_page, expect={403})
    kiosk.start()
    kiosk.find("沪A52T86")
    kiosk.pay()
    fake.pay()
    kiosk.expect_screen("done")
    expect(kiosk.page.get_by_role("button", name="找我的车")).to_have_count(0)
    kiosk.home()
    kiosk.page.get_by_role("button", name="找我的车").click()
    scan(kiosk, fake, "stay-token.7")
    expect(kiosk.page.get_by_role("alert")).to_contain_text("不能用来找车")


def test_in_english_too(fake: FakeServer, open_page: OpenPage) -> None:
    kiosk = machine(fake, open_page)
    kiosk.page.get_by_role("button", name="English").click()
    kiosk.page.get_by_role("button", name="Find my car").click()
    expect(kiosk.page.get_by_role("heading", name="Scan your ticket")).to_be_visible()
    scan(kiosk, fake)
    expect(kiosk.page.get_by_role("button", name="Without steps")).to_be_visible()
