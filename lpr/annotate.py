"""What was read, written onto the picture: corners, plate, confidence. Chinese signs are those that we draw on plates ourselves.

OpenCV's letters know no Chinese, and no font is needed: every sign that a plate can bear is one of our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from lpr.drawing.plates import SIGNS
from lpr.drawing.strokes import sign_mask
from lpr.frame import Corners, Image
from lpr.model import PassageReading, PlateRead
from parking.kernel.errors import invalid

Colour = tuple[int, int, int]
"""Blue, green, red."""

WHITE, BLACK = (255, 255, 255), (24, 24, 24)
_FRAME, _START = (60, 220, 60), (40, 40, 240)  # the plate's outline, and its first corner
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_CELL_MM = (45.0, 90.0)
_GAP = 0.12  # of the height, between two signs
_LEAST_TEXT_PX = 18


def annotated(image: Image, reads: Sequence[PlateRead | PassageReading]) -> Image:
    """A copy of the picture (H x W x 3, BGR) with every read's corners, plate and confidence on it; a passage's on its best picture."""
    picture = image.copy()
    height = max(_LEAST_TEXT_PX, min(image.shape[:2]) // 28)
    line = max(1, height // 10)
    for read in reads:
        corners = _corners(read)
        if corners is None or read.plate is None:
            continue
        outline = np.round(corners).astype(np.int32)
        cv2.polylines(picture, [outline], True, _FRAME, line, cv2.LINE_AA)
        cv2.circle(picture, (int(outline[0, 0]), int(outline[0, 1])), 2 * line, _START, -1, cv2.LINE_AA)
        text = f"{read.plate.text} {read.confidence:.2f}"
        width = text_width(text, height) + height // 2
        left = int(np.clip(outline[:, 0].min(), 0, max(0, picture.shape[1] - width)))
        above = int(outline[:, 1].min()) - height - height // 2
        top = above if above >= 0 else min(int(outline[:, 1].max()) + height // 4, picture.shape[0] - 1)
        cv2.rectangle(picture, (left, top), (left + width, top + height + height // 4), BLACK, -1)
        write(picture, text, (left + height // 4, top + height // 8), height, WHITE)
    return picture


def write(picture: Image, text: str, at: tuple[int, int], height: int, colour: Colour) -> int:
    """Write one line with its top left at `at` (x, y), `height` pixels high, cut off at the edges; the x where it ends."""
    x, y = at
    for sign in text:
        advance = _advance(sign, height)
        if sign.isascii():
            cv2.putText(picture, sign, (x, y + round(0.85 * height)), _FONT, height / 30, colour, 1, cv2.LINE_AA)
        elif sign in SIGNS:
            _stamp(picture, sign, (x, y), height, colour)
        else:  # a sign that no plate bears: a box says that something stands there
            cv2.rectangle(picture, (x, y), (x + _wide(height), y + height), colour, 1)
        x += advance
    return x


def text_width(text: str, height: int) -> int:
    """How wide a line of this height is, in pixels."""
    return sum(_advance(sign, height) for sign in text)


def save(picture: Image, folder: Path, name: str) -> Path:
    """Write a picture as JPEG into a folder, which is made where it is missing; never over a file that is there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise invalid("annotate.folder", f"cannot be made ({error.strerror})", field=str(folder)) from None
    path = folder / f"{name}.jpg"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.jpg"
    good, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    try:
        if not good:
            raise OSError(0, "the picture cannot be packed")
        path.write_bytes(packed.tobytes())
    except OSError as error:
        raise invalid("annotate.file", f"cannot be written ({error.strerror})", field=str(path)) from None
    return path


def _corners(read: PlateRead | PassageReading) -> Corners | None:
    if isinstance(read, PlateRead):
        return read.corners
    return read.evidence.corners if read.evidence is not None else None


def _advance(sign: str, height: int) -> int:
    if sign == " ":
        return height // 3
    if sign.isascii():
        return int(cv2.getTextSize(sign, _FONT, height / 30, 1)[0][0])
    return _wide(height) + round(height * _GAP)


def _wide(height: int) -> int:
    """Our signs are twice as high as wide; beside letters of a screen they are easier to read a little wider."""
    return max(1, round(0.75 * height))


def _stamp(picture: Image, sign: str, at: tuple[int, int], height: int, colour: Colour) -> None:
    x, y = at
    mask = sign_mask(SIGNS[sign], *_CELL_MM, (_wide(height), height))
    top, left = max(0, -y), max(0, -x)
    ground = picture[max(0, y) : y + height, max(0, x) : x + mask.shape[1]]
    cut = mask[top : top + ground.shape[0], left : left + ground.shape[1]]
    ground = ground[: cut.shape[0], : cut.shape[1]]
    if ground.size:
        share = (cut.astype(np.float32) / 255)[..., None]
        ground[:] = (ground * (1 - share) + np.array(colour, np.float32) * share + 0.5).astype(np.uint8)
