"""Passages, counts and views with good defaults."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from guidance.model import ZoneView
from parking.kernel.events import Direction, Envelope, Event, LaneFaulted, RampPassed, VehiclePassed
from parking.kernel.ids import EventId, LaneId, VisitId, ZoneId

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def envelope(event: Event, ident: str, minute: float = 0.0) -> Envelope:
    return Envelope(EventId(ident), at(minute), "edge-1", event)


def entered(ident: str = "e1", minute: float = 0.0, *, lane: str = "entry-1", authorised: bool = True) -> Envelope:
    passed = VehiclePassed(LaneId(lane), VisitId(f"v-{ident}"), Direction.IN, None, 0.0, None, authorised)
    return envelope(passed, ident, minute)


def left(ident: str = "x1", minute: float = 0.0, *, lane: str = "exit-1", authorised: bool = True) -> Envelope:
    passed = VehiclePassed(LaneId(lane), VisitId(f"v-{ident}"), Direction.OUT, None, 0.0, None, authorised)
    return envelope(passed, ident, minute)


def ramped(ident: str = "r1", minute: float = 0.0, *, source: str = "b1", target: str = "b2") -> Envelope:
    return envelope(RampPassed(LaneId("ramp-1"), ZoneId(source), ZoneId(target)), ident, minute)


def faulted(
    ident: str, minute: float, *, fault: str = "presence_loop_stuck", cleared: bool = False, lane: str = "entry-1"
) -> Envelope:
    return envelope(LaneFaulted(LaneId(lane), fault, "", cleared), ident, minute)


def view(free: int = 10, *, capacity: int = 30, known: bool = True, zone_id: str = "b1") -> ZoneView:
    return ZoneView(ZoneId(zone_id), capacity, capacity - free, free, known, NOON)


def views(*items: ZoneView) -> dict[ZoneId, ZoneView]:
    return {v.zone_id: v for v in items}


def texts(log: Sequence[object]) -> list[str]:
    return [str(getattr(item, "text", item)) for item in log]
