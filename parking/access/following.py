"""The server follows the passages: who is inside by which right, in every lane's copy, by the same thinking as at the lane.

A lane that was cut off may have given a bay away that another had given already: the later passage is a visitor's, and a person
hears of it. A stay that is closed is nobody's inside any more, in whatever order the news arrive.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from sqlalchemy import Connection

from parking.access import rights_store, store
from parking.access.claims import with_rights
from parking.access.facts import Facts, LaneRules, PlateEvidence
from parking.access.identity import identify
from parking.access.presence import Gone, after, named
from parking.access.rights import case_of
from parking.access.rows import CommandRow, Fact, InsideRow, UsedCodeRow
from parking.access.snapshot import data_of, parse_fact
from parking.access.store import ServersCopy
from parking.kernel.events import (
    CaseOpened,
    CodeUsed,
    Direction,
    Envelope,
    LaneDecided,
    StayClosed,
    VehicleBackedAway,
    VehiclePassed,
)
from parking.kernel.ids import CaseId, LaneId, LotId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.plumbing.db import Database, UnitOfWork

WORTH_A_LOOK = ("anti_passback", "left_without_entering")
"""Remarks of a lane that become a case for a person."""
SWEPT_AT_ONCE = 500
_CASES = UUID("5f0c7a52-6f5b-4d6e-9f41-2f2f3a6a4a10")


def follow(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles whatever a lane tells about a vehicle's right: its rows in the copies; it comes after the stay's own handlers."""
    event, at = envelope.event, envelope.occurred_at
    copy = ServersCopy(uow.connection)
    if isinstance(event, StayClosed):
        left(uow, event.stay_id)
        return
    if not isinstance(event, (LaneDecided, VehiclePassed, VehicleBackedAway, CodeUsed)):
        return
    if isinstance(event, LaneDecided):
        for remark in event.remarks:
            if remark in WORTH_A_LOOK:
                _ask_a_person(uow, remark, event.visit_id, event.lane_id, event.stay_id)
    changes = after(event, at, copy)
    if isinstance(event, VehiclePassed) and event.direction is Direction.IN and event.right is not None:
        _tell_of_overuse(uow, event, changes)
    _apply(uow, changes)


def known_as(
    uow: UnitOfWork, stay_id: StayId, plate: Plate | None, came_at: datetime, right: str | None, lot_id: LotId | None
) -> str | None:
    """The plate of a vehicle that is inside is made known: it is inside by that, and by this right, in this lot where no row says another.

    Whoever came in by a credential or an invitation keeps what that gave him. Returns the right that counts.
    """
    copy = ServersCopy(uow.connection)
    row = inside_by(uow.connection, stay_id)
    if row is not None and _is_given_by_more(copy, row):
        right = row.right
    _apply(uow, named(copy, stay_id, row, plate, came_at, right, lot_id))
    return right


def _is_given_by_more(copy: ServersCopy, row: InsideRow) -> bool:
    """Whether a right does not go with the plate: a holder's pass by his card, an invitation."""
    kind, _, name = (row.right or "").partition(":")
    if kind == "pass":
        return any(name in holder.pass_ids for one in row.credentials for holder in copy.holders_of(one))
    return kind == "invitation"


def left(uow: UnitOfWork, stay_id: StayId) -> None:
    """Nobody is inside by this stay any more."""
    _apply(uow, (Gone("inside", row.stay_id) for row in ServersCopy(uow.connection).inside_by(f"stay:{stay_id}")))


def hand_on(uow: UnitOfWork, stay_id: StayId, to: StayId) -> InsideRow | None:
    """Another stay holds in the place of this one: its vehicle is inside by that, and by the same right. The row, where there is one."""
    row = inside_by(uow.connection, stay_id)
    if row is not None:
        _apply(uow, (Gone("inside", stay_id), replace(row, stay_id=to)))
    return row


def inside_by(conn: Connection, stay_id: StayId) -> InsideRow | None:
    """Where a vehicle is inside by this stay, and by which right or credential; None for a visitor on a site without lots."""
    rows = ServersCopy(conn).inside_by(f"stay:{stay_id}")
    return next((row for row in rows if row.claimed_until is None), None)


