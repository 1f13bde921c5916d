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
    def have_right(self) -> bool:
        """Whether it may be free by a right, which changes a quote by the mere passing of time, or by rows of its own."""
        return self.stay.listed is not None or self.stay.right is not None

    @property
    def have_pass(self) -> bool:
        """Whether it stood somewhere under a pass, which may change as well."""
        return "pass:" in (self.stay.places or "")


MarksOf = Callable[[Connection, StayId], Marks | None]
