"""The training of the plate reader: drawn plates in, checkpoints and a log out; the learning rate follows the clock, not a count.

A sitting can end at any time and the next goes on from its checkpoint; `minutes` counts all sittings together.
"""

from __future__ import annotations

import csv
import math
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lpr import weights
from lpr.training import checkpoint
from lpr.training.export import NAME, export_reader, released_weights
from lpr.training.options import TrainingOptions
from lpr.training.plates import DIGITS, LETTERS, PROVINCES, SIGNS, SLOTS
from lpr.training.reader_net import STEPS, PlateNet
from lpr.training.real_plates import RealPlates, look_at
from lpr.training.stock import RAMP_PLATES, Batch, Stock
from parking.kernel.errors import ErrorKind, ParkingError

LOG_NAME = "plate_net.log.csv"
LOG_COLUMNS = ("minute", "samples", "drawn", "loss", "exact", "without_province", "province", "exact_by_steps")
_BATCH = 128
_PEAK_RATE, _PEAK_RATE_WARM = 2.5e-3, 1.2e-3  # from nothing; from weights that can read
_WARM_STEPS = 300
_DECAY = 0.02
_SMOOTHING = 0.02
_FIRST_COUNTS = 2.5  # times as much as another place: the province is the hardest sign
_STEPS_SHARE, _COLOUR_SHARE = 0.3, 0.1
_FIRST_LETTER = len(PROVINCES) + len(DIGITS)  # classes up to here are others
_EMA = 0.998
_MEAN_FROM = 0.5
"""Share of the time from which on the weights of every minute go into the mean that is shipped: it reads real plates better than the
last ones, which know drawings best (stochastic weight averaging, Izmailov et al. 2018)."""
_ENOUGH_TO_START = 4_000
_SAVE_EVERY_S = 60.0


@dataclass(slots=True)
class _State:
    """What a sitting goes on from."""

    net: PlateNet
    ema: PlateNet
    optimiser: torch.optim.Optimizer
    peak_rate: float = _PEAK_RATE
    minutes: float = 0.0
    samples: int = 0
    drawn: int = 0
    mean: dict[str, Tensor] = field(default_factory=dict)
    means: int = 0


