"""How stays go on when passages were misread, missed or doubled: by evidence, on record, and with a person only where nobody can tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from parking.access import service as access_service
from parking.access.snapshot import ListedAs, ListRow
from parking.bootstrap import rounds
from parking.bootstrap.desk import desk_of
from parking.bootstrap.measured import measured_costs
from parking.journeys import correcting, joining, pairing, taking_back
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.errors import ErrorKind, ParkingError, conflict
from parking.kernel.events import BarrierPulsed, Direction, VehicleBackedAway
from parking.kernel.ids import BayId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.plumbing.db import UnitOfWork
from parking.sessions import cases, evidence, finding
from parking.sessions.corrections import Correction
from parking.sessions.model import (
    ClosedStay,
    DoubtfulStay,
    GhostStay,
    LeavingStay,
    OpenStay,
    ParkedStay,
    StayInReview,
    SupersededStay,
)
from tests.builders.journeys import ENTRY, EXIT, OTHER_PLATE, PLATE, SiteStory, answer, passage

MISREAD = "浙A1234S"
TAG = Credential(CredentialKind.UHF, "E2801160")


def votes(*said: tuple[str, float], colour: str = "blue") -> Votes:
    return Votes.of(said, colour, "civil")


def inside(site: SiteStory) -> int:
    return site.occupied()["b1"]


def held_to_have_left(site: SiteStory) -> StayId:
    """A car for which the exit opened and which no loop felt go; the next one was right behind."""
    first = site.enter()
    site.enter(OTHER_PLATE)
    site.park(minutes=10)
    site.opened_for(Direction.OUT, stay=first)
    site.park(seconds=5)
    site.leave(OTHER_PLATE, decided_at=site.clock.now())
    return first


def typing(site: SiteStory, plate: str) -> StayId | None:
    """The stay that a kiosk shows for this plate."""
    costs, now = measured_costs(), site.clock.now()
    return site.database.read(lambda conn: pairing.stay_of_plate(conn, Plate(plate), costs, now))


# --- misreads --------------------------------------------------------------------------------------------------------


@pytest.mark.req("ID-1", "LPR-3")
def test_a_plate_misread_at_the_exit_ends_its_own_stay_and_is_billed_for_it(site: SiteStory) -> None:
    stay_id = site.enter(votes=votes((PLATE, 0.0)))
    site.park(hours=2)
    site.leave(MISREAD, votes=votes((MISREAD, 0.0), (PLATE, -2.5)))
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert (site.sums(stay_id).due, site.reasons()) == (1000, ["left_without_paying"])
    site.check()


@pytest.mark.req("ID-1")
def test_a_plate_misread_at_the_entry_is_found_by_what_the_entry_left_open(site: SiteStory) -> None:
    stay_id = site.enter(MISREAD, votes=votes((MISREAD, 0.0), (PLATE, -3.0)))
    site.leave(PLATE, votes=votes((PLATE, 0.0), (MISREAD, -9.0)), decided_at=site.park(minutes=10))
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert site.reasons() == []


@pytest.mark.req("ID-1")
def test_a_misread_that_is_another_cars_plate_to_the_letter_bills_neither(site: SiteStory) -> None:
    mine, his = (
        site.enter("浙A6688B", votes=votes(("浙A6688B", 0.0))),
        site.enter("浙A66888", votes=votes(("浙A66888", 0.0))),
    )
    site.park(hours=3)
    site.leave("浙A66888", votes=votes(("浙A66888", 0.0), ("浙A6688B", -4.0)))
    assert isinstance(site.stay(mine), OpenStay)
    assert isinstance(site.stay(his), OpenStay)
    assert site.reasons() == ["exit_in_doubt"]
    assert (site.sums(mine).due, site.sums(his).due) == (None, None)


@pytest.mark.req("ID-1")
def test_of_two_lookalikes_the_one_that_has_paid_is_the_one_at_the_exit_if_its_pictures_do_not_say_otherwise(
    site: SiteStory,
) -> None:
    mine, his = (
        site.enter("浙A6688B", votes=votes(("浙A6688B", 0.0))),
        site.enter("浙A66888", votes=votes(("浙A66888", 0.0))),
    )
    site.park(hours=1)
    assert site.pay(mine) == 600
    site.leave("浙A6688B", votes=votes(("浙A6688B", 0.0), ("浙A66888", -6.0)))
    assert isinstance(site.stay(mine), ClosedStay)
    assert isinstance(site.stay(his), OpenStay)
    assert site.reasons() == []


@pytest.mark.req("ID-1", "DATA-2")
def test_the_176_days_and_4405_yuan_for_two_hours_go_to_a_person_and_to_nobodys_wallet(site: SiteStory) -> None:
    """The drivers' complaint, as it happened: a similar plate had been open for 176 days and 4 hours."""
    ghost = site.enter("浙A12845", votes=votes(("浙A12845", 0.0)))
    site.park(days=176, hours=2)
    mine = site.enter("浙A12B45", votes=votes(("浙A12B45", 0.0)))
    site.park(hours=2)
    site.leave("浙A12845", votes=votes(("浙A12845", 0.0), ("浙A12B45", -3.0)))
    assert (site.sums(ghost).due, site.sums(mine).due) == (None, None)
    assert site.reasons() == ["exit_in_doubt"]
    with pytest.raises(ParkingError) as held:
        site.begin_payment(ghost)
    assert (held.value.kind, held.value.code) == (ErrorKind.CONFLICT, "payment.held")
    assert "charge_over_bound" in site.reasons()
    row = site.copy_row("stay", ghost)
    assert row is not None
    fresh = site.copy_row("stay", mine)
    assert fresh is not None
    (visit,) = [case.visit_id for case in site.cases() if case.reason == "exit_in_doubt"]
    assert visit is not None
    said = {"actor": "li", "reason": "the picture shows a B"}
    site.database.write(lambda uow: correcting.match_exit(uow, site.application.cashier, visit, mine, **said))
    site.application.drain()
    assert isinstance(site.stay(mine), ClosedStay)
    assert site.sums(mine).due == 1000
    site.check()


