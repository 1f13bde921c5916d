"""What a person puts right takes everything along: rights, agreements, coupons, stopped clocks, time to leave; and can be taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parking.journeys import closing_by_hand, owing
from parking.kernel.errors import ParkingError
from parking.kernel.events import Direction, ExitPromised
from parking.kernel.ids import BayId, StayId, VisitId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.security import audit
from parking.sessions import evidence
from parking.sessions.desk.model import Choice
from parking.sessions.model import ClosedStay, OpenStay
from payments import refunding
from payments.coupons.model import Bound, CouponState
from payments.later import agreements
from payments.later.model import DebtState, Terms
from payments.model import PaymentState
from payments.providers.abilities import Standing
from tests.builders.corrections import LI, Office
from tests.builders.emergency import Help
from tests.builders.journeys import EXIT, OTHER_PLATE, PLATE, SiteStory, answer, passage

EIGHT, BEE = "浙A66888", "浙A6688B"
LATE = timedelta(hours=2), timedelta(hours=5)
"""After its entry: when a car had left, and when it came again."""


@pytest.fixture
def office(site: SiteStory) -> Office:
    return Office(site)


def leaves_in_doubt(site: SiteStory) -> tuple[StayId, str]:
    """Two look-alikes are inside, and nobody can tell whose this exit was; one of them, and the exit."""
    mine, _ = site.enter(EIGHT), site.enter(BEE)
    site.park(hours=2)
    return mine, site.leave(EIGHT)


# --- waivers ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("PAY-1", "PAY-5")
def test_a_waiver_that_is_taken_back_after_its_car_has_left_is_a_debt(site: SiteStory, office: Office) -> None:
    stay_id = site.enter()
    site.park(days=40)
    with pytest.raises(ParkingError, match="unusually high"):
        site.begin_payment(stay_id)
    site.application.drain()
    made = office.decide("charge_over_bound", Choice.WAIVE, "our_fault")
    site.leave(decided_at=site.park(minutes=1))
    office.undo(made)
    sums = site.sums(stay_id)
    assert sums.due == sums.debt > 0
    found = office.debt(stay_id)
    assert found is not None
    assert (found[0].state, found[1]) == (DebtState.OPEN, sums.debt)


@pytest.mark.req("PAY-5")
def test_a_waiver_outlives_the_bill_that_it_was_of_and_can_still_be_taken_back(site: SiteStory, office: Office) -> None:
    mine, _ = leaves_in_doubt(site)
    matched = office.decide("exit_in_doubt", Choice.MATCH, "same_car_seen", stay_id=mine)
    waived = office.decide("left_without_paying", Choice.WAIVE, "goodwill")
    office.undo(matched)
    office.undo(waived)
    sums = site.sums(mine)
    assert (sums.due, sums.debt, sums.waived, sums.receivable) == (None, 0, 0, 0)


@pytest.mark.req("PAY-3", "ID-1")
def test_what_a_person_waives_of_a_car_that_is_inside_no_lane_asks_for(site: SiteStory, office: Office) -> None:
    stay_id = site.enter()
    site.park(days=40)
    with pytest.raises(ParkingError):
        site.begin_payment(stay_id)
    site.application.drain()
    made = office.decide("charge_over_bound", Choice.WAIVE, "our_fault")
    assert site.due_at_the_lane(stay_id, site.clock.now()) == office.due(stay_id) == 0
    office.undo(made)
    assert site.due_at_the_lane(stay_id, site.clock.now()) is None, "a person looks first"


@pytest.mark.req("FEE-1", "ID-1")
def test_what_a_person_waives_is_a_line_of_the_bill_and_not_what_somebody_has_paid(
    site: SiteStory, office: Office
) -> None:
    stay_id = site.enter()
    site.park(hours=2)
    site.leave()
    office.decide("left_without_paying", Choice.WAIVE, "goodwill")
    account = office.account(stay_id)
    assert [(line.code, line.amount.minor) for line in account.lines][-1] == ("waived", -1000)
    assert (account.total.minor, account.paid.minor, account.due.minor) == (0, 0, 0)


@pytest.mark.req("PAY-2", "ID-1")
def test_a_bill_that_is_too_high_to_be_true_is_asked_about_until_somebody_has_said_so(
    site: SiteStory, office: Office
) -> None:
    stay_id = site.enter()
    site.park(days=40)
    for key in ("k1", "k2", "k3"):
        with pytest.raises(ParkingError):
            site.begin_payment(stay_id, key)
        site.application.drain()
        assert site.reasons() == ["charge_over_bound"]
        if key == "k1":
            office.decide("charge_over_bound", Choice.DONE, "false_alarm")


# --- rights ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("FEE-1", "ID-1")
@pytest.mark.parametrize("door", ["desk", "stays"])
def test_who_parks_free_owes_nothing_when_a_person_ends_his_stay(site: SiteStory, office: Office, door: str) -> None:
    office.welcome()
    stay_id = site.enter()
    site.park(hours=3)
    if door == "desk":
        office.close(stay_id)
    else:
        closing = (office.cashier, audit.record, LI, stay_id, "its bay is empty", None)
        office.do(lambda uow: closing_by_hand.close(uow, *closing))
    assert (site.sums(stay_id).debt, site.reasons()) == (0, [])


@pytest.mark.req("FEE-1", "ID-1")
def test_who_parks_free_owes_nothing_for_the_visits_into_which_his_stay_is_split(
    site: SiteStory, office: Office
) -> None:
    office.welcome()
    stay_id, came = site.enter(), site.clock.now()
    site.park(hours=8)
    site.leave()
    parts = office.split(stay_id, *(came + after for after in LATE))
    assert [site.sums(part).debt for part in parts] == [0, 0]
    office.take_back_last(stay_id)
    assert site.sums(stay_id).debt == 0


@pytest.mark.req("FEE-1", "ID-1")
def test_who_parks_free_owes_nothing_for_the_visit_into_which_his_stays_are_merged(
    site: SiteStory, office: Office
) -> None:
    office.welcome()
    first = site.enter()
    site.park(minutes=10)
    second = site.enter()
    site.park(hours=3)
    office.match(site.leave(), second)
    office.merge(second, first)
    assert isinstance(site.stay(first), ClosedStay)
    assert site.sums(first).debt == 0


@pytest.mark.req("FEE-1", "GATE-5", "ID-1")
@pytest.mark.parametrize("left", [True, False])
def test_the_visits_into_which_a_pass_holders_stay_is_split_have_his_pass(
    site: SiteStory, office: Office, left: bool
) -> None:
    office.give_pass(PLATE, OTHER_PLATE)
    stay_id, came = office.enter_by_pass(), site.clock.now()
    site.park(hours=8)
    if left:
        office.leave_by_pass(stay_id)
    first, second = office.split(stay_id, *(came + after for after in LATE))
    assert site.sums(first).debt == office.due(second) == 0
    if not left:
        row = site.copy_row("inside", second)
        assert row is not None
        assert (row["right"], site.copy_row("inside", stay_id)) == ("pass:p1", None)
        office.take_back_last(stay_id)
        assert (site.copy_row("inside", stay_id) or {}).get("right") == "pass:p1"
        assert office.due(stay_id) == 0


@pytest.mark.req("FEE-1", "ID-1")
def test_a_debt_of_a_misread_plate_is_none_when_the_true_one_parks_free_and_is_again_when_that_was_wrong(
    site: SiteStory, office: Office
) -> None:
    office.welcome()
    stay_id = site.enter(OTHER_PLATE)
    site.park(hours=3)
    site.leave(OTHER_PLATE)
    made = office.says_plate(stay_id, PLATE)
    assert (site.sums(stay_id).debt, site.reasons()) == (0, [])
    office.undo(made)
    found = office.debt(stay_id)
    assert found is not None
    assert (found[0].plate, found[0].state, found[1]) == (Plate(OTHER_PLATE), DebtState.OPEN, 1400)


@pytest.mark.req("GATE-5", "ID-1")
@pytest.mark.parametrize("how", ["close", "match"])
def test_a_pass_holder_whose_end_is_taken_back_has_his_bay_and_nobody_else_has_it(
    site: SiteStory, office: Office, how: str
) -> None:
    office.give_pass(PLATE, OTHER_PLATE)
    first = office.enter_by_pass()
    site.park(hours=2)
    made = office.close(first) if how == "close" else office.match(site.leave("浙A1234S"), first)
    office.take_back(made)
    second = office.enter_by_pass(OTHER_PLATE)
    site.park(hours=1)
    assert (office.due(first), office.due(second) > 0) == (0, True)
    office.leave_by_pass(first)
    assert site.sums(first).debt == 0


@pytest.mark.req("GATE-5", "ID-1")
@pytest.mark.parametrize("who", ["a person", "a patrol"])
def test_a_car_that_has_gone_unseen_keeps_no_bay_of_its_pass(site: SiteStory, office: Office, who: str) -> None:
    office.give_pass(PLATE, OTHER_PLATE)
    first = office.enter_by_pass()
    site.park(hours=14)
    if who == "a person":
        office.gone(first)
    else:
        began, ended = site.clock.now(), site.park(minutes=30)
        office.do(lambda uow: evidence.expire_unfound(uow, began, ended, set(), lambda *_: None))
    site.park(hours=10)
    second = office.enter_by_pass(OTHER_PLATE)
    site.park(hours=2)
    assert (office.due(second), "pass_overused" in site.reasons()) == (0, False)


# --- leave first, pay later ------------------------------------------------------------------------------------------

TERMS = Terms(per_stay_minor=3000, at_once_minor=4000, per_day_minor=8000)


def agreed(site: SiteStory) -> None:
    """What this plate owes is collected afterwards, without anybody's hand."""
    site.wallet.standings[PLATE] = Standing.ENROLLED
    site.database.write(lambda uow: agreements.agree(uow, Plate(PLATE), "wallet", "contract-1", TERMS))


