"""The lane's copy: what its rows look like, and what a change to it is; how one travels, signed, is the gate's.

A row that does not fit its kind is refused whole, naming the field; nothing is guessed. A change is applied entirely or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parking.access.refs import refs_of
from parking.access.row_shapes import KINDS, SHAPES
from parking.access.rows import (
    CommandAction,
    CommandRow,
    Fact,
    GroupRow,
    HolderRow,
    InsideRow,
    InvitationRow,
    KeyRow,
    ListedAs,
    ListRow,
    LotRow,
    PassRow,
    PriceStep,
    ScheduleRow,
    StayRow,
    UsedCodeRow,
    ZoneRow,
)
from parking.kernel.errors import invalid

__all__ = [
    "CommandAction",
    "CommandRow",
    "CopyChange",
    "CopyRow",
    "Fact",
    "GroupRow",
    "HolderRow",
    "InsideRow",
    "InvitationRow",
    "KeyRow",
    "ListRow",
    "ListedAs",
    "LotRow",
    "PassRow",
    "PriceStep",
    "ScheduleRow",
    "StayRow",
    "UsedCodeRow",
    "ZoneRow",
    "data_of",
    "parse_fact",
    "refs_of",
]


@dataclass(frozen=True, slots=True)
class CopyRow:
    """One row as it travels: `data` None means that the key is gone."""

    kind: str
    key: str
    version: int
    data: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class CopyChange:
    """The rows that bring a copy from version `since` to `version`."""

    site: str
    since: int
    version: int
    rows: tuple[CopyRow, ...]
    epoch: str = ""
    """Which past of the server these versions count in; a server restored from a backup has another."""
    upto: int | None = None
    """The version that the pages of this change lead to; nothing of them is seen before. None: this is all of it."""


def parse_fact(row: CopyRow, *, read_before: bool = False) -> Fact | None:
    """What the row says, None for a deleted key; ParkingError names the field that does not fit its kind.

    Of a row that was `read_before` and kept, a price list is read only when it is asked for.
    """
    if row.kind not in SHAPES:
        raise invalid("copy.kind", f"should be one of {', '.join(SHAPES)}", field="kind")
    if row.data is None:
        return None
    return SHAPES[row.kind].parse(row.key, row.data, read_before=read_before)


def data_of(fact: Fact) -> tuple[str, str, dict[str, Any]]:
    """Kind, key and data of a fact, the inverse of `parse_fact`."""
    kind = KINDS[type(fact)]
    key, data = SHAPES[kind].plain(fact)
    return kind, key, data
