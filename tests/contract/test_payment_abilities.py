"""What providers promise beyond orders: charges by agreement, refunds, the file of the day. The fake keeps it too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hardware_sim.providers.faults import Fault
from parking.kernel.clock import ManualClock
from parking.kernel.money import Money
from payments.providers.abilities import (
    GivesStatements,
    KnowsAgreements,
    LineKind,
    Refunds,
    RefundState,
    Standing,
    TakesEntries,
    TellsRefunds,
)
from payments.providers.base import OrderState, ProviderFault, ProviderRefused
from payments.providers.memory import MemoryProvider
from tests.builders.payments import START
from tests.builders.provider_companies import COMPANIES
from tests.builders.providers import CAR, ENTRY, ORDER, REFUND, a_charge

pytestmark = pytest.mark.req("PAY-2", "PAY-3")


@dataclass
class Bench:
    """A provider with its abilities, and the hands of the payer, the driver and the network."""

    provider: Any
    clock: ManualClock
    pay: Callable[[str], object]
    enrol: Callable[[Standing], None]
    lose: Callable[[str, bool], None]
    charges: Callable[[str], int]


def _memory(clock: ManualClock) -> Bench:
    memory = MemoryProvider(clock)

    def lose(operation: str, done: bool) -> None:
        memory.fail_next(operation, "after" if done else "before", lambda: ProviderFault("lost"))  # type: ignore[arg-type]

    def enrol(standing: Standing) -> None:
        memory.standings[CAR.plate] = standing

    return Bench(memory, clock, memory.approve, enrol, lose, lambda number: memory.orders[number].captures)


def _bench(kind: str, tmp_path: Path) -> Iterator[Bench]:
    clock = ManualClock(START)
    if kind == "memory":
        yield _memory(clock)
        return
    with COMPANIES[kind].open(tmp_path, clock) as company:

        def enrol(standing: Standing) -> None:
            company.books.standings[CAR.plate] = standing

        yield Bench(company.provider, clock, company.approve, enrol, company.lose, company.charges)


@pytest.fixture(params=["memory", *(kind for kind, of in COMPANIES.items() if of.by_plate)])
def by_plate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    yield from _bench(request.param, tmp_path)


@pytest.fixture(params=["memory", *(kind for kind, of in COMPANIES.items() if of.at_counter and of.refunds)])
def counter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    yield from _bench(request.param, tmp_path)


# --- charges by agreement --------------------------------------------------------------------------------------------


def entered(bench: Bench) -> dict[str, Any]:
    """Tell the provider that the car is in, where it wants to know; returns the reference to charge it by."""
    if isinstance(bench.provider, TakesEntries):
        return {"reference": bench.provider.enter(ENTRY).reference}
    return {}


def test_an_enrolled_car_is_charged_once_however_often_it_is_asked(by_plate: Bench) -> None:
    by_plate.enrol(Standing.ENROLLED)
    charge = a_charge(**entered(by_plate))
    first = by_plate.provider.charge(charge)
    assert first.state in (OrderState.ACCEPTED, OrderState.PAID)
    by_plate.pay(charge.number)
    assert by_plate.provider.charge(charge).state is OrderState.PAID
    outcome = by_plate.provider.query(charge.number)
    assert (outcome.state, outcome.amount) == (OrderState.PAID, charge.amount)
    assert outcome.transaction
    assert by_plate.charges(charge.number) == 1


def test_a_car_that_is_not_enrolled_is_not_charged(by_plate: Bench) -> None:
    charge = a_charge(**entered(by_plate))
    with pytest.raises(ProviderRefused):
        by_plate.provider.charge(charge)
    assert by_plate.provider.query(charge.number).state in (OrderState.ABSENT, OrderState.FAILED)


def test_the_same_number_never_charges_another_amount(by_plate: Bench) -> None:
    by_plate.enrol(Standing.ENROLLED)
    charge = a_charge(**entered(by_plate))
    by_plate.provider.charge(charge)
    with pytest.raises(ProviderRefused):
        by_plate.provider.charge(replace(charge, amount=Money(1100, "CNY")))


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_lost_answer_to_a_charge_is_unknown_and_the_same_number_charges_once(by_plate: Bench, done: bool) -> None:
    by_plate.enrol(Standing.ENROLLED)
    charge = a_charge(**entered(by_plate))
    by_plate.lose("charge", done)
    with pytest.raises(ProviderFault):
        by_plate.provider.charge(charge)
    asked = by_plate.provider.query(charge.number)
    assert asked.state in ((OrderState.ACCEPTED, OrderState.PAID) if done else (OrderState.ABSENT,))
    by_plate.provider.charge(charge)
    by_plate.pay(charge.number)
    by_plate.pay(charge.number)
    assert by_plate.charges(charge.number) == 1


def test_an_agreement_says_how_the_car_stands_now(by_plate: Bench) -> None:
    if not isinstance(by_plate.provider, KnowsAgreements):
        pytest.skip("this provider tells it with the charge only")
    assert by_plate.provider.agreement(CAR).standing is Standing.NOT_ENROLLED
    by_plate.enrol(Standing.ENROLLED)
    answer = by_plate.provider.agreement(CAR)
    assert answer.standing is Standing.ENROLLED
    assert answer.scenes


def test_an_entry_told_twice_is_one_entry(by_plate: Bench) -> None:
    if not isinstance(by_plate.provider, TakesEntries):
        pytest.skip("this provider does not ask for entries")
    assert by_plate.provider.enter(ENTRY) == by_plate.provider.enter(ENTRY)


@pytest.mark.req("PAY-5")
def test_what_was_charged_stands_in_the_file_of_the_day_and_can_go_back(by_plate: Bench) -> None:
    by_plate.enrol(Standing.ENROLLED)
    charge = a_charge(**entered(by_plate))
    by_plate.provider.charge(charge)
    by_plate.pay(charge.number)
    expected: list[tuple[LineKind, str, int, str | None]] = [(LineKind.PAYMENT, charge.number, 1000, None)]
    if isinstance(by_plate.provider, Refunds):
        back = replace(REFUND, order_number=charge.number, total=charge.amount)
        assert by_plate.provider.refund(back).state is RefundState.DONE
        expected.append((LineKind.REFUND, charge.number, 200, REFUND.number))
    by_plate.clock.advance(timedelta(days=1, hours=2))
    assert isinstance(by_plate.provider, GivesStatements)
    lines = by_plate.provider.statement((START + timedelta(hours=8)).date()).lines
    assert [(line.kind, line.number, line.amount.minor, line.refund_number) for line in lines] == expected


# --- refunds ---------------------------------------------------------------------------------------------------------


def paid(bench: Bench) -> None:
    bench.provider.create(ORDER)
    bench.pay(ORDER.number)


@pytest.mark.req("PAY-5")
def test_a_refund_goes_back_once_however_often_it_is_asked(counter: Bench) -> None:
    assert isinstance(counter.provider, Refunds)
    assert isinstance(counter.provider, TellsRefunds)
    paid(counter)
    first = counter.provider.refund(REFUND)
    assert (first.state, first.amount) == (RefundState.DONE, REFUND.amount)
    assert counter.provider.refund(REFUND) == first
    asked = counter.provider.query_refund(REFUND.number, REFUND.order_number)
    assert (asked.state, asked.amount) == (RefundState.DONE, REFUND.amount)
    assert counter.provider.query_refund("RNOBODY1", ORDER.number).state is RefundState.ABSENT


@pytest.mark.req("PAY-5")
def test_no_more_goes_back_than_was_paid(counter: Bench) -> None:
    paid(counter)
    counter.provider.refund(REFUND)
    with pytest.raises(ProviderRefused):
        counter.provider.refund(replace(REFUND, number="RNUMBER2", amount=Money(401, "CNY")))
    rest = counter.provider.refund(replace(REFUND, number="RNUMBER3", amount=Money(400, "CNY")))
    assert rest.state is RefundState.DONE


@pytest.mark.req("PAY-5")
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_lost_answer_to_a_refund_gives_back_once(counter: Bench, done: bool) -> None:
    paid(counter)
    counter.lose("refund", done)
    with pytest.raises(ProviderFault):
        counter.provider.refund(REFUND)
    known = counter.provider.query_refund(REFUND.number, REFUND.order_number).state
    assert known is (RefundState.DONE if done else RefundState.ABSENT)
    assert counter.provider.refund(REFUND).amount == REFUND.amount
    counter.clock.advance(timedelta(days=1, hours=2))
    file = counter.provider.statement((START + timedelta(hours=8)).date())
    assert [line.amount.minor for line in file.lines if line.kind is LineKind.REFUND] == [200]


# --- the file of the day ---------------------------------------------------------------------------------------------


@pytest.mark.req("PAY-5")
def test_the_file_of_the_day_holds_every_payment_and_every_refund_of_that_day(counter: Bench) -> None:
    paid(counter)
    counter.clock.advance(timedelta(minutes=1))
    counter.provider.refund(REFUND)
    counter.clock.advance(timedelta(days=1, hours=2))
    assert isinstance(counter.provider, GivesStatements)
    day = (START + timedelta(hours=8)).date()
    lines = counter.provider.statement(day).lines
    assert [(line.kind, line.number, line.amount, line.refund_number) for line in lines] == [
        (LineKind.PAYMENT, ORDER.number, ORDER.amount, None),
        (LineKind.REFUND, ORDER.number, REFUND.amount, REFUND.number),
    ]
    assert lines[0].at == START
    assert all(line.transaction for line in lines)
    counter.clock.advance(timedelta(days=1))
    assert counter.provider.statement(day + timedelta(days=1)).lines == ()


@pytest.mark.req("PAY-5")
@pytest.mark.parametrize("kind", [kind for kind, of in COMPANIES.items() if of.at_counter and of.refunds])
def test_a_company_can_leave_a_line_out_add_one_or_change_one(kind: str, tmp_path: Path) -> None:
    clock = ManualClock(START)
    with COMPANIES[kind].open(tmp_path, clock) as company:
        company.provider.create(ORDER)
        company.approve(ORDER.number)
        clock.advance(timedelta(days=1, hours=2))
        shown = []
        for fault in (Fault.STATEMENT_MISSING_LINE, Fault.STATEMENT_EXTRA_LINE, Fault.STATEMENT_WRONG_AMOUNT):
            company.switches.set(fault)
            lines = company.provider.statement((START + timedelta(hours=8)).date()).lines
            shown.append(sorted((line.number, line.amount.minor) for line in lines))
    assert shown == [
        [],
        [(ORDER.number, 600), (f"X{ORDER.number}", 600)],
        [(ORDER.number, 601)],
    ]
