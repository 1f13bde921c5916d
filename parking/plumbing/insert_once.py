"""The same fact is written once: an insert that a unique key turns away is no error, and the caller learns which it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> bool:
    """Insert one row; False when a row with the same primary or unique key is there already."""
    return connection.execute(_one(table, connection.dialect.name), dict(values)).rowcount == 1


def insert_all_once(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows in their order, leaving out those whose primary or unique key is there already."""
    connection.execute(_many(table, connection.dialect.name), [dict(row) for row in rows])


@cache
def _many(table: sa.Table, dialect: str) -> Any:
    """The statement, built once: building one takes ten times as long as running it."""
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table).on_conflict_do_nothing().inline()


@cache
def _one(table: sa.Table, dialect: str) -> Any:
    return _many(table, dialect).execution_options(preserve_rowcount=True)