def test_a_stay_that_is_too_long_to_be_true_leaves_without_a_bill_and_with_a_case(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(days=40)
    site.leave()
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert (site.sums(stay_id).due, site.reasons()) == (None, ["charge_over_bound"])


@pytest.mark.req("ID-1")
def test_who_types_a_plate_whose_own_stay_was_ended_today_is_not_shown_his_lookalikes(site: SiteStory) -> None:
    """A person gave his stay to another exit by mistake; his plate is what the lookalike's entry left open."""
    mine = site.enter(PLATE, votes=votes((PLATE, 0.0), (MISREAD, -9.0)))
    his = site.enter(MISREAD, votes=votes((MISREAD, 0.0), (PLATE, -0.5)))
    site.park(minutes=10)
    cashier, said = site.application.cashier, {"actor": "li", "reason": "by mistake"}
    site.database.write(lambda uow: correcting.close_now(uow, cashier, mine, **said))
    site.application.drain()
    typed = [typing(site, PLATE), typing(site, MISREAD)]
    assert typed == [None, his]


def test_who_types_a_plate_that_only_the_entry_left_open_finds_his_stay(site: SiteStory) -> None:
    mine = site.enter(MISREAD, votes=votes((MISREAD, 0.0), (PLATE, -0.5)))
    assert typing(site, PLATE) == mine


# --- missed exits, double visits, ghosts -----------------------------------------------------------------------------


@pytest.mark.req("ID-1", "DATA-2")
def test_a_later_entry_of_the_same_plate_proves_a_missed_exit_and_no_one_pays_for_the_time_between(
    site: SiteStory,
) -> None:
    first = site.enter(votes=votes((PLATE, 0.0)))
    site.park(days=2)
    second = site.enter(votes=votes((PLATE, 0.0)))
    assert isinstance(site.stay(first), GhostStay)
    assert isinstance(site.stay(second), OpenStay)
    assert (site.reasons(), inside(site)) == ([], 1)
    (done,) = site.corrections(first)
    assert (done.rule, done.actor) == ("missed_exit_later_entry", "system")
    assert done.before is not None
    assert done.after is not None
    assert (done.before["state"], done.after["state"], done.evidence["later_entry"]) == ("open", "ghost", second)
    site.leave(decided_at=site.park(minutes=10))
    assert isinstance(site.stay(second), ClosedStay)
    assert (site.sums(first).due, site.sums(second).due) == (None, 0)
    site.check()


@pytest.mark.req("ID-1")
def test_two_short_visits_are_never_joined_into_a_long_one(site: SiteStory) -> None:
    first = site.enter()
    site.leave(None, authorised=False, at=site.park(minutes=10))  # nobody read it
    site.park(hours=5)
    second = site.enter()
    site.leave(decided_at=site.park(minutes=10))
    assert isinstance(site.stay(first), GhostStay)
    assert site.sums(second).due == 0


@pytest.mark.req("ID-1")
def test_an_exit_that_opened_and_saw_nobody_pass_is_when_the_car_left_once_it_comes_in_again(site: SiteStory) -> None:
    first = site.enter()
    yes = site.park(minutes=10)
    site.opened_for(Direction.OUT, stay=first)
    assert isinstance(site.stay(first), LeavingStay)
    site.park(days=1)
    site.enter()
    over = site.stay(first)
    assert isinstance(over, ClosedStay)
    assert (over.exited_at, over.exit_lane_id, site.sums(first).due) == (yes, EXIT, 0)
    assert (site.reasons(), inside(site)) == ([], 1)
    assert [one.rule for one in site.corrections(first)] == ["missed_exit_let_through"]


@pytest.mark.req("ID-1")
def test_a_vehicle_right_behind_proves_that_the_one_before_went_through(site: SiteStory) -> None:
    first = held_to_have_left(site)
    assert isinstance(site.stay(first), ClosedStay)
    assert [one.rule for one in site.corrections(first)] == ["missed_exit_queue_behind"]
    assert (site.reasons(), inside(site)) == ([], 0)


@pytest.mark.req("ID-1")
def test_an_unread_exit_after_it_is_not_taken_for_the_one_that_a_rule_had_worked_out(site: SiteStory) -> None:
    """Traced in a day of fleets: twenty minutes later its lookalike left, unread, and stayed inside in the books."""
    first, lookalike, _ = site.enter("浙B04888"), site.enter("浙BD4888"), site.enter("浙BQ4888")
    site.park(minutes=10)
    yes = site.clock.now()
    site.opened_for(Direction.OUT, stay=first)
    site.park(seconds=5)
    site.hear(answer(Direction.OUT, site.visit(), "浙BD4888", allowed=False))  # the next one on the loop
    over = site.stay(first)
    assert isinstance(over, ClosedStay)
    site.park(minutes=20)
    read = Votes.of([("浙BD4888", 0.0), ("浙B04888", -0.1)])
    site.leave(None, votes=read)
    assert site.stay(first) == over
    assert over.exited_at == yes
    assert (site.stay(lookalike).id, site.reasons()) == (lookalike, ["exit_in_doubt"]), "a person looks"


def test_who_was_wrongly_held_to_have_left_and_leaves_later_read_clearly_is_no_question(site: SiteStory) -> None:
    first = held_to_have_left(site)
    left = site.park(minutes=20)
    site.leave()
    over = site.stay(first)
    assert isinstance(over, ClosedStay)
    assert (over.exited_at, site.reasons()) == (left, [])
    assert [one.rule for one in site.corrections(first)] == ["missed_exit_queue_behind", "exit_arrived_late"]


@pytest.mark.req("ID-1")
def test_who_comes_again_unread_and_unfelt_and_leaves_with_the_ticket_of_that_visit_has_left_before_as_well(
    site: SiteStory,
) -> None:
    """Traced in a day of many faults: its first stay was drawn out to the end of the second, and what nobody paid was its driver's."""
    first = held_to_have_left(site)
    over = site.stay(first)
    site.park(hours=2)
    site.leave(stay="019cc6f2-0000-7000-8000-000000000000")  # what its ticket names never became a stay
    assert site.stay(first) == over
    assert site.reasons() == ["exit_without_stay"]


@pytest.mark.req("ID-1")
def test_a_car_is_found_by_its_own_plate_however_many_near_to_it_came_in_after_it(site: SiteStory) -> None:
    """Traced in a day of fleets: of all that were one sign apart the newest forty were weighed, and its own stay was none of them."""
    sure = ("沪C0MX88", -10.0)
    own = site.enter("沪C03B88", votes=votes(("沪C03B88", 0.0), sure))
    site.park(minutes=1)
    for place in range(2, 7):
        for sign in "245679ACEJ":
            near = "沪C03B88"[:place] + sign + "沪C03B88"[place + 1 :]
            site.enter(near, votes=votes((near, 0.0), (f"{near[:-1]}X", -10.0)))
    site.park(hours=1)
    site.leave("沪C03B88", votes=votes(("沪C03B88", 0.0), sure))
    assert isinstance(site.stay(own), ClosedStay)
    assert "exit_in_doubt" not in site.reasons()


def test_nor_is_it_hidden_by_many_that_left_its_plate_open(site: SiteStory) -> None:
    """They share more keys with an exit that leaves the same open than the car itself, whose entry was sure."""
    own = site.enter("浙A12345", votes=votes(("浙A12345", 0.0), ("浙A12B45", -10.0)))
    site.park(minutes=1)
    for province in "京津沪渝冀豫云辽黑湘皖鲁新苏赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼":
        for end in "SZ":
            near = f"{province}A1234{end}"
            site.enter(
                near,
                votes=votes(
                    (near, 0.0), (f"{province}A12345", -2.0), (f"{province}A1234{'SZ'.replace(end, '')}", -3.0)
                ),
            )
    texts = ["浙A12345", "浙A1234S", "浙A1234Z"]
    assert own in site.database.read(lambda conn: [row.id for row in finding.near(conn, texts)])


def test_a_rule_is_not_held_to_have_erred_across_a_later_visit_of_its_plate(site: SiteStory) -> None:
    """It came again, left, and leaves once more after an entry that nobody saw: that is a question."""
    first = held_to_have_left(site)
    over = site.stay(first)
    site.park(hours=2)
    site.enter()
    site.park(minutes=10)
    site.leave()
    site.park(hours=3)
    site.leave()
    assert site.stay(first) == over
    assert "exit_without_stay" in site.reasons()


def test_a_vehicle_much_later_proves_nothing_the_one_before_may_have_driven_back(site: SiteStory) -> None:
    first = site.enter()
    site.enter(OTHER_PLATE)
    site.park(minutes=5)
    site.opened_for(Direction.OUT, stay=first)
    site.leave(OTHER_PLATE, decided_at=site.park(minutes=2))
    assert isinstance(site.stay(first), LeavingStay)


@pytest.mark.req("ID-1")
def test_an_exit_that_a_person_opened_and_no_loop_felt_is_a_question_with_its_stay_first(site: SiteStory) -> None:
    mine, his = site.enter(), site.enter(OTHER_PLATE)
    opened = site.park(hours=2)
    visit = site.leave_by_hand(felt=False)
    assert isinstance(site.stay(mine), OpenStay), "it may as well have driven back"
    (case,) = site.cases()
    assert (case.reason, case.visit_id, inside(site)) == ("exit_unproven", visit, 2)
    ranked = site.database.read(lambda conn: desk_of(site.application).rank(conn, case)).candidates
    assert ranked[0].stay_id == mine
    cashier, said = site.application.cashier, {"actor": "li", "reason": "the video shows it leave"}
    site.database.write(lambda uow: correcting.match_exit(uow, cashier, VisitId(visit), mine, **said))
    site.application.drain()
    over = site.stay(mine)
    assert isinstance(over, ClosedStay)
    assert (over.exited_at, site.sums(mine).due, inside(site)) == (opened, 1000, 1)
    assert isinstance(site.stay(his), OpenStay)
    site.check()


def test_a_car_let_out_by_hand_and_felt_by_no_loop_has_left_when_its_plate_comes_in_again(site: SiteStory) -> None:
    first = site.enter(votes=votes((PLATE, 0.0)))
    left = site.park(hours=1)
    site.leave_by_hand(felt=False)
    site.park(days=1)
    second = site.enter(votes=votes((PLATE, 0.0)))
    over = site.stay(first)
    assert isinstance(over, ClosedStay)
    assert (over.exited_at, inside(site)) == (left, 1), "its way out is counted, once"
    assert isinstance(site.stay(second), OpenStay)
    assert "exit_unproven" not in site.reasons()
    site.check()


def test_a_car_that_a_person_saw_drive_back_has_not_left_by_that_exit(site: SiteStory) -> None:
    first = site.enter(votes=votes((PLATE, 0.0)))
    site.park(hours=1)
    site.leave_by_hand(felt=False)
    (case,) = site.cases()
    site.database.write(lambda uow: cases.resolve_case(uow, case.id, by="li", note="drove_back"))
    site.park(hours=1)
    site.enter(votes=votes((PLATE, 0.0)))
    assert not isinstance(site.stay(first), ClosedStay)


def test_a_misread_exit_that_waited_with_a_person_is_found_when_the_plate_comes_in_again(site: SiteStory) -> None:
    first = site.enter(MISREAD, votes=votes((MISREAD, 0.0), (PLATE, -9.0)))
    rival = site.enter("浙A1Z345", votes=votes(("浙A1Z345", 0.0)))
    left = site.park(minutes=12)
    site.leave(PLATE, votes=votes((PLATE, 0.0), (MISREAD, -9.0), ("浙A1Z345", -0.5)))
    if isinstance(site.stay(first), OpenStay):
        site.park(days=1)
        site.enter(MISREAD, votes=votes((MISREAD, 0.0)))
        over = site.stay(first)
        assert isinstance(over, ClosedStay)
        assert over.exited_at == left
    assert isinstance(site.stay(rival), OpenStay)


@pytest.mark.req("ID-1")
def test_who_has_paid_and_comes_again_has_left_at_the_price_that_he_paid(site: SiteStory) -> None:
    first = site.enter()
    site.park(hours=1)
    assert site.pay(first) == 600
    site.park(days=1)
    site.enter()
    sums = site.sums(first)
    assert isinstance(site.stay(first), ClosedStay)
    assert (sums.due, sums.captured, sums.debt, site.reasons()) == (600, 600, 0, [])


@pytest.mark.req("ID-1")
def test_the_same_plate_in_two_places_is_a_cloned_one_and_a_person_decides(site: SiteStory) -> None:
    first = site.enter(votes=votes((PLATE, 0.0)))
    at = site.park(hours=1)
    site.database.write(lambda uow: evidence.see_parked(uow, first, BayId("b1-007"), at))
    assert isinstance(site.stay(first), ParkedStay)
    site.park(minutes=1)
    second = site.enter(votes=votes((PLATE, 0.0)))
    assert isinstance(site.stay(first), StayInReview)
    assert isinstance(site.stay(second), OpenStay)
    assert [(case.reason, case.stay_id) for case in site.cases()] == [("cloned_plate", first)]


def test_a_plate_of_another_colour_is_another_car(site: SiteStory) -> None:
    first = site.enter(votes=votes((PLATE, 0.0)))
    site.park(hours=1)
    site.enter(votes=votes((PLATE, 0.0), colour="green"))
    assert site.reasons() == ["cloned_plate"]
    assert isinstance(site.stay(first), StayInReview)


@pytest.mark.req("ID-1")
def test_a_read_that_leaves_a_lookalike_open_expires_nobody_who_is_present(site: SiteStory) -> None:
    first = site.enter(votes=votes((PLATE, 0.0)))
    site.park(hours=1)
    site.enter(votes=votes((PLATE, 0.0), (MISREAD, -3.0)))
    assert isinstance(site.stay(first), StayInReview)
    assert site.reasons() == ["second_entry"]


@pytest.mark.req("ID-1")
def test_where_a_lookalike_has_been_here_before_a_second_entry_alone_expires_nobody(site: SiteStory) -> None:
    site.enter("浙A66888", votes=votes(("浙A66888", 0.0)))
    site.leave("浙A66888", decided_at=site.park(minutes=5), votes=votes(("浙A66888", 0.0)))
    first = site.enter("浙A6688B", votes=votes(("浙A6688B", 0.0)))
    site.park(hours=1)
    site.enter("浙A6688B", votes=votes(("浙A6688B", 0.0)))
    assert isinstance(site.stay(first), StayInReview)
    assert site.reasons() == ["second_entry"]


@pytest.mark.req("ID-1", "DATA-2")
def test_a_ghost_whose_exit_arrives_late_is_revived_and_billed_as_if_it_had_been_on_time(site: SiteStory) -> None:
    site.enter(OTHER_PLATE)
    first = site.enter()
    left = site.park(hours=1)
    site.park(hours=13)
    second = site.enter(box="edge-2")
    assert isinstance(site.stay(first), GhostStay)
    visit = site.leave(stay=first, at=left, box="edge-3")
    site.greet("edge-1", "edge-2")
    site.stop_waiting()
    over = site.stay(first)
    assert isinstance(over, ClosedStay)
    assert (over.exited_at, site.sums(first).due) == (left, 600)
    assert isinstance(site.stay(second), OpenStay)
    made, undone = site.corrections(first)
    assert (undone.rule, undone.undoes, undone.evidence["exit_visit"]) == ("ghost_seen_leaving", made.id, visit)
    assert made.undone_by == undone.id
    assert inside(site) == 2
    site.check()


@pytest.mark.req("ID-1", "DATA-2")
def test_where_two_cars_of_one_plate_may_be_inside_neither_is_billed_for_the_other(site: SiteStory) -> None:
    first = site.enter()
    site.park(hours=3)
    second = site.enter()
    site.park(hours=1)
    assert isinstance(site.stay(first), StayInReview)
    row = site.copy_row("stay", first)
    assert row is not None
    assert (row["doubtful"], row["prices"]) == (True, []), "no exit lane takes one for the other"
    visit = site.leave()
    assert isinstance(site.stay(second), OpenStay)
    assert (site.sums(first).due, site.sums(second).due) == (None, None)
    assert sorted(site.reasons()) == ["exit_in_doubt", "second_entry"]
    said = {"actor": "li", "reason": "the picture"}
    cashier = site.application.cashier
    site.database.write(lambda uow: correcting.match_exit(uow, cashier, VisitId(visit), second, **said))
    site.application.drain()
    assert site.sums(second).due == 600
    site.check()


@pytest.mark.req("ID-1", "DATA-2")
def test_an_exit_that_arrives_after_its_plate_came_in_again_answers_the_question_and_is_billed(site: SiteStory) -> None:
    first = site.enter()
    left = site.park(hours=1)
    site.park(hours=1)
    second = site.enter(box="edge-2")
    assert (isinstance(site.stay(first), StayInReview), site.reasons()) == (True, ["second_entry"])
    site.leave(stay=first, at=left, box="edge-3")
    site.stop_waiting()
    assert isinstance(site.stay(first), ClosedStay)
    assert isinstance(site.stay(second), OpenStay)
    assert (site.sums(first).due, site.reasons()) == (600, ["left_without_paying"])
    assert [one.rule for one in site.corrections(first)] == ["exit_found_late"]
    assert inside(site) == 1
    site.check()


@pytest.mark.req("ID-1")
def test_of_two_cars_the_one_whose_read_leaves_another_plate_open_is_taken_to_be_that_one(site: SiteStory) -> None:
    first = site.enter(votes=votes((PLATE, 0.0), ("浙A1Z345", -9.0)))
    site.park(hours=1)
    second = site.enter(votes=votes((PLATE, 0.0), (MISREAD, -0.5)))
    later, earlier = site.stay(second), site.stay(first)
    assert isinstance(later, OpenStay)
    assert isinstance(earlier, OpenStay)
    assert (later.plate, earlier.plate, site.reasons()) == (Plate(MISREAD), Plate(PLATE), [])
    (made,) = site.corrections(second)
    assert made.rule == "read_as_next_spelling"
    site.park(minutes=10)
    site.leave(MISREAD, votes=votes((MISREAD, 0.0), ("浙A1Z34S", -9.5)), decided_at=site.clock.now())
    assert isinstance(site.stay(second), ClosedStay)
    assert isinstance(site.stay(first), OpenStay)


@pytest.mark.req("ID-1", "DATA-2")
def test_a_stay_that_a_person_gave_to_the_wrong_exit_is_taken_back_when_its_own_car_leaves(site: SiteStory) -> None:
    mine, his = site.enter("浙A6688B"), site.enter("浙A66888")
    site.park(hours=2)
    wrong = site.leave("浙A66888")
    cashier, said = site.application.cashier, {"actor": "li", "reason": "looks right"}
    site.database.write(lambda uow: correcting.match_exit(uow, cashier, VisitId(wrong), his, **said))
    site.application.drain()
    site.park(hours=1)
    right = site.leave("浙A66888")
    site.database.write(lambda uow: correcting.match_exit(uow, cashier, VisitId(right), his, **said))
    site.application.drain()
    over = site.stay(his)
    assert isinstance(over, ClosedStay)
    assert over.exited_at == site.clock.now()
    assert isinstance(site.stay(mine), OpenStay)
    assert [case.visit_id for case in site.cases() if case.reason == "exit_in_doubt"] == [wrong], "whose was it, then?"
    site.check()


@pytest.mark.req("ID-1")
def test_ghosts_end_by_a_patrol_that_did_not_find_them_never_by_the_time_of_night(site: SiteStory) -> None:
    gone, seen, young = site.enter("浙A00001"), site.enter("浙A00002"), None
    began = site.park(days=3)
    site.application.rounds  # noqa: B018 - whatever the rounds do, age alone ends no stay
    assert isinstance(site.stay(gone), OpenStay)
    site.park(minutes=5)
    young = site.enter("浙A00003")
    ended = site.park(minutes=20)
    site.database.write(lambda uow: evidence.see_parked(uow, seen, BayId("b2-1"), began + timedelta(minutes=3)))
    over = site.database.write(lambda uow: evidence.expire_unfound(uow, began, ended, {seen}, None))
    site.application.drain()
    assert over == [gone]
    assert isinstance(site.stay(gone), GhostStay)
    assert isinstance(site.stay(seen), ParkedStay)
    assert isinstance(site.stay(young), OpenStay)
    assert site.copy_row("stay", gone) is None
    site.database.write(lambda uow: evidence.see_parked(uow, gone, BayId("b2-9"), ended))
    site.application.drain()
    assert isinstance(site.stay(gone), ParkedStay), "it stood there all the time"
    assert site.copy_row("stay", gone) is not None
    assert inside(site) == 3


# --- missed entries, backing out -------------------------------------------------------------------------------------


@pytest.mark.req("ID-1")
def test_an_entry_whose_loop_missed_the_car_is_proved_by_its_exit_and_billed_from_when_it_must_have_been_inside(
    site: SiteStory,
) -> None:
    visit = site.opened_for(Direction.IN)
    doubtful = site.stay(StayId(visit))
    assert isinstance(doubtful, DoubtfulStay)
    assert (site.reasons(), inside(site)) == ([], 0)
    row = site.copy_row("stay", visit)
    assert row is not None
    assert row["doubtful"] is True, "the exit lanes can price it"
    site.park(hours=2)
    site.leave(stay=visit)
    over = site.stay(StayId(visit))
    assert isinstance(over, ClosedStay)
    assert over.entered_at == doubtful.entered_at
    assert site.sums(over.id).due == 1000
    assert [one.rule for one in site.corrections(over.id)] == ["entry_in_doubt", "missed_entry"]
    assert inside(site) == 0
    site.check()


@pytest.mark.req("ID-1", "PAY-1")
def test_a_back_away_that_is_told_after_an_exit_bills_nobody_by_itself(site: SiteStory) -> None:
    """That exit may be of a later visit, or of another car: a person has it, and nothing here has proved an entry."""
    visit, let_in_at = site.visit(), site.clock.now()
    site.park(hours=2)
    site.leave(stay=None)
    pulse = BarrierPulsed(ENTRY, VisitId(visit), True, "rule", "paid")
    site.hear(answer(Direction.IN, visit, PLATE), pulse, VehicleBackedAway(ENTRY, VisitId(visit)), at=let_in_at)
    assert isinstance(site.stay(StayId(visit)), DoubtfulStay)
    assert (site.sums(StayId(visit)).due, site.reasons()) == (None, ["exit_without_stay"])
    site.check()


@pytest.mark.req("ID-1", "PRIV-1")
def test_an_entry_that_nothing_proves_is_given_up_after_a_week_and_its_plate_is_not_kept_for_ever(
    site: SiteStory,
) -> None:
    visit = site.opened_for(Direction.IN)
    site.park(days=6)
    site.database.write(evidence.give_up_doubts)
    assert isinstance(site.stay(StayId(visit)), DoubtfulStay)
    site.park(days=1, minutes=1)
    site.database.write(evidence.give_up_doubts)
    site.application.drain()
    assert isinstance(site.stay(StayId(visit)), GhostStay)
    assert site.corrections(StayId(visit))[-1].rule == "entry_never_proved"
    assert site.copy_row("stay", visit) is None, "no exit asks its price any more"
    assert (inside(site), site.reasons()) == (0, [])
    site.check()
    site.park(days=366)
    rounds.purge(site.database)
    given_up = site.stay(StayId(visit))
    assert given_up is not None
    assert given_up.plate is None


@pytest.mark.req("ID-1")
def test_an_entry_that_was_given_up_too_soon_lives_again_when_its_car_is_seen(site: SiteStory) -> None:
    visit = site.opened_for(Direction.IN)
    site.park(days=8)
    site.database.write(evidence.give_up_doubts)
    bay, seen_at = BayId("b2-1"), site.clock.now()
    site.database.write(lambda uow: evidence.see_parked(uow, StayId(visit), bay, seen_at))
    site.application.drain()
    assert isinstance(site.stay(StayId(visit)), ParkedStay)
    assert inside(site) == 1
    site.check()


@pytest.mark.req("ID-1", "GATE-3")
def test_an_entrys_ruling_that_is_told_late_takes_away_no_entry_that_came_after_it(site: SiteStory) -> None:
    old, ruled_at = site.visit(), site.clock.now()
    site.park(days=2)
    visit = site.opened_for(Direction.IN)
    site.hear(answer(Direction.IN, old, PLATE), at=ruled_at)
    assert isinstance(site.stay(StayId(visit)), DoubtfulStay)


@pytest.mark.req("ID-1", "FIND-1")
def test_a_sighting_that_is_told_late_does_not_put_a_car_back_into_the_bay_it_left(site: SiteStory) -> None:
    stay_id, came = site.enter(), site.clock.now()
    for bay, hours in (("b2-2", 2), ("b2-1", 1)):
        seen_at = came + timedelta(hours=hours)
        site.database.write(lambda uow, bay=bay, at=seen_at: evidence.see_parked(uow, stay_id, BayId(bay), at))  # type: ignore[misc]
    parked = site.stay(stay_id)
    assert isinstance(parked, ParkedStay)
    assert (parked.bay_id, parked.seen_at) == ("b2-2", came + timedelta(hours=2))


@pytest.mark.req("ID-1", "PAY-1")
def test_seconds_before_the_boom_cost_nobody_an_hour_whose_passage_no_loop_felt(site: SiteStory) -> None:
    let_in_at, visit = site.clock.now(), site.visit()
    site.hear(answer(Direction.IN, visit, PLATE), BarrierPulsed(ENTRY, VisitId(visit), True, "rule", "paid"))
    site.hear(VehicleBackedAway(ENTRY, VisitId(visit)), at=site.park(seconds=3))
    site.park(hours=2, seconds=57)
    left_at = site.clock.now()
    assert left_at - let_in_at == timedelta(hours=2, minutes=1)
    out = site.visit()
    site.hear(answer(Direction.OUT, out, PLATE, allowed=False, stay=visit, due=1000))
    assert site.pay(StayId(visit)) == 1000, "a minute more would be a third hour"


@pytest.mark.req("ID-1", "PAY-1")
def test_who_stands_at_an_exit_has_come_in_whatever_the_entry_felt_and_can_pay_there(site: SiteStory) -> None:
    stay_id = StayId(site.opened_for(Direction.IN))
    site.park(hours=2)
    out = site.visit()
    site.hear(answer(Direction.OUT, out, PLATE, allowed=False, stay=stay_id, due=1000))
    assert isinstance(site.stay(stay_id), OpenStay)
    row = site.copy_row("stay", stay_id)
    assert row is not None
    assert "doubtful" not in row
    assert (site.pay(stay_id), inside(site), site.reasons()) == (1000, 1, [])
    site.hear(answer(Direction.OUT, out, PLATE, stay=stay_id), passage(Direction.OUT, out, PLATE, stay=stay_id))
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert [one.rule for one in site.corrections(stay_id)] == ["entry_in_doubt", "missed_entry"]
    assert inside(site) == 0
    site.check()


@pytest.mark.req("ID-1")
def test_neither_another_plate_at_the_exit_nor_one_whose_car_is_inside_proves_an_entry_in_doubt(
    site: SiteStory,
) -> None:
    in_doubt = site.opened_for(Direction.IN)
    site.hear(answer(Direction.OUT, site.visit(), OTHER_PLATE, allowed=False, stay=in_doubt, due=600))
    site.hear(answer(Direction.OUT, site.visit(), None, allowed=False, stay=in_doubt, due=600))
    assert isinstance(site.stay(StayId(in_doubt)), DoubtfulStay)
    site.enter()
    site.hear(answer(Direction.OUT, site.visit(), PLATE, allowed=False, stay=in_doubt, due=600))
    assert isinstance(site.stay(StayId(in_doubt)), DoubtfulStay)


@pytest.mark.req("ID-1", "GATE-2")
def test_the_ticket_of_a_car_that_went_back_opens_no_exit_for_another(site: SiteStory) -> None:
    """A plate cannot be handed on, a ticket can: to let it prove that its car came in would let a car of nine hours go for nothing."""
    inside_for_hours = site.enter()
    site.park(hours=9)
    ticket = StayId(site.opened_for(Direction.IN, None))
    site.hear(answer(Direction.OUT, site.visit(), None, allowed=False, stay=ticket, due=0))
    assert site.copy_row("stay", ticket) is None
    assert (site.stays("doubtful"), site.due_at_the_lane(inside_for_hours, site.clock.now())) == ([], 3800)


@pytest.mark.req("ID-1")
def test_who_backs_out_of_an_open_entry_and_comes_again_has_one_stay(site: SiteStory) -> None:
    visit = site.opened_for(Direction.IN)
    site.park(minutes=3)
    second = site.enter_as_told()
    assert isinstance(site.stay(StayId(visit)), SupersededStay)
    assert isinstance(site.stay(second), OpenStay)
    assert (site.copy_row("stay", visit), site.reasons(), inside(site)) == (None, [], 1)


def test_who_backs_out_of_a_closed_entry_has_none(site: SiteStory) -> None:
    site.back_away(Direction.IN)
    assert site.stays("doubtful") == []


# --- cars without plates, changed plates -----------------------------------------------------------------------------


@pytest.mark.req("ID-1", "GATE-2")
def test_a_car_without_a_plate_leaves_by_the_ticket_that_names_its_stay(site: SiteStory) -> None:
    first, second = site.enter(None), site.enter(None)
    site.park(minutes=10)
    site.leave(None, stay=second)
    assert isinstance(site.stay(first), OpenStay)
    assert isinstance(site.stay(second), ClosedStay)


@pytest.mark.req("ID-1", "GATE-2")
def test_a_plate_that_was_changed_inside_is_told_by_the_tag_that_brought_it_in(site: SiteStory) -> None:
    stay_id = site.enter(None, credential=TAG)
    site.park(minutes=10)
    site.leave("沪C99999", credential=TAG, stay=stay_id)
    assert isinstance(site.stay(stay_id), ClosedStay)


def test_a_tractor_and_its_trailer_are_one_stay_by_whatever_plate_is_read_if_a_ticket_names_it(site: SiteStory) -> None:
    stay_id = site.enter("浙A12345", votes=Votes.lone("浙A12345", "yellow", "civil"))
    site.park(minutes=10)
    site.leave(
        "浙A1234挂",
        stay=stay_id,
        credential=Credential(CredentialKind.CODE, "ticket-0001"),
        votes=Votes.lone("浙A1234挂", "yellow", "trailer"),
    )
    assert isinstance(site.stay(stay_id), ClosedStay)


# --- people ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("ID-1", "DATA-2")
def test_a_correction_is_taken_back_and_its_bill_by_a_counter_entry(site: SiteStory) -> None:
    mine, his = site.enter("浙A6688B"), site.enter("浙A66888")
    site.park(hours=2)
    site.leave("浙A66888")
    (case,) = site.cases()
    assert (case.reason, case.visit_id is not None) == ("exit_in_doubt", True)
    cashier = site.application.cashier
    said = {"actor": "li", "reason": "looks right"}
    visit = VisitId(str(case.visit_id))
    made = site.database.write(lambda uow: correcting.match_exit(uow, cashier, visit, his, **said))
    site.application.drain()
    assert site.sums(his).due == 1000
    site.database.write(lambda uow: taking_back.undo(uow, cashier, made, actor="wang", reason="the other picture"))
    site.application.drain()
    assert isinstance(site.stay(his), OpenStay)
    assert (site.sums(his).due, site.sums(his).debt) == (None, 0)
    assert "exit_in_doubt" in site.reasons()
    assert site.copy_row("stay", his) is not None
    with pytest.raises(ParkingError, match="already"):
        site.database.write(lambda uow: taking_back.undo(uow, cashier, made, **said))
    site.database.write(lambda uow: correcting.match_exit(uow, cashier, visit, mine, **said))
    site.application.drain()
    assert (site.sums(mine).due, site.sums(his).due) == (1000, None)
    assert [one.actor for one in site.corrections(his)] == ["li", "wang"]
    site.check()


def test_one_visit_that_was_two_is_split_and_two_that_were_one_are_merged(site: SiteStory) -> None:
    cashier, came = site.application.cashier, site.clock.now()
    said = {"actor": "li", "reason": "two visits"}
    joined = site.enter()
    site.leave(at=site.park(hours=10))
    assert site.sums(joined).due == 4000 - 200 or site.sums(joined).due is not None
    left, again = came + timedelta(hours=1), came + timedelta(hours=9)
    first, second = site.database.write(lambda uow: joining.split(uow, cashier, joined, left, again, **said))
    site.application.drain()
    assert isinstance(site.stay(joined), SupersededStay)
    assert (site.sums(joined).due, site.sums(first).due, site.sums(second).due) == (None, 600, 600)
    site.database.write(lambda uow: joining.merge(uow, cashier, second, first, actor="li", reason="no, one"))
    site.application.drain()
    over = site.stay(first)
    assert isinstance(over, ClosedStay)
    assert over.exited_at == came + timedelta(hours=10)
    assert (site.sums(second).due, site.stay(second)) == (None, site.stay(second))
    assert isinstance(site.stay(second), SupersededStay)
    site.check()


def test_a_plate_that_a_person_reads_from_the_picture_finds_its_stay(site: SiteStory) -> None:
    stay_id = site.enter("沪C99999")
    said = {"actor": "li", "reason": "the picture"}
    cashier = site.application.cashier
    made = site.database.write(lambda uow: correcting.reread(uow, cashier, stay_id, Plate(PLATE), **said))
    site.application.drain()
    row = site.copy_row("stay", stay_id)
    assert row is not None
    assert row["plate"] == PLATE
    site.database.write(lambda uow: taking_back.undo(uow, site.application.cashier, made, **said))
    site.application.drain()
    undone = site.stay(stay_id)
    assert isinstance(undone, OpenStay)
    assert undone.plate == Plate("沪C99999")


@pytest.mark.req("DATA-2")
def test_a_bill_beyond_what_is_plausible_is_booked_when_a_person_says_that_it_is_true(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(days=40)
    site.leave()
    cashier = site.application.cashier
    made = site.database.write(
        lambda uow: correcting.bill_is_true(uow, cashier, stay_id, actor="li", reason="checked on video")
    )
    site.application.drain()
    due = site.sums(stay_id).due
    assert due is not None
    assert due > 0
    assert "left_without_paying" in site.reasons()
    site.database.write(lambda uow: taking_back.undo(uow, cashier, made, actor="li", reason="the other video"))
    site.application.drain()
    assert (site.sums(stay_id).due, site.sums(stay_id).debt) == (None, 0)
    site.check()


def test_what_has_changed_since_is_not_taken_back(site: SiteStory) -> None:
    first = site.enter()
    site.park(days=1)
    site.enter()
    (made,) = site.corrections(first)
    with pytest.raises(ParkingError, match="inside by another stay"):
        site.database.write(
            lambda uow: taking_back.undo(uow, site.application.cashier, made.id, actor="li", reason="it is here")
        )


def test_who_parks_free_parks_free_though_his_plate_was_misread_at_the_exit(site: SiteStory) -> None:
    guest = ListRow(Plate(PLATE), ListedAs.VIP, "guest", None, None)
    site.database.write(lambda uow: access_service.put_on_list(uow, guest))
    stay_id = site.enter(votes=votes((PLATE, 0.0)))
    site.park(hours=3)
    site.leave(MISREAD, votes=votes((MISREAD, 0.0), (PLATE, -2.5)))
    assert (site.sums(stay_id).debt, site.reasons()) == (0, [])


def a_day_later(site: SiteStory, *, heard: bool = True) -> int:
    """A day goes by, in which the gates tell everything, and the server looks for those whom an exit let out."""
    site.park(days=1, minutes=1)
    look = rounds.LetOut(site.database, site.application.cashier).look
    if heard:
        site.fault("sensor")
    ended = look() + look()  # the second goes by what had been told at the first
    site.application.drain()
    return ended


def let_out(site: SiteStory, plate: str = PLATE) -> tuple[StayId, datetime]:
    """A car comes, an exit opens for it within the free minutes, and its loops do not feel it go; when that was."""
    stay_id = site.enter(plate)
    yes = site.park(minutes=10)
    site.opened_for(Direction.OUT, plate, stay=stay_id)
    return stay_id, yes


@pytest.mark.req("ID-1", "DATA-2")
def test_whom_an_exit_let_out_and_nobody_saw_for_a_day_left_then_and_is_counted_out(site: SiteStory) -> None:
    stay_id, yes = let_out(site)
    site.park(hours=23)
    site.fault("sensor")
    look = rounds.LetOut(site.database, site.application.cashier).look
    assert (look(), look()) == (0, 0)
    assert (a_day_later(site), inside(site)) == (1, 0)
    over = site.stay(stay_id)
    assert isinstance(over, ClosedStay)
    assert (over.exited_at, over.exit_lane_id, site.sums(stay_id).due) == (yes, EXIT, 0)
    assert [one.rule for one in site.corrections(stay_id)] == ["missed_exit_not_seen_since"]
    assert site.copy_row("stay", stay_id) is None
    site.check()


@pytest.mark.req("ID-1")
def test_while_a_gate_has_not_told_everything_its_silence_ends_no_stay(site: SiteStory) -> None:
    stay_id, _ = let_out(site)
    assert (a_day_later(site, heard=False), isinstance(site.stay(stay_id), LeavingStay)) == (0, True)


@pytest.mark.req("ID-1")
@pytest.mark.parametrize("read", [PLATE, None])
def test_who_was_let_out_and_stands_at_an_exit_again_or_in_a_bay_or_pays_has_not_left(
    site: SiteStory, read: str | None
) -> None:
    (first, _), (second, _), (third, _) = let_out(site), let_out(site, OTHER_PLATE), let_out(site, "浙C00007")
    site.park(hours=2)
    again = site.visit()
    asked = answer(Direction.OUT, again, read, allowed=False, due=600, stay=first)
    site.hear(asked, VehicleBackedAway(EXIT, VisitId(again)))
    seen_at = site.clock.now()
    site.database.write(lambda uow: evidence.see_parked(uow, second, BayId("b2-1"), seen_at))
    site.pay(third)
    assert (a_day_later(site), inside(site)) == (0, 3)


@pytest.mark.req("ID-1", "PAY-2")
def test_who_stands_at_an_exit_after_a_day_of_silence_had_ended_his_stay_pays_for_all_of_it_and_needs_nobody(
    site: SiteStory,
) -> None:
    stay_id, _ = let_out(site)
    a_day_later(site)
    site.park(hours=3)
    refused = replace(answer(Direction.OUT, site.visit(), allowed=False), reason="stay_not_found")
    site.hear(refused)
    assert isinstance(site.stay(stay_id), OpenStay)
    assert (site.copy_row("stay", stay_id) is not None, inside(site)) == (True, 1)
    paid = site.pay(stay_id)
    site.leave(stay=stay_id)
    assert (site.sums(stay_id).due, site.sums(stay_id).debt, paid > 4000) == (paid, 0, True)
    site.check()


@pytest.mark.req("ID-1")
def test_a_stay_that_cannot_be_taken_up_again_after_all_is_left_as_it_was_for_a_person(
    site: SiteStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What refuses may do so after the first half is done: nothing of that stays."""
    stay_id, _ = let_out(site)
    a_day_later(site)
    before = (site.stay(stay_id), site.corrections(stay_id), site.copy_row("stay", stay_id))
    restore = taking_back._restore

    def refuse(uow: UnitOfWork, done: Correction) -> None:
        restore(uow, done)
        raise conflict("stay.rests", "something rests on it")

    monkeypatch.setattr(taking_back, "_restore", refuse)
    site.park(hours=3)
    site.hear(replace(answer(Direction.OUT, site.visit(), allowed=False), reason="stay_not_found"))
    assert (site.stay(stay_id), site.corrections(stay_id), site.copy_row("stay", stay_id)) == before


@pytest.mark.req("ID-1", "PAY-2")
@pytest.mark.parametrize(
    "how", ["weeks later", "near another", "a lookalike comes here", "somebody unread is inside", "told late"]
)
def test_a_stay_that_silence_ended_goes_on_for_nobody_who_may_be_another(site: SiteStory, how: str) -> None:
    if how == "a lookalike comes here":
        site.enter("浙AI2345")
    stay_id, _ = let_out(site)
    a_day_later(site)
    site.park(hours=3, days=20 if how == "weeks later" else 0)
    if how == "somebody unread is inside":
        site.enter(None)
    votes = Votes.of([(PLATE, 0.0), ("浙A1234S", -1.0)]) if how == "near another" else None
    refused = replace(answer(Direction.OUT, site.visit(), allowed=False, votes=votes), reason="stay_not_found")
    site.hear(refused, at=site.clock.now() - timedelta(hours=1 if how == "told late" else 0))
    assert isinstance(site.stay(stay_id), ClosedStay)


@pytest.mark.req("ID-1", "GATE-5")
def test_an_open_stay_of_a_gate_that_told_late_is_not_ended_before_what_it_told_is_worked_off(site: SiteStory) -> None:
    stay_id, _ = let_out(site)
    look = rounds.LetOut(site.database, site.application.cashier).look
    site.park(days=1, minutes=1)
    site.fault("sensor")
    assert (look(), isinstance(site.stay(stay_id), LeavingStay)) == (0, True)


@pytest.mark.req("ID-1")
def test_a_person_who_says_that_it_is_still_here_is_believed_also_an_hour_later(site: SiteStory) -> None:
    stay_id, _ = let_out(site)
    a_day_later(site)
    cashier, done = site.application.cashier, site.corrections(stay_id)[-1].id
    site.database.write(lambda uow: taking_back.undo(uow, cashier, done, actor="li", reason="it is here"))
    assert (a_day_later(site), isinstance(site.stay(stay_id), OpenStay)) == (0, True)


OTHER_PROVINCE = "沪" + PLATE[1:]


def doubtful_province(first: float = -2.0) -> Votes:
    """What the pictures leave open of a car whose province was misread."""
    return Votes.of([(OTHER_PROVINCE, 0.0), (PLATE, first)])


@pytest.mark.req("ID-1")
def test_a_car_that_left_past_a_missing_loop_and_is_misread_when_it_comes_again_pays_two_visits_and_not_one_long_one(
    site: SiteStory,
) -> None:
    first = site.enter()
    yes = site.park(minutes=10)
    site.opened_for(Direction.OUT, stay=first)
    site.park(hours=5)
    second = site.enter(OTHER_PROVINCE, votes=doubtful_province())
    over, here = site.stay(first), site.stay(second)
    assert isinstance(over, ClosedStay)
    assert (over.exited_at, here.plate if here else None, inside(site)) == (yes, Plate(PLATE), 1)
    assert [one.rule for one in site.corrections(second)] == ["read_as_next_spelling"]
    site.park(minutes=10)
    assert typing(site, PLATE) == second
    site.leave()
    assert (isinstance(site.stay(second), ClosedStay), site.sums(second).due, site.reasons()) == (True, 0, [])
    site.check()


@pytest.mark.req("ID-1")
@pytest.mark.parametrize("behind", [-9.0, None])
def test_a_car_of_another_province_that_was_read_surely_is_another_car_whoever_was_let_out_before(
    site: SiteStory, behind: float | None
) -> None:
    first = site.enter()
    site.opened_for(Direction.OUT, stay=first)
    site.park(hours=5)
    second = site.enter(OTHER_PROVINCE, votes=doubtful_province(behind) if behind else Votes.lone(OTHER_PROVINCE))
    here = site.stay(second)
    assert (isinstance(site.stay(first), LeavingStay), here.plate if here else None) == (True, Plate(OTHER_PROVINCE))


@pytest.mark.req("ID-1")
def test_two_cars_that_differ_in_their_province_stay_two_while_nothing_says_that_the_first_has_left(
    site: SiteStory,
) -> None:
    first = site.enter()
    site.park(hours=5)
    second = site.enter(OTHER_PROVINCE, votes=doubtful_province())
    assert (isinstance(site.stay(first), OpenStay), site.stay(second).plate, inside(site)) == (
        True,
        Plate(OTHER_PROVINCE),
        2,
    )


def reads_it(site: SiteStory, stay_id: StayId) -> None:
    """A person says which plate an entry had that nobody could read."""
    said = {"actor": "li", "reason": "picture"}
    cashier = site.application.cashier
    site.database.write(lambda uow: correcting.reread(uow, cashier, stay_id, Plate(PLATE), **said))
    site.application.drain()


@pytest.mark.req("ID-1")
def test_a_person_can_say_that_an_unread_entry_was_a_car_that_an_exit_had_let_out_before(site: SiteStory) -> None:
    first = site.enter()
    yes = site.park(minutes=10)
    site.opened_for(Direction.OUT, stay=first)
    site.park(hours=2)
    second = site.enter(None)
    reads_it(site, second)
    over, here = site.stay(first), site.stay(second)
    assert isinstance(over, ClosedStay)
    assert (over.exited_at, here.plate if here else None, inside(site)) == (yes, Plate(PLATE), 1)
    site.check()


@pytest.mark.req("ID-1")
def test_a_person_cannot_give_a_plate_to_a_second_stay_while_nothing_says_that_its_car_has_left(
    site: SiteStory,
) -> None:
    first = site.enter()
    site.park(hours=2)
    second = site.enter(None)
    with pytest.raises(ParkingError, match="inside by another stay"):
        reads_it(site, second)
    assert isinstance(site.stay(first), OpenStay)


@pytest.mark.req("ID-1")
def test_two_cars_that_differ_in_their_province_stay_two_although_the_first_has_paid_and_overstays(
    site: SiteStory,
) -> None:
    first = site.enter()
    site.park(hours=1)
    site.pay(first)
    site.park(hours=5)
    second = site.enter(OTHER_PROVINCE, votes=doubtful_province())
    here = site.stay(second)
    assert (isinstance(site.stay(first), OpenStay), here.plate if here else None) == (True, Plate(OTHER_PROVINCE))
