"""A plate is a claim, not a credential, and with a place and a time it is somebody's whereabouts: `str()` of it is masked."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Self

from parking.kernel.errors import invalid

_SEPARATORS = frozenset(" ·•・.-_\t")
_LONGEST = 12
_NORMAL = re.compile("[0-9A-Z\u4e00-\u9fa5]{1,12}")
"""What normalising leaves as it is: nearly all that our own parts tell each other."""

# Pairs that cameras mix up: the twins named in drivers' complaints and measured on real crops.
_TWINS = {"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "B": "8", "S": "5", "Z": "2", "G": "6"}


@dataclass(frozen=True, slots=True)
class Plate:
    """A normalised plate number: upper case, without separators, 1 to 12 letters, digits or Han signs."""

    text: str

    @classmethod
    def parse(cls, raw: str) -> Self:
        """Normalise what a person or a camera wrote; anything but letters and digits raises ParkingError."""
        if _NORMAL.fullmatch(raw):
            return cls(raw)
        text = "".join(c for c in unicodedata.normalize("NFKC", raw).upper() if c not in _SEPARATORS)
        if not 1 <= len(text) <= _LONGEST or not text.isalnum():
            raise invalid("plate.malformed", "a plate has 1 to 12 letters and digits", field="plate")
        return cls(text)

    @property
    def masked(self) -> str:
        """What may be shown without proof of possession: the first two and the last two signs."""
        if len(self.text) <= 4:
            return "*" * len(self.text)
        return self.text[:2] + "*" * (len(self.text) - 4) + self.text[-2:]

    def looks_like(self, other: Plate) -> bool:
        """Whether a camera could mistake one for the other by twin signs alone; evidence for a person, never a match."""
        return _fold(self.text) == _fold(other.text)

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Plate({self.masked!r})"


def _fold(text: str) -> str:
    return "".join(_TWINS.get(c, c) for c in text)