def right_of_plate(conn: Connection, stay_id: StayId, plate: Plate, came_at: datetime, until: datetime) -> str | None:
    """The pass or the list by which a vehicle of this plate would have come in then, with the room that those leave it who came by `until`.

    For which lots a pass holds is asked where the vehicle stands.
    """
    copy, rules = ServersCopy(conn), LaneRules()
    seen = PlateEvidence(plate, 1.0, math.inf, rules.min_agreeing, rules.min_agreeing, came_at)
    bare = Facts(came_at, LaneId(""), Direction.IN, rules, came_at, 0.0, seen, listed=None, stay=None, free=None)
    facts = with_rights(bare, identify(bare), copy)
    own = [replace(row, plate=plate) for row in copy.inside_by(f"stay:{stay_id}")]
    others = [row for row in facts.inside if row.stay_id != stay_id and row.since <= until]
    claim = case_of(replace(facts, inside=(*others, *own), invitation=None)).right
    return claim.name if claim is not None else None


def tidy(database: Database) -> int:
    """Take claims, used codes and orders whose time is over out of the copies; returns how many."""
    now = database.clock.now()

    def over(conn: Connection) -> list[Gone]:
        rows = [row for kind in ("used_code", "inside", "command") for row in store.rows_of(conn, kind)]
        return [Gone(row.kind, row.key) for row in rows if _is_over(parse_fact(row), now)]

    old = database.read(over)[:SWEPT_AT_ONCE]
    if old:
        database.write(lambda uow: _apply(uow, [gone for gone in old if _is_still_over(uow, gone)]))
    return len(old)


def _is_still_over(uow: UnitOfWork, gone: Gone) -> bool:
    """Whether nobody has driven in on a claim since it was looked at; an order is never put off."""
    if gone.kind == "command":
        return True
    ref = f"stay:{gone.key}" if gone.kind == "inside" else f"code:{gone.key}"
    return any(_is_over(fact, uow.now) for fact in ServersCopy(uow.connection).find(gone.kind, ref))


def _is_over(fact: Fact | None, now: datetime) -> bool:
    if isinstance(fact, UsedCodeRow | CommandRow):
        return fact.expires_at < now - timedelta(minutes=5)
    return isinstance(fact, InsideRow) and not fact.counts(now)


def _apply(uow: UnitOfWork, changes: Iterable[Fact | Gone]) -> None:
    lots: set[str] = set()
    for change in changes:
        kind, key = (change.kind, change.key) if isinstance(change, Gone) else data_of(change)[:2]
        if kind == "inside":
            lots |= _lots_of(uow, key)
        if isinstance(change, Gone):
            store.put_row(uow, kind, key, None)
        elif not (isinstance(change, InsideRow) and not change.counts(uow.now)):  # a claim told too late to be of use
            store.put_fact(uow, change)
        if kind == "inside":
            lots |= _lots_of(uow, key)
    for lot_id in sorted(lots):
        count_lot(uow, lot_id)


def _lots_of(uow: UnitOfWork, stay_id: str) -> set[str]:
    rows = ServersCopy(uow.connection).inside_by(f"stay:{stay_id}")
    return {row.lot_id for row in rows if row.lot_id is not None}


def count_lot(uow: UnitOfWork, lot_id: str) -> None:
    """Put a lot with its free places into the copies; whoever drove in before lots were named is not counted."""
    known = rights_store.lot(uow.connection, lot_id)
    if known is None:
        return
    free = known.capacity - ServersCopy(uow.connection).count("inside", f"lot:{lot_id}")
    now = replace(known, free=free)
    if ServersCopy(uow.connection).lot(known.lot_id) != now:
        store.put_fact(uow, now)


def _tell_of_overuse(uow: UnitOfWork, event: VehiclePassed, changes: tuple[Fact | Gone, ...]) -> None:
    settled = [row for row in changes if isinstance(row, InsideRow)]
    if event.authorised and settled and settled[-1].right is None:
        _ask_a_person(uow, "pass_overused", event.visit_id, event.lane_id, settled[-1].stay_id)


def _ask_a_person(uow: UnitOfWork, reason: str, visit_id: VisitId, lane_id: LaneId, stay_id: StayId | None) -> None:
    case_id = CaseId(str(uuid5(_CASES, f"{visit_id}:{reason}")))  # the same news twice is one case
    uow.publish(CaseOpened(case_id, reason, stay_id, visit_id, lane_id))
