"""The same fact is written once: an insert that a unique key turns away is no error, and the caller learns which it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from parking.plumbing.prepared import prepared


def insert_once(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> bool:
    """Insert one row; False when a row with the same primary or unique key is there already."""
    return connection.execute(_one(table, connection.dialect.name), dict(values)).rowcount == 1


def insert_all_once(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows in their order, leaving out those whose primary or unique key is there already."""
    if rows:
        connection.execute(_many(table, connection.dialect.name), [dict(row) for row in rows])


def upsert(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> None:
    """Write a row; where its key is there already, write these values over what it had."""
    connection.execute(_upsert(connection.dialect.name, table, tuple(values)), dict(values))


@cache
def _upsert(dialect: str, table: sa.Table, names: tuple[str, ...]) -> Any:
    """Built once: building a statement takes ten times as long as running it."""
    statement = _insert(dialect, table)
    changed = {name: statement.excluded[name] for name in names if name not in table.primary_key.columns}
    return prepared(statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed))


def _insert(dialect: str, table: sa.Table) -> Any:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def _many(table: sa.Table, dialect: str) -> Any:
    """The statement, built once: building one takes ten times as long as running it."""
    return prepared(_insert(dialect, table).on_conflict_do_nothing().inline())


@cache
def _one(table: sa.Table, dialect: str) -> Any:
    return prepared(_many(table, dialect).execution_options(preserve_rowcount=True))
