"""A few columns of whatever rows a question finds, as one text: two texts that are the same say that nothing has changed.

Many such marks make a long statement: it is written out once for each engine, and run as text from then on.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from parking.plumbing.prepared import prepared


class _AllOf(FunctionElement[str]):
    """The texts of all rows, one behind the other; NULL of none."""

    type = sa.String()
    inherit_cache = True


@compiles(_AllOf)
def _string_agg(element: _AllOf, compiler: Any, **how: Any) -> str:
    return f"string_agg({compiler.process(element.clauses, **how)}, ';')"


@compiles(_AllOf, "sqlite")
def _group_concat(element: _AllOf, compiler: Any, **how: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **how)}, ';')"


def all_of(text: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The texts of all rows that a query finds."""
    return _AllOf(text)


def told(*columns: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """The columns of one row as a text; NULL is told from an empty text."""
    whole: sa.ColumnElement[str] = sa.literal("")
    for column in columns:
        whole = whole + sa.func.coalesce(sa.cast(column, sa.String), "-") + "|"
    return whole


def mark(name: str, text: sa.ColumnElement[str], *where: sa.ColumnElement[bool], of: Any = None) -> sa.Label[str]:
    """A column of an enclosing query: the texts of all rows `where`, NULL where there is none."""
    query = sa.select(_AllOf(text)).where(*where)
    return (query if of is None else query.select_from(of)).scalar_subquery().label(name)


class WrittenOut:
    """A query that is kept for good, with `parameter` in the place of its one `:parameter`; safe to share between threads."""

    def __init__(self, query: sa.Select[Any], parameter: str) -> None:
        self._query = query
        self._parameter = parameter
        self._texts: dict[str, sa.TextualSelect] = {}

    def one_or_none(self, conn: Connection, value: object) -> Row[Any] | None:
        """The one row that it finds."""
        text = self._texts.get(conn.dialect.name)
        if text is None:
            written = self._query.compile(dialect=conn.dialect, compile_kwargs={"literal_binds": True})
            columns = [sa.column(column.key or "", column.type) for column in self._query.selected_columns]
            text = self._texts[conn.dialect.name] = prepared(sa.text(str(written)).columns(*columns))
        return conn.execute(text, {self._parameter: value}).one_or_none()
