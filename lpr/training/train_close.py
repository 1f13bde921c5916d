"""The training of the close look's net: views of drawn scenes in, checkpoints and a log out; like the detector's, and much shorter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lpr import weights
from lpr.detectors.close_view import PLATE_PX, REACH_PX
from lpr.engine import Engine
from lpr.training import checkpoint
from lpr.training.close_net import CloseNet
from lpr.training.close_views import CloseTruth, cut_view
from lpr.training.export_detector import CLOSE_NAME, FOLDER, NAME, export_finder, released_weights
from lpr.training.options import TrainingOptions
from lpr.training.scene_ring import ENOUGH_TO_START, SceneRing, draw_numbered, found_in
from lpr.training.sitting import Log, Sitting, as_tensor, mean_of, wait_for
from lpr.training.train_corners import PACE

LOG_NAME = "close_net.log.csv"
LOG_COLUMNS = (
    "minute",
    "samples",
    "drawn",
    "loss",
    "recall",
    "false_alarms",
    "corner_error",
    "rows_right",
    "kind_right",
)
_BATCH = 64
_PACE = replace(PACE, keep=0.998)
_HELD_OUT, _HELD_OUT_SCENES, _VIEWS_EACH = 2 * 10**9, 60, 4


def train_close(options: TrainingOptions) -> Path:
    """Trains until the minutes are used up; the checkpoint in the folder's `close` is the result."""
    out = options.out / FOLDER
    sitting = _begin(options, out)
    finder = export_finder(options.out) if (options.out / checkpoint.FILE_NAME).is_file() else weights.own(NAME)
    held_out = _held_out(options.seed, Engine(finder))
    log = Log(out / LOG_NAME, LOG_COLUMNS, keep=options.resume)
    rng = np.random.default_rng([options.seed, sitting.drawn, 2])
    losses: list[float] = []
    with SceneRing(options.seed + 1, sitting.drawn, finder) as ring:

        def learn() -> None:
            losses.append(_step(sitting, *_views(ring, rng)))
            sitting.samples += _BATCH

        def report() -> None:
            log.write(sitting, {"loss": mean_of(losses)} | measure(sitting.ema, *held_out, sitting.device))
            losses.clear()

        wait_for(ring, sitting.drawn + ENOUGH_TO_START)
        sitting.run(options, out, ring, learn, report)
    return out / checkpoint.FILE_NAME


def _begin(options: TrainingOptions, out: Path) -> Sitting[CloseNet]:
    if options.resume and (out / checkpoint.FILE_NAME).is_file():
        return Sitting.begin(CloseNet, _PACE, options.seed, saved=checkpoint.load(out))
    first = released_weights(CLOSE_NAME) if options.from_released else None
    return Sitting.begin(CloseNet, _PACE, options.seed, weights=first)


def _views(ring: SceneRing, rng: np.random.Generator) -> tuple[NDArray[np.uint8], list[CloseTruth]]:
    pictures: list[NDArray[np.uint8]] = []
    truths: list[CloseTruth] = []
    while len(truths) < _BATCH:
        cut = cut_numbered(*ring.scene(rng), rng)
        if cut is not None:
            pictures.append(cut[0])
            truths.append(cut[1])
    ring.took(_BATCH // 4)
    return np.stack(pictures), truths


def cut_numbered(
    image: NDArray[np.uint8], numbers: NDArray[np.float32], found: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], CloseTruth] | None:
    """A view of a scene whose plates come as numbers (N x 11), and in which a first look `found` something (M x 4 x 2)."""
    classes = numbers[:, 8:10].astype(np.int64)
    corners, counts = numbers[:, :8].reshape(-1, 4, 2), numbers[:, 10] > 0
    return cut_view(image, corners, classes[:, 0], classes[:, 1], counts, found, rng)


def _step(sitting: Sitting[CloseNet], pictures: NDArray[np.uint8], truths: list[CloseTruth]) -> float:
    with torch.autocast(sitting.device.type, torch.bfloat16):
        answers = sitting.net(as_tensor(pictures, sitting.device))
    return sitting.descend(loss_of(answers.float(), truths))


def loss_of(answers: Tensor, truths: list[CloseTruth]) -> Tensor:
    """The loss of a batch (answers N x 16, float32)."""
    device = answers.device
    plate = torch.tensor([truth.plate for truth in truths], device=device)
    score = functional.binary_cross_entropy_with_logits(answers[:, 0], plate.float())
    if not plate.any():
        return score
    of_plates = [truth for truth in truths if truth.plate]
    found = answers[plate]
    offsets = torch.from_numpy(np.stack([truth.offsets.ravel() for truth in of_plates])).to(device)
    corners = functional.smooth_l1_loss(found[:, 1:9] * REACH_PX / PLATE_PX, offsets * REACH_PX / PLATE_PX, beta=0.01)
    rows = torch.tensor([truth.rows - 1.0 for truth in of_plates], device=device)
    kinds = torch.tensor([truth.kind for truth in of_plates], device=device)
    two_rows = functional.binary_cross_entropy_with_logits(found[:, 9], rows)
    return score + 20 * corners + 0.3 * two_rows + 0.3 * functional.cross_entropy(found[:, 10:], kinds)


def _held_out(seed: int, finder: Engine) -> tuple[NDArray[np.uint8], list[CloseTruth]]:
    pictures: list[NDArray[np.uint8]] = []
    truths: list[CloseTruth] = []
    rng = np.random.default_rng([seed, _HELD_OUT])
    for number in range(_HELD_OUT_SCENES):
        image, numbers = draw_numbered(seed, _HELD_OUT + number)
        found = found_in(image, finder)
        for _ in range(_VIEWS_EACH):
            cut = cut_numbered(image, numbers[numbers[:, 8] > 0], found, rng)
            if cut is not None:
                pictures.append(cut[0])
                truths.append(cut[1])
    return np.stack(pictures), truths


@torch.no_grad()
def measure(
    net: CloseNet, pictures: NDArray[np.uint8], truths: list[CloseTruth], device: torch.device
) -> dict[str, float]:
    """Of drawn views that are not trained on: plates known, others taken for plates, the corners' error in plate widths, classes right."""
    answers = net(as_tensor(pictures, device)).float().cpu().numpy()
    plate = np.array([truth.plate for truth in truths])
    sure = answers[:, 0] > 0
    of_plates = [truth for truth in truths if truth.plate]
    found = answers[plate]
    offsets = np.stack([truth.offsets for truth in of_plates])
    apart = np.linalg.norm(found[:, 1:9].reshape(-1, 4, 2) - offsets, axis=2).mean(axis=1) * REACH_PX / PLATE_PX
    return {
        "recall": float(sure[plate].mean()),
        "false_alarms": float(sure[~plate].mean()),
        "corner_error": float(apart.mean()),
        "rows_right": float(np.mean((found[:, 9] > 0) == np.array([truth.rows == 2 for truth in of_plates]))),
        "kind_right": float(np.mean(found[:, 10:].argmax(axis=1) == np.array([truth.kind for truth in of_plates]))),
    }
