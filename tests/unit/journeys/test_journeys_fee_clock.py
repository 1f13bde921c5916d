"""Whoever cannot leave does not pay for it: a blocked exit stops one fee clock, an emergency all of them, in every price told."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from parking.bootstrap.quote_marks import marks_of
from parking.journeys import correcting, evacuating, paying, taking_back
from parking.journeys.quoting import Quotes, StayQuote
from parking.kernel.codec import parse_time
from parking.kernel.events import Direction, LaneBlocked, LaneFaulted, VehicleBackedAway, VehiclePassed
from parking.kernel.ids import LaneId, StayId, VisitId
from parking.sessions import store
from parking.sessions.model import ClosedStay
from tests.builders.emergency import WANG, Help
from tests.builders.journeys import ENTRY, EXIT, MORNING, SiteStory, answer, passage


@pytest.fixture
def help_at(site: SiteStory) -> Help:
    return Help(site)


def lines(site: SiteStory, stay_id: StayId) -> list[tuple[str, int]]:
    now, cashier = site.clock.now(), site.application.cashier
    account = site.database.read(lambda conn: paying.account_of(conn, cashier, stay_id, now)).account
    return [(line.code, line.minutes) for line in account.lines]


def test_an_exit_that_does_not_open_stops_the_clock_of_the_one_who_waits_there(site: SiteStory, help_at: Help) -> None:
    stay_id, other = site.enter(), site.enter("沪B67890")
    site.park(minutes=50)
    visit = site.visit()
    help_at.block(visit, stay_id)
    site.park(hours=3)
    assert (site.bill(stay_id), site.bill(other)) == (600, 1800)
    assert site.due_at_the_lane(stay_id, site.clock.now() + timedelta(hours=40)) == 600
    help_at.block(visit, stay_id, blocked=False)
    site.park(minutes=10)
    assert site.bill(stay_id) == 600
    assert ("stopped", 180) in lines(site, stay_id)
    site.park(minutes=1)
    assert site.bill(stay_id) == 1000
    for hours in (0.1, 0.5, 1.5, 20):  # the lanes' copy says the same, minute by minute
        at = site.clock.now() + timedelta(hours=hours)
        told = site.due_at_the_lane(stay_id, at)
        site.clock.set(at)
        assert told == site.bill(stay_id), hours


def test_a_page_that_is_asked_again_says_what_the_account_says_after_a_stop_of_half_a_minute(
    site: SiteStory, help_at: Help
) -> None:
    stay_id, visit, quotes = site.enter(), site.visit(), Quotes(site.application.cashier, marks_of)
    site.park(minutes=30)
    help_at.block(visit, stay_id)
    site.park(seconds=30)
    help_at.block(visit, stay_id, blocked=False)
    site.park(minutes=30)

    def asked(at: datetime) -> int:
        def due(one: StayQuote) -> int:
            return one.found.account.due.minor

        return int(site.database.read(lambda conn: quotes.ask(conn, stay_id, at, None, due)))

    told, owed = [], []
    for _ in range(18):  # the first hour on the fee clock ends half a minute late
        told.append(asked(site.park(seconds=10)))
        owed.append(site.bill(stay_id))
    assert told == owed
    assert set(owed) == {600, 1000}


def test_a_stop_is_on_the_bill_that_is_booked_and_stays_on_it(site: SiteStory, help_at: Help) -> None:
    stay_id, visit = site.enter(), site.visit()
    site.park(minutes=50)
    site.hear(answer(Direction.OUT, visit, allowed=False))
    help_at.block(visit, None)  # nobody knew whose stay it was
    site.park(hours=5)
    site.hear(answer(Direction.OUT, visit))
    site.hear(passage(Direction.OUT, visit))
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert site.sums(stay_id).due == 600
    site.park(days=30)
    assert site.bill(stay_id) == 600
    assert ("stopped", 300) in lines(site, stay_id)


def test_whose_exit_a_person_finds_out_does_not_pay_for_what_held_him_there(site: SiteStory, help_at: Help) -> None:
    """And what was given to another stay by a slip is on nobody else's bill once that is undone."""
    slip, stay_id, visit = site.enter("沪B67890"), site.enter("沪A12345"), site.visit()
    site.park(minutes=50)
    help_at.block(visit, None)  # nobody knew whose car it was
    site.park(hours=5)
    site.hear(passage(Direction.OUT, visit, None))
    cashier, said = site.application.cashier, {"actor": "li", "reason": "seen"}

    def give(to: StayId) -> str:
        return site.database.write(lambda uow: correcting.match_exit(uow, cashier, VisitId(visit), to, **said))

    made = give(slip)
    assert ("stopped", 300) in lines(site, slip)
    site.database.write(lambda uow: taking_back.undo(uow, cashier, made, **said))
    give(stay_id)
    site.application.drain()
    assert site.sums(stay_id).due == 600
    assert ("stopped", 300) in lines(site, stay_id)
    assert "stopped" not in dict(lines(site, slip))


