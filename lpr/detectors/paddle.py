"""`paddleocr` as a detector, on a local model folder and onnxruntime; imported when a detector is built, not before."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from lpr import paddle_models
from lpr.detectors.base import Detector
from lpr.detectors.lines import plates_among
from lpr.frame import Image
from lpr.model import Region


class PaddleDetector:
    """paddleocr's TextDetection (3.7); `folder` holds inference.onnx and inference.yml, none makes a temporary one."""

    def __init__(self, side_px: int, narrowest_px: int, most: int, folder: Path | None = None) -> None:
        paddleocr = paddle_models.load_paddleocr()
        self._temporary = tempfile.TemporaryDirectory() if folder is None else None
        if self._temporary is not None:
            folder = paddle_models.make_detector_folder(Path(self._temporary.name) / "detector", side_px)
        self._model = paddleocr.TextDetection(
            model_name=paddle_models.DETECTOR_NAME, model_dir=str(folder), **paddle_models.ENGINE
        )
        self._narrowest_px = narrowest_px
        self._most = most

    def find(self, image: Image) -> tuple[Region, ...]:
        (result,) = self._model.predict(image)
        lines = [
            (np.asarray(box, dtype=np.float32), float(score))
            for box, score in zip(result["dt_polys"], result["dt_scores"], strict=True)
        ]
        return plates_among(lines, narrowest_px=self._narrowest_px, most=self._most)


_: type[Detector] = PaddleDetector
