"""The failures of an evaluation to look at, worst first: each with its crop, its label, what was read, and what was wrong.

A page (HTML, pictures inside it) or one picture (PNG). A sheet shows real plates: it is written only where somebody asks for it.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np

from lpr import rectify
from lpr.annotate import BLACK, text_width, write
from lpr.confusion import NOTHING, aligned
from lpr.frame import Corners, Image, extent
from lpr.model import PlateRead, Region
from lpr.scoring import Outcome
from parking.kernel.errors import invalid

_WIDE = 240  # pixels of a crop
_TALLEST = 150
_ROUND = 0.6  # of the plate's width, shown on each side of it
_COLUMNS, _GAP, _LINE = 4, 10, 15
_GROUND, _HEAD = (246, 246, 244), (120, 60, 20)


class Group(StrEnum):
    """What kind of failure it is, in the order of the sheet."""

    BELIEVED = "believed and wrong"
    STRAY = "reported, but no plate is labelled there"
    NOT_FOUND = "not found"
    NOT_READ = "found, but not read"
    PROVINCE = "only the province is wrong"
    WRONG = "wrong, and not believed"
    COLOUR = "right number, wrong colour"


@dataclass(frozen=True, slots=True)
class Failure:
    """One of them; `crop` is a JPEG of the plate and its surroundings over the strip that was read."""

    group: Group
    file: str
    label: str
    read: str
    what: str
    margin: float | None
    confidence: float | None
    crop: bytes


def failure_of(
    outcome: Outcome, read: PlateRead | None, image: Image, region: Region | None = None
) -> tuple[Failure, ...]:
    """The failure in an outcome, if it is one; `region` is what the detector found there, shown where nothing was read."""
    group = _group(outcome)
    if group is None:
        return ()
    said = read.plate.text if read is not None else ""
    what = _difference(outcome.truth.text, said) if said and not outcome.exact else ""
    if group is Group.COLOUR and read is not None:
        what = f"{outcome.truth.colour} read as {read.colour or 'unknown'}"
    crop = _crop(image, _corners(outcome, read), Region(read.corners, 1.0) if read is not None else region)
    return (_failure(group, outcome.label.file, outcome.truth.text, said, what, read, crop),)


def stray(file: Path, read: PlateRead, image: Image) -> Failure:
    """A read with no labelled plate behind it."""
    return _failure(
        Group.STRAY, file, "", read.plate.text, "", read, _crop(image, read.corners, Region(read.corners, 1.0))
    )


def page(failures: Sequence[Failure], title: str) -> str:
    """The sheet as one HTML page that needs nothing else."""
    groups = [(group, [f for f in failures if f.group is group]) for group in Group]
    sections = [
        f"<h2>{group} <small>{len(members)}</small></h2><div class=sheet>{''.join(_figure(f) for f in members)}</div>"
        for group, members in groups
        if members
    ]
    return _PAGE.format(title=html.escape(title), body="".join(sections) or "<p>No failure.</p>")


def picture(failures: Sequence[Failure], title: str) -> Image:
    """The sheet as one picture (H x W x 3, BGR)."""
    width = _COLUMNS * (_WIDE + _GAP) + _GAP
    rows = [_heading(title, width, 24)]
    for group in Group:
        members = [f for f in failures if f.group is group]
        if members:
            rows.append(_heading(f"{group} ({len(members)})", width, 18))
        for start in range(0, len(members), _COLUMNS):
            rows.append(_row(members[start : start + _COLUMNS], width))
    return np.ascontiguousarray(np.vstack(rows), dtype=np.uint8)


def check(path: Path) -> None:
    """Raise ParkingError unless a sheet of this name can be written, before hours are spent on measuring."""
    if path.suffix.lower() not in (".html", ".htm", ".png"):
        raise invalid("sheet.kind", "should end in .html or .png", field=str(path))
    if not path.parent.is_dir():
        raise invalid("sheet.folder", "there is no such folder", field=str(path.parent))


def save(path: Path, failures: Sequence[Failure], title: str) -> None:
    """Write the sheet; its name says whether as a page or a picture."""
    check(path)
    if path.suffix.lower() == ".png":
        _, packed = cv2.imencode(".png", picture(failures, title))
        content = packed.tobytes()
    else:
        content = page(failures, title).encode()
    try:
        path.write_bytes(content)
    except OSError as error:
        raise invalid("sheet.file", f"cannot be written ({error.strerror})", field=str(path)) from None


def _group(outcome: Outcome) -> Group | None:
    if outcome.exact:
        return Group.COLOUR if outcome.colour_right is False else None
    if outcome.read is None:
        return Group.NOT_READ if outcome.detected else Group.NOT_FOUND
    if outcome.accepted:
        return Group.BELIEVED
    return Group.PROVINCE if outcome.without_province else Group.WRONG


def _difference(true: str, read: str) -> str:
    """Place by place what became of the true signs."""
    told, place = [], 0
    for was, seen in aligned(true, read):
        place += was != NOTHING
        if was != seen:
            told.append(f"{place}: {was or 'nothing'} > {seen or 'nothing'}")
    return ", ".join(told)


def _failure(
    group: Group, file: Path, label: str, said: str, what: str, read: PlateRead | None, crop: bytes
) -> Failure:
    margin = round(read.margin, 2) if read is not None else None
    return Failure(group, file.name, label, said, what, margin, round(read.confidence, 3) if read else None, crop)


def _corners(outcome: Outcome, read: PlateRead | None) -> Corners | None:
    if read is not None:
        return read.corners
    if outcome.label.box is None:
        return None
    x, y, width, height = outcome.label.box
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], dtype=np.float32)


def _crop(image: Image, corners: Corners | None, region: Region | None) -> bytes:
    parts = [_fitted(_surroundings(image, corners))]
    if region is not None:
        parts.append(_fitted(rectify.strip(image, region)))
    _, packed = cv2.imencode(".jpg", np.vstack(parts), [cv2.IMWRITE_JPEG_QUALITY, 85])
    return bytes(packed.tobytes())


def _surroundings(image: Image, corners: Corners | None) -> Image:
    """The piece of the picture round a plate; all of it where nobody knows the place."""
    if corners is None:
        return image
    height, width = image.shape[:2]
    reach = _ROUND * max(extent(corners)[0], 20.0)
    around = np.array([reach, reach / 2])
    left, top = np.maximum(np.floor(corners.min(axis=0) - around), 0).astype(int)
    right, bottom = np.ceil(corners.max(axis=0) + around).astype(int)
    piece = image[min(top, height - 1) : max(bottom, top + 1), min(left, width - 1) : max(right, left + 1)]
    return piece if piece.size else image


def _fitted(piece: Image) -> Image:
    """The piece on a ground `_WIDE` pixels wide, as large as it fits."""
    height, width = piece.shape[:2]
    scale = min(_WIDE / width, _TALLEST / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shown = cv2.resize(piece, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    ground = np.full((size[1], _WIDE, 3), 255, dtype=np.uint8)
    left = (_WIDE - size[0]) // 2
    ground[:, left : left + size[0]] = shown
    return ground


def _lines(failure: Failure) -> tuple[str, ...]:
    doubts = (
        f"margin {failure.margin:.1f}, confidence {failure.confidence:.2f}"
        if failure.margin is not None and failure.confidence is not None
        else "no read"
    )
    return (
        f"is   {failure.label}" if failure.label else "is   no labelled plate",
        f"read {failure.read or 'nothing'}",
        *((failure.what,) if failure.what else ()),
        doubts,
        failure.file,
    )


def _figure(failure: Failure) -> str:
    source = base64.b64encode(failure.crop).decode()
    told = "<br>".join(html.escape(line) for line in _lines(failure))
    alt = html.escape(failure.label or failure.read)
    return f'<figure><img src="data:image/jpeg;base64,{source}" alt="{alt}"><figcaption>{told}</figcaption></figure>'


def _heading(text: str, width: int, height: int) -> Image:
    bar = np.full((height + 2 * _GAP, width, 3), _GROUND, dtype=np.uint8)
    write(bar, text, (_GAP, _GAP), height, _HEAD)
    return bar


def _row(failures: Sequence[Failure], width: int) -> Image:
    crops = [np.asarray(cv2.imdecode(np.frombuffer(f.crop, np.uint8), cv2.IMREAD_COLOR), np.uint8) for f in failures]
    lines = [_lines(f) for f in failures]
    tallest = max(crop.shape[0] for crop in crops)
    height = tallest + max(len(told) for told in lines) * (_LINE + 4) + 2 * _GAP
    row = np.full((height, width, 3), _GROUND, dtype=np.uint8)
    for number, (crop, told) in enumerate(zip(crops, lines, strict=True)):
        left = _GAP + number * (_WIDE + _GAP)
        row[: crop.shape[0], left : left + _WIDE] = crop
        for line, text in enumerate(told):
            cell = row[:, left : left + _WIDE]
            size = _LINE if text_width(text, _LINE) <= _WIDE else 11
            write(cell, text, (0, tallest + 4 + line * (_LINE + 4)), size, BLACK)
    return row


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 14px/1.35 system-ui, sans-serif; margin: 1.5rem; color: #181818; background: #f4f6f6 }}
h2 small {{ color: #777; font-weight: normal }}
.sheet {{ display: flex; flex-wrap: wrap; gap: 12px }}
figure {{ margin: 0; width: 240px; background: #fff; box-shadow: 0 0 0 1px #ddd }}
figcaption {{ padding: 6px 8px; overflow-wrap: anywhere }}
img {{ display: block; width: 100% }}
</style>
<h1>{title}</h1>
{body}
</html>
"""
