"""A tariff is published, or ended, by two different people: one proposes, another approves exactly what was proposed.

What is approved holds for whoever enters afterwards, from the day that it names; it is never changed or taken back, only ended or followed
by another. A stay keeps the tariff of its entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.errors import ErrorKind, ParkingError, conflict, invalid, not_found
from parking.kernel.principal import Principal
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import UnitOfWork, insert_once, metadata
from parking.plumbing.prepared import prepared
from payments.store import tariff_table
from payments.tariff.model import Tariff
from payments.tariff.parse import load


class ProposalKind(StrEnum):
    PUBLISH = "publish"
    END = "end"  # `version` holds until the end of `last_day` and no longer


class ProposalState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"  # by another
    WITHDRAWN = "withdrawn"  # by whoever proposed it


proposal_table = sa.Table(
    "tariff_proposal",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("version", sa.String(32), nullable=False),
    sa.Column("source", sa.Text),
    sa.Column("last_day", sa.String(10)),
    sa.Column("note", sa.String(200), nullable=False),
    sa.Column("proposed_by", sa.String(64), nullable=False),
    sa.Column("proposed_at", UtcDateTime, nullable=False),
    sa.Column("state", sa.String(12), nullable=False, index=True),
    sa.Column("decided_by", sa.String(64)),
    sa.Column("decided_at", UtcDateTime),
    sa.Column("reason", sa.String(200), nullable=False),
)
_c = proposal_table.c
_APPROVED = prepared(
    sa.select(sa.func.count()).select_from(proposal_table).where(_c.state == ProposalState.APPROVED.value)
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody wants: a tariff by its text, or the end of one; `decided_…` once somebody has said yes or no."""

    id: str
    kind: ProposalKind
    version: str
    source: str | None
    last_day: date | None
    note: str
    proposed_by: str
    proposed_at: datetime
    state: ProposalState
    decided_by: str | None
    decided_at: datetime | None
    reason: str


def approved_count(conn: Connection) -> int:
    """How many were approved so far; it only grows."""
    return int(conn.execute(_APPROVED).scalar_one())


def approved(conn: Connection) -> Sequence[Proposal]:
    """Those approved, in the order in which they were."""
    query = sa.select(proposal_table).where(_c.state == ProposalState.APPROVED.value).order_by(_c.decided_at, _c.id)
    return [_proposal(row) for row in conn.execute(query)]


def latest(conn: Connection, limit: int) -> Sequence[Proposal]:
    """The latest ones, whatever became of them; open ones first."""
    query = sa.select(proposal_table).order_by(
        _c.state != ProposalState.OPEN.value, _c.proposed_at.desc(), _c.id.desc()
    )
    return [_proposal(row) for row in conn.execute(query.limit(limit))]


def get(conn: Connection, proposal_id: str) -> Proposal:
    row = conn.execute(sa.select(proposal_table).where(_c.id == proposal_id)).one_or_none()
    if row is None:
        raise not_found("proposal.unknown", "there is no such proposal")
    return _proposal(row)


def propose(uow: UnitOfWork, who: Principal, source: str, note: str, current: Tariff) -> Proposal:
    """Propose a tariff; one that is none, for other money or another zone, or that names no day to come, raises ParkingError."""
    tariff = load(source, name="tariff")
    if (tariff.currency, tariff.timezone) != (current.currency, current.timezone):
        said = f"should be in {current.currency} and {current.timezone}, as the tariff in force"
        raise invalid("tariff.other_money", said, field="source")
    _check_begin(uow, tariff)
    if any(one.version == tariff.version and one.kind is ProposalKind.PUBLISH for one in _standing(uow.connection)):
        raise conflict("tariff.proposed", "this very tariff is proposed or published already")
    return _add(uow, who, ProposalKind.PUBLISH, tariff.version, note, source=source)


def propose_end(uow: UnitOfWork, who: Principal, tariff: Tariff, last_day: date, note: str) -> Proposal:
    """Propose that a tariff holds until the end of a day, today or later."""
    _check_end(uow, tariff, last_day)
    return _add(uow, who, ProposalKind.END, tariff.version, note, last_day=last_day)


