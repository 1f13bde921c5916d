"""What lanes told of each visit, kept for as long as its stay: the outbox forgets, a stay's story must not.

The plate of each read is kept as it was read; whoever shows it masks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.events import (
    BarrierPulsed,
    Envelope,
    LaneBlocked,
    LaneCalled,
    LaneDecided,
    VehicleBackedAway,
    VehiclePassed,
)
from parking.kernel.ids import LaneId, VisitId
from parking.kernel.plate import Plate
from parking.plumbing.column_types import Json, PlateText, UtcDateTime
from parking.plumbing.db import UnitOfWork, insert_once, metadata
from parking.sessions.model import ClosedStay, Stay

visit_note = sa.Table(
    "visit_note",
    metadata,
    sa.Column("event_id", sa.String(64), primary_key=True),
    sa.Column("visit_id", sa.String(36), nullable=False, index=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("lane_id", sa.String(64), nullable=False),
    sa.Column("plate", PlateText, nullable=True),
    sa.Column("said", Json, nullable=False),
)
sa.Index("visit_note_by_lane", visit_note.c.lane_id, visit_note.c.at)

Told = LaneDecided | BarrierPulsed | VehiclePassed | VehicleBackedAway | LaneBlocked | LaneCalled
_SAID = (
    "allowed",
    "rule",
    "reason",
    "confidence",
    "frames",
    "by",
    "read_back",
    "authorised",
    "right",
    "cause",
    "blocked",
)


@dataclass(frozen=True, slots=True)
class VisitNote:
    """One thing that a lane told: `kind` is the event's name, `said` its codes and figures."""

    visit_id: VisitId
    at: datetime
    kind: str
    lane_id: LaneId
    plate: Plate | None
    said: dict[str, Any]


def note(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles what lanes tell of a vehicle."""
    event = envelope.event
    if not isinstance(event, Told) or event.visit_id is None:
        return
    said = {name: getattr(event, name) for name in _SAID if getattr(event, name, None) not in (None, "")}
    direction = getattr(event, "direction", None)
    row = {
        "event_id": envelope.id,
        "visit_id": event.visit_id,
        "at": envelope.occurred_at,
        "kind": type(event).__name__,
        "lane_id": event.lane_id,
        "plate": getattr(event, "plate", None),
        "said": said | ({"direction": direction.value} if direction is not None else {}),
    }
    insert_once(uow.connection, visit_note, row)


def of_visits(conn: Connection, visits: Sequence[str]) -> list[VisitNote]:
    """What was told of these visits, in the order in which it happened."""
    if not visits:
        return []
    order = (visit_note.c.at, visit_note.c.event_id)
    found = conn.execute(sa.select(visit_note).where(visit_note.c.visit_id.in_(visits)).order_by(*order))
    return [VisitNote(VisitId(r.visit_id), r.at, r.kind, LaneId(r.lane_id), r.plate, dict(r.said)) for r in found]


def visits_of(conn: Connection, stay: Stay) -> tuple[VisitId, ...]:
    """The visit that brought the stay in and, where it has left, the one that took it out."""
    came = VisitId(stay.id)
    if not isinstance(stay, ClosedStay):
        return (came,)
    t = visit_note.c
    query = sa.select(t.visit_id).where(
        t.lane_id == stay.exit_lane_id, t.at == stay.exited_at, t.kind == VehiclePassed.__name__
    )
    left = [VisitId(found) for found in conn.execute(query).scalars()]
    return (came, *(visit for visit in left if visit != came))
