"""Passes as a CSV file: all of it is taken or none, and every complaint names its row and its column, never what stands there."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError
from sqlalchemy import Connection

from parking.access import keeping, rights_store
from parking.access.rows import PassRow
from parking.access.schemas import PassIn
from parking.kernel.codec import to_plain
from parking.kernel.errors import ParkingError
from parking.plumbing.db import UnitOfWork
from parking.web.schemas import Strict

COLUMNS = (
    "pass_id",
    "holder_id",
    "plates",
    "bays",
    "valid_from",
    "valid_until",
    "lots",
    "schedule_id",
    "group_id",
    "second_car",
    "outside_hours",
    "when_full",
)
MOST_ROWS = 2_000
MOST_COMPLAINTS = 100
_PAGE = 500
_MANY = ("plates", "lots")
_PASS_ID = "pass_id"  # noqa: S105 - a column, no password


class PassFileIn(Strict):
    """A CSV file with a heading; several plates or lots are parted by spaces."""

    csv: str = Field(min_length=1, max_length=900_000)


class Refused(Exception):
    """What is wrong, row by row; nothing of the file was taken."""

    def __init__(self, errors: list[Mapping[str, str]]) -> None:
        self.errors = errors[:MOST_COMPLAINTS]
        self.summary = f"{len(errors)} things are wrong with this file; nothing of it was taken"
        super().__init__(self.summary)


def take(uow: UnitOfWork, text: str) -> int:
    """Save every pass of a file; how many. Raises Refused, so that the transaction is undone, when anything is wrong."""
    errors: list[Mapping[str, str]] = []
    passes = _read(text, errors)
    if not errors:
        for row, held in passes:
            try:
                keeping.save_pass(uow, held)
            except ParkingError as error:
                errors.append(_complaint(row, error.field or "", error.code, error.message))
    if errors:
        raise Refused(errors)
    return len(passes)


def write(conn: Connection) -> str:
    """All passes as a file that `take` takes; plates in clear."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    after = ""
    while True:
        page = rights_store.passes(conn, after, _PAGE)
        writer.writerows(_line(keeping.as_pass(pass_id, data)) for pass_id, data in page)
        if len(page) < _PAGE:
            return out.getvalue()
        after = page[-1][0]


def _line(held: PassRow) -> dict[str, str]:
    line = {}
    for column in COLUMNS:
        value = getattr(held, column)
        if column in _MANY:
            value = " ".join(to_plain(item) for item in value)
        line[column] = (
            "" if value is None else str(to_plain(value)).lower() if isinstance(value, bool) else str(to_plain(value))
        )
    return line


def _read(text: str, errors: list[Mapping[str, str]]) -> list[tuple[int, PassRow]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    passes: list[tuple[int, PassRow]] = []
    seen: set[str] = set()
    number = 0
    try:
        heading = tuple(reader.fieldnames or ())
        unknown = [name for name in heading if name not in COLUMNS]
        missing = [name for name in (_PASS_ID, "holder_id", "plates") if name not in heading]
        if unknown or missing or len(set(heading)) != len(heading):
            errors.append(_complaint(1, "", "passes.heading", f"the heading should be of {', '.join(COLUMNS)}"))
            return []
        for number, line in enumerate(reader, start=2):
            if number > MOST_ROWS + 1:
                errors.append(_complaint(number, "", "passes.long", f"a file has at most {MOST_ROWS} passes"))
                break
            held = _pass(number, line, errors)
            if held is not None and held.pass_id in seen:
                errors.append(_complaint(number, _PASS_ID, "passes.twice", "should stand in the file once"))
            elif held is not None:
                seen.add(held.pass_id)
                passes.append((number, held))
    except csv.Error:
        errors.append(_complaint(number + 1 if number else 2, "", "passes.torn", "should be CSV (RFC 4180)"))
    return passes


def _pass(number: int, line: Mapping[Any, Any], errors: list[Mapping[str, str]]) -> PassRow | None:
    if None in line or None in line.values():
        errors.append(_complaint(number, "", "passes.columns", "should have as many columns as the heading"))
        return None
    values: dict[str, Any] = {}
    for column, raw in line.items():
        cell = raw.strip()
        if column in _MANY:
            values[column] = cell.split()
        elif cell:
            values[column] = _typed(column, cell)
    pass_id = str(values.pop(_PASS_ID, ""))
    try:
        _PassId(id=pass_id)
        return PassIn.model_validate(values).row(pass_id)
    except ValidationError as error:
        for wrong in error.errors():
            where = ".".join(str(part) for part in wrong["loc"])
            column = _PASS_ID if where == "id" else where
            errors.append(_complaint(number, column, str(wrong["type"]), str(wrong["msg"])))
    except ParkingError as error:
        errors.append(_complaint(number, "plates", error.code, error.message))
    return None


class _PassId(Strict):
    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")


def _typed(column: str, cell: str) -> Any:
    if column == "bays" and cell.isascii() and cell.isdigit() and len(cell) < 8:
        return int(cell)
    if column == "when_full" and cell.lower() in ("true", "false"):
        return cell.lower() == "true"
    return cell


def _complaint(row: int, column: str, code: str, detail: str) -> Mapping[str, str]:
    return {"field": f"row {row}" + (f", {column}" if column else ""), "code": code, "detail": detail}
