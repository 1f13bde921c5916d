"""What the server gave up, in a real browser against the real server: a technician sees it, has it done again, or lets it be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from parking.kernel.events import Direction
from parking.kernel.ids import LaneId
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import bury
from tests.browser import look
from tests.browser.office import Office
from tests.browser.pages import OperatorPage
from tests.builders.journeys import envelope, passage
from tests.builders.security import PASSWORD
from tests.fixtures.browser import OpenPage

PATIENT = 30_000


def give_up(office: Office) -> None:
    """Stays failed at an entry again and again; counts failed at a lane that is not on the map."""
    now = office.application.database.clock.now()
    came = envelope(passage(Direction.IN, office.application.database.ids.new(now), "浙A12385"), now, number=77)
    nowhere = replace(passage(Direction.IN, "v1", None), lane_id=LaneId("no-such-lane"))

    def work(uow: UnitOfWork) -> None:
        bury(uow, "stays", came, "ValueError", 8)
        bury(uow, "counts", envelope(nowhere, now, number=78), "ParkingError lane.unknown", 8)

    office.application.database.write(work)
    office.application.given_up.watch.check()


@pytest.mark.req("DATA-2", "A11Y-1")
def test_a_technician_finds_what_was_given_up_has_one_done_again_and_lets_the_other_be(
    office: Office, open_page: OpenPage
) -> None:
    give_up(office)
    page = open_page(office.url + OperatorPage.path, locale="zh-CN", expect={401})
    console = OperatorPage(page)
    console.log_in("technician", PASSWORD)
    console.expect_live()
    server = page.locator("[data-device='server']")
    expect(server).to_contain_text("有事件或任务多次重试仍失败", timeout=PATIENT)
    server.get_by_role("link", name="查看").click()
    rows = page.locator("[data-given-up]")
    expect(rows).to_have_count(2, timeout=PATIENT)
    look.picture(page, "given-up-zh")
    assert look.wrong_with(page, smallest_px=40) == []
    stays = page.locator("[data-given-up^='stays:']")
    expect(stays).to_contain_text("停车与账单")
    stays.get_by_role("button", name="再试一次").click()
    expect(rows).to_have_count(1, timeout=PATIENT)
    rows.get_by_role("button", name="再试一次").click()
    expect(rows).to_contain_text("仍然失败", timeout=PATIENT)
    expect(rows).to_contain_text("试了 9 次")
    rows.get_by_role("button", name="不再重试").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("已无影响").check()
    look.picture(page, "given-up-let-be")
    assert look.question_wrong(page) == []
    dialog.get_by_role("button", name="不再重试").click()
    expect(page.get_by_text("没有未处理的事项")).to_be_visible(timeout=PATIENT)
    look.picture(page, "given-up-none")
    page.goto(office.url + OperatorPage.path)
    expect(page.locator("[data-device='server']")).not_to_contain_text("多次重试", timeout=PATIENT)
    expect(page.locator("[data-device='server']").get_by_role("link")).to_have_count(0)
