"""The detector from a checkpoint to the file that is shipped, and back: ONNX for pictures of any size, checked against torch."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch

from lpr import weights
from lpr.detectors.close_view import HEIGHT, WIDTH
from lpr.runtime import onnxruntime
from lpr.training import checkpoint
from lpr.training.close_net import CloseNet
from lpr.training.detector_net import CornerNet
from lpr.training.export import OPSET, take_bytes
from lpr.training.export import released_weights as weights_in
from lpr.training.scenes import KINDS
from parking.kernel.errors import ErrorKind, ParkingError

NAME, CLOSE_NAME = "corner_net", "close_net"
FOLDER = "close"
"""Where the close look's checkpoint lies, in the folder of the training."""

_MOST_APART = 2e-3
"""How far logits of torch and of onnxruntime may differ."""


class Exported(torch.nn.Module):
    """A net with the scaling of bytes in front."""

    def __init__(self, net: torch.nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        answers: torch.Tensor = self.net(pictures / 255)
        return answers


def export_detector(folder: Path) -> tuple[Path, Path]:
    """Writes the averaged weights of the folder's checkpoints as ONNX beside them: the net of the first look and of the close one."""
    return export_finder(folder), export_close(folder / FOLDER)


def export_finder(folder: Path) -> Path:
    """The net of the first look, for pictures of any size and number."""
    free = {"pictures": {0: "count", 2: "height", 3: "width"}, "answers": {0: "count", 2: "cells"}}
    return _export(folder, NAME, CornerNet(), (96, 192), free)


def export_close(folder: Path) -> Path:
    """The net of the close look, for any number of views."""
    free = {"pictures": {0: "count"}, "answers": {0: "count"}}
    return _export(folder, CLOSE_NAME, CloseNet(), (HEIGHT, WIDTH), free)


def released_weights(name: str = NAME) -> dict[str, torch.Tensor]:
    """The weights of a shipped net."""
    return weights_in(weights.own(name))


def _export(
    folder: Path, name: str, net: torch.nn.Module, size: tuple[int, int], free: dict[str, dict[int, str]]
) -> Path:
    saved = checkpoint.load(folder)
    net.load_state_dict(saved["ema"])
    notes = {
        "kinds": " ".join(KINDS),
        "seed": str(saved["seed"]),
        "trained_minutes": f"{saved['minutes']:.1f}",
        "samples": str(saved["samples"]),
        "parameters": str(sum(each.numel() for each in net.parameters())),
    }
    target = folder / f"{name}.onnx"
    _write(Exported(net).eval(), size, free, notes, target)
    return target


def _write(
    net: Exported, size: tuple[int, int], free: dict[str, dict[int, str]], notes: dict[str, str], target: Path
) -> None:
    beside = target.with_suffix(".new.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the plain exporter announces its successor, which needs one package more
        torch.onnx.export(
            net,
            (torch.zeros(1, 3, *size),),
            str(beside),
            input_names=["pictures"],
            output_names=["answers"],
            dynamic_axes=free,
            opset_version=OPSET,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            dynamo=False,
        )
    model = onnx.load(str(beside))
    for key, value in notes.items():
        model.metadata_props.add(key=key, value=value)
    take_bytes(model)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(beside))
    _compare(net, beside, [(1, 3, *size), (3, 3, *size)] + ([(2, 3, 160, 64)] if 2 in free["pictures"] else []))
    beside.replace(target)


def _compare(net: Exported, path: Path, shapes: Sequence[tuple[int, ...]]) -> None:
    """The file and the module answer alike on noise of several sizes."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for shape in shapes:
        pictures = np.random.default_rng(len(shape)).integers(0, 256, shape, dtype=np.uint8)
        with torch.no_grad():
            wanted = net(torch.from_numpy(pictures).float()).numpy()
        apart = float(np.abs(wanted - session.run(None, {"pictures": pictures})[0]).max())
        if not apart <= _MOST_APART:
            raise ParkingError(
                ErrorKind.UNAVAILABLE,
                "training.export",
                f"the exported net differs from the trained one by {apart:.2g}",
            )