def credit(site: SiteStory, stay_id: StayId) -> int:
    row = site.copy_row("stay", stay_id)
    assert row is not None
    return int(row["credit_minor"])


@pytest.mark.req("PAY-1", "ID-1")
def test_nobodys_agreement_pays_for_a_car_that_was_misread_as_his(site: SiteStory, office: Office) -> None:
    agreed(site)
    stay_id = site.enter(PLATE)
    assert credit(site, stay_id) == 3000
    office.says_plate(stay_id, OTHER_PLATE)
    assert credit(site, stay_id) == 0
    site.park(hours=3)
    due, visit = site.due_at_the_lane(stay_id, site.clock.now()), site.visit()
    assert due is not None
    promised = ExitPromised(EXIT, VisitId(visit), stay_id, Money(due, "CNY"), Money(3000, "CNY"), "t1")  # an old copy
    site.hear(promised, passage(Direction.OUT, visit, OTHER_PLATE, stay=stay_id))
    site.park(hours=2)
    site.application.drain()
    assert site.wallet.orders == {}
    assert credit(site, site.enter(PLATE)) == 3000, "all of it is his own"


@pytest.mark.req("PAY-1", "ID-1")
def test_a_rule_that_reads_a_plate_anew_takes_the_others_credit_from_it(site: SiteStory, office: Office) -> None:
    agreed(site)
    first = site.enter(PLATE, votes=Votes.of([(PLATE, 0.0), ("浙A1234S", -0.3)]))
    site.park(minutes=1)
    second = site.enter(PLATE, votes=Votes.of([(PLATE, 0.0), ("浙A1234S", -12.0)]))
    assert [one.rule for one in site.corrections(first)] == ["read_as_next_spelling"]
    assert (credit(site, first), credit(site, second)) == (0, 3000)


