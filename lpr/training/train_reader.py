"""The training of the plate reader: drawn plates in, checkpoints and a log out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lpr import weights
from lpr.training import checkpoint
from lpr.training.export import NAME, export_reader, released_weights
from lpr.training.options import TrainingOptions
from lpr.training.plates import DIGITS, LETTERS, PROVINCES, SIGNS, SLOTS
from lpr.training.reader_net import STEPS, PlateNet
from lpr.training.real_plates import RealPlates, look_at
from lpr.training.sitting import Log, Pace, Sitting, mean_of, wait_for
from lpr.training.stock import RAMP_PLATES, Batch, Stock

LOG_NAME = "plate_net.log.csv"
LOG_COLUMNS = ("minute", "samples", "drawn", "loss", "exact", "without_province", "province", "exact_by_steps")
_BATCH = 128
_PACE = Pace(peak_rate=2.5e-3, warm_steps=300, keep=0.998, clip=5.0)
_PEAK_RATE_WARM = 1.2e-3  # from weights that can read
_SMOOTHING = 0.02
_FIRST_COUNTS = 2.5  # times as much as another place: the province is the hardest sign
_STEPS_SHARE, _COLOUR_SHARE = 0.3, 0.1
_FIRST_LETTER = len(PROVINCES) + len(DIGITS)  # classes up to here are others
_MEAN_FROM = 0.5
"""Share of the time from which on the weights of every minute go into the mean that is shipped: it reads real plates better than the
last ones, which know drawings best (stochastic weight averaging, Izmailov et al. 2018)."""
_ENOUGH_TO_START = 4_000


def train_reader(options: TrainingOptions) -> Path:
    """Trains until the minutes are used up; gives the ONNX file, which lies beside checkpoint and log in the folder."""
    sitting = _begin(options)
    checks = look_at(options.check) if options.check else None
    log = Log(options.out / LOG_NAME, LOG_COLUMNS, keep=options.resume)
    losses: list[float] = []
    with Stock(options.seed, sitting.drawn) as stock:

        def learn() -> None:
            losses.append(_step(sitting, stock.batch(_BATCH)))
            sitting.samples += _BATCH

        def report() -> None:
            if sitting.minutes >= _MEAN_FROM * options.minutes:
                _take_mean(sitting)
            shares = measure(sitting.ema, checks, sitting.device) if checks is not None else {}
            log.write(sitting, {"loss": mean_of(losses)} | shares)
            losses.clear()

        wait_for(stock, sitting.drawn + _ENOUGH_TO_START)
        sitting.run(options, options.out, stock, learn, report)
    return export_reader(options.out)


def _begin(options: TrainingOptions) -> Sitting[PlateNet]:
    if options.resume:
        return Sitting.begin(PlateNet, _PACE, options.seed, saved=checkpoint.load(options.out))
    if not options.from_released:
        return Sitting.begin(PlateNet, _PACE, options.seed)
    warm = replace(_PACE, peak_rate=_PEAK_RATE_WARM)
    sitting = Sitting.begin(PlateNet, warm, options.seed, weights=released_weights(weights.own(NAME)))
    sitting.drawn = RAMP_PLATES
    return sitting


def _step(sitting: Sitting[PlateNet], batch: Batch) -> float:
    device = sitting.device
    places, colours = torch.from_numpy(batch.places).to(device), torch.from_numpy(batch.colours).to(device)
    with torch.autocast(device.type, torch.bfloat16):
        by_place, by_step, ground = sitting.net(_tensor(batch.pictures, device))
    return sitting.descend(loss_of(by_place.float(), by_step.float(), ground.float(), places, colours))


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
def _take_mean(sitting: Sitting[PlateNet]) -> None:
    mean, means = sitting.more.setdefault("mean", {}), sitting.more.get("means", 0) + 1
    sitting.more["means"] = means
    for name, value in sitting.ema.state_dict().items():
        if value.is_floating_point():
            now = value.cpu()
            mean.setdefault(name, now.clone()).lerp_(now, 1 / means)


def _tensor(pictures: np.ndarray[Any, np.dtype[np.uint8]], device: torch.device) -> Tensor:
    """N x 24 x 96 x 3 bytes to N x 3 x 24 x 96 in -1..1; the memory stays channels-last."""
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1.0


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
