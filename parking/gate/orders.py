"""A person's orders to one lane: each is carried out once, in its order, while it holds; what cannot be done now waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from parking.access.rows import CommandRow


class Orders:
    """The orders that wait."""

    def __init__(self) -> None:
        self._waiting: tuple[CommandRow, ...] = ()
        self._done: set[str] = set()

    def take(self, orders: Sequence[CommandRow]) -> None:
        """What the copy has for this lane now; what was carried out and could not be stored (a full disk) is not done twice."""
        self._done &= {order.command_id for order in orders}
        self._waiting = tuple(order for order in orders if order.command_id not in self._done)

    def carry_out(self, now: datetime, act: Callable[[CommandRow], bool]) -> None:
        """Try each; `act` says whether it is done. What is past its time is forgotten, not done."""
        left = tuple(order for order in self._waiting if order.expires_at >= now and not act(order))
        self._done |= {order.command_id for order in self._waiting} - {order.command_id for order in left}
        self._waiting = left
