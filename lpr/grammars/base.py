"""A grammar knows what the plates of a country look like in writing: which strings exist, how rare they are, on which ground."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from lpr.beam import Automaton
from lpr.model import Ground, PlateKind


@dataclass(frozen=True, slots=True)
class Ending:
    """A string that ends here may be of this kind; `prior` is the log of how rare that is, on the ground that was seen."""

    kind: PlateKind
    prior: float


class Grammar(Protocol):
    """The plug-in for one country or region."""

    @property
    def signs(self) -> tuple[str, ...]:
        """Every sign that its plates carry."""
        ...

    @property
    def automaton(self) -> Automaton:
        """All its strings."""
        ...

    def endings(self, ground: Ground) -> Mapping[int, tuple[Ending, ...]]:
        """For each accepting state of the automaton, the kinds that may end there, likeliest first."""
        ...

    def prior(self, text: str, kind: PlateKind) -> float:
        """The log of how much rarer this string is than others of its kind; 0 where all are alike."""
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
