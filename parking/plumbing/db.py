"""The door to the database: one metadata for all rooms, works in and values out, the engine chosen by the URL."""

from __future__ import annotations

import sqlalchemy as sa

from parking.kernel.clock import Clock
from parking.kernel.errors import invalid
from parking.kernel.ids import Ids
from parking.plumbing.database import Database
from parking.plumbing.inline_database import InlineDatabase
from parking.plumbing.insert_once import insert_once
from parking.plumbing.postgres_database import PostgresDatabase
from parking.plumbing.sqlite_database import SqliteDatabase
from parking.plumbing.tables import BigSerial, metadata
from parking.plumbing.unit_of_work import UnitOfWork

__all__ = [
    "BigSerial",
    "Database",
    "InlineDatabase",
    "PostgresDatabase",
    "SqliteDatabase",
    "UnitOfWork",
    "insert_once",
    "metadata",
    "open_database",
]


def open_database(url: str, *, clock: Clock, ids: Ids, origin: str) -> Database:
    """The database behind `url`: `sqlite:///file`, `sqlite://` (memory, no threads) or `postgresql+psycopg://...`."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise invalid(
            "database.url", "should look like sqlite:///parking.db or postgresql+psycopg://user@host/name"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            return InlineDatabase(clock=clock, ids=ids, origin=origin)
        return SqliteDatabase(url, clock=clock, ids=ids, origin=origin)
    if parsed.drivername == "postgresql+psycopg":
        return PostgresDatabase(url, clock=clock, ids=ids, origin=origin)
    raise invalid("database.url", f"{parsed.drivername!r} is not known; known: sqlite, postgresql+psycopg")
