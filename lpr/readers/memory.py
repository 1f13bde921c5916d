"""A reader that says what it was told to say, for tests and for trying out a lane without models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lpr.frame import Image
from lpr.readers.base import Reader, Sight
from lpr.sign_matrix import SignMatrix


class MemoryReader:
    """Answers every strip with `text_of(strip)`, a text and a score 0-1."""

    def __init__(self, signs: Sequence[str], text_of: Callable[[Image], tuple[str, float]]) -> None:
        self._signs = tuple(signs)
        self._text_of = text_of

    def read(self, strips: Sequence[Image]) -> tuple[Sight, ...]:
        return tuple(Sight(SignMatrix.of_text(*self._text_of(strip), self._signs)) for strip in strips)


_: type[Reader] = MemoryReader
