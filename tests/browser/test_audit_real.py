"""The record in a real browser against the real server: what was done and seen is found by who, what, when and whom, and kept as a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from parking.kernel.events import Direction
from parking.kernel.principal import Principal
from parking.security import audit
from tests.browser import checks
from tests.browser.look import picture
from tests.browser.office import Office
from tests.browser.pages import OperatorPage
from tests.builders.security import PASSWORD
from tests.fixtures.browser import OpenPage

PATIENT = 30_000


def sound(page: Page) -> None:
    assert checks.unnamed(page) == []
    assert [
        one for one in checks.cut_off(page) if "td." not in one and "th." not in one and "audit-table" not in one
    ] == []
    assert checks.too_faint(page) == []


@pytest.mark.req("PRIV-1")
def test_what_was_done_and_seen_is_found_shown_and_kept(office: Office, open_page: OpenPage) -> None:
    office.passes(Direction.IN, "苏A12345")
    someone = Principal("operator", "night-guard", frozenset())
    office.application.database.write(lambda uow: audit.record(uow, someone, "lane.open", "exit-1", "barrier broken"))
    page = open_page(office.url + OperatorPage.path, locale="en-GB", expect={401})
    console = OperatorPage(page)
    console.log_in("manager", PASSWORD)
    console.expect_live()
    page.get_by_role("link", name="Bills", exact=True).click()  # a list of stays: nobody is looked at yet
    page.get_by_role("link", name="Record", exact=True).click()
    rows = page.locator("[data-action]")
    expect(page.locator("[data-action='login.succeeded']")).to_contain_text("logged in", timeout=PATIENT)
    picture(page, "audit-en")
    sound(page)
    page.get_by_label("Who", exact=True).fill("night-guard")
    page.get_by_label("What about").select_option("openings")
    page.get_by_role("button", name="Search").click()
    expect(rows).to_have_count(1, timeout=PATIENT)
    expect(rows).to_contain_text("opened a lane")
    expect(rows).to_contain_text("barrier broken")
    with page.expect_download() as told:
        page.get_by_role("button", name="Export CSV").click()
    lines = Path(told.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "at,actor_kind,actor,name,area,action,subject,reason,seq"
    assert len(lines) == 2
    assert "lane.open,exit-1,barrier broken" in lines[1]
    page.get_by_role("button", name="Check that nothing was changed").click()
    expect(page.get_by_text(re.compile(r"deeds follow from each other"))).to_be_visible(timeout=PATIENT)
    page.get_by_label("From").fill("2026-03-07T11:00")
    page.get_by_label("Until").fill("2026-03-07T10:00")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("search").get_by_role("alert")).to_contain_text("after the beginning")
    page.get_by_label("Until").fill("2026-03-07T12:00")
    page.get_by_role("button", name="Search").press("Enter")
    expect(page.get_by_text("Nothing fits")).to_be_visible(timeout=PATIENT)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("[data-action='audit.exported']")).to_be_visible(timeout=PATIENT)
    page.get_by_role("button", name=re.compile("中文")).click()
    page.get_by_role("button", name=re.compile("深色")).click()
    picture(page, "audit-zh-dark")
    page.set_viewport_size({"width": 360, "height": 740})
    sound(page)
    page.route("**/api/v1/audit/search", lambda route: route.abort())
    page.get_by_role("button", name="清除条件").click()
    expect(page.get_by_role("button", name="再试一次")).to_be_visible(timeout=PATIENT)
    page.unroute("**/api/v1/audit/search")
    page.get_by_role("button", name="再试一次").click()
    expect(page.locator("[data-action='login.succeeded']")).to_contain_text("登录", timeout=PATIENT)
    picture(page, "audit-zh-narrow")
