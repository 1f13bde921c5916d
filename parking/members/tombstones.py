"""What was erased stays erased: of a plate with a tombstone nothing from before it is kept, however late a gate tells of it."""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.plate import Plate
from parking.members.tables import tombstone_table
from parking.plumbing.db import UnitOfWork, insert_once
from parking.plumbing.prepared import prepared


def _hash(plate: Plate) -> str:
    return hashlib.sha256(f"erased:{plate.text}".encode()).hexdigest()


def put(uow: UnitOfWork, plate: Plate) -> None:
    """Nothing of this plate from before now is to be kept; a later wish moves the time on."""
    row = {"plate_hash": _hash(plate), "until": uow.now}
    if not insert_once(uow.connection, tombstone_table, row):
        mine = tombstone_table.c.plate_hash == row["plate_hash"]
        uow.connection.execute(tombstone_table.update().where(mine).values(until=uow.now))


_UNTIL = prepared(sa.select(tombstone_table.c.until).where(tombstone_table.c.plate_hash == sa.bindparam("plate")))


def covers(conn: Connection, plate: Plate, at: datetime) -> bool:
    """Whether what this plate did at `at` was erased."""
    until: datetime | None = conn.execute(_UNTIL, {"plate": _hash(plate)}).scalar_one_or_none()
    return until is not None and at <= until
