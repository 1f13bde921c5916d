"""One onnxruntime session runs on one thread: a second one spins, and doubles the cost when the cores are busy (measured)."""

from __future__ import annotations

import contextlib
import ctypes
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lpr.frame import Image
from lpr.runtime import onnxruntime

Tensor = npt.NDArray[np.float32]
_M_ARENA_MAX = -8  # of glibc's malloc.h


class Engine:
    """One ONNX model with one input, on the CPU."""

    def __init__(self, path: Path) -> None:
        self._session = _session(str(path), path.stat().st_mtime_ns if path.is_file() else 0)
        self._input = self._session.get_inputs()[0].name

    def run(self, batch: Tensor | Image) -> Tensor:
        """The model's first output for one batch (count x channels x height x width; our own nets take bytes)."""
        return self.run_all(batch)[0]

    def run_all(self, batch: Tensor | Image) -> list[Tensor]:
        """Every output of the model, in its own order."""
        return [np.asarray(output, dtype=np.float32) for output in self._session.run(None, {self._input: batch})]

    def note(self, key: str) -> str:
        """The text that the model carries under `key`; KeyError where it has none."""
        return str(self._session.get_modelmeta().custom_metadata_map[key])


@lru_cache(maxsize=16)
def _session(path: str, changed_ns: int) -> onnxruntime.InferenceSession:  # noqa: ARG001 - a file written again is another model
    """One session per model and process: each caller runs it on its own thread, and eight cameras need 236 MB, not 466 (measured)."""
    _share_one_heap()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # pictures differ in size: the arena would keep the largest of each
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _share_one_heap() -> None:
    """Where glibc is the C library, all threads of this process share a heap from now on.

    It would keep one for each thread, and what one thread captures another frees: a worker holds 60 MB less so (measured).
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
