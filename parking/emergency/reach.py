"""What this room may do outside of it, handed in at the start: order lanes, and write down who did what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from parking.emergency.escalation import USUAL, Ladder
from parking.kernel.ids import LaneId
from parking.kernel.principal import Principal
from parking.plumbing.db import UnitOfWork
from parking.plumbing.unit_of_work import Audit


class Orders(Protocol):
    """The way to a lane: through its copy, with a name and a reason, on record before anything moves."""

    def open(self, uow: UnitOfWork, who: Principal, lane_id: LaneId, reason: str, *, call_id: str | None) -> str:
        """Open once; the order's id."""
        ...

    def answer(self, uow: UnitOfWork, who: Principal, lane_id: LaneId, call_id: str) -> None:
        """Tell the lane that a person has taken its call."""
        ...

    def hold_open(self, uow: UnitOfWork, who: Principal, lane_id: LaneId, reason: str) -> str:
        """Stand open until a person ends it, however late the lane hears of it; the order's id."""
        ...

    def release(self, uow: UnitOfWork, who: Principal, lane_id: LaneId, reason: str, held_by: str | None) -> None:
        """End the holding open, and withdraw the order `held_by` that the lane may not have heard yet."""
        ...

    def withdraw(self, uow: UnitOfWork, held_by: str) -> None:
        """Take back the order `held_by` to a lane that a person has closed at its cabinet: no box finds it again after years."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """`exits` are ordered open in an emergency; `lanes` are all that have a barrier."""

    orders: Orders
    audit: Audit
    exits: tuple[LaneId, ...]
    lanes: tuple[LaneId, ...]
    ladder: Ladder = USUAL
