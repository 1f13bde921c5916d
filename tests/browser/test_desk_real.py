"""An operator resolves an ambiguous stay: the real page in a browser against the real server, from the passage to the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from parking.kernel.events import Direction
from parking.sessions.model import ClosedStay, OpenStay
from payments import ledger_store
from tests.browser.office import Office
from tests.browser.pages import OperatorPage
from tests.builders.plumbing import eventually
from tests.builders.security import PASSWORD
from tests.fixtures.browser import OpenPage

PATIENT = 30_000
MINE, HIS = "浙A6688B", "浙A66888"


@pytest.fixture
def office(tmp_path: Path, built_pages: Path) -> Iterator[Office]:
    assert built_pages.is_dir()
    running = Office(tmp_path)
    yield running
    running.close()


@pytest.mark.req("ID-1", "DATA-2")
def test_an_operator_gives_an_exit_in_doubt_to_its_stay_and_takes_it_back_with_the_keyboard(
    office: Office, open_page: OpenPage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    mine, his = office.passes(Direction.IN, MINE), office.passes(Direction.IN, HIS)
    office.clock.advance(timedelta(hours=2))
    office.passes(Direction.OUT, HIS)  # the B was read as an 8: two cars, one plate, nobody's bill yet
    assert (office.due(mine), office.due(his)) == (None, None)

    page = open_page(f"{office.url}/operator/#/desk", expect={401, 404, 409, 503}, width=1440, height=1000)
    page.set_default_timeout(PATIENT)
    OperatorPage(page).log_in("attendant", PASSWORD)
    row = page.locator("[data-case]")
    expect(row).to_have_count(1, timeout=PATIENT)
    expect(page.locator("body")).not_to_contain_text(MINE)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="领取")).to_be_visible(timeout=PATIENT)
    page.keyboard.press("Enter")
    expect(page.get_by_text("由您处理").first).to_be_visible(timeout=PATIENT)
    shown = page.locator("[data-candidate]")
    expect(shown).to_have_count(2, timeout=PATIENT)
    order = [one.get_attribute("data-candidate") for one in shown.all()]
    assert order == [his, mine], "likeliest first: the plate to the letter; the pictures say otherwise"
    folder = Path(request.config.getoption("--pictures") or tmp_path)
    page.screenshot(path=str(folder / "desk-real.png"))
    page.keyboard.press(str(order.index(mine) + 1))
    expect(page.get_by_role("dialog")).to_contain_text(
        "第 1 个候选要像得多", timeout=PATIENT
    )  # asked, for another fits better
    page.keyboard.press("Enter")
    expect(page.get_by_text("已处理：是这辆车")).to_be_visible(timeout=PATIENT)

    eventually(lambda: isinstance(office.stay(mine), ClosedStay))
    assert (office.due(mine), office.due(his)) == (1000, None)
    assert isinstance(office.stay(his), OpenStay)
    expect(row).to_have_count(1, timeout=PATIENT)  # what the driver has not paid is the next question
    page.keyboard.press("u")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Enter")
    eventually(lambda: isinstance(office.stay(mine), OpenStay))
    assert office.due(mine) is None
    assert office.application.database.read(ledger_store.verify).holds


@pytest.mark.req("DATA-2", "GATE-3")
def test_while_a_gate_box_is_cut_off_the_desk_says_that_an_exits_entry_may_not_be_known_yet(
    office: Office, open_page: OpenPage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    office.greet("edge-9")
    office.clock.advance(timedelta(hours=2))
    office.passes(Direction.OUT, HIS)
    page = open_page(f"{office.url}/operator/#/desk", expect={401, 404, 503}, width=1440, height=1000)
    page.set_default_timeout(PATIENT)
    OperatorPage(page).log_in("attendant", PASSWORD)
    expect(page.locator("[data-case]")).to_have_count(1, timeout=PATIENT)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("note")).to_contain_text("有岗亭断线", timeout=PATIENT)
    folder = Path(request.config.getoption("--pictures") or tmp_path)
    page.screenshot(path=str(folder / "desk-awaits.png"))
