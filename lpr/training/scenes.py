"""Scenes to train the detector on: random worlds with plates pasted by perspective, whose true corners are known.

Drawn from nothing: no photograph, and nothing of `lpr.drawing.scenes`, `vehicles`, `bodywork` or `lanes`, which are kept for proofs.
The same generator state gives the same scene.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.drawing.layouts import PlateStyle, layout_of
from lpr.drawing.plates import draw_plate
from lpr.training.backgrounds import cloud, colour, draw_background
from lpr.training.crude_vehicles import draw_vehicle
from lpr.training.distractors import draw_distractor, draw_overlay
from lpr.training.latin_plates import draw_latin_plate
from lpr.training.plates import colour_of, number_of
from lpr.training.poses import Brush, Pose, random_pose

Picture = NDArray[np.uint8]

HEIGHT, WIDTH = 480, 640
KINDS = ("blue", "yellow", "green", "white", "black", "latin")
"""What ground a plate has; the last is any plate that is not Chinese."""

_NARROWEST_PX, _WIDEST_PX = 15.0, 420.0
_LATIN_SHARE = 0.27


@dataclass(frozen=True, slots=True)
class PastedPlate:
    """A plate in a scene: corners in pixels (4 x 2, clockwise from its top left), 1 or 2 rows, index into `KINDS`."""

    corners: NDArray[np.float32]
    rows: int
    kind: int


@dataclass(frozen=True, slots=True)
class TrainingScene:
    """A picture (480 x 640 x 3, BGR, uint8) and every plate in it; what `hidden` covers (4 x 2 each) is neither plate nor not."""

    image: Picture
    plates: tuple[PastedPlate, ...]
    hidden: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Pasted:
    """A plate, and what its place showed when it was pasted, to see later what has been drawn over it."""

    plate: PastedPlate
    left: int
    top: int
    mask: NDArray[np.bool_]
    shown: Picture

    def covered(self, picture: Picture) -> float:
        """The share of the plate that something has been drawn over."""
        height, width = self.mask.shape
        now = picture[self.top : self.top + height, self.left : self.left + width]
        changed = np.any(now != self.shown, axis=2) & self.mask
        return float(changed.sum() / max(1, int(self.mask.sum())))


def draw_training_scene(rng: np.random.Generator) -> TrainingScene:
    """A world with none to five plates and many things that are none."""
    picture = draw_background(HEIGHT, WIDTH, rng)
    for _ in range(int(rng.integers(0, 7))):
        draw_distractor(picture, _pose_anywhere(float(np.exp(rng.uniform(np.log(20), np.log(320)))), rng), rng)
    count = int(rng.choice([0, 1, 2, 3, 4, 5], p=[0.06, 0.3, 0.28, 0.18, 0.11, 0.07]))
    scales = sorted(float(np.exp(rng.uniform(np.log(_NARROWEST_PX), np.log(_WIDEST_PX)))) for _ in range(count))
    pasted: list[_Pasted] = []
    for scale in scales:  # the near ones cover the far ones
        pose = _pose_anywhere(scale, rng)
        if rng.random() < 0.72:
            draw_vehicle(picture, pose, rng)
        for _ in range(int(rng.integers(0, 3))):
            aside = (float(rng.uniform(-2.2, 2.2)), float(rng.choice([-1, 1]) * rng.uniform(0.4, 2.2)))
            x, y = pose.project([aside])[0]
            draw_distractor(picture, Pose(pose.turn, scale * float(rng.uniform(0.15, 1.0)), pose.distance, (x, y)), rng)
        new = _put_plate(picture, pose, rng)
        if new is not None:
            pasted.append(new)
    if rng.random() < 0.3:
        draw_overlay(picture, rng)
    if rng.random() < 0.25:
        _occlude(picture, pasted, rng)
    shares = [one.covered(picture) for one in pasted]
    seen = tuple(one.plate for one, share in zip(pasted, shares, strict=True) if share < _SEEN)
    hidden = tuple(one.plate.corners for one, share in zip(pasted, shares, strict=True) if _SEEN <= share < _GONE)
    return TrainingScene(_weather(picture, seen, rng), seen, hidden)


def _pose_anywhere(scale: float, rng: np.random.Generator) -> Pose:
    centre = (float(rng.uniform(0.02, 0.98)) * WIDTH, float(rng.uniform(0.02, 0.98)) * HEIGHT)
    return random_pose(centre, scale, rng)


def _put_plate(picture: Picture, pose: Pose, rng: np.random.Generator) -> _Pasted | None:
    """Paste a random plate at the origin of the pose; None where less than four fifths of it would be in the picture."""
    plate, rows, kind = _random_plate(pose.scale, rng)
    plate = _age(plate, rng)
    aspect = plate.shape[0] / plate.shape[1]
    half, high = 0.5, 0.5 * aspect
    tilt = float(rng.normal(0, 0.012))  # screwed on not quite level
    quad = [(-half, -high - tilt), (half, -high + tilt), (half, high + tilt), (-half, high - tilt)]
    corners = pose.project(quad)
    inside = np.mean(_inside(pose.project([(x * 0.98, y * 0.98) for x, y in quad])))
    if inside < 1.0:
        return None
    if rng.random() < 0.5:
        _holder(picture, pose, quad, rng)
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 1, 0)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 2, (WIDTH, HEIGHT))
    size = (int(right - left), int(bottom - top))
    across = float(np.linalg.norm(corners[1] - corners[0]) + np.linalg.norm(corners[2] - corners[3])) / 2
    share = min(1.0, 1.25 * across / plate.shape[1])  # reduced by area first: a warp alone would skip pixels
    fitted = (max(4, round(plate.shape[1] * share)), max(3, round(plate.shape[0] * share)))
    small = cv2.resize(plate, fitted, interpolation=cv2.INTER_AREA)
    source = np.array([(0, 0), (fitted[0], 0), (fitted[0], fitted[1]), (0, fitted[1])], np.float32) - np.float32(0.5)
    target = (corners - (left, top)).astype(np.float32) - np.float32(0.5)
    transform = cv2.getPerspectiveTransform(source, target)
    warped = cv2.warpPerspective(small, transform, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillPoly(mask, [np.round(target * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    weight = (mask.astype(np.float32) / 255)[..., None]
    there = picture[top:bottom, left:right]
    there[:] = (there * (1 - weight) + warped * weight + 0.5).astype(np.uint8)
    pasted = PastedPlate(corners.astype(np.float32), rows, kind)
    return _Pasted(pasted, int(left), int(top), mask > 127, there.copy())


def _inside(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(((points >= 0) & (points < (WIDTH, HEIGHT))).all(axis=1))


def _random_plate(width_px: float, rng: np.random.Generator) -> tuple[Picture, int, int]:
    """A clean plate, its rows and its kind, drawn about as finely as it will be seen."""
    if rng.random() < _LATIN_SHARE:
        latin, rows = draw_latin_plate(rng, float(np.clip(1.4 * width_px / 480, 0.35, 1.2)))
        return latin, rows, KINDS.index("latin")
    styles = list(PlateStyle)
    weights = np.array([_WEIGHTS.get(style, 1.0) for style in styles])
    style = styles[int(rng.choice(len(styles), p=weights / weights.sum()))]
    layout = layout_of(style)
    finely = float(np.clip(1.4 * width_px / layout.width, 0.5, 1.2))
    plate = draw_plate(number_of(style, rng), style, rng, px_per_mm=finely)
    tops = [slot.y for slot in layout.slots]
    return plate, 2 if max(tops) - min(tops) > layout.height / 4 else 1, KINDS.index(colour_of(style).value)


def _age(plate: Picture, rng: np.random.Generator) -> Picture:
    """Light, shade, dust and fading on one plate: its brightness is not that of its surroundings."""
    height, width = plate.shape[:2]
    worn = plate.astype(np.float32)
    if rng.random() < 0.5:
        worn = worn * np.float32(rng.uniform(0.35, 1.15)) + np.float32(rng.uniform(0, 40))
    if rng.random() < 0.3:  # faded, or covered with dust
        share = float(rng.uniform(0.1, 0.6))
        worn = worn * (1 - share) + colour(rng) * share
    if rng.random() < 0.3:  # a shadow's edge
        field = np.tanh(
            cloud(max(2, height // 4), max(2, width // 4), rng, roughness=0.3) * np.float32(rng.uniform(1, 8))
        )
        soft = np.asarray(cv2.resize(field, (width, height)), np.float32)[..., None]
        worn = worn * (1 + soft * np.float32(rng.uniform(0.1, 0.45)))
    if rng.random() < 0.2:
        worn += rng.normal(0, 14, 3).astype(np.float32)
    return np.clip(worn, 0, 255).astype(np.uint8)


def _holder(picture: Picture, pose: Pose, quad: list[tuple[float, float]], rng: np.random.Generator) -> None:
    """The frame round a plate, at times with a dealer's name below."""
    grow = float(rng.uniform(0.006, 0.05))
    below = float(rng.uniform(0, 0.08)) if rng.random() < 0.4 else 0.0
    tone = float(rng.choice([20, 40, 130, 220]))
    shade = np.clip(tone + rng.normal(0, 8, 3), 0, 255).astype(np.float32)
    (x0, y0), (x1, y1) = quad[0], quad[2]
    Brush(picture, pose).box(x0 - grow, y0 - grow, x1 + grow, y1 + grow + below, shade)


