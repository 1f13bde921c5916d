"""What was erased stays erased: of a plate with a tombstone nothing from before it is kept, however late a gate tells of it.

A tombstone bears a pseudonym: without the site's key, which does not lie in the database, nobody can try plates out against it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.plate import Plate
from parking.members.tables import tombstone_table
from parking.plumbing.db import UnitOfWork, insert_once
from parking.plumbing.prepared import prepared
from parking.plumbing.pseudonyms import of_connection

_t = tombstone_table.c


def _digest(plate: Plate) -> str:
    return hashlib.sha256(f"erased:{plate.text}".encode()).hexdigest()


def put(uow: UnitOfWork, plate: Plate, until: datetime) -> None:
    """Nothing of this plate from before then is to be kept; a later wish moves the time on."""
    _put(uow.connection, of_connection(uow.connection).of(_digest(plate)), until)


def _put(conn: Connection, name: str, until: datetime) -> None:
    if not insert_once(conn, tombstone_table, {"plate_hash": name, "until": until}):
        conn.execute(tombstone_table.update().where(_t.plate_hash == name, _t.until < until).values(until=until))


_UNTIL = prepared(
    sa.select(_t.until)
    .where(_t.plate_hash.in_(sa.bindparam("names", expanding=True)))
    .order_by(_t.until.desc())
    .limit(1)
)


def covers(conn: Connection, plate: Plate, at: datetime) -> bool:
    """Whether what this plate did at `at` was erased."""
    names = of_connection(conn).every(_digest(plate))
    until: datetime | None = conn.execute(_UNTIL, {"names": names}).scalar_one_or_none()
    return until is not None and at <= until


def hide_plates(conn: Connection) -> int:
    """Put tombstones that earlier versions made of bare hashes under the site's key; returns how many.

    ParkingError where one was put up under a key that is not here: then what was erased would come back unnoticed.
    """
    names, bare = of_connection(conn), 0
    for row in conn.execute(sa.select(tombstone_table)).all():
        if "." not in row.plate_hash:
            _put(conn, names.of(row.plate_hash), row.until)
            conn.execute(tombstone_table.delete().where(_t.plate_hash == row.plate_hash))
            bare += 1
        elif not names.knows_key_of(row.plate_hash):
            raise ParkingError(
                ErrorKind.CONFLICT,
                "key.of_plates",
                "the database holds erasures under another plates.key: put that key back, behind a newer one if there is one",
                field="keys_dir",
            )
    return bare