def test_nor_does_who_turns_out_to_have_come_in_when_the_entry_is_heard_of(site: SiteStory, help_at: Help) -> None:
    came, visit = site.said(passage(Direction.IN, site.visit()), box="edge-2"), site.visit()
    site.park(minutes=50)
    help_at.block(visit, None)
    site.park(hours=5)
    site.hear(passage(Direction.OUT, visit))
    site.hand_in(came)
    site.application.drain()
    assert isinstance(came.event, VehiclePassed)
    stay_id = StayId(came.event.visit_id)
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert site.sums(stay_id).due == 600
    assert ("stopped", 300) in lines(site, stay_id)


def test_who_is_held_as_nobody_known_does_not_pay_for_the_wait_once_the_lane_knows_him(
    site: SiteStory, help_at: Help
) -> None:
    """Traced in a day of fleets: the car that he was mixed up with left meanwhile, and he paid for the minutes at the boom."""
    stay_id, visit = site.enter(), site.visit()
    site.park(minutes=59)
    help_at.block(visit, None)
    site.park(minutes=30)
    site.hear(answer(Direction.OUT, visit, allowed=False, due=1000, stay=stay_id))
    assert site.bill(stay_id) == site.due_at_the_lane(stay_id, site.clock.now()) == 600
    help_at.block(visit, None, blocked=False)
    site.pay(stay_id)
    site.hear(answer(Direction.OUT, visit, stay=stay_id))
    site.hear(passage(Direction.OUT, visit))
    assert (site.sums(stay_id).due, site.sums(stay_id).overpaid) == (600, 0)


def test_a_wait_that_somebody_has_paid_by_is_his_whoever_was_held(site: SiteStory, help_at: Help) -> None:
    """The lane took the car for another: that one has paid what he was asked, and owes nothing more when the truth is known."""
    taken_for, held, visit = site.enter(), site.enter("沪B67890"), site.visit()
    site.park(minutes=59)
    help_at.block(visit, taken_for)
    site.park(hours=2)
    help_at.block(visit, taken_for, blocked=False)
    assert site.pay(taken_for) == 600
    site.hear(passage(Direction.OUT, visit, "沪B67890"))
    assert isinstance(site.stay(held), ClosedStay)
    site.park(minutes=5)
    site.leave(decided_at=site.clock.now())
    assert (site.sums(taken_for).due, site.sums(taken_for).debt) == (600, 0)


def test_whoever_drives_back_in_starts_the_clock_again(site: SiteStory, help_at: Help) -> None:
    stay_id, visit = site.enter(), site.visit()
    site.park(minutes=30)
    help_at.block(visit, stay_id)
    site.park(minutes=30)
    site.hear(VehicleBackedAway(EXIT, VisitId(visit)))
    site.park(minutes=31)
    assert site.bill(stay_id) == 1000


def test_a_stop_told_twice_or_ended_twice_counts_once(site: SiteStory, help_at: Help) -> None:
    stay_id, visit = site.enter(), site.visit()
    site.park(minutes=30)
    stop = site.said(LaneBlocked(EXIT, VisitId(visit), stay_id, "relay", True))
    site.hand_in(stop)
    site.application.drain()
    help_at.block(visit, stay_id)
    site.park(minutes=40)
    help_at.block(visit, stay_id, blocked=False)
    site.park(minutes=10)
    help_at.block(visit, stay_id, blocked=False)
    site.park(minutes=20)
    assert site.bill(stay_id) == 600  # 60 minutes ran
    site.park(minutes=1)
    assert site.bill(stay_id) == 1000


