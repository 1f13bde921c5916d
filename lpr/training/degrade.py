"""From a clean drawn plate to what a camera makes of it: one seed, one picture; numpy and OpenCV only.

Every step is cheap (a sample costs about half a millisecond) and keeps shape and type. One `difficulty` (0-1) a plate scales how
likely and how strong each fault is. Light falls on the plate (shadow, glare, dirt, rain), then a camera looks at it (haze, exposure,
few pixels, blur, noise, JPEG). Colour order is BGR throughout, pictures are H x W x 3 uint8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.training.banks import Banks

Picture = NDArray[np.uint8]
Step = Callable[[Picture, "Chance"], Picture]

WIDTH, HEIGHT = 96, 24
"""What the reader takes, in pixels."""
WORK_WIDTH, WORK_HEIGHT = 192, 48


@dataclass(frozen=True, slots=True)
class Chance:
    """The dice of one sample: how hard it is, and where its luck comes from."""

    rng: np.random.Generator
    difficulty: float
    banks: Banks

    def happens(self, share: float) -> bool:
        """Whether something comes about that `share` of the hardest samples have."""
        return bool(self.rng.random() < share * self.difficulty)

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * float(self.rng.random())

    def strength(self, most: float) -> float:
        """0 to `most`, weaker on easy samples."""
        return most * float(self.rng.random()) * (0.3 + 0.7 * self.difficulty)

    def spread(self, most: float) -> float:
        """-`most` to `most`, weaker on easy samples."""
        return most * (2 * float(self.rng.random()) - 1) * (0.3 + 0.7 * self.difficulty)


def degrade(view: Picture, chance: Chance) -> Picture:
    """A sample of the reader (24 x 96) from a view of the plate (48 x 192)."""
    for step in LIGHT:
        view = step(view, chance)
    view = expose(view, chance)
    return look(view, chance)


# --- light and weather, at 48 x 192 -----------------------------------------------------------------------------------


def thicken(view: Picture, chance: Chance) -> Picture:
    """Strokes up to a fifth thicker or thinner, as makers of plates and worn paint differ."""
    if chance.rng.random() > 0.3:
        return view
    kernel = np.ones((2, 2), np.uint8)
    changed = cv2.dilate(view, kernel) if chance.rng.random() < 0.5 else cv2.erode(view, kernel)
    share = chance.between(0.2, 0.8)
    return np.asarray(cv2.addWeighted(view, 1 - share, changed, share, 0), np.uint8)


def wobble(view: Picture, chance: Chance) -> Picture:
    """The plate is bent, or each sign is shaped a little differently."""
    bend = chance.spread(4.0) if chance.happens(0.35) else 0.0
    local = chance.rng.random() < 0.25
    if not bend and not local:
        return view
    xs, ys = chance.banks.grid_x, chance.banks.grid_y
    if bend:
        centre = chance.between(0.2, 0.8) * WORK_WIDTH
        ys = ys + np.float32(bend) * ((chance.banks.grid_x - centre) / (WORK_WIDTH / 2)) ** 2
    if local:
        waves = chance.banks.waves
        first, second = chance.rng.integers(0, len(waves), 2)
        strength = np.float32(chance.between(0.5, 1.6))
        xs, ys = xs + strength * waves[first], ys + strength * waves[second]
    return np.asarray(
        cv2.remap(view, xs.astype(np.float32), ys.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )


def shade(view: Picture, chance: Chance) -> Picture:
    """Shadows with edges, bands and gradients: the light is multiplied."""
    gain = None
    if chance.happens(0.45):
        gain = 1 - np.float32(chance.strength(0.75)) * _window(chance.banks.shadows, chance)
    if chance.happens(0.5):
        angle = chance.between(0, 2 * np.pi)
        slope = chance.strength(0.6)
        across = chance.banks.grid_x * (np.cos(angle) / WORK_WIDTH) + chance.banks.grid_y * (
            np.sin(angle) / WORK_HEIGHT
        )
        ramp = 1 - np.float32(slope) * (across - across.min())
        gain = ramp if gain is None else gain * ramp
    if gain is None:
        return view
    return np.asarray(cv2.multiply(view, cv2.merge([gain.astype(np.float32)] * 3), dtype=cv2.CV_8U), np.uint8)


def soil(view: Picture, chance: Chance) -> Picture:
    """Mud and dust in patches."""
    if not chance.happens(0.3):
        return view
    patches = _window(chance.banks.clouds, chance)
    worn = chance.between(0.45, 0.85)
    share = np.clip((patches - worn) * 4, 0, 1) * np.float32(chance.strength(0.9))
    colour = np.array([chance.between(60, 150), chance.between(70, 150), chance.between(80, 160)], np.float32)
    if chance.rng.random() < 0.15:
        colour = colour * np.float32(0.4)
    weight = cv2.merge([share.astype(np.float32)] * 3)
    return np.asarray(view + (colour - view) * weight, np.uint8)


def glare(view: Picture, chance: Chance) -> Picture:
    """The sun or a headlight: a bright spot that burns out the signs."""
    if not chance.happens(0.2):
        return view
    x, y = chance.between(-0.1, 1.1) * WORK_WIDTH, chance.between(-0.3, 1.3) * WORK_HEIGHT
    wide, high = chance.between(0.05, 0.35) * WORK_WIDTH, chance.between(0.2, 1.2) * WORK_HEIGHT
    spot = np.exp(-(((chance.banks.grid_x - x) / wide) ** 2) - ((chance.banks.grid_y - y) / high) ** 2)
    light = (spot * np.float32(chance.strength(230))).astype(np.float32)
    warm = chance.between(0.75, 1.0)
    return np.asarray(cv2.add(view, cv2.merge([light * np.float32(warm), light, light]), dtype=cv2.CV_8U), np.uint8)


def rain(view: Picture, chance: Chance) -> Picture:
    """Streaks of rain or sleet."""
    if not chance.happens(0.08):
        return view
    streaks = (_window(chance.banks.streaks, chance) * np.float32(chance.strength(110))).astype(np.float32)
    return np.asarray(cv2.add(view, cv2.merge([streaks] * 3), dtype=cv2.CV_8U), np.uint8)


LIGHT = (thicken, wobble, shade, soil, glare, rain)
"""The steps before the camera, in their order."""


def _window(bank: NDArray[np.float32], chance: Chance) -> NDArray[np.float32]:
    """A random window of a random map of a bank, perhaps mirrored."""
    maps, height, width = bank.shape
    which = int(chance.rng.integers(maps))
    top, left = (
        int(chance.rng.integers(height - WORK_HEIGHT + 1)),
        int(chance.rng.integers(width - WORK_WIDTH + 1)),
    )
    window = bank[which, top : top + WORK_HEIGHT, left : left + WORK_WIDTH]
    return window[:, ::-1] if chance.rng.random() < 0.5 else window


# --- the camera -------------------------------------------------------------------------------------------------------


def expose(view: Picture, chance: Chance) -> Picture:
    """Gamma, haze, darkness, over-exposure and a colour cast in one table for each colour; sometimes grey, as at night by infrared."""
    curve = chance.banks.levels.copy()  # 0-1
    if chance.happens(0.6):
        curve = curve ** np.float32(np.exp(chance.spread(0.75)))
    if chance.happens(0.25):  # haze, or a dirty lens
        share = chance.strength(0.7)
        curve = curve * np.float32(1 - share) + np.float32(share * chance.between(0.2, 0.95))
    gain = 1.0
    if chance.happens(0.28):
        gain = float(np.exp(-chance.strength(1.6)))
    elif chance.happens(0.45):
        gain = float(np.exp(chance.strength(1.1)))
    cast = np.ones(3, np.float32)
    if chance.happens(0.6):
        cast = np.exp(chance.rng.normal(0, 0.16, 3)).astype(np.float32)
        if chance.rng.random() < 0.12:  # sodium light
            cast *= np.array([0.45, 0.85, 1.15], np.float32)
    tables = curve[:, None] * (gain * cast)[None, :]
    table = np.clip(tables * 255, 0, 255).astype(np.uint8)[None]
    view = np.asarray(cv2.LUT(view, table), np.uint8)
    if chance.happens(0.5):
        view = _saturate(view, float(np.exp(chance.between(-1.0, 0.8))))
    return view


def _saturate(view: Picture, share: float) -> Picture:
    grey = cv2.cvtColor(cv2.cvtColor(view, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return np.asarray(cv2.addWeighted(view, share, grey, 1 - share, 0), np.uint8)


def look(view: Picture, chance: Chance) -> Picture:
    """Few pixels, blur, noise and JPEG, then the reader's own size."""
    hard = chance.difficulty
    high = (
        chance.between(46 - 26 * hard, 48 - 4 * hard) if chance.rng.random() > 0.45 * hard else chance.between(13, 24)
    )
    wide = high * chance.between(2.5, 4.2)
    way = cv2.INTER_AREA
    if chance.rng.random() < 0.22:  # pixels are left out, not averaged, as quick scalers do: edges turn into stairs
        high, wide = chance.between(20, 32), chance.between(80, 120)
        way = cv2.INTER_NEAREST if chance.rng.random() < 0.7 else cv2.INTER_LINEAR
        if chance.rng.random() < 0.6:
            view = np.asarray(cv2.GaussianBlur(view, (0, 0), chance.between(0.5, 1.3)), np.uint8)
    size = (min(WORK_WIDTH, max(40, round(wide))), round(high))
    small = np.asarray(cv2.resize(view, size, interpolation=way), np.uint8)
    small = blur(small, chance)
    small = noise(small, chance)
    small = jpeg(small, chance)
    shrinks = small.shape[0] > HEIGHT
    return np.asarray(
        cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8
    )


