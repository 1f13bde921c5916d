"""Labelled pictures: a folder with `labels.csv` (file, plate, and where known x, y, w, h, note). A bad row stops the whole run.

A row without a box speaks of a plate somewhere in its picture; several rows may name one picture.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from parking.kernel.errors import ParkingError, invalid
from parking.kernel.plate import Plate

FILE_NAME = "labels.csv"
_BOX = ("x", "y", "w", "h")


@dataclass(frozen=True, slots=True)
class Label:
    """One plate that a picture is known to show; `box` is left, top, width, height in pixels."""

    file: Path
    plate: Plate
    box: tuple[float, float, float, float] | None


def load(folder: Path) -> tuple[Label, ...]:
    """All labels of a folder in the order of the file; ParkingError names the file and the row that is wrong."""
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise invalid("labels.unreadable", f"cannot be read ({error.strerror})", field=str(path)) from None
    except UnicodeDecodeError:
        raise invalid("labels.unreadable", "is not UTF-8 text", field=str(path)) from None
    rows = csv.DictReader(text.splitlines(), strict=True)
    labels = []
    try:
        missing = [name for name in ("file", "plate") if name not in (rows.fieldnames or ())]
        if missing:
            raise _wrong(
                path, 1, f"the first row should name the columns file and plate; {' and '.join(missing)} missing"
            )
        for row in rows:
            labels.append(_label(folder, path, rows.line_num, row))
    except csv.Error as error:
        raise _wrong(path, rows.line_num, f"is not CSV ({error})") from None
    if not labels:
        raise _wrong(path, 2, "there is no label")
    return tuple(labels)


def _label(folder: Path, path: Path, line: int, row: dict[str, str | None]) -> Label:
    if None in row or None in (row[name] for name in ("file", "plate")):
        raise _wrong(path, line, "has more or fewer values than the first row has names")
    name, written = (row["file"] or "").strip(), row["plate"] or ""
    file = folder / name
    if not name or not file.is_file():
        raise _wrong(path, line, f"file: there is no picture {name!r}")
    if not file.resolve().is_relative_to(folder.resolve()):
        raise _wrong(path, line, "file: lies outside the folder")
    try:
        plate = Plate.parse(written)
    except ParkingError as error:
        raise _wrong(path, line, str(error)) from None
    return Label(file, plate, _box(path, line, row))


def _box(path: Path, line: int, row: dict[str, str | None]) -> tuple[float, float, float, float] | None:
    values = [(row.get(name) or "").strip() for name in _BOX]
    if not any(values):
        return None
    try:
        x, y, width, height = (float(value) for value in values)
    except ValueError:
        raise _wrong(path, line, "x, y, w, h should be four numbers, or all empty") from None
    if not (width > 0 and height > 0 and max(abs(x), abs(y), width, height) < 1e6):
        raise _wrong(path, line, "w and h should be pixels above zero")
    return x, y, width, height


def _wrong(path: Path, line: int, why: str) -> ParkingError:
    return invalid("labels.malformed", why, field=f"{path}, row {line}")