@pytest.mark.req("PAY-1", "ID-1")
@pytest.mark.parametrize("how", ["gone", "split"])
def test_nothing_stays_set_aside_for_a_stay_that_does_not_go_on(site: SiteStory, office: Office, how: str) -> None:
    agreed(site)
    stay_id, came = site.enter(), site.clock.now()
    site.park(hours=8)
    if how == "gone":
        office.gone(stay_id)
    else:
        first, second = office.split(stay_id, *(came + after for after in LATE))
        site.pay(second)
        site.leave(stay=second)
        office.do(lambda uow: owing.give_up(uow, office.cashier, first))
    site.park(days=1)
    assert credit(site, site.enter()) == 3000


@pytest.mark.req("PAY-1", "ID-1")
def test_a_debt_of_a_car_that_nobody_had_read_is_its_plates_once_a_person_reads_it(
    site: SiteStory, office: Office
) -> None:
    stay_id = site.enter(None)
    site.park(hours=3)
    office.decide("entry_without_plate", Choice.CLOSE, "gone_unseen")
    office.says_plate(stay_id, PLATE)
    found = office.debt(stay_id)
    assert found is not None
    assert found[0].plate == Plate(PLATE)


@pytest.mark.req("PAY-1", "ID-1")
def test_a_dispute_goes_on_when_a_correction_of_its_stay_is_taken_back(site: SiteStory, office: Office) -> None:
    stay_id = site.enter()
    site.park(hours=2)
    site.leave()
    office.do(lambda uow: owing.dispute(uow, office.cashier, stay_id))
    office.undo(office.says_plate(stay_id, OTHER_PLATE))
    found = office.debt(stay_id)
    assert found is not None
    assert (found[0].state, found[1]) == (DebtState.DISPUTED, 1000)
    assert "debt_disputed" in site.reasons()


