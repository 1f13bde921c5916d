"""Whatever dies, and whenever: what the payer was charged is what stands in our books, once (I1, PAY-3).

A `Crash` is the end of our process: it passes every `except Exception`. What comes back up has only the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.kernel.errors import ParkingError
from parking.kernel.ids import StayId
from parking.plumbing.db import Database
from payments.model import PaymentState
from payments.providers.base import Notice, OrderState, ProviderFault
from payments.providers.memory import MemoryProvider
from payments.webhooks import record
from tests.builders.payments import STAY_ID, Desk, Stay

pytestmark = pytest.mark.req("PAY-3")
Moment = Literal["before", "after"]


class Crash(BaseException):
    """Our process is gone."""


def lost() -> BaseException:
    return ProviderFault("lost")


@contextmanager
def dying_at_write(desk: Desk, number: int, moment: Moment) -> Iterator[None]:
    """The process dies at its `number`th write (from 1), before or after the commit."""
    true_write = type(desk.database).write
    seen = 0

    def write(database: Database, work: Callable[[Any], Any]) -> Any:
        nonlocal seen
        seen += 1
        if seen == number and moment == "before":
            raise Crash
        result = true_write(database, work)
        if seen == number:
            raise Crash
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(desk.database), "write", write)
        yield


def settle_down(desk: Desk) -> None:
    """Hours pass and every job runs, each as often as it takes."""
    for _ in range(40):
        try:
            desk.ask(minutes=10)
        except Crash:
            desk.restart()


def charged(desk: Desk) -> int:
    """What providers took from payers, in minor units; each order at most once."""
    total = 0
    for provider in desk.providers.values():
        assert isinstance(provider, MemoryProvider)
        for held in provider.orders.values():
            assert held.captures <= 1
            if held.captures:
                assert held.outcome.amount is not None
                total += held.outcome.amount.minor
    return total


def at_peace(desk: Desk) -> None:
    """Nothing is open, nothing is lost, nothing is counted twice."""
    assert not [p for p in desk.payments() if p.is_live]
    assert desk.sums().captured == charged(desk)
    assert desk.captured() == len({p.charge_no for p in desk.payments() if p.state is PaymentState.PAID})
    desk.check()


@pytest.mark.parametrize("error", [lost, Crash])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("operation", ["create", "query", "close"])
@pytest.mark.parametrize("approved", ["at once", "later", "never"])
@pytest.mark.parametrize("retried", [None, "same key", "another key"])
def test_a_provider_call_that_dies_charges_once_and_books_once(
    error: Callable[[], BaseException], moment: Moment, operation: Any, approved: str, retried: str | None
) -> None:
    desk = Desk()
    desk.provider = MemoryProvider(desk.clock, approve_at_once=approved == "at once")
    desk.restart()
    desk.park(hours=1)
    desk.memory.fail_next(operation, moment, error)
    for _ in range(2):  # once into the fault, once more as a driver would
        try:
            desk.begin(key="key-1")
            desk.jobs.run_due()
        except Crash:
            desk.restart()
    if approved == "later":
        for number in list(desk.memory.orders):
            desk.memory.approve(number)
    if retried is not None:
        try:
            desk.begin(key="key-1" if retried == "same key" else "key-2")
        except (ParkingError, Crash):
            desk.restart()
    try:
        desk.ask()
    except Crash:
        desk.restart()
    settle_down(desk)
    at_peace(desk)
    assert desk.sums().captured == (0 if approved == "never" else 600)
    assert desk.leave() + desk.sums().captured == desk.sums().due, "the clock ran on, the payment was kept"


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_dying_between_the_providers_success_and_our_commit_is_one_charge_and_one_capture(
    write: int, moment: Moment
) -> None:
    desk = Desk()
    desk.provider = MemoryProvider(desk.clock, approve_at_once=True)
    desk.restart()
    desk.park(hours=1)
    with dying_at_write(desk, write, moment):
        try:
            desk.begin()
            desk.ask()
        except Crash:
            pass
    desk.restart()
    desk.begin()
    settle_down(desk)
    at_peace(desk)
    assert desk.captured() == 1
    assert desk.sums().captured == charged(desk) == 600


def test_an_unknown_outcome_stays_pending_for_as_long_as_the_provider_is_silent() -> None:
    desk = Desk()
    desk.park(hours=1)
    desk.memory.fail_next("create", "after", lost)
    payment = desk.begin()
    assert payment.state is PaymentState.PENDING
    for _ in range(30):
        desk.memory.fail_next("query", "before", lost)
        desk.ask(minutes=10)
    assert desk.payment(payment).state is PaymentState.PENDING
    desk.memory.approve(payment.number)
    for _ in range(3):
        desk.ask(minutes=10)
    assert desk.payment(payment).state is PaymentState.PAID
    at_peace(desk)


def test_while_an_old_payment_cannot_be_closed_there_is_no_second_one() -> None:
    desk = Desk()
    desk.others["card"] = MemoryProvider(desk.clock)
    desk.restart()
    desk.park(hours=1)
    desk.begin(key="a")
    desk.memory.fail_next("close", "after", lost)
    with pytest.raises(ParkingError) as error:
        desk.begin(key="b", channel="card")
    assert error.value.code == "payment.unknown"
    assert desk.others["card"].query("x").state is OrderState.ABSENT
    assert desk.begin(key="b", channel="card").channel == "card", "the second try finds it closed"


def test_a_payment_that_comes_after_we_closed_it_is_booked_and_shown_to_a_person() -> None:
    desk = Desk()
    desk.park(hours=1)
    payment = desk.begin()
    desk.ask(minutes=5)
    assert desk.payment(payment).state is PaymentState.CLOSED
    desk.memory.approve(payment.number, even_if_closed=True)
    settle_down(desk)
    assert desk.payment(payment).state is PaymentState.PAID
    assert desk.cases() == ["payment_late"]
    at_peace(desk)


def test_a_second_payment_of_one_charge_is_owed_back_and_never_counted_as_paid_twice() -> None:
    desk = Desk()
    desk.park(hours=1)
    old = desk.begin(key="a")
    desk.ask(minutes=5)
    new = desk.begin(key="b")
    assert (new.charge_no, new.amount.minor) == (old.charge_no, 1000)
    desk.memory.approve(new.number)
    desk.memory.approve(old.number, even_if_closed=True)
    settle_down(desk)
    sums = desk.sums()
    assert (sums.captured, sums.overpaid) == (1600, 600)
    assert sorted(desk.cases()) == ["payment_late", "payment_overpaid"]
    assert desk.captured() == 1
    at_peace(desk)


def test_a_late_payment_makes_the_newer_order_outdated_so_it_is_closed() -> None:
    desk = Desk()
    desk.park(hours=1)
    old = desk.begin(key="a")
    desk.ask(minutes=5)
    desk.memory.approve(old.number, even_if_closed=True)
    new = desk.begin(key="b")
    for _ in range(2):
        desk.ask(minutes=4)
    desk.database.write(lambda uow: None)
    settle_down(desk)
    assert desk.payment(old).state is PaymentState.PAID
    assert desk.payment(new).state is PaymentState.CLOSED
    at_peace(desk)


def test_a_wrong_amount_from_the_provider_books_nothing_and_calls_a_person_once() -> None:
    desk = Desk()
    desk.park(hours=1)
    payment = desk.begin()
    desk.memory.answer_amount(payment.number, payment.amount + payment.amount)
    desk.ask()
    desk.ask()
    assert desk.payment(payment).is_live
    assert desk.sums().captured == 0
    assert desk.cases() == ["payment_mismatch"]


ACTIONS = st.one_of(
    st.tuples(st.just("park"), st.integers(1, 240)),
    st.tuples(st.just("begin"), st.integers(0, 5)),
    st.tuples(st.just("card"), st.integers(0, 5)),
    st.tuples(st.just("approve"), st.integers(0, 3)),
    st.tuples(st.just("approve closed"), st.integers(0, 3)),
    st.tuples(st.just("ask"), st.integers(5, 900)),
    st.tuples(st.just("lose"), st.integers(0, 5)),
    st.tuples(st.just("crash"), st.integers(0, 5)),
    st.tuples(st.just("leave"), st.just(0)),
)
CALLS: tuple[tuple[Any, Any], ...] = tuple((o, m) for o in ("create", "query", "close") for m in ("before", "after"))


def act(desk: Desk, action: str, value: int) -> None:
    """One thing that a driver, a provider, the network or the power company does."""
    if action == "park":
        desk.park(minutes=value)
    elif action in ("begin", "card"):
        desk.begin(key=f"key-{action}-{value}", channel="card" if action == "card" else "wallet")
    elif action in ("approve", "approve closed"):
        for channel, provider in desk.providers.items():
            assert isinstance(provider, MemoryProvider)
            for number in list(provider.orders)[value : value + 1]:
                outcome = provider.approve(number, even_if_closed=action == "approve closed")
                if action == "approve closed":  # who breaks his word long after must at least tell us
                    notice = Notice(f"{number}-{outcome.state}", outcome)
                    desk.database.write(lambda uow, c=channel, n=notice: record(uow, c, n, b"{}"))  # type: ignore[misc]  # bound now
    elif action == "ask":
        desk.ask(seconds=value)
    elif action in ("lose", "crash"):
        desk.memory.fail_next(*CALLS[value], lost if action == "lose" else Crash)
    else:
        desk.leave()


@settings(max_examples=60, deadline=None)
@given(st.lists(ACTIONS, max_size=25))
def test_in_any_order_of_anything_the_books_say_what_the_payers_were_charged(actions: list[tuple[str, int]]) -> None:
    desk = Desk()
    desk.others["card"] = MemoryProvider(desk.clock)
    desk.restart()
    desk.park(hours=1)
    for action, value in actions:
        try:
            act(desk, action, value)
        except ParkingError:
            pass
        except Crash:
            desk.restart()
        desk.check()
    for provider in desk.providers.values():
        assert isinstance(provider, MemoryProvider)
        provider.heal()
    desk.restart()
    settle_down(desk)
    at_peace(desk)
    sums = desk.sums()
    assert (sums.overpaid > 0) == bool({"payment_overpaid"} & set(desk.cases()))
    debt = desk.leave()
    assert desk.sums().due == debt + desk.sums().captured - desk.sums().overpaid


def test_two_stays_do_not_share_their_payments() -> None:
    desk = Desk()
    desk.park(hours=1)
    other = Stay(stay_id=StayId("0197f000-0000-7000-8000-000000000002"))
    mine = desk.begin(key="k")
    theirs = desk.begin(other, key="k")
    desk.memory.approve(theirs.number)
    desk.ask()
    assert desk.payment(mine).is_live
    assert desk.sums(STAY_ID).captured == 0
    assert desk.sums(other.stay_id).captured == 600
