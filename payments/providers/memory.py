"""A provider in memory, for tests and simulations: the same promises, and switches for everything that can go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from parking.kernel.clock import Clock
from parking.kernel.money import Money
from payments.providers.base import Order, OrderState, Outcome, Provider, ProviderRefused

Operation = Literal["create", "query", "close"]
Moment = Literal["before", "after"]


@dataclass
class Held:
    """An order as the provider holds it; `captures` counts how often the payer's money was taken (never above one)."""

    order: Order | None
    outcome: Outcome
    captures: int = 0


class MemoryProvider:
    """Holds orders in a dict. `approve` plays the payer, `fail_next` plays the network."""

    def __init__(self, clock: Clock, *, approve_at_once: bool = False) -> None:
        self._clock = clock
        self._approve_at_once = approve_at_once
        self._switches: list[tuple[Operation, Moment, Callable[[], BaseException]]] = []
        self.orders: dict[str, Held] = {}
        self.calls: list[tuple[Operation, str]] = []

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

    def close(self, number: str) -> Outcome:
        self._begin("close", number)
        held = self.orders.setdefault(number, Held(None, Outcome(number, OrderState.CLOSED)))
        if held.outcome.state is OrderState.WAITING:
            held.outcome = replace(held.outcome, state=OrderState.CLOSED, pay_url=None)
        self._end("close")
        return held.outcome

    def approve(self, number: str, *, even_if_closed: bool = False) -> Outcome:
        """The payer pays; paying again changes nothing. `even_if_closed` plays a provider that breaks its word."""
        held = self.orders[number]
        payable = held.outcome.state is OrderState.WAITING or even_if_closed
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
