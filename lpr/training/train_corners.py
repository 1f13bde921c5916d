"""The training of the first look's net: drawn scenes in, checkpoints and a log out; the learning rate follows the clock, not a count.

A sitting can end at any time and the next goes on from its checkpoint; `minutes` counts all sittings together. The log's recall and
precision are of drawn crops that are not trained on; real photographs are for measuring only, and elsewhere.
"""

from __future__ import annotations

import csv
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lpr.training import checkpoint
from lpr.training.detector_crops import Truth, cut_crop
from lpr.training.detector_net import CornerNet
from lpr.training.detector_targets import centres, loss_of, targets_of
from lpr.training.options import TrainingOptions
from lpr.training.scene_ring import SceneRing, draw_numbered

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
_PEAK_RATE = 2e-3
_WARM_STEPS = 200
_DECAY = 0.02
_EMA = 0.9985
_ENOUGH_TO_START = 60
_SAVE_EVERY_S = 60.0
_HELD_OUT = 10**9  # scenes from this number on are for the log, never for training
_HELD_OUT_CROPS = 48
_FOUND = 0.4


@dataclass(slots=True)
class _State:
    """What a sitting goes on from."""

    net: CornerNet
    ema: CornerNet
    optimiser: torch.optim.Optimizer
    minutes: float = 0.0
    steps: int = 0
    samples: int = 0
    drawn: int = 0


def train_corners(options: TrainingOptions) -> Path:
    """Trains until the minutes are used up; the folder's checkpoint is the result."""
    torch.manual_seed(options.seed)
    device = device_of_training()
    state = _start(options, device)
    log = _Log(options.out / LOG_NAME, keep=options.resume)
    held_out = _held_out(options.seed)
    with SceneRing(options.seed, state.drawn) as ring:
        wait_for(ring, state.drawn)
        _go(state, ring, options, device, log, held_out)
    return options.out / checkpoint.FILE_NAME


def device_of_training() -> torch.device:
    """A GPU where there is one, else one thread: a second one would spin, and the drawing needs the other core."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    cv2.setNumThreads(1)
    if device.type == "cpu":
        torch.set_num_threads(1)
    return device


def _start(options: TrainingOptions, device: torch.device) -> _State:
    net, ema = CornerNet(), CornerNet()
    saved: dict[str, Any] = {}
    if options.resume:
        saved = checkpoint.load(options.out)
        net.load_state_dict(saved["net"])
        ema.load_state_dict(saved["ema"])
    elif options.from_released:
        from lpr.training.export_detector import released_weights

        net.load_state_dict(released_weights())
    for each in (net, ema):
        each.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    state = _State(net, ema, torch.optim.AdamW(net.parameters(), _PEAK_RATE, weight_decay=_DECAY, fused=True))
    if options.resume:
        state.optimiser.load_state_dict(saved["optimiser"])
        state.minutes, state.steps = saved["minutes"], saved["steps"]
        state.samples, state.drawn = saved["samples"], saved["drawn"]
    else:
        ema.load_state_dict(net.state_dict())
    ema.eval()
    return state


def wait_for(ring: SceneRing, drawn_before: int) -> None:
    """Until there are scenes enough to begin with."""
    while ring.drawn < drawn_before + _ENOUGH_TO_START:
        ring.check()
        time.sleep(0.2)


def _go(
    state: _State,
    ring: SceneRing,
    options: TrainingOptions,
    device: torch.device,
    log: _Log,
    held_out: tuple[NDArray[np.uint8], list[Truth]],
) -> None:
    rng = np.random.default_rng([options.seed, state.drawn, 1])
    before, started_s = state.minutes, time.monotonic()
    saved_s = started_s
    parts: list[dict[str, float]] = []
    state.net.train()
    while True:
        now_s = time.monotonic()
        state.minutes = before + (now_s - started_s) / 60
        done = state.minutes >= options.minutes
        if done or now_s - saved_s >= _SAVE_EVERY_S:
            saved_s, state.drawn = now_s, ring.drawn
            checkpoint.save(options.out, _plain(state, options))
            log.write(state, parts, measure(state.ema, *held_out, device))
            parts = []
            ring.check()
        if done:
            return
        for group in state.optimiser.param_groups:
            group["lr"] = rate_at(state.minutes / options.minutes, state.steps)
        size, count = _SHAPES[int(rng.choice(len(_SHAPES), p=_SHARES))]
        pictures, truths = ring.crops(count, size, rng)
        parts.append(_step(state, pictures, truths, device))
        state.steps += 1
        state.samples += count


def rate_at(progress: float, step: int) -> float:
    """The learning rate: a short rise, then half a cosine to nothing."""
    return _PEAK_RATE * min(1.0, (step + 1) / _WARM_STEPS) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def _step(state: _State, pictures: NDArray[np.uint8], truths: list[Truth], device: torch.device) -> dict[str, float]:
    height, width = pictures.shape[1:3]
    targets = targets_of(truths, height, width).to(device)
    reach = torch.from_numpy(centres(height, width)[1]).to(device)
    with torch.autocast(device.type, torch.bfloat16):
        answers = state.net(as_tensor(pictures, device))
    loss, parts = loss_of(answers.float(), targets, reach)
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.net.parameters(), 10.0)
    state.optimiser.step()
    follow(state.ema, state.net, min(_EMA, (1 + state.steps) / (10 + state.steps)))
    return parts | {"loss": float(loss.detach())}


@torch.no_grad()
def follow(ema: nn.Module, net: nn.Module, keep: float) -> None:
    torch._foreach_lerp_(list(ema.parameters()), list(net.parameters()), 1 - keep)
    for mine, other in zip(ema.buffers(), net.buffers(), strict=True):
        if mine.is_floating_point():
            mine.lerp_(other, 1 - keep)


def as_tensor(pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
    """N x H x W x 3 bytes to N x 3 x H x W in 0..1; the memory stays channels-last."""
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 255


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


def _plain(state: _State, options: TrainingOptions) -> dict[str, Any]:
    return {
        "net": state.net.state_dict(),
        "ema": state.ema.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "minutes": state.minutes,
        "steps": state.steps,
        "samples": state.samples,
        "drawn": state.drawn,
        "seed": options.seed,
    }


class _Log:
    """One line a minute, to a CSV file and to the terminal."""

    def __init__(self, path: Path, *, keep: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        if not (keep and path.exists()):
            path.write_text(",".join(LOG_COLUMNS) + "\n")

    def write(self, state: _State, parts: list[dict[str, float]], shares: dict[str, float]) -> None:
        row: dict[str, Any] = {"minute": f"{state.minutes:.1f}", "samples": state.samples, "drawn": state.drawn}
        for name in ("loss", "score", "corners", "rows", "kind"):
            row[name] = f"{np.mean([part[name] for part in parts]):.4f}" if parts else "nan"
        row |= {name: f"{share:.4f}" for name, share in shares.items()}
        with self._path.open("a", newline="") as file:
            csv.DictWriter(file, LOG_COLUMNS).writerow(row)
        print("  ".join(f"{name} {value}" for name, value in row.items()), file=sys.stderr, flush=True)  # noqa: T201
