"""`paddleocr` as a reader, on a local model folder and onnxruntime. Its text is not asked for: the CTC matrix behind it is.

paddleocr is imported when a reader is built, not before; it is an optional extra.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lpr import paddle_models
from lpr.frame import Image
from lpr.readers.base import Reader, Sight
from lpr.readers.classes import ClassFold


class PaddleReader:
    """paddleocr's TextRecognition (3.7); `folder` holds inference.onnx and inference.yml, none makes a temporary one."""

    def __init__(self, signs: Sequence[str], folder: Path | None = None) -> None:
        paddleocr = paddle_models.load_paddleocr()
        self._temporary = tempfile.TemporaryDirectory() if folder is None else None
        if self._temporary is not None:
            folder = paddle_models.make_reader_folder(Path(self._temporary.name) / "reader")
        self._model = paddleocr.TextRecognition(
            model_name=paddle_models.READER_NAME, model_dir=str(folder), **paddle_models.ENGINE
        )
        self._recorder = _Recorder(self._model.paddlex_predictor)
        self._fold = ClassFold(self._recorder.classes, signs)

    def read(self, strips: Sequence[Image]) -> tuple[Sight, ...]:
        return tuple(Sight(self._fold.reduce(steps)) for steps in self._steps(strips))

    def texts(self, strips: Sequence[Image]) -> tuple[str, ...]:
        """What paddleocr itself makes of each strip."""
        return tuple(str(self._model.predict(strip)[0]["rec_text"]) for strip in strips)

    def _steps(self, strips: Sequence[Image]) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
        found = []
        for strip in strips:
            self._model.predict(strip)
            found.append(self._recorder.newest)
        return found


class _Recorder:
    """Stands before paddleocr's own decoder and keeps what passes: steps x classes probabilities of one picture."""

    def __init__(self, predictor: Any) -> None:
        self._decode = predictor.post_op
        self.classes = [str(c) for c in self._decode.character[1:]]  # the first is "no sign"
        self.newest = np.zeros((0, 1 + len(self.classes)), dtype=np.float32)
        predictor.post_op = self

    def __call__(self, predictions: Any, **options: Any) -> Any:
        self.newest = np.asarray(predictions[0], dtype=np.float32)[0]
        return self._decode(predictions, **options)


_: type[Reader] = PaddleReader
