"""One channel is down and another finishes the same payment; nothing is ever paid twice (PAY-3, invariant I1)."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.kernel.clock import ManualClock
from parking.kernel.errors import ErrorKind, ParkingError
from payments.cashier import ANY
from payments.collecting import NOT_SENT
from payments.model import PaymentState
from payments.providers.base import NotSent, Order, Outcome, OutcomeUnknown, ProviderRefused
from payments.providers.memory import MemoryProvider
from tests.builders.faulty_site import Crash
from tests.builders.payments import START, Desk

pytestmark = pytest.mark.req("PAY-3")


def two_channels() -> tuple[Desk, MemoryProvider, MemoryProvider]:
    clock = ManualClock(START)
    first, second = MemoryProvider(clock), MemoryProvider(clock)
    desk = Desk(clock=clock, provider=first, others={"second": second})
    desk.park(hours=1)
    return desk, first, second


def not_sent() -> BaseException:
    return NotSent("no connection")


def unknown() -> BaseException:
    return OutcomeUnknown("lost")


def test_a_channel_that_cannot_be_reached_gives_way_to_the_next() -> None:
    desk, first, second = two_channels()
    first.fail_next("create", "before", not_sent)
    payment = desk.begin(channel=ANY)
    assert (payment.channel, payment.state) == ("second", PaymentState.SENT)
    assert not first.orders
    second.approve(payment.number)
    desk.ask()
    assert desk.sums().captured == 600
    desk.check()


def test_the_same_key_for_any_channel_is_the_same_payment() -> None:
    desk, first, _ = two_channels()
    first.fail_next("create", "before", not_sent)
    assert desk.begin(channel=ANY) == desk.begin(channel=ANY)


def test_a_channel_that_refuses_gives_way_to_the_next() -> None:
    desk, first, _ = two_channels()
    first.fail_next("create", "before", lambda: ProviderRefused("NO_AUTH"))
    assert desk.begin(channel=ANY).channel == "second"


def test_an_unknown_outcome_is_closed_before_another_channel_may_begin() -> None:
    desk, first, second = two_channels()
    first.fail_next("create", "after", unknown)
    payment = desk.begin(channel=ANY)
    assert payment.channel == "second"
    assert [number for operation, number in first.calls if operation == "close"], "closed at the first"
    (number,) = first.orders
    first.approve(number)
    second.approve(payment.number)
    desk.ask(hours=1)
    assert (desk.sums().captured, desk.cases()) == (600, [])
    desk.check()


def test_while_the_first_cannot_be_closed_no_other_channel_begins() -> None:
    desk, first, second = two_channels()
    first.fail_next("create", "after", unknown)
    first.fail_next("close", "before", unknown)
    payment = desk.begin(channel=ANY)
    assert (payment.channel, payment.state) == ("wallet", PaymentState.PENDING)
    assert not second.orders
    first.fail_next("close", "before", unknown)
    with pytest.raises(ParkingError) as error:
        desk.begin(key="key-2", channel="second")
    assert error.value.kind is ErrorKind.UNAVAILABLE
    assert not second.orders


def test_a_payment_that_was_paid_at_the_first_meanwhile_is_not_asked_for_again() -> None:
    desk, first, second = two_channels()
    payment = desk.begin()
    first.approve(payment.number)
    taken = desk.begin(key="key-2", channel="second")
    assert (taken.payment_id, taken.state) == (payment.payment_id, PaymentState.PAID)
    assert not second.orders
    desk.check()


def test_not_sent_is_no_word_on_an_earlier_try_of_the_same_number() -> None:
    desk, first, second = two_channels()
    first.fail_next("create", "after", unknown)
    payment = desk.begin()
    assert payment.state is PaymentState.PENDING
    first.fail_next("query", "before", not_sent)
    again = desk.begin()
    assert (again.payment_id, again.state) == (payment.payment_id, PaymentState.PENDING)
    first.approve(payment.number)
    assert desk.begin(key="key-2", channel="second").state is PaymentState.PAID
    assert not second.orders
    desk.check()


class TwoSenders(MemoryProvider):
    """The first creation waits, without a connection, until a second one has come through."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.first_waits, self.second_done = threading.Event(), threading.Event()

    def create(self, order: Order) -> Outcome:
        if not self.first_waits.is_set():
            self.first_waits.set()
            assert self.second_done.wait(60)
            raise NotSent("no connection")
        outcome = super().create(order)
        self.second_done.set()
        return outcome


