"""The desk's tables: whose each case is, what was decided, what that taught. Only the database says who was first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.ids import CaseId, LaneId, StayId, VisitId
from parking.plumbing.column_types import Json, UtcDateTime
from parking.plumbing.db import insert_once, metadata
from parking.plumbing.prepared import prepared
from parking.sessions.desk.model import Choice, Decision, Hand, Queued
from parking.sessions.desk.queue import WENT_NOT_OUT
from parking.sessions.store import review_case

desk_hand = sa.Table(
    "desk_hand",
    metadata,
    sa.Column("case_id", sa.String(36), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("lease_until", UtcDateTime, nullable=True),
    sa.Column("wait_until", UtcDateTime, nullable=True),
)

desk_decision = sa.Table(
    "desk_decision",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("case_id", sa.String(36), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),  # the case's version that it rests on: its place among the case's
    sa.Column("stay_id", sa.String(36), nullable=True, index=True),
    sa.Column("choice", sa.String(16), nullable=False),
    sa.Column("chosen", sa.String(36), nullable=True),
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("note", sa.String(500), nullable=False),
    sa.Column("rule", sa.String(64), nullable=False),
    sa.Column("before", Json, nullable=False),
    sa.Column("after", Json, nullable=False),
    sa.Column("evidence", Json, nullable=False),
    sa.Column("corrections", Json, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("decided_at", UtcDateTime, nullable=False),
    sa.Column("undone_by", sa.String(64), nullable=False, default=""),
    sa.Column("undone_at", UtcDateTime, nullable=True),
    sa.Column("undo_reason", sa.String(200), nullable=False, default=""),
)


# --- whose it is -----------------------------------------------------------------------------------------------------


def hand(conn: Connection, case_id: CaseId) -> Hand:
    """Whose the case is; one that nobody has touched is at version 0."""
    row = conn.execute(sa.select(desk_hand).where(desk_hand.c.case_id == case_id)).one_or_none()
    return _to_hand(row) if row else Hand()


def take(conn: Connection, case_id: CaseId, who: str, now: datetime, until: datetime) -> bool:
    """Make the case this operator's until then; False when it is another's. Taking one's own again only renews it."""
    t = desk_hand.c
    untouched = {"case_id": case_id, "version": 0, "holder": "", "lease_until": None, "wait_until": None}
    insert_once(conn, desk_hand, untouched)
    renewed = sa.and_(t.holder == who, t.lease_until > now)
    free = sa.or_(t.holder == "", t.lease_until <= now, renewed)
    change = {"holder": who, "lease_until": until, "version": t.version + sa.case((renewed, 0), else_=1)}
    return conn.execute(desk_hand.update().where(t.case_id == case_id, free).values(change)).rowcount == 1


def give_back(conn: Connection, case_id: CaseId, who: str) -> bool:
    """Nobody's again; False when it was not this operator's."""
    mine = (desk_hand.c.case_id == case_id) & (desk_hand.c.holder == who)
    change = {"holder": "", "lease_until": None, "version": desk_hand.c.version + 1}
    return conn.execute(desk_hand.update().where(mine).values(change)).rowcount == 1


def step(conn: Connection, case_id: CaseId, who: str, version: int, wait_until: datetime | None = None) -> bool:
    """Count a decision, if it rests on this very version and the case is still this operator's; it is nobody's then."""
    t = desk_hand.c
    mine = sa.and_(t.case_id == case_id, t.holder == who, t.version == version)
    change = {"holder": "", "lease_until": None, "wait_until": wait_until, "version": version + 1}
    return conn.execute(desk_hand.update().where(mine).values(change)).rowcount == 1


def stir(conn: Connection, case_id: CaseId) -> None:
    """Something about the case has changed: what was seen of it before counts no longer."""
    change = {"wait_until": None, "version": desk_hand.c.version + 1}
    conn.execute(desk_hand.update().where(desk_hand.c.case_id == case_id).values(change))


_OPEN_CASES = prepared(
    sa.select(review_case, *(column for column in desk_hand.c if column.name != "case_id"))
    .join(desk_hand, desk_hand.c.case_id == review_case.c.id, isouter=True)
    .where(review_case.c.state == "open")
)


def open_cases(conn: Connection) -> list[Queued]:
    """Every open case with whose it is."""
    return [_to_queued(row) for row in conn.execute(_OPEN_CASES)]


def answered_at(conn: Connection, stay_id: str, at: datetime) -> list[CaseId]:
    """The questions about a stay that were answered at that very moment."""
    c = review_case.c
    query = sa.select(c.id).where(c.stay_id == stay_id, c.state == "resolved", c.resolved_at == at)
    return [CaseId(found) for found in conn.execute(query).scalars()]


