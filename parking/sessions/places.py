"""Where the vehicle of a stay stood, and by which right: in which lot from when on, in which bay. Only ever added to, but for
the right, when a person says which plate it was.

A passage says the lot and the right, a bay's sensor or a patrol the bay; read in the order of their times, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.ids import BayId, LotId, StayId
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import insert_once, metadata
from parking.plumbing.marks import mark, told
from parking.plumbing.prepared import prepared

stay_place = sa.Table(
    "stay_place",
    metadata,
    sa.Column("stay_id", sa.String(36), primary_key=True),
    sa.Column("since", UtcDateTime, primary_key=True),
    sa.Column("kind", sa.String(8), primary_key=True),  # lot, bay
    sa.Column("lot_id", sa.String(64), nullable=True),
    sa.Column("bay_id", sa.String(64), nullable=True),
    sa.Column("right", sa.String(80), nullable=True),
)
_OF_STAY = prepared(
    sa.select(stay_place).where(stay_place.c.stay_id == sa.bindparam("of_stay")).order_by(stay_place.c.since.asc())
)


@dataclass(frozen=True, slots=True)
class Stood:
    """From `since` on: the lot, the right that it came there by (as in `pass:p7`), the bay; None: nobody knows."""

    since: datetime
    lot_id: LotId | None = None
    right: str | None = None
    bay_id: BayId | None = None


def came_into(conn: Connection, stay_id: StayId, since: datetime, lot_id: LotId | None, right: str | None) -> bool:
    """A passage brought the vehicle into a lot; the same passage again changes nothing, and says False."""
    return _add(conn, {"stay_id": stay_id, "since": since, "kind": "lot", "lot_id": lot_id, "right": right})


def came_not(conn: Connection, stay_id: StayId, since: datetime) -> None:
    """The passage at that moment was another stay's."""
    t = stay_place.c
    conn.execute(stay_place.delete().where(t.stay_id == stay_id, t.since == since, t.kind == "lot"))


def comes_by(conn: Connection, stay_id: StayId, came_at: datetime, right: str | None) -> None:
    """A person has said which plate it was: all along it stood there by this right, or by none."""
    passed = stay_place.update().where(stay_place.c.stay_id == stay_id, stay_place.c.kind == "lot")
    if not conn.execute(passed.values(right=right)).rowcount and right is not None:
        came_into(conn, stay_id, came_at, None, right)


def stands_in(conn: Connection, stay_id: StayId, since: datetime, bay_id: BayId) -> bool:
    """The vehicle was seen in a bay; seen there again it has stood there all the while, which says False."""
    known = [one.bay_id for one in of_stay(conn, stay_id) if one.since <= since]
    if known and known[-1] == bay_id:
        return False
    return _add(conn, {"stay_id": stay_id, "since": since, "kind": "bay", "bay_id": bay_id})


def _add(conn: Connection, row: dict[str, object]) -> bool:
    return insert_once(conn, stay_place, {"lot_id": None, "bay_id": None, "right": None, **row})


def of_stay(conn: Connection, stay_id: StayId) -> Sequence[Stood]:
    """Where it stood, in order; whoever drives into another lot stands in no bay any more."""
    found: list[Stood] = []
    lot_id, right = None, None
    for row in conn.execute(_OF_STAY, {"of_stay": stay_id}):
        if row.kind == "lot":
            lot_id, right = LotId(row.lot_id) if row.lot_id else None, row.right
            found.append(Stood(row.since, lot_id, right))
        else:
            found.append(Stood(row.since, lot_id, right, BayId(row.bay_id)))
    return found


def marks(stay_id: sa.ColumnElement[Any]) -> list[sa.Label[str]]:
    """What `of_stay` reads, as a column of a query about stays."""
    t = stay_place.c
    return [mark("places", told(t.since, t.kind, t.lot_id, t.bay_id, t.right), t.stay_id == stay_id)]
