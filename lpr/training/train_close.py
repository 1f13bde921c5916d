"""The training of the close look's net: views of drawn scenes in, checkpoints and a log out; like the detector's, and much shorter."""

from __future__ import annotations

import csv
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lpr import weights
from lpr.detectors.close_view import PLATE_PX, REACH_PX
from lpr.engine import Engine
from lpr.training import checkpoint
from lpr.training.close_net import CloseNet
from lpr.training.close_views import CloseTruth, cut_view
from lpr.training.export_detector import CLOSE_NAME, FOLDER, NAME, export_finder, released_weights
from lpr.training.options import TrainingOptions
from lpr.training.scene_ring import SceneRing, draw_numbered, found_in
from lpr.training.train_corners import as_tensor, device_of_training, follow, rate_at, wait_for

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
_SAVE_EVERY_S = 60.0
_EMA = 0.998
_HELD_OUT, _HELD_OUT_SCENES, _VIEWS_EACH = 2 * 10**9, 60, 4


@dataclass(slots=True)
class _State:
    """What a sitting goes on from."""

    net: CloseNet
    ema: CloseNet
    optimiser: torch.optim.Optimizer
    minutes: float = 0.0
    steps: int = 0
    drawn: int = 0


def train_close(options: TrainingOptions) -> Path:
    """Trains until the minutes are used up; the checkpoint in the folder's `close` is the result."""
    torch.manual_seed(options.seed)
    device = device_of_training()
    out = options.out / FOLDER
    out.mkdir(parents=True, exist_ok=True)
    state = _start(options, out, device)
    finder = export_finder(options.out) if (options.out / checkpoint.FILE_NAME).is_file() else weights.own(NAME)
    held_out = _held_out(options.seed, Engine(finder))
    log = out / LOG_NAME
    if not (options.resume and log.exists()):
        log.write_text(",".join(LOG_COLUMNS) + "\n")
    with SceneRing(options.seed + 1, state.drawn, finder) as ring:
        wait_for(ring, state.drawn)
        _go(state, ring, options, out, device, held_out)
    return out / checkpoint.FILE_NAME


def _start(options: TrainingOptions, out: Path, device: torch.device) -> _State:
    net, ema = CloseNet(), CloseNet()
    saved: dict[str, Any] = {}
    if options.resume and (out / checkpoint.FILE_NAME).is_file():
        saved = checkpoint.load(out)
        net.load_state_dict(saved["net"])
        ema.load_state_dict(saved["ema"])
    elif options.from_released:
        net.load_state_dict(released_weights(CLOSE_NAME))
    for each in (net, ema):
        each.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    state = _State(net, ema, torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=0.02, fused=True))
    if saved:
        state.optimiser.load_state_dict(saved["optimiser"])
        state.minutes, state.steps, state.drawn = saved["minutes"], saved["steps"], saved["drawn"]
    else:
        ema.load_state_dict(net.state_dict())
    ema.eval()
    return state


def _go(
    state: _State,
    ring: SceneRing,
    options: TrainingOptions,
    out: Path,
    device: torch.device,
    held_out: tuple[NDArray[np.uint8], list[CloseTruth]],
) -> None:
    rng = np.random.default_rng([options.seed, state.drawn, 2])
    before, started_s = state.minutes, time.monotonic()
    saved_s = started_s
    losses: list[float] = []
    state.net.train()
    while True:
        now_s = time.monotonic()
        state.minutes = before + (now_s - started_s) / 60
        done = state.minutes >= options.minutes
        if done or now_s - saved_s >= _SAVE_EVERY_S:
            saved_s, state.drawn = now_s, ring.drawn
            checkpoint.save(out, _plain(state, options))
            _log(
                out / LOG_NAME,
                state,
                float(np.mean(losses)) if losses else math.nan,
                measure(state.ema, *held_out, device),
            )
            losses = []
            ring.check()
        if done:
            return
        for group in state.optimiser.param_groups:
            group["lr"] = rate_at(state.minutes / options.minutes, state.steps)
        pictures, truths = _views(ring, rng)
        losses.append(_step(state, pictures, truths, device))
        state.steps += 1


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


def _step(state: _State, pictures: NDArray[np.uint8], truths: list[CloseTruth], device: torch.device) -> float:
    with torch.autocast(device.type, torch.bfloat16):
        answers = state.net(as_tensor(pictures, device))
    loss = loss_of(answers.float(), truths)
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.net.parameters(), 10.0)
    state.optimiser.step()
    follow(state.ema, state.net, min(_EMA, (1 + state.steps) / (10 + state.steps)))
    return float(loss.detach())


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


def _plain(state: _State, options: TrainingOptions) -> dict[str, Any]:
    return {
        "net": state.net.state_dict(),
        "ema": state.ema.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "minutes": state.minutes,
        "steps": state.steps,
        "samples": state.steps * _BATCH,
        "drawn": state.drawn,
        "seed": options.seed,
    }


def _log(path: Path, state: _State, loss: float, shares: dict[str, float]) -> None:
    row: dict[str, Any] = {
        "minute": f"{state.minutes:.1f}",
        "samples": state.steps * _BATCH,
        "drawn": state.drawn,
        "loss": f"{loss:.4f}",
    } | {name: f"{share:.4f}" for name, share in shares.items()}
    with path.open("a", newline="") as file:
        csv.DictWriter(file, LOG_COLUMNS).writerow(row)
    print("close  " + "  ".join(f"{name} {value}" for name, value in row.items()), file=sys.stderr, flush=True)  # noqa: T201
