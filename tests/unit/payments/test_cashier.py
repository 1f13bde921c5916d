"""The cashier on a good day: one price, one payment, one capture, one due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from payments import phases, refunding
from payments.cashier import CashierSettings
from payments.model import PaymentState
from payments.providers.base import LONGEST_NUMBER, ProviderRefused
from payments.providers.memory import MemoryProvider
from payments.settling import Settled, settle
from payments.tariff.day_kinds import DayKinds
from tests.builders.payments import STAY_ID, Desk, Stay, a_tariff


@pytest.mark.req("PAY-2")
def test_a_driver_pays_what_is_due_and_leaves_owing_nothing() -> None:
    desk = Desk()
    desk.park(hours=2)
    payment = desk.begin()
    assert (payment.state, payment.amount) == (PaymentState.SENT, Money(1000, "CNY"))
    assert payment.pay_url
    desk.memory.approve(payment.number)
    desk.ask()
    assert desk.payment(payment).state is PaymentState.PAID
    assert desk.due() == 0
    assert desk.captured() == 1
    assert desk.leave() == 0
    sums = desk.sums()
    assert (sums.due, sums.captured, sums.debt, sums.overpaid) == (1000, 1000, 0, 0)
    desk.check()


def test_what_nobody_paid_is_a_debt_and_can_be_paid_later() -> None:
    desk = Desk()
    desk.park(hours=2)
    assert desk.leave() == 1000
    desk.park(days=3)
    assert desk.due() == 1000, "the clock stopped when the car left"
    payment = desk.begin()
    desk.memory.approve(payment.number)
    desk.ask()
    assert desk.sums().debt == 0
    desk.check()


def test_leaving_twice_books_once_and_the_first_booking_stands() -> None:
    desk = Desk()
    desk.park(hours=2)
    assert desk.leave() == 1000
    desk.park(hours=5)
    assert desk.leave() == 1000
    desk.check()


def test_a_stay_within_the_free_minutes_leaves_with_nothing_booked_but_the_fact() -> None:
    desk = Desk()
    desk.park(minutes=10)
    assert desk.leave() == 0
    assert desk.sums().due == 0
    desk.check()


@pytest.mark.req("PAY-3")
def test_the_same_key_gives_the_same_payment() -> None:
    desk = Desk()
    desk.park(hours=1)
    first, again = desk.begin(key="a"), desk.begin(key="a")
    assert first == again
    desk.memory.approve(first.number)
    desk.ask()
    assert desk.begin(key="a").state is PaymentState.PAID
    desk.check()


@pytest.mark.req("PAY-3")
def test_a_second_screen_is_given_the_live_payment_of_the_same_amount() -> None:
    desk = Desk()
    desk.park(hours=1)
    first = desk.begin(key="phone")
    assert desk.begin(key="kiosk").payment_id == first.payment_id
    assert len(desk.memory.orders) == 1


@pytest.mark.req("PAY-3")
def test_when_the_amount_has_grown_the_old_payment_is_closed_before_the_new_one_is_opened() -> None:
    desk = Desk(settings=CashierSettings(notify_base="http://test", order_valid=timedelta(hours=3)))
    desk.park(hours=1)
    old = desk.begin(key="a")
    desk.park(hours=1)
    new = desk.begin(key="b")
    assert new.amount == Money(1000, "CNY")
    assert desk.payment(old).state is PaymentState.CLOSED
    assert [call for call in desk.memory.calls if call[0] != "query"] == [
        ("create", old.number),
        ("close", old.number),
        ("create", new.number),
    ]
    desk.check()


@pytest.mark.req("PAY-3")
def test_a_payer_who_is_faster_than_the_closing_has_paid_and_owes_only_the_increment() -> None:
    desk = Desk()
    desk.park(hours=1)
    old = desk.begin(key="a")
    desk.memory.approve(old.number)
    desk.park(hours=1)
    new = desk.begin(key="b")
    assert (new.charge_no, new.amount) == (2, Money(400, "CNY"))
    assert desk.payment(old).state is PaymentState.PAID
    desk.memory.approve(new.number)
    desk.ask()
    assert desk.leave() == 0
    assert desk.captured() == 2
    desk.check()


@pytest.mark.req("PAY-3")
def test_a_channel_that_refuses_leaves_the_stay_payable_by_another() -> None:
    desk = Desk(others={})
    desk.others["card"] = MemoryProvider(desk.clock)
    desk.restart()
    desk.park(hours=1)
    desk.memory.fail_next("create", "before", lambda: ProviderRefused("NO_AUTH"))
    refused = desk.begin(key="a")
    assert (refused.state, refused.failure) == (PaymentState.FAILED, "NO_AUTH")
    other = desk.begin(key="b", channel="card")
    assert other.state is PaymentState.SENT
    assert other.charge_no == refused.charge_no


@pytest.mark.req("PAY-3")
def test_changing_the_channel_closes_the_first_one_so_that_only_one_can_be_paid() -> None:
    desk = Desk()
    card = MemoryProvider(desk.clock)
    desk.others["card"] = card
    desk.restart()
    desk.park(hours=1)
    first = desk.begin(key="a")
    second = desk.begin(key="b", channel="card")
    assert desk.payment(first).state is PaymentState.CLOSED
    desk.memory.approve(first.number)
    card.approve(second.number)
    desk.ask()
    assert desk.sums().captured == 600
    desk.check()


def test_an_order_that_nobody_pays_is_closed_at_its_expiry() -> None:
    desk = Desk()
    desk.park(hours=1)
    payment = desk.begin()
    for _ in range(12):
        desk.ask(minutes=1)
    assert desk.payment(payment).state is PaymentState.CLOSED
    assert desk.due() == 1000
    desk.check()


def test_a_payer_who_is_turned_down_can_try_again() -> None:
    desk = Desk()
    desk.park(hours=1)
    payment = desk.begin(key="a")
    desk.memory.fail(payment.number)
    desk.ask()
    assert desk.payment(payment).state is PaymentState.FAILED
    assert desk.begin(key="b").state is PaymentState.SENT


def test_an_unusually_high_charge_is_shown_to_a_person_and_not_collected() -> None:
    desk = Desk(settings=CashierSettings(notify_base="http://test", hold_above_minor=20_000))
    desk.park(days=30)
    for key in "ab":
        with pytest.raises(ParkingError) as error:
            desk.begin(key=key)
        assert error.value.code == "payment.held"
    assert desk.cases() == ["charge_over_bound"]
    assert desk.memory.orders == {}


def test_nothing_due_is_no_payment() -> None:
    desk = Desk()
    with pytest.raises(ParkingError) as error:
        desk.begin()
    assert (error.value.kind, error.value.code) == (ErrorKind.CONFLICT, "payment.nothing_due")


def test_an_unknown_channel_is_named_with_the_known_ones() -> None:
    desk = Desk()
    with pytest.raises(ParkingError, match="it has: wallet"):
        desk.begin(channel="seashells")


def test_our_number_is_short_plain_and_one_to_one_with_the_payment() -> None:
    desk = Desk()
    desk.park(hours=1)
    first = desk.begin()
    second = desk.begin(Stay(stay_id=StayId("0197f000-0000-7000-8000-000000000002")))
    assert first.number != second.number
    assert len(first.number) <= LONGEST_NUMBER
    assert first.number.isalnum()


@pytest.mark.req("FEE-1")
def test_a_stay_keeps_the_tariff_of_its_entry_when_the_file_changes_and_the_server_restarts() -> None:
    desk = Desk()
    stay = Stay()
    desk.tariff = a_tariff(
        "tariff: 1\nname: {zh: 新, en: New}\ncurrency: CNY\ntimezone: Asia/Shanghai\nstep: {minutes: 60, amount: 99}\n"
    )
    desk.restart()
    desk.park(hours=2)
    offered = desk.database.read(lambda conn: desk.cashier.current_tariff(conn, desk.clock.now()))
    assert offered != stay.tariff_version
    assert desk.due(stay) == 1000
    assert desk.due(Stay(tariff_version=desk.tariff.version)) == 19_800


HOLIDAYS = """\
tariff: 1
name: { zh: 假日, en: Holidays }
currency: CNY
timezone: Asia/Shanghai
holidays: { mode: legal, country: CN }
step: { minutes: 60, amount: 6 }
bands:
  - { name: { zh: 假日, en: Holiday }, days: [holiday], from: "00:00", to: "24:00", step: { minutes: 60, amount: 10 } }
