"""The tables of who may come in: groups, schedules, holders with their cars and credentials, passes, lots.

A credential belongs to one holder: the database refuses a second one. What the lanes need of all this is put into their copies by
`access.keeping`; names of people stay here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.access.rows import LotRow, PassRow, SecondCar
from parking.access.store import LONGEST_KEY
from parking.kernel.credential import Credential
from parking.kernel.ids import LotId
from parking.kernel.plate import Plate
from parking.plumbing.column_types import Json, PlateText, UtcDateTime
from parking.plumbing.db import metadata
from parking.plumbing.insert_once import upsert

_Id = sa.String(64)

holder_group = sa.Table(
    "holder_group",
    metadata,
    sa.Column("group_id", _Id, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("capacity", sa.Integer),
    sa.Column("second_car", sa.String(8), nullable=False),
)
access_schedule = sa.Table(
    "access_schedule",
    metadata,
    sa.Column("schedule_id", _Id, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("data", Json, nullable=False),
)
access_holder = sa.Table(
    "access_holder",
    metadata,
    sa.Column("holder_id", _Id, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("group_id", _Id, index=True),
    sa.Column("blocked", sa.Boolean, nullable=False),
    sa.Column("valid_from", UtcDateTime),
    sa.Column("valid_until", UtcDateTime),
)
holder_plate = sa.Table(
    "holder_plate",
    metadata,
    sa.Column("holder_id", _Id, primary_key=True),
    sa.Column("plate", PlateText, primary_key=True, index=True),
)
holder_credential = sa.Table(
    "holder_credential",
    metadata,
    sa.Column("credential", sa.String(LONGEST_KEY), primary_key=True),
    sa.Column("holder_id", _Id, nullable=False, index=True),
)
access_pass = sa.Table(
    "access_pass",
    metadata,
    sa.Column("pass_id", _Id, primary_key=True),
    sa.Column("holder_id", _Id, nullable=False, index=True),
    sa.Column("group_id", _Id, index=True),
    sa.Column("schedule_id", _Id, index=True),
    sa.Column("valid_until", UtcDateTime, index=True),
    sa.Column("data", Json, nullable=False),
)
access_lot = sa.Table(
    "access_lot",
    metadata,
    sa.Column("lot_id", _Id, primary_key=True),
    sa.Column("outer_lot_id", _Id),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("rights_only", sa.Boolean, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Group:
    """Holders who share a limit; `capacity` None: no limit."""

    group_id: str
    name: str
    capacity: int | None
    second_car: SecondCar


@dataclass(frozen=True, slots=True)
class Holder:
    """A person or a company with its cars and credentials."""

    holder_id: str
    name: str
    group_id: str | None = None
    plates: tuple[Plate, ...] = ()
    credentials: tuple[Credential, ...] = ()
    blocked: bool = False
    valid_from: datetime | None = None
    valid_until: datetime | None = None


# --- groups, schedules, lots -----------------------------------------------------------------------------------------


def group(conn: Connection, group_id: str) -> Group | None:
    row = by_key(conn, holder_group, group_id)
    return None if row is None else _group(row)


def groups(conn: Connection, after: str, limit: int) -> Sequence[Group]:
    return [_group(row) for row in page(conn, holder_group, after, limit)]


def _group(row: sa.Row[Any]) -> Group:
    return Group(row.group_id, row.name, row.capacity, SecondCar(row.second_car))


def schedule(conn: Connection, schedule_id: str) -> tuple[str, Mapping[str, Any]] | None:
    """Name and data (as in a row of the copy) of a schedule."""
    row = by_key(conn, access_schedule, schedule_id)
    return None if row is None else (row.name, row.data)


def schedules(conn: Connection, after: str, limit: int) -> Sequence[tuple[str, str, Mapping[str, Any]]]:
    return [(row.schedule_id, row.name, row.data) for row in page(conn, access_schedule, after, limit)]


def lot(conn: Connection, lot_id: str) -> LotRow | None:
    """A lot without a free count: that is `keeping`'s to work out."""
    row = by_key(conn, access_lot, lot_id)
    return None if row is None else _lot(row)


def lots(conn: Connection) -> Sequence[LotRow]:
    return [_lot(row) for row in conn.execute(sa.select(access_lot).order_by(access_lot.c.lot_id))]


def _lot(row: sa.Row[Any]) -> LotRow:
    outer = LotId(row.outer_lot_id) if row.outer_lot_id else None
    return LotRow(LotId(row.lot_id), outer, row.capacity, None, row.rights_only)


# --- holders ---------------------------------------------------------------------------------------------------------


def holder(conn: Connection, holder_id: str) -> Holder | None:
    row = by_key(conn, access_holder, holder_id)
    return None if row is None else _whole_holders(conn, [row])[0]


def holders(conn: Connection, after: str, limit: int) -> Sequence[Holder]:
    return _whole_holders(conn, page(conn, access_holder, after, limit))


