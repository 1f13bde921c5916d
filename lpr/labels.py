"""Labelled pictures: a folder with `labels.csv` (file, plate, and where known x, y, w, h, note, passage). A bad row stops the whole run.

A row without a box speaks of a plate somewhere in its picture; several rows may name one picture, and rows with the same word in
`passage` show one vehicle, in the order of time.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from lpr.frame import Corners
from lpr.model import PlateColour
from parking.kernel.errors import ParkingError, invalid
from parking.kernel.plate import Plate

FILE_NAME = "labels.csv"
_BOX = ("x", "y", "w", "h")
_Word = TypeVar("_Word")
_NUMBER = r"-?\d+(?:\.\d+)?"

_COLOURS = {
    PlateColour.BLUE: ("blue", "蓝牌"),
    PlateColour.YELLOW: ("yellow", "yellow_single", "yellow_double", "黄牌"),
    PlateColour.GREEN: ("green", "green_small", "green_large", "绿牌"),
    PlateColour.WHITE: ("white", "白牌"),
    PlateColour.BLACK: ("black", "黑牌"),
}
_COLOUR_OF = {word: colour for colour, words in _COLOURS.items() for word in words}
_LIGHT_OF = {"day": "day", "白天": "day", "night": "night", "夜": "night", "夜间": "night"}
_CLASSES = frozenset(
    (
        *("yellow_single", "yellow_double", "green_small", "green_large", "motorcycle", "coach", "trailer", "police"),
        *(
            "embassy",
            "consulate",
            "hk",
            "macau",
            "military",
            "armed_police",
            "emergency",
            "aviation",
            "tractor",
            "temporary",
        ),
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """One plate that a picture is known to show; `box` is left, top, width, height in pixels, `corners` 4 x 2 pixels (x, y), any order.

    `colour`, `light` (day or night) and `word` (a class such as motorcycle or yellow_double) are what the note says of them;
    `passage` names the vehicle's way through the lane. Empty where nothing is known.
    """

    file: Path
    plate: Plate
    box: tuple[float, float, float, float] | None
    corners: Corners | None = None
    colour: PlateColour | None = None
    light: str = ""
    word: str = ""
    passage: str = ""


def load(folder: Path) -> tuple[Label, ...]:
    """All labels of a folder in the order of the file; ParkingError names the file and the row that is wrong."""
    path = folder / FILE_NAME
    rows = csv.DictReader(_text(path).splitlines(), strict=True)
    labels: list[Label] = []
    lines: list[int] = []
    try:
        missing = [name for name in ("file", "plate") if name not in (rows.fieldnames or ())]
        if missing:
            raise _wrong(
                path, 1, f"the first row should name the columns file and plate; {' and '.join(missing)} missing"
            )
        for row in rows:
            labels.append(_label(folder, path, rows.line_num, row))
            lines.append(rows.line_num)
    except csv.Error as error:
        raise _wrong(path, rows.line_num, f"is not CSV ({error})") from None
    if not labels:
        raise _wrong(path, 2, "there is no label")
    _check_passages(path, labels, lines)
    return tuple(labels)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise invalid("labels.unreadable", f"cannot be read ({error.strerror})", field=str(path)) from None
    except UnicodeDecodeError:
        raise invalid("labels.unreadable", "is not UTF-8 text", field=str(path)) from None


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
    note = row.get("note") or ""
    words = [word.lower() for word in re.split(r"[\s,;]+", note) if word]
    return Label(
        file=file,
        plate=plate,
        box=_box(path, line, row),
        corners=_corners(note),
        colour=_first(_COLOUR_OF.get(word) for word in words),
        light=_first(_LIGHT_OF.get(word) for word in words) or "",
        word=_first(word if word in _CLASSES else None for word in words) or "",
        passage=(row.get("passage") or "").strip(),
    )


def _first(found: Iterable[_Word | None]) -> _Word | None:
    return next((value for value in found if value is not None), None)


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


def _corners(note: str) -> Corners | None:
    """The four points behind the word `corners` of a note, `1,2;3,4;5,6;7,8` or `1&2_3&4_5&6_7&8`; other remarks say nothing."""
    found = re.search(rf"corners[=:\s]*((?:{_NUMBER}[,;&_\s]*){{8}})", note)
    if found is None:
        return None
    return np.array(re.findall(_NUMBER, found[1])[:8], dtype=np.float32).reshape(4, 2)


def _check_passages(path: Path, labels: Sequence[Label], lines: Sequence[int]) -> None:
    """A passage is one vehicle: one plate, and each picture once."""
    first: dict[str, tuple[Plate, int]] = {}
    seen: set[tuple[str, Path]] = set()
    for label, line in zip(labels, lines, strict=True):
        if not label.passage:
            continue
        plate, at = first.setdefault(label.passage, (label.plate, line))
        if plate != label.plate:
            raise _wrong(path, line, f"passage: {label.passage!r} has another plate than in row {at}")
        if (label.passage, label.file) in seen:
            raise _wrong(path, line, f"passage: {label.passage!r} has this picture twice")
        seen.add((label.passage, label.file))


def _wrong(path: Path, line: int, why: str) -> ParkingError:
    return invalid("labels.malformed", why, field=f"{path}, row {line}")
