"""The tables of stays and cases. The database itself refuses a second open stay of one plate (invariant I9).

Whoever may still be inside is found by keys of its plate (`kernel.near_plates`), never by looking through all that are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.ids import BayId, CaseId, LaneId, LotId, StayId, VisitId
from parking.kernel.near_plates import folded, keys_of
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.plumbing.column_types import PlateText, UtcDateTime
from parking.plumbing.db import metadata
from parking.plumbing.prepared import prepared
from parking.sessions.model import (
    ClosedStay,
    DoubtfulStay,
    GhostStay,
    LeavingStay,
    OpenStay,
    ParkedStay,
    ReviewCase,
    Stay,
    StayInReview,
    SupersededStay,
)

KEYED = 2
"""So many spellings of its entry a stay is found by."""

stay = sa.Table(
    "stay",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("plate", PlateText, nullable=True),
    sa.Column("state", sa.String(12), nullable=False),  # open, doubtful, review, closed, ghost, merged, split
    sa.Column("entered_at", UtcDateTime, nullable=False),
    sa.Column("lane_id", sa.String(64), nullable=False),
    sa.Column("tariff_version", sa.String(32), nullable=False),
    sa.Column("priced_at", UtcDateTime, nullable=True),
    sa.Column("leave_by", UtcDateTime, nullable=True),
    sa.Column("exited_at", UtcDateTime, nullable=True),
    sa.Column("exit_lane_id", sa.String(64), nullable=True),
    sa.Column("votes", sa.String(200), nullable=True),
    sa.Column("folded", sa.BigInteger, nullable=True),  # of the plate, twin signs alike
    sa.Column("lot_id", sa.String(64), nullable=True),
    sa.Column("bay_id", sa.String(64), nullable=True),
    sa.Column("seen_at", UtcDateTime, nullable=True),  # in that bay
    sa.Column("leaving_visit_id", sa.String(36), nullable=True),
    sa.Column("leaving_lane_id", sa.String(64), nullable=True),
    sa.Column("leaving_at", UtcDateTime, nullable=True),
    sa.Column("into_ids", sa.String(80), nullable=True),
)
sa.Index(
    "one_open_stay_per_plate",
    stay.c.plate,
    unique=True,
    sqlite_where=stay.c.state == sa.literal_column("'open'"),
    postgresql_where=stay.c.state == sa.literal_column("'open'"),
)
sa.Index("stay_by_state", stay.c.state, stay.c.id)
sa.Index("stay_by_folded", stay.c.folded)

OVER = ("closed", "merged", "split", "ghost")
"""States of a stay whose car is not here by it."""
_state = sa.func.coalesce(stay.c.state, sa.literal_column("''"))
"""Wrapped, so that no engine goes through all that are over instead of those of a time."""
_IS_CLOSED = _state == sa.literal_column("'closed'")
_IS_GONE = _state.in_([sa.literal_column(f"'{state}'") for state in OVER if state != "closed"])
_IS_SPELT = sa.or_(stay.c.plate.is_not(None), stay.c.votes.is_not(None))
CLOSED_SPELT = sa.and_(_IS_CLOSED, _IS_SPELT)
"""Closed stays of which it is known whose they were, and those of which it is not: two indexes, of which each stay stands in one."""
CLOSED_BARE = sa.and_(_IS_CLOSED, stay.c.plate.is_(None), stay.c.votes.is_(None))
GONE_SPELT = sa.and_(_IS_GONE, _IS_SPELT)
sa.Index("stay_closed_spelt", stay.c.exited_at, sqlite_where=CLOSED_SPELT, postgresql_where=CLOSED_SPELT)
sa.Index("stay_closed_bare", stay.c.exited_at, sqlite_where=CLOSED_BARE, postgresql_where=CLOSED_BARE)
sa.Index("stay_gone_spelt", stay.c.entered_at, sqlite_where=GONE_SPELT, postgresql_where=GONE_SPELT)

stay_key = sa.Table(  # what a stay that may still be inside is found by
    "stay_key",
    metadata,
    sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("stay_id", sa.String(36), primary_key=True, index=True),
)

review_case = sa.Table(
    "review_case",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("reason", sa.String(64), nullable=False),
    sa.Column("stay_id", sa.String(36), nullable=True),
    sa.Column("visit_id", sa.String(36), nullable=True),
    sa.Column("lane_id", sa.String(64), nullable=True),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # open, resolved
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("resolved_by", sa.String(64), nullable=False, default=""),
    sa.Column("resolved_at", UtcDateTime, nullable=True),
)
sa.Index("review_case_by_state", review_case.c.state, review_case.c.id)
sa.Index("review_case_by_stay", review_case.c.stay_id)
sa.Index("review_case_by_visit", review_case.c.visit_id)

unmatched_exit = sa.Table(  # a passage out that no stay is known for, perhaps because its entry has not arrived yet
    "unmatched_exit",
    metadata,
    sa.Column("visit_id", sa.String(36), primary_key=True),
    sa.Column("plate", PlateText, nullable=True),
    sa.Column("exited_at", UtcDateTime, nullable=False),
    sa.Column("lane_id", sa.String(64), nullable=False),
    sa.Column("case_id", sa.String(36), nullable=False),
    sa.Column("stay_id", sa.String(36), nullable=True),
    sa.Column("votes", sa.String(200), nullable=True),
    sa.Column("yes_at", UtcDateTime, nullable=True),  # whose price it is
    sa.Column("credential", sa.String(140), nullable=True),
    sa.Column("lot_id", sa.String(64), nullable=True),
    sa.Column("picture_ref", sa.String(64), nullable=True),
    # whether the loops proved it; else a person opened, and nobody saw the car go through or back
    sa.Column("counted", sa.Boolean, nullable=False, default=True),
    sa.Column("named", sa.String(36)),  # the stay that a ticket or a tag named, or a lane of whom nobody could read
    sa.Column("right", sa.String(80)),  # by which the lane let it out
    sa.Column("authorised", sa.Boolean, nullable=False, default=True),
    # whether a gate box that is cut off may yet tell its entry
    sa.Column("awaits", sa.Boolean, nullable=False, default=False),
)
sa.Index("unmatched_exit_by_plate", unmatched_exit.c.plate, unmatched_exit.c.exited_at)
_awaits = sa.text("awaits")
sa.Index("unmatched_exit_awaiting", unmatched_exit.c.exited_at, sqlite_where=_awaits, postgresql_where=_awaits)
SPELLS_EXIT = ("plate", "votes", "credential", "named", "right")  # what says whose it was
EXIT_SPELT = sa.or_(*(unmatched_exit.c[name].is_not(None) for name in SPELLS_EXIT))
sa.Index("unmatched_exit_spelt", unmatched_exit.c.exited_at, sqlite_where=EXIT_SPELT, postgresql_where=EXIT_SPELT)


_BY_ID = prepared(sa.select(stay).where(stay.c.id == sa.bindparam("stay_id")))
_OPEN_BY_PLATE = prepared(
    sa.select(stay).where(stay.c.plate == sa.bindparam("plate"), stay.c.state == sa.literal_column("'open'"))
)
_OPEN = prepared(stay.insert())
_CHANGE = prepared(stay.update().where(stay.c.id == sa.bindparam("of_stay")))
_KEEP_KEYS = prepared(stay_key.insert())
_DROP_KEYS = prepared(stay_key.delete().where(stay_key.c.stay_id == sa.bindparam("of_stay")))
_CASE = prepared(sa.select(review_case).where(review_case.c.id == sa.bindparam("case_id")))
_ASK = prepared(review_case.insert())
_ANSWER_CASE = prepared(
    review_case.update().where(
        review_case.c.id == sa.bindparam("of_case"), review_case.c.state == sa.literal_column("'open'")
    )
)
_HAS_CASE = prepared(
    sa.select(review_case.c.id)
    .where(review_case.c.stay_id == sa.bindparam("about"), review_case.c.reason == sa.bindparam("reason"))
    .limit(1)
)
"""What every event asks and says: built once."""


def to_stay(row: Row[Any]) -> Stay:
    """The stay of a row, by its state."""
    bare = (StayId(row.id), row.plate, row.entered_at, LaneId(row.lane_id), row.tariff_version)
    match row.state:
        case "closed":
            return ClosedStay(*bare, row.exited_at, LaneId(row.exit_lane_id))
        case "review":
            return StayInReview(*bare)
        case "doubtful":
            return DoubtfulStay(*bare)
        case "ghost":
            return GhostStay(*bare)
        case "merged" | "split":
            return SupersededStay(*bare, row.state, tuple(StayId(one) for one in (row.into_ids or "").split()))
    return to_open(row)


def to_open(row: Row[Any]) -> OpenStay:
    """The stay of a row as an open one, whatever its state: for who has the evidence that it is."""
    bare = (StayId(row.id), row.plate, row.entered_at, LaneId(row.lane_id), row.tariff_version)
    paid = (row.priced_at, row.leave_by, Votes.parse(row.votes) if row.votes else None)
    lot_id = LotId(row.lot_id) if row.lot_id else None
    if row.state == "open" and row.leaving_at is not None:
        return LeavingStay(
            *bare,
            *paid,
            lot_id,
            exit_visit_id=VisitId(row.leaving_visit_id),
            exit_lane_id=LaneId(row.leaving_lane_id),
            yes_at=row.leaving_at,
        )
    if row.state == "open" and row.seen_at is not None:
        return ParkedStay(*bare, *paid, lot_id, bay_id=BayId(row.bay_id), seen_at=row.seen_at)
    return OpenStay(*bare, *paid, lot_id)


def get(conn: Connection, stay_id: StayId) -> Stay | None:
    row = row_of(conn, stay_id)
    return to_stay(row) if row else None


def open_by_plate(conn: Connection, plate: Plate) -> OpenStay | None:
    """The open stay of exactly this plate."""
    row = conn.execute(_OPEN_BY_PLATE, {"plate": plate}).one_or_none()
    found = to_stay(row) if row else None
    return found if isinstance(found, OpenStay) else None


def row_of(conn: Connection, stay_id: StayId) -> Row[Any] | None:
    """A stay as it lies in its table."""
    return conn.execute(_BY_ID, {"stay_id": stay_id}).one_or_none()


def left_at(conn: Connection, stay_id: StayId) -> datetime | None:
    """When its car drove out; None where that is not known, or no such stay."""
    row = row_of(conn, stay_id)
    return row.exited_at if row is not None else None


def page(conn: Connection, state: str, after: str, limit: int) -> Sequence[Stay]:
    """Stays in one state, newest first, older than the id `after` (empty: from the newest)."""
    query = sa.select(stay).where(stay.c.state == state).order_by(stay.c.id.desc()).limit(limit)
    if after:
        query = query.where(stay.c.id < after)
    return [to_stay(row) for row in conn.execute(query)]


def insert(conn: Connection, new: OpenStay, *, state: str = "open") -> None:
    text = new.plate.text if new.plate is not None else None
    row = {
        "id": new.id,
        "plate": new.plate,
        "state": state,
        "entered_at": new.entered_at,
        "lane_id": new.lane_id,
        "tariff_version": new.tariff_version,
        "votes": new.votes.compact() if new.votes is not None else None,
        "folded": folded(text) if text is not None else None,
        "lot_id": new.lot_id,
    }
    conn.execute(_OPEN, row)
    put_keys(conn, new.id, new.plate, new.votes)


def put_keys(conn: Connection, stay_id: StayId, plate: Plate | None, votes: Votes | None) -> None:
    """Have a stay found by its plate and by the spelling that its entry left open."""
    texts = {one.text for one in votes.spellings[:KEYED]} if votes is not None else set()
    keys = set().union(*(keys_of(text) for text in texts | ({plate.text} if plate is not None else set())))
    conn.execute(_DROP_KEYS, {"of_stay": stay_id})
    if keys:
        conn.execute(_KEEP_KEYS, [{"key": key, "stay_id": stay_id} for key in sorted(keys)])


def set_state(conn: Connection, stay_id: StayId, **values: Any) -> None:
    """Change a stay; one that is over is found by its plate's keys no more."""
    conn.execute(_CHANGE, {"of_stay": stay_id, **values})
    if values.get("state") in ("closed", "merged", "split"):
        conn.execute(_DROP_KEYS, {"of_stay": stay_id})


