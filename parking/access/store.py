"""The lists of plates, and the table behind every lane's copy: each change of it takes the next version, in commit order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from parking.access.queries import Queries
from parking.access.snapshot import (
    CommandAction,
    CopyRow,
    Fact,
    ListedAs,
    ListRow,
    data_of,
    parse_fact,
    refs_of,
)
from parking.kernel.plate import Plate
from parking.plumbing.column_types import Json, PlateText, UtcDateTime
from parking.plumbing.db import UnitOfWork, metadata
from parking.plumbing.insert_once import upsert
from parking.plumbing.marks import mark, told
from parking.plumbing.prepared import prepared

ROWS_MOST = 500
"""Rows in one change; a lane that is further behind asks again at once."""
EVERY_SITE = ""
LONGEST_KEY = 160
"""Signs; an EPC of 496 bits in hex, with its kind."""
_FOUND_BY_REF = frozenset({"list", "pass", "holder", "invitation", "inside", "used_code", "lot"})
"""Kinds that the server itself looks up by what they are about, as a lane does."""

access_list = sa.Table(
    "access_list",
    metadata,
    sa.Column("plate", PlateText, primary_key=True),
    sa.Column("listed_as", sa.String(8), nullable=False),
    sa.Column("note", sa.String(200), nullable=False),
    sa.Column("valid_from", UtcDateTime),
    sa.Column("valid_until", UtcDateTime),
    sa.Column("schedule_id", sa.String(64)),
    sa.Column("group_id", sa.String(64)),
)

copy_row = sa.Table(
    "copy_row",
    metadata,
    sa.Column("site", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("key", sa.String(LONGEST_KEY), primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False, unique=True),
    sa.Column("lane_id", sa.String(64)),
    sa.Column("data", Json),
)

copy_ref = sa.Table(
    "copy_ref",
    metadata,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("ref", sa.String(LONGEST_KEY + 16), primary_key=True),
    sa.Column("key", sa.String(LONGEST_KEY), primary_key=True),
    sa.Index("copy_ref_by_key", "kind", "key"),
)

copy_version = sa.Table(
    "copy_version",
    metadata,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)
_FOUND = prepared(
    sa.select(copy_row.c.key, copy_row.c.version, copy_row.c.data)
    # what is found by ref is the same at every site, and with the site named the rows are looked up by their key, not all read through
    .where(copy_row.c.site == EVERY_SITE, copy_row.c.kind == sa.bindparam("kind"), copy_row.c.data.is_not(None))
    .where(
        copy_row.c.key.in_(
            sa.select(copy_ref.c.key).where(
                copy_ref.c.kind == sa.bindparam("kind"), copy_ref.c.ref.in_(sa.bindparam("refs", expanding=True))
            )
        )
    )
    .order_by(copy_row.c.key)
)
_OF_KIND = prepared(
    sa.select(copy_row.c.kind, copy_row.c.key, copy_row.c.version, copy_row.c.data)
    .where(copy_row.c.site == EVERY_SITE, copy_row.c.kind == sa.bindparam("kind"), copy_row.c.data.is_not(None))
    .order_by(copy_row.c.key)
)
_COUNT = prepared(
    sa.select(sa.func.count()).where(copy_ref.c.kind == sa.bindparam("kind"), copy_ref.c.ref == sa.bindparam("ref"))
)
_SINCE = prepared(
    sa.select(copy_row.c.kind, copy_row.c.key, copy_row.c.version, copy_row.c.data)
    # wrapped, so that no engine looks the site up and sorts all it ever had: a poll costs what has changed, not the table
    .where(
        copy_row.c.version > sa.bindparam("after"),
        sa.func.coalesce(copy_row.c.site, EVERY_SITE).in_((sa.bindparam("site"), EVERY_SITE)),
    )
    .order_by(copy_row.c.version)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_UNINDEX = prepared(
    copy_ref.delete().where(copy_ref.c.kind == sa.bindparam("of_kind"), copy_ref.c.key == sa.bindparam("of_key"))
)
_INDEX = prepared(copy_ref.insert())
_LISTED = prepared(sa.select(access_list).where(access_list.c.plate == sa.bindparam("plate")))


def put_row(uow: UnitOfWork, kind: str, key: str, data: Mapping[str, Any] | None, *, site: str = EVERY_SITE) -> int:
    """Put a row into the lanes' copies, or take it out (None); returns its version. Data that no lane understands raises ParkingError."""
    return _put(uow, kind, key, data, parse_fact(CopyRow(kind, key, 0, data)), site)


def _put(
    uow: UnitOfWork, kind: str, key: str, data: Mapping[str, Any] | None, fact: Fact | None, site: str = EVERY_SITE
) -> int:
    version = _next_version(uow.connection)
    lane_id = data.get("lane_id") if data is not None else None
    values = {"site": site, "kind": kind, "key": key, "version": version, "lane_id": lane_id, "data": data}
    upsert(uow.connection, copy_row, values)
    if kind in _FOUND_BY_REF:
        _index(uow.connection, kind, key, fact)
    return version


def put_fact(uow: UnitOfWork, fact: Fact) -> int:
    """Put a fact into the lanes' copies; returns its version."""
    return _put(uow, *data_of(fact), fact)


