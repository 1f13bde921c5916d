"""A reader turns upright strips into sign matrices; it decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lpr.frame import Image
from lpr.sign_matrix import SignMatrix


class Reader(Protocol):
    """Signs from pictures of single plates."""

    def read(self, strips: Sequence[Image]) -> tuple[SignMatrix, ...]:
        """One matrix per strip (height x width x 3, BGR, any size), in the same order."""
        ...
