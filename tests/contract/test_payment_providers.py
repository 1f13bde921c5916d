"""What every payment provider promises, asked of the shipped fake and of each real adapter over a real socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hardware_sim.devices.qr_wallet_faults import AnswerFault
from parking.kernel.clock import ManualClock
from parking.kernel.money import Money
from payments.providers.base import NotSent, OrderState, Provider, ProviderFault, ProviderRefused
from payments.providers.memory import MemoryProvider
from tests.builders.payments import START
from tests.builders.provider_companies import COMPANIES
from tests.builders.providers import ORDER
from tests.builders.wallet import a_wallet

pytestmark = pytest.mark.req("PAY-2")
COUNTERS = ("memory", "qr_wallet", *(name for name, of in COMPANIES.items() if of.at_counter))


@dataclass
class Bench:
    """A provider, a payer, and a way to lose the next answer."""

    name: str
    provider: Provider
    approve: Callable[[str], object]
    lose: Callable[[str, bool], None]  # operation, whether the work was done
    charges: Callable[[str], int]


@pytest.fixture(params=COUNTERS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    clock, name = ManualClock(START), request.param
    if name == "memory":
        memory = MemoryProvider(clock)

        def lose(operation: str, done: bool) -> None:
            moment = "after" if done else "before"
            memory.fail_next(operation, moment, lambda: ProviderFault("lost"))  # type: ignore[arg-type]  # the names of base

        yield Bench(name, memory, memory.approve, lose, lambda number: memory.orders[number].captures)
    elif name == "qr_wallet":
        with a_wallet(clock) as wallet:

            def lose_answer(operation: str, done: bool) -> None:
                fault = AnswerFault.LOST_AFTER if done else AnswerFault.LOST_BEFORE
                wallet.faults.answers.append((operation, fault))

            def charges(number: str) -> int:
                known = wallet.books.orders.get(number)
                return known.charges if known else 0

            yield Bench(name, wallet.provider, wallet.approve, lose_answer, charges)
    else:
        with COMPANIES[name].open(tmp_path, clock) as company:
            yield Bench(name, company.provider, company.approve, company.lose, company.charges)


def test_an_order_waits_for_its_payer_and_says_where(bench: Bench) -> None:
    outcome = bench.provider.create(ORDER)
    assert outcome.state is OrderState.WAITING
    assert outcome.pay_url
    asked = bench.provider.query(ORDER.number)
    if COMPANIES.get(bench.name) is not None and COMPANIES[bench.name].unseen_until_scanned:
        assert asked.state is OrderState.ABSENT
    else:
        assert (asked.number, asked.state) == (ORDER.number, OrderState.WAITING)


def test_the_same_number_again_is_the_same_order(bench: Bench) -> None:
    assert bench.provider.create(ORDER) == bench.provider.create(ORDER)


def test_the_same_number_with_another_amount_is_refused(bench: Bench) -> None:
    bench.provider.create(ORDER)
    with pytest.raises(ProviderRefused):
        bench.provider.create(replace(ORDER, amount=Money(700, "CNY")))


def test_a_paid_order_says_what_was_paid_and_takes_no_more(bench: Bench) -> None:
    bench.provider.create(ORDER)
    bench.approve(ORDER.number)
    bench.approve(ORDER.number)
    outcome = bench.provider.query(ORDER.number)
    assert (outcome.state, outcome.amount, outcome.paid_at) == (OrderState.PAID, ORDER.amount, START)
    assert outcome.transaction
    assert bench.charges(ORDER.number) == 1
    assert bench.provider.create(ORDER).state is OrderState.PAID


def test_an_unknown_number_is_absent_and_no_fault(bench: Bench) -> None:
    assert bench.provider.query("PNOBODY").state is OrderState.ABSENT


def test_a_closed_order_cannot_be_paid_or_created_again(bench: Bench) -> None:
    bench.provider.create(ORDER)
    assert bench.provider.close(ORDER).state is OrderState.CLOSED
    bench.approve(ORDER.number)
    assert bench.provider.query(ORDER.number).state in (OrderState.CLOSED, OrderState.ABSENT)
    assert bench.charges(ORDER.number) == 0
    with pytest.raises(ProviderRefused):
        bench.provider.create(ORDER)


def test_closing_what_was_never_created_keeps_a_late_creation_out(bench: Bench) -> None:
    assert bench.provider.close(ORDER).state is OrderState.CLOSED
    with pytest.raises(ProviderRefused):
        bench.provider.create(ORDER)


def test_closing_what_is_paid_says_that_it_is_paid(bench: Bench) -> None:
    bench.provider.create(ORDER)
    bench.approve(ORDER.number)
    outcome = bench.provider.close(ORDER)
    assert (outcome.state, outcome.amount) == (OrderState.PAID, ORDER.amount)


def test_closing_twice_is_closing_once(bench: Bench) -> None:
    bench.provider.create(ORDER)
    assert bench.provider.close(ORDER) == bench.provider.close(ORDER)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("operation", ["create", "query", "close"])
def test_a_lost_answer_is_a_fault_and_asking_again_tells_the_truth(bench: Bench, operation: str, done: bool) -> None:
    calls: dict[str, Callable[[], object]] = {
        "create": lambda: bench.provider.create(ORDER),
        "query": lambda: bench.provider.query(ORDER.number),
        "close": lambda: bench.provider.close(ORDER),
    }
    if operation != "create":
        bench.provider.create(ORDER)
    bench.lose(operation, done)
    with pytest.raises(ProviderFault) as fault:
        calls[operation]()
    assert not isinstance(fault.value, NotSent), "it was sent: nobody knows what came of it"
    if operation == "create" and not done:
        assert bench.provider.query(ORDER.number).state is OrderState.ABSENT
    elif operation == "close":
        assert bench.provider.close(ORDER).state is OrderState.CLOSED
    else:
        assert bench.provider.create(ORDER).state is OrderState.WAITING
    bench.provider.close(ORDER)
    assert bench.charges(ORDER.number) == 0
