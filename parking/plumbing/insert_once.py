"""The same fact is written once: an insert that a unique key turns away is no error, and the caller learns which it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> bool:
    """Insert one row; False when a row with the same primary or unique key is there already."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table).on_conflict_do_nothing().inline().execution_options(preserve_rowcount=True)
    return connection.execute(statement, dict(values)).rowcount == 1


def insert_all_once(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows in their order, leaving out those whose primary or unique key is there already."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(make(table).on_conflict_do_nothing().inline(), [dict(row) for row in rows])
