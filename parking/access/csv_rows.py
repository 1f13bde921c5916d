"""Rights as CSV: all of a file is taken or none, and every complaint names its row and its column, never what stands there.

A cell that a spreadsheet would take for a formula gets a ' in front when it is written, and loses it when it is read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from parking.kernel.codec import to_plain
from parking.kernel.csv_cells import is_formula
from parking.kernel.errors import ParkingError
from parking.plumbing.db import UnitOfWork
from parking.web.schemas import Strict

T = TypeVar("T")
Complaint = Mapping[str, str]
Verdict = str
"""What a row does: `new`, `changed` or `same`."""
MOST_ROWS = 2_000
MOST_COMPLAINTS = 100


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of one kind of file; `needed` ones must stand in the heading, `many` hold several words parted by spaces."""

    name: str
    columns: tuple[str, ...]
    needed: tuple[str, ...]
    many: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class FileIn(Strict):
    """A CSV file with a heading; several plates or lots are parted by spaces. `check`: only say what it would do."""

    csv: str = Field(min_length=1, max_length=900_000)
    check: bool = False


class Taken(Strict):
    """What a file did, or would do: its rows, and how many of them are new, change something, or say what stands already."""

    imported: int
    new: int
    changed: int
    same: int

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Taken:
        found = list(verdicts)
        counts = {name: found.count(name) for name in ("new", "changed", "same")}
        return cls(imported=len(found), **counts)


class Refused(Exception):
    """What is wrong, row by row; nothing of the file was taken."""

    def __init__(self, errors: list[Complaint]) -> None:
        self.errors = errors[:MOST_COMPLAINTS]
        self.summary = f"{len(errors)} things are wrong with this file; nothing of it was taken"
        super().__init__(self.summary)


class OnlyChecked(Exception):
    """Raised at the end of a check, so that the transaction is undone."""

    def __init__(self, taken: Taken) -> None:
        self.taken = taken
        super().__init__("checked")


def take(
    uow: UnitOfWork,
    file: FileIn,
    shape: Shape,
    make: Callable[[dict[str, Any]], T],
    key: Callable[[T], object],
    save: Callable[[UnitOfWork, T], Verdict],
) -> Taken:
    """Save every row of a file (`make` builds a row's record of its typed cells, `key` must not come twice).

    Raises Refused when anything is wrong, and OnlyChecked when nothing is but the file was only to be checked.
    """
    errors: list[Complaint] = []
    rows = _read(file.csv, shape, make, key, errors)
    verdicts: list[Verdict] = []
    if not errors:
        for number, row in rows:
            try:
                verdicts.append(save(uow, row))
            except ParkingError as error:
                errors.append(_complaint(number, error.field or "", error.code, error.message))
    if errors:
        raise Refused(errors)
    taken = Taken.of(verdicts)
    if file.check:
        raise OnlyChecked(taken)
    return taken


def write(shape: Shape, rows: Iterable[Mapping[str, Any]]) -> str:
    """A file that `take` takes; plates in clear."""
    out = io.StringIO()
    writer = csv.DictWriter(out, shape.columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({column: _cell(row[column]) for column in shape.columns} for row in rows)
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, tuple | list):
        return " ".join(str(to_plain(item)) for item in value)
    plain = to_plain(value)
    text = "" if plain is None else str(plain).lower() if isinstance(plain, bool) else str(plain)
    return f"'{text}" if is_formula(text) or text.startswith("'") else text


def _read(
    text: str, shape: Shape, make: Callable[[dict[str, Any]], T], key: Callable[[T], object], errors: list[Complaint]
) -> list[tuple[int, T]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    rows: list[tuple[int, T]] = []
    seen: set[object] = set()
    number = 0
    try:
        heading = tuple(reader.fieldnames or ())
        unknown = [name for name in heading if name not in shape.columns]
        missing = [name for name in shape.needed if name not in heading]
        if unknown or missing or len(set(heading)) != len(heading):
            message = f"the heading should be of {', '.join(shape.columns)}; needed: {', '.join(shape.needed)}"
            errors.append(_complaint(1, "", f"{shape.name}.heading", message))
            return []
        for number, line in enumerate(reader, start=2):
            if number > MOST_ROWS + 1:
                errors.append(_complaint(number, "", f"{shape.name}.long", f"a file has at most {MOST_ROWS} rows"))
                break
            row = _record(number, line, shape, make, errors)
            if row is None:
                continue
            if key(row) in seen:
                errors.append(
                    _complaint(number, shape.needed[0], f"{shape.name}.twice", "should stand in the file once")
                )
            seen.add(key(row))
            rows.append((number, row))
    except csv.Error:
        errors.append(_complaint(number + 1 if number else 2, "", f"{shape.name}.torn", "should be CSV (RFC 4180)"))
    return rows


def _record(
    number: int, line: Mapping[Any, Any], shape: Shape, make: Callable[[dict[str, Any]], T], errors: list[Complaint]
) -> T | None:
    if None in line or None in line.values():
        message = "should have as many columns as the heading"
        errors.append(_complaint(number, "", f"{shape.name}.columns", message))
        return None
    values: dict[str, Any] = {}
    for column, raw in line.items():
        cell = raw.strip()
        cell = cell[1:] if cell.startswith("'") else cell
        if column in shape.many:
            values[column] = cell.split()
        elif cell:
            values[column] = _typed(shape, column, cell)
    try:
        return make(values)
    except ValidationError as error:
        for wrong in error.errors():
            where = ".".join(str(part) for part in wrong["loc"])
            errors.append(_complaint(number, where, str(wrong["type"]), str(wrong["msg"])))
    except ParkingError as error:
        errors.append(_complaint(number, error.field or "", error.code, error.message))
    return None


def _typed(shape: Shape, column: str, cell: str) -> Any:
    if column in shape.whole and cell.isascii() and cell.isdigit() and len(cell) < 8:
        return int(cell)
    if column in shape.flags and cell.lower() in ("true", "false"):
        return cell.lower() == "true"
    return cell


def _complaint(row: int, column: str, code: str, detail: str) -> Complaint:
    return {"field": f"row {row}" + (f", {column}" if column else ""), "code": code, "detail": detail}
