"""The table of invitations: who asked whom in, when, how often. How many entries are used stands in the lanes' copies alone.

The visitor's name stays here; no lane needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.access.rights_store import by_key, page
from parking.access.rows import InvitationRow
from parking.kernel.ids import LotId
from parking.kernel.plate import Plate
from parking.plumbing.column_types import Json, PlateText, UtcDateTime
from parking.plumbing.db import metadata
from parking.plumbing.insert_once import upsert

access_invitation = sa.Table(
    "access_invitation",
    metadata,
    sa.Column("invitation_id", sa.String(36), primary_key=True),
    sa.Column("host_id", sa.String(64), nullable=False, index=True),
    sa.Column("visitor", sa.String(100), nullable=False),
    sa.Column("valid_from", UtcDateTime, nullable=False),
    sa.Column("valid_until", UtcDateTime, nullable=False, index=True),
    sa.Column("entries", sa.Integer),
    sa.Column("plate", PlateText),
    sa.Column("lots", Json, nullable=False),
    sa.Column("group_id", sa.String(64)),
    sa.Column("free_of_charge", sa.Boolean, nullable=False),
    sa.Column("revoked_at", UtcDateTime),
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation with the visitor's name, which no lane learns."""

    row: InvitationRow
    visitor: str
    revoked_at: datetime | None = None


def invitation(conn: Connection, invitation_id: str) -> Invitation | None:
    row = by_key(conn, access_invitation, invitation_id)
    return None if row is None else _invitation(row)


def invitations(conn: Connection, after: str, limit: int) -> Sequence[Invitation]:
    return [_invitation(row) for row in page(conn, access_invitation, after, limit)]


def invitations_where(conn: Connection, condition: sa.ColumnElement[bool], limit: int | None) -> Sequence[Invitation]:
    """The latest invitations of which something holds; all of them without a `limit`."""
    query = sa.select(access_invitation).where(condition).order_by(access_invitation.c.valid_until.desc()).limit(limit)
    return [_invitation(row) for row in conn.execute(query)]


def names_lot(conn: Connection, lot_id: str, now: datetime) -> bool:
    """Whether somebody may still come in to this lot by an invitation."""
    query = sa.select(access_invitation.c.lots).where(*_may_come_by(now))
    return any(lot_id in lots for lots in conn.execute(query).scalars())


def names(conn: Connection, column: sa.Column[Any], value: str, now: datetime) -> bool:
    """Whether somebody may still come in by an invitation that says this in a column."""
    query = sa.select(sa.literal(1)).where(column == value, *_may_come_by(now)).limit(1)
    return conn.execute(query).first() is not None


def drop_of_host(conn: Connection, host_id: str) -> Sequence[str]:
    """A host's invitations go; returns which."""
    i = access_invitation.c
    return (
        conn.execute(access_invitation.delete().where(i.host_id == host_id).returning(i.invitation_id)).scalars().all()
    )


def _may_come_by(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return access_invitation.c.valid_until > now, access_invitation.c.revoked_at.is_(None)


def ended_named(
    conn: Connection, until: datetime, limit: int | None, plate: Plate | None = None
) -> Sequence[Invitation]:
    """Invitations that were over before then and still say who was asked in; of one `plate`, if one is given."""
    i = access_invitation.c
    over = sa.or_(i.valid_until < until, i.revoked_at < until)
    mine = sa.or_(i.plate.is_not(None), i.visitor != "") if plate is None else i.plate == plate
    return invitations_where(conn, sa.and_(over, mine), limit)


def save_invitation(conn: Connection, invitation: Invitation) -> None:
    row = invitation.row
    names = ("invitation_id", "host_id", "valid_from", "valid_until", "entries", "plate", "group_id", "free_of_charge")
    values = {name: getattr(row, name) for name in names}
    named = {"visitor": invitation.visitor, "lots": list(row.lots), "revoked_at": invitation.revoked_at}
    upsert(conn, access_invitation, {**values, **named})


def _invitation(row: sa.Row[Any]) -> Invitation:
    invited = InvitationRow(
        invitation_id=row.invitation_id,
        host_id=row.host_id,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        entries=row.entries,
        plate=row.plate,
        lots=tuple(LotId(name) for name in row.lots),
        group_id=row.group_id,
        free_of_charge=row.free_of_charge,
    )
    return Invitation(invited, row.visitor, row.revoked_at)
