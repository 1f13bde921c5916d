"""One question to all rights at once: every list entry, pass, holder and visitor that a few signs may mean.

Whoever keeps the rights finds by a part of a plate, a name or a note. Whoever sees plates masked finds by a whole plate or by an id
only: who could try parts would read the plate sign by sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.access import invitation_store, keeping, rights_store, store
from parking.access.invitation_store import Invitation, access_invitation
from parking.access.refs import of_plate
from parking.access.rights_store import Holder, access_holder, access_pass, holder_plate
from parking.access.rows import ListRow, PassRow
from parking.access.store import access_list, copy_ref
from parking.kernel.errors import ParkingError
from parking.kernel.plate import Plate

MOST_OF_A_KIND = 50
Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class FoundRights:
    """What a search found, at most `MOST_OF_A_KIND` of each kind; `more`: of some kind there are others."""

    entries: Sequence[ListRow]
    passes: Sequence[PassRow]
    holders: Sequence[Holder]
    invitations: Sequence[Invitation]
    more: bool


def search(conn: Connection, text: str, *, by_parts: bool) -> FoundRights:
    """All that `text` may mean; `by_parts` also where it is only a part of a plate, or stands in a name or a note."""
    wanted = _Wanted(text.strip(), _plate(text), by_parts)
    most = MOST_OF_A_KIND + 1
    entries = store.listed_where(
        conn, sa.or_(wanted.plate_is(access_list.c.plate), wanted.says(access_list.c.note)), most
    )
    passes = rights_store.passes_where(conn, _of_pass(wanted), most)
    holders = rights_store.holders_where(conn, _of_holder(wanted), most)
    invitations = invitation_store.invitations_where(conn, _of_invitation(wanted), most)
    return FoundRights(
        entries[:MOST_OF_A_KIND],
        [keeping.as_pass(pass_id, data) for pass_id, data in passes[:MOST_OF_A_KIND]],
        holders[:MOST_OF_A_KIND],
        invitations[:MOST_OF_A_KIND],
        max(len(entries), len(passes), len(holders), len(invitations)) == most,
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    text: str
    plate: Plate | None
    by_parts: bool

    def plate_is(self, column: sa.Column[Plate]) -> Condition:
        if self.plate is None:
            return sa.false()
        as_text = sa.type_coerce(column, sa.String)
        return as_text.contains(self.plate.text, autoescape=True) if self.by_parts else column == self.plate

    def ref_is(self, column: sa.Column[str]) -> Condition:
        """The same of an index of refs."""
        if self.plate is None:
            return sa.false()
        if not self.by_parts:
            return column == of_plate(self.plate)
        return column.startswith("plate:") & column.contains(self.plate.text, autoescape=True)

    def says(self, column: sa.Column[str]) -> Condition:
        return column.icontains(self.text, autoescape=True) if self.by_parts else sa.false()

    def names(self, column: sa.Column[str]) -> Condition:
        return column.icontains(self.text, autoescape=True) if self.by_parts else column == self.text


def _plate(text: str) -> Plate | None:
    try:
        return Plate.parse(text)
    except ParkingError:
        return None


def _of_pass(wanted: _Wanted) -> Condition:
    of_plate = sa.select(copy_ref.c.key).where(copy_ref.c.kind == "pass", wanted.ref_is(copy_ref.c.ref))
    return sa.or_(
        wanted.names(access_pass.c.pass_id),
        wanted.names(access_pass.c.holder_id),
        access_pass.c.pass_id.in_(of_plate),
        access_pass.c.holder_id.in_(sa.select(access_holder.c.holder_id).where(wanted.says(access_holder.c.name))),
    )


def _of_holder(wanted: _Wanted) -> Condition:
    of_plate = sa.select(holder_plate.c.holder_id).where(wanted.plate_is(holder_plate.c.plate))
    return sa.or_(
        wanted.names(access_holder.c.holder_id),
        wanted.says(access_holder.c.name),
        access_holder.c.holder_id.in_(of_plate),
    )


def _of_invitation(wanted: _Wanted) -> Condition:
    row = access_invitation.c
    return sa.or_(
        wanted.plate_is(row.plate),
        wanted.says(row.visitor),
        wanted.names(row.host_id),
        row.invitation_id == wanted.text,
    )
