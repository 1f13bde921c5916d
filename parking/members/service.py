"""Members join, say what may be done with what they tell, and leave; nothing of it is ever needed to park or to pay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection

from parking.kernel.errors import conflict, not_found
from parking.kernel.events import MemberChanged
from parking.kernel.plate import Plate
from parking.kernel.standing import MemberStanding
from parking.members import points, store, tombstones, vehicles
from parking.members.model import TIER_COUNTS, Contact, Member, Purpose, Vehicle, VehicleState, standing, tier_of
from parking.members.store import Cipher
from parking.members.tables import consent_table, notice_table, receipt_table
from parking.plumbing.db import UnitOfWork


def join(uow: UnitOfWork, client: str, ref: str) -> Member:
    """A new member under the app's own name for him; the same one again is the same member."""
    known = store.by_ref(uow.connection, client, ref)
    if known is not None:
        return known
    new = Member(uow.ids.new(uow.now), client, ref, uow.now)
    if not store.insert_member(uow.connection, new):
        raise conflict("member.erased", "this member was erased; a new one needs a new reference")
    uow.publish(MemberChanged(new.member_id, "joined"))
    return new


def known(conn: Connection, member_id: str) -> Member:
    """ParkingError for nobody, and for one who was erased."""
    found = store.member(conn, member_id)
    if found is None:
        raise not_found("member.unknown", "there is no such member")
    return found


def consent(uow: UnitOfWork, member_id: str, wishes: Mapping[Purpose, bool], *, by: str) -> Mapping[Purpose, bool]:
    """Write down what is agreed to or taken back; what was kept for a purpose alone goes with it, at once."""
    known(uow.connection, member_id)
    before = store.consents(uow.connection, member_id)
    for purpose, given in wishes.items():
        if before[purpose] == given:
            continue
        store.note_consent(uow.connection, member_id, purpose, given, uow.now, by)
        if purpose is Purpose.CONTACT and not given:
            store.change_member(uow.connection, member_id, contact=None)
    uow.publish(MemberChanged(member_id, "consent"))
    return store.consents(uow.connection, member_id)


def agrees(conn: Connection, member_id: str, purpose: Purpose) -> bool:
    return store.consents(conn, member_id)[purpose]


def set_contact(uow: UnitOfWork, member_id: str, contact: Contact, cipher: Cipher) -> None:
    """Keep basic data, sealed; without the consent for it, ParkingError."""
    known(uow.connection, member_id)
    if not agrees(uow.connection, member_id, Purpose.CONTACT):
        raise conflict("member.no_consent", "the member has not agreed that this is kept")
    store.change_member(uow.connection, member_id, contact=cipher.seal(json.dumps(asdict(contact))))


def contact_of(conn: Connection, member_id: str, cipher: Cipher) -> Contact:
    """Basic data in clear; empty where none is kept."""
    sealed = store.contact(conn, member_id)
    return Contact() if sealed is None else Contact(**json.loads(cipher.open(sealed)))


def earned_lately(conn: Connection, member: Member, at: datetime) -> int:
    """The points by which a member's tier is told at `at`."""
    return store.earned_since(conn, member.member_id, at - TIER_COUNTS)


def standing_of(conn: Connection, member: Member, at: datetime) -> MemberStanding:
    """What a price must know of this member at `at`."""
    return standing(member, earned_lately(conn, member, at), store.levels(conn))


def recognised(conn: Connection, plate: Plate | None, at: datetime) -> MemberStanding | None:
    """The standing of the member for whom this plate is active, if he has agreed to be recognised by it."""
    vehicle = store.holder(conn, plate) if plate is not None else None
    member = store.member(conn, vehicle.member_id) if vehicle is not None else None
    if member is None or not agrees(conn, member.member_id, Purpose.RECOGNISE):
        return None
    return standing_of(conn, member, at)


def tier_name(conn: Connection, member: Member, at: datetime) -> tuple[str, str, str] | None:
    """Id and names (zh, en) of the member's tier."""
    level = tier_of(earned_lately(conn, member, at), store.levels(conn), member.tier_by_hand)
    return None if level is None else (level.level_id, level.zh, level.en)


def _his_until(uow: UnitOfWork, vehicle: Vehicle) -> datetime:
    """Until when what a car did is its member's: until it became another's, even if he has let go of it before."""
    held = store.holder(uow.connection, vehicle.plate)
    others = held is not None and held.member_id != vehicle.member_id
    return vehicle.ended_at if others and vehicle.ended_at is not None else uow.now


def erase(uow: UnitOfWork, member_id: str) -> Mapping[Plate, datetime]:
    """Forget a member: basic data, vehicles, consents, points, whose purchases were his. Returns the plates that were his, until when.

    What stays is a row without a name, so that the same reference cannot come back by itself, and sums that name nobody. Of each
    plate a tombstone stays, so that what a gate tells late is forgotten as well.
    """
    found = known(uow.connection, member_id)
    plates: dict[Plate, datetime] = {}
    for vehicle in store.every_vehicle_of(uow.connection, member_id):
        if vehicle.was_his:
            until = _his_until(uow, vehicle)
            plates[vehicle.plate] = max(until, plates.get(vehicle.plate, until))
        if vehicle.state is not VehicleState.ENDED:
            vehicles.end(uow, vehicle, "erased")
    for plate, until in plates.items():
        tombstones.put(uow, plate, until)
    points.end_all(uow, member_id)
    conn = uow.connection
    vehicles.forget(uow, member_id)
    conn.execute(consent_table.delete().where(consent_table.c.member_id == member_id))
    conn.execute(notice_table.delete().where(notice_table.c.member_id == member_id))
    conn.execute(receipt_table.update().where(receipt_table.c.member_id == member_id).values(member_id=None))
    ref = f"erased-{member_id}"
    store.change_member(conn, member_id, contact=None, ref=ref, tier_by_hand="", credit="", erased_at=uow.now)
    uow.publish(MemberChanged(found.member_id, "erased"))
    return plates
