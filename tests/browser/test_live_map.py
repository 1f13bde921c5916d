"""The operators' live map in a real browser against the real server of the big site: two thousand bays, and what stands among them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from typer.testing import CliRunner

from guidance.bays import Reading
from parking.cli.site import app as site_commands
from parking.kernel.events import LaneFaulted
from parking.kernel.ids import BayId, DeviceId, LaneId
from parking.site.imdf.zipped import pack
from tests.browser import look
from tests.browser.look import picture
from tests.browser.office import Office
from tests.browser.pages import OperatorPage
from tests.builders.imdf import stranger
from tests.builders.plans import TWIN
from tests.builders.security import PASSWORD
from tests.fixtures.browser import OpenPage

PATIENT = 30_000
NEVER_HEARD, CONED = BayId("E1D01"), BayId("E1C10")
HEARD = {BayId(f"E1A{n:02d}"): n % 3 == 0 for n in range(1, 11)}
"""The few bays that a sensor speaks of, and whether a car stands there: two thousand of them say nothing new here, and take a minute."""


class MapPage:
    """The map as people use it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def count(self, state: str) -> Locator:
        return self.page.locator(f"[data-count='{state}']")

    def bay(self, bay_id: str) -> Locator:
        return self.page.locator(f"rect[data-bay='{bay_id}']")

    def mark(self, what: str) -> Locator:
        return self.page.locator(f"[data-mark='{what}']")

    def details(self) -> Locator:
        return self.page.locator("#map-details")

    def state(self) -> Locator:
        return self.page.get_by_test_id("map-state")

    def expect_bay(self, bay_id: str, state: str) -> None:
        expect(self.bay(bay_id)).to_have_attribute("data-state", state, timeout=PATIENT)


@pytest.fixture
def twin(tmp_path: Path, built_pages: Path) -> Iterable[Office]:
    """The big site, two thousand bays on five levels."""
    running = Office(tmp_path, site_file=TWIN)
    try:
        hear(running, HEARD)
        yield running
    finally:
        running.close()


def hear(office: Office, taken: dict[BayId, bool]) -> None:
    """Sensors say how bays stand."""
    now = office.clock.now()
    readings = [Reading(bay, is_taken, now, now, "sensor", DeviceId("node-1")) for bay, is_taken in taken.items()]
    bays = office.application.bays
    office.application.database.write(lambda uow: bays.book.hear(uow, readings))


