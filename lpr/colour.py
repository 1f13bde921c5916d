"""The ground of a plate, from its pixels: hue where the ground is coloured, brightness where it is not, None where they disagree."""

from __future__ import annotations

import cv2
import numpy as np

from lpr.frame import Image
from lpr.model import PlateColour

# Hue in OpenCV's half degrees. Photographed grounds drift: blue towards cyan in the sun, new-energy green towards mint.
_HUES = ((PlateColour.YELLOW, 12, 34), (PlateColour.GREEN, 35, 92), (PlateColour.BLUE, 93, 135))
_COLOURED = 60  # of 255 saturation
_DARK, _BRIGHT = 70, 130  # of 255 brightness
_ENOUGH = 0.4  # of the pixels that are neither sign nor shadow


def colour_of(strip: Image) -> PlateColour | None:
    """The commonest ground colour of an upright plate, or None when no colour fills enough of it."""
    height, width = strip.shape[:2]
    inner = strip[height // 8 : height - height // 8, width // 16 : width - width // 16]
    hue, saturation, brightness = (np.asarray(plane) for plane in cv2.split(cv2.cvtColor(inner, cv2.COLOR_BGR2HSV)))
    coloured = (saturation >= _COLOURED) & (brightness >= 30)
    shares = {name: float(np.mean(coloured & (hue >= low) & (hue <= high))) for name, low, high in _HUES}
    best = max(shares, key=lambda name: shares[name])
    if shares[best] >= _ENOUGH:
        return best
    if float(np.mean(coloured)) < _ENOUGH / 2:
        dark, bright = float(np.mean(brightness < _DARK)), float(np.mean(brightness > _BRIGHT))
        if max(dark, bright) >= _ENOUGH:
            return PlateColour.BLACK if dark > bright else PlateColour.WHITE
    return None
