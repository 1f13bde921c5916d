"""The pages of access, record, tariffs and log-ins by day and by night: neither axe-core nor our own checks find anything."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from parking.access import service
from parking.access.rows import ListedAs, ListRow
from parking.kernel.plate import Plate
from tests.browser import look
from tests.browser.look import picture
from tests.browser.office import Office
from tests.browser.pages import OperatorPage
from tests.builders.security import PASSWORD
from tests.fixtures.browser import OpenPage

PATIENT = 30_000
SMALLEST_PX = 24  # WCAG 2.5.8
THERE = {
    "#/access": "[data-listed]",
    "#/access/passes": "nav.tabs [aria-current]",
    "#/access/visitors": "nav.tabs [aria-current]",
    "#/audit": "[data-action]",
    "#/tariffs": "[data-tariff]",
    "#/account": "[data-session]",
}
"""What shows that a page has what it asked for."""


@pytest.mark.req("A11Y-1")
def test_the_offices_pages_are_sound_by_day_and_by_night(office: Office, open_page: OpenPage) -> None:
    page = open_page(office.url + OperatorPage.path, expect={401})
    console = OperatorPage(page)
    console.log_in("manager", PASSWORD)
    console.expect_live()
    entry = ListRow(Plate("苏A12345"), ListedAs.STAFF, "till 9", None, None)
    office.application.database.write(lambda uow: service.put_on_list(uow, entry))
    wrong = {}
    for at, shown in THERE.items():
        page.evaluate("(at) => { location.hash = at; }", at)
        expect(page.locator(shown).first).to_be_visible(timeout=PATIENT)
        wrong[at] = look.wrong_with(page, smallest_px=SMALLEST_PX, widths=())
    page.evaluate("location.hash = '#/tariffs'")
    page.get_by_role("button", name=re.compile("为底稿修改")).first.click()
    text, verdict = page.get_by_label("规则（YAML）"), page.locator("[data-verdict]")
    expect(verdict).to_have_attribute("data-verdict", "good", timeout=PATIENT)
    wrong["a sound tariff"] = look.wrong_with(page, smallest_px=SMALLEST_PX, widths=())
    text.fill(text.input_value().replace("amount: 4.00", "amount: four") + "colour: red\n")
    expect(verdict).to_have_attribute("data-verdict", "wrong", timeout=PATIENT)
    expect(verdict).to_contain_text("`step.amount` 有误：请以货币单位写金额，如 6 或 4.50")
    expect(verdict).to_contain_text("`colour` 不是收费规则的键，请删除或改正拼写")
    wrong["a wrong tariff"] = look.wrong_with(page, smallest_px=SMALLEST_PX, widths=())
    picture(page, "tariffs-wrong-zh")
    assert {at: what for at, what in wrong.items() if what} == {}