def _index(conn: Connection, kind: str, key: str, fact: Fact | None) -> None:
    conn.execute(_UNINDEX, {"of_kind": kind, "of_key": key})
    refs = sorted(set(refs_of(fact))) if fact is not None else []
    if refs:
        conn.execute(_INDEX, [{"kind": kind, "ref": ref, "key": key} for ref in refs])


class ServersCopy(Queries):
    """What the lanes know, asked of the server's own tables by the very questions that a lane asks."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def find(self, kind: str, *refs: str) -> list[Fact]:
        rows = self._conn.execute(_FOUND, {"kind": kind, "refs": refs})
        facts = (parse_fact(CopyRow(kind, row.key, row.version, row.data)) for row in rows)
        return [fact for fact in facts if fact is not None]

    def count(self, kind: str, ref: str) -> int:
        return int(self._conn.execute(_COUNT, {"kind": kind, "ref": ref}).scalar_one())


def rows_since(conn: Connection, site: str, version: int, *, limit: int = ROWS_MOST) -> Sequence[CopyRow]:
    """The rows that changed after `version`, oldest change first, at most `limit` of them."""
    rows = conn.execute(_SINCE, {"after": version, "site": site, "most": limit})
    return [CopyRow(row.kind, row.key, row.version, row.data) for row in rows]


def rows_of(conn: Connection, kind: str) -> Sequence[CopyRow]:
    """The rows of one kind that are in the copies now, in the order of their keys."""
    rows = conn.execute(_OF_KIND, {"kind": kind})
    return [CopyRow(row.kind, row.key, row.version, row.data) for row in rows]


def drop_commands(uow: UnitOfWork, lane_id: str, only: CommandAction | None = None) -> None:
    """Take every order to this lane out of the copies but the emergency's, or those of one kind; lanes remember what they carried out."""
    pending = sa.select(copy_row.c.key, copy_row.c.data).where(
        copy_row.c.site == EVERY_SITE,  # so that orders are looked up by their key, and the copy is not read through
        copy_row.c.kind == "command",
        copy_row.c.lane_id == lane_id,
        copy_row.c.data.is_not(None),
    )
    for row in uow.connection.execute(pending).all():
        if row.data["action"] == only if only else row.data["action"] != CommandAction.EMERGENCY:
            put_row(uow, "command", row.key, None)


def listed(conn: Connection, plate: Plate) -> ListRow | None:
    """The list entry of a plate."""
    row = conn.execute(_LISTED, {"plate": plate}).one_or_none()
    return None if row is None else _entry(row)


def all_listed(
    conn: Connection, *, after: str = "", passed: int = 0, limit: int, listed_as: ListedAs | None = None
) -> Sequence[ListRow]:
    """At most `limit` entries in the order of their plates: those after the plate text `after`, or after `passed` others."""
    query = sa.select(access_list).order_by(access_list.c.plate).limit(limit).offset(passed)
    if after:
        query = query.where(access_list.c.plate > Plate(after))
    if listed_as is not None:
        query = query.where(access_list.c.listed_as == listed_as.value)
    return [_entry(row) for row in conn.execute(query)]


def listed_where(conn: Connection, condition: sa.ColumnElement[bool], limit: int) -> Sequence[ListRow]:
    """The first entries of which something holds."""
    query = sa.select(access_list).where(condition).order_by(access_list.c.plate).limit(limit)
    return [_entry(row) for row in conn.execute(query)]


def save(conn: Connection, entry: ListRow) -> None:
    """Write an entry over whatever the plate had."""
    values = {
        "plate": entry.plate,
        "listed_as": entry.listed_as.value,
        "note": entry.note,
        "valid_from": entry.valid_from,
        "valid_until": entry.valid_until,
        "schedule_id": entry.schedule_id,
        "group_id": entry.group_id,
    }
    upsert(conn, access_list, values)


def remove(conn: Connection, plate: Plate) -> bool:
    """Take a plate off its list; False when it was on none."""
    return conn.execute(access_list.delete().where(access_list.c.plate == plate)).rowcount == 1


def _entry(row: sa.Row[Any]) -> ListRow:
    listed_as = ListedAs(row.listed_as)
    return ListRow(row.plate, listed_as, row.note, row.valid_from, row.valid_until, row.schedule_id, row.group_id)


def _next_version(conn: Connection) -> int:
    # One row that every writer locks until it commits: versions become visible in their own order.
    return int(conn.execute(_next(conn.dialect.name)).scalar_one())


@cache
def _next(dialect: str) -> Any:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(copy_version).values(one=1, version=1)
    following = statement.on_conflict_do_update(
        index_elements=[copy_version.c.one], set_={"version": copy_version.c.version + 1}
    )
    return prepared(following.returning(copy_version.c.version))


def marks(stay_id: sa.ColumnElement[Any], plate: sa.ColumnElement[Any]) -> list[sa.Label[str]]:
    """What `service.parks_free` rests on, as columns of a query about stays: the plate's list entry, the right that it came in by."""
    entry, row = access_list.c, copy_row.c
    right = sa.type_coerce(row.data, sa.JSON)["right"].as_string()
    mine = (
        row.site == EVERY_SITE,
        row.kind == "inside",
        row.key == stay_id,
    )  # a row of who is inside is keyed by its stay
    return [
        mark("listed", told(entry.listed_as, entry.valid_from, entry.valid_until), entry.plate == plate),
        mark("right", right, *mine, right.is_not(None)),
    ]
