"""Readers by name; each is built from the signs of the grammar in use. Two names with a plus sign: the second where the first doubts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lpr.readers.base import Reader
from lpr.readers.paddle import PaddleReader
from lpr.readers.plate_net import PlateNetReader
from lpr.readers.pp_ocr import PpOcrReader
from parking.kernel.errors import invalid
from parking.kernel.registry import Registry

READERS: Registry[Callable[[Sequence[str]], Reader]] = Registry(
    "reader", {"pp_ocr": PpOcrReader, "plate_net": PlateNetReader, "paddle": PaddleReader}
)
_BEST = {"china": "plate_net+pp_ocr"}
"""The own net was trained on the signs of GA 36 alone."""


def best_readers(grammar: str) -> str:
    """The names of what reads the plates of a grammar best."""
    return _BEST.get(grammar, "pp_ocr")


def readers_of(names: str, signs: Sequence[str]) -> tuple[Reader, Reader | None]:
    """The first reader and, where a second is named, that one; ParkingError where a name is unknown."""
    each = names.split("+")
    if len(each) > 2:
        raise invalid("settings.reader", "should name one reader, or two with a plus sign", field="reader")
    first, *second = [READERS.get(name.strip())(signs) for name in each]
    return first, (second[0] if second else None)
