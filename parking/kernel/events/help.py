"""Calls for help, and emergencies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from parking.kernel.ids import LaneId


@dataclass(frozen=True, slots=True)
class CallChanged:
    """A call for help moved on: `state` is waiting, taken or ended, `reason` the step that led there (called, escalated, ...)."""

    call_id: str
    lane_id: LaneId | None
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class EmergencyChanged:
    """While an emergency is `standing` every exit is open and no fee clock runs; `since` is when it began, or when it ended."""

    emergency_id: str
    standing: bool
    since: datetime
    reason: str
