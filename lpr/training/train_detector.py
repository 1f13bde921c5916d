"""The training of the plate detector: two thirds of the time for the net that finds, one third for the net that looks closely."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lpr.training.export_detector import export_detector
from lpr.training.options import TrainingOptions
from lpr.training.train_close import train_close
from lpr.training.train_corners import train_corners

_FINDING = 2 / 3


def train_detector(options: TrainingOptions) -> Path:
    """Trains both nets until the minutes are used up and gives the ONNX file of the first; the second lies in the folder's `close`."""
    train_corners(replace(options, minutes=options.minutes * _FINDING))
    train_close(replace(options, minutes=options.minutes * (1 - _FINDING)))
    return export_detector(options.out)[0]
