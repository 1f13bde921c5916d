"""From light to a file: bloom round lamps, exposure, the sensor's noise, the camera's own sharpening and compression.

Takes BGR float32 linear in light, gives BGR uint8 as a decoder hands it over.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from lpr.drawing.lighting import Light
from lpr.drawing.meshes import Floats, floats
from lpr.drawing.painting import Picture, thrice

_NOISE_SLACK_PX = 128
_AIMS = {Light.DAY: 0.23, Light.LOW_SUN: 0.25, Light.DUSK: 0.085, Light.NIGHT: 0.05, Light.INFRARED: 0.075}
_NOISE = {Light.DAY: 1.6, Light.LOW_SUN: 1.6, Light.DUSK: 3.4, Light.NIGHT: 4.6, Light.INFRARED: 4.0}
_INFRARED_SEES = floats([[0.24, 0.36, 0.40]])


@dataclass(frozen=True, slots=True)
class Sensor:
    """One camera: softness of its lens (px at 960 px width), sharpening, noise, JPEG quality, how dark its corners are."""

    softness: float
    sharpening: float
    noise: float
    quality: int
    corners: float

    @classmethod
    def of(cls, place: int) -> Sensor:
        """The camera that hangs at a place."""
        rng = np.random.default_rng(place + 4001)
        return cls(
            float(rng.uniform(0.45, 0.85)),
            float(rng.uniform(0.0, 0.8)),
            float(rng.uniform(0.6, 1.5)),
            int(rng.integers(58, 92)),
            float(rng.uniform(0.0, 0.25)),
        )


def smear(picture: Floats, where: tuple[slice, slice], cover: Floats, by: tuple[float, float]) -> None:
    """Blur what moves: the part of the picture `where` something with this `cover` (h x w x 1) is, along the way `by` (px)."""
    long = float(np.hypot(*by))
    if long < 1.2:
        return
    size = int(np.ceil(long)) | 1
    kernel = np.zeros((size + 2, size + 2), np.float32)
    middle, half = (size + 1) / 2, np.asarray(by) / 2
    ends = [tuple(round((middle + sign * h) * 16) for h in half) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, 4)
    kernel /= kernel.sum()
    here = picture[where]
    blurred = np.asarray(cv2.filter2D(here, -1, kernel), np.float32)
    share = thrice(np.minimum(1, np.asarray(cv2.blur(cover, (size, size)), np.float32) * np.float32(1.6)))
    here *= 1 - share
    here += blurred * share


def through_the_lens(
    picture: Floats, rng: np.random.Generator, light: Light, sensor: Sensor, *, covered: bool
) -> Picture:
    """The frame that the camera sends; `picture` is used up."""
    _bloom(picture)
    height, width = picture.shape[:2]
    if light is Light.INFRARED:
        grey = np.asarray(cv2.transform(picture, _INFRARED_SEES), np.float32)
        picture = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.float32)
    picture *= _exposure(picture, light, rng, covered=covered) * _vignette(width, height, sensor.corners)
    shown = np.asarray(cv2.sqrt(np.clip(picture, 0, 1)), np.float32) * np.float32(255)
    soft = sensor.softness * width / 960
    shown = np.asarray(cv2.GaussianBlur(shown, (0, 0), soft), np.float32)
    shown = _with_noise(shown, rng, _NOISE[light] * sensor.noise, grey=light is Light.INFRARED)
    if sensor.sharpening:
        shown += (shown - np.asarray(cv2.GaussianBlur(shown, (0, 0), 1.2 * width / 960), np.float32)) * np.float32(
            sensor.sharpening
        )
    frame = np.clip(shown, 0, 255).astype(np.uint8)
    quality = int(np.clip(sensor.quality + rng.integers(-4, 5), 30, 95))
    _, packed = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def _bloom(picture: Floats) -> None:
    """What is brighter than white spills over."""
    height, width = picture.shape[:2]
    small = np.asarray(cv2.resize(picture, (width // 4, height // 4), interpolation=cv2.INTER_AREA), np.float32)
    bright = np.clip(small - 1.0, 0, 6)
    if float(bright.max()) < 0.02:
        return
    near = cv2.GaussianBlur(bright, (0, 0), width / 4 / 110)
    far = cv2.GaussianBlur(bright, (0, 0), width / 4 / 26)
    spilt = np.asarray(near * 0.45 + far * 0.30, np.float32)
    picture += np.asarray(cv2.resize(spilt, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _exposure(picture: Floats, light: Light, rng: np.random.Generator, *, covered: bool) -> np.float32:
    """The camera's own gain: towards a picture of the usual brightness, within what it can do."""
    sample = picture[::8, ::8]
    mean = float(np.minimum(sample, 1.2).mean())
    aim = _AIMS[light] if not covered else max(_AIMS[light], 0.10)
    low, high = (0.55, 2.2) if light in (Light.DAY, Light.LOW_SUN) or covered else (0.45, 1.7)
    gain = float(np.clip((aim / max(mean, 1e-4)) ** 0.5, low, high))
    return np.float32(gain * float(rng.uniform(0.96, 1.04)))


@lru_cache(maxsize=8)
def _vignette(width: int, height: int, corners: float) -> Floats:
    x = (np.arange(width, dtype=np.float32) / width - 0.5)[None, :]
    y = (np.arange(height, dtype=np.float32) / height - 0.5)[:, None]
    return thrice(np.asarray(1 - corners * 2 * (x**2 + y**2), np.float32))


@lru_cache(maxsize=4)
def _noise(width: int, height: int) -> Floats:
    """One field of noise, larger than the picture, fine in brightness and coarse in colour; each frame takes a piece by chance."""
    rng = np.random.default_rng(0)
    rows, columns = height + _NOISE_SLACK_PX, width + _NOISE_SLACK_PX
    grain = rng.standard_normal((rows, columns, 1), dtype=np.float32)
    coarse = rng.standard_normal((rows // 2, columns // 2, 3), dtype=np.float32)
    return np.asarray(grain + 0.5 * cv2.resize(coarse, (columns, rows)), np.float32)


def _with_noise(shown: Floats, rng: np.random.Generator, sigma: float, *, grey: bool) -> Floats:
    height, width = shown.shape[:2]
    top, left = (int(at) for at in rng.integers(0, _NOISE_SLACK_PX, 2))
    grain = _noise(width, height)[top : top + height, left : left + width]
    if grey:
        grain = grain[..., :1]
    return np.asarray(shown + grain * np.float32(sigma), np.float32)