def test_not_sent_is_no_word_on_what_a_process_sent_that_has_died_since() -> None:
    desk, first, second = two_channels()
    first.fail_next("create", "after", Crash)
    with pytest.raises(Crash):
        desk.begin()
    desk.restart()
    first.fail_next("query", "before", not_sent)
    first.fail_next("create", "before", not_sent)
    assert desk.begin().state is PaymentState.PENDING
    first.fail_next("close", "before", unknown)
    with pytest.raises(ParkingError, match="still being clarified"):
        desk.begin(key="key-2", channel="second")
    assert not second.orders
    desk.check()


def test_a_payment_that_a_second_kiosk_sends_meanwhile_is_not_taken_for_unsent() -> None:
    clock = ManualClock(START)
    provider = TwoSenders(clock)
    desk = Desk(clock=clock, provider=provider, others={"second": MemoryProvider(clock)})
    desk.park(hours=1)
    states: list[PaymentState] = []
    kiosk = threading.Thread(target=lambda: states.append(desk.begin().state))
    kiosk.start()
    assert provider.first_waits.wait(60)
    sent = desk.begin(key="key-2")
    kiosk.join(60)
    assert sent.state is PaymentState.SENT
    assert desk.payment(sent).failure != NOT_SENT
    assert states == [PaymentState.SENT]
    desk.check()


def test_a_troubled_channel_is_told_and_chosen_last_for_a_minute() -> None:
    desk, first, _ = two_channels()
    first.fail_next("create", "before", not_sent)
    desk.begin()
    assert desk.cashier.collector.troubled("wallet")
    assert desk.cashier.collector.channels() == ("second", "wallet")
    desk.park(seconds=61)
    assert desk.cashier.collector.channels() == ("wallet", "second")


def test_a_site_without_a_channel_says_so() -> None:
    desk, _, _ = two_channels()
    desk.settings = type(desk.settings)(notify_base="http://test/payments", attended=("wallet", "second"))
    desk.restart()
    with pytest.raises(ParkingError, match="no such channel"):
        desk.begin(channel=ANY)


TROUBLE = st.sampled_from(["not_sent", "lost_before", "lost_after", "refused", "none"])


@settings(max_examples=60, deadline=None)
@given(
    create=st.tuples(TROUBLE, TROUBLE),
    close=st.sampled_from(["lost_before", "lost_after", "none"]),
    pays=st.tuples(st.booleans(), st.booleans()),
    tries=st.integers(1, 3),
)
def test_whatever_fails_the_bill_is_captured_once(
    create: tuple[str, str], close: str, pays: tuple[bool, bool], tries: int
) -> None:
    desk, *channels = two_channels()
    errors = {"not_sent": not_sent, "lost_before": unknown, "lost_after": unknown}
    for provider, trouble in zip(channels, create, strict=True):
        if trouble == "refused":
            provider.fail_next("create", "before", lambda: ProviderRefused("NO_AUTH"))
        elif trouble != "none":
            provider.fail_next("create", "after" if trouble == "lost_after" else "before", errors[trouble])
    if close != "none":
        channels[0].fail_next("close", "after" if close == "lost_after" else "before", unknown)
    for turn in range(tries):
        with suppress(ParkingError):  # not now, or nothing is due any more
            desk.begin(key=f"key-{turn}", channel=ANY)
        for provider, paid in zip(channels, pays, strict=True):
            for number in list(provider.orders) if paid else []:
                provider.approve(number)
    for _ in range(6):
        desk.ask(minutes=10)
    taken = sum(held.captures for provider in channels for held in provider.orders.values())
    assert taken <= 1, "a payer was charged twice for one bill"
    assert desk.sums().captured == taken * 600
    assert "payment_overpaid" not in desk.cases()
    desk.check()
