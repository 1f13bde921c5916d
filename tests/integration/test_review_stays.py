"""Found in review: passages that arrive late, numbers that are used twice, lists and clocks that nobody thought of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from parking.access import service as access_service
from parking.access.snapshot import ListedAs, ListRow
from parking.kernel.events import Direction
from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.plumbing.db import Database
from parking.sessions.model import ClosedStay, GhostStay, OpenStay
from tests.builders.journeys import OTHER_PLATE, PLATE, SiteStory, answer, passage


@pytest.fixture
def site(database: Database) -> Iterator[SiteStory]:
    """A fresh site; whatever its story was, in the end the books must balance."""
    story = SiteStory(database)
    yield story
    story.check()


@pytest.mark.req("GATE-3")
def test_an_entry_that_arrives_after_its_exit_does_not_disturb_the_plates_next_stay(site: SiteStory) -> None:
    came, visit = site.clock.now(), site.visit()
    site.park(minutes=10)
    site.leave(box="edge-2")
    site.park(hours=1)
    now_inside = site.enter(box="edge-2")
    site.hear(passage(Direction.IN, visit), at=came, box="edge-1")  # that box was cut off all the time
    assert isinstance(site.stay(now_inside), OpenStay)
    assert isinstance(site.stay(StayId(visit)), ClosedStay)
    assert site.copy_row("stay", now_inside) is not None
    assert site.reasons() == []


@pytest.mark.req("GATE-3")
def test_of_two_entries_of_one_plate_the_earlier_has_left_unseen_in_whatever_order_they_arrive(
    site: SiteStory,
) -> None:
    came, visit = site.clock.now(), site.visit()
    site.park(hours=13)
    now_inside = site.enter(box="edge-2")
    site.hear(passage(Direction.IN, visit), at=came, box="edge-1")
    assert isinstance(site.stay(now_inside), OpenStay)
    assert isinstance(site.stay(StayId(visit)), GhostStay)
    assert site.copy_row("stay", now_inside) is not None
    assert site.copy_row("stay", visit) is None
    assert site.reasons() == []


@pytest.mark.req("GATE-3")
def test_an_exit_that_arrives_late_does_not_end_a_stay_that_began_after_it(site: SiteStory) -> None:
    left = site.clock.now()
    site.park(hours=1)
    now_inside = site.enter(box="edge-2")
    site.leave(at=left, box="edge-1")  # let out by hand, from a lane that was cut off
    assert isinstance(site.stay(now_inside), OpenStay)
    assert site.reasons() == ["exit_without_stay"]


@pytest.mark.req("GATE-3")
def test_a_lane_with_an_old_copy_that_names_the_plates_last_stay_ends_the_one_that_is_open(site: SiteStory) -> None:
    first = site.enter()
    site.park(minutes=5)
    site.leave(stay=first)
    second = site.enter()
    site.park(minutes=5)
    site.leave(stay=first)  # the exit lane had not heard that the first one is over
    assert isinstance(site.stay(second), ClosedStay)
    assert site.reasons() == []


@pytest.mark.req("GATE-3")
def test_a_journal_that_was_set_back_and_gives_its_numbers_again_loses_no_stay(site: SiteStory) -> None:
    said = [site.said(passage(Direction.IN, site.visit(), f"浙A1000{n}")) for n in range(3)]
    assert site.hand_in(*said, first=1) == 3
    later = [site.said(passage(Direction.IN, site.visit(), f"浙A2000{n}")) for n in range(4)]
    assert site.hand_in(*later, first=2) == 5  # the disk lost 2 and 3 after they were acknowledged
    site.hand_in(*said, first=1)  # and an old batch once more is nothing new
    site.application.drain()
    assert len(site.stays("open")) == 7


@pytest.mark.req("FEE-1")
def test_whoever_leaves_on_the_allow_list_owes_nothing_and_nobody_is_asked(site: SiteStory) -> None:
    entry = ListRow(Plate(PLATE), ListedAs.ALLOW, "staff", None, None)
    site.database.write(lambda uow: access_service.put_on_list(uow, entry))
    stay_id = site.enter()
    site.park(hours=3)
    visit = site.visit()
    site.hear(answer(Direction.OUT, visit), passage(Direction.OUT, visit, stay=stay_id))
    sums = site.sums(stay_id)
    assert sums.due is not None
    assert sums.due == sums.waived > 0
    assert sums.debt == 0
    assert site.reasons() == []


@pytest.mark.req("FEE-1")
def test_the_allow_list_forgives_nobody_else_and_not_after_its_time(site: SiteStory) -> None:
    until = site.clock.now() + timedelta(hours=1)
    entry = ListRow(Plate(PLATE), ListedAs.ALLOW, "guest", None, until)
    site.database.write(lambda uow: access_service.put_on_list(uow, entry))
    guest, other = site.enter(), site.enter(OTHER_PLATE)
    site.park(hours=3)
    site.leave_by_hand()
    site.leave_by_hand(OTHER_PLATE)
    assert site.sums(guest).debt > 0
    assert site.sums(other).debt > 0


@pytest.mark.req("FEE-1")
def test_a_yes_that_was_taken_back_is_not_the_moment_of_the_price(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(minutes=14)
    visit = site.visit()
    site.hear(answer(Direction.OUT, visit))
    site.park(hours=2)  # it did not go; asked again, the lane says no, and a person opens
    site.hear(answer(Direction.OUT, visit, allowed=False, due=1000), passage(Direction.OUT, visit, stay=stay_id))
    assert site.sums(stay_id).debt == 1400


@pytest.mark.req("GATE-3")
def test_a_box_that_woke_up_in_1970_holds_nobody_up(site: SiteStory) -> None:
    stay_id = site.enter(at=datetime(1970, 1, 1, tzinfo=UTC))
    assert isinstance(site.stay(stay_id), OpenStay)
    assert site.copy_row("stay", stay_id) is None  # no lane prices half a century; a person does
    assert site.reasons() == ["entry_time_implausible"]


@pytest.mark.req("GATE-3")
def test_a_box_that_is_years_ahead_keeps_its_stay_and_a_person_hears_of_it(site: SiteStory) -> None:
    stay_id = site.enter(at=datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
    assert isinstance(site.stay(stay_id), OpenStay)
    assert site.copy_row("stay", stay_id) is None
    assert site.reasons() == ["entry_time_implausible"]
