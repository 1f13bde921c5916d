"""A neighbour and what its feed said last. One bad row never loses a feed: a reader gives `(good, errors)`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parking.kernel.codec import parse_time
from parking.kernel.errors import ParkingError
from parking.kernel.ids import LotId


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot nearby: how long one drives there from our approach, how far it is to the mall on foot, what an hour costs (minor units)."""

    id: LotId
    capacity: int
    drive_s: float
    walk_s: float
    hour_minor: int | None = None
    kept_back: int = 0  # reserved bays that nobody may be sent to


@dataclass(frozen=True, slots=True)
class LotState:
    """What a feed said: free bays (None: it does not say), whether the lot is open, and when that was true."""

    lot_id: LotId
    free: int | None
    is_open: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was passed over: where it stands and what is wrong with it."""

    row: str
    says: str


Read = tuple[Sequence[LotState], Sequence[BadRow]]


def moment(said: Any) -> datetime:
    """An aware time, as UTC; ValueError for anything else."""
    try:
        return parse_time(str(said))
    except ParkingError as error:
        raise ValueError(error.message) from None


def whole(said: Any, most: int) -> int:
    """A number of bays, 0 to `most`; ValueError for anything else, a bool or a fraction too."""
    if type(said) is not int or not 0 <= said <= most:
        raise ValueError(f"{said!r} is no number of bays from 0 to {most}")
    return said


def rows_of(said: Any, key: str) -> list[Mapping[str, Any]]:
    """The rows under a key; ValueError when there is no such list."""
    rows = said.get(key) if isinstance(said, Mapping) else None
    if not isinstance(rows, list):
        raise ValueError(f"there is no list {key!r}")
    return [row if isinstance(row, Mapping) else {} for row in rows]
