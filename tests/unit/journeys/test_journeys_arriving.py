"""Coming in: proof of passage opens a stay at this moment's tariff, once, whatever order and however often boxes speak."""

from __future__ import annotations

from pathlib import Path

import pytest

from parking.access import service as access_service
from parking.access.snapshot import ListedAs, ListRow
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.events import CaseChanged, Direction, StayOpened
from parking.kernel.ids import StayId, VisitId
from parking.kernel.plate import Plate
from parking.sessions import cases
from parking.sessions.desk import store as desk_store
from parking.sessions.desk.model import Choice
from parking.sessions.model import ClosedStay, GhostStay, OpenStay, StayInReview
from tests.builders.corrections import Office
from tests.builders.journeys import ENTRY, EXIT, MORNING, OTHER_PLATE, PLATE, TARIFF, SiteStory, answer, passage


@pytest.mark.req("ID-1")
def test_a_proven_entry_opens_a_stay_whose_id_is_the_visits(site: SiteStory) -> None:
    stay_id = site.enter()
    found = site.stay(stay_id)
    assert isinstance(found, OpenStay)
    assert (found.entered_at, found.lane_id) == (MORNING, ENTRY)
    assert found.plate is not None
    assert found.plate.text == PLATE
    at, application = found.entered_at, site.application
    offered = application.database.read(lambda conn: application.cashier.current_tariff(conn, at))
    assert found.tariff_version == offered
    assert site.occupied()["b1"] == 1
    assert site.reasons() == []


def test_a_yes_of_the_lane_alone_opens_nothing(site: SiteStory) -> None:
    site.hear(answer(Direction.IN, site.visit()))
    assert (site.stays("open"), site.occupied()["b1"]) == ([], 0)


def test_the_same_event_from_a_box_with_a_new_file_changes_nothing(site: SiteStory) -> None:
    said = site.said(passage(Direction.IN, site.visit()))
    site.hand_in(said)
    site.application.drain()
    before = site.state_hash()
    assert site.hand_in(said, epoch="another file", first=1) == 1
    site.application.drain()
    assert site.state_hash() == before
    assert len(site.told(StayOpened)) == 1


@pytest.mark.req("ID-1")
def test_a_plate_that_is_inside_comes_in_again_and_only_the_earlier_stay_goes_to_a_person(site: SiteStory) -> None:
    first = site.enter()
    site.park(seconds=30)  # nobody is round so soon
    second = site.enter()
    assert isinstance(site.stay(first), StayInReview)
    assert isinstance(site.stay(second), OpenStay)
    assert [(c.reason, c.stay_id, c.visit_id) for c in site.cases()] == [("second_entry", first, VisitId(second))]
    assert site.copy_row("stay", second) is not None


def test_while_a_person_looks_at_one_of_two_stays_of_a_plate_neither_is_billed(site: SiteStory) -> None:
    first = site.enter()
    second = site.enter()
    site.park(hours=1)
    site.leave(decided_at=site.clock.now())
    assert isinstance(site.stay(second), OpenStay)
    assert isinstance(site.stay(first), StayInReview)
    assert (site.sums(first).due, site.sums(second).due) == (None, None)
    assert site.reasons() == ["exit_in_doubt", "second_entry"]


def test_a_stay_under_review_that_leaves_by_its_own_ticket_is_closed_without_a_bill(site: SiteStory) -> None:
    first = site.enter()
    site.enter()
    site.leave(stay=first, credential=Credential(CredentialKind.CODE, "ticket-0001"))
    assert isinstance(site.stay(first), ClosedStay)
    assert site.sums(first).due is None
    assert "review_stay_left" in site.reasons()


def test_a_car_without_a_plate_gets_its_stay_and_a_person_and_a_row_that_only_its_ticket_finds(site: SiteStory) -> None:
    stay_id = site.enter(None)
    assert isinstance(site.stay(stay_id), OpenStay)
    assert site.reasons() == ["entry_without_plate"]
    row = site.copy_row("stay", stay_id)
    assert row is not None
    assert (row["plate"], row.get("credentials")) == (None, None)
    assert site.occupied()["b1"] == 1


