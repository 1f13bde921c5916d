"""The lane's copy: what its rows look like, and how a change to it travels sealed by the server.

A row that does not fit its kind is refused whole, naming the field; nothing is guessed. A change is applied entirely or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
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
from parking.kernel.codec import to_plain
from parking.kernel.errors import invalid
from parking.kernel.signed import Signer, Verifier, seal, unseal

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
    "seal_copy",
    "unseal_copy",
]

LONGEST_COPY = 16 * 1024 * 1024
"""Signs in one sealed change; some 5,000 stays with a price list of two days each."""
COPY_USE = "copy"


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


def parse_fact(row: CopyRow) -> Fact | None:
    """What the row says, None for a deleted key; ParkingError names the field that does not fit its kind."""
    if row.kind not in SHAPES:
        raise invalid("copy.kind", f"should be one of {', '.join(SHAPES)}", field="kind")
    if row.data is None:
        return None
    return SHAPES[row.kind].parse(row.key, row.data)


def data_of(fact: Fact) -> tuple[str, str, dict[str, Any]]:
    """Kind, key and data of a fact, the inverse of `parse_fact`."""
    kind = KINDS[type(fact)]
    key, data = SHAPES[kind].plain(fact)
    return kind, key, data


def seal_copy(change: CopyChange, signer: Signer, expires_at: datetime) -> str:
    """The token that carries a change to the lanes; only the server's key makes one."""
    return seal({"use": COPY_USE, "exp": int(expires_at.timestamp()), **to_plain(change)}, signer)


def unseal_copy(token: str, verifier: Verifier, now: datetime) -> CopyChange:
    """The change in a token; a forged, old or malformed one raises ParkingError."""
    body = unseal(token, verifier, use=COPY_USE, now=now, longest=LONGEST_COPY)
    rows = body.get("rows")
    if not isinstance(rows, list):
        raise invalid("copy.malformed", "should be a list", field="rows")
    since, version = (_whole(body.get(name), name) for name in ("since", "version"))
    if version < since:
        raise invalid("copy.malformed", "should not be below since", field="version")
    return CopyChange(str(body.get("site")), since, version, tuple(_row(r, i) for i, r in enumerate(rows)))


def _row(raw: Any, position: int) -> CopyRow:
    where = f"rows[{position}]"
    data = raw.get("data") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not (data is None or isinstance(data, dict)):
        raise invalid("copy.malformed", "should be a row", field=where)
    kind, key = raw.get("kind"), raw.get("key")
    if not isinstance(kind, str) or not isinstance(key, str):
        raise invalid("copy.malformed", "should name its kind and key", field=where)
    row = CopyRow(kind, key, _whole(raw.get("version"), f"{where}.version"), data)
    parse_fact(row)
    return row


def _whole(value: Any, field: str) -> int:
    if type(value) is not int or value < 0:
        raise invalid("copy.malformed", "should be a whole number", field=field)
    return value
