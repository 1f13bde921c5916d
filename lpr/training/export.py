"""From a checkpoint to the file that is shipped, and back: ONNX with its own notes, checked against torch before it counts.

Batch norms stay nodes of their own (onnxruntime folds them when it loads), so that training can go on from a shipped file.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch

from lpr.runtime import onnxruntime
from lpr.training import checkpoint
from lpr.training.plates import COLOURS, SIGNS
from lpr.training.reader_net import Exported, PlateNet
from parking.kernel.errors import ErrorKind, ParkingError

NAME = "plate_net"
OPSET = 17
MOST_APART = 2e-4
"""How far probabilities of torch and of onnxruntime may differ."""
_OUTPUTS = ("steps", "places", "colours")


def export_reader(folder: Path) -> Path:
    """Writes the mean weights of the folder's checkpoint as ONNX beside it, with notes of what it takes and where it is from."""
    target = folder / f"{NAME}.onnx"
    saved = checkpoint.load(folder)
    net = PlateNet()
    net.load_state_dict(saved["ema"] | saved["more"].get("mean", {}))
    notes = {
        "signs": SIGNS,
        "input": "24x96",
        "colours": " ".join(COLOURS),
        "seed": str(saved["seed"]),
        "trained_minutes": f"{saved['minutes']:.1f}",
        "samples": str(saved["samples"]),
        "parameters": str(sum(each.numel() for each in net.parameters())),
    }
    write(Exported(net).eval(), torch.zeros(2, 3, 24, 96), _OUTPUTS, notes, target)
    return target


def write(
    net: torch.nn.Module, example: torch.Tensor, outputs: tuple[str, ...], notes: Mapping[str, str], target: Path
) -> None:
    """A module with one input as ONNX, any number of pictures at a time; ParkingError where the file answers otherwise than torch."""
    beside = target.with_suffix(".new.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the plain exporter announces its successor, which needs one package more
        torch.onnx.export(
            net,
            (example,),
            str(beside),
            input_names=["pictures"],
            output_names=list(outputs),
            dynamic_axes={name: {0: "count"} for name in ("pictures", *outputs)},
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
    _compare(net, beside, example)
    beside.replace(target)


def take_bytes(model: onnx.ModelProto) -> None:
    """Let a model take its pictures as bytes and turn them into numbers itself: who calls it moves a fourth of the memory."""
    (pictures,) = model.graph.input
    for node in model.graph.node:
        node.input[:] = ["numbers" if name == pictures.name else name for name in node.input]
    pictures.type.tensor_type.elem_type = onnx.TensorProto.UINT8
    cast = onnx.helper.make_node("Cast", [pictures.name], ["numbers"], to=onnx.TensorProto.FLOAT)
    model.graph.node.insert(0, cast)


def _compare(net: torch.nn.Module, path: Path, example: torch.Tensor) -> None:
    """The file and the module answer alike on noise, for one picture and for several."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for count in (1, 5):
        pictures = np.random.default_rng(count).integers(0, 256, (count, *example.shape[1:]), dtype=np.uint8)
        with torch.no_grad():
            wanted = net(torch.from_numpy(pictures).float())
        found = session.run(None, {"pictures": pictures})
        for one, other in zip(wanted, found, strict=True):
            apart = float(np.abs(one.numpy() - other).max())
            if not apart <= MOST_APART:
                raise ParkingError(
                    ErrorKind.UNAVAILABLE,
                    "training.export",
                    f"the exported net differs from the trained one by {apart:.2g}",
                )


def released_weights(path: Path, prefix: str = "net.") -> dict[str, torch.Tensor]:
    """The weights in a shipped file, by the names of the module that was exported under `prefix`."""
    return {
        tensor.name.removeprefix(prefix): torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy())
        for tensor in onnx.load(str(path)).graph.initializer
        if tensor.name.startswith(prefix)
    }