def train_reader(options: TrainingOptions) -> Path:
    """Trains until the minutes are used up; gives the ONNX file, which lies beside checkpoint and log in the folder."""
    torch.manual_seed(options.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        torch.set_num_threads(1)
    state = _start(options, device)
    checks = look_at(options.check) if options.check else None
    log = _Log(options.out / LOG_NAME, keep=options.resume)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # either way of stopping leaves a checkpoint
    with Stock(options.seed, state.drawn) as stock:
        _wait_for(stock, state.drawn + _ENOUGH_TO_START)
        try:
            _go(state, stock, options, device, checks, log)
        except KeyboardInterrupt:
            state.drawn = stock.drawn
            checkpoint.save(options.out, _plain(state, options))
            raise
    return export_reader(options.out)


def _start(options: TrainingOptions, device: torch.device) -> _State:
    net, ema = PlateNet(), PlateNet()
    state = _State(net, ema, torch.optim.AdamW(net.parameters(), _PEAK_RATE, weight_decay=_DECAY, fused=True))
    if options.resume:
        saved = checkpoint.load(options.out)
        net.load_state_dict(saved["net"])
        ema.load_state_dict(saved["ema"])
        state.minutes, state.samples, state.drawn = saved["minutes"], saved["samples"], saved["drawn"]
        state.peak_rate = saved.get("peak_rate", _PEAK_RATE)
        state.mean, state.means = saved.get("mean", {}), saved.get("means", 0)
    elif options.from_released:
        net.load_state_dict(released_weights(weights.own(NAME)))
        state.peak_rate, state.drawn = _PEAK_RATE_WARM, RAMP_PLATES
    for each in (net, ema):
        each.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if options.resume:
        state.optimiser.load_state_dict(saved["optimiser"])
    else:
        ema.load_state_dict(net.state_dict())
    ema.eval()
    return state


def _wait_for(stock: Stock, drawn: int) -> None:
    while stock.drawn < drawn:
        if not stock.alive():
            raise ParkingError(
                ErrorKind.UNAVAILABLE, "training.drawing", "the drawing process ended; see its message above"
            )
        time.sleep(0.2)


def _go(
    state: _State, stock: Stock, options: TrainingOptions, device: torch.device, checks: RealPlates | None, log: _Log
) -> None:
    before, started_s = state.minutes, time.monotonic()
    saved_s = started_s
    losses: list[float] = []
    state.net.train()
    while True:
        now_s = time.monotonic()
        state.minutes = before + (now_s - started_s) / 60
        done = state.minutes >= options.minutes
        if done or now_s - saved_s >= _SAVE_EVERY_S:
            saved_s, state.drawn = now_s, stock.drawn
            if state.minutes >= _MEAN_FROM * options.minutes:
                _take_mean(state)
            checkpoint.save(options.out, _plain(state, options))
            log.write(state, float(np.mean(losses)) if losses else math.nan, checks, device)
            losses = []
        if done:
            return
        if not stock.alive():
            raise ParkingError(
                ErrorKind.UNAVAILABLE, "training.drawing", "the drawing process ended; see its message above"
            )
        for group in state.optimiser.param_groups:
            group["lr"] = rate_at(state.minutes / options.minutes, state.samples // _BATCH, state.peak_rate)
        losses.append(_step(state, stock.batch(_BATCH), device))
        state.samples += _BATCH


def rate_at(progress: float, step: int, peak: float = _PEAK_RATE) -> float:
    """The learning rate: a short rise, then half a cosine to nothing."""
    return peak * min(1.0, (step + 1) / _WARM_STEPS) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def _step(state: _State, batch: Batch, device: torch.device) -> float:
    pictures = _tensor(batch.pictures, device)
    places, colours = torch.from_numpy(batch.places).to(device), torch.from_numpy(batch.colours).to(device)
    with torch.autocast(device.type, torch.bfloat16):
        by_place, by_step, ground = state.net(pictures)
    loss = loss_of(by_place.float(), by_step.float(), ground.float(), places, colours)
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.net.parameters(), 5.0)
    state.optimiser.step()
    _follow(state.ema, state.net, min(_EMA, (1 + state.samples / _BATCH) / (10 + state.samples / _BATCH)))
    return float(loss.detach())


def loss_of(by_place: Tensor, by_step: Tensor, ground: Tensor, places: Tensor, colours: Tensor) -> Tensor:
    """Cross-entropy of the places, some CTC of the steps, a little of the ground's colour; logits in, one number out."""
    each = functional.cross_entropy(
        by_place.flatten(0, 1), places.flatten(), label_smoothing=_SMOOTHING, reduction="none"
    ).unflatten(0, places.shape)
    slots = (each.mean() * SLOTS + each[:, 0].mean() * (_FIRST_COUNTS - 1)) / (SLOTS + _FIRST_COUNTS - 1)
    lengths = (places > 0).sum(dim=1)
    steps = functional.ctc_loss(
        by_step.log_softmax(2).transpose(0, 1),
        places,
        torch.full_like(lengths, STEPS),
        lengths,
        zero_infinity=True,
    )
    seen = functional.cross_entropy(ground, colours, ignore_index=-1)
    return slots + _STEPS_SHARE * steps + _COLOUR_SHARE * seen


@torch.no_grad()
def _follow(ema: PlateNet, net: PlateNet, keep: float) -> None:
    torch._foreach_lerp_(list(ema.parameters()), list(net.parameters()), 1 - keep)
    for mine, other in zip(ema.buffers(), net.buffers(), strict=True):
        if mine.is_floating_point():
            mine.lerp_(other, 1 - keep)


@torch.no_grad()
def _take_mean(state: _State) -> None:
    state.means += 1
    for name, value in state.ema.state_dict().items():
        if value.is_floating_point():
            now = value.cpu()
            state.mean.setdefault(name, now.clone()).lerp_(now, 1 / state.means)


def _tensor(pictures: np.ndarray[Any, np.dtype[np.uint8]], device: torch.device) -> Tensor:
    """N x 24 x 96 x 3 bytes to N x 3 x 24 x 96 in -1..1; the memory stays channels-last."""
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def _plain(state: _State, options: TrainingOptions) -> dict[str, Any]:
    return {
        "net": state.net.state_dict(),
        "ema": state.ema.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "minutes": state.minutes,
        "samples": state.samples,
        "drawn": state.drawn,
        "seed": options.seed,
        "peak_rate": state.peak_rate,
        "mean": state.mean,
        "means": state.means,
    }


class _Log:
    """One line a minute, to a CSV file and to the terminal."""

    def __init__(self, path: Path, *, keep: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        if not (keep and path.exists()):
            path.write_text(",".join(LOG_COLUMNS) + "\n")

    def write(self, state: _State, loss: float, checks: RealPlates | None, device: torch.device) -> None:
        row: dict[str, Any] = {
            "minute": f"{state.minutes:.1f}",
            "samples": state.samples,
            "drawn": state.drawn,
            "loss": f"{loss:.4f}",
        }
        if checks is not None:
            row |= {name: f"{share:.4f}" for name, share in measure(state.ema, checks, device).items()}
        with self._path.open("a", newline="") as file:
            csv.DictWriter(file, LOG_COLUMNS).writerow(row)
        print("  ".join(f"{name} {value}" for name, value in row.items()), file=sys.stderr, flush=True)  # noqa: T201


@torch.no_grad()
def measure(net: PlateNet, real: RealPlates, device: torch.device) -> dict[str, float]:
    """Shares of real plates that are right, each sign taken by itself; of the grammar only that most begin with a province."""
    places, steps = [], []
    for first in range(0, len(real.texts), 256):
        by_place, by_step, _ = net(_tensor(real.pictures[first : first + 256], device))
        places.append(_with_province(by_place).argmax(2).cpu().numpy())
        steps.append(by_step.argmax(2).cpu().numpy())
    texts = [_text(row) for row in np.concatenate(places)]
    by_steps = [_collapsed(row) for row in np.concatenate(steps)]
    pairs = list(zip(texts, real.texts, strict=True))
    return {
        "exact": float(np.mean([read == true for read, true in pairs])),
        "without_province": float(np.mean([read[1:] == true[1:] for read, true in pairs])),
        "province": float(np.mean([read[:1] == true[:1] for read, true in pairs])),
        "exact_by_steps": float(np.mean([read == true for read, true in zip(by_steps, real.texts, strict=True)])),
    }


def _with_province(by_place: Tensor) -> Tensor:
    """Only a province stands in the first place, unless the second sign says otherwise (民航, 使, military and armed police plates)."""
    ordinary = by_place.argmax(2)[:, 1] > _FIRST_LETTER
    ordinary &= by_place.argmax(2)[:, 1] <= _FIRST_LETTER + len(LETTERS)
    ordinary &= by_place.argmax(2)[:, 0] > _FIRST_LETTER + len(LETTERS)
    masked = by_place.clone()
    masked[ordinary, 0, 1 + len(PROVINCES) :] = -torch.inf
    return masked


def _text(classes: np.ndarray[Any, Any]) -> str:
    return "".join(SIGNS[c - 1] for c in classes[:SLOTS] if c)


def _collapsed(classes: np.ndarray[Any, Any]) -> str:
    kept = [c for c, before in zip(classes, [0, *classes[:-1]], strict=True) if c != before and c]
    return "".join(SIGNS[c - 1] for c in kept)
