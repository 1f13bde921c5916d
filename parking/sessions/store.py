"""The tables of stays. The database itself refuses a second open stay of one plate (invariant I9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.ids import CaseId, LaneId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.plumbing.column_types import PlateText, UtcDateTime
from parking.plumbing.db import metadata
from parking.sessions.model import ClosedStay, OpenStay, ReviewCase, Stay, StayInReview

stay = sa.Table(
    "stay",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("plate", PlateText, nullable=True),
    sa.Column("state", sa.String(12), nullable=False),  # open, review, closed
    sa.Column("entered_at", UtcDateTime, nullable=False),
    sa.Column("lane_id", sa.String(64), nullable=False),
    sa.Column("tariff_version", sa.String(32), nullable=False),
    sa.Column("priced_at", UtcDateTime, nullable=True),
    sa.Column("leave_by", UtcDateTime, nullable=True),
    sa.Column("exited_at", UtcDateTime, nullable=True),
    sa.Column("exit_lane_id", sa.String(64), nullable=True),
)
sa.Index(
    "one_open_stay_per_plate",
    stay.c.plate,
    unique=True,
    sqlite_where=stay.c.state == sa.literal_column("'open'"),
    postgresql_where=stay.c.state == sa.literal_column("'open'"),
)
sa.Index("stay_by_state", stay.c.state, stay.c.id)

review_case = sa.Table(
    "review_case",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("reason", sa.String(64), nullable=False),
    sa.Column("stay_id", sa.String(36), nullable=True),
    sa.Column("visit_id", sa.String(36), nullable=True),
    sa.Column("lane_id", sa.String(64), nullable=True),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("state", sa.String(12), nullable=False, index=True),  # open, resolved
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("resolved_by", sa.String(64), nullable=False, default=""),
    sa.Column("resolved_at", UtcDateTime, nullable=True),
)
sa.Index("review_case_by_stay", review_case.c.stay_id)
sa.Index("review_case_by_visit", review_case.c.visit_id)

exit_decision = sa.Table(  # a fee is that of the moment the lane said yes, not of the seconds the boom took
    "exit_decision",
    metadata,
    sa.Column("visit_id", sa.String(36), primary_key=True),
    sa.Column("decided_at", UtcDateTime, nullable=False),
)

unmatched_exit = sa.Table(  # a passage out that no stay is known for, perhaps because its entry has not arrived yet
    "unmatched_exit",
    metadata,
    sa.Column("visit_id", sa.String(36), primary_key=True),
    sa.Column("plate", PlateText, nullable=True, index=True),
    sa.Column("exited_at", UtcDateTime, nullable=False),
    sa.Column("lane_id", sa.String(64), nullable=False),
    sa.Column("case_id", sa.String(36), nullable=False),
    sa.Column("stay_id", sa.String(36), nullable=True),
)


def _to_stay(row: Row[Any]) -> Stay:
    if row.state == "closed":
        return ClosedStay(
            StayId(row.id),
            row.plate,
            row.entered_at,
            LaneId(row.lane_id),
            row.tariff_version,
            row.exited_at,
            LaneId(row.exit_lane_id),
        )
    if row.state == "review":
        return StayInReview(StayId(row.id), row.plate, row.entered_at, LaneId(row.lane_id), row.tariff_version)
    return _to_open(row)


def _to_open(row: Row[Any]) -> OpenStay:
    return OpenStay(
        StayId(row.id),
        row.plate,
        row.entered_at,
        LaneId(row.lane_id),
        row.tariff_version,
        row.priced_at,
        row.leave_by,
    )


def get(conn: Connection, stay_id: StayId) -> Stay | None:
    row = conn.execute(sa.select(stay).where(stay.c.id == stay_id)).one_or_none()
    return _to_stay(row) if row else None


def open_by_plate(conn: Connection, plate: Plate) -> OpenStay | None:
    """The open stay of exactly this plate."""
    row = conn.execute(sa.select(stay).where(stay.c.plate == plate, stay.c.state == "open")).one_or_none()
    found = _to_stay(row) if row else None
    return found if isinstance(found, OpenStay) else None


def second_entry_before(
    conn: Connection, stay_id: StayId | None, plate: Plate | None, at: datetime
) -> tuple[OpenStay, CaseId] | None:
    """The stay (of this id, else of this plate) that waits for a person only because its plate came in again, if that second
    entry was after `at`; with its case."""
    second = stay.alias("second")
    query = (
        sa.select(stay, review_case.c.id.label("case_id"))
        .join(review_case, review_case.c.stay_id == stay.c.id)
        .join(second, second.c.id == review_case.c.visit_id)
        .where(
            stay.c.state == "review",
            stay.c.id == stay_id if stay_id is not None else stay.c.plate == plate,
            stay.c.entered_at <= at,
            review_case.c.reason == "second_entry",
            review_case.c.state == "open",
            second.c.entered_at > at,
        )
        .order_by(stay.c.entered_at.desc())
        .limit(1)
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else (_to_open(row), CaseId(row.case_id))


def page(conn: Connection, state: str, after: str, limit: int) -> Sequence[Stay]:
    """Stays in one state, newest first, older than the id `after` (empty: from the newest)."""
    query = sa.select(stay).where(stay.c.state == state).order_by(stay.c.id.desc()).limit(limit)
    if after:
        query = query.where(stay.c.id < after)
    return [_to_stay(row) for row in conn.execute(query)]


def open_ids(conn: Connection, after: str, limit: int) -> list[StayId]:
    """The ids of open stays in their order, those behind `after`."""
    query = sa.select(stay.c.id).where(stay.c.state == "open", stay.c.id > after).order_by(stay.c.id).limit(limit)
    return [StayId(found) for found in conn.execute(query).scalars()]


def closed_since(conn: Connection, since: datetime, after: str, limit: int) -> list[ClosedStay]:
    """Stays that ended after `since`, in the order of their ids, those behind `after`."""
    query = sa.select(stay).where(stay.c.state == "closed", stay.c.exited_at > since, stay.c.id > after)
    found = (_to_stay(row) for row in conn.execute(query.order_by(stay.c.id).limit(limit)))
    return [one for one in found if isinstance(one, ClosedStay)]


def insert(conn: Connection, new: OpenStay, *, state: str = "open") -> None:
    conn.execute(
        stay.insert().values(
            id=new.id,
            plate=new.plate,
            state=state,
            entered_at=new.entered_at,
            lane_id=new.lane_id,
            tariff_version=new.tariff_version,
        )
    )


def set_state(conn: Connection, stay_id: StayId, **values: Any) -> None:
    conn.execute(stay.update().where(stay.c.id == stay_id).values(**values))


def _to_case(row: Row[Any]) -> ReviewCase:
    return ReviewCase(
        CaseId(row.id),
        row.reason,
        row.stay_id,
        row.visit_id,
        row.lane_id,
        row.opened_at,
        row.state,
        row.note,
        row.resolved_by,
    )


def get_case(conn: Connection, case_id: CaseId) -> ReviewCase | None:
    row = conn.execute(sa.select(review_case).where(review_case.c.id == case_id)).one_or_none()
    return _to_case(row) if row else None


def cases(conn: Connection, state: str, after: str, limit: int) -> Sequence[ReviewCase]:
    """Cases in one state, newest first, older than the id `after`."""
    query = sa.select(review_case).where(review_case.c.state == state).order_by(review_case.c.id.desc()).limit(limit)
    if after:
        query = query.where(review_case.c.id < after)
    return [_to_case(row) for row in conn.execute(query)]


def open_cases_of(conn: Connection, stay_id: StayId) -> Sequence[ReviewCase]:
    """What a person is still asked about this stay, oldest first."""
    query = sa.select(review_case).where(review_case.c.stay_id == stay_id, review_case.c.state == "open")
    return [_to_case(row) for row in conn.execute(query.order_by(review_case.c.id))]


def cases_about(conn: Connection, stay_id: StayId, visits: Sequence[VisitId]) -> list[ReviewCase]:
    """What was ever asked of a person about this stay or these visits, oldest first."""
    about = sa.or_(review_case.c.stay_id == stay_id, review_case.c.visit_id.in_(visits))
    return [_to_case(row) for row in conn.execute(sa.select(review_case).where(about).order_by(review_case.c.id))]


def has_case(conn: Connection, reason: str, stay_id: StayId) -> bool:
    """Whether a person was ever asked this about this stay."""
    query = sa.select(review_case.c.id).where(review_case.c.stay_id == stay_id, review_case.c.reason == reason)
    return conn.execute(query.limit(1)).first() is not None


def close_case(conn: Connection, case_id: CaseId, *, by: str, note: str, at: datetime) -> None:
    conn.execute(
        review_case.update()
        .where(review_case.c.id == case_id)
        .values(state="resolved", note=note, resolved_by=by, resolved_at=at)
    )


def remember_decision(conn: Connection, visit_id: VisitId, decided_at: datetime) -> None:
    """Keep when the lane last said yes to this visit."""
    conn.execute(exit_decision.delete().where(exit_decision.c.visit_id == visit_id))
    conn.execute(exit_decision.insert().values(visit_id=visit_id, decided_at=decided_at))


def take_decision(conn: Connection, visit_id: VisitId) -> datetime | None:
    """When the lane said yes to this visit; forgets it."""
    moment: datetime | None = conn.execute(
        sa.select(exit_decision.c.decided_at).where(exit_decision.c.visit_id == visit_id)
    ).scalar_one_or_none()
    conn.execute(exit_decision.delete().where(exit_decision.c.visit_id == visit_id))
    return moment


def earliest_unmatched_exit(conn: Connection, plate: Plate, since: datetime) -> Row[Any] | None:
    """The first exit of this plate after `since` that no stay has explained."""
    return conn.execute(
        sa.select(unmatched_exit)
        .where(unmatched_exit.c.plate == plate, unmatched_exit.c.stay_id.is_(None), unmatched_exit.c.exited_at >= since)
        .order_by(unmatched_exit.c.exited_at)
        .limit(1)
    ).one_or_none()