def _whole_holders(conn: Connection, rows: Sequence[sa.Row[Any]]) -> list[Holder]:
    ids = [row.holder_id for row in rows]
    plates: dict[str, list[Plate]] = {name: [] for name in ids}
    credentials: dict[str, list[Credential]] = {name: [] for name in ids}
    of_plates = sa.select(holder_plate).where(holder_plate.c.holder_id.in_(ids)).order_by(holder_plate.c.plate)
    for found in conn.execute(of_plates):
        plates[found.holder_id].append(found.plate)
    theirs = holder_credential.c.holder_id.in_(ids)
    for found in conn.execute(sa.select(holder_credential).where(theirs).order_by(holder_credential.c.credential)):
        credentials[found.holder_id].append(Credential.from_ref(found.credential))
    return [
        Holder(
            row.holder_id,
            row.name,
            row.group_id,
            tuple(plates[row.holder_id]),
            tuple(credentials[row.holder_id]),
            row.blocked,
            row.valid_from,
            row.valid_until,
        )
        for row in rows
    ]


def holders_where(conn: Connection, condition: sa.ColumnElement[bool], limit: int) -> Sequence[Holder]:
    """The first holders of whom something holds."""
    query = sa.select(access_holder).where(condition).order_by(access_holder.c.holder_id).limit(limit)
    return _whole_holders(conn, conn.execute(query).all())


def save_holder(conn: Connection, holder: Holder) -> None:
    """Write a holder over what was there, cars and credentials included."""
    upsert(
        conn,
        access_holder,
        {
            "holder_id": holder.holder_id,
            "name": holder.name,
            "group_id": holder.group_id,
            "blocked": holder.blocked,
            "valid_from": holder.valid_from,
            "valid_until": holder.valid_until,
        },
    )
    drop_belongings(conn, holder.holder_id)
    for plate in holder.plates:
        conn.execute(holder_plate.insert().values(holder_id=holder.holder_id, plate=plate))
    for credential in holder.credentials:
        conn.execute(holder_credential.insert().values(credential=credential.ref, holder_id=holder.holder_id))


def drop_belongings(conn: Connection, holder_id: str) -> None:
    """A holder's cars and credentials go."""
    conn.execute(holder_plate.delete().where(holder_plate.c.holder_id == holder_id))
    conn.execute(holder_credential.delete().where(holder_credential.c.holder_id == holder_id))


def owner_of(conn: Connection, credential: Credential) -> str | None:
    """Who holds a credential."""
    query = sa.select(holder_credential.c.holder_id).where(holder_credential.c.credential == credential.ref)
    return conn.execute(query).scalar_one_or_none()


# --- passes ---------------------------------------------------------------------------------------------


def passes_of_holder(conn: Connection, holder_id: str) -> Sequence[str]:
    """The ids of a holder's passes."""
    query = sa.select(access_pass.c.pass_id).where(access_pass.c.holder_id == holder_id)
    return list(conn.execute(query.order_by(access_pass.c.pass_id)).scalars())


def save_pass(conn: Connection, held: PassRow, data: Mapping[str, Any]) -> None:
    """Write a pass; `data` is its row in the copy."""
    values = {name: getattr(held, name) for name in ("pass_id", "holder_id", "group_id", "schedule_id", "valid_until")}
    upsert(conn, access_pass, {**values, "data": data})


def pass_data(conn: Connection, pass_id: str) -> Mapping[str, Any] | None:
    row = by_key(conn, access_pass, pass_id)
    return None if row is None else dict(row.data)


def passes(conn: Connection, after: str, limit: int) -> Sequence[tuple[str, Mapping[str, Any]]]:
    return [(row.pass_id, row.data) for row in page(conn, access_pass, after, limit)]


def names_lot(conn: Connection, lot_id: str) -> bool:
    """Whether a pass is for this lot."""
    return any(lot_id in data.get("lots", ()) for data in conn.execute(sa.select(access_pass.c.data)).scalars())


def passes_where(
    conn: Connection, condition: sa.ColumnElement[bool], limit: int
) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """The first passes of which something holds."""
    query = sa.select(access_pass).where(condition).order_by(access_pass.c.pass_id).limit(limit)
    return [(row.pass_id, row.data) for row in conn.execute(query)]


# --- what all of them share ------------------------------------------------------------------------------------------


def remove(conn: Connection, table: sa.Table, key: str) -> bool:
    """Delete a row by its key; False when there was none."""
    return conn.execute(table.delete().where(_key(table) == key)).rowcount == 1


def is_used(conn: Connection, column: sa.Column[Any], value: str) -> bool:
    """Whether any row of a table says this in a column."""
    return conn.execute(sa.select(sa.literal(1)).where(column == value).limit(1)).first() is not None


def _key(table: sa.Table) -> sa.Column[Any]:
    return next(iter(table.primary_key.columns))


def by_key(conn: Connection, table: sa.Table, key: str) -> sa.Row[Any] | None:
    """The row with this key."""
    return conn.execute(sa.select(table).where(_key(table) == key)).one_or_none()


def page(conn: Connection, table: sa.Table, after: str, limit: int) -> Sequence[sa.Row[Any]]:
    """At most `limit` rows in the order of their keys, those after `after`."""
    key = _key(table)
    return conn.execute(sa.select(table).where(key > after).order_by(key).limit(limit)).all()
