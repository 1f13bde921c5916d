"""A tariff in a real browser against the real server: edited with its mistakes beside it, compared on a day, published by two people."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from parking.kernel.events import Direction
from parking.security.service import create_operator
from tests.browser.look import picture, sound, sound_question
from tests.browser.office import Office
from tests.browser.pages import OperatorPage
from tests.builders.security import PASSWORD, SET_UP, cheap_passwords
from tests.fixtures.browser import OpenPage

PATIENT = 30_000


@pytest.fixture
def office(office: Office) -> Office:
    hashed = cheap_passwords().hash(PASSWORD)
    office.application.database.write(
        lambda uow: create_operator(
            uow, SET_UP, username="second", display_name="Second", password_hash=hashed, roles=("manager",)
        )
    )
    return office


def at_tariffs(page: Page, who: str) -> None:
    console = OperatorPage(page)
    console.log_in(who, PASSWORD)
    console.expect_live()
    page.get_by_role("link", name=re.compile("^(Tariffs|收费规则)$")).click()
    expect(page.locator("[data-tariff]")).not_to_have_count(0, timeout=PATIENT)


@pytest.mark.req("FEE-1")
def test_a_tariff_is_edited_compared_proposed_and_approved_by_another(office: Office, open_page: OpenPage) -> None:
    inside = office.passes(Direction.IN, "浙A13579")
    office.passes(Direction.IN, "沪B24680")
    office.clock.advance(timedelta(hours=2))
    office.passes(Direction.OUT, "沪B24680")
    due_before = office.due(inside)
    page = open_page(office.url + OperatorPage.path, locale="en-GB", expect={401})
    at_tariffs(page, "manager")
    page.get_by_role("button", name=re.compile("Edit a copy of")).press("Enter")
    text = page.get_by_label("Tariff (YAML)")
    verdict = page.locator("[data-verdict]")
    expect(verdict).to_have_attribute("data-verdict", "good", timeout=PATIENT)
    source = text.input_value()
    text.fill(source.replace("amount: 4.00", "amount: four"))
    expect(verdict).to_have_attribute("data-verdict", "wrong", timeout=PATIENT)
    line = next(n for n, one in enumerate(source.splitlines(), start=1) if "amount: 4.00" in one)
    expect(page.get_by_role("button", name=f"line {line}", exact=True)).to_be_visible()
    expect(page.locator(".tariff-lines .is-wrong")).to_have_text(str(line))
    expect(page.get_by_role("button", name="Propose…")).to_be_disabled()
    sound(page)
    picture(page, "tariffs-wrong-en")
    text.fill(source.replace("amount: 4.00", "amount: 9.00") + "valid: { from: 2026-03-07 }\n")
    expect(verdict).to_have_attribute("data-verdict", "good", timeout=PATIENT)
    page.get_by_label("Day", exact=True).fill("2026-03-07")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("^All"))).to_contain_text("15.00", timeout=PATIENT)
    sound(page)
    picture(page, "tariffs-compare-en")
    page.reload()
    expect(text).to_have_value(re.compile("amount: 9.00"), timeout=PATIENT)  # a reload loses nothing
    expect(verdict).to_have_attribute("data-verdict", "good", timeout=PATIENT)
    page.get_by_role("button", name="Propose…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("spring prices")
    sound_question(page)
    dialog.get_by_role("button", name="Propose", exact=True).click()
    mine = page.locator("[data-proposal=open]")
    expect(mine).to_contain_text("another person has to approve", timeout=PATIENT)
    mine.get_by_role("button", name=re.compile("Look and decide")).click()
    expect(page.get_by_role("button", name="Take back…").last).to_be_visible(timeout=PATIENT)
    expect(page.get_by_role("button", name="Approve…")).to_have_count(0)

    other = open_page(office.url + OperatorPage.path, expect={401}, dark=True)
    at_tariffs(other, "second")
    other.get_by_role("button", name="查看并决定：spring prices").click()
    expect(other.locator("[data-verdict]")).to_have_attribute("data-verdict", "good", timeout=PATIENT)
    sound(other)
    picture(other, "tariffs-decide-zh-dark")
    other.get_by_role("button", name="批准…").click()
    sound_question(other)
    other.get_by_role("dialog").get_by_role("button", name="批准", exact=True).click()
    now = other.locator("[data-tariff]").first
    expect(now).to_contain_text("现行", timeout=PATIENT)
    expect(now).to_contain_text("Second 批准")
    other.set_viewport_size({"width": 360, "height": 740})
    sound(other)
    picture(other, "tariffs-zh-narrow")

    office.clock.advance(timedelta(hours=1))
    fresh = office.passes(Direction.IN, "苏E90876")
    frozen, new = (getattr(office.stay(one), "tariff_version", None) for one in (inside, fresh))
    assert now.get_attribute("data-tariff") == new != frozen
    assert office.due(inside) == due_before
