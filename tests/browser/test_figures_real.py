"""Figures and a rating in a real browser against the real server: what was driven, paid and said is what the page tells."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from parking.kernel.events import Direction
from tests.browser import look
from tests.browser.look import picture
from tests.browser.office import Office
from tests.browser.pages import OperatorPage
from tests.builders.security import PASSWORD
from tests.fixtures.browser import OpenPage

PATIENT = 30_000
PLATES = ("浙A13579", "沪B24680", "苏E90876", "京C55512", "粤D7J3K8", "川F6M2N4")


def drive(office: Office, cars: int = len(PLATES)) -> None:
    """Cars come in over the morning and leave, none the longer than three hours."""
    for n in range(cars):
        office.passes(Direction.IN, PLATES[n])
        office.clock.advance(timedelta(minutes=25))
    for n in range(cars):
        office.passes(Direction.OUT, PLATES[n])
        office.clock.advance(timedelta(minutes=9))


@pytest.mark.req("DATA-1")
def test_the_page_of_figures_tells_the_day_in_charts_tables_and_a_file(office: Office, open_page: OpenPage) -> None:
    drive(office)
    console = OperatorPage(open_page(office.url + OperatorPage.path, locale="en-GB", expect={401}))
    page = console.page
    console.log_in("manager", PASSWORD)
    console.expect_live()
    picture(page, "console")
    page.get_by_role("link", name="Figures", exact=True).click()
    flow, dwell = page.locator("[data-figure=flow]"), page.locator("[data-figure=dwell]")
    expect(flow.locator("dd").nth(0)).to_have_text("6", timeout=PATIENT)
    expect(flow.locator("dd").nth(1)).to_have_text("6")
    expect(flow.get_by_role("img")).to_be_visible()
    expect(dwell.locator("dd").nth(0)).to_have_text("6")
    expect(page.locator("[data-figure=ratings]")).to_contain_text("Nothing in this period")
    picture(page, "figures-en-light")
    flow.locator("summary").press("Enter")
    expect(flow.locator("tbody tr")).not_to_have_count(0)
    with page.expect_download() as told:
        flow.get_by_role("link", name=re.compile("Export CSV")).click()
    lines = Path(told.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "period,key,entered,gone,found"
    assert sum(int(line.split(",")[2]) for line in lines[1:]) == 6
    page.get_by_label("Lane").select_option("entry-1")
    expect(flow.locator("dd").nth(1)).to_have_text("0", timeout=PATIENT)
    page.get_by_label("Week").check()
    expect(flow.locator("dd").nth(0)).to_have_text("6", timeout=PATIENT)
    page.get_by_role("button", name="Earlier").click()
    expect(flow).to_contain_text("Nothing in this period", timeout=PATIENT)
    assert look.wrong_with(page, smallest_px=40, widths=((360, 740), (1440, 900))) == []
    page.route("**/api/v1/figures*", lambda route: route.abort())
    page.get_by_role("button", name="Later").click()
    expect(page.get_by_role("button", name="Try again")).to_be_visible(timeout=PATIENT)
    page.unroute("**/api/v1/figures*")
    page.get_by_role("button", name="Try again").click()
    expect(flow.locator("dd").nth(0)).to_have_text("6", timeout=PATIENT)
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_role("button", name=re.compile("中文")).click()
    page.get_by_role("button", name=re.compile("深色")).click()
    assert look.text_wrong_with(page, widths=((360, 740),)) == []
    picture(page, "figures-zh-dark-narrow")
    page.set_viewport_size({"width": 1440, "height": 900})
    picture(page, "figures-zh-dark")
