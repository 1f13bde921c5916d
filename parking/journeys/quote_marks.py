"""What a quote rests on, as it was read in one go: told apart by value, so that a quote is worked out again when any of it has changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from parking.kernel.ids import StayId


@dataclass(frozen=True, slots=True)
class Marks:
    """`stay` is the stay's row; `whole` all that was read, the row included; `others` a text for each kind of other row, None for none."""

    stay: Row[Any]
    whole: tuple[Any, ...]
    others: Sequence[Any]

    @property
    def are_bare(self) -> bool:
        """Whether there is nothing but an open stay: nothing booked, given, noted, stopped or recognised."""
        row = self.stay
        return row.state == "open" and row.priced_at is None and all(other is None for other in self.others)

    @property
    def rest_on_time(self) -> bool:
        """Whether there are rights or stopped clocks, which change a quote by the mere passing of time, or by rows of their own."""
        row = self.stay
        timed = (row.stops, row.everyones_stops, row.listed, row.right)
        return any(one is not None for one in timed) or "pass:" in (row.places or "")


MarksOf = Callable[[Connection, StayId], Marks | None]