@pytest.mark.req("MAP-1")
@pytest.mark.req("DATA-2")
@pytest.mark.req("A11Y-1")
def test_two_thousand_bays_lanes_signs_cameras_and_alarms_are_seen_live_and_reached_by_keys(
    twin: Office, open_page: OpenPage
) -> None:
    page = open_page(f"{twin.url}/operator/#/map/e-b1", locale="en-GB", expect={401})
    shown = MapPage(page)
    OperatorPage(page).log_in("manager", PASSWORD)
    summary = page.get_by_test_id("map-summary")
    expect(summary).to_contain_text("East B1: 400 bays, 7 free, 3 taken, 390 unknown", timeout=PATIENT)
    expect(page.locator("[data-level] b")).to_have_text(["7", "----", "----", "----", "----"])

    hear(twin, {BayId("E1A02"): True})  # a car parks
    shown.expect_bay("E1A02", "taken")
    expect(shown.count("taken")).to_have_text("4")
    shown.bay(NEVER_HEARD).click()
    expect(shown.details()).to_contain_text("Nothing was ever heard of it")

    twin.hear(LaneFaulted(LaneId("exit-1"), "safety_loop_stuck", "", cleared=False))
    expect(shown.mark("lane.exit-1")).to_have_attribute("data-alarm", "bad", timeout=PATIENT)
    page.get_by_test_id("map-alarms").get_by_role("button", name=re.compile("safety loop stuck")).press("Enter")
    expect(shown.details()).to_contain_text("out of East B1 South")
    expect(shown.mark("sign.sign-e-b1-a")).to_be_visible()
    shown.mark("camera.cam-e-b1-1").press("Enter")
    expect(shown.details()).to_contain_text("No word yet")
    picture(page, "operator-map-en")

    ground = page.get_by_test_id("map-ground")
    ground.press("ArrowRight")
    first = shown.details().get_attribute("data-chosen")
    ground.press("ArrowRight")
    expect(shown.details()).not_to_have_attribute("data-chosen", first or "")
    ground.press("Enter")
    expect(shown.details()).to_be_focused()
    page.get_by_placeholder("Find a bay").fill("w2a01")
    page.get_by_placeholder("Find a bay").press("Enter")
    expect(page.locator("[data-level='w-b2']")).to_have_attribute("aria-pressed", "true")
    expect(shown.details()).to_contain_text("Bay W2A01")
    page.get_by_placeholder("Find a bay").fill("E3A49")
    page.get_by_placeholder("Find a bay").press("Enter")
    expect(shown.details()).to_contain_text("Out of service by the site's drawing")
    page.locator("[data-level='e-b1']").press("Enter")
    shown.expect_bay("E1A02", "taken")
    assert look.wrong_with(page, smallest_px=40, widths=((360, 740), (1440, 900))) == []

    twin.application.database.write(lambda uow: twin.application.bays.book.cone(uow, CONED, off=True))
    page.context.set_offline(True)
    expect(shown.state()).to_contain_text("cannot be renewed just now")
    page.context.set_offline(False)
    expect(shown.state()).to_contain_text("Bays are live", timeout=PATIENT)
    shown.expect_bay(CONED, "out")
    page.get_by_role("button", name=re.compile("中文")).click()
    page.get_by_role("button", name=re.compile("深色")).click()
    picture(page, "operator-map-zh-dark")
    assert look.text_wrong_with(page, widths=((360, 740),)) == []
    shown.mark("lane.exit-1").click()
    shown.details().get_by_role("link", name="打开车道面板").click()
    expect(page.get_by_role("heading", name="东出口一 出口")).to_be_visible()
    expect(page.get_by_text("还没有车辆")).to_be_visible(timeout=PATIENT)


@pytest.mark.req("MAP-1")
def test_a_map_that_cannot_be_read_says_so_and_one_that_nobody_drew_too(twin: Office, open_page: OpenPage) -> None:
    page = open_page(f"{twin.url}/operator/", locale="en-GB", expect={401})
    OperatorPage(page).log_in("manager", PASSWORD)
    OperatorPage(page).expect_live()
    page.route("**/api/v1/site/levels", lambda route: route.abort())
    page.get_by_role("link", name="Map", exact=True).click()
    expect(MapPage(page).state()).to_contain_text("cannot be read just now", timeout=PATIENT)
    page.unroute("**/api/v1/site/levels")
    page.route("**/api/v1/site/levels", lambda route: route.fulfill(json=[]))
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("No level of this site is drawn yet")).to_be_visible(timeout=PATIENT)


@pytest.mark.req("MAP-1")
def test_a_strangers_imdf_archive_is_imported_served_and_seen_level_by_level(
    tmp_path: Path, built_pages: Path, open_page: OpenPage
) -> None:
    archive, site_file = tmp_path / "museum.zip", tmp_path / "site.yaml"
    archive.write_bytes(pack(stranger()))
    made = CliRunner().invoke(site_commands, ["import", str(archive)])
    assert made.exit_code == 0
    site_file.write_text(made.output, encoding="utf-8")
    office = Office(tmp_path, site_file=site_file)
    try:
        page = open_page(f"{office.url}/operator/#/map/p1", locale="en-GB", expect={401})
        OperatorPage(page).log_in("manager", PASSWORD)
        plan = office.application.site.plan
        for level in ("p1", "g", "p1"):
            page.locator(f"[data-level='{level}']").click()
            bays = [b.id for b in plan.bays if b.level_id == level]
            expect(page.get_by_test_id("map-ground").locator("rect[data-bay]")).to_have_count(
                len(bays), timeout=PATIENT
            )
            for bay in bays:
                expect(MapPage(page).bay(bay)).to_be_attached()
            rooms = sum(r.level_id == level for r in plan.rooms)
            expect(page.get_by_test_id("map-ground").locator(".room")).to_have_count(rooms)
            picture(page, f"imdf-{level}")
    finally:
        office.close()
