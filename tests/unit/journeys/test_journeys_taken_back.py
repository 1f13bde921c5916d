"""What was put right is taken back: everything is as it was, whatever has happened meanwhile, and nobody pays for the mistake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from parking.access import keeping
from parking.access import store as access_store
from parking.access.rows import LotRow
from parking.journeys import closing_by_hand, owing, paying
from parking.kernel.errors import ParkingError
from parking.kernel.events import Direction, ExitPromised
from parking.kernel.ids import BayId, LotId, StayId, VisitId, ZoneId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.security import audit
from parking.sessions import evidence, store
from parking.sessions.desk.model import Choice
from parking.sessions.model import ClosedStay, OpenStay, StayInReview
from payments import refunding
from payments.coupons.model import Bound, CouponState
from payments.later import agreements
from payments.later.model import DebtState, Terms
from payments.providers.abilities import Standing
from payments.providers.base import ProviderFault
from tests.builders.access import CARD, an_invitation
from tests.builders.corrections import LI, Office
from tests.builders.emergency import Help
from tests.builders.journeys import EXIT, MORNING, OTHER_PLATE, PLATE, SiteStory, passage

IN, OUT = Direction.IN, Direction.OUT
Comes = Callable[[SiteStory, Office], StayId]
LATE = timedelta(hours=2), timedelta(hours=5)
"""After its entry: when a car had left, and when it came again."""


@pytest.fixture
def office(site: SiteStory) -> Office:
    return Office(site)


def stated(site: SiteStory, office: Office, vehicles: int) -> None:
    """Somebody has walked round and counted."""
    count = site.application.occupancy
    office.do(lambda uow: count.adjust(uow, ZoneId("b1"), actor="li", reason="counted", occupied=vehicles))


def leaves_unpaid(site: SiteStory, plate: str = PLATE, hours: int = 8) -> StayId:
    stay_id = site.enter(plate)
    site.park(hours=hours)
    site.leave(plate)
    return stay_id


def left_long_before(site: SiteStory, office: Office, stay_id: StayId) -> str:
    """A manager ends a stay after fifty minutes of it; the correction."""
    how = (office.cashier, audit.record, LI, stay_id, "left long before", MORNING + timedelta(minutes=50))
    office.do(lambda uow: closing_by_hand.close(uow, *how))
    return site.corrections(stay_id)[-1].id


def refund_under_way(site: SiteStory, office: Office) -> tuple[StayId, str]:
    """Two hours are paid, a manager ends the stay after fifty minutes, and ¥4 are on their way back; the stay, and what ended it."""
    stay_id = site.enter()
    site.park(hours=2)
    payment = site.begin_payment(stay_id)
    site.approve(payment)
    ended = left_long_before(site, office, stay_id)
    back = Money(site.sums(stay_id).overpaid, "CNY")
    assert back.minor == 400
    site.wallet.fail_next("refund", "after", lambda: ProviderFault("slow"))
    how = {"reason": "overpaid", "actor": "anna", "key": "r1"}
    office.do(lambda uow: refunding.begin(uow, payment.payment_id, back, **how))
    return stay_id, ended


# --- money -----------------------------------------------------------------------------------------------------------


@pytest.mark.req("PAY-5", "ID-1")
def test_a_refund_that_is_under_way_while_its_stays_end_is_taken_back_is_owed_again(
    site: SiteStory, office: Office
) -> None:
    stay_id, ended = refund_under_way(site, office)
    office.take_back(ended)
    site.park(minutes=5)
    site.application.drain()
    sums = site.sums(stay_id)
    assert (sums.captured, sums.overpaid, sums.settled, sums.holds) == (600, 0, 600, True)
    assert office.due(stay_id) > 0


@pytest.mark.req("PAY-3", "ID-1")
def test_who_pays_the_debt_of_a_stay_that_was_ended_by_mistake_days_later_has_paid_no_exit(
    site: SiteStory, office: Office
) -> None:
    stay_id = site.enter()
    site.park(hours=2)
    ended = office.close(stay_id)
    site.park(days=2)
    stay = site.stay(stay_id)
    priced = site.database.read(lambda conn: paying.priced(conn, stay))
    site.approve(site.application.cashier.begin_payment(priced, site.clock.now(), "wallet", "d1"))
    office.take_back(ended)
    assert site.due_at_the_lane(stay_id, site.clock.now()) == office.due(stay_id) > 0
    site.park(hours=3)
    site.enter()
    assert site.sums(stay_id).debt == 0, "when it left nobody knows"


@pytest.mark.req("GATE-4", "PAY-5")
def test_what_was_forgiven_for_a_fire_is_forgiven_once_however_often_the_bill_is_booked(
    site: SiteStory, office: Office
) -> None:
    fire = Help(site)
    stay_id = leaves_unpaid(site, OTHER_PLATE, hours=3)
    fire.fire(at=MORNING + timedelta(hours=1))
    fire.fire(at=MORNING + timedelta(hours=2, minutes=30), cleared=True)
    fire.end_emergency()
    owed, due = site.sums(stay_id).debt, site.sums(stay_id).due
    assert due is not None
    assert 0 < owed < due
    office.undo(office.says_plate(stay_id, PLATE))
    assert (site.sums(stay_id).debt, site.sums(stay_id).overpaid) == (owed, 0)


@pytest.mark.req("ID-1")
def test_a_split_is_not_taken_back_over_a_part_that_belongs_to_another_visit_by_now(
    site: SiteStory, office: Office
) -> None:
    other = leaves_unpaid(site, hours=1)
    site.park(hours=1)
    came = site.clock.now()
    whole = leaves_unpaid(site)
    first, _ = office.split(whole, *(came + after for after in LATE))
    office.merge(first, other)
    with pytest.raises(ParkingError, match="changed since"):
        office.take_back_last(whole)


@pytest.mark.req("ID-1", "PAY-5")
@pytest.mark.parametrize("deed", ["merge", "split"])
def test_nothing_that_a_person_gave_up_is_lost_with_the_stay_that_it_was_for(
    site: SiteStory, office: Office, deed: str
) -> None:
    other, came = leaves_unpaid(site, OTHER_PLATE, hours=0), site.clock.now()  # free of charge
    stay_id = leaves_unpaid(site)
    office.decide("left_without_paying", Choice.WAIVE, "goodwill")
    with pytest.raises(ParkingError, match="given up"):
        office.merge(stay_id, other) if deed == "merge" else office.split(stay_id, *(came + a for a in LATE))


@pytest.mark.req("PAY-1", "ID-1")
def test_a_waiver_at_the_desk_is_its_managers_and_no_rules(site: SiteStory, office: Office) -> None:
    leaves_unpaid(site)
    office.decide("left_without_paying", Choice.WAIVE, "goodwill")
    assert [(one.reason, one.resolved_by) for one in site.cases("resolved")] == [("left_without_paying", "li")]


@pytest.mark.req("FEE-1", "ID-1")
@pytest.mark.parametrize("deed", ["split", "merge"])
def test_a_bill_is_priced_at_the_lanes_yes_again_when_others_no_longer_stand_in_its_place(
    site: SiteStory, office: Office, deed: str
) -> None:
    first = site.enter(OTHER_PLATE)
    site.park(minutes=1)
    stay_id, came = site.enter(), site.clock.now()
    yes = site.park(minutes=59, seconds=55)
    site.park(seconds=20)
    site.leave(decided_at=yes)
    before = site.sums(stay_id)
    assert before.due == 600
    if deed == "split":
        office.split(stay_id, came + timedelta(minutes=10), came + timedelta(minutes=20))
        office.take_back_last(stay_id)
    else:
        for one in reversed(office.merge(stay_id, first)):
            office.take_back(one)
    assert site.sums(stay_id) == before


@pytest.mark.req("PAY-1", "ID-1")
@pytest.mark.parametrize("deed", ["split", "merge"])
def test_a_dispute_goes_on_against_whatever_stands_in_the_place_of_its_stay_and_against_the_stay_again(
    site: SiteStory, office: Office, deed: str
) -> None:
    first = site.enter(OTHER_PLATE)
    site.park(minutes=1)
    came = site.clock.now()
    stay_id = leaves_unpaid(site)
    office.do(lambda uow: owing.dispute(uow, office.cashier, stay_id))

    def state(one: StayId) -> str:
        found = office.debt(one)
        assert found is not None
        return found[0].state

    if deed == "split":
        parts = office.split(stay_id, *(came + after for after in LATE))
        assert [state(part) for part in parts] == [DebtState.DISPUTED] * 2
        office.take_back_last(stay_id)
    else:
        made = office.merge(stay_id, first)
        assert state(first) == DebtState.DISPUTED
        for one in reversed(made):
            office.take_back(one)
    assert state(stay_id) == DebtState.DISPUTED


@pytest.mark.req("PAY-1", "ID-1")
def test_a_debt_that_turns_back_to_its_plate_turns_back_to_its_agreement_and_nobody_elses_is_charged(
    site: SiteStory, office: Office
) -> None:
    terms = Terms(per_stay_minor=3000, at_once_minor=4000, per_day_minor=8000)
    site.wallet.standings[PLATE] = Standing.ENROLLED
    site.database.write(lambda uow: agreements.agree(uow, Plate(PLATE), "wallet", "contract-1", terms))
    stay_id = site.enter()
    site.park(hours=3)
    visit = site.visit()
    site.wallet.standings.clear()  # the company says no for now
    promise = ExitPromised(EXIT, VisitId(visit), stay_id, Money(1400, "CNY"), Money(3000, "CNY"), "t1")
    site.hear(promise, passage(OUT, visit, stay=stay_id))
    before = office.debt(stay_id)
    assert before is not None
    made = office.says_plate(stay_id, OTHER_PLATE)
    turned = office.debt(stay_id)
    assert turned is not None
    assert turned[0].agreement_id is None
    office.undo(made)
    after = office.debt(stay_id)
    assert after is not None
    assert after[0].agreement_id == before[0].agreement_id is not None


@pytest.mark.req("CPN-1", "ID-1")
@pytest.mark.parametrize("minutes", [50, 120])
def test_a_coupon_that_was_used_for_a_car_misread_as_its_plate_is_its_plates_again_at_nobodys_cost(
    site: SiteStory, office: Office, minutes: int
) -> None:
    given = office.coupon(plate=Plate(PLATE))
    stay_id = site.enter()
    site.park(minutes=minutes)
    site.leave()
    owed = site.sums(stay_id).debt
    office.says_plate(stay_id, OTHER_PLATE)
    assert (office.state_of(given), site.sums(stay_id).debt) == (CouponState.FREE, owed)


@pytest.mark.req("CPN-1", "GATE-4", "ID-1")
def test_two_stays_that_were_one_visit_by_mistake_have_their_own_coupons_and_stops_again(
    site: SiteStory, office: Office
) -> None:
    at_the_exit = Help(site)
    first = site.enter()
    site.park(minutes=10)
    second = site.enter()
    office.coupon(Bound.BEARER, stay_id=second)
    site.park(minutes=40)
    visit = site.visit()
    at_the_exit.block(visit, second)
    site.park(hours=5)
    at_the_exit.block(visit, second, blocked=False)
    before = site.bill(first), site.bill(second)
    for one in reversed(office.merge(second, first)):
        office.take_back(one)
    assert (site.bill(first), site.bill(second)) == before


# --- rights ----------------------------------------------------------------------------------------------------------


def guest_comes(site: SiteStory, office: Office) -> StayId:
    """By an invitation, free of charge."""
    span = {"valid_from": MORNING - timedelta(days=1), "valid_until": MORNING + timedelta(days=5)}
    office.do(lambda uow: access_store.put_fact(uow, an_invitation(free_of_charge=True, **span)))
    visit = site.visit()
    site.hear(passage(IN, visit, right="invitation:i1"))
    return StayId(visit)


def card_holder_comes(site: SiteStory, office: Office) -> StayId:
    """By the card of his pass, in a car that is not on it."""
    office.give_pass(OTHER_PLATE)
    visit = site.visit()
    site.hear(passage(IN, visit, right="pass:p1", credential=CARD))
    return StayId(visit)


@pytest.mark.req("GATE-5", "ID-1")
@pytest.mark.parametrize("comes", [guest_comes, card_holder_comes])
@pytest.mark.parametrize("how", ["close", "gone", "reread"])
def test_who_came_by_invitation_or_card_parks_free_again_when_a_mistake_about_him_is_taken_back(
    site: SiteStory, office: Office, comes: Comes, how: str
) -> None:
    stay_id = comes(site, office)
    site.park(hours=3)
    if how == "reread":
        office.undo(office.says_plate(stay_id, "沪B67891"))
    else:
        office.take_back(office.close(stay_id) if how == "close" else office.gone(stay_id))
    assert office.due(stay_id) == 0


@pytest.mark.req("GATE-5", "ID-1")
def test_a_guest_who_has_left_owes_nothing_for_a_split_or_a_plate_that_was_taken_back(
    site: SiteStory, office: Office
) -> None:
    stay_id, came = guest_comes(site, office), site.clock.now()
    site.park(hours=8)
    site.hear(passage(OUT, site.visit(), stay=stay_id, right="invitation:i1"))
    parts = office.split(stay_id, *(came + after for after in LATE))
    assert [site.sums(part).debt for part in parts] == [0, 0]
    office.take_back_last(stay_id)
    office.undo(office.says_plate(stay_id, OTHER_PLATE))
    assert (site.sums(stay_id).debt, site.reasons()) == (0, ["asked_by_person"])


@pytest.mark.req("GATE-5", "ID-1")
def test_a_visit_of_two_stays_has_the_pass_of_the_later_and_its_bay_is_free_when_it_has_left(
    site: SiteStory, office: Office
) -> None:
    first = site.enter(OTHER_PLATE)
    site.park(minutes=10)
    office.give_pass(OTHER_PLATE, PLATE)
    second = office.enter_by_pass(OTHER_PLATE)
    site.park(hours=3)
    office.merge(second, first)
    assert office.due(first) == 0
    office.close(first)
    site.park(hours=1)
    third = office.enter_by_pass(PLATE)
    site.park(hours=2)
    assert (office.due(third), "pass_overused" in site.reasons()) == (0, False)


@pytest.mark.req("GUIDE-1", "ID-1")
@pytest.mark.parametrize("how", ["close", "gone"])
def test_a_car_whose_end_is_taken_back_stands_in_the_lot_where_it_stood(
    site: SiteStory, office: Office, how: str
) -> None:
    mall, members = LotId("mall"), LotId("members")
    site.database.write(lambda uow: keeping.save_lot(uow, LotRow(mall, None, 10, None)))
    site.database.write(lambda uow: keeping.save_lot(uow, LotRow(members, mall, 4, None)))
    visit = site.visit()
    site.hear(passage(IN, visit, lot_id=mall))
    site.park(minutes=5)
    site.hear(passage(IN, site.visit(), stay=visit, lot_id=members, outer_lot_id=mall))
    site.park(hours=8)
    office.take_back(office.close(StayId(visit)) if how == "close" else office.gone(StayId(visit)))
    assert [(site.copy_row("lot", lot) or {}).get("free") for lot in (mall, members)] == [10, 3]


# --- counts ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("GUIDE-1", "ID-1")
@pytest.mark.parametrize("ended", ["the earlier was closed", "the later had gone", "both had left"])
def test_a_merge_counts_out_what_was_counted_twice_and_nothing_else(
    site: SiteStory, office: Office, ended: str
) -> None:
    first = site.enter(OTHER_PLATE)
    site.park(minutes=30)
    if ended == "the earlier was closed":
        office.close(first)
    second = site.enter()
    site.park(minutes=1)
    if ended == "the later had gone":
        office.gone(second)
    if ended == "both had left":
        office.close(first)
        office.close(second)
        site.park(minutes=1)
        site.enter("苏C22222")
    office.merge(second, first)
    assert site.occupied()["b1"] == 1


@pytest.mark.req("GUIDE-1", "ID-1")
@pytest.mark.parametrize("how", ["taken back", "matched", "seen in a bay"])
def test_a_ghost_that_lives_after_all_is_not_counted_on_top_of_what_somebody_has_counted_meanwhile(
    site: SiteStory, office: Office, how: str
) -> None:
    stay_id = site.enter()
    site.park(hours=14)
    gone = office.gone(stay_id)
    site.park(hours=1)
    stated(site, office, 1)
    now = site.park(hours=1)
    if how == "taken back":
        office.take_back(gone)
    elif how == "matched":
        office.match(site.leave(), stay_id)
    else:
        office.do(lambda uow: evidence.see_parked(uow, stay_id, BayId("b1-1"), now))
    assert site.occupied()["b1"] == (0 if how == "matched" else 1)


# --- questions -------------------------------------------------------------------------------------------------------


@pytest.mark.req("ID-1")
def test_what_was_asked_of_a_stay_is_asked_of_the_part_that_goes_on_and_ends_with_it(
    site: SiteStory, office: Office
) -> None:
    first, came = site.enter(), site.clock.now()
    site.park(hours=8)
    later = site.enter()
    _, part = office.split(first, *(came + after for after in LATE))
    assert isinstance(site.stay(part), StayInReview)
    asked = [(one.stay_id, one.visit_id) for one in site.cases() if one.reason == "second_entry"]
    assert asked == [(part, VisitId(later))]
    office.decide("second_entry", Choice.SPLIT, "exit_missed")
    assert (site.reasons(), site.stays("review")) == (["left_without_paying"], [])


@pytest.mark.req("ID-1")
def test_who_were_one_visit_are_asked_about_no_more(site: SiteStory, office: Office) -> None:
    first = site.enter()
    site.park(minutes=10)
    office.merge(site.enter(), first)
    assert isinstance(site.stay(first), OpenStay)
    assert site.reasons() == []


@pytest.mark.req("PAY-2", "ID-1")
def test_one_bill_is_one_question_inside_outside_and_after_a_plate_was_taken_back(
    site: SiteStory, office: Office
) -> None:
    stay_id = site.enter()
    site.park(days=40)
    with pytest.raises(ParkingError):
        site.begin_payment(stay_id)
    site.application.drain()
    site.leave()
    assert isinstance(site.stay(stay_id), ClosedStay)
    office.undo(office.says_plate(stay_id, OTHER_PLATE))
    assert site.reasons().count("charge_over_bound") == 1


@pytest.mark.req("PAY-1", "ID-1")
def test_a_plate_is_not_put_right_while_its_agreement_is_being_charged(site: SiteStory, office: Office) -> None:
    stay = site.stay(stay_id := leaves_unpaid(site, hours=2))
    priced = site.database.read(lambda conn: paying.priced(conn, stay))
    payment = site.application.cashier.begin_payment(priced, site.clock.now(), "wallet", "d1")
    with pytest.raises(ParkingError, match="under way"):
        office.says_plate(stay_id, OTHER_PLATE)
    site.approve(payment)
    office.says_plate(stay_id, OTHER_PLATE)
    row = site.database.read(lambda conn: store.row_of(conn, stay_id))
    assert row is not None
    assert row.plate == Plate(OTHER_PLATE)


@pytest.mark.req("ID-1")
@pytest.mark.parametrize("deed", ["split", "merge"])
def test_a_bill_that_was_held_for_a_person_is_held_again_when_what_stood_in_its_place_is_taken_back(
    site: SiteStory, office: Office, deed: str
) -> None:
    first, came = site.enter(OTHER_PLATE), site.clock.now()
    site.park(minutes=1)
    stay_id = site.enter()
    site.park(days=40)
    site.leave()
    held = [(one.reason, one.stay_id) for one in site.cases()]
    assert held == [("charge_over_bound", stay_id)]
    if deed == "split":
        office.split(stay_id, *(came + after for after in LATE))
        office.take_back_last(stay_id)
    else:
        for one in reversed(office.merge(stay_id, first)):
            office.take_back(one)
    assert [(one.reason, one.stay_id) for one in site.cases()] == held


@pytest.mark.req("GATE-5", "ID-1")
@pytest.mark.parametrize("how", ["close", "gone"])
def test_two_cars_do_not_park_free_on_one_bay_because_the_end_of_the_first_was_taken_back(
    site: SiteStory, office: Office, how: str
) -> None:
    office.give_pass(PLATE, OTHER_PLATE)
    first = office.enter_by_pass()
    site.park(hours=1)
    ended = office.close(first) if how == "close" else office.gone(first)
    second = office.enter_by_pass(OTHER_PLATE)
    site.park(hours=1)
    office.take_back(ended)
    assert (office.due(first) > 0, office.due(second)) == (True, 0)


@pytest.mark.req("PAY-3", "ID-1")
def test_who_pays_while_his_stay_is_in_doubt_has_his_time_to_leave(site: SiteStory, office: Office) -> None:
    first = site.enter()
    site.park(minutes=50)
    payment = site.begin_payment(first)
    second = site.enter()
    site.approve(payment)
    office.decide("second_entry", Choice.PLATE, "read_from_picture", plate=Plate("沪C33333"), stay_id=second)
    site.park(minutes=10)
    assert site.due_at_the_lane(first, site.clock.now()) == office.due(first) == 0


@pytest.mark.req("CPN-1", "ID-1")
def test_a_coupon_counts_once_however_often_the_plate_of_its_bill_is_put_right_and_taken_back(
    site: SiteStory, office: Office
) -> None:
    office.coupon(plate=Plate(PLATE))
    stay_id = leaves_unpaid(site, hours=2)
    before = site.sums(stay_id)
    assert (before.coupon, before.debt) == (600, 400)
    for _ in range(2):
        office.undo(office.says_plate(stay_id, OTHER_PLATE))
        after = site.sums(stay_id)
        assert (after.coupon, after.waived, after.debt) == (600, 0, 400)


@pytest.mark.req("PAY-5", "ID-1")
@pytest.mark.parametrize("deed", ["split", "merge"])
def test_what_was_given_up_of_the_stays_that_hold_now_is_taken_back_before_they_are(
    site: SiteStory, office: Office, deed: str
) -> None:
    first, came = site.enter(OTHER_PLATE), site.clock.now()
    site.park(minutes=1)
    stay_id = leaves_unpaid(site)
    made = office.split(stay_id, *(came + a for a in LATE)) if deed == "split" else office.merge(stay_id, first)
    office.decide("left_without_paying", Choice.WAIVE, "goodwill")
    with pytest.raises(ParkingError, match="given up"):
        office.take_back_last(stay_id) if deed == "split" else office.take_back(made[1])


@pytest.mark.req("ID-1")
def test_a_plate_that_came_in_three_times_has_one_stay_inside_and_questions_about_the_others(
    site: SiteStory, office: Office
) -> None:
    first = site.enter()
    site.park(minutes=10)
    second = site.enter()
    site.park(minutes=10)
    third = site.enter()
    office.merge(second, first)
    assert isinstance(site.stay(third), OpenStay)
    assert isinstance(site.stay(first), StayInReview)
    assert [(one.reason, one.stay_id, one.visit_id) for one in site.cases()] == [
        ("second_entry", first, VisitId(third))
    ]


@pytest.mark.req("ID-1")
def test_a_merge_is_taken_back_from_its_end(site: SiteStory, office: Office) -> None:
    first = site.enter(OTHER_PLATE)
    site.park(minutes=1)
    merged, _ = office.merge(leaves_unpaid(site), first)
    with pytest.raises(ParkingError, match="first"):
        office.take_back(merged)


@pytest.mark.req("FEE-1", "ID-1")
def test_nobody_parks_free_by_the_pass_of_a_plate_that_was_never_his(site: SiteStory, office: Office) -> None:
    office.give_pass(PLATE)
    stay_id, came = office.enter_by_pass(), site.clock.now()
    site.park(hours=8)
    office.leave_by_pass(stay_id)
    assert site.sums(stay_id).debt == 0
    office.says_plate(stay_id, OTHER_PLATE)
    parts = office.split(stay_id, *(came + after for after in LATE))
    assert [site.sums(part).debt for part in parts] == [1000, 1400]


@pytest.mark.req("FEE-1", "GATE-5", "ID-1")
def test_a_right_that_was_handed_on_stays_with_its_visit_through_the_next_mistake(
    site: SiteStory, office: Office
) -> None:
    stay_id, came = guest_comes(site, office), site.clock.now()
    site.park(hours=8)
    site.hear(passage(OUT, site.visit(), stay=stay_id, right="invitation:i1"))
    _, second = office.split(stay_id, *(came + after for after in LATE))
    office.undo(office.says_plate(second, OTHER_PLATE))
    assert site.sums(second).debt == 0


@pytest.mark.req("PAY-1", "PAY-5")
def test_what_has_gone_back_of_a_bill_that_was_booked_again_is_a_debt_that_can_be_paid(
    site: SiteStory, office: Office
) -> None:
    stay_id, ended = refund_under_way(site, office)
    office.take_back(ended)
    site.leave()
    site.park(minutes=5)
    site.application.drain()
    found = office.debt(stay_id)
    assert found is not None
    assert (found[0].state, found[1]) == (DebtState.OPEN, 400)


@pytest.mark.req("DATA-2", "ID-1")
def test_a_plate_read_by_mistake_and_taken_back_brings_back_the_stay_that_it_had_ended(
    site: SiteStory, office: Office
) -> None:
    first = site.enter(PLATE)
    site.park(minutes=40)
    site.opened_for(OUT, stay=first)
    site.park(hours=5)
    second, counted = site.enter(OTHER_PLATE), site.occupied()
    misread = office.says_plate(second, PLATE)
    assert isinstance(site.stay(first), ClosedStay)
    office.undo(misread)
    assert [site.stay(one).plate for one in (first, second)] == [Plate(PLATE), Plate(OTHER_PLATE)]
    assert not isinstance(site.stay(first), ClosedStay)
    assert (site.occupied(), site.copy_row("stay", first) is not None) == (counted, True)
