"""Which cell answers for which plate, and what a wrong answer costs.

A plate belongs to the fine map when it is narrower than 96 px, to the coarse one from 64 px; between, to both. Cells in its core must
find it; round the core a false alarm costs less the nearer it is; plates that are half hidden cost nothing either way.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lpr.training.detector_crops import WIDEST_PX, Truth
from lpr.training.detector_net import REACH_PX, STRIDES

_FINE_BELOW_PX, _COARSE_FROM_PX = 96.0, 64.0
_CORE = 0.42  # of the plate's half width and half height
_SPREAD = 0.5
_NARROWEST_PX = 11.0


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """For each cell of a batch (B x cells): score wanted, weight of a false alarm, corners (… x 8, offsets), size, rows, kind."""

    score: Tensor
    weight: Tensor
    offsets: Tensor
    size: Tensor
    rows: Tensor
    kind: Tensor

    def to(self, device: torch.device) -> Targets:
        """The same on another device."""
        return Targets(*(getattr(self, field.name).to(device) for field in fields(self)))


def centres(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Centres (cells x 2 px), reach (cells) and map (cells) of all cells of a picture."""
    points, reach, level = [], [], []
    for index, stride in enumerate(STRIDES):
        ys, xs = np.mgrid[: height // stride, : width // stride].astype(np.float32)
        points.append(np.stack([xs.ravel(), ys.ravel()], axis=1) * stride + stride / 2)
        reach.append(np.full(xs.size, REACH_PX[index], np.float32))
        level.append(np.full(xs.size, index, np.int64))
    return np.concatenate(points), np.concatenate(reach), np.concatenate(level)


def targets_of(truths: list[Truth], height: int, width: int) -> Targets:
    """Targets of a batch of crops of one size."""
    points, reach, level = centres(height, width)
    count = len(points)
    score = np.zeros((len(truths), count), np.float32)
    weight = np.ones((len(truths), count), np.float32)
    offsets = np.zeros((len(truths), count, 8), np.float32)
    size = np.ones((len(truths), count), np.float32)
    rows = np.zeros((len(truths), count), np.float32)
    kind = np.zeros((len(truths), count), np.int64)
    for b, truth in enumerate(truths):
        for corners, row, ground, wanted in zip(truth.corners, truth.rows, truth.kinds, truth.counts, strict=True):
            u, v = _within(corners, points)
            wide = float(np.linalg.norm(corners[1] - corners[0] + corners[2] - corners[3])) / 2
            high = float(np.linalg.norm(corners[3] - corners[0] + corners[2] - corners[1])) / 2
            if not wanted or wide < _NARROWEST_PX or wide > WIDEST_PX:
                weight[b][(np.abs(u) < 1.3) & (np.abs(v) < 1.5)] = 0
                continue
            near = np.exp(-(u**2 + v**2) / (2 * _SPREAD**2))
            weight[b] = np.minimum(weight[b], (1 - near) ** 4)
            for index in range(2):
                if (index == 0 and wide > _FINE_BELOW_PX) or (index == 1 and wide < _COARSE_FROM_PX):
                    continue
                here = level == index
                core = here & (np.abs(u) < _CORE) & (np.abs(v) < _CORE)
                nearest = np.where(here, np.abs(points - corners.mean(axis=0)).max(axis=1), np.inf).argmin()
                core[nearest] = True
                score[b][core] = 1
                weight[b][core] = 1
                offsets[b][core] = ((corners[None] - points[core][:, None]) / reach[core][:, None, None]).reshape(-1, 8)
                size[b][core] = np.sqrt(wide * high)
                rows[b][core] = row - 1
                kind[b][core] = ground
    return Targets(*(torch.from_numpy(field) for field in (score, weight, offsets, size, rows, kind)))


def _within(
    corners: NDArray[np.float32], points: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Places of points in a plate: -1 to 1 across and down it (perspective left out)."""
    centre = corners.mean(axis=0)
    across = (corners[1] - corners[0] + corners[2] - corners[3]) / 4
    down = (corners[3] - corners[0] + corners[2] - corners[1]) / 4
    area = across[0] * down[1] - across[1] * down[0]
    area = area if abs(area) > 1e-3 else 1e-3
    apart = points - centre
    u = (apart[:, 0] * down[1] - apart[:, 1] * down[0]) / area
    v = (apart[:, 1] * across[0] - apart[:, 0] * across[1]) / area
    return u, v


def loss_of(answers: Tensor, targets: Targets, reach: Tensor) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch (answers B x 16 x cells, float32) and its parts."""
    logit = answers[:, 0]
    found = targets.score > 0.5
    number = found.sum().clamp(min=1)
    chance = torch.sigmoid(logit)
    missed = functional.softplus(-logit) * (1 - chance) ** 2 * found
    alarmed = functional.softplus(logit) * chance**2 * (1 - targets.score) * targets.weight
    score = (missed.sum() + alarmed.sum()) / number
    rows_of = answers.permute(0, 2, 1)[found]
    away = (rows_of[:, 1:9] - targets.offsets[found]) * reach.expand(found.shape)[found][:, None]
    corners = functional.smooth_l1_loss(
        away / targets.size[found][:, None], torch.zeros_like(away), beta=0.05, reduction="sum"
    ) / (8 * number)
    rows = functional.binary_cross_entropy_with_logits(rows_of[:, 9], targets.rows[found], reduction="sum") / number
    kind = functional.cross_entropy(rows_of[:, 10:], targets.kind[found], reduction="sum") / number
    total = score + 8 * corners + 0.3 * rows + 0.5 * kind
    parts = {"score": score, "corners": corners, "rows": rows, "kind": kind}
    return total, {name: float(part.detach()) for name, part in parts.items()}