@pytest.mark.req("PAY-3")
def test_who_has_paid_and_then_cannot_leave_owes_nothing_more(site: SiteStory, help_at: Help) -> None:
    stay_id = site.enter()
    site.park(hours=1)
    site.pay(stay_id)
    site.park(minutes=10)
    visit = site.visit()
    help_at.block(visit, stay_id)
    row = site.copy_row("stay", stay_id)
    assert row is not None
    assert parse_time(row["paid_until"]) > site.clock.now() + timedelta(hours=40)  # nobody knows how long
    site.park(hours=2)
    help_at.block(visit, stay_id, blocked=False)
    site.park(minutes=4)
    now, cashier = site.clock.now(), site.application.cashier
    account = site.database.read(lambda conn: paying.account_of(conn, cashier, stay_id, now))
    assert (account.account.due.minor, account.leave_by) == (0, MORNING + timedelta(hours=3, minutes=15))
    row = site.copy_row("stay", stay_id)
    assert row is not None
    assert parse_time(row["paid_until"]) == account.leave_by
    assert site.due_at_the_lane(stay_id, now) == 0
    site.leave(decided_at=now)
    assert (site.sums(stay_id).debt, site.reasons()) == (0, [])


# --- emergencies -----------------------------------------------------------------------------------------------------


@pytest.mark.req("GATE-4")
def test_fire_at_one_lane_orders_every_exit_open_and_stops_every_clock_until_a_person_ends_it(
    site: SiteStory, help_at: Help
) -> None:
    inside = [site.enter(), site.enter("沪B67890")]
    site.park(minutes=59)
    help_at.fire(ENTRY)
    assert help_at.orders("emergency") == [EXIT]
    help_at.fire(EXIT, ordered=True)
    site.park(hours=9)
    late = site.enter("京C11111")
    site.park(minutes=10)
    assert [site.bill(stay) for stay in (*inside, late)] == [600, 600, 0]
    assert help_at.stands()
    help_at.end_emergency(WANG, "all clear, fire brigade")
    assert not help_at.stands()
    assert help_at.orders("emergency") == []
    assert help_at.orders("end_emergency") == [ENTRY, EXIT]
    site.park(minutes=1)
    assert [site.bill(stay) for stay in inside] == [600, 600]
    site.park(minutes=1)
    assert [site.bill(stay) for stay in inside] == [1000, 1000]
    assert [site.due_at_the_lane(stay, site.clock.now()) for stay in inside] == [1000, 1000]
    actions = {(e.actor, e.action, e.reason) for e in site.audit()}
    assert {
        ("entry-1", "emergency.begin", "fire input"),
        ("wang", "emergency.end", "all clear, fire brigade"),
    } <= actions


@pytest.mark.req("GATE-4")
def test_whoever_drives_out_in_a_fire_has_no_debt_for_its_time(site: SiteStory, help_at: Help) -> None:
    free, paying_one = site.enter(), site.enter("沪B67890")
    site.park(minutes=14)
    help_at.fire(EXIT)
    site.park(hours=4)
    visit = site.visit()
    site.hear(passage(Direction.OUT, visit))  # no question, no answer: the boom stands open
    assert (site.sums(free).due, site.sums(free).debt) == (0, 0)
    help_at.end_emergency()
    site.park(minutes=90)
    site.leave("沪B67890", decided_at=site.clock.now())
    assert site.sums(paying_one).due == 1000  # 104 minutes of its own
    assert "left_without_paying" in site.reasons()


@pytest.mark.req("GATE-4")
def test_a_fire_that_we_hear_of_late_takes_back_what_was_charged_for_it(site: SiteStory, help_at: Help) -> None:
    """The box of the fire was slower to tell than the box of the exit."""
    owing, paid = site.enter(), site.enter("沪B67890")
    site.park(minutes=30)
    began = site.clock.now()
    site.park(hours=2)
    site.leave(decided_at=site.clock.now())
    assert site.sums(owing).debt == 1400
    site.pay(paid)
    site.leave("沪B67890", decided_at=site.clock.now())
    help_at.fire(ENTRY, at=began, box="edge-2")
    sums = site.sums(owing)
    assert (sums.due, sums.waived, sums.debt) == (1400, 800, 600)
    assert site.sums(paid).captured == 1400
    assert site.reasons().count("paid_while_stopped") == 1
    help_at.end_emergency()
    assert site.sums(owing).debt == 600
    assert site.reasons().count("paid_while_stopped") == 1