"""


@pytest.mark.req("FEE-1", "PAY-1")
@pytest.mark.parametrize("was_holiday", [True, False])
def test_a_booked_bill_stays_what_it_is_when_the_calendar_of_holidays_is_put_right_later(
    was_holiday: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tariff=a_tariff(HOLIDAYS))
    stay = Stay(tariff_version=desk.tariff.version)
    monkeypatch.setattr(DayKinds, "is_holiday", lambda *_: was_holiday)
    desk.park(hours=2)
    owed = desk.leave(stay)
    monkeypatch.setattr(DayKinds, "is_holiday", lambda *_: not was_holiday)
    desk.tariff = a_tariff(HOLIDAYS)
    desk.restart()
    at = desk.clock.now()
    look = desk.database.read(lambda conn: desk.cashier.look(conn, stay, at, at, ahead=False))
    lines = [line for period in look.periods for line in period.lines]
    assert sum(line.amount.minor for line in lines) == look.account.gross.minor == look.account.due.minor == owed
    assert sum(line.amount.minor for line in look.account.lines) == owed
    payment = desk.begin(stay)
    assert payment.amount.minor == owed
    desk.memory.approve(payment.number)
    desk.ask()
    assert (desk.sums().debt, desk.sums().overpaid) == (0, 0)


def test_a_tariff_that_nobody_kept_is_an_error_that_names_it() -> None:
    desk = Desk()
    with pytest.raises(ParkingError, match="no tariff of version feedbeef"):
        desk.due(Stay(tariff_version="feedbeef"))


def test_the_schedule_of_a_stay_says_what_the_account_will_say() -> None:
    desk = Desk()
    desk.park(hours=3)
    horizon = desk.clock.now() + timedelta(hours=24)
    rows = desk.database.read(lambda conn: desk.cashier.schedule(conn, Stay(), Stay().entered_at, horizon))
    due = next(minor for until, minor in rows if desk.clock.now() < until)
    assert due == desk.due()


def test_a_waiver_lowers_what_is_due_before_and_after_leaving() -> None:
    desk = Desk()
    desk.park(hours=2)
    desk.database.write(lambda uow: desk.cashier.waive(uow, STAY_ID, Money(300, "CNY"), "w1"))
    assert desk.due() == 700
    assert desk.leave() == 700
    desk.database.write(lambda uow: desk.cashier.waive(uow, STAY_ID, Money(700, "CNY"), "w2"))
    sums = desk.sums()
    assert (sums.debt, sums.waived) == (0, 1000)
    desk.check()


@pytest.mark.req("PAY-1", "PAY-5")
def test_an_advance_is_told_apart_until_the_driver_has_paid_it_back_and_a_refund_after_it() -> None:
    desk = Desk()
    desk.park(hours=1)
    payment = desk.begin()
    desk.memory.approve(payment.number)
    paid = desk.memory.query(payment.number)

    def hear(**changes: bool) -> Settled:
        return desk.database.write(lambda uow: settle(uow, payment, replace(paid, **changes)))  # type: ignore[arg-type]

    def phase() -> phases.Aftermath:
        now = desk.payment(payment)
        return desk.database.read(lambda conn: phases.of(conn, now))

    assert phase().phase is None
    assert [hear(advanced=True) for _ in range(2)] == [Settled.CHANGED, Settled.SAME]
    assert (phase().phase, phase().repaid_at) == (phases.Phase.ADVANCED, None)
    assert [hear(advanced=True, repaid=True) for _ in range(2)] == [Settled.CHANGED, Settled.SAME]
    assert hear(advanced=True) is Settled.SAME  # an older word comes late
    assert (phase().phase, phase().repaid_at) == (phases.Phase.PAID, desk.clock.now())
    amount = Money(100, "CNY")
    desk.database.write(
        lambda uow: refunding.begin(uow, payment.payment_id, amount, reason="wrong", actor="anna", key="r1")
    )
    assert phase().phase is phases.Phase.REFUNDING
    desk.ask()
    assert (phase().phase, phase().refunded) == (phases.Phase.PARTLY_REFUNDED, amount)
    desk.check()
