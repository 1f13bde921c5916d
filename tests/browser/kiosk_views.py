"""Every state of a kiosk, one after the other, as one person after the other would bring it about."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.browser.fake_server import FakeServer
from tests.browser.pages import KioskPage
from tests.browser.script import KIOSK_KEY


def a_machine_that_finds(fake: FakeServer) -> str:
    """The page of a machine that stands at a pillar, one level above the bay of the car of the script."""
    there = fake.find.there.site.plan
    fake.find.stands(next(b.id for b in there.bays if b.zone_id == "e-b2-a"))
    pillar = next(p.id for p in there.pillars if p.place.level_id == "e-b1")
    return f"{KioskPage.path(KIOSK_KEY)}&at=pillar:{pillar}"


def views(fake: FakeServer, page: Page) -> Iterator[str]:
    """The names of the states, each while it stands; the page's clock is held by hand."""
    kiosk = KioskPage(page)
    fake.cash.appears()
    page.goto(fake.url + a_machine_that_finds(fake))
    expect(kiosk.free("B1")).to_be_visible()
    yield "start"
    yield from _to_the_fee(fake, kiosk)
    yield from _other_ways(fake, kiosk)
    yield from _notes(fake, kiosk)
    yield from _finding_and_help(fake, kiosk)
    yield from _the_server_goes(fake, kiosk)


def _ticket(fake: FakeServer) -> str:
    return f"{fake.url}/driver/#t=stay-token.1"


def _press(kiosk: KioskPage, name: str) -> None:
    kiosk.page.get_by_role("button", name=re.compile(f"^{name}")).first.click()


def _to_the_fee(fake: FakeServer, kiosk: KioskPage) -> Iterator[str]:
    page = kiosk.page
    kiosk.start()
    yield "provinces"
    kiosk.type_plate("沪A52T8")
    yield "letters"
    kiosk.find("88")
    kiosk.expect_screen("missing")
    yield "not found"
    _press(kiosk, "重新输入")
    for _ in range(2):
        _press(kiosk, "删除")
    kiosk.find("6")
    expect(page.get_by_role("button", name="现金")).to_be_enabled()
    yield "fee"
    page.clock.fast_forward(80_000)
    expect(page.get_by_role("alertdialog")).to_be_visible()
    yield "still there?"
    _press(kiosk, "继续")
    fake.cash.trouble, fake.cash.card = "jam", None
    kiosk.pay()
    yield "pay by phone"
    _press(kiosk, "返回费用")
    expect(page.get_by_role("button", name="现金")).to_be_disabled()
    yield "out of order"
    fake.cash.trouble, fake.cash.card = "", "bank"


def _other_ways(fake: FakeServer, kiosk: KioskPage) -> Iterator[str]:
    page = kiosk.page
    kiosk.pay()
    fake.pay(state="FAILED")
    expect(page.get_by_role("button", name="重新付款")).to_be_visible()
    yield "payment failed"
    _press(kiosk, "返回费用")
    _press(kiosk, "银行卡")
    expect(page.locator(".card-place")).to_be_visible()
    yield "card"
    kiosk.home()


def _notes(fake: FakeServer, kiosk: KioskPage) -> Iterator[str]:
    page, cash = kiosk.page, fake.cash

    def begins() -> None:
        kiosk.scan(_ticket(fake))
        kiosk.expect_screen("fee")
        _press(kiosk, "现金")
        expect(page.get_by_test_id("cash-left")).to_have_text("¥18.00")

    begins()
    yield "notes"
    cash.insert(1000)
    expect(page.get_by_test_id("cash-left")).to_have_text("¥8.00")
    yield "a note is in"
    cash.state["trouble"] = "jam"
    expect(page.get_by_role("alert")).to_be_visible()
    yield "a note is stuck"
    _press(kiosk, "取消并退回")
    expect(page.locator(".cash-giving")).to_be_visible()
    yield "cancelled"
    cash.owes(200)
    expect(page.get_by_test_id("slip")).to_be_visible()
    yield "slip"
    _press(kiosk, "我已记下")
    kiosk.expect_screen("fee")
    kiosk.home()
    begins()
    cash.insert(2000)
    expect(page.locator(".cash-giving")).to_be_visible()
    yield "change falls"
    cash.fell()
    kiosk.expect_screen("done")
    yield "done with change"
    _press(kiosk, "找我的车")
    expect(page.get_by_test_id("place")).to_be_visible()
    expect(page.get_by_test_id("map").locator(".route-end")).to_be_visible()
    yield "found"
    kiosk.home()


def _finding_and_help(fake: FakeServer, kiosk: KioskPage) -> Iterator[str]:
    page = kiosk.page
    _press(kiosk, "找我的车")
    kiosk.expect_screen("find")
    yield "find"
    kiosk.home()
    help_line = page.get_by_test_id("help")
    help_line.get_by_role("button").click()
    expect(help_line).to_have_attribute("data-state", "waiting")
    yield "help rings"
    fake.help.change("kiosk-call", "taken", "taken", taken_by="李明", taken_at=fake.now())
    page.clock.fast_forward(3_000)
    expect(help_line).to_have_attribute("data-state", "taken")
    yield "help is coming"
    kiosk.scan(_ticket(fake))
    kiosk.expect_screen("fee")
    yield "already paid"
    fake.stays["stay-token.1"].state = "review"
    kiosk.home()
    kiosk.scan(_ticket(fake))
    kiosk.expect_screen("fee")
    yield "under review"
    kiosk.home()


def _the_server_goes(fake: FakeServer, kiosk: KioskPage) -> Iterator[str]:
    fake.stop()
    kiosk.expect_lost()
    yield "server away"
    fake.start()
    kiosk.expect_healed()
