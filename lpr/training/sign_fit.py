"""Fits our strokes to the standard: points and pens move by gradient until a sign overlaps its picture most; the structure stays.

`python -m lpr.training.sign_fit --set ordinary --signs 云京 --pictures FOLDER --out signs.json` starts from the strokes as they are,
stretched where the set has none of its own, and writes what came out best; `lpr.training.sign_files` puts it into the source.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lpr.drawing.latin_signs import LATIN
from lpr.drawing.layouts import SignSet
from lpr.drawing.province_signs import PROVINCES
from lpr.drawing.signs import SIGN_SETS
from lpr.drawing.strokes import CELL_HEIGHT_MM, CELL_WIDTH_MM, Sign, draw_strokes
from lpr.training.sign_files import Fitted, read_fitted, write_fitted
from lpr.training.sign_paths import Coordinates, SignPath, path_of, sign_of, stretched
from lpr.training.sign_raster import SoftRaster
from parking.kernel.errors import ParkingError, invalid

Picture = NDArray[np.uint8]
"""A sign as the standard prints it, dark on light, filling its cell; grey, any size."""
_Corner = tuple[Coordinates, Coordinates, Coordinates]

_MEASURED_PX_PER_MM = 4
_OVERSAMPLED = 4
_SOFT_FROM_MM = 0.5
"""From which softness on the target is blurred as the strokes are; below it, it is hard."""
_BLUR_PER_SOFTNESS = 1.7  # the Gaussian nearest to a sigmoid of that softness
_RATE = 0.35  # mm a step
_PEN_RATE = 0.06  # of the rate, for the logarithm of a pen
_THINNER, _THICKER, _TAPER = 0.5, 0.45, 0.22
"""How far the logarithm of a pen may leave where it started, and its two ends leave their mean."""
_SHAKEN_MM = 0.8
_SMOOTH = 0.97
"""The cosine from which two pieces are meant to join without a corner."""


@dataclass(frozen=True, slots=True)
class Round:
    """Some steps at one softness of the edges (mm); `px_per_mm` is for a cell of 45 x 90 mm and `rate` a share of the usual rate."""

    softness_mm: float
    steps: int
    px_per_mm: float
    rate: float
    curve_steps: int = 6


ROUNDS = (
    Round(3.0, 120, 0.7, 1.0),
    Round(1.5, 120, 0.7, 1.0),
    Round(0.7, 150, 1.0, 0.6),
    Round(0.35, 160, 1.5, 0.35, curve_steps=8),
)


def cell_of(signs: SignSet, character: str) -> tuple[float, float]:
    """Width and height in mm of what the standard draws a sign of a set on."""
    if signs is SignSet.UPPER:
        return 80.0, 60.0
    if signs is SignSet.LOWER:
        return 65.0, 110.0
    return 43.0 if signs is SignSet.GREEN and character in LATIN else float(CELL_WIDTH_MM), float(CELL_HEIGHT_MM)


def picture_name(signs: SignSet, character: str) -> str:
    """How the picture of a sign is called; ParkingError where the set has no such sign."""
    letter = character in LATIN and character.isalpha()
    if signs is SignSet.UPPER and (letter or character in PROVINCES):
        return f"220_up_{character}.jpg" if letter else f"220_{character}.jpg"
    if signs is SignSet.LOWER and (letter or character.isdigit() or character == "挂"):
        return f"220_down_{character}.jpg" if letter else f"220_{character}.jpg"
    if signs is SignSet.GREEN and (character in LATIN or character in PROVINCES):
        return f"green_{character}.jpg"
    if signs is SignSet.ORDINARY and character in SIGN_SETS[signs]:
        return f"140_{character}.jpg"
    raise invalid("training.signs", f"{character!r} is no sign of the set {signs}", field="--signs")


def picture_of(signs: SignSet, character: str, folder: Path) -> Picture:
    """The picture of a sign in a folder; ParkingError where there is none."""
    file = folder / picture_name(signs, character)
    try:
        picture = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_GRAYSCALE)
    except OSError as error:
        raise invalid("training.pictures", f"{file.name}: {error.strerror}", field="--pictures") from None
    except cv2.error:
        picture = None
    if picture is None:
        raise invalid("training.pictures", f"{file.name} is no picture", field="--pictures")
    return np.asarray(picture, np.uint8)


def overlap(sign: Sign, picture: Picture) -> float:
    """What a sign and its picture both cover over what either covers."""
    width, height = sign.cell
    ours = draw_strokes(sign, width_mm=width, height_mm=height, px_per_mm=_MEASURED_PX_PER_MM) > 127
    size = (ours.shape[1], ours.shape[0])
    true = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA)) < 128
    return float((ours & true).sum() / (ours | true).sum())


@dataclass(frozen=True, slots=True)
class _Target:
    """The centres of a grid of places (2 x N, mm) and how covered each shall be (N, 0 to 1)."""

    places: Tensor
    cover: Tensor


def _target(picture: Picture, cell: tuple[float, float], stage: Round) -> _Target:
    width, height = cell
    px_per_mm = stage.px_per_mm * math.sqrt(
        CELL_WIDTH_MM * CELL_HEIGHT_MM / (width * height)
    )  # as many places in any cell
    columns, rows = round(width * px_per_mm), round(height * px_per_mm)
    x = (torch.arange(columns) + 0.5) * width / columns
    y = (torch.arange(rows) + 0.5) * height / rows
    places = torch.stack([x.expand(rows, columns).reshape(-1), y[:, None].expand(rows, columns).reshape(-1)])
    ink = (picture < 128).astype(np.float32)
    large = cv2.resize(ink, (columns * _OVERSAMPLED, rows * _OVERSAMPLED), interpolation=cv2.INTER_LINEAR)
    large = (large > 0.5).astype(np.float32)
    if stage.softness_mm > _SOFT_FROM_MM:
        sigma = stage.softness_mm * _BLUR_PER_SOFTNESS * _OVERSAMPLED * px_per_mm
        large = cv2.GaussianBlur(large, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    small = cv2.resize(large, (columns, rows), interpolation=cv2.INTER_AREA)
    return _Target(places, torch.from_numpy(small).reshape(-1))


class _Bends:
    """What a curve must not do: turn back on itself, or get a corner where it had none."""

    def __init__(self, path: SignPath, values: Tensor) -> None:
        inside, joints = _corners(path)
        cosines = _cosines(values, joints).tolist()
        self._inside = inside
        self._smooth = [joint for joint, cosine in zip(joints, cosines, strict=True) if cosine > _SMOOTH]

    def penalty(self, values: Tensor) -> Tensor:
        """0 where every curve behaves."""
        turned = torch.relu(0.15 - _cosines(values, self._inside)).sum()
        return 0.01 * turned + 0.03 * (1 - _cosines(values, self._smooth)).sum()


def _corners(path: SignPath) -> tuple[list[_Corner], list[_Corner]]:
    """Three points in a row: inside the control polygons of curves, and where a curve meets what comes before or after it."""
    inside: list[_Corner] = []
    joints: list[_Corner] = []
    for stroke in path.strokes:
        here, before, curved = stroke.start, None, False
        for command in stroke.commands[1:]:
            if before is not None and (curved or command.curved):
                joints.append((before, here, command.points[0]))
            polygon = (here, *command.points)
            inside += zip(polygon, polygon[1:], polygon[2:], strict=False)  # a line has none
            here, before, curved = command.end, polygon[-2], command.curved
        if stroke.closed and curved and before is not None:
            joints.append((before, here, stroke.commands[1].points[0]))
    return inside, joints


def _cosines(values: Tensor, corners: list[_Corner]) -> Tensor:
    """The cosine of the turn at each corner."""
    if not corners:
        return torch.zeros(0)
    points = values[torch.tensor(corners)]  # corners x 3 x 2
    one, other = points[:, 1] - points[:, 0], points[:, 2] - points[:, 1]
    lengths = (one.square().sum(1) + 0.05) * (other.square().sum(1) + 0.05)
    return (one * other).sum(1) / lengths.sqrt()


class _Fit:
    """One descent: the numbers of a path (mm) and the logarithms of its pens (strokes x 2), moved round by round."""

    def __init__(self, sign: Sign, picture: Picture, *, even: bool, shaken: torch.Generator | None) -> None:
        self._path, self._picture, self._even = path_of(sign), picture, even
        self._start = torch.tensor(self._path.values)
        moved = self._start.clone()
        if shaken is not None:
            moved += torch.randn(moved.shape, generator=shaken) * _SHAKEN_MM
        self._values = moved.requires_grad_(True)
        self._pens_start = torch.tensor(self._path.pens()).log()
        self._pens = self._pens_start.clone().requires_grad_(True)
        self._one_pen = torch.tensor([even or stroke.closed for stroke in self._path.strokes])[:, None]
        self._bends = _Bends(self._path, self._start)

    def go(self, stage: Round) -> None:
        """One round, with the rate falling by half a cosine."""
        target = _target(self._picture, self._path.cell, stage)
        raster = SoftRaster(self._path, stage.curve_steps)
        optimiser = torch.optim.Adam([{"params": [self._values]}, {"params": [self._pens]}], betas=(0.9, 0.98))
        for step in range(stage.steps):
            rate = _RATE * stage.rate * (0.1 + 0.45 * (1 + math.cos(math.pi * step / stage.steps)))
            optimiser.param_groups[0]["lr"], optimiser.param_groups[1]["lr"] = rate, rate * _PEN_RATE
            cover = raster.cover(self._values, self._widths(), target.places, stage.softness_mm)
            loss = _apart(cover, target.cover, hard=stage.softness_mm < _SOFT_FROM_MM) + self._strain()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            self._bound()

    def _widths(self) -> Tensor:
        """The pens in mm: strokes x 2."""
        widths = self._pens.exp()
        return torch.where(self._one_pen, widths.mean(1, keepdim=True), widths)

    def _strain(self) -> Tensor:
        """What it costs to bend curves, to go far, to taper, and to have pens that differ."""
        far = (self._values - self._start).square().sum()
        tapered = (self._pens[:, 0] - self._pens[:, 1]).square().sum()
        means = self._pens.mean(1)
        differing = (means - means.mean().detach()).square().sum()
        return self._bends.penalty(self._values) + 2e-5 * far + 2e-4 * tapered + 3e-4 * differing

    @torch.no_grad()
    def _bound(self) -> None:
        self._pens.clamp_(self._pens_start - _THINNER, self._pens_start + _THICKER)
        mean = self._pens.mean(1, keepdim=True)
        self._pens.copy_(mean + (self._pens - mean).clamp(-_TAPER, _TAPER))

    @torch.no_grad()
    def sign(self) -> Sign:
        """The sign as it is now."""
        widths = self._widths()
        pens = [(float(start), float(end)) for start, end in widths]
        return sign_of(self._path, self._values.tolist(), pens, float(widths.mean()))


def _apart(cover: Tensor, target: Tensor, *, hard: bool) -> Tensor:
    """1 minus the soft intersection over union: of products for a hard target, of least and most for a blurred one."""
    if hard:
        both = cover * target
        return 1 - both.sum() / (cover + target - both).sum()
    return 1 - torch.minimum(cover, target).sum() / torch.maximum(cover, target).sum()


def fit(sign: Sign, picture: Picture, *, even: bool = False, tries: int = 1, seed: int = 0) -> Fitted:
    """The sign fitted to its picture, or as it was where no try came out better; `even` pens do not taper, later tries start shaken."""
    best = Fitted(sign, overlap(sign, picture))
    for attempt in range(tries):
        shaken = torch.Generator().manual_seed(seed + attempt) if attempt else None
        descent = _Fit(sign, picture, even=even, shaken=shaken)
        for stage in ROUNDS:
            descent.go(stage)
        found = descent.sign()
        best = max(best, Fitted(found, overlap(found, picture)), key=lambda one: one.iou)
    return best


def main(arguments: list[str] | None = None) -> None:
    """The command: fits sign after sign and keeps in the JSON file what is best of each."""
    parser = argparse.ArgumentParser(prog="python -m lpr.training.sign_fit", description=__doc__)
    parser.add_argument("--set", dest="signs_of", type=SignSet, choices=list(SignSet), default=SignSet.ORDINARY)
    parser.add_argument("--signs", required=True, help="which signs, as 云京A")
    parser.add_argument("--pictures", required=True, type=Path, help="the folder with 140_云.jpg and the like")
    parser.add_argument("--out", required=True, type=Path, help="JSON file; better signs in it are kept")
    parser.add_argument(
        "--tries", type=int, default=1, help="descents for each sign, all but the first from shaken points"
    )
    parser.add_argument("--seed", type=int, default=0, help="what they are shaken with")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)  # a sign is too little work to share
    try:
        _fit_all(options.signs_of, options.signs, options.pictures, options.out, options.tries, options.seed)
    except ParkingError as error:
        sys.exit(f"sign_fit: {error}")


def _fit_all(signs: SignSet, characters: str, folder: Path, out: Path, tries: int, seed: int) -> None:
    if tries < 1:
        raise invalid("training.tries", "must be 1 or more", field="--tries")
    if not characters:
        raise invalid("training.signs", "names no sign", field="--signs")
    pictures = {character: picture_of(signs, character, folder) for character in characters}
    best = read_fitted(out) if out.exists() else {}
    if any(c in best and best[c].sign.cell != cell_of(signs, c) for c in pictures):
        raise invalid("training.out", f"{out.name} holds such signs of another set", field="--out")
    for character, picture in pictures.items():
        start = stretched(SIGN_SETS[signs][character], cell_of(signs, character))
        even = signs in (SignSet.UPPER, SignSet.LOWER) and character.isascii()
        found = fit(start, picture, even=even, tries=tries, seed=seed)
        if character not in best or found.iou > best[character].iou:
            best[character] = found
        write_fitted(out, best)
        sys.stderr.write(f"{signs} {character}  {overlap(start, picture):.3f} -> {found.iou:.3f}\n")


if __name__ == "__main__":
    main()
