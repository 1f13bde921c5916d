"""A call waits until one person takes it, and ends with a word of how. An emergency stands until a person ends it.

Whatever holds a car inside against its driver's will stops that car's fee clock; an emergency stops everybody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parking.kernel.ids import LaneId, StayId, VisitId


class CallSource(StrEnum):
    """Who pressed: the lane by itself, a driver's phone, or a kiosk's help button."""

    LANE = "lane"
    DRIVER = "driver"
    KIOSK = "kiosk"


class CallState(StrEnum):
    WAITING = "waiting"
    TAKEN = "taken"  # one operator's, nobody else's
    ENDED = "ended"


class Ending(StrEnum):
    """How a call ended."""

    OPENED = "opened"  # an operator opened the lane
    HELPED = "helped"  # settled without opening
    OPENED_BY_POLICY = "opened_by_policy"  # nobody came; the lane opened by its own policy
    ANSWERED = "answered"  # the lane was opened or answered, though nobody took the call here
    PASSED = "passed"  # the vehicle drove through
    GONE = "gone"  # the vehicle backed away, or the caller hung up


@dataclass(frozen=True, slots=True)
class HelpCall:
    """One call; `level` counts the rungs of the ladder that have been called, `callers_ref` is who called (a stay, a kiosk)."""

    id: str
    source: CallSource
    lane_id: LaneId | None
    visit_id: VisitId | None
    stay_id: StayId | None
    callers_ref: str
    cause: str
    picture_ref: str | None
    called_at: datetime
    state: CallState
    level: int
    taken_by: str
    taken_at: datetime | None
    ended_at: datetime | None
    how: str
    note: str


@dataclass(frozen=True, slots=True)
class CallStep:
    """One line of a call's log: what happened when, by whom (empty: by itself)."""

    at: datetime
    what: str
    who: str
    detail: str


@dataclass(frozen=True, slots=True)
class Emergency:
    """Every exit stands open from `started_at` on; `lane_id` is where fire was noticed, None when a person began it."""

    id: str
    cause: str
    lane_id: LaneId | None
    started_at: datetime
    begun_by: str
    reason: str
    ended_at: datetime | None
    ended_by: str
    end_reason: str


@dataclass(frozen=True, slots=True)
class HeldLane:
    """One lane in an emergency: when it was ordered open, when it said that it stands open, when it said that this is over."""

    lane_id: LaneId
    command_id: str | None
    ordered_at: datetime | None
    opened_at: datetime | None
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class ManualOpening:
    """One order of a person to a lane: always with an actor and a reason, and with the lane's picture where it has one."""

    command_id: str
    lane_id: LaneId
    action: str
    actor: str
    reason: str
    ordered_at: datetime
    call_id: str | None
    visit_id: VisitId | None
    picture_ref: str | None
    pulsed_at: datetime | None
    read_back: bool | None
