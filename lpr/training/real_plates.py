"""Real plates to look at while training, as the reader would get them; for the log and for choosing, never for learning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lpr import pictures, rectify
from lpr.labels import Label, load
from lpr.model import Region
from lpr.readers.plate_net import sized
from lpr.training.degrade import HEIGHT, WIDTH, Picture

_AROUND = 0.08  # of the height, as the pipeline widens boxes


@dataclass(frozen=True, slots=True, eq=False)
class RealPlates:
    """Pictures (N x 24 x 96 x 3, BGR uint8) and what they show."""

    pictures: NDArray[np.uint8]
    texts: tuple[str, ...]


def look_at(folder: Path) -> RealPlates:
    """Every labelled plate of a folder: whole pictures, or cut out by corners or box where the labels have them."""
    found: list[Picture] = []
    texts: list[str] = []
    for label in load(folder):
        found.append(sized(_cut(pictures.load(label.file), label), HEIGHT, WIDTH))
        texts.append(label.plate.text)
    return RealPlates(np.stack(found), tuple(texts))


def _cut(image: Picture, label: Label) -> Picture:
    if label.corners is not None:
        corners = rectify.order(label.corners)
    elif label.box is not None:
        x, y, width, height = label.box
        corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)
    else:
        return image
    return rectify.strip(image, Region(rectify.widen(corners, around=_AROUND), 1.0))
