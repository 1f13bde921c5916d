"""A person's orders to one lane: each is carried out once, in its order, while it holds; what cannot be done now waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from parking.access.rows import CommandAction, CommandRow

_LONGEST = timedelta(minutes=5)
"""No order but an emergency's is given for longer: one that has more time left is old, and the box woke up in an earlier time."""


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
        timely = [order for order in self._waiting if not _is_of_later(order, now)]
        left = tuple(order for order in timely if order.expires_at >= now and not act(order))
        self._done |= {order.command_id for order in self._waiting} - {order.command_id for order in left}
        self._waiting = left


def _is_of_later(order: CommandRow, now: datetime) -> bool:
    return order.expires_at - now > _LONGEST and order.action is not CommandAction.EMERGENCY
