"""A provider in memory, for tests and simulations: the same promises, and switches for everything that can go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from parking.kernel.clock import Clock
from parking.kernel.money import Money
from payments.providers import abilities
from payments.providers.abilities import (
    AgreementAnswer,
    Car,
    Charge,
    Entry,
    EntryTaken,
    Exit,
    LineKind,
    Refund,
    RefundOutcome,
    RefundState,
    Standing,
    Statement,
    StatementLine,
)
from payments.providers.base import Order, OrderState, Outcome, Provider, ProviderRefused

Operation = Literal[
    "create", "query", "close", "charge", "agreement", "enter", "leave", "refund", "query_refund", "statement"
]
Moment = Literal["before", "after"]


@dataclass
class Held:
    """An order as the provider holds it; `captures` counts how often the payer's money was taken (never above one)."""

    order: Order | Charge | None
    outcome: Outcome
    captures: int = 0
    refunded: int = 0


class MemoryProvider:
    """Holds orders in a dict. `approve` plays the payer, `fail_next` plays the network."""

    def __init__(self, clock: Clock, *, approve_at_once: bool = False) -> None:
        self._clock = clock
        self._approve_at_once = approve_at_once
        self._switches: list[tuple[Operation, Moment, Callable[[], BaseException]]] = []
        self.orders: dict[str, Held] = {}
        self.calls: list[tuple[Operation, str]] = []
        self.standings: dict[str, Standing] = {}  # by plate; who is not there is not enrolled
        self.inside: dict[str, Entry] = {}
        self.refunds: dict[str, tuple[Refund, datetime]] = {}

    def fail_next(self, operation: Operation, moment: Moment, error: Callable[[], BaseException]) -> None:
        """The next such call raises `error()`: `before` it has any effect, or `after` it has had all of it."""
        self._switches.append((operation, moment, error))

    def heal(self) -> None:
        """Forget every fault that has not happened yet."""
        self._switches.clear()

    def create(self, order: Order) -> Outcome:
        self._begin("create", order.number)
        held = self.orders.get(order.number)
        if held is None:
            url = f"memory://pay/{order.number}"
            held = Held(order, Outcome(order.number, OrderState.WAITING, pay_url=url))
            self.orders[order.number] = held
            if self._approve_at_once:
                self.approve(order.number)
        elif held.order is None or held.outcome.state in (OrderState.CLOSED, OrderState.FAILED):
            raise ProviderRefused("ORDER_CLOSED")
        elif held.order.amount != order.amount:
            raise ProviderRefused("PARAM_MISMATCH")
        self._end("create")
        return held.outcome

    def query(self, number: str) -> Outcome:
        self._begin("query", number)
        held = self.orders.get(number)
        self._end("query")
        return held.outcome if held else Outcome(number, OrderState.ABSENT)

    def close(self, order: Order) -> Outcome:
        number = order.number
        self._begin("close", number)
        held = self.orders.setdefault(number, Held(None, Outcome(number, OrderState.CLOSED)))
        if held.outcome.state is OrderState.WAITING:
            held.outcome = replace(held.outcome, state=OrderState.CLOSED, pay_url=None)
        self._end("close")
        return held.outcome

    def approve(self, number: str, *, even_if_closed: bool = False) -> Outcome:
        """The payer pays; paying again changes nothing. `even_if_closed` plays a provider that breaks its word."""
        held = self.orders[number]
        payable = held.outcome.state in (OrderState.WAITING, OrderState.ACCEPTED) or even_if_closed
        if held.order is not None and payable and held.outcome.state is not OrderState.PAID:
            held.captures += 1
            held.outcome = self._paid(number, held.order.amount)
        return held.outcome

    def fail(self, number: str) -> None:
        """The payer is turned down."""
        self.orders[number].outcome = Outcome(number, OrderState.FAILED)

    def answer_amount(self, number: str, amount: Money) -> None:
        """From now on the provider says PAID with this amount, whatever was ordered."""
        self.orders[number].outcome = self._paid(number, amount)

    # --- what only some providers can do -----------------------------------------------------------------------------

    def agreement(self, car: Car) -> AgreementAnswer:
        self._begin("agreement", "")
        self._end("agreement")
        standing = self.standings.get(car.plate, Standing.NOT_ENROLLED)
        return AgreementAnswer(standing, frozenset({"PLATE_PAY"}) if standing is Standing.ENROLLED else frozenset())

    def enter(self, entry: Entry) -> EntryTaken:
        self._begin("enter", entry.number)
        self.inside.setdefault(entry.number, entry)
        self._end("enter")
        standing = self.standings.get(entry.car.plate, Standing.NOT_ENROLLED)
        return EntryTaken(entry.number, f"memory-{entry.number}", standing)

    def leave(self, gone: Exit) -> None:
        self._begin("leave", gone.number)
        self.inside.pop(gone.number, None)
        self._end("leave")

    def charge(self, charge: Charge) -> Outcome:
        self._begin("charge", charge.number)
        plate = charge.car.plate if charge.car else ""
        held = self.orders.get(charge.number)
        if held is None:
            if self.standings.get(plate) is not Standing.ENROLLED:
                raise ProviderRefused("NOT_ENROLLED")
            held = Held(charge, Outcome(charge.number, OrderState.ACCEPTED))
            self.orders[charge.number] = held
            if self._approve_at_once:
                self.approve(charge.number)
        elif held.order is None or held.order.amount != charge.amount:
            raise ProviderRefused("PARAM_MISMATCH")
        self._end("charge")
        return held.outcome

    def refund(self, refund: Refund) -> RefundOutcome:
        self._begin("refund", refund.number)
        held = self.orders.get(refund.order_number)
        known = self.refunds.get(refund.number)
        if known is None:
            if held is None or held.outcome.state is not OrderState.PAID or held.outcome.amount is None:
                raise ProviderRefused("ORDER_NOT_PAID")
            if held.refunded + refund.amount.minor > held.outcome.amount.minor:
                raise ProviderRefused("REFUND_TOO_MUCH")
            held.refunded += refund.amount.minor
            self.refunds[refund.number] = (refund, self._clock.now())
        elif known[0].amount != refund.amount:
            raise ProviderRefused("PARAM_MISMATCH")
        self._end("refund")
        return self._refunded(refund.number, refund.order_number)

    def query_refund(self, number: str, order_number: str) -> RefundOutcome:
        self._begin("query_refund", number)
        self._end("query_refund")
        return self._refunded(number, order_number)

    def statement(self, day: date) -> Statement:
        self._begin("statement", "")
        self._end("statement")
        lines = [
            StatementLine(LineKind.PAYMENT, o.number, o.amount, o.paid_at, o.transaction or "")
            for o in (held.outcome for held in self.orders.values())
            if o.state is OrderState.PAID and o.amount and o.paid_at
        ] + [
            StatementLine(LineKind.REFUND, r.order_number, r.amount, at, f"memory-{r.order_number}", r.number)
            for r, at in self.refunds.values()
        ]
        zone = ZoneInfo("Asia/Shanghai")
        of_day = sorted((line for line in lines if line.at.astimezone(zone).date() == day), key=lambda line: line.at)
        return Statement(day, tuple(of_day))

    def _refunded(self, number: str, order_number: str) -> RefundOutcome:
        known = self.refunds.get(number)
        if known is None:
            return RefundOutcome(number, order_number, RefundState.ABSENT)
        return RefundOutcome(number, known[0].order_number, RefundState.DONE, known[0].amount, f"memory-{number}")

    def _paid(self, number: str, amount: Money) -> Outcome:
        return Outcome(
            number, OrderState.PAID, amount=amount, paid_at=self._clock.now(), transaction=f"memory-{number}"
        )

    def _begin(self, operation: Operation, number: str) -> None:
        self.calls.append((operation, number))
        self._trip(operation, "before")

    def _end(self, operation: Operation) -> None:
        self._trip(operation, "after")

    def _trip(self, operation: Operation, moment: Moment) -> None:
        for switch in self._switches:
            if switch[:2] == (operation, moment):
                self._switches.remove(switch)
                raise switch[2]()


_: type[Provider] = MemoryProvider
_charges: type[abilities.ChargesByAgreement] = MemoryProvider
_agreements: type[abilities.KnowsAgreements] = MemoryProvider
_entries: type[abilities.TakesEntries] = MemoryProvider
_exits: type[abilities.TakesExits] = MemoryProvider
_refunds: type[abilities.Refunds] = MemoryProvider
_tells: type[abilities.TellsRefunds] = MemoryProvider
_statements: type[abilities.GivesStatements] = MemoryProvider
