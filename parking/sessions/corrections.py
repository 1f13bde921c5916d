"""What was corrected, on record: before, after, by which rule, on what evidence, by whom. Append-only and chained; never edited.

What spells a plate lies in a row of its own, and the chain holds that row's salted digest: the row can be erased and the chain still holds,
it cannot be changed, and without it and its salt nobody can try plates out against the digest.

An undoing is a correction of its own that names what it undoes. What a correction did to money is in the ledger, by counter-entries.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel import chain
from parking.kernel.codec import parse_time, to_plain
from parking.kernel.errors import conflict, not_found
from parking.kernel.events import StayCorrected
from parking.kernel.ids import LaneId, StayId
from parking.kernel.plate import Plate
from parking.plumbing.column_types import Json, UtcDateTime
from parking.plumbing.db import UnitOfWork, metadata
from parking.plumbing.insert_once import insert_once
from parking.plumbing.logs import redact
from parking.plumbing.personal import spells
from parking.plumbing.prepared import prepared
from parking.sessions import store

BY_RULE = "system"
EXIT_MATCHED = "exit_matched"
"""A person said whose exit it was."""
_NOT_TOLD = frozenset({"id", "folded"})
_PERSONAL = ("plate", "votes")
"""What of a stay spells its plate."""
_GOES_ON = frozenset(
    {"bay_id", "seen_at", "leaving_visit_id", "leaving_lane_id", "leaving_at", "priced_at", "leave_by"}
)
"""What happens to a stay by itself, corrected or not."""

correction = sa.Table(
    "correction",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("stay_id", sa.String(36), nullable=False, index=True),
    sa.Column("rule", sa.String(48), nullable=False),
    sa.Column("before", Json, nullable=True),
    sa.Column("after", Json, nullable=True),
    sa.Column("evidence", Json, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("passages", sa.Integer, nullable=False),
    sa.Column("undoes", sa.String(36), nullable=True, unique=True),
    sa.Column("personal", sa.String(64), nullable=True),  # digest of what spells a plate; none where nothing did
    sa.Column("link", sa.String(64), nullable=False),
)
correction_plates = sa.Table(  # not chained, so that it can be erased
    "correction_plates",
    metadata,
    sa.Column("correction_id", sa.String(36), primary_key=True),
    sa.Column("stay_id", sa.String(36), nullable=False, index=True),
    sa.Column("salt", sa.String(32), nullable=False),
    sa.Column("spelt", Json, nullable=False),
)
correction_head = sa.Table(
    "correction_head",
    metadata,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("link", sa.String(64), nullable=False),
)

_undoing = correction.alias("undoing")
_READ = (
    sa.select(correction, _undoing.c.id.label("undone_by"), correction_plates.c.spelt)
    .join(_undoing, _undoing.c.undoes == correction.c.id, isouter=True)
    .join(correction_plates, correction_plates.c.correction_id == correction.c.id, isouter=True)
    .order_by(correction.c.seq)
)
_BY_ID = prepared(_READ.where(correction.c.id == sa.bindparam("id")))
_OF_STAY = prepared(_READ.where(correction.c.stay_id == sa.bindparam("stay")))


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction; `passages` is what the counts of vehicles had missed (-1: an exit), `undone_by` the one that took it back.

    `erased` where the plates before and after are forgotten; they are None then.
    """

    id: str
    stay_id: StayId
    rule: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    evidence: Mapping[str, Any]
    actor: str
    reason: str
    at: datetime
    passages: int
    undoes: str | None
    undone_by: str | None
    erased: bool = False


def snapshot(conn: Connection, stay_id: StayId) -> dict[str, Any] | None:
    """A stay as it is now, as JSON values; None where there is none."""
    row = store.row_of(conn, stay_id)
    return None if row is None else {k: to_plain(v) for k, v in row._mapping.items() if k not in _NOT_TOLD}


_HOLD_HEAD = prepared(sa.select(correction_head).with_for_update())
_KEEP_PLATES = prepared(correction_plates.insert())
_APPEND = prepared(correction.insert())
_MOVE_HEAD = prepared(correction_head.update())


def record(
    uow: UnitOfWork,
    stay_id: StayId,
    rule: str,
    before: Mapping[str, Any] | None,
    evidence: Mapping[str, Any],
    *,
    actor: str = BY_RULE,
    reason: str = "",
    passages: int = 0,
    undoes: str | None = None,
    counted_at: datetime | None = None,
) -> str:
    """Write down what has just been changed about a stay, and tell it; returns the correction's id.

    `evidence["at"]` is the moment of what shows that it was not true; `counted_at`, where another one is meant, that of what it reverses.
    """
    conn = uow.connection
    insert_once(conn, correction_head, {"one": 1, "seq": 0, "link": chain.GENESIS})
    head = conn.execute(_HOLD_HEAD).one()
    after = snapshot(conn, stay_id)
    spelt = {"before": _spelt(before), "after": _spelt(after)}
    values: dict[str, Any] = {
        "seq": head.seq + 1,
        "id": uow.ids.new(uow.now),
        "stay_id": stay_id,
        "rule": rule,
        "before": _bare(before),
        "after": _bare(after),
        "evidence": to_plain(evidence),
        "actor": actor[:64],
        "reason": redact(reason)[:500],
        "at": uow.now,
        "passages": passages,
        "undoes": undoes,
        "personal": None,
    }
    if any(spelt.values()):
        salt = secrets.token_hex(16)
        values["personal"] = digest(salt, spelt)
        mine = {"correction_id": values["id"], "stay_id": stay_id, "salt": salt, "spelt": spelt}
        conn.execute(_KEEP_PLATES, mine)
    link = chain.link(head.link, to_plain(values))
    conn.execute(_APPEND, {**values, "link": link})
    conn.execute(_MOVE_HEAD, {"seq": head.seq + 1, "link": link})
    lane_id = LaneId(((values["after"] or before) or {}).get("lane_id", ""))
    at = counted_at if counted_at is not None else evidence.get("at")
    uow.publish(StayCorrected(values["id"], stay_id, rule, lane_id, passages, at))
    return str(values["id"])


