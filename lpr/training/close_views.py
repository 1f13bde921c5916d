"""Views for the close look's net, cut from drawn scenes: plates a little off their place, and things there that are no plates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lpr.detectors.close_view import EXPECTED, HEIGHT, PLATE_PX, REACH_PX, WIDTH, aim, close_view, to_view
from lpr.detectors.halves import Halves
from lpr.detectors.quads import overlap
from lpr.training.detector_crops import photograph, visible

Picture = NDArray[np.uint8]
Quads = NDArray[np.float32]

_FOUND, _PLATES, _BESIDE = (
    0.45,
    0.35,
    0.06,
)  # shares of views: what the first look found, plates, beside plates; the rest: anything
_NO_PLATE, _PLATE = 0.25, 0.4  # overlap with the expected place: below there is none, above there is one
_NARROWEST_PX = 14.0
_TRIES = 6


@dataclass(frozen=True, slots=True, eq=False)
class CloseTruth:
    """What a net should say of a view: whether it shows a plate; its corners (4 x 2 units of `REACH_PX`), rows and kind."""

    plate: bool
    offsets: Quads
    rows: int
    kind: int


def cut_view(
    image: Picture,
    corners: Quads,
    rows: NDArray[np.int64],
    kinds: NDArray[np.int64],
    counts: NDArray[np.bool_],
    found: Quads,
    rng: np.random.Generator,
) -> tuple[Picture, CloseTruth] | None:
    """A view of a scene whose plates are known, and what a first look `found`; None where luck met nothing clear."""
    wide = np.array([np.linalg.norm(quad[1] - quad[0] + quad[2] - quad[3]) / 2 for quad in corners])
    usable = np.flatnonzero(counts & (wide >= _NARROWEST_PX)) if len(corners) else np.zeros(0, np.int64)
    chance, halves = rng.random(), Halves(image)
    for _ in range(_TRIES):
        if len(found) and chance < _FOUND:
            guess = _off(found[int(rng.integers(len(found)))], rng, 0.3)
        elif len(usable) and chance < _FOUND + _PLATES + _BESIDE:
            chosen = corners[int(rng.choice(usable))]
            guess = _off(chosen, rng) if chance < _FOUND + _PLATES else _beside(chosen, rng)
        else:
            guesses = [_anywhere(image.shape[:2], corners[usable], rng) for _ in range(4)]
            guess = max(guesses, key=lambda quad: _liveliness(image, quad))  # plain walls need little training
        transform = aim(guess)
        seen = [to_view(quad, transform) for quad in corners]
        shares = np.array([overlap(quad, _expected_of(quad))[0] for quad in seen])
        best = int(shares.argmax()) if len(shares) else -1
        if best < 0 or shares[best] < _NO_PLATE:
            if _FOUND <= chance < _FOUND + _PLATES and len(usable):
                continue
            blank = CloseTruth(False, np.zeros((4, 2), np.float32), 1, 0)
            return photograph(close_view(halves, transform), rng), blank
        reach = seen[best] - (WIDTH / 2, HEIGHT / 2)
        if shares[best] < _PLATE or not counts[best] or wide[best] < _NARROWEST_PX or np.abs(reach[:, 0]).max() > 72:
            continue
        view = photograph(close_view(halves, transform), rng)
        if not visible(view, np.clip(seen[best], 0, (WIDTH - 1, HEIGHT - 1))):
            continue
        offsets = ((seen[best] - EXPECTED) / REACH_PX).astype(np.float32)
        return view, CloseTruth(True, offsets, int(rows[best]), int(kinds[best]))
    return None


def _expected_of(quad: Quads) -> Quads:
    """The expected place, as high as the plate is."""
    high = float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 4
    wide = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2
    half = high * PLATE_PX / max(wide, 1.0)
    down = HEIGHT / 2 + np.array([-half, -half, half, half], np.float32)
    return np.stack([EXPECTED[:, 0], down], axis=1).astype(np.float32)


def _off(quad: Quads, rng: np.random.Generator, most: float = 1.5) -> Quads:
    """The plate as a first look finds it: shifted, scaled, turned, each corner by itself."""
    centre = quad.mean(axis=0)
    wide = float(np.linalg.norm(quad[1] - quad[0]))
    strength = min(most, float(rng.choice([0.25, 1.0, 1.5], p=[0.4, 0.45, 0.15])))
    grow = float(np.exp(rng.normal(0, 0.13 * strength)))
    angle = float(rng.normal(0, 0.07 * strength))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * grow
    moved = (quad - centre) @ turn.T + centre + rng.normal(0, 0.06 * strength, 2) * wide
    return (moved + rng.normal(0, 0.03 * strength, (4, 2)) * wide).astype(np.float32)


def _beside(quad: Quads, rng: np.random.Generator) -> Quads:
    wide = float(np.linalg.norm(quad[1] - quad[0]))
    away = rng.normal(0, 1, 2)
    away *= float(rng.uniform(0.5, 3.0)) * wide / max(1e-3, float(np.linalg.norm(away)))
    centre = quad.mean(axis=0)
    return ((quad - centre) * float(np.exp(rng.normal(0, 0.5))) + centre + away).astype(np.float32)


def _liveliness(image: Picture, quad: Quads) -> float:
    """How much brightness changes within a quadrilateral's box."""
    low = np.maximum(quad.min(axis=0), 0).astype(int)
    high = quad.max(axis=0).astype(int)
    piece = image[low[1] : max(high[1], 0) : 2, low[0] : max(high[0], 0) : 2, 1]
    return float(piece.std()) if piece.size > 8 else 0.0


def _anywhere(shape: tuple[int, ...], plates: Quads, rng: np.random.Generator) -> Quads:
    """A level place of a plate's shape, half of the time on the vehicle of a plate."""
    wide = float(np.exp(rng.uniform(np.log(15), np.log(300))))
    at = rng.uniform(0, 1, 2) * (shape[1], shape[0])
    if len(plates) and rng.random() < 0.5:
        plate = plates[int(rng.integers(len(plates)))]
        own = float(np.linalg.norm(plate[1] - plate[0]))
        wide = own * float(np.exp(rng.normal(-0.2, 0.5)))
        at = plate.mean(axis=0) + rng.normal(0, 1.4, 2) * own
    angle = float(rng.normal(0, 0.15))
    along = np.array([np.cos(angle), np.sin(angle)]) * wide / 2
    down = np.array([-np.sin(angle), np.cos(angle)]) * wide * 0.16
    return np.stack([at - along - down, at + along - down, at + along + down, at - along + down]).astype(np.float32)
