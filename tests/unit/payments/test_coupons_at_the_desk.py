"""What happens to coupons between the bill and the books: reserved for one payment, redeemed once, released, given back once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.kernel.errors import ParkingError
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.kernel.standing import Benefit, Effect, MemberStanding, OffKind
from parking.plumbing.db import UnitOfWork
from payments import ledger, ledger_store
from payments.coupons import merchants, using
from payments.coupons.desk import Coupons
from payments.coupons.model import Bound
from payments.coupons.wallet import LARGEST_WALLET
from payments.model import PaymentState
from payments.providers.base import Notice
from payments.webhooks import record
from tests.builders.coupons import PLATE, CouponDesk, five_off
from tests.builders.payments import START, Key
from tests.unit.payments.test_crash_points import Crash, dying_at_write, lost

pytestmark = pytest.mark.req("CPN-1")
GOLD = MemberStanding(
    "m-1",
    "gold",
    (
        Benefit("tier:gold:0", "金卡两小时", "Gold, two hours", Effect(OffKind.HOURS, minutes=120), per_day=1),
        Benefit("credit:good:0", "信用优惠", "Good standing", Effect(OffKind.PERCENT, percent=10)),
    ),
)


def test_an_hour_off_a_stay_of_an_hour_and_28_minutes_leaves_one_half_hour_to_pay() -> None:
    """Longfor charged ¥7 for this; the driver owes ¥3.5."""
    desk = CouponDesk()
    desk.campaign()
    desk.give()
    desk.park(minutes=88)
    account = desk.account()
    assert (account.gross, account.due) == (Money(1050, "CNY"), Money(350, "CNY"))
    assert [(line.code, line.amount.minor) for line in account.lines] == [("step", 1050), ("coupon", -700)]
    payment = desk.begin(desk.a_stay())
    desk.memory.approve(payment.number)
    desk.ask()
    assert desk.payment(payment).amount.minor == 350
    assert desk.leave(desk.a_stay()) == 0
    sums = desk.sums(desk.a_stay().stay_id)
    assert (sums.due, sums.captured, sums.coupon, sums.debt) == (1050, 350, 700, 0)
    desk.check()


def test_what_a_coupon_pays_wholly_is_settled_without_asking_anybody() -> None:
    desk = CouponDesk()
    desk.campaign("free", Effect(OffKind.FREE))
    coupon = desk.give("free")
    desk.park(hours=3)
    payment = desk.begin(desk.a_stay())
    assert (payment.state, payment.amount.minor, payment.channel) == (PaymentState.PAID, 0, "coupon")
    assert desk.memory.orders == {}
    assert desk.state(coupon) == "redeemed"
    assert desk.begin(desk.a_stay()) == payment, "asked again because our answer got lost"
    assert desk.leave(desk.a_stay()) == 0
    desk.check()


def test_a_coupon_used_at_two_gates_at_once_counts_once() -> None:
    """Both lanes are cut off and let their cars go; the server hears of both exits afterwards."""
    desk = CouponDesk()
    desk.campaign(bound=Bound.BEARER)
    first, second = desk.a_stay(1, None), desk.a_stay(2, None)
    coupon = desk.give(stay_id=first.stay_id)
    desk.show(coupon, second)
    desk.park(minutes=88)
    assert [desk.account(stay).due.minor for stay in (first, second)] == [350, 350], "each lane believes it has it"
    assert [desk.leave(stay) for stay in (first, second)] == [350, 1050]
    assert desk.state(coupon) == "redeemed"
    desk.check()


def test_a_reserved_coupon_is_nobody_elses_and_free_again_when_its_payment_is_over() -> None:
    desk = CouponDesk()
    desk.campaign(bound=Bound.BEARER)
    first, second = desk.a_stay(1, None), desk.a_stay(2, None)
    coupon = desk.give(stay_id=first.stay_id)
    desk.show(coupon, second)
    desk.park(minutes=88)
    payment = desk.begin(first)
    account = desk.account(second)
    assert (desk.state(coupon), account.due.minor) == ("reserved", 1050)
    assert [(n.why, n.text["en"]) for n in account.not_applied] == [
        ("in_use", "Another payment is using it at this moment")
    ]
    assert desk.account(first).due.minor == 350, "its own payment holds it"
    desk.memory.fail(payment.number)
    desk.ask()
    assert (desk.state(coupon), desk.account(second).due.minor) == ("free", 350)
    desk.check()


@pytest.mark.parametrize("meanwhile", ["nothing", "used"])
def test_a_late_success_takes_its_coupon_again_or_calls_a_person(meanwhile: str) -> None:
    desk = CouponDesk()
    desk.campaign(bound=Bound.BEARER)
    first, second = desk.a_stay(1, None), desk.a_stay(2, None)
    coupon = desk.give(stay_id=first.stay_id)
    desk.show(coupon, second)
    desk.park(minutes=88)
    payment = desk.begin(first)
    desk.ask(minutes=5)
    assert (desk.payment(payment).state, desk.state(coupon)) == (PaymentState.CLOSED, "free")
    if meanwhile == "used":
        desk.leave(second)
    outcome = desk.memory.approve(payment.number, even_if_closed=True)
    desk.database.write(lambda uow: record(uow, "wallet", Notice("late", outcome), b"{}"))
    sums = desk.sums(first.stay_id)
    assert (sums.captured, sums.coupon) == (350, 700 if meanwhile == "nothing" else 0)
    assert ("coupon_gone" in desk.cases()) == (meanwhile == "used")
    desk.check()


def test_a_reservation_outlives_the_coupons_last_minute() -> None:
    desk = CouponDesk()
    desk.campaign(valid_until=desk.clock.now() + timedelta(minutes=90))
    coupon = desk.give()
    desk.park(minutes=88)
    payment = desk.begin(desk.a_stay())
    desk.memory.approve(payment.number)
    desk.ask(minutes=4)
    assert (desk.state(coupon), desk.payment(payment).state) == ("redeemed", PaymentState.PAID)
    desk.check()


def test_a_refund_gives_the_coupon_back_once_and_its_giver_owes_nothing_for_it() -> None:
    desk = CouponDesk()
    desk.campaign(budget_minor=700)
    coupon = desk.give()
    desk.park(minutes=88)
    payment = desk.begin(desk.a_stay())
    desk.memory.approve(payment.number)
    desk.ask()
    desk.park(days=40)
    for expected in (1, 0):
        assert len(desk.database.write(lambda uow: using.give_back(uow, payment.payment_id))) == expected
    assert desk.state(coupon) == "free"
    owed = {account: balance for account, _, balance in desk.database.read(ledger_store.balances)}
    assert (owed[ledger.coupons("cafe")], owed[ledger.WAIVED]) == (0, 700)
    again = desk.a_stay(2, entered_at=desk.clock.now() - timedelta(minutes=88))
    assert desk.account(again).due.minor == 350, "valid for another week"
    desk.check()


def test_leaving_without_paying_uses_the_coupons_before_it_becomes_a_debt() -> None:
    desk = CouponDesk()
    desk.campaign()
    desk.give()
    desk.park(minutes=88)
    assert desk.leave(desk.a_stay()) == 350
    desk.check()


def test_a_payment_that_fails_after_the_car_has_left_leaves_its_coupon_with_the_debt() -> None:
    desk = CouponDesk()
    desk.campaign()
    coupon = desk.give()
    desk.park(minutes=88)
    payment = desk.begin(desk.a_stay())
    assert desk.leave(desk.a_stay()) == 1050, "its coupon is in a payment whose end is open"
    desk.memory.fail(payment.number)
    desk.ask()
    assert (desk.sums(desk.a_stay().stay_id).debt, desk.state(coupon)) == (350, "redeemed")
    desk.check()


@pytest.mark.req("PAY-4")
def test_tier_and_good_standing_are_lines_of_the_bill_and_cost_no_coupon() -> None:
    desk = CouponDesk()
    desk.campaign()
    coupon = desk.give()
    stay = desk.a_stay(standing=GOLD)
    desk.park(minutes=270)
    account = desk.account(stay)
    assert [line.code for line in account.lines] == ["step", "credit", "coupon", "tier"]
    assert [line.amount.minor for line in account.lines] == [3150, -315, -700, -1400]
    assert account.lines[1].text == {"zh": "信用优惠（减 10%）", "en": "Good standing (10% off)"}
    assert desk.leave(stay) == 735
    assert desk.state(coupon) == "redeemed"
    desk.check()


@pytest.mark.req("PAY-4")
def test_a_benefit_of_once_a_day_helps_once_a_day() -> None:
    desk = CouponDesk()
    first, second = desk.a_stay(1, standing=GOLD), desk.a_stay(2, standing=GOLD)
    desk.park(minutes=60)
    assert desk.leave(first) == 0
    assert desk.account(second).due.minor == 630, "only the ten percent are left for today"
    desk.park(days=1)
    tomorrow = desk.a_stay(3, standing=GOLD, entered_at=desk.clock.now() - timedelta(minutes=60))
    assert desk.account(tomorrow).due.minor == 0
    desk.check()


def test_limits_and_budgets_hold_and_say_so() -> None:
    desk = CouponDesk()
    desk.campaign(budget=3, per_holder=2, per_day=1)
    coupons = [desk.give(origin=f"receipt-{i}") for i in (1, 2)]
    assert desk.give(origin="receipt-1") == coupons[0], "the same receipt is the same coupon"
    with pytest.raises(ParkingError, match="nobody gets more"):
        desk.give(origin="receipt-3")
    desk.give(origin="receipt-4", plate=Plate("沪B67890"))
    with pytest.raises(ParkingError, match="no more coupons"):
        desk.give(origin="receipt-5", plate=Plate("沪C00001"))
    desk.park(minutes=88)
    assert [n.why for n in desk.account().not_applied] == ["day_limit"]
    assert desk.leave(desk.a_stay()) == 350
    desk.check()


def test_a_campaign_never_costs_more_than_its_money() -> None:
    desk = CouponDesk()
    desk.campaign("five", five_off(), budget_minor=800)
    for number in range(3):
        desk.give("five", origin=f"receipt-{number}", plate=Plate(f"浙A0000{number}"))
    desk.park(minutes=88)
    stays = [desk.a_stay(n, Plate(f"浙A0000{n}")) for n in range(3)]
    assert [desk.leave(stay) for stay in stays] == [550, 750, 1050]
    desk.check()


def test_two_coupons_of_one_campaign_cannot_overdraw_it_on_one_bill() -> None:
    desk = CouponDesk()
    desk.campaign("five", five_off(), budget_minor=800)
    for number in range(2):
        desk.give("five", origin=f"receipt-{number}")
    desk.park(minutes=88)
    payment = desk.begin(desk.a_stay())
    assert payment.amount.minor == 550, "one of them is left out rather than the driver stopped"
    desk.check()


@pytest.mark.req("PAY-3")
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("write", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("provider_fails", [False, True])
def test_a_crash_at_any_step_redeems_once_or_not_at_all(write: int, moment: str, provider_fails: bool) -> None:
    desk = CouponDesk()
    desk.campaign()
    coupon = desk.give()
    desk.park(minutes=88)
    if provider_fails:
        desk.memory.fail_next("create", "after", lost)
    with dying_at_write(desk, write, moment):  # type: ignore[arg-type]  # the literals above
        try:
            payment = desk.begin(desk.a_stay())
            desk.memory.approve(payment.number)
            desk.ask()
        except Crash:
            pass
    desk.restart()
    desk.check()
    for _ in range(3):
        desk.ask(minutes=10)
    desk.check()
    debt = desk.leave(desk.a_stay())
    sums = desk.sums(desk.a_stay().stay_id)
    assert (sums.coupon > 0) == (desk.state(coupon) == "redeemed") == (sums.coupon in (700, 1050))
    assert sums.due == sums.captured + sums.coupon + debt - sums.overpaid
    desk.check()


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["park", "begin", "approve", "fail", "ask", "leave", "back", "give", "late"]), st.integers(0, 3)
    ),
    max_size=25,
)


@pytest.mark.req("PAY-5")
@settings(max_examples=25, deadline=None)
@given(ACTS)
def test_in_any_order_of_anything_coupons_and_books_balance(acts: list[tuple[str, int]]) -> None:
    desk = CouponDesk()
    desk.campaign(bound=Bound.BEARER, budget_minor=2500, per_day=2)
    desk.campaign("tenth", Effect(OffKind.PERCENT, percent=10), budget=3)
    stays = [desk.a_stay(n, PLATE if n < 2 else None) for n in range(4)]
    shared = desk.give(stay_id=stays[0].stay_id)
    for stay in stays[1:]:
        desk.show(shared, stay)
    for number, (act, which) in enumerate(acts):
        try:
            if act == "park":
                desk.park(minutes=1 + 31 * which)
            elif act == "begin":
                desk.begin(stays[which], key=f"key-{number}")
            elif act in ("approve", "fail", "late"):
                for order in list(desk.memory.orders)[which : which + 1]:
                    if act == "fail":
                        desk.memory.fail(order)
                    else:
                        outcome = desk.memory.approve(order, even_if_closed=act == "late")
                        notice = Notice(f"{order}-{outcome.state}", outcome)
                        desk.database.write(lambda uow, n=notice: record(uow, "wallet", n, b"{}"))  # type: ignore[misc]
            elif act == "ask":
                desk.ask(minutes=4 * which, seconds=15)
            elif act == "leave":
                desk.leave(stays[which])
            elif act == "give":
                desk.give("tenth", origin=f"receipt-{number}", plate=PLATE)
            else:
                for payment in desk.payments(stays[which].stay_id):
                    desk.database.write(lambda uow, p=payment: using.give_back(uow, p.payment_id))  # type: ignore[misc]
        except ParkingError:
            pass
        desk.check()


def test_receipts_of_a_merchant_with_a_long_name_are_receipts_of_their_own() -> None:
    desk, merchant = CouponDesk(), "m" * 64
    desk.campaign("thanks", issuer=merchant, bound=Bound.BEARER, receipt_minor=1000)
    coupons = Coupons(Key(), Key())

    def buy(receipt: str) -> list[str]:
        def work(uow: UnitOfWork) -> list[str]:
            given = coupons.for_purchase(uow, merchant, receipt, 5000, member_id=None, plate=None)
            return [one.coupon_id for one in given]

        return desk.database.write(work)

    first, second = buy("r" * 63 + "1"), buy("r" * 63 + "2")
    assert len({*first, *second}) == 2
    assert desk.database.read(lambda conn: coupons.of_receipt(conn, merchant, "r" * 63 + "1")) == first


def test_coupons_that_ended_a_while_ago_leave_room_for_those_that_count() -> None:
    desk = CouponDesk()
    desk.campaign("day", five_off(), valid_days=1)
    desk.campaign("month", five_off(300), valid_days=30)
    for nth in range(LARGEST_WALLET):
        desk.give("day", f"receipt-{nth}")
    desk.give("month")
    desk.park(days=2)
    stay = desk.a_stay(entered_at=desk.clock.now())
    desk.park(hours=1)
    assert desk.account(stay).due == Money(700 - 300, "CNY")


def test_what_a_merchant_has_paid_and_gets_back_later_is_taken_off_in_the_month_in_which_it_came_back() -> None:
    desk = CouponDesk()
    desk.campaign("off", five_off(300))
    desk.give("off")
    desk.park(minutes=88)
    payment = desk.begin(desk.a_stay())
    desk.memory.approve(payment.number)
    desk.ask()
    march, april = (START, START + timedelta(days=7)), (START + timedelta(days=7), START + timedelta(days=40))

    def owed(span: tuple[datetime, datetime]) -> int:
        found = desk.database.read(lambda conn: merchants.statement(conn, "cafe", *span, "CNY"))
        assert found.owed.minor == sum(line.amount.minor for line in found.lines)
        return found.owed.minor

    assert owed(march) == 300
    desk.park(days=10)
    desk.database.write(lambda uow: using.give_back(uow, payment.payment_id))
    assert (owed(march), owed(april)) == (300, -300), "what was settled by a statement stays as it was"
    assert owed((march[0], april[1])) == 0
    desk.check()
