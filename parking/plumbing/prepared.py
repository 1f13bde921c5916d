"""Statements that every event runs are built and compiled once, and on SQLite go straight to the driver.

Building a statement takes ten times as long as running it, and SQLAlchemy's way to the driver several times as long. `prepared` marks a
statement; a `DirectConnection` runs marked ones by their compiled text, converting values by the same column types as ever. Every other
statement, and every other database, takes SQLAlchemy's own way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.engine import Dialect, Row
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import ReleaseSavepointClause, RollbackToSavepointClause, SavepointClause

Statement = TypeVar("Statement", bound=sa.Executable)
_Convert = Callable[[Any], Any] | None
_MISSING: Any = object()
_Place = tuple[str, int, Any, _Convert]
"""A value: the parameter's name, its number in a list (-1: it is in none), its value where it is fixed, its conversion."""


def prepared(statement: Statement) -> Statement:
    """Mark a statement that is kept for good and run with parameters; returns the very same one. A copy of it is not marked."""
    _PLANS.setdefault(statement, {})
    return statement


class Answer:
    """What a marked statement gives, all of it at once: rows as SQLAlchemy's, asked for by the same words, and how many were changed."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: list[Row[Any]], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Row[Any]]:
        return iter(self._rows)

    def all(self) -> list[Row[Any]]:
        return self._rows

    def first(self) -> Row[Any] | None:
        return self._rows[0] if self._rows else None

    def one_or_none(self) -> Row[Any] | None:
        if len(self._rows) > 1:
            raise sa.exc.MultipleResultsFound("several rows were found where one was asked for")
        return self._rows[0] if self._rows else None

    def one(self) -> Row[Any]:
        found = self.one_or_none()
        if found is None:
            raise sa.exc.NoResultFound("no row was found where one was asked for")
        return found

    def scalar_one_or_none(self) -> Any:
        found = self.one_or_none()
        return found[0] if found is not None else None

    def scalar_one(self) -> Any:
        return self.one()[0]

    def scalar(self) -> Any:
        return self._rows[0][0] if self._rows else None

    def scalars(self) -> list[Any]:
        return [row[0] for row in self._rows]

    def mappings(self) -> list[Any]:
        return [row._mapping for row in self._rows]


class _Plan:
    """One statement for one set of parameter names: its text, and what becomes of each value on the way in and out."""

    def __init__(self, statement: Any, names: tuple[str, ...], dialect: Dialect) -> None:
        keys = list(names) if isinstance(statement, UpdateBase) else None
        compiled = cast(SQLCompiler, statement.compile(dialect=dialect, column_keys=keys))
        self.text = compiled.string
        self._compiled = compiled
        self._dialect = dialect
        self._lists = sorted(bind.key for bind in compiled.bind_names if bind.expanding and bind.key in names)
        self._by_lengths: dict[tuple[int, ...], tuple[str, list[_Place]]] = {}
        self._expands = any(bind.expanding for bind in compiled.bind_names)
        inputs = [] if self._expands else _inputs(compiled, names, dialect)
        fixed = [(name, value, convert) for name, value, convert in inputs if value is not _MISSING]
        self._fixed = {n: v if convert is None or v is None else convert(v) for n, v, convert in fixed}
        self._pick = _picking([name for name, _, _ in inputs])
        self._converted = [
            (place, convert)
            for place, (name, _, convert) in enumerate(inputs)
            if convert is not None and name not in self._fixed
        ]
        self._metadata, self._outputs = _outputs(statement, dialect)
        self._index = self._metadata._key_to_index
        self.returns_rows = self._outputs is not None

    def text_and_values(self, given: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The statement and its values in order, as the driver takes them."""
        if self._expands:
            return self._expanded(given)
        values = self._pick({**self._fixed, **given} if self._fixed else given)
        for place, convert in self._converted:
            value = values[place]
            if value is not None:
                values[place] = convert(value)
        return self.text, values

    def rows(self, found: Sequence[tuple[Any, ...]]) -> list[Row[Any]]:
        """The driver's rows as SQLAlchemy's."""
        parent, outputs, index = self._metadata, self._outputs or None, self._index
        return [Row(parent, cast(Any, outputs), index, one) for one in found]

    def _expanded(self, given: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """Lists in IN: one text for each length that was ever asked for."""
        lengths = tuple([len(given[name]) for name in self._lists])
        known = self._by_lengths.get(lengths)
        if known is None:
            known = self._by_lengths[lengths] = self._expand(given)
        text, places = known
        return text, [
            value if convert is None or value is None else convert(value)
            for name, nth, fixed, convert in places
            for value in (fixed if fixed is not _MISSING else given[name] if nth < 0 else given[name][nth],)
        ]

    def _expand(self, given: Mapping[str, Any]) -> tuple[str, list[_Place]]:
        state = self._compiled.construct_expanded_state(dict(given))
        member = {one: (name, nth) for name, many in state.parameter_expansion.items() for nth, one in enumerate(many)}
        places: list[_Place] = []
        for place in state.positiontup or ():
            if place in member:
                name, nth = member[place]
                convert = cast(_Convert, state.processors.get(place))
            else:
                bind = self._compiled.binds[place]
                name, nth, convert = bind.key, -1, _converter(bind, self._dialect)
            fixed = _MISSING if name in given else state.parameters[place]
            places.append((name, nth, fixed, convert))
        return state.statement, places


def _picking(names: Sequence[str]) -> Callable[[Mapping[str, Any]], list[Any]]:
    """The values of these names, in this order."""
    if len(names) < 2:
        return lambda given: [given[name] for name in names]
    pick = itemgetter(*names)
    return lambda given: list(pick(given))


def _inputs(compiled: SQLCompiler, names: Collection[str], dialect: Dialect) -> list[tuple[str, Any, _Convert]]:
    """For each place in the text: the parameter's name, its value where the statement itself has it, and its conversion."""
    defaults = {column.key: column.default for column in (*compiled.insert_prefetch, *compiled.update_prefetch)}
    found: list[tuple[str, Any, _Convert]] = []
    for place in compiled.positiontup or ():
        bind = compiled.binds[place]
        fixed: Any = _MISSING
        if place in defaults:
            default = cast(Any, defaults[place])
            if default is None or not default.is_scalar:
                raise TypeError(f"{place} has a default that only SQLAlchemy's own way can work out")
            fixed = default.arg
        elif bind.key not in names and not bind.required:
            fixed = bind.effective_value
        found.append((bind.key, fixed, _converter(bind, dialect)))
    return found


def _converter(bind: sa.BindParameter[Any], dialect: Dialect) -> _Convert:
    return bind.type.dialect_impl(dialect).bind_processor(dialect)


def _outputs(statement: Any, dialect: Dialect) -> tuple[SimpleResultMetaData, list[_Convert] | None]:
    """The names of the columns, and their conversions: none at all where the statement gives no rows, empty where all come as they are."""
    columns = list(statement.exported_columns)
    converters = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    metadata = SimpleResultMetaData([str(column.key) for column in columns])
    return metadata, (converters if any(converters) else []) if columns else None


_PLANS: dict[Any, dict[tuple[str, ...], _Plan]] = {}
_SAVEPOINTS: dict[type, str] = {
    SavepointClause: "SAVEPOINT",
    RollbackToSavepointClause: "ROLLBACK TO SAVEPOINT",
    ReleaseSavepointClause: "RELEASE SAVEPOINT",
}


def direct(engine: sa.Engine) -> sa.Engine:
    """Have every connection of an engine be a direct one."""
    engine._connection_cls = DirectConnection
    return engine


@contextmanager
def attempt(connection: sa.Connection) -> Iterator[None]:
    """A part of a transaction that is undone by itself when it raises; SQLite needs no bookkeeping for it."""
    if not isinstance(connection, DirectConnection):
        with connection.begin_nested():
            yield
        return
    if not connection.in_transaction():
        connection.begin()
    connection.run("SAVEPOINT attempt")
    try:
        yield
    except BaseException as error:
        connection.undone = True
        try:
            connection.run("ROLLBACK TO attempt")
            connection.run("RELEASE attempt")
        except sa.exc.DBAPIError:
            raise error from None  # the whole transaction is gone
        raise
    connection.run("RELEASE attempt")


def undone_within(connection: sa.Connection) -> bool:
    """Whether a part of the transaction may have been undone, and what was published there with it."""
    return not isinstance(connection, DirectConnection) or connection.undone


class DirectConnection(sa.Connection):
    """A connection to SQLite that runs marked statements by their compiled text, and savepoints by name."""

    _direct: sqlite3.Connection | None = None
    undone = False
    """Whether a part of the transaction was undone by itself; whoever begins one says that nothing was yet."""

    def execute(self, statement: Any, parameters: Any = None, *, execution_options: Any = None) -> Any:
        """As SQLAlchemy's; errors are the same, and carry no values."""
        plans = _PLANS.get(statement)
        if plans is None:
            if type(statement) in _SAVEPOINTS:
                self.undone |= type(statement) is RollbackToSavepointClause
                return self._run(f"{_SAVEPOINTS[type(statement)]} {statement.ident}", ())
            return super().execute(statement, parameters, execution_options=execution_options)
        if (
            self._has_events or self.engine._has_events
        ) and self.dispatch.before_cursor_execute:  # somebody wants to hear of every statement
            return super().execute(statement, parameters, execution_options=execution_options)
        if not self.in_transaction():
            self.begin()
        if isinstance(parameters, list):
            plan = self._plan(statement, plans, tuple(parameters[0]))
            all_values = [self._values(plan, row)[1] for row in parameters]
            return Answer([], self._run(plan.text, all_values, many=True).rowcount)
        given = parameters or {}
        plan = self._plan(statement, plans, tuple(given))
        text, values = self._values(plan, given)
        cursor = self._run(text, values)
        return Answer(plan.rows(cursor.fetchall()) if plan.returns_rows else [], cursor.rowcount)

    def _values(self, plan: _Plan, given: Mapping[str, Any]) -> tuple[str, list[Any]]:
        try:
            return plan.text_and_values(given)
        except (TypeError, ValueError, KeyError) as error:  # a value that its column refuses, or one that is missing
            raise sa.exc.StatementError(str(error), plan.text, None, error, hide_parameters=True) from error

    def _plan(self, statement: Any, plans: dict[tuple[str, ...], _Plan], names: tuple[str, ...]) -> _Plan:
        plan = plans.get(names)
        if plan is None:
            plan = plans[names] = _Plan(statement, names, self.dialect)
        return plan

    def run(self, text: str) -> None:
        """Have the driver do this very text."""
        self._run(text, ())

    def scalar(self, statement: Any, parameters: Any = None, *, execution_options: Any = None) -> Any:
        """The first column of the first row."""
        return self.execute(statement, parameters, execution_options=execution_options).scalar()

    def scalars(self, statement: Any, parameters: Any = None, *, execution_options: Any = None) -> Any:
        """The first column of every row."""
        return self.execute(statement, parameters, execution_options=execution_options).scalars()

    def _run(self, text: str, values: Sequence[Any], *, many: bool = False) -> sqlite3.Cursor:
        driver = self._direct
        if driver is None:
            driver = self._direct = cast(sqlite3.Connection, self.connection.dbapi_connection)
        try:
            return driver.executemany(text, values) if many else driver.execute(text, values)
        except sqlite3.Error as error:
            raise cast(
                sa.exc.DBAPIError,
                sa.exc.DBAPIError.instance(
                    text, None, error, sqlite3.Error, hide_parameters=True, dialect=self.dialect
                ),
            ) from error