def digest(salt: str, spelt: Mapping[str, Any]) -> str:
    """What the chain holds of the plates before and after a correction, SHA-256 in hex."""
    return hashlib.sha256(bytes.fromhex(salt) + chain.canonical(spelt)).hexdigest()


def _spelt(state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    found = {name: state[name] for name in _PERSONAL if state.get(name) is not None} if state is not None else {}
    return found or None


def _bare(state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if state is None else {name: value for name, value in state.items() if name not in _PERSONAL}


def forget_of_stays(conn: Connection, stay_ids: Sequence[str]) -> int:
    """Erase the plates of all corrections of these stays; the chain goes on holding. Returns of how many."""
    return conn.execute(correction_plates.delete().where(correction_plates.c.stay_id.in_(stay_ids))).rowcount


def forget_spelling(conn: Connection, plate: Plate, until: datetime) -> int:
    """Erase what spells this plate in corrections of stays that are over, whatever plate those have now; returns of how many."""
    p, s = correction_plates.c, store.stay.c
    over = sa.select(correction.c.id).join(store.stay, s.id == correction.c.stay_id)
    over = over.where(s.state.in_(store.OVER), correction.c.at <= until)
    mine = sa.and_(spells(p.spelt, plate), p.correction_id.in_(over))
    return conn.execute(correction_plates.delete().where(mine)).rowcount


def get(conn: Connection, correction_id: str) -> Correction:
    """ParkingError where there is none."""
    found = [_to_correction(row) for row in conn.execute(_BY_ID, {"id": correction_id})]
    if not found:
        raise not_found("correction.unknown", "there is no such correction")
    return found[0]


def of_stay(conn: Connection, stay_id: StayId) -> Sequence[Correction]:
    """All corrections of a stay, oldest first."""
    return [_to_correction(row) for row in conn.execute(_OF_STAY, {"stay": stay_id})]


def standing(conn: Connection, stay_id: StayId) -> Correction | None:
    """The last correction of a stay that nobody has taken back."""
    done = [one for one in of_stay(conn, stay_id) if one.undone_by is None and one.undoes is None]
    return done[-1] if done else None


def moment_of(done: Correction) -> datetime:
    """When what a correction says was counted: with what shows it, else when somebody said so."""
    at = done.evidence.get("at")
    return parse_time(at) if at else done.at


def given_by_person(conn: Connection, stay_id: StayId) -> Correction | None:
    """By what a person gave a stay to the exit that ended it; None where no person did."""
    last = standing(conn, stay_id)
    return last if last is not None and last.rule == EXIT_MATCHED and last.actor != BY_RULE else None


def undoable(conn: Connection, correction_id: str) -> Correction:
    """The correction, if it stands and the stay is still as it left it; else a conflict that says why not."""
    found = get(conn, correction_id)
    if found.undone_by is not None or found.undoes is not None:
        raise conflict("correction.undone", "this correction has been taken back already, or takes one back itself")
    now = snapshot(conn, found.stay_id)
    if found.erased and _spelt(now) is not None:
        raise conflict("correction.erased", "the plate that it would bring back has been erased")
    if now is None or found.after is None or any(now[name] != found.after[name] for name in _rests_on(found)):
        raise conflict("correction.overtaken", "the stay has changed since: take back the later change first")
    return found


def _rests_on(found: Correction) -> Iterable[str]:
    """What must still be as a correction left it: all but where its car has been seen and what has been paid, unless it changed that."""
    before, after = found.before or {}, found.after or {}
    return [name for name in after if name not in _GOES_ON or before.get(name) != after[name]]


def verify(conn: Connection) -> int | None:
    """The number of the first correction that does not follow from the one before, None when the whole record holds."""
    rows = conn.execute(sa.select(correction).order_by(correction.c.seq)).all()
    links = [(to_plain({k: v for k, v in row._mapping.items() if k != "link"}), row.link) for row in rows]
    kept = {row.correction_id: digest(row.salt, row.spelt) for row in conn.execute(sa.select(correction_plates))}
    changed = [at for at, row in enumerate(rows) if kept.get(row.id, row.personal) != row.personal]
    found = [at for at in (chain.first_broken(links), *changed) if at is not None]
    broken = min(found, default=None)
    head = conn.execute(sa.select(correction_head)).one_or_none()
    if broken is None and (head.seq if head else 0) != len(rows):
        return len(rows) + 1
    return None if broken is None else broken + 1


def _whole(state: Mapping[str, Any] | None, spelt: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if state is None else {**state, **dict.fromkeys(_PERSONAL), **(spelt or {})}


def _to_correction(row: Row[Any]) -> Correction:
    spelt = row.spelt or {}
    return Correction(
        row.id,
        StayId(row.stay_id),
        row.rule,
        _whole(row.before, spelt.get("before")),
        _whole(row.after, spelt.get("after")),
        row.evidence,
        row.actor,
        row.reason,
        row.at,
        row.passages,
        row.undoes,
        row.undone_by,
        row.personal is not None and row.spelt is None,
    )
