"""What a driver thinks of a stay that he has paid for: one to five, and words if he likes; once per stay, and without a plate.

A rating goes with its stay's member when he is erased, and his words go when they are a year old.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.analytics import tables as t
from parking.analytics.local_days import slot_of
from parking.kernel.errors import conflict, not_found
from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import UnitOfWork, metadata
from parking.plumbing.insert_once import insert_once
from parking.sessions import store as stays

rating = sa.Table(
    "rating",
    metadata,
    sa.Column("stay_id", sa.String(36), primary_key=True),
    sa.Column("day", sa.String(10), nullable=False, index=True),
    sa.Column("lane_id", sa.String(64), nullable=False),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("words", sa.String(300), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)


def give(uow: UnitOfWork, stay_id: StayId, score: int, words: str, zone: ZoneInfo) -> Row[Any]:
    """Keep what a driver thinks of his stay; the same again changes nothing, another opinion is a conflict."""
    row = stays.row_of(uow.connection, stay_id)
    if row is None:
        raise not_found("stay.unknown", "this stay is not known")
    values = {"stay_id": stay_id, "day": slot_of(uow.now, zone).day, "lane_id": row.exit_lane_id or row.lane_id}
    insert_once(uow.connection, rating, values | {"score": score, "words": words, "at": uow.now})
    kept = of_stay(uow.connection, stay_id)
    assert kept is not None
    if (kept.score, kept.words) != (score, words):
        raise conflict("rating.given", "this stay has been rated already")
    return kept


def of_stay(conn: Connection, stay_id: StayId) -> Row[Any] | None:
    return conn.execute(sa.select(rating).where(rating.c.stay_id == stay_id)).one_or_none()


def forget_plate(uow: UnitOfWork, plate: Plate, until: datetime) -> None:
    """Drop what the driver of this plate said of stays that ended until then."""
    s = stays.stay.c
    ended = sa.select(s.id).where(s.plate == plate, s.exited_at <= until)
    uow.connection.execute(rating.delete().where(rating.c.stay_id.in_(ended)))


def forget_words(uow: UnitOfWork, before: datetime) -> None:
    """Drop the words, and keep the numbers."""
    uow.connection.execute(rating.update().where(rating.c.at < before, rating.c.words != "").values(words=""))


def between(conn: Connection, since: str, until: str, lane_id: str = "") -> Sequence[Row[Any]]:
    """How many of each score by day and lane: the lane is where the stay ended, once it has; (day, lane_id, score, n)."""
    lane = sa.func.coalesce(t.of_stay.c.lane_id, rating.c.lane_id)
    query = (
        sa.select(rating.c.day, lane.label("lane_id"), rating.c.score, sa.func.count().label("n"))
        .join(t.of_stay, t.of_stay.c.stay_id == rating.c.stay_id, isouter=True)
        .where(rating.c.day >= since, rating.c.day <= until)
        .group_by(rating.c.day, lane, rating.c.score)
    )
    return conn.execute(query.where(lane == lane_id) if lane_id else query).all()
