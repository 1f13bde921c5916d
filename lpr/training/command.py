"""What `lpr train` runs: the call is checked first, then torch is looked for, then the one training that was named begins."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from lpr.training.options import TrainingOptions
from parking.kernel.errors import ErrorKind, ParkingError, invalid

TRAININGS = {
    "reader": ("lpr.training.train_reader", "train_reader"),
    "detector": ("lpr.training.train_detector", "train_detector"),
}
_NEEDED = ("torch", "onnx")


def run(
    net: str,
    *,
    minutes: float,
    seed: int,
    out: Path,
    resume: bool = False,
    from_released: bool = False,
    check: Path | None = None,
) -> Path:
    """Trains `reader` or `detector` and gives the ONNX file in `out`; ParkingError where the call is wrong or torch is absent."""
    if net not in TRAININGS:
        raise invalid("training.net", f"{net!r} is none of {', '.join(TRAININGS)}", field="NET")
    options = TrainingOptions(minutes, seed, out, resume=resume, from_released=from_released, check=check)
    for package in _NEEDED:
        _require(package)
    module, name = TRAININGS[net]
    train = cast(Callable[[TrainingOptions], Path], getattr(importlib.import_module(module), name))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise invalid("training.out", f"cannot be made a folder ({error.strerror})", field="--out") from None
    try:
        return train(options)
    except KeyboardInterrupt:
        sys.stderr.write(f"lpr: stopped; the same command with --resume goes on from {out}\n")
        raise


def _require(package: str) -> None:
    try:
        importlib.import_module(package)
    except ImportError:
        raise ParkingError(
            ErrorKind.UNAVAILABLE,
            "training.extra",
            f"training needs {package}; install the extra: pip install mall-parking[train]",
        ) from None
