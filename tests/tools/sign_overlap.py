"""How far our own signs overlap the standard's: `python -m tests.tools.sign_overlap` prints a table, sign by sign.

Our strokes are fitted to the pictures (PLATE_DATA/ga36_glyphs) and measured against them; none of them enters training or product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lpr.drawing.layouts import SignSet
from lpr.drawing.province_signs import PROVINCES
from lpr.drawing.signs import SIGN_SETS
from lpr.drawing.strokes import Sign, draw_strokes
from tests.builders.lpr import real_pictures

_PX_PER_MM = 4
_DIGITS = "0123456789"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_PROVINCES = "".join(PROVINCES)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Some signs of one set, their cell in mm, and how the names of their pictures begin."""

    name: str
    signs: SignSet
    characters: str
    cell: tuple[float, float]
    pictures: str


COMPARISONS = (
    Comparison("digits and letters", SignSet.ORDINARY, _DIGITS + _LETTERS, (45, 90), "140"),
    Comparison("provinces", SignSet.ORDINARY, _PROVINCES, (45, 90), "140"),
    Comparison("special signs", SignSet.ORDINARY, "警学挂港澳使领", (45, 90), "140"),
    Comparison("new-energy digits and letters", SignSet.GREEN, _DIGITS + _LETTERS, (43, 90), "green"),
    Comparison("new-energy provinces", SignSet.GREEN, _PROVINCES, (45, 90), "green"),
    Comparison("upper row letters", SignSet.UPPER, _LETTERS, (80, 60), "220_up"),
    Comparison("upper row provinces", SignSet.UPPER, _PROVINCES, (80, 60), "220"),
    Comparison("lower row digits", SignSet.LOWER, _DIGITS, (65, 110), "220"),
    Comparison("lower row letters", SignSet.LOWER, _LETTERS, (65, 110), "220_down"),
    Comparison("lower row trailer sign", SignSet.LOWER, "挂", (65, 110), "220"),
)


def ink(sign: Sign, cell: tuple[float, float] | None = None) -> NDArray[np.bool_]:
    """Where the sign has paint on a cell (width and height in mm; its own unless given), four points a millimetre."""
    width, height = cell or sign.cell
    return np.asarray(draw_strokes(sign, width_mm=width, height_mm=height, px_per_mm=_PX_PER_MM) > 127)


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """What both cover over what either covers."""
    return float((one & other).sum() / (one | other).sum())


def measured(comparison: Comparison, folder: Path) -> dict[str, float]:
    """The overlap of each sign with the standard's picture of it, both filling the cell."""
    found = {}
    for character in comparison.characters:
        ours = ink(SIGN_SETS[comparison.signs][character], comparison.cell)
        file = folder / f"{comparison.pictures}_{character}.jpg"
        true = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_GRAYSCALE)
        if true is None:
            raise ValueError(f"{file.name} is no picture")
        size = (ours.shape[1], ours.shape[0])
        found[character] = overlap(ours, np.asarray(cv2.resize(true, size, interpolation=cv2.INTER_AREA) < 128))
    return found


def table(rows: Mapping[str, Mapping[str, float]]) -> str:
    """A line per set (mean, least), and its signs from the least to the best."""
    lines = []
    for name, signs in rows.items():
        values = list(signs.values())
        lines.append(f"{name:<30} n={len(values):<3} mean {np.mean(values):.3f}  least {min(values):.3f}")
        ordered = sorted(signs.items(), key=lambda item: item[1])
        for start in range(0, len(ordered), 12):
            lines.append("    " + "  ".join(f"{sign} {value:.3f}" for sign, value in ordered[start : start + 12]))
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    try:
        folder = real_pictures("ga36_glyphs")
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:
        raise SystemExit(str(missing)) from None
    print(table({one.name: measured(one, folder) for one in COMPARISONS}))


if __name__ == "__main__":
    main()
