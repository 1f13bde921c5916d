"""Paying and going out: the price of the yes, the grace to leave, the increment after it, and debts that nobody forgets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parking.access import service as access_service
from parking.access.snapshot import ListedAs, ListRow
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.events import Direction, PaymentCaptured, StayClosed, StaySettled, VehicleBackedAway
from parking.kernel.ids import VisitId
from parking.kernel.plate import Plate
from parking.sessions.model import ClosedStay, OpenStay
from tests.builders.journeys import EXIT, MORNING, OTHER_PLATE, PLATE, SiteStory, answer, passage


def test_whoever_leaves_within_the_free_minutes_owes_nothing(site: SiteStory) -> None:
    stay_id = site.enter()
    site.leave(decided_at=site.park(minutes=14))
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert (site.sums(stay_id).due, site.reasons()) == (0, [])
    assert site.occupied()["b1"] == 0


def test_the_fee_is_that_of_the_moment_the_lane_said_yes_however_long_the_boom_took(site: SiteStory) -> None:
    stay_id = site.enter()
    yes = site.park(minutes=14, seconds=58)
    site.park(seconds=10)
    site.leave(decided_at=yes)
    assert site.sums(stay_id).due == 0


def test_of_two_answers_the_last_yes_counts(site: SiteStory) -> None:
    stay_id, visit = site.enter(), site.visit()
    site.hear(answer(Direction.OUT, visit), at=site.park(minutes=10))
    site.hear(answer(Direction.OUT, visit), at=site.park(minutes=20))
    site.hear(passage(Direction.OUT, visit))
    assert site.sums(stay_id).due == 600


@pytest.mark.parametrize("second", ["no", "backed away"])
def test_a_yes_that_was_taken_back_is_not_the_moment_of_a_price(site: SiteStory, second: str) -> None:
    stay_id, visit = site.enter(), site.visit()
    site.hear(answer(Direction.OUT, visit), at=site.park(minutes=10))
    back = VehicleBackedAway(EXIT, VisitId(visit))
    site.hear(answer(Direction.OUT, visit, allowed=False) if second == "no" else back, at=site.park(minutes=20))
    site.hear(passage(Direction.OUT, visit))
    assert site.sums(stay_id).due == 600


def test_who_stood_on_the_allow_list_at_the_yes_owes_nothing_and_nobody_is_asked(site: SiteStory) -> None:
    entry = ListRow(Plate(PLATE), ListedAs.ALLOW, "staff", None, None)
    site.database.write(lambda uow: access_service.put_on_list(uow, entry))
    stay_id = site.enter()
    site.leave(decided_at=site.park(hours=3))
    sums = site.sums(stay_id)
    assert (sums.debt, sums.captured, sums.due) == (0, 0, sums.waived)
    assert site.reasons() == []


def test_a_no_is_not_the_moment_of_a_price(site: SiteStory) -> None:
    stay_id, visit = site.enter(), site.visit()
    site.hear(answer(Direction.OUT, visit, allowed=False), at=site.park(minutes=10))
    site.park(minutes=20)
    site.hear(passage(Direction.OUT, visit))
    assert site.sums(stay_id).due == 600


@pytest.mark.req("PAY-3")
def test_who_has_paid_and_leaves_in_time_owes_nothing_more(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(hours=1, minutes=50)
    assert site.pay(stay_id) == 1000
    assert len(site.told(StaySettled)) == 1
    site.leave(decided_at=site.park(minutes=15))
    sums = site.sums(stay_id)
    assert (sums.due, sums.captured, sums.debt, sums.overpaid) == (1000, 1000, 0, 0)
    assert site.reasons() == []


@pytest.mark.req("PAY-3")
def test_who_stays_on_beyond_the_grace_owes_the_increment_and_no_second_hour_twice(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(hours=1, minutes=50)
    site.pay(stay_id)
    at = site.park(minutes=15, seconds=1)
    assert site.due_at_the_lane(stay_id, at) == 400
    assert site.pay(stay_id, "k2") == 400
    site.leave(decided_at=site.park(minutes=14))
    sums = site.sums(stay_id)
    assert (sums.due, sums.captured, sums.debt) == (1400, 1400, 0)
    assert site.reasons() == []


def test_a_slow_payer_has_the_price_of_the_moment_when_the_payment_began_for_five_minutes(site: SiteStory) -> None:
    stay_id = site.enter()
    began = site.park(minutes=58)
    payment = site.begin_payment(stay_id)
    site.park(minutes=4)
    site.approve(payment)
    found = site.stay(stay_id)
    assert isinstance(found, OpenStay)
    assert (found.priced_at, found.leave_by) == (began, began + timedelta(minutes=4 + 15))
    site.leave(decided_at=site.park(minutes=14))
    assert (site.sums(stay_id).due, site.sums(stay_id).debt) == (600, 0)


def test_nobody_stretches_the_grace_by_paying_late(site: SiteStory) -> None:
    stay_id = site.enter()
    began = site.park(minutes=58)
    payment = site.begin_payment(stay_id)
    site.park(minutes=30)
    site.approve(payment)
    found = site.stay(stay_id)
    assert isinstance(found, OpenStay)
    assert found.leave_by == began + timedelta(minutes=5 + 15)


@pytest.mark.req("PAY-5")
def test_who_is_let_out_by_hand_without_paying_leaves_a_debt_in_the_ledger_and_a_case(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(hours=1, minutes=30)
    site.leave_by_hand()
    assert isinstance(site.stay(stay_id), ClosedStay)
    sums = site.sums(stay_id)
    assert (sums.due, sums.captured, sums.debt) == (1000, 0, 1000)
    assert [(c.reason, c.stay_id) for c in site.cases()] == [("left_without_paying", stay_id)]


@pytest.mark.req("PAY-3")
def test_money_that_comes_for_a_stay_that_has_ended_pays_its_debt(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(hours=1, minutes=30)
    payment = site.begin_payment(stay_id)
    site.leave_by_hand()
    site.approve(payment)
    sums = site.sums(stay_id)
    assert (sums.due, sums.captured, sums.debt, sums.overpaid) == (1000, 1000, 0, 0)
    assert site.reasons() == []  # asked when it left, and answered by the money
    assert isinstance(site.stay(stay_id), ClosedStay)


@pytest.mark.req("PAY-3")
def test_a_wallet_that_says_paid_twice_is_believed_once(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(hours=1)
    payment = site.begin_payment(stay_id)
    for _ in range(3):
        site.approve(payment)
    assert site.sums(stay_id).captured == 600
    assert (len(site.told(PaymentCaptured)), len(site.told(StaySettled))) == (1, 1)
    assert site.reasons() == []


def test_nothing_can_be_paid_where_nothing_is_due(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(minutes=10)
    with pytest.raises(ParkingError) as refused:
        site.begin_payment(stay_id)
    assert (refused.value.kind, refused.value.code) == (ErrorKind.CONFLICT, "stay.nothing_due")


def test_nothing_can_be_paid_for_a_stay_that_is_with_the_staff_or_over(site: SiteStory) -> None:
    first = site.enter()
    site.enter()
    site.park(hours=1)
    with pytest.raises(ParkingError, match="with our staff"):
        site.begin_payment(first)


@pytest.mark.req("ID-1")
def test_an_exit_of_a_plate_that_never_came_is_a_case_and_no_bill(site: SiteStory) -> None:
    inside = site.enter(OTHER_PLATE)
    site.park(hours=1)
    visit = site.leave(PLATE)
    (case,) = site.cases()
    assert (case.reason, case.visit_id, case.stay_id) == ("exit_without_stay", visit, None)
    assert isinstance(site.stay(inside), OpenStay)
    assert site.told(StayClosed) == []


def test_an_exit_without_a_plate_and_without_a_stay_ends_nobodys_stay(site: SiteStory) -> None:
    inside = site.enter()
    site.park(hours=1)
    site.leave(None)
    assert isinstance(site.stay(inside), OpenStay)
    assert site.reasons() == ["exit_without_stay"]


def test_a_second_exit_of_one_stay_is_a_case_and_bills_nothing_again(site: SiteStory) -> None:
    stay_id = site.enter()
    site.leave(decided_at=site.park(hours=1))
    site.leave(stay=stay_id)
    assert site.sums(stay_id).due == 600
    assert site.reasons() == ["exit_without_stay", "left_without_paying"]
    assert len(site.told(StayClosed)) == 1


def test_a_car_that_follows_another_out_is_billed_and_reported(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(hours=1)
    site.leave(authorised=False)
    assert (site.sums(stay_id).debt, site.reasons()) == (600, ["left_without_paying", "unauthorised_exit"])


def test_a_box_whose_clock_went_back_never_makes_a_negative_bill(site: SiteStory) -> None:
    stay_id = site.enter()
    site.leave(stay=stay_id, at=MORNING - timedelta(hours=2))
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert site.sums(stay_id).due == 0
    site.clock.advance(timedelta(days=1))


def test_a_fault_of_a_lane_is_a_case_once_and_its_end_is_none(site: SiteStory) -> None:
    site.fault("presence_loop_stuck")
    site.fault("presence_loop_stuck", cleared=True)
    assert site.reasons() == ["lane_presence_loop_stuck"]
