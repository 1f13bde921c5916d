"""A case on the desk: who has it and until when, what may be decided about it, what was decided, and what that taught.

A claim is a lease: a browser that is gone gives its case back by itself. The version counts every change of hands and every
decision, so that nobody decides on what is no longer so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from parking.kernel.ids import CaseId, LaneId, StayId, VisitId
from parking.kernel.plate import Plate

LEASE = timedelta(minutes=3)
"""How long a claim lasts when nobody renews it; the page renews it each minute."""


class Choice(StrEnum):
    """What a person may say about a case; the value is the stable code, the page gives each a key."""

    MATCH = "match"  # this stay it was
    NO_STAY = "no_stay"  # none of them: it came in unseen
    PLATE = "plate"  # the plate was misread: this is what it says
    SPLIT = "split"  # two visits: the earlier one ended unseen
    PART = "part"  # two visits: it left at this time and came again at that
    MERGE = "merge"  # one visit: what looks like a second one belongs to the first
    CONFIRM = "confirm"  # it is true as recorded
    CLOSE = "close"  # the car is gone: the stay ends now
    WAIVE = "waive"  # what is owed is given up
    DONE = "done"  # seen to; no stay and no money changes
    HOLD = "hold"  # it waits for something; not decided yet


@dataclass(frozen=True, slots=True)
class Hand:
    """Who has a case: `holder` (an operator id) until `lease_until`; until `wait_until` it waits for something."""

    version: int = 0
    holder: str = ""
    lease_until: datetime | None = None
    wait_until: datetime | None = None

    def holder_at(self, now: datetime) -> str:
        """Whose it is at `now`; nobody's when the lease has run out."""
        return self.holder if self.lease_until is not None and now < self.lease_until else ""

    def waits_at(self, now: datetime) -> bool:
        return self.wait_until is not None and now < self.wait_until


@dataclass(frozen=True, slots=True)
class Queued:
    """An open case in the queue."""

    case_id: CaseId
    reason: str
    stay_id: StayId | None
    visit_id: VisitId | None
    lane_id: LaneId | None
    opened_at: datetime
    hand: Hand


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stay that may be meant: the lower its `cost` the likelier; `why` says what speaks for it (below 0) and against it."""

    stay_id: StayId
    cost: float
    why: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates, likeliest first, and which costs they were ranked by; `read` is the plate that the question is about.

    `awaits`: a gate box is cut off that may have let this vehicle in, so that its stay may not be known yet.
    """

    candidates: tuple[Candidate, ...] = ()
    read: Plate | None = None
    costs: str = ""
    awaits: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants done about a case: `reason` is a stable code, `note` their own words.

    `left_at`, `came_at`: when one visit ended and the next began. `typed`: the plate by which they had the candidates ranked again.
    """

    choice: Choice
    reason: str
    note: str = ""
    stay_id: StayId | None = None
    plate: Plate | None = None
    wait: timedelta | None = None
    left_at: datetime | None = None
    came_at: datetime | None = None
    typed: Plate | None = None


@dataclass(frozen=True, slots=True)
class Lesson:
    """A person has said that what was read as `read` is `true`; in force while `active`."""

    id: str
    decision_id: str
    read: Plate
    true: Plate
    learned_at: datetime
    taught_by: str
    active: bool
    switched_by: str = ""
    switched_at: datetime | None = None
    switch_reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a wish: the facts before and after, the corrections that hold them, and what was misread for what."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    stay_id: StayId | None = None
    corrections: tuple[str, ...] = ()
    misread: tuple[Plate, Plate] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as it stands on record; `evidence` is what the person had in front of them, `number` its place among its case's."""

    id: str
    case_id: CaseId
    number: int
    stay_id: StayId | None
    choice: Choice
    chosen: StayId | None
    reason: str
    note: str
    rule: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    evidence: Mapping[str, Any]
    corrections: tuple[str, ...]
    actor: str
    decided_at: datetime
    undone_by: str = ""
    undone_at: datetime | None = None
    undo_reason: str = ""
