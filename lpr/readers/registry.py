"""Readers by name; each is built from the signs of the grammar in use."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lpr.readers.base import Reader
from lpr.readers.paddle import PaddleReader
from lpr.readers.pp_ocr import PpOcrReader
from parking.kernel.registry import Registry

READERS: Registry[Callable[[Sequence[str]], Reader]] = Registry(
    "reader", {"pp_ocr": PpOcrReader, "paddle": PaddleReader}
)
