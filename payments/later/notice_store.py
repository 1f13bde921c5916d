"""What providers that charge by plate were told of a stay, and what they said of its car, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.plumbing.column_types import PlateText, UtcDateTime
from parking.plumbing.db import metadata
from parking.plumbing.prepared import prepared
from payments.providers.abilities import PlateColour, Standing


class NoticeState(StrEnum):
    """TO_ENTER -> INSIDE -> TO_LEAVE -> OVER; or STRANGER: the provider knows no such car, and is told nothing more."""

    TO_ENTER = "to_enter"
    INSIDE = "inside"
    TO_LEAVE = "to_leave"
    OVER = "over"
    STRANGER = "stranger"


notice_table = sa.Table(
    "parking_notice",
    metadata,
    sa.Column("stay_id", sa.String(36), primary_key=True),
    sa.Column("channel", sa.String(32), primary_key=True),
    sa.Column("number", sa.String(32), nullable=False, unique=True),
    sa.Column("plate", PlateText, nullable=True),
    sa.Column("colour", sa.String(10), nullable=False),
    sa.Column("entered_at", UtcDateTime, nullable=False),
    sa.Column("left_at", UtcDateTime, nullable=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("reference", sa.String(128), nullable=True),
    sa.Column("standing", sa.String(12), nullable=True),
    sa.Column("standing_at", UtcDateTime, nullable=True),
)


@dataclass(frozen=True, slots=True)
class Notice:
    """One stay at one provider; `number` is ours, `reference` the provider's."""

    stay_id: StayId
    channel: str
    number: str
    plate: Plate | None
    colour: PlateColour
    entered_at: datetime
    left_at: datetime | None
    state: NoticeState
    reference: str | None = None
    standing: Standing | None = None
    standing_at: datetime | None = None


def _to_notice(row: Row[Any]) -> Notice:
    return Notice(
        stay_id=StayId(row.stay_id),
        channel=row.channel,
        number=row.number,
        plate=row.plate,
        colour=PlateColour(row.colour),
        entered_at=row.entered_at,
        left_at=row.left_at,
        state=NoticeState(row.state),
        reference=row.reference,
        standing=Standing(row.standing) if row.standing else None,
        standing_at=row.standing_at,
    )


def get(conn: Connection, stay_id: StayId, channel: str) -> Notice | None:
    n = notice_table.c
    row = conn.execute(sa.select(notice_table).where(n.stay_id == stay_id, n.channel == channel)).one_or_none()
    return _to_notice(row) if row else None


def by_number(conn: Connection, number: str) -> Notice | None:
    row = conn.execute(sa.select(notice_table).where(notice_table.c.number == number)).one_or_none()
    return _to_notice(row) if row else None


_OF_STAY = prepared(
    sa.select(notice_table).where(notice_table.c.stay_id == sa.bindparam("of_stay")).order_by(notice_table.c.channel)
)


def of_stay(conn: Connection, stay_id: StayId) -> Sequence[Notice]:
    return [_to_notice(row) for row in conn.execute(_OF_STAY, {"of_stay": stay_id})]


def change(conn: Connection, notice: Notice, **values: Any) -> None:
    n = notice_table.c
    where = sa.and_(n.stay_id == notice.stay_id, n.channel == notice.channel)
    conn.execute(notice_table.update().where(where).values(values))


def numbers_of(conn: Connection, plate: Plate, until: datetime) -> Sequence[str]:
    """Our numbers of the stays of a plate that had ended by then."""
    n = notice_table.c
    return conn.execute(sa.select(n.number).where(n.plate == plate, n.left_at <= until)).scalars().all()


def forget_plates(conn: Connection, before: datetime) -> int:
    """Drop the plates of stays that ended before then; returns how many."""
    n = notice_table.c
    old = sa.and_(n.left_at < before, n.plate.isnot(None))
    return conn.execute(notice_table.update().where(old).values(plate=None)).rowcount


def forget_plate(conn: Connection, plate: Plate, until: datetime) -> int:
    """Drop one plate from every stay that had ended by then; returns how many."""
    n = notice_table.c
    ended = sa.and_(n.left_at <= until, n.plate == plate)
    return conn.execute(notice_table.update().where(ended).values(plate=None)).rowcount