def blur(small: Picture, chance: Chance) -> Picture:
    """Out of focus, or moving."""
    scale = small.shape[0] / WORK_HEIGHT
    if chance.happens(0.45):
        sigma = 0.25 + chance.strength(2.2) * scale
        small = np.asarray(cv2.GaussianBlur(small, (0, 0), sigma), np.uint8)
    if chance.happens(0.3):
        length = 1.5 + chance.strength(9.0) * scale
        angle = chance.between(-0.35, 0.35) if chance.rng.random() < 0.7 else chance.between(0, np.pi)
        small = np.asarray(cv2.filter2D(small, -1, _trail(length, angle), borderType=cv2.BORDER_REPLICATE), np.uint8)
    if chance.rng.random() < 0.3:  # a camera that sharpens
        soft = cv2.GaussianBlur(small, (0, 0), 0.8)
        extra = chance.between(0.3, 2.0)
        small = np.asarray(cv2.addWeighted(small, 1 + extra, soft, -extra, 0), np.uint8)
    return small


def _trail(length: float, angle: float) -> NDArray[np.float32]:
    """The kernel of a straight movement, `length` in pixels."""
    side = int(np.ceil(length)) | 1
    kernel = np.zeros((side, side), np.uint8)
    middle = side // 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
    start, end = (np.array([middle, middle]) - reach) * 16, (np.array([middle, middle]) + reach) * 16
    cv2.line(kernel, (round(start[0]), round(start[1])), (round(end[0]), round(end[1])), 255, 1, cv2.LINE_AA, shift=4)
    found = kernel.astype(np.float32)
    return np.asarray(found / max(1.0, float(found.sum())), np.float32)


def noise(small: Picture, chance: Chance) -> Picture:
    """The sensor's noise, the same in all colours or not."""
    if not chance.happens(0.6):
        return small
    height, width = small.shape[:2]
    bank = chance.banks.noise
    top, left = int(chance.rng.integers(bank.shape[0] - height)), int(chance.rng.integers(bank.shape[1] - width))
    grain = bank[top : top + height, left : left + width]
    if chance.rng.random() < 0.5:
        grain = np.repeat(grain[..., :1], 3, axis=2)
    return np.asarray(cv2.scaleAdd(grain, chance.strength(15), small.astype(np.float32)).clip(0, 255), np.uint8)


def jpeg(small: Picture, chance: Chance) -> Picture:
    """What compression leaves."""
    if not chance.happens(0.75):
        return small
    quality = int(chance.between(95 - 70 * chance.difficulty, 96))
    done, packed = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8) if done else small
