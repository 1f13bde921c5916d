"""A person says at the exit whose car waits there: it leaves as that stay, on record, and that can be taken back."""

from __future__ import annotations

import pytest

from parking.access import following
from parking.bootstrap.costs_in_force import CostsInForce
from parking.journeys import whose_car
from parking.journeys.ranking import ranker_at_lane
from parking.kernel.errors import ParkingError
from parking.kernel.events import CaseOpened, Direction, LaneBlocked, LaneDecided, VehicleBackedAway
from parking.kernel.ids import LaneId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.security import audit
from parking.sessions.model import ClosedStay, OpenStay
from tests.builders.corrections import LI, Office
from tests.builders.journeys import ENTRY, EXIT, SiteStory, answer, passage

pytestmark = pytest.mark.req("ID-1")
OUT = Direction.OUT
TWINS = "苏A888B1", "苏A8B881"
READ = Votes.of([("苏A88881", 0.0), (TWINS[0], -0.1), (TWINS[1], -0.2)], "blue", "civil")


@pytest.fixture
def office(site: SiteStory) -> Office:
    return Office(site)


def comes_to_exit(site: SiteStory) -> str:
    """A car that may be either of two; its visit."""
    visit = site.visit()
    site.hear(answer(OUT, visit, "苏A88881", allowed=False, votes=READ))
    return visit


def named(site: SiteStory, office: Office, visit: str, stay_id: StayId, lane: LaneId = EXIT) -> str:
    return office.do(lambda uow: whose_car.name(uow, audit.record, LI, lane, VisitId(visit), stay_id))


def drives_out(site: SiteStory, visit: str, stay_id: StayId) -> None:
    site.hear(answer(OUT, visit, "苏A88881", stay=stay_id, votes=READ))
    site.park(seconds=8)
    site.hear(passage(OUT, visit, "苏A88881", stay=stay_id, votes=READ, named_by="li"))


def two_inside(site: SiteStory) -> tuple[StayId, StayId]:
    first, second = (site.enter(plate) for plate in TWINS)
    site.park(hours=2)
    return first, second


def test_whom_a_person_names_has_left_and_nobody_is_asked_again(site: SiteStory, office: Office) -> None:
    first, second = two_inside(site)
    visit = comes_to_exit(site)
    order = site.copy_row("command", named(site, office, visit, second))
    assert order is not None
    assert (order["action"], order["stay_id"], order["visit_id"]) == ("name", second, visit)
    site.pay(second)
    drives_out(site, visit, second)
    left = site.stay(second)
    assert isinstance(left, ClosedStay)
    assert isinstance(site.stay(first), OpenStay)
    assert (site.reasons(), site.sums(second).debt, sum(site.occupied().values())) == ([], 0, 1)
    assert site.told(CaseOpened) == [], "what has its answer is no question"
    assert [(one.rule, one.actor, one.reason) for one in site.corrections(second)] == [
        ("exit_matched", "li", "named at the lane")
    ]
    assert [(one.action, one.subject) for one in site.audit()][-1:] == [("lane.name", second)]


@pytest.mark.req("DATA-2")
def test_a_car_that_was_named_wrongly_is_inside_again_when_that_is_taken_back(site: SiteStory, office: Office) -> None:
    first, second = two_inside(site)
    visit = comes_to_exit(site)
    drives_out(site, visit, second)
    office.take_back_last(second)
    assert isinstance(site.stay(second), OpenStay)
    assert (site.reasons(), sum(site.occupied().values())) == (["exit_in_doubt"], 1)
    office.match(visit, first)
    assert isinstance(site.stay(first), ClosedStay)


def test_a_car_whose_entry_was_read_as_nothing_like_it_leaves_as_the_stay_that_a_person_names(site: SiteStory) -> None:
    stay_id = site.enter("鲁Q00000")
    site.park(minutes=10)
    drives_out(site, site.visit(), stay_id)
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert site.reasons() == []


def test_a_stay_that_has_ended_before_the_one_who_was_named_drove_out_is_not_ended_twice(
    site: SiteStory, office: Office
) -> None:
    first, second = two_inside(site)
    visit = comes_to_exit(site)
    office.close(second)
    ended = site.stay(second)
    drives_out(site, visit, second)
    assert site.stay(second) == ended
    assert isinstance(site.stay(first), OpenStay), "a person has said that it is not this one"
    assert sorted(site.reasons()) == ["exit_in_doubt", "left_without_paying"]


@pytest.mark.req("GATE-5")
def test_a_pass_holders_bay_stays_his_when_another_car_that_was_read_as_his_is_named(
    site: SiteStory, office: Office
) -> None:
    office.give_pass("苏B54321")
    office.enter_by_pass("苏B54321")
    other = site.enter("鲁Q00000")
    site.park(minutes=10)
    site.hear(passage(OUT, site.visit(), "苏B54321", stay=other, named_by="li"))
    assert isinstance(site.stay(other), ClosedStay)
    assert [row["plate"] for row in site.copy_rows("inside")] == ["苏B54321"]


