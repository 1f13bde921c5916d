"""Takes a plate out of stored JSON, whatever engine it lies on: rows stay, and their order; who it was goes."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import sqlalchemy as sa

from parking.kernel.plate import Plate
from parking.plumbing.unit_of_work import UnitOfWork


def take_plate_out(uow: UnitOfWork, table: sa.Table, column: str, plate: Plate, *where: sa.ColumnElement[bool]) -> int:
    """Replace the plate by null in the JSON `column` of all rows `where`; returns how many held it."""
    keys = list(table.primary_key.columns)
    rows = uow.connection.execute(
        sa.select(*keys, table.c[column].label("held")).where(spells(table.c[column], plate), *where)
    ).all()
    for row in rows:
        mine = (key == value for key, value in zip(keys, row, strict=False))
        change = {column: _without(row.held, plate.text)}
        uow.connection.execute(table.update().where(*mine).values(change))
    return len(rows)


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
    if isinstance(data, list):
        return [_without(value, text) for value in data]
    return None if isinstance(data, str) and _named(text).search(data) else data


@cache
def _named(text: str) -> re.Pattern[str]:
    """The plate itself, alone or among other spellings, and not as a part of a longer one."""
    return re.compile(rf"(?<![0-9A-Z]){re.escape(text)}(?![0-9A-Z])")
