"""What is read off a picture: evidence with its doubts (candidates, margin), never a bare string.

Log-probabilities are natural logarithms. A margin is the best candidate's log-probability less the second's: at 2 the best is
about seven times as likely.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from lpr.evidence import Evidence
from lpr.frame import Corners
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes

WIDEST_MARGIN = 20.0
"""What a margin is at most, and what it is when there is no second candidate."""


class PlateKind(StrEnum):
    """The classes of GA 36-2018, and `GENERIC` for every other country."""

    CIVIL = "civil"  # blue small car, yellow large car, motorcycle, coach
    NEW_ENERGY_SMALL = "new_energy_small"
    NEW_ENERGY_LARGE = "new_energy_large"
    POLICE = "police"
    LEARNER = "learner"
    TRAILER = "trailer"
    HONG_KONG = "hong_kong"
    MACAU = "macau"
    CONSULATE = "consulate"
    EMBASSY = "embassy"
    ARMED_POLICE = "armed_police"
    MILITARY = "military"
    CIVIL_AVIATION = "civil_aviation"
    TRACTOR = "tractor"
    EMERGENCY = "emergency"
    TEMPORARY = "temporary"  # paper plates, and those of trial and oversize vehicles
    GENERIC = "generic"


class PlateColour(StrEnum):
    """The ground of the plate; the yellow and green one of large new-energy cars counts as green."""

    BLUE = "blue"
    YELLOW = "yellow"
    GREEN = "green"
    WHITE = "white"
    BLACK = "black"


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of a plate besides its signs: probability of each ground colour (sum at most one), rows (None: unknown)."""

    colours: Mapping[PlateColour, float] = field(default_factory=dict)
    rows: int | None = None

    @classmethod
    def of(cls, colour: PlateColour | None, *, sure: float = 0.95, rows: int | None = None) -> Self:
        """A ground of one colour, or of none where it is not known."""
        return cls(
            {colour: sure, **{c: (1 - sure) / 4 for c in PlateColour if c is not colour}} if colour else {}, rows
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """One plate that the picture may show, and how likely the picture makes it."""

    plate: Plate
    log_probability: float
    kind: PlateKind


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Where a detector thinks a plate is: corners in pixels, score 0-1, how many rows of signs, and its ground where it can tell."""

    corners: Corners
    score: float
    rows: int = 1
    colour: PlateColour | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PlateRead:
    """One plate in one frame; `confidence` is 0-1, `corners` are pixels of the frame, `candidates` are best first."""

    plate: Plate
    kind: PlateKind
    colour: PlateColour | None
    confidence: float
    margin: float
    corners: Corners
    candidates: tuple[Candidate, ...]
    camera: str
    captured_at: datetime

    @property
    def log_probability(self) -> float:
        """How likely the picture makes the best candidate."""
        return self.candidates[0].log_probability


class Heading(StrEnum):
    """Which way a vehicle moves, as its camera sees it."""

    APPROACHING = "approaching"
    LEAVING = "leaving"
    STANDING = "standing"


@dataclass(frozen=True, slots=True)
class PassageReading:
    """What all frames of one vehicle say together; `agreeing` of `frames` frames had this plate as their best.

    `passage` is the caller's name for it, or the camera's own; `over` says that no more will come; `evidence` is the best picture;
    `votes` are the likeliest plates with how far each is behind the best.
    """

    plate: Plate | None
    kind: PlateKind | None
    colour: PlateColour | None
    confidence: float
    margin: float
    agreeing: int
    frames: int
    captured_at: datetime | None
    passage: str = ""
    heading: Heading | None = None
    evidence: Evidence | None = None
    settled: bool = False
    over: bool = False
    votes: Votes | None = None


def margin_of(log_probabilities: list[float]) -> float:
    """Best less second of a descending list, at most `WIDEST_MARGIN`."""
    if len(log_probabilities) < 2:
        return WIDEST_MARGIN
    return min(WIDEST_MARGIN, log_probabilities[0] - log_probabilities[1])


def confidence_of(log_probabilities: list[float], none_of_them: float) -> float:
    """The best one's share of all candidates and of the case that it is none of them (a log-probability)."""
    best = log_probabilities[0]
    return 1.0 / (
        sum(math.exp(min(p - best, 0.0)) for p in log_probabilities) + math.exp(min(none_of_them - best, 50.0))
    )
