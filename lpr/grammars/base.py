"""A grammar knows what the plates of a country look like in writing; it turns what a reader saw into candidates."""

from __future__ import annotations

from typing import Protocol

from lpr.model import Candidate, PlateColour, PlateKind
from lpr.sign_matrix import SignMatrix


class Grammar(Protocol):
    """The plug-in for one country or region."""

    @property
    def signs(self) -> tuple[str, ...]:
        """Every sign that its plates carry."""
        ...

    def candidates(self, matrix: SignMatrix, colour: PlateColour | None, most: int) -> tuple[Candidate, ...]:
        """The likeliest plates, best first; empty where the picture can be no plate of this grammar."""
        ...

    def kind_of(self, text: str) -> PlateKind | None:
        """The class of a written plate number, or None where the grammar does not know it."""
        ...

    def spelled(self, text: str) -> str:
        """A number as the authority spells it, where people write it otherwise (0 for O); any other text as it is."""
        ...

    def without_region(self, text: str) -> str:
        """The part of a number that does not name the province (or the like)."""
        ...
