"""A reader turns upright strips into what it saw there; it decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lpr.frame import Image
from lpr.model import PlateColour
from lpr.sign_matrix import SignMatrix, SlotMatrix


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What one reader saw on one strip: steps as of CTC, and where it has such heads, places and the ground's colour."""

    steps: SignMatrix
    slots: SlotMatrix | None = None
    colours: Mapping[PlateColour, float] | None = None  # probability of each ground, summing to at most one


class Reader(Protocol):
    """Signs from pictures of single plates."""

    def read(self, strips: Sequence[Image]) -> tuple[Sight, ...]:
        """One sight per strip (height x width x 3, BGR, any size), in the same order."""
        ...