# --- taking back -----------------------------------------------------------------------------------------------------


@pytest.mark.req("ID-1")
def test_a_merge_of_two_cars_is_taken_back_while_the_later_is_inside(site: SiteStory, office: Office) -> None:
    first = site.enter()
    site.park(minutes=10)
    second = site.enter()
    made = office.decide("second_entry", Choice.MERGE, "backed_out")
    office.undo(made)
    assert isinstance(site.stay(second), OpenStay)
    assert (site.occupied()["b1"], site.reasons()) == (2, ["second_entry"])
    assert [one.rule for one in site.corrections(first)][-1] == "undo_took_in_another"


@pytest.mark.req("ID-1")
@pytest.mark.parametrize("since", ["seen in a bay", "paid"])
def test_a_plate_that_was_put_right_wrongly_is_taken_back_whatever_its_car_has_done_since(
    site: SiteStory, office: Office, since: str
) -> None:
    stay_id = site.enter(OTHER_PLATE)
    site.park(hours=1)
    made = office.says_plate(stay_id, PLATE)
    now = site.clock.now()
    if since == "paid":
        site.pay(stay_id)
    else:
        office.do(lambda uow: evidence.see_parked(uow, stay_id, BayId("b2-1"), now))
    office.undo(made)
    stay = site.stay(stay_id)
    assert isinstance(stay, OpenStay)
    assert stay.plate == Plate(OTHER_PLATE)
    assert (stay.leave_by is not None) == (since == "paid"), "his time to leave is his"


@pytest.mark.req("FEE-1", "ID-1")
@pytest.mark.parametrize("paid", [True, False])
def test_a_bill_that_is_booked_again_is_priced_at_the_lanes_yes_as_at_first(
    site: SiteStory, office: Office, paid: bool
) -> None:
    stay_id = site.enter()
    site.park(minutes=50)
    if paid:
        site.pay(stay_id)
    yes = site.park(minutes=14 if paid else 9, seconds=55)
    site.park(seconds=20)
    site.leave(decided_at=yes)
    before = site.sums(stay_id)
    assert before.due == 600
    office.undo(office.says_plate(stay_id, OTHER_PLATE))
    assert (site.sums(stay_id).due, site.sums(stay_id).debt) == (600, before.debt)


@pytest.mark.req("PAY-3", "ID-1")
@pytest.mark.parametrize("how", ["match", "gone"])
def test_who_pays_while_a_person_ends_his_stay_by_mistake_has_his_time_to_leave(
    site: SiteStory, office: Office, how: str
) -> None:
    mine, _ = site.enter(EIGHT), site.enter(BEE)
    site.park(minutes=50)
    visit = site.leave(EIGHT)
    site.park(minutes=8)
    payment = site.begin_payment(mine)
    made = office.match(visit, mine) if how == "match" else office.gone(mine)
    site.approve(payment)
    office.take_back(made)
    site.park(minutes=10)
    assert site.due_at_the_lane(mine, site.clock.now()) == office.due(mine) == 0


# --- payments that stand in nobody's way -----------------------------------------------------------------------------


@pytest.mark.req("ID-1")
def test_a_pay_page_that_was_opened_and_left_keeps_no_stay_from_being_split(site: SiteStory, office: Office) -> None:
    stay_id, came = site.enter(), site.clock.now()
    site.park(hours=2)
    payment = site.begin_payment(stay_id)
    site.park(hours=9)
    site.leave()
    assert site.payment(payment.payment_id).state is PaymentState.CLOSED
    first, second = office.split(stay_id, *(came + after for after in LATE))
    assert (site.sums(first).due, site.sums(second).due) == (1000, 2600)