def approve(uow: UnitOfWork, who: Principal, proposal_id: str, version: str, ended: Tariff | None) -> Proposal:
    """Say yes to what was proposed as `version`, by another than whoever proposed it; `ended` is the tariff that an end is about."""
    found = _open(uow.connection, proposal_id)
    if who.subject == found.proposed_by:
        raise ParkingError(ErrorKind.FORBIDDEN, "proposal.own", "another person has to approve what you proposed")
    if version != found.version:
        raise conflict("proposal.other_version", "this is not the version that was proposed: look again")
    if found.kind is ProposalKind.PUBLISH:
        assert found.source is not None
        tariff = load(found.source, name="tariff")
        _check_begin(uow, tariff)
        row = {"version": tariff.version, "source": tariff.source, "first_used_at": uow.now}
        insert_once(uow.connection, tariff_table, row)
    elif ended is not None and found.last_day is not None:
        _check_end(uow, ended, found.last_day)
    return _decide(uow, who, found, ProposalState.APPROVED, "")


def refuse(uow: UnitOfWork, who: Principal, proposal_id: str, reason: str) -> Proposal:
    """Say no, or take one's own proposal back."""
    found = _open(uow.connection, proposal_id)
    state = ProposalState.WITHDRAWN if who.subject == found.proposed_by else ProposalState.REFUSED
    return _decide(uow, who, found, state, reason)


def _today(uow: UnitOfWork, tariff: Tariff) -> date:
    return uow.now.astimezone(ZoneInfo(tariff.timezone)).date()


def _check_begin(uow: UnitOfWork, tariff: Tariff) -> None:
    today = _today(uow, tariff)
    if tariff.valid_from is None or tariff.valid_from < today:
        said = f"should say from which day it holds, {today} or later: valid: {{ from: {today} }}"
        raise invalid("tariff.begin", said, field="source")


def _check_end(uow: UnitOfWork, tariff: Tariff, last_day: date) -> None:
    if last_day < _today(uow, tariff):
        raise invalid("tariff.end", "should be today or later", field="last_day")
    if (tariff.valid_from is not None and last_day < tariff.valid_from) or not tariff.holds_on(last_day):
        raise invalid("tariff.end", "should be a day on which this tariff holds", field="last_day")


def _standing(conn: Connection) -> Sequence[Proposal]:
    query = sa.select(proposal_table).where(_c.state.in_([ProposalState.OPEN.value, ProposalState.APPROVED.value]))
    return [_proposal(row) for row in conn.execute(query)]


def _open(conn: Connection, proposal_id: str) -> Proposal:
    found = get(conn, proposal_id)
    if found.state is not ProposalState.OPEN:
        raise conflict("proposal.decided", "this proposal has been decided already")
    return found


def _add(
    uow: UnitOfWork,
    who: Principal,
    kind: ProposalKind,
    version: str,
    note: str,
    *,
    source: str | None = None,
    last_day: date | None = None,
) -> Proposal:
    new = Proposal(
        uow.ids.new(uow.now),
        kind,
        version,
        source,
        last_day,
        note,
        who.subject,
        uow.now,
        ProposalState.OPEN,
        None,
        None,
        "",
    )
    values = {name: getattr(new, name) for name in ("id", "version", "source", "note", "proposed_by", "proposed_at")}
    values |= {"kind": kind.value, "state": new.state.value, "reason": ""}
    values["last_day"] = last_day.isoformat() if last_day is not None else None
    uow.connection.execute(proposal_table.insert().values(values))
    return new


def _decide(uow: UnitOfWork, who: Principal, found: Proposal, state: ProposalState, reason: str) -> Proposal:
    values = {"state": state.value, "decided_by": who.subject, "decided_at": uow.now, "reason": reason}
    still_open = sa.and_(_c.id == found.id, _c.state == ProposalState.OPEN.value)
    if uow.connection.execute(proposal_table.update().where(still_open).values(values)).rowcount != 1:
        raise conflict("proposal.decided", "this proposal has been decided already")
    return get(uow.connection, found.id)


def _proposal(row: sa.Row[Any]) -> Proposal:
    values = {name: getattr(row, name) for name in Proposal.__slots__}
    last_day = date.fromisoformat(row.last_day) if row.last_day else None
    return Proposal(
        **{**values, "kind": ProposalKind(row.kind), "state": ProposalState(row.state), "last_day": last_day}
    )
