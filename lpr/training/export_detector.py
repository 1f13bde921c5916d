"""The detector from a checkpoint to the file that is shipped, and back: ONNX for pictures of any size, checked against torch."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]  # it ships no types
import torch

from lpr import weights
from lpr.training import checkpoint
from lpr.training.detector_net import CornerNet
from lpr.training.export import OPSET
from lpr.training.export import released_weights as weights_in
from lpr.training.scenes import KINDS
from parking.kernel.errors import ErrorKind, ParkingError

NAME = "corner_net"
_MOST_APART = 2e-3
"""How far logits of torch and of onnxruntime may differ."""


class Exported(torch.nn.Module):
    """The net with the scaling of bytes in front."""

    def __init__(self, net: CornerNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        answers: torch.Tensor = self.net(pictures / 255)
        return answers


def export_detector(folder: Path) -> Path:
    """Writes the averaged weights of the folder's checkpoint as ONNX beside it, with notes of what it takes and where it is from."""
    target = folder / f"{NAME}.onnx"
    saved = checkpoint.load(folder)
    net = CornerNet()
    net.load_state_dict(saved["ema"])
    notes = {
        "kinds": " ".join(KINDS),
        "input": "sides multiples of 32",
        "seed": str(saved["seed"]),
        "trained_minutes": f"{saved['minutes']:.1f}",
        "samples": str(saved["samples"]),
        "parameters": str(sum(each.numel() for each in net.parameters())),
    }
    _write(Exported(net).eval(), notes, target)
    return target


def released_weights() -> dict[str, torch.Tensor]:
    """The weights of the shipped detector."""
    return weights_in(weights.own(NAME))


def _write(net: Exported, notes: dict[str, str], target: Path) -> None:
    beside = target.with_suffix(".new.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the plain exporter announces its successor, which needs one package more
        torch.onnx.export(
            net,
            (torch.zeros(1, 3, 96, 192),),
            str(beside),
            input_names=["pictures"],
            output_names=["cells"],
            dynamic_axes={"pictures": {0: "count", 2: "height", 3: "width"}, "cells": {0: "count", 2: "cells"}},
            opset_version=OPSET,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            dynamo=False,
        )
    model = onnx.load(str(beside))
    for key, value in notes.items():
        model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(beside))
    _compare(net, beside)
    beside.replace(target)


def _compare(net: Exported, path: Path) -> None:
    """The file and the module answer alike on noise of several sizes."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for shape in ((1, 3, 96, 192), (3, 3, 160, 64)):
        pictures = np.random.default_rng(len(shape)).uniform(0, 255, shape).astype(np.float32)
        with torch.no_grad():
            wanted = net(torch.from_numpy(pictures)).numpy()
        apart = float(np.abs(wanted - session.run(None, {"pictures": pictures})[0]).max())
        if not apart <= _MOST_APART:
            raise ParkingError(
                ErrorKind.UNAVAILABLE,
                "training.export",
                f"the exported net differs from the trained one by {apart:.2g}",
            )
