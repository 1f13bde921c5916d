"""Strokes to soft masks that a gradient passes through: every stretch of a centreline is a quadrilateral with blurred sides.

The edges are those of `lpr.drawing.strokes` (square ends, mitred corners); a place is as covered as its best quadrilateral covers it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lpr.training.sign_paths import Command, Coordinates, PathStroke, SignPath

_LONGEST_MITRE = 5.5
"""In half pens, as `lpr.drawing.strokes` has it."""
_OVERLAP = 3.0
"""By how much softness the quadrilaterals of one stroke reach into their neighbours, so that no seam shows."""
_Weights = list[tuple[int, float]]


class SoftRaster:
    """What stays while the numbers of a path move: the points of its centrelines as weights over control points, and their order.

    `steps` is how many straight pieces stand for a curve.
    """

    def __init__(self, path: SignPath, steps: int) -> None:
        self._steps = steps
        self._control: dict[Coordinates, int] = {}
        points: list[_Weights] = []
        pieces: list[tuple[int, int]] = []  # between which two points
        owners: list[int] = []
        free: list[tuple[bool, bool]] = []  # whether a piece begins or ends a stroke that is open
        self._spans: list[tuple[int, int, bool]] = []  # first piece, number of pieces, closed
        for owner, stroke in enumerate(path.strokes):
            own = self._points(stroke)
            count = len(own) if stroke.closed else len(own) - 1
            self._spans.append((len(pieces), count, stroke.closed))
            for i in range(count):
                pieces.append((len(points) + i, len(points) + (i + 1) % len(own)))
                owners.append(owner)
                free.append((not stroke.closed and i == 0, not stroke.closed and i == count - 1))
            points += own
        self._weights = torch.zeros(len(points), len(self._control))
        for row, weights in enumerate(points):
            for column, weight in weights:
                self._weights[row, column] += weight
        self._x = torch.tensor([x for x, _ in self._control])
        self._y = torch.tensor([y for _, y in self._control])
        self._from = torch.tensor([start for start, _ in pieces])
        self._to = torch.tensor([end for _, end in pieces])
        self._owner = torch.tensor(owners)
        self._inner = 1 - torch.tensor(free).float()
        self._link(len(pieces))

    def _points(self, stroke: PathStroke) -> list[_Weights]:
        """The points of a centreline, each as weights over control points."""
        points: list[_Weights] = []
        last = stroke.start
        for command in stroke.commands:
            points += self._reached(command, last)
            last = command.end
        return points[:-1] if stroke.comes_round else points

    def _reached(self, command: Command, last: Coordinates) -> list[_Weights]:
        if not command.curved:
            return [[(self._index(command.end), 1.0)]]
        control = [self._index(point) for point in (last, *command.points)]
        reached: list[_Weights] = []
        for step in range(1, self._steps + 1):
            reached.append(list(zip(control, _bernstein(step / self._steps, len(control)), strict=True)))
        return reached

    def _index(self, point: Coordinates) -> int:
        return self._control.setdefault(point, len(self._control))

    def _link(self, count: int) -> None:
        """Which pieces lie before each piece of its stroke, which belong to the stroke, and its neighbours (count x count, count)."""
        self._so_far, self._whole = torch.zeros(count, count), torch.zeros(count, count)
        self._before = torch.zeros(count, dtype=torch.long)
        self._after = torch.zeros(count, dtype=torch.long)
        for first, pieces, closed in self._spans:
            for i in range(pieces):
                self._so_far[first + i, first : first + i + 1] = 1
                self._whole[first + i, first : first + pieces] = 1
                self._before[first + i] = first + ((i - 1) % pieces if closed else max(i - 1, 0))
                self._after[first + i] = first + ((i + 1) % pieces if closed else min(i + 1, pieces - 1))

    def _quads(self, values: Tensor, pens: Tensor) -> Tensor:
        """The painted quadrilateral of every piece, in mm: pieces x 4 x 2."""
        points = self._weights @ torch.stack([values[self._x], values[self._y]], 1)
        start, end = points[self._from], points[self._to]
        along = end - start
        length = (along.square().sum(1, keepdim=True) + 1e-6).sqrt()
        along = along / length
        normal = torch.stack([along[:, 1], -along[:, 0]], 1)
        whole = self._whole @ length
        way = (self._so_far @ length) / whole
        pen = pens[self._owner]
        at_start = _mitre(normal[self._before], normal) * _pen_at(pen, way - length / whole) / 2
        at_end = _mitre(normal, normal[self._after]) * _pen_at(pen, way) / 2
        return torch.stack([start + at_start, end + at_end, end - at_end, start - at_start], 1)

    def cover(self, values: Tensor, pens: Tensor, places: Tensor, softness_mm: float) -> Tensor:
        """How covered each of the places (2 x N, mm) is, 0 to 1, by strokes with these numbers (mm) and pens (strokes x 2, mm)."""
        corners = self._quads(values, pens)
        following = corners.roll(-1, 1)
        side = following - corners
        side = side / (side.square().sum(2, keepdim=True) + 1e-8).sqrt()
        inward = torch.stack([-side[..., 1], side[..., 0]], -1)
        area = (corners * following.flip(2) * torch.tensor([1.0, -1.0])).sum((1, 2))
        inward = inward * torch.where(area >= 0, 1.0, -1.0)[:, None, None]
        offset = -(inward * corners).sum(2)
        reach = torch.zeros_like(offset)
        reach[:, 3], reach[:, 1] = self._inner[:, 0], self._inner[:, 1]
        offset = offset + reach * (_OVERLAP * softness_mm)
        with torch.no_grad():  # which side of which quadrilateral tells, place by place: the gradient needs no other
            depths = torch.addmm(offset.reshape(-1, 1), inward.reshape(-1, 2), places).reshape(len(corners), 4, -1)
            depth, side_of = depths.min(1)
            _, best = depth.max(0)
            telling = best * 4 + side_of.gather(0, best[None])[0]
        depth = (inward.reshape(-1, 2)[telling] * places.t()).sum(1) + offset.reshape(-1)[telling]
        return torch.sigmoid(depth / softness_mm)


def _bernstein(t: float, points: int) -> Sequence[float]:
    """The weights of the control points of a curve (three or four of them) at `t` in 0..1."""
    s = 1 - t
    if points == 4:
        return s**3, 3 * s * s * t, 3 * s * t * t, t**3
    return s * s, 2 * s * t, t * t


def _mitre(one: Tensor, other: Tensor) -> Tensor:
    """The corner's offset for two neighbouring normals, in half pens."""
    mitre = (one + other) / (1 + (one * other).sum(1, keepdim=True)).clamp_min(1e-3)
    length = (mitre.square().sum(1, keepdim=True) + 1e-8).sqrt()
    return mitre * torch.clamp(_LONGEST_MITRE / length, max=1)


def _pen_at(pen: Tensor, way: Tensor) -> Tensor:
    """The pen's width in mm after a share of the way."""
    return pen[:, :1] + (pen[:, 1:] - pen[:, :1]) * way