def test_a_car_that_nobody_let_in_is_inside_all_the_same_and_a_person_hears_of_it(site: SiteStory) -> None:
    stay_id = site.enter(authorised=False)
    assert isinstance(site.stay(stay_id), OpenStay)
    assert site.reasons() == ["unauthorised_entry"]


def test_who_drove_in_unread_and_unauthorised_is_one_question_about_his_stay(site: SiteStory) -> None:
    stay_id = site.enter(None, authorised=False)
    assert site.reasons() == ["unauthorised_entry"]
    [case] = site.database.read(desk_store.open_cases)
    assert case.stay_id == stay_id


@pytest.mark.req("GATE-3", "ID-1")
def test_an_exit_that_arrives_before_its_entry_waits_for_it_and_then_both_tell_one_stay(site: SiteStory) -> None:
    visit = site.visit()
    came = site.said(passage(Direction.IN, visit))  # edge-1 is cut off and keeps it
    site.park(hours=2)
    site.leave(box="edge-2")
    assert site.reasons() == ["exit_without_stay"]
    left = site.clock.now()
    site.park(minutes=30)
    site.hand_in(came)
    site.application.drain()
    stay = site.stay(StayId(visit))
    assert isinstance(stay, ClosedStay)
    assert (stay.entered_at, stay.exited_at, stay.exit_lane_id) == (MORNING, left, EXIT)
    assert site.sums(stay.id).due == site.sums(stay.id).debt == 1000
    assert site.reasons() == ["left_without_paying"]
    assert [c.note for c in site.cases("resolved")] == ["its entry arrived later"]
    assert (site.stays("open"), site.occupied()["b1"]) == ([], 0)


@pytest.mark.req("PAY-1", "ID-1")
def test_who_parks_free_owes_nothing_when_his_entry_is_told_after_his_exit(site: SiteStory) -> None:
    guest = ListRow(Plate(PLATE), ListedAs.VIP, "guest", None, None)
    site.database.write(lambda uow: access_service.put_on_list(uow, guest))
    visit = site.visit()
    came = site.said(passage(Direction.IN, visit))
    site.park(hours=2)
    site.leave(box="edge-2")
    site.hand_in(came)
    site.application.drain()
    sums = site.sums(StayId(visit))
    assert (sums.debt, sums.due, site.reasons()) == (0, sums.waived, [])
    site.check()


@pytest.mark.req("PAY-1", "ID-1")
def test_an_entry_that_is_told_after_its_exit_is_billed_until_the_exits_yes_and_not_until_it_had_passed(
    site: SiteStory,
) -> None:
    visit = site.visit()
    came = site.said(passage(Direction.IN, visit))
    site.park(hours=2)
    out = site.visit()
    site.hear(answer(Direction.OUT, out, PLATE), box="edge-2")
    site.park(minutes=2)
    site.hear(passage(Direction.OUT, out), box="edge-2")
    site.hand_in(came)
    site.application.drain()
    assert site.sums(StayId(visit)).due == 1000, "two minutes at the boom would be a third hour"


@pytest.mark.req("DATA-2")
def test_what_a_person_wrote_to_an_exit_stays_when_its_entry_is_told_at_last(site: SiteStory) -> None:
    came = site.said(passage(Direction.IN, site.visit()))
    site.park(hours=2)
    site.leave(box="edge-2")
    (case,) = site.cases()
    site.database.write(lambda uow: cases.resolve_case(uow, case.id, by="li", note="paid at the booth"))
    site.hand_in(came)
    site.application.drain()
    known = next(one for one in site.cases("resolved") if one.id == case.id)
    assert (known.resolved_by, known.note) == ("li", "paid at the booth")


def test_an_exit_of_this_morning_does_not_end_the_stay_of_this_afternoon(site: SiteStory) -> None:
    site.leave()
    site.park(hours=2)
    stay_id = site.enter()
    assert isinstance(site.stay(stay_id), OpenStay)
    assert site.reasons() == ["exit_without_stay"]