def _occlude(picture: Picture, pasted: list[_Pasted], rng: np.random.Generator) -> None:
    """Something thin or thick before a plate: a barrier arm, a tow bar, a branch, a leg."""
    if not pasted:
        return
    corners = pasted[int(rng.integers(len(pasted)))].plate.corners
    centre, size = corners.mean(axis=0), float(np.linalg.norm(corners[1] - corners[0]))
    start = centre + rng.normal(0, 0.35, 2) * size
    along = rng.normal(0, 1.0, 2) * size * 2
    thick = max(1, round(size * float(rng.uniform(0.02, 0.3))))
    ends = (start - along).astype(int).tolist(), (start + along).astype(int).tolist()
    cv2.line(picture, ends[0], ends[1], colour(rng).tolist(), thick, cv2.LINE_AA)


def _weather(picture: Picture, plates: tuple[PastedPlate, ...], rng: np.random.Generator) -> Picture:
    """Night with lamps and glare, rain, haze: what differs from place to place in a picture."""
    if rng.random() < 0.18:
        picture = _night(picture, plates, rng)
    if rng.random() < 0.08:
        streaks = np.zeros((HEIGHT, WIDTH), np.uint8)
        for x, y in rng.uniform(0, 1, (int(rng.integers(40, 300)), 2)) * (WIDTH, HEIGHT):
            reach = float(rng.uniform(4, 30))
            cv2.line(streaks, (int(x), int(y)), (int(x + reach * 0.2), int(y + reach)), int(rng.integers(40, 160)), 1)
        soft = cv2.GaussianBlur(streaks, (0, 0), 0.8)
        picture = np.asarray(cv2.add(picture, cv2.merge([soft, soft, soft])), np.uint8)
    if rng.random() < 0.1:
        share = np.clip(0.3 + 0.2 * cloud(HEIGHT // 8, WIDTH // 8, rng), 0, 0.75)
        share = np.asarray(cv2.resize(share, (WIDTH, HEIGHT)), np.float32)[..., None]
        picture = (picture * (1 - share) + np.float32(rng.uniform(90, 235)) * share).astype(np.uint8)
    return np.asarray(picture, np.uint8)


def _night(picture: Picture, plates: tuple[PastedPlate, ...], rng: np.random.Generator) -> Picture:
    """Little light, plates that throw it back, and headlights beside some of them."""
    gain = np.full((HEIGHT, WIDTH), float(rng.uniform(0.1, 0.5)), np.float32)
    gain += np.maximum(0, np.asarray(cv2.resize(cloud(12, 16, rng), (WIDTH, HEIGHT)), np.float32)) * np.float32(0.15)
    light = np.zeros((HEIGHT // 4, WIDTH // 4), np.float32)
    ys, xs = np.mgrid[: HEIGHT // 4, : WIDTH // 4].astype(np.float32)
    for plate in plates:
        if rng.random() < 0.7:
            film = np.zeros((HEIGHT, WIDTH), np.float32)
            cv2.fillPoly(film, [np.round(plate.corners * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
            gain = np.maximum(gain, film * np.float32(rng.uniform(0.25, 0.95)))
        along = plate.corners[1] - plate.corners[0]
        size = float(np.linalg.norm(along)) / 4
        for side in (-1, 1):
            if rng.random() < 0.45:
                x, y = (plate.corners.mean(axis=0) + along * side * float(rng.uniform(0.9, 1.7))) / 4 - (0, 0.3 * size)
                near = ((xs - x) ** 2 + (ys - y) ** 2) / (size * float(rng.uniform(0.15, 0.6))) ** 2
                light += np.float32(rng.uniform(120, 400)) * (np.exp(-near) + 0.15 * np.exp(-near / 8))
    halo = np.asarray(cv2.resize(light, (WIDTH, HEIGHT)), np.float32)[..., None]
    return np.clip(picture * gain[..., None] + halo, 0, 255).astype(np.uint8)


_SEEN, _GONE = 0.22, 0.85  # shares covered: below it is a plate to find, above it there is none
_WEIGHTS = {PlateStyle.BLUE: 12.0, PlateStyle.GREEN_SMALL: 6.0, PlateStyle.YELLOW: 3.0, PlateStyle.YELLOW_DOUBLE: 3.0}
