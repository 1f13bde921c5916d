"""What one bay's readings say of it, and when they say nothing any more. Pure.

A bay nobody has heard of for three heart-beats is unknown, not free. A sensor that changes its mind all the time, or never while its
neighbours do, is not believed. A device whose clock is off is believed by the moment at which it was heard.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from parking.kernel.ids import BayId, DeviceId
from parking.kernel.plate import Plate


class Fault(StrEnum):
    """Why a bay's state is not believed."""

    SILENT = "silent"
    FLAPPING = "flapping"
    STUCK = "stuck"
    NEVER_HEARD = "never_heard"


@dataclass(frozen=True, slots=True)
class Rules:
    """When a sensor is not believed; spans of time, and counts of changes."""

    heart_beat: timedelta = timedelta(minutes=5)
    beats_missed: int = 3
    flaps_most: int = 6
    flaps_within: timedelta = timedelta(minutes=10)
    stuck_after: timedelta = timedelta(hours=30)
    neighbours_changed: int = 4
    clock_off: timedelta = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Reading:
    """One device's word on a bay: what it says (`at` by its own clock) and when it was heard; `plate` where it was read."""

    bay_id: BayId
    occupied: bool
    at: datetime
    heard_at: datetime
    source: str
    device_id: DeviceId
    sure: float = 1.0
    plate: Plate | None = None


@dataclass(frozen=True, slots=True)
class BayState:
    """All that is kept of a bay: its last state and since when, when it was last heard, its last changes (newest last)."""

    bay_id: BayId
    occupied: bool | None = None
    since: datetime | None = None
    heard_at: datetime | None = None
    changes: tuple[datetime, ...] = ()
    source: str = ""
    clock_off: bool = False


def hear(state: BayState, reading: Reading, rules: Rules) -> BayState:
    """The state after a reading; one that is older than what is known changes nothing but that the device lives."""
    off = abs(reading.at - reading.heard_at) > rules.clock_off
    at = reading.heard_at if off else min(reading.at, reading.heard_at)
    heard = max(reading.heard_at, state.heard_at or reading.heard_at)
    alive = replace(state, heard_at=heard, source=reading.source, clock_off=off)
    if state.since is not None and at < state.since:
        return alive
    if reading.occupied is state.occupied:
        return alive
    kept = (*state.changes, at)[-(rules.flaps_most + 1) :]
    return replace(alive, occupied=reading.occupied, since=at, changes=kept)


def as_of(state: BayState, now: datetime, rules: Rules) -> BayState:
    """What is kept of a bay, as far as it can be true `now`: what a clock noted that was put back since is not kept."""
    noted = max((at for at in (state.since, state.heard_at) if at is not None), default=now)
    return BayState(state.bay_id) if noted - now > rules.clock_off else state


def fault_of(state: BayState, now: datetime, rules: Rules, neighbours_changed: int = 0) -> Fault | None:
    """Why the state is not believed now, None where it is; `neighbours_changed`: how often a bay beside it changed since it did."""
    if state.heard_at is None or state.since is None:
        return Fault.NEVER_HEARD
    if now - state.heard_at > rules.heart_beat * rules.beats_missed:
        return Fault.SILENT
    recent = [at for at in state.changes if now - at <= rules.flaps_within]
    if len(recent) > rules.flaps_most:
        return Fault.FLAPPING
    if now - state.since > rules.stuck_after and neighbours_changed >= rules.neighbours_changed:
        return Fault.STUCK
    return None


def believed(state: BayState, now: datetime, rules: Rules, neighbours_changed: int = 0) -> bool | None:
    """Taken, free, or None: nobody can say."""
    return state.occupied if fault_of(state, now, rules, neighbours_changed) is None else None
