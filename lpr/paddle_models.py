"""Model folders as `paddleocr` wants them (inference.onnx beside inference.yml), made from files that are already here.

Nothing is downloaded: paddleocr given a folder, its matching name and `engine="onnxruntime"` never asks the network.
"""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from lpr import weights
from lpr.engine import Engine
from parking.kernel.errors import ErrorKind, ParkingError

DETECTOR_NAME, READER_NAME = "PP-OCRv6_small_det", "PP-OCRv6_small_rec"
ENGINE = {"engine": "onnxruntime", "engine_config": {"intra_op_num_threads": 1}}
_NORMALISE = {"NormalizeImage": {"mean": [0.5] * 3, "std": [0.5] * 3, "scale": "1./255.", "order": "hwc"}}


def load_paddleocr() -> ModuleType:
    """The package, imported on the first call; ParkingError says how to get it where it is not installed."""
    try:
        return importlib.import_module("paddleocr")
    except ImportError as error:
        mend = "install the extra [paddle]"
        raise ParkingError(
            ErrorKind.UNAVAILABLE, "paddle.missing", f"paddleocr cannot be imported ({error}); {mend}"
        ) from None


def make_reader_folder(folder: Path) -> Path:
    """Pairs the reader's ONNX file with its description; the character list comes from the file's own metadata."""
    model = weights.locate(weights.PP_OCR_V6_READER)
    characters = Engine(model).note("character").split("\n")
    steps = [
        {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
        {"RecResizeImg": {"image_shape": [3, 48, 320]}},
    ]
    return _make(folder, model, READER_NAME, steps, {"name": "CTCLabelDecode", "character_dict": characters})


def make_detector_folder(folder: Path, side_px: int) -> Path:
    """Pairs the detector's ONNX file with its description; pictures are scaled to `side_px` on the longer side."""
    model = weights.locate(weights.PP_OCR_V6_DETECTOR)
    steps = [
        {"DetResizeForTest": {"resize_long": side_px}},
        _NORMALISE,
        {"ToCHWImage": None},
        {"KeepKeys": {"keep_keys": ["image", "shape"]}},
    ]
    cut = {"thresh": 0.3, "box_thresh": 0.45, "max_candidates": 1000, "unclip_ratio": 1.6}
    return _make(folder, model, DETECTOR_NAME, steps, {"name": "DBPostProcess", **cut})


def _make(folder: Path, model: Path, name: str, steps: list[Any], after: Mapping[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, folder / "inference.onnx")
    description = {"Global": {"model_name": name}, "PreProcess": {"transform_ops": steps}, "PostProcess": dict(after)}
    (folder / "inference.yml").write_text(yaml.safe_dump(description, allow_unicode=True), encoding="utf-8")
    return folder
