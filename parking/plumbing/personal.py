"""Takes a plate out of stored JSON, whatever engine it lies on: rows stay, and their order; who it was goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import cache
from typing import Any

import sqlalchemy as sa

from parking.kernel.plate import Plate
from parking.plumbing.unit_of_work import UnitOfWork

_ABOUT = ("stay_id", "visit_id")
_WHO = frozenset({"plate", "votes", "credential"})
"""The fields of events that are personal data (`parking.kernel.events`)."""


def take_plate_out(uow: UnitOfWork, table: sa.Table, column: str, plate: Plate, *where: sa.ColumnElement[bool]) -> int:
    """Replace the plate by null in the JSON `column` of all rows `where`; returns how many held it."""
    held = spells(table.c[column], plate)
    return _change(uow, table, column, lambda data: _without(data, plate.text), held, *where)


def blank_about(
    uow: UnitOfWork,
    table: sa.Table,
    column: str,
    ids: Collection[str],
    *where: sa.ColumnElement[bool],
    inside: str = "",
) -> int:
    """Replace whatever says who it was by null in the JSON `column` of all rows `where` that are about these stays or visits.

    A car may have been read as another's: what is told of its stay goes, however it spells the plate. `inside`: the key under which the
    event's fields lie, where they do not lie at the top. Returns how many rows there were.
    """
    if not ids:
        return 0
    event = sa.type_coerce(table.c[column], sa.JSON)
    fields = [event[(inside, name)] if inside else event[name] for name in _ABOUT]
    mine = sa.or_(*(field.as_string().in_(ids) for field in fields))
    return _change(uow, table, column, _nameless, mine, *where)


def _change(
    uow: UnitOfWork, table: sa.Table, column: str, change: Callable[[Any], Any], *where: sa.ColumnElement[bool]
) -> int:
    keys = list(table.primary_key.columns)
    rows = uow.connection.execute(sa.select(*keys, table.c[column].label("held")).where(*where)).all()
    for row in rows:
        mine = (key == value for key, value in zip(keys, row, strict=False))
        uow.connection.execute(table.update().where(*mine).values({column: change(row.held)}))
    return len(rows)


def _nameless(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: None if name in _WHO else _nameless(value) for name, value in data.items()}
    return [_nameless(value) for value in data] if isinstance(data, list) else data


def spells(column: sa.ColumnElement[Any], plate: Plate) -> sa.ColumnElement[bool]:
    """Whether a JSON column holds this plate anywhere, in signs or in escapes."""
    spelled = sa.cast(column, sa.Text)
    return sa.or_(*(spelled.contains(text, autoescape=True) for text in sorted({plate.text, _in_ascii(plate.text)})))


def _in_ascii(text: str) -> str:
    """As JSON in ASCII spells it."""
    return "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in text)


def _without(data: Any, text: str) -> Any:
    if isinstance(data, dict):
        return {name: _without(value, text) for name, value in data.items()}
    if isinstance(data, list):  # a list of plates has no place for none
        return [_without(value, text) for value in data if not _says(value, text)]
    return None if _says(data, text) else data


def _says(data: Any, text: str) -> bool:
    return isinstance(data, str) and _named(text).search(data) is not None


@cache
def _named(text: str) -> re.Pattern[str]:
    """The plate itself, alone or among other spellings, and not as a part of a longer one."""
    return re.compile(rf"(?<![0-9A-Z]){re.escape(text)}(?![0-9A-Z])")
