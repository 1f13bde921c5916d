"""Whose plate is made known after its passage has the right that the lane would have seen: a pass, or an entry of a list.

A person reads an unread entry, a rule a misread one; a bay or an exit proves an entry that no loop felt. Only lanes use invitations.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from parking.access import following
from parking.access.rows import PassRow
from parking.access.store import ServersCopy
from parking.kernel.events import Envelope, StayCorrected
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from parking.sessions import corrections, finding, places, store
from parking.sessions.model import GhostStay, OpenStay, StayInReview

_PLATE_SAID = {f"{undone}{rule}" for rule in ("plate_reread", "read_as_next_spelling") for undone in ("", "undo_")}
_CAME_IN = {"missed_entry", "seen_parked"}
_LOOKED_AT = 50
"""So many other plates of a pass, and so many visits of each, are looked at."""


def corrected(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles StayCorrected: a better known plate brings its right, a ghost takes up no bay of a pass."""
    event = envelope.event
    if not isinstance(event, StayCorrected):
        return
    stay = store.get(uow.connection, event.stay_id)
    if isinstance(stay, GhostStay):
        following.left(uow, stay.id)
    elif isinstance(stay, OpenStay | StayInReview) and event.rule in _PLATE_SAID:
        before = corrections.get(uow.connection, event.correction_id).before or {}
        if before.get("plate") != (stay.plate.text if stay.plate is not None else None):
            settle(uow, stay)
    elif isinstance(stay, OpenStay) and event.rule in _CAME_IN and not following.is_inside(uow.connection, stay.id):
        settle(uow, stay)


def settle(uow: UnitOfWork, stay: OpenStay | StayInReview) -> None:
    """What its plate may claim counts for a stay from its entry on; whoever came in by a credential keeps what that gave him."""
    lot_id = stay.lot_id if isinstance(stay, OpenStay) else None
    right = right_of(uow.connection, stay, stay.plate, uow.now)
    right = following.known_as(uow, stay.id, stay.plate, stay.entered_at, right, lot_id)
    places.comes_by(uow.connection, stay.id, stay.entered_at, right)


def right_of(conn: Connection, stay: OpenStay | StayInReview, plate: Plate | None, now: datetime) -> str | None:
    """By which right a stay's car would have come in by this plate, with the bays that others of its pass have left it all along."""
    if plate is None:
        return None
    right = following.right_of_plate(conn, stay.id, plate, stay.entered_at)
    held = (
        ServersCopy(conn).pass_by_id((right or "").removeprefix("pass:")) if (right or "").startswith("pass:") else None
    )
    return None if held is not None and _was_full(conn, held, stay, plate, now) else right


def _was_full(conn: Connection, held: PassRow, stay: OpenStay | StayInReview, plate: Plate, now: datetime) -> bool:
    """Whether other cars took up all bays of a pass at some moment since a stay began."""
    others = [one for one in held.plates if one != plate][:_LOOKED_AT]
    came = stay.entered_at
    spans = [
        (max(begun, came), left)
        for other in others
        for begun, left in finding.left_between(conn, other, came, now, _LOOKED_AT)
    ]
    right = f"pass:{held.pass_id}"
    inside = ServersCopy(conn).inside_by(right)
    unexplained = (
        store.open_by_plate(conn, other) for other in others
    )  # it may have left by an exit that is still a question
    spans += [
        (max(one.entered_at, came), now)
        for one in unexplained
        if one is not None
        and all(row.stay_id != one.id for row in inside)
        and any(stood.right == right for stood in places.of_stay(conn, one.id))
    ]
    spans += [(max(row.since, came), now) for row in inside if row.claimed_until is None and row.stay_id != stay.id]
    return _most_at_once(spans) >= held.bays


def _most_at_once(spans: Iterable[tuple[datetime, datetime]]) -> int:
    changes = sorted(change for begun, ended in spans if ended > begun for change in ((begun, 1), (ended, -1)))
    most = here = 0
    for _, change in changes:
        here += change
        most = max(most, here)
    return most
