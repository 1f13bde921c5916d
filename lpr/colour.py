"""The ground of a plate: from its pixels (hue where it is coloured, brightness where it is not), and from all opinions together.

No opinion is a fact: a blue plate in the evening sun is no blue plate to anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np

from lpr.frame import Image
from lpr.model import PlateColour

# Hue in OpenCV's half degrees. Photographed grounds drift: blue towards cyan in the sun, new-energy green towards mint.
_HUES = ((PlateColour.YELLOW, 12, 34), (PlateColour.GREEN, 35, 92), (PlateColour.BLUE, 93, 135))
_COLOURED = 60  # of 255 saturation
_DARK, _BRIGHT = 70, 130  # of 255 brightness
_DOUBT = 0.1  # of every opinion
_ENOUGH = 0.4  # of the pixels that are neither sign nor shadow


def colour_of(strip: Image) -> PlateColour | None:
    """The commonest ground colour of an upright plate, or None when no colour fills enough of it."""
    height, width = strip.shape[:2]
    inner = strip[height // 8 : height - height // 8, width // 16 : width - width // 16]
    seen = np.asarray(cv2.cvtColor(inner, cv2.COLOR_BGR2HSV), dtype=np.uint8)
    shares = {name: _share(seen, (low, _COLOURED, 30), (high, 255, 255)) for name, low, high in _HUES}
    best = max(shares, key=lambda name: shares[name])
    if shares[best] >= _ENOUGH:
        return best
    if _share(seen, (0, _COLOURED, 30), (255, 255, 255)) < _ENOUGH / 2:
        dark, bright = (
            _share(seen, (0, 0, 0), (255, 255, _DARK - 1)),
            _share(seen, (0, 0, _BRIGHT + 1), (255, 255, 255)),
        )
        if max(dark, bright) >= _ENOUGH:
            return PlateColour.BLACK if dark > bright else PlateColour.WHITE
    return None


def _share(seen: Image, low: Sequence[int], high: Sequence[int]) -> float:
    """How much of a picture (hue, saturation, brightness) lies between both, 0-1."""
    return cv2.countNonZero(cv2.inRange(seen, np.array(low), np.array(high))) * 3 / max(1, seen.size)


def agreed(opinions: Iterable[Mapping[PlateColour, float]]) -> dict[PlateColour, float]:
    """All opinions multiplied, the probability of each ground; empty where there is no opinion. None of them has a veto."""
    heard = list(opinions)
    if not heard:
        return {}
    products = dict.fromkeys(PlateColour, 1.0)
    for opinion in heard:
        unsaid = max(0.0, 1.0 - sum(opinion.values())) / len(products)
        for colour in products:
            products[colour] *= (1 - _DOUBT) * (opinion.get(colour, 0.0) + unsaid) + _DOUBT / len(products)
    total = sum(products.values())
    return {colour: product / total for colour, product in products.items()}


def opinion(colour: PlateColour | None, sure: float) -> dict[PlateColour, float]:
    """One colour as an opinion, or none at all."""
    return {} if colour is None else {colour: sure}
