"""Whose plate is made known after its passage has the right that the lane would have seen: a pass, or an entry of a list.

A person reads an unread entry, a rule a misread one; a bay or an exit proves an entry that no loop felt. Only lanes use invitations.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from parking.access import following
from parking.access.rows import PassRow
from parking.access.service import parks_free
from parking.access.store import ServersCopy
from parking.kernel.events import Envelope, StayCorrected
from parking.kernel.ids import LotId, StayId
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from parking.sessions import corrections, finding, places, store
from parking.sessions.model import GhostStay, OpenStay, StayInReview

PLATE_SAID = {f"{undone}{rule}" for rule in ("plate_reread", "read_as_next_spelling") for undone in ("", "undo_")}
"""The rules by which a stay has another plate."""
_CAME_IN = {"missed_entry", "seen_parked"}
_PROVED = "passage_proved"
_LOOKED_AT = 500
"""So many other plates of a pass, and so many visits of each, are looked at."""


def corrected(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles StayCorrected: a better known plate brings its right, and so does an entry that is proved late, or an end taken back.

    What has gone, nobody knows when, keeps no bay of a pass.
    """
    event = envelope.event
    if not isinstance(event, StayCorrected):
        return
    stay = store.get(uow.connection, event.stay_id)
    if isinstance(stay, GhostStay):
        following.left(uow, stay.id)
    if not isinstance(stay, OpenStay | StayInReview):
        return
    if event.rule in PLATE_SAID:
        before = corrections.get(uow.connection, event.correction_id).before or {}
        is_news = before.get("plate") != (stay.plate.text if stay.plate is not None else None)
    elif event.rule == _PROVED:  # its lane has settled what it had read; somebody may have read another plate since
        is_news = any(one.rule in PLATE_SAID for one in corrections.of_stay(uow.connection, stay.id))
    else:
        is_news = event.rule in _CAME_IN and following.inside_by(uow.connection, stay.id) is None
    if is_news:
        settle(uow, stay)
    elif event.rule not in PLATE_SAID and following.inside_by(uow.connection, stay.id) is None:
        _comes_back(uow, stay)


def _comes_back(uow: UnitOfWork, stay: OpenStay | StayInReview) -> None:
    """Its end is taken back: it is inside by what it had come by, unless others have the bays of its pass by now."""
    stood = places.of_stay(uow.connection, stay.id)
    right, lot_id = (stood[-1].right, stood[-1].lot_id) if stood else (None, _lot_of(stay))
    held = _pass(uow.connection, right)
    if held is not None and stay.plate is not None and _was_full(uow.connection, held, stay, stay.plate, uow.now):
        right = None
        places.comes_by(uow.connection, stay.id, stay.entered_at, None)
    if right is not None or lot_id is not None:
        following.known_as(uow, stay.id, stay.plate, stay.entered_at, right, lot_id)


def settle(uow: UnitOfWork, stay: OpenStay | StayInReview) -> None:
    """What its plate may claim counts for a stay from its entry on; whoever came in by a credential keeps what that gave him."""
    right = right_of(uow.connection, stay, stay.plate, uow.now)
    right = following.known_as(uow, stay.id, stay.plate, stay.entered_at, right, _lot_of(stay))
    places.comes_by(uow.connection, stay.id, stay.entered_at, right)


def why_free(conn: Connection, stay: OpenStay, until: datetime) -> str | None:
    """Why a stay that ends `until` costs nothing, by what it had come by, or what its own plate may claim."""
    came_by = right_on_record(conn, stay.id)
    return parks_free(conn, stay.id, stay.plate, until, right=came_by) or free_by(conn, stay, stay.plate, until)


def misread(conn: Connection, stay: OpenStay, plate: Plate) -> None:
    """This plate was never the car's: what it had come by with it is not its right. A card's or an invitation's is."""
    right = right_on_record(conn, stay.id)
    held = _pass(conn, right)
    if (right or "").startswith("list:") or (held is not None and plate in held.plates):
        places.comes_by(conn, stay.id, stay.entered_at, None)


def right_on_record(conn: Connection, stay_id: StayId) -> str | None:
    """The right by which the vehicle of a stay stood where it stood last."""
    stood = places.of_stay(conn, stay_id)
    return stood[-1].right if stood else None


def free_by(conn: Connection, stay: OpenStay | StayInReview, plate: Plate | None, until: datetime) -> str | None:
    """Why a stay that ended `until` costs nothing by what this plate may claim, which no lane had settled; None: it pays."""
    right = right_of(conn, stay, plate, until)
    held, row = _pass(conn, right), following.inside_by(conn, stay.id)
    if held is not None and not held.is_for(row.lot_id if row is not None else _lot_of(stay)):
        return None
    return parks_free(conn, None, plate, until, right=right)


def right_of(conn: Connection, stay: OpenStay | StayInReview, plate: Plate | None, until: datetime) -> str | None:
    """By which right a stay's car would have come in by this plate, with the bays that others of its pass left it `until` then."""
    if plate is None:
        return None
    right = following.right_of_plate(conn, stay.id, plate, stay.entered_at, until)
    held = _pass(conn, right)
    return None if held is not None and _was_full(conn, held, stay, plate, until) else right


def _pass(conn: Connection, right: str | None) -> PassRow | None:
    kind, _, name = (right or "").partition(":")
    return ServersCopy(conn).pass_by_id(name) if kind == "pass" else None


def _lot_of(stay: OpenStay | StayInReview) -> LotId | None:
    return stay.lot_id if isinstance(stay, OpenStay) else None


def _was_full(conn: Connection, held: PassRow, stay: OpenStay | StayInReview, plate: Plate, until: datetime) -> bool:
    """Whether other cars that came by a pass took up all its bays at some moment of a stay; also those whose exit is a question."""
    right, spans = f"pass:{held.pass_id}", []
    for other in [one for one in held.plates if one != plate][:_LOOKED_AT]:
        known = finding.left_since(conn, other, stay.entered_at, _LOOKED_AT)
        inside = store.open_by_plate(conn, other)
        known += [(inside.id, inside.entered_at, until)] if inside is not None and inside.id != stay.id else []
        for other_id, begun, left in known:
            if any(stood.right == right for stood in places.of_stay(conn, other_id)):
                spans.append((max(begun, stay.entered_at), min(left, until)))
    return _most_at_once(spans) >= held.bays


def _most_at_once(spans: Iterable[tuple[datetime, datetime]]) -> int:
    changes = sorted(change for begun, ended in spans if ended > begun for change in ((begun, 1), (ended, -1)))
    most = here = 0
    for _, change in changes:
        here += change
        most = max(most, here)
    return most