def test_of_two_waiting_exits_the_first_ends_the_late_entrys_stay_and_the_other_keeps_its_case(site: SiteStory) -> None:
    visit = site.visit()
    came = site.said(passage(Direction.IN, visit))
    first_out = site.park(hours=1)
    site.leave(box="edge-2")
    site.park(hours=1)
    site.leave(box="edge-2")
    site.hand_in(came)
    site.application.drain()
    stay = site.stay(StayId(visit))
    assert isinstance(stay, ClosedStay)
    assert stay.exited_at == first_out
    assert site.reasons() == ["exit_without_stay", "left_without_paying"]


@pytest.mark.req("ID-1")
def test_an_exit_that_arrives_after_the_plate_came_in_again_solves_the_riddle_of_the_earlier_stay(
    site: SiteStory,
) -> None:
    first = site.enter()
    visit, out_at = site.visit(), site.park(hours=1)
    went = site.said(
        passage(Direction.OUT, visit, stay=first), at=out_at, box="edge-2"
    )  # edge-2 is cut off and keeps it
    site.park(hours=13)
    second = site.enter()
    assert isinstance(site.stay(first), GhostStay)
    site.park(minutes=5)
    site.hand_in(went)
    site.application.drain()
    over = site.stay(first)
    assert isinstance(over, ClosedStay)
    assert (over.exited_at, site.sums(first).due) == (out_at, 600)
    assert isinstance(site.stay(second), OpenStay)
    assert site.reasons() == ["left_without_paying"]
    assert [one.rule for one in site.corrections(first)] == ["missed_exit_later_entry", "ghost_seen_leaving"]


@pytest.mark.parametrize("year", [1970, 2027])
def test_a_box_without_a_clock_opens_a_stay_that_a_person_looks_at_and_no_lane_prices(
    site: SiteStory, year: int
) -> None:
    stay_id = site.enter(at=MORNING.replace(year=year))
    assert isinstance(site.stay(stay_id), OpenStay)
    assert site.reasons() == ["entry_time_implausible"]
    assert site.copy_row("stay", stay_id) is None


@pytest.mark.req("FEE-1")
def test_a_stay_keeps_the_tariff_that_it_began_with(site: SiteStory, tmp_path: Path) -> None:
    dear = tmp_path / "tariff.yaml"
    dear.write_text(TARIFF.read_text(encoding="utf-8").replace("amount: 6.00", "amount: 9.00"), encoding="utf-8")
    early = site.enter(PLATE)
    site.restart(tariff=dear)
    late = site.enter(OTHER_PLATE)
    versions = {site.stay(s).tariff_version for s in (early, late)}
    assert len(versions) == 2
    at = site.park(hours=1)
    assert [site.due_at_the_lane(s, at - (at - MORNING) / 2) for s in (early, late)] == [600, 900]
    for plate in (PLATE, OTHER_PLATE):
        site.leave(plate, decided_at=at)
    assert [site.sums(s).due for s in (early, late)] == [600, 900]
    site.restart(tariff=TARIFF)  # and the dear one is still known to those who had it
    assert site.bill(late) == 900


@pytest.mark.req("ID-1")
def test_an_entry_that_is_told_late_answers_what_a_person_had_said_of_its_exit_and_every_desk_hears_of_it(
    site: SiteStory,
) -> None:
    visit = site.visit()
    came = site.said(passage(Direction.IN, visit))
    site.park(hours=1)
    site.leave(box="edge-2")
    office = Office(site)
    made = office.decide("exit_without_stay", Choice.NO_STAY, "entry_missed")
    site.hand_in(came)
    site.application.drain()
    assert isinstance(site.stay(StayId(visit)), ClosedStay)
    standing = site.database.read(lambda conn: desk_store.decision(conn, made.id))
    assert standing is not None
    assert (standing.undone_by, site.told(CaseChanged)[-1]["state"]) == ("system", "resolved")