def reopen_case(conn: Connection, case_id: CaseId) -> None:
    """The question is open again."""
    asked_again = {"state": "open", "note": "", "resolved_by": "", "resolved_at": None}
    conn.execute(review_case.update().where(review_case.c.id == case_id).values(asked_again))


def ask_instead(conn: Connection, case_id: CaseId, reason: str) -> None:
    """An open case asks this, now that more is known."""
    mine = review_case.c.id == case_id, review_case.c.state == "open"
    conn.execute(review_case.update().where(*mine).values(reason=reason))


def _to_hand(row: Row[Any]) -> Hand:
    return Hand(row.version or 0, row.holder or "", row.lease_until, row.wait_until)


def _to_queued(row: Row[Any]) -> Queued:
    links = (
        StayId(row.stay_id) if row.stay_id else None,
        VisitId(row.visit_id) if row.visit_id else None,
        LaneId(row.lane_id) if row.lane_id else None,
    )
    return Queued(CaseId(row.id), row.reason, *links, row.opened_at, _to_hand(row))


# --- what was decided ------------------------------------------------------------------------------------------------


def add_decision(conn: Connection, new: Decision) -> None:
    conn.execute(
        desk_decision.insert().values(
            id=new.id,
            case_id=new.case_id,
            number=new.number,
            stay_id=new.stay_id,
            choice=new.choice.value,
            chosen=new.chosen,
            reason=new.reason,
            note=new.note,
            rule=new.rule,
            before=dict(new.before),
            after=dict(new.after),
            evidence=dict(new.evidence),
            corrections=list(new.corrections),
            actor=new.actor,
            decided_at=new.decided_at,
        )
    )


def decision(conn: Connection, decision_id: str) -> Decision | None:
    row = conn.execute(sa.select(desk_decision).where(desk_decision.c.id == decision_id)).one_or_none()
    return _to_decision(row) if row else None


def decisions_of(conn: Connection, case_ids: Sequence[str]) -> list[Decision]:
    """What was decided about these cases, oldest first."""
    query = sa.select(desk_decision).where(desk_decision.c.case_id.in_(case_ids)).order_by(desk_decision.c.number)
    return [_to_decision(row) for row in conn.execute(query)] if case_ids else []


def standing(conn: Connection, case_id: CaseId) -> Decision | None:
    """What was decided last about a case and nobody has taken back."""
    made = [one for one in decisions_of(conn, [case_id]) if one.undone_at is None]
    return made[-1] if made else None


def went_not_out(conn: Connection, case_id: CaseId) -> bool:
    """Whether a person has seen that nothing drove out, of the exit that this case is about."""
    said = standing(conn, case_id)
    return said is not None and said.reason in WENT_NOT_OUT


def decisions_about(conn: Connection, stay_id: StayId, case_ids: Sequence[str]) -> list[Decision]:
    """What was decided about a stay or these cases, undone or not, oldest first."""
    about = sa.or_(desk_decision.c.stay_id == stay_id, desk_decision.c.case_id.in_(case_ids))
    order = (desk_decision.c.decided_at, desk_decision.c.number)
    return [_to_decision(row) for row in conn.execute(sa.select(desk_decision).where(about).order_by(*order))]


def decisions(conn: Connection, after: str, limit: int) -> list[Decision]:
    """Decisions, newest first, older than the id `after` (empty: from the newest)."""
    query = sa.select(desk_decision).order_by(desk_decision.c.id.desc()).limit(limit)
    if after:
        query = query.where(desk_decision.c.id < after)
    return [_to_decision(row) for row in conn.execute(query)]


def mark_undone(conn: Connection, decision_id: str, *, by: str, at: datetime, reason: str) -> bool:
    """False when it was undone already."""
    mine = (desk_decision.c.id == decision_id) & desk_decision.c.undone_at.is_(None)
    change = {"undone_by": by, "undone_at": at, "undo_reason": reason}
    return conn.execute(desk_decision.update().where(mine).values(change)).rowcount == 1


def _to_decision(row: Row[Any]) -> Decision:
    return Decision(
        row.id,
        CaseId(row.case_id),
        row.number,
        row.stay_id,
        Choice(row.choice),
        row.chosen,
        row.reason,
        row.note,
        row.rule,
        row.before,
        row.after,
        row.evidence,
        tuple(row.corrections),
        row.actor,
        row.decided_at,
        row.undone_by,
        row.undone_at,
        row.undo_reason,
    )
