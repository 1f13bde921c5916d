"""What a passage's pictures leave open: the plates that they may show, each with how far it is behind the best, and the plate's looks.

A plate that travels without its doubts becomes a fact by itself; these travel with it. Personal data: `repr` and `str` are masked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Self, cast

from parking.kernel.errors import invalid

UNREAD = "?"
"""A sign of a partial plate that nobody could read."""
MOST = 6
WIDEST = 12.0
"""As far behind as a spelling can be: frames share their errors, so no picture rules a plate out altogether."""
MISREAD = 4.0
"""So far behind is what a camera read where somebody knows better."""
_VERSION = "1"
_TEXT = re.compile(r"(?:[^\W_a-z]|[?])+")
_WORD = re.compile(r"[a-z_]{0,24}")
_LONGEST = 12


@dataclass(frozen=True, slots=True)
class Spelling:
    """A plate as it may be, `?` where a sign is unread, and its log-probability less that of the best one (0 to -`WIDEST`)."""

    text: str
    behind: float

    def __repr__(self) -> str:
        return f"Spelling({'*' * len(self.text)!r}, {self.behind})"


@dataclass(frozen=True, slots=True)
class Votes:
    """The spellings of one passage, best first, at most `MOST`; ground colour and class in the recogniser's words, where known."""

    spellings: tuple[Spelling, ...] = ()
    colour: str | None = None
    kind: str | None = None

    @classmethod
    def of(
        cls, log_probabilities: Iterable[tuple[str, float]], colour: str | None = None, kind: str | None = None
    ) -> Self:
        """From log-probabilities of texts in any order and of any scale; what is beyond the first `MOST` is left out."""
        ranked = sorted(dict(log_probabilities).items(), key=lambda one: (-one[1], one[0]))
        best = ranked[0][1] if ranked else 0.0
        spellings = tuple(Spelling(text, max(-WIDEST, round(said - best, 2))) for text, said in ranked[:MOST])
        return cls(spellings, colour, kind)

    @classmethod
    def lone(cls, text: str, colour: str | None = None, kind: str | None = None) -> Self:
        """One spelling, about which nothing else is known."""
        return cls((Spelling(text, 0.0),), colour, kind)

    @property
    def best(self) -> str | None:
        return self.spellings[0].text if self.spellings else None

    def led_by(self, text: str) -> Votes:
        """What a better witness says stands first; what the camera read stays as far behind as a misread is."""
        others = [(one.text, one.behind - MISREAD) for one in self.spellings if one.text != text]
        return Votes.of([(text, 0.0), *others], self.colour, self.kind)

    def compact(self) -> str:
        """One short text: version, colour, class, spellings with their hundredths, `1|blue|civil|皖A12345:0,皖A1234S:-231`."""
        said = ",".join(f"{one.text}:{round(one.behind * 100)}" for one in self.spellings)
        return "|".join((_VERSION, self.colour or "", self.kind or "", said))

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `compact` wrote; a later version's text is read as far as it is ours; else ParkingError."""
        return cast(Self, _parsed(text))

    def __repr__(self) -> str:
        return f"Votes({len(self.spellings)} spellings)"


@lru_cache(maxsize=512)
def _parsed(text: str) -> Votes:
    """Those read last are kept: one passage's are read again with every event and every row that carries them."""
    parts = text.split("|")
    if len(parts) < 4 or not parts[0].isdecimal() or not all(_WORD.fullmatch(word) for word in parts[1:3]):
        raise _malformed()
    said = [one.rpartition(":") for one in parts[3].split(",")] if parts[3] else []
    spellings = tuple(Spelling(*_spelling(name, number)) for name, _, number in said[:MOST])
    return Votes(spellings, parts[1] or None, parts[2] or None)


def _spelling(text: str, number: str) -> tuple[str, float]:
    known = 1 <= len(text) <= _LONGEST and _TEXT.fullmatch(text) is not None
    if not known or re.fullmatch(r"0|-\d{1,4}", number) is None:
        raise _malformed()
    return text, max(-WIDEST, int(number) / 100)


def _malformed() -> Exception:
    return invalid("votes.malformed", "should be version|colour|class|TEXT:0,TEXT:-hundredths", field="votes")
