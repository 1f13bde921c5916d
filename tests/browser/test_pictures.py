"""The pictures of the README: each page as it stands, at its own size; in English one picture of each page."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import AFTERNOON
from tests.browser.desk_scene import a_busy_desk
from tests.browser.fake_help import a_drawn_picture
from tests.browser.fake_server import FakeServer
from tests.browser.lane_scene import a_held_car
from tests.browser.pages import DriverPage, KioskPage, OperatorPage
from tests.browser.script import KIOSK_KEY
from tests.fixtures.browser import OpenPage

IN_ENGLISH = {"operator-en", "kiosk-4-fee-en", "driver-1-fee-en"}
PASSWORD = "correct horse battery"


class Take(Protocol):
    """Take a picture of a page, of the whole of it or of what is in view."""

    def __call__(self, page: Page, name: str, *, whole: bool = False) -> None: ...


@pytest.fixture
def take(request: pytest.FixtureRequest, tmp_path: Path) -> Take:
    """Save a picture: into the folder of `--pictures`, else where it is thrown away after the test."""
    folder = Path(request.config.getoption("--pictures") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)

    def save(page: Page, name: str, *, whole: bool = False) -> None:
        if name.endswith("-en") and name not in IN_ENGLISH:
            return
        page.evaluate("document.fonts.ready")
        page.screenshot(path=folder / f"{name}.png", full_page=whole)
        assert (folder / f"{name}.png").stat().st_size > 5_000

    return save


def at_the_scripts_time(page: Page) -> None:
    page.clock.install(time=AFTERNOON)


@pytest.mark.parametrize(("locale", "suffix"), [("zh-CN", "zh"), ("en-GB", "en")])
def test_operator_pictures(busy: FakeServer, open_page: OpenPage, take: Take, locale: str, suffix: str) -> None:
    for dark in (False, True) if suffix == "zh" else (False,):
        page = open_page(
            busy.url + OperatorPage.path,
            locale=locale,
            height=1000,
            dark=dark,
            expect={401},
            before=at_the_scripts_time,
        )
        console = OperatorPage(page)
        expect(page.get_by_role("button").last).to_be_visible()
        if not dark:
            take(page, f"operator-login-{suffix}")
        console.log_in("wangfang", PASSWORD)
        console.expect_live()
        expect(console.cases()).to_have_count(2)
        take(page, f"operator-{suffix}{'-dark' if dark else ''}", whole=True)
        if not dark:
            console.lane("exit-1").get_by_role("button").click()
            take(page, f"operator-open-{suffix}")
        page.context.close()


def test_desk_picture(fake: FakeServer, open_page: OpenPage, take: Take) -> None:
    a_busy_desk(fake)
    fake.help.picture = a_drawn_picture
    for visit in ("visit-c1", "stay-1"):
        a_drawn_picture(visit)  # before anybody waits for it
    page = open_page(f"{fake.url}/operator/#/desk/c1", height=1100, expect={401}, before=at_the_scripts_time)
    console = OperatorPage(page)
    console.log_in("wangfang", PASSWORD)
    page.get_by_role("button", name="领取").click()
    expect(page.locator(".case-shot-there")).to_have_count(2, timeout=30_000)
    take(page, "operator-desk-zh")


def test_lane_picture(busy: FakeServer, open_page: OpenPage, take: Take) -> None:
    a_held_car(busy)
    busy.help.picture = a_drawn_picture
    a_drawn_picture("w0")
    page = open_page(f"{busy.url}/operator/#/lane/exit-1", height=1000, expect={401}, before=at_the_scripts_time)
    console = OperatorPage(page)
    console.log_in("wangfang", PASSWORD)
    console.call("call-4").get_by_role("button", name="接听").click()
    expect(page.locator(".case-shot-there")).to_have_count(1, timeout=30_000)
    page.mouse.move(0, 0)
    take(page, "operator-lane-zh", whole=True)


@pytest.mark.parametrize(("locale", "suffix"), [("zh-CN", "zh"), ("en-GB", "en")])
def test_kiosk_pictures(busy: FakeServer, open_page: OpenPage, take: Take, locale: str, suffix: str) -> None:
    page = open_page(
        busy.url + KioskPage.path(KIOSK_KEY), locale=locale, width=720, height=1280, before=at_the_scripts_time
    )
    kiosk = KioskPage(page)
    if suffix == "en":
        page.get_by_role("button", name="English").click()
    expect(kiosk.free("B1")).to_have_text("128")
    take(page, f"kiosk-1-start-{suffix}")
    kiosk.start()
    take(page, f"kiosk-2-province-{suffix}")
    kiosk.type_plate("沪A52T")
    take(page, f"kiosk-3-plate-{suffix}")
    kiosk.find("86")
    expect(kiosk.amount()).to_have_text("¥18.00")
    take(page, f"kiosk-4-fee-{suffix}")
    kiosk.pay()
    take(page, f"kiosk-5-pay-{suffix}")
    busy.pay()
    kiosk.expect_screen("done")
    take(page, f"kiosk-6-done-{suffix}")


@pytest.mark.parametrize(("locale", "suffix"), [("zh-CN", "zh"), ("en-GB", "en")])
def test_driver_pictures(busy: FakeServer, open_page: OpenPage, take: Take, locale: str, suffix: str) -> None:
    def shown(path: str) -> Page:
        return open_page(
            busy.url + path, locale=locale, width=390, height=844, before=at_the_scripts_time, expect={401}
        )

    page = shown(DriverPage.path("stay-token.1"))
    expect(DriverPage(page).due()).to_have_text("¥18.00")
    take(page, f"driver-1-fee-{suffix}")
    stay = busy.stay("粤B12345", "stay-token.2", minutes=65, lines=[("首小时", "First hour", 60, 1, 600)])
    stay.bill |= {"paid": stay.bill["total"], "due": {**stay.bill["due"], "amount": 0}}
    stay.state, stay.leave_by = "settled", busy.now().replace(minute=32, second=0)
    page = shown(DriverPage.path("stay-token.2"))
    expect(DriverPage(page).answer()).to_be_visible()
    take(page, f"driver-2-leave-{suffix}")
    page = shown(DriverPage.path())
    expect(DriverPage(page).free("B1")).to_have_text("128")
    take(page, f"driver-3-start-{suffix}")