@pytest.mark.req("GATE-4", "PAY-1")
def test_who_owed_nothing_but_the_time_of_a_fire_is_reminded_of_nothing_once_we_hear_of_it(
    site: SiteStory, help_at: Help
) -> None:
    owing = site.enter()
    site.park(minutes=10)
    began = site.clock.now()
    site.park(hours=2)
    site.leave(decided_at=site.clock.now())
    assert site.reasons() == ["left_without_paying"]
    help_at.fire(ENTRY, at=began, box="edge-2")
    found = site.database.read(lambda conn: site.application.cashier.later.debt(conn, owing))
    assert found is not None
    assert (found[0].state, found[1].minor) == ("paid", 0)
    assert "left_without_paying" not in site.reasons()


@pytest.mark.req("GATE-4")
def test_an_order_to_open_does_not_withdraw_the_emergencys_order_from_a_lane_that_is_cut_off(
    site: SiteStory, help_at: Help
) -> None:
    help_at.fire(ENTRY)
    site.order_open(EXIT, "a car waits")
    site.park(days=3)
    assert help_at.orders("emergency") == [EXIT]
    (row,) = [row for row in site.copy_rows("command") if row["action"] == "emergency"]
    assert parse_time(row["expires_at"]) > site.clock.now() + timedelta(days=300)


@pytest.mark.req("GATE-4")
def test_an_emergency_begins_once_and_is_over_when_every_lane_was_closed_by_hand(
    site: SiteStory, help_at: Help
) -> None:
    help_at.fire(ENTRY)
    help_at.fire(EXIT, ordered=True)
    help_at.fire(ENTRY, cleared=True)
    assert help_at.stands()
    help_at.fire(EXIT, cleared=True)
    assert not help_at.stands()
    assert help_at.orders("emergency") == [], "no box that begins with a new file finds one and opens"
    help_at.fire(EXIT, ordered=True)  # a box that heard of the order late begins no new one
    assert not help_at.stands()
    help_at.fire(EXIT)
    assert help_at.stands()


def test_a_lane_that_is_cut_off_keeps_the_emergency_standing_until_a_person_ends_it(
    site: SiteStory, help_at: Help
) -> None:
    help_at.fire(ENTRY)
    help_at.fire(ENTRY, cleared=True)  # exit-1 has not heard of its order yet
    assert help_at.stands()
    help_at.end_emergency()
    assert help_at.orders("emergency") == []


def test_a_lane_that_still_stands_open_after_the_end_is_a_case(site: SiteStory, help_at: Help) -> None:
    help_at.fire(EXIT)
    help_at.end_emergency()
    site.park(seconds=91)
    site.application.drain()
    assert [(c.reason, c.lane_id) for c in site.cases() if c.reason == "lane_still_held_open"] == [
        ("lane_still_held_open", EXIT)
    ]


def test_a_fault_that_is_no_fire_opens_nothing(site: SiteStory, help_at: Help) -> None:
    site.hear(LaneFaulted(LaneId("entry-1"), "relay_welded", "", False))
    assert not help_at.stands()
    assert help_at.orders("emergency") == []


def test_many_stays_are_priced_anew_in_turns(site: SiteStory, help_at: Help, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evacuating, "AT_ONCE", 5)
    stays = [site.enter(f"浙A{number:05d}") for number in range(12)]
    site.park(minutes=59)
    help_at.fire(ENTRY)
    site.park(hours=3)
    help_at.end_emergency()
    at = site.clock.now() + timedelta(minutes=1, seconds=30)
    assert {site.due_at_the_lane(stay, at) for stay in stays} == {600}
    assert {site.due_at_the_lane(stay, at + timedelta(minutes=1)) for stay in stays} == {1000}


@pytest.mark.req("GATE-4")
@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_many_bills_of_who_had_left_are_taken_back_in_turns(
    site: SiteStory, help_at: Help, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """Two of them left at the same moment, one has long been erased."""
    monkeypatch.setattr(evacuating, "AT_ONCE", at_once)
    plates = ["浙A12345", "沪B67890", "苏C31976", "粤D80462", "京E55719"]
    stays = [site.enter(plate) for plate in plates]
    site.park(minutes=30)
    began = site.clock.now()
    site.park(hours=2)
    for number, plate in enumerate(plates):
        site.park(minutes=0 if number == 2 else 1)
        site.leave(plate, decided_at=site.clock.now())
    site.database.write(lambda uow: store.forget_plates(uow.connection, [stays[3]]))
    help_at.fire(ENTRY, at=began, box="edge-2")
    assert {site.sums(stay_id).debt for stay_id in stays} == {600}