@pytest.mark.req("ID-1", "PAY-5")
def test_a_payment_that_went_back_in_whole_keeps_no_stays_from_being_merged(site: SiteStory, office: Office) -> None:
    first = site.enter()
    site.park(minutes=30)
    second = site.enter()
    site.park(hours=2)
    payment = site.begin_payment(second)
    site.approve(payment)
    with pytest.raises(ParkingError, match="payments of its own"):
        office.decide("second_entry", Choice.MERGE, "backed_out")
    how = {"reason": "two stays of one car", "actor": "anna", "key": "r1"}
    office.do(lambda uow: refunding.begin(uow, payment.payment_id, payment.amount, **how))
    office.decide("second_entry", Choice.MERGE, "backed_out")
    assert isinstance(site.stay(first), OpenStay)


# --- coupons and clocks ----------------------------------------------------------------------------------------------


@pytest.mark.req("CPN-1", "ID-1")
def test_a_coupon_that_was_used_at_the_exit_counts_for_the_visits_into_which_the_stay_is_split(
    site: SiteStory, office: Office
) -> None:
    stay_id, came = site.enter(), site.clock.now()
    office.coupon(plate=Plate(PLATE))
    site.park(hours=8)
    site.leave()
    assert site.sums(stay_id).coupon == 600
    parts = office.split(stay_id, *(came + after for after in LATE))
    assert (site.sums(stay_id).coupon, sum(site.sums(part).coupon for part in parts)) == (0, 600)
    office.take_back_last(stay_id)
    assert (site.sums(stay_id).coupon, sum(site.sums(part).coupon for part in parts)) == (600, 0)


@pytest.mark.req("CPN-1", "ID-1")
def test_a_coupon_that_was_used_for_a_part_is_free_when_the_split_of_a_car_inside_is_taken_back(
    site: SiteStory, office: Office
) -> None:
    stay_id, came = site.enter(), site.clock.now()
    given = office.coupon(plate=Plate(PLATE))
    site.park(hours=8)
    office.split(stay_id, *(came + after for after in LATE))
    office.take_back_last(stay_id)
    assert office.state_of(given) is CouponState.FREE
    assert office.due(stay_id) == 2800


@pytest.mark.req("CPN-1", "ID-1")
@pytest.mark.parametrize("how", ["merge", "split"])
def test_a_coupon_that_was_shown_counts_for_the_stay_that_goes_on(site: SiteStory, office: Office, how: str) -> None:
    first, came = site.enter(), site.clock.now()
    site.park(minutes=10)
    if how == "merge":
        office.coupon(Bound.BEARER, stay_id=site.enter())
        site.park(hours=1)
        office.decide("second_entry", Choice.MERGE, "backed_out")
        site.park(minutes=50)
        assert office.due(first) == 400
    else:
        office.coupon(Bound.BEARER, stay_id=first)
        site.park(hours=8)
        earlier, later = office.split(first, *(came + after for after in LATE))
        assert (site.sums(earlier).debt, office.due(later)) == (400, 1800), "it counts once"


@pytest.mark.req("CPN-1", "ID-1")
def test_an_order_that_counts_a_coupon_of_the_misread_plate_is_closed_when_the_true_one_is_known(
    site: SiteStory, office: Office
) -> None:
    stay_id = site.enter()
    given = office.coupon(plate=Plate(PLATE))
    site.park(hours=2)
    payment = site.begin_payment(stay_id)
    assert payment.amount.minor == 400
    office.says_plate(stay_id, OTHER_PLATE)
    assert site.payment(payment.payment_id).state is PaymentState.CLOSED
    assert office.state_of(given) is CouponState.FREE
    assert office.due(stay_id) == 1000


@pytest.mark.req("GATE-4", "ID-1")
@pytest.mark.parametrize("how", ["merge", "split"])
def test_a_clock_that_stood_still_has_stood_still_for_the_stays_that_hold_now(
    site: SiteStory, office: Office, how: str
) -> None:
    at_the_exit = Help(site)
    first, came = site.enter(), site.clock.now()
    site.park(minutes=10)
    held = site.enter() if how == "merge" else first
    site.park(minutes=40)
    visit = site.visit()
    at_the_exit.block(visit, held)
    site.park(hours=5)
    if how == "merge":
        at_the_exit.block(visit, held, blocked=False)
        office.decide("second_entry", Choice.MERGE, "backed_out")
        assert site.bill(first) == 600
    else:
        site.hear(answer(Direction.OUT, visit))
        site.hear(passage(Direction.OUT, visit))
        parts = office.split(first, came + timedelta(minutes=10), came + timedelta(minutes=20))
        assert [site.sums(part).due for part in parts] == [0, 600]
