"""A sitting of a training, the same for every net: the clock, the learning rate, the running mean of the weights, checkpoint and log.

It can end at any time, and the next one goes on from its checkpoint; the minutes of all sittings count together.
"""

from __future__ import annotations

import csv
import math
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lpr.training import checkpoint
from lpr.training.options import TrainingOptions

_SAVE_EVERY_S = 60.0
N = TypeVar("N", bound=nn.Module)


class Drawing(Protocol):
    """The process that draws what is trained on."""

    @property
    def drawn(self) -> int:
        """How much was drawn so far, earlier sittings included."""
        ...

    def check(self) -> None:
        """ParkingError where it has ended."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a net learns: its highest rate, after so many steps; what the mean of its weights keeps, where a gradient is clipped."""

    peak_rate: float
    warm_steps: int
    keep: float
    clip: float

    def rate(self, progress: float, step: int) -> float:
        """The learning rate: a short rise, then half a cosine to nothing. It follows the clock, not a count."""
        return (
            self.peak_rate * min(1.0, (step + 1) / self.warm_steps) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        )


@dataclass(slots=True)
class Sitting(Generic[N]):
    """Where a training stands; `ema` is the running mean of the net's weights, which is what is measured."""

    net: N
    ema: N
    device: torch.device
    pace: Pace
    optimiser: torch.optim.Optimizer
    minutes: float = 0.0
    steps: int = 0
    samples: int = 0
    drawn: int = 0
    more: dict[str, Any] = field(default_factory=dict)
    """What one net alone has to remember."""

    @classmethod
    def begin(
        cls,
        new: Callable[[], N],
        pace: Pace,
        seed: int,
        *,
        saved: Mapping[str, Any] | None = None,
        weights: Mapping[str, Tensor] | None = None,
    ) -> Sitting[N]:
        """From a checkpoint, at its pace; else from these weights, or from nothing."""
        torch.manual_seed(seed)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # either way, what draws beside it ends with it
        net, ema, device = new(), new(), device_of_training()
        if saved is not None:
            pace = replace(pace, peak_rate=saved["peak_rate"])
        first = weights if saved is None else saved["net"]
        if first is not None:
            net.load_state_dict(first)
        ema.load_state_dict(net.state_dict() if saved is None else saved["ema"])
        for each in (net, ema):
            each.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        ema.eval()
        optimiser = torch.optim.AdamW(net.parameters(), pace.peak_rate, weight_decay=0.02, fused=True)
        sitting = cls(net, ema, device, pace, optimiser)
        if saved is not None:
            optimiser.load_state_dict(saved["optimiser"])
            for name in ("minutes", "steps", "samples", "drawn", "more"):
                setattr(sitting, name, saved[name])
        return sitting

    def run(
        self,
        options: TrainingOptions,
        folder: Path,
        drawing: Drawing,
        learn: Callable[[], None],
        report: Callable[[], None],
    ) -> None:
        """Learn batch after batch until the minutes are used up; every minute a report and a checkpoint, and one however it is stopped."""
        before, started_s = self.minutes, time.monotonic()
        saved_s = started_s
        self.net.train()
        try:
            while True:
                now_s = time.monotonic()
                self.minutes = before + (now_s - started_s) / 60
                done = self.minutes >= options.minutes
                if done or now_s - saved_s >= _SAVE_EVERY_S:
                    saved_s, self.drawn = now_s, drawing.drawn
                    report()
                    self._save(options, folder)
                if done:
                    return
                drawing.check()
                for group in self.optimiser.param_groups:
                    group["lr"] = self.pace.rate(self.minutes / options.minutes, self.steps)
                learn()
                self.steps += 1
        except KeyboardInterrupt:
            self.drawn = drawing.drawn
            self._save(options, folder)
            raise

    def descend(self, loss: Tensor) -> float:
        """One step down the slope of this loss (a scalar), and the running mean of the weights after it; the loss as a number."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), self.pace.clip)
        self.optimiser.step()
        _follow(self.ema, self.net, min(self.pace.keep, (1 + self.steps) / (10 + self.steps)))
        return float(loss.detach())

    def _save(self, options: TrainingOptions, folder: Path) -> None:
        state = {name: getattr(self, name) for name in ("minutes", "steps", "samples", "drawn", "more")}
        parts = {name: getattr(self, name).state_dict() for name in ("net", "ema", "optimiser")}
        checkpoint.save(folder, parts | state | {"seed": options.seed, "peak_rate": self.pace.peak_rate})


class Log:
    """One line a minute, to a CSV file and, with the net's name, to the terminal."""

    def __init__(self, path: Path, columns: Sequence[str], *, keep: bool) -> None:
        self._path, self._columns = path, columns
        path.parent.mkdir(parents=True, exist_ok=True)
        if not (keep and path.exists()):
            path.write_text(",".join(columns) + "\n")

    def write(self, sitting: Sitting[Any], shares: Mapping[str, float]) -> None:
        """How far it is, and these figures."""
        row = {"minute": f"{sitting.minutes:.1f}", "samples": str(sitting.samples), "drawn": str(sitting.drawn)}
        row |= {name: f"{share:.4f}" for name, share in shares.items()}
        with self._path.open("a", newline="") as file:
            csv.DictWriter(file, self._columns).writerow(row)
        words = [self._path.name.partition(".")[0], *(f"{name} {value}" for name, value in row.items())]
        print("  ".join(words), file=sys.stderr, flush=True)  # noqa: T201 - progress is for whoever waits at the terminal


def mean_of(losses: Sequence[float]) -> float:
    """NaN of none."""
    return float(np.mean(losses)) if losses else math.nan


def wait_for(drawing: Drawing, drawn: int) -> None:
    """Until there is enough to begin with."""
    while drawing.drawn < drawn:
        drawing.check()
        time.sleep(0.2)


def device_of_training() -> torch.device:
    """A GPU where there is one, else one thread: a second one would spin, and the drawing needs the other core."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    cv2.setNumThreads(1)
    if device.type == "cpu":
        torch.set_num_threads(1)
    return device


def as_tensor(pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
    """N x H x W x 3 bytes to N x 3 x H x W in 0..1; the memory stays channels-last."""
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 255


@torch.no_grad()
def _follow(ema: nn.Module, net: nn.Module, keep: float) -> None:
    torch._foreach_lerp_(list(ema.parameters()), list(net.parameters()), 1 - keep)
    for mine, other in zip(ema.buffers(), net.buffers(), strict=True):
        if mine.is_floating_point():
            mine.lerp_(other, 1 - keep)