def test_who_was_named_and_drove_out_under_a_closed_boom_is_looked_at(site: SiteStory) -> None:
    _, second = two_inside(site)
    site.hear(passage(OUT, site.visit(), "苏A88881", stay=second, authorised=False, named_by="li"))
    assert isinstance(site.stay(second), ClosedStay)
    assert site.reasons() == ["left_without_paying", "unauthorised_exit"]


@pytest.mark.req("FEE-1")
def test_the_wait_of_a_held_car_is_taken_off_the_bill_of_whom_a_person_named_last(site: SiteStory) -> None:
    first, second = two_inside(site)
    held = comes_to_exit(site)

    def named_as(stay_id: StayId) -> LaneDecided:
        return answer(OUT, held, "苏A88881", allowed=False, stay=stay_id, votes=READ, remarks=("named_by_person",))

    site.hear(LaneBlocked(EXIT, VisitId(held), None, "relay", blocked=True))
    site.hear(named_as(first))
    site.park(minutes=90)
    assert (site.bill(first), site.bill(second)) == (1000, 1800)
    site.hear(named_as(second))
    assert (site.bill(first), site.bill(second)) == (1800, 1000)
    assert [site.due_at_the_lane(one, site.clock.now()) for one in (first, second)] == [1800, 1000]


def test_whoever_says_it_is_another_has_said_nothing_of_the_first_to_a_lane_that_hears_both_at_once(
    site: SiteStory, office: Office
) -> None:
    first, second = two_inside(site)
    visit = comes_to_exit(site)
    opened = site.order_open()
    named(site, office, visit, first)
    named(site, office, visit, second)
    assert [row.get("stay_id") for row in site.copy_rows("command")] == [None, second]
    assert site.copy_row("command", opened) is not None, "what somebody else has ordered stands"


@pytest.mark.req("PRIV-1")
def test_an_order_that_is_over_leaves_the_lanes_copies(site: SiteStory, office: Office) -> None:
    _, second = two_inside(site)
    named(site, office, comes_to_exit(site), second)
    assert following.tidy(site.database) == 0
    site.park(minutes=6)
    assert (following.tidy(site.database), site.copy_rows("command"), following.tidy(site.database)) == (1, [], 0)


def test_who_was_named_and_drove_past_a_loop_that_missed_him_leaves_as_that_stay(site: SiteStory) -> None:
    _, second = two_inside(site)
    site.opened_for(OUT, "苏A88881", stay=second, votes=READ)
    site.park(days=1)
    site.enter(TWINS[1])
    assert isinstance(site.stay(second), ClosedStay)


@pytest.mark.parametrize("trouble", ["gone", "elsewhere", "entering", "over", "unknown"])
def test_nobody_is_named_who_does_not_wait_there_nor_by_a_stay_that_is_over(
    site: SiteStory, office: Office, trouble: str
) -> None:
    first, _ = two_inside(site)
    visit, lane, stay_id = comes_to_exit(site), EXIT, first
    if trouble == "gone":
        site.hear(VehicleBackedAway(EXIT, VisitId(visit)))
    elif trouble == "elsewhere":
        lane = ENTRY
    elif trouble == "entering":
        visit = site.visit()
        site.hear(answer(Direction.IN, visit, allowed=False))
    elif trouble == "over":
        office.gone(first)
    else:
        stay_id = StayId("nobody")
    with pytest.raises(ParkingError) as refused:
        named(site, office, visit, stay_id, lane)
    code = {"over": "stay.over", "unknown": "stay.unknown"}.get(trouble, "visit.gone")
    assert (refused.value.code, site.copy_rows("command")) == (code, [])


def test_nobody_is_offered_a_stay_that_he_cannot_name(site: SiteStory, office: Office) -> None:
    first, second = two_inside(site)
    office.gone(first)
    visit, rank = comes_to_exit(site), ranker_at_lane(CostsInForce())
    here = site.database.read(lambda conn: whose_car.waiting(conn, EXIT, VisitId(visit)))
    found = site.database.read(lambda conn: rank(conn, here, site.clock.now(), Plate(TWINS[0])))
    assert [one.stay_id for one in found.candidates] == [second]


def test_the_stays_that_a_waiting_car_may_be_in_are_ranked_and_a_typed_plate_leads(site: SiteStory) -> None:
    first, second = two_inside(site)
    other = site.enter("京C77777")
    visit, rank = comes_to_exit(site), ranker_at_lane(CostsInForce())

    def ranked(typed: str | None) -> list[StayId]:
        plate = Plate(typed) if typed else None
        here = site.database.read(lambda conn: whose_car.waiting(conn, EXIT, VisitId(visit)))
        found = site.database.read(lambda conn: rank(conn, here, site.clock.now(), plate))
        return [one.stay_id for one in found.candidates]

    assert (set(ranked(None)[:2]), ranked(None)[2]) == ({first, second}, other)
    assert [ranked(plate)[0] for plate in (*TWINS, "京C77777")] == [first, second, other]
