"""What lanes told of each visit, kept for as long as its stay: the outbox forgets, a stay's story must not.

The plate of each read is kept as it was read, with the other spellings that the pictures left open; whoever shows them masks them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

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
from parking.kernel.votes import Votes
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
    sa.Column("votes", sa.String(200), nullable=True),
    sa.Column("said", Json, nullable=False),
)
sa.Index("visit_note_by_lane", visit_note.c.lane_id, visit_note.c.at)
IS_SPELT = sa.or_(visit_note.c.plate.is_not(None), visit_note.c.votes.is_not(None))
sa.Index("visit_note_spelt", visit_note.c.at, sqlite_where=IS_SPELT, postgresql_where=IS_SPELT)

_NOTES_OF_A_VISIT = 12
"""More than a lane tells of most vehicles: so many rows are read to find the last few vehicles."""
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
    "stay_id",
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
    votes: Votes | None = None


def note(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles what lanes tell of a vehicle."""
    event = envelope.event
    if not isinstance(event, Told) or event.visit_id is None:
        return
    said = {name: getattr(event, name) for name in _SAID if getattr(event, name, None) not in (None, "")}
    direction = getattr(event, "direction", None)
    votes = event.votes if isinstance(event, LaneDecided) else None
    row = {
        "event_id": envelope.id,
        "visit_id": event.visit_id,
        "at": envelope.occurred_at,
        "kind": type(event).__name__,
        "lane_id": event.lane_id,
        "plate": getattr(event, "plate", None),
        "votes": votes.compact() if votes is not None else None,
        "said": said | ({"direction": direction.value} if direction is not None else {}),
    }
    insert_once(uow.connection, visit_note, row)


def of_visits(conn: Connection, visits: Sequence[str]) -> list[VisitNote]:
    """What was told of these visits, in the order in which it happened."""
    if not visits:
        return []
    order = (visit_note.c.at, visit_note.c.event_id)
    found = conn.execute(sa.select(visit_note).where(visit_note.c.visit_id.in_(visits)).order_by(*order))
    return [_to_note(row) for row in found]


def latest_at(conn: Connection, lane_id: LaneId, most: int) -> list[VisitId]:
    """The vehicles that a lane told of last, at most so many, the newest word first."""
    t = visit_note.c
    query = sa.select(t.visit_id).where(t.lane_id == lane_id).order_by(t.at.desc(), t.event_id.desc())
    said = conn.execute(query.limit(most * _NOTES_OF_A_VISIT)).scalars()
    return [VisitId(one) for one in dict.fromkeys(said)][:most]


def _to_note(row: Row[Any]) -> VisitNote:
    votes = Votes.parse(row.votes) if row.votes else None
    return VisitNote(VisitId(row.visit_id), row.at, row.kind, LaneId(row.lane_id), row.plate, dict(row.said), votes)


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
