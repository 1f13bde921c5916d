"""Limits of a holder: numbered slots, of which the database gives each one once. A plate stands there under its pseudonym only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.plate import Plate
from parking.plumbing.db import insert_once
from parking.plumbing.prepared import prepared
from parking.plumbing.pseudonyms import of_connection
from payments.coupons.tables import slot_table

Taken = tuple[str, str, int]
"""A limit, a day at the site, and how many of its slots were taken."""
_OF_PLATE = "plate:"
_BARE = re.compile(rf"(.*{_OF_PLATE})([0-9a-f]{{32}})")


_TAKEN = prepared(
    sa.select(sa.func.count().label("taken")).where(
        slot_table.c.limit_key == sa.bindparam("key"), slot_table.c.day == sa.bindparam("day")
    )
)


def slots_taken(conn: Connection, limit_key: str, day: str) -> int:
    return int(conn.execute(_TAKEN, {"key": limit_key, "day": day}).scalar_one())


def hold(conn: Connection, taken: Iterable[Taken]) -> bool:
    """Whether as many slots are taken as were then."""
    return all(slots_taken(conn, key, day) == count for key, day, count in taken)


def take_slot(conn: Connection, limit_key: str, day: str, limit: int, taken_by: str) -> bool:
    """Take one of `limit` slots; False when all are taken."""
    row = {"limit_key": limit_key, "day": day, "taken_by": taken_by}
    return any(insert_once(conn, slot_table, {**row, "slot": slot}) for slot in range(1, limit + 1))


def free_slots(conn: Connection, taken_by: str) -> None:
    conn.execute(slot_table.delete().where(slot_table.c.taken_by == taken_by))


def hidden(conn: Connection, plate: Plate) -> list[str]:
    """What stands for a plate in the keys of limits, under each key of the site, newest first."""
    return of_connection(conn).every(_digest(plate.text))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def hide_plates(conn: Connection) -> int:
    """Put limits that name a plate by its bare hash, as earlier versions did, under the site's key; returns how many limits."""
    t, names = slot_table.c, of_connection(conn)
    named = conn.execute(sa.select(t.limit_key).distinct().where(t.limit_key.contains(_OF_PLATE))).scalars().all()
    bare = [(key, found) for key in named if (found := _BARE.fullmatch(key))]
    for key, found in bare:
        values = {"limit_key": found[1] + names.of(found[2])}
        conn.execute(slot_table.update().where(t.limit_key == key).values(values))
    return len(bare)


def forget_plate(conn: Connection, plate: Plate) -> None:
    """Nothing tells any more that it had reached a limit."""
    own = (slot_table.c.limit_key.endswith(f"{_OF_PLATE}{name}") for name in hidden(conn, plate))
    conn.execute(slot_table.delete().where(sa.or_(*own)))


def forget_days(conn: Connection, before: str) -> int:
    """Drop the daily limits of days long gone; returns how many slots."""
    over = sa.and_(slot_table.c.day != "", slot_table.c.day < before)
    return conn.execute(slot_table.delete().where(over)).rowcount
