"""Everything that a decision at a lane may know, in one frozen record. A rule looks nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parking.access.snapshot import ListedAs, ListRow, StayRow
from parking.kernel.events import Direction
from parking.kernel.ids import LaneId
from parking.kernel.plate import Plate


@dataclass(frozen=True, slots=True)
class PlateEvidence:
    """What the camera made of one vehicle: evidence, not a fact.

    `confidence` 0-1; `margin` log-probability between the best and the second-best spelling; `agreeing` of `frames` frames
    say the same; `captured_at` is the newest frame's time (UTC).
    """

    plate: Plate | None
    confidence: float
    margin: float
    agreeing: int
    frames: int
    captured_at: datetime


class NoPlate(StrEnum):
    """What an entry does with a vehicle whose plate nobody can read."""

    ADMIT = "admit"
    HELP = "help"


class SecondEntry(StrEnum):
    """What an entry does with a plate that is inside already: let it in and have a person look, or ask first."""

    ADMIT = "admit"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class LaneRules:
    """How strict one lane is. Margins are log-probabilities, times are seconds."""

    min_confidence: float = 0.5
    min_margin: float = 2.0
    min_agreeing: int = 2
    read_deadline_s: float = 4.0
    evidence_lead_s: float = 3.0
    """A frame may be this much older than the vehicle's arrival on the loop, never more: it would show the car before."""
    no_plate: NoPlate = NoPlate.HELP
    second_entry: SecondEntry = SecondEntry.ADMIT


@dataclass(frozen=True, slots=True)
class Facts:
    """One vehicle in front of one lane, now."""

    now: datetime
    lane_id: LaneId
    direction: Direction
    rules: LaneRules
    not_before: datetime
    """Frames older than this may show the vehicle before."""
    waited_s: float
    evidence: PlateEvidence | None
    listed: ListRow | None
    stay: StayRow | None
    free: int | None
    """Free bays of the whole site; None when nobody vouches for the count."""
    opened_before: bool = False
    """The lane has already opened for this very visit."""

    @property
    def trusted(self) -> bool:
        return self.evidence is not None and is_trusted(self.evidence, self.rules, self.not_before)

    def is_listed(self, listed_as: ListedAs) -> bool:
        return self.listed is not None and self.listed.listed_as is listed_as and self.listed.holds(self.now)


def is_trusted(evidence: PlateEvidence, rules: LaneRules, not_before: datetime) -> bool:
    """Whether a read is strong enough, and fresh enough, to act on: enough frames agree, and no other spelling is near."""
    return (
        evidence.plate is not None
        and evidence.captured_at >= not_before
        and evidence.confidence >= rules.min_confidence
        and evidence.margin >= rules.min_margin
        and evidence.agreeing >= rules.min_agreeing
    )
