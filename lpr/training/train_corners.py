"""The training of the first look's net: drawn scenes in, checkpoints and a log out.

The log's recall and precision are of drawn crops that are not trained on; real photographs are for measuring only, and elsewhere.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lpr.training import checkpoint
from lpr.training.detector_crops import Truth, cut_crop
from lpr.training.detector_net import CornerNet
from lpr.training.detector_targets import centres, loss_of, targets_of
from lpr.training.export_detector import released_weights
from lpr.training.options import TrainingOptions
from lpr.training.scene_ring import ENOUGH_TO_START, SceneRing, draw_numbered
from lpr.training.sitting import Log, Pace, Sitting, as_tensor, mean_of, wait_for

LOG_NAME = "corner_net.log.csv"
LOG_COLUMNS = (
    "minute",
    "samples",
    "drawn",
    "loss",
    "score",
    "corners",
    "rows",
    "kind",
    "recall",
    "precision",
    "corner_error",
)
_SHAPES = (
    ((192, 256), 8),
    ((256, 320), 5),
    ((320, 448), 3),
    ((96, 192), 16),
)  # height and width of crops; crops a batch
_SHARES = (0.52, 0.22, 0.14, 0.12)
PACE = Pace(peak_rate=2e-3, warm_steps=200, keep=0.9985, clip=10.0)
_LOSSES = ("loss", "score", "corners", "rows", "kind")
_HELD_OUT = 10**9  # scenes from this number on are for the log, never for training
_HELD_OUT_CROPS = 48
_FOUND = 0.4


def train_corners(options: TrainingOptions) -> Path:
    """Trains until the minutes are used up; the folder's checkpoint is the result."""
    saved = checkpoint.load(options.out) if options.resume else None
    first = released_weights() if options.from_released else None
    sitting = Sitting.begin(CornerNet, PACE, options.seed, saved=saved, weights=first)
    log = Log(options.out / LOG_NAME, LOG_COLUMNS, keep=options.resume)
    held_out = _held_out(options.seed)
    rng = np.random.default_rng([options.seed, sitting.drawn, 1])
    losses: list[dict[str, float]] = []
    with SceneRing(options.seed, sitting.drawn) as ring:

        def learn() -> None:
            size, count = _SHAPES[int(rng.choice(len(_SHAPES), p=_SHARES))]
            losses.append(_step(sitting, *ring.crops(count, size, rng)))
            sitting.samples += count

        def report() -> None:
            means = {name: mean_of([one[name] for one in losses]) for name in _LOSSES}
            log.write(sitting, means | measure(sitting.ema, *held_out, sitting.device))
            losses.clear()

        wait_for(ring, sitting.drawn + ENOUGH_TO_START)
        sitting.run(options, options.out, ring, learn, report)
    return options.out / checkpoint.FILE_NAME


def _step(sitting: Sitting[CornerNet], pictures: NDArray[np.uint8], truths: list[Truth]) -> dict[str, float]:
    height, width = pictures.shape[1:3]
    targets = targets_of(truths, height, width).to(sitting.device)
    reach = torch.from_numpy(centres(height, width)[1]).to(sitting.device)
    with torch.autocast(sitting.device.type, torch.bfloat16):
        answers = sitting.net(as_tensor(pictures, sitting.device))
    loss, parts = loss_of(answers.float(), targets, reach)
    return parts | {"loss": sitting.descend(loss)}


def _held_out(seed: int) -> tuple[NDArray[np.uint8], list[Truth]]:
    """Drawn crops that are not trained on."""
    size, truths = (256, 320), []
    pictures = np.empty((_HELD_OUT_CROPS, *size, 3), np.uint8)
    rng = np.random.default_rng([seed, _HELD_OUT])
    for i in range(_HELD_OUT_CROPS):
        image, numbers = draw_numbered(seed, _HELD_OUT + i)
        numbers = numbers[numbers[:, 8] > 0]
        corners, classes = numbers[:, :8].reshape(-1, 4, 2), numbers[:, 8:10].astype(np.int64)
        pictures[i], truth = cut_crop(image, corners, classes[:, 0], classes[:, 1], numbers[:, 10] > 0, size, rng)
        truths.append(truth)
    return pictures, truths


@torch.no_grad()
def measure(net: CornerNet, pictures: NDArray[np.uint8], truths: list[Truth], device: torch.device) -> dict[str, float]:
    """Of drawn crops: plates whose best cell is sure, sure cells that lie on a plate, and the corners' error in plate widths."""
    height, width = pictures.shape[1:3]
    points, reach, _ = centres(height, width)
    found, plates, right, sure = 0, 0, 0, 0
    errors: list[float] = []
    for first in range(0, len(pictures), 8):
        answers = net(as_tensor(pictures[first : first + 8], device)).float().cpu().numpy()
        targets = targets_of(truths[first : first + 8], height, width)
        score = 1 / (1 + np.exp(-answers[:, 0]))
        near = (targets.weight < 0.9).numpy() | (targets.score > 0).numpy()
        sure += int((score > _FOUND).sum())
        right += int(((score > _FOUND) & near).sum())
        for answer, scores, truth in zip(answers, score, truths[first : first + 8], strict=True):
            for corners in truth.corners[truth.counts]:
                wide = float(np.linalg.norm(corners[1] - corners[0] + corners[2] - corners[3])) / 2
                if wide < 16:
                    continue
                plates += 1
                here = np.abs(points - corners.mean(axis=0)).max(axis=1) < max(8.0, 0.2 * wide)
                best = int(np.where(here, scores, -1).argmax())
                if scores[best] > _FOUND:
                    found += 1
                    guess = answer[1:9, best].reshape(4, 2) * reach[best] + points[best]
                    errors.append(float(np.linalg.norm(guess - corners, axis=1).mean()) / wide)
    return {
        "recall": found / max(1, plates),
        "precision": right / max(1, sure),
        "corner_error": float(np.mean(errors)) if errors else math.nan,
    }