def forget_plates(conn: Connection, stay_ids: Sequence[str]) -> None:
    """Nothing of these stays says any more whose they were, the keys by which they were found included."""
    nobody = {"plate": None, "votes": None, "folded": None}
    conn.execute(stay.update().where(stay.c.id.in_(stay_ids)).values(nobody))
    conn.execute(stay_key.delete().where(stay_key.c.stay_id.in_(stay_ids)))


def _to_case(row: Row[Any]) -> ReviewCase:
    about, answer = (row.stay_id, row.visit_id, row.lane_id), (row.state, row.note, row.resolved_by)
    return ReviewCase(CaseId(row.id), row.reason, *about, row.opened_at, *answer)


def add_case(conn: Connection, case_id: CaseId, reason: str, **about: Any) -> None:
    """Put a question before the operators; `about` are columns of the case."""
    conn.execute(_ASK, {"id": case_id, "reason": reason, "state": "open", **about})


def get_case(conn: Connection, case_id: CaseId) -> ReviewCase | None:
    row = conn.execute(_CASE, {"case_id": case_id}).one_or_none()
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
    return conn.execute(_HAS_CASE, {"about": stay_id, "reason": reason}).first() is not None


def open_cases(conn: Connection, reason: str, stay_id: StayId) -> list[CaseId]:
    """The cases with this question about this stay that nobody has ended yet."""
    where = (review_case.c.stay_id == stay_id, review_case.c.reason == reason, review_case.c.state == "open")
    return [CaseId(found) for found in conn.execute(sa.select(review_case.c.id).where(*where)).scalars()]


def close_case(conn: Connection, case_id: CaseId, *, by: str, note: str, at: datetime) -> None:
    """An open case is answered; what a person has answered before stays as it was."""
    change = {"of_case": case_id, "state": "resolved", "note": note, "resolved_by": by, "resolved_at": at}
    conn.execute(_ANSWER_CASE, change)
