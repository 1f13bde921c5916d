"""Keeps groups, schedules, lots, holders, passes and invitations: what is written here stands in the lanes' copies with it.

Whatever names something else must name something that is there; what is named by others is not deleted under them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection

from parking.access import following, invitation_store, rights_store, store
from parking.access.invitation_store import Invitation
from parking.access.rights_store import Group, Holder
from parking.access.rows import GroupRow, HolderRow, InvitationRow, LotRow, PassRow, ScheduleRow
from parking.access.snapshot import CopyRow, data_of, parse_fact
from parking.access.store import ServersCopy
from parking.kernel.errors import conflict, invalid, not_found
from parking.kernel.ids import LotId
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from parking.plumbing.insert_once import upsert

LONGEST_INVITATION_DAYS = 31


# --- groups, schedules, lots -----------------------------------------------------------------------------------------


def save_group(uow: UnitOfWork, group: Group) -> None:
    """Write a group and put it into the copies."""
    values = {
        "group_id": group.group_id,
        "name": group.name,
        "capacity": group.capacity,
        "second_car": group.second_car.value,
    }
    upsert(uow.connection, rights_store.holder_group, values)
    store.put_fact(uow, GroupRow(group.group_id, group.capacity, group.second_car))


def remove_group(uow: UnitOfWork, group_id: str) -> None:
    """Delete a group that nobody is in."""
    tables = (
        rights_store.access_holder.c.group_id,
        rights_store.access_pass.c.group_id,
        store.access_list.c.group_id,
    )
    invited = invitation_store.access_invitation.c.group_id
    if any(rights_store.is_used(uow.connection, column, group_id) for column in tables) or invitation_store.names(
        uow.connection, invited, group_id, uow.now
    ):
        raise conflict("group.used", "holders, passes, invitations or list entries are in this group")
    _gone(uow, rights_store.remove(uow.connection, rights_store.holder_group, group_id), "group", group_id)


def save_schedule(uow: UnitOfWork, name: str, schedule: ScheduleRow) -> None:
    """Write a schedule; a time zone that nobody knows, or no hours at all, raises ParkingError."""
    try:
        ZoneInfo(schedule.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid("schedule.time_zone", "should be an IANA time zone", field="time_zone") from None
    if not schedule.windows:
        raise invalid("schedule.empty", "should have at least one window", field="windows")
    dates = [day.on for day in schedule.special_days]
    if len(set(dates)) != len(dates):
        raise invalid("schedule.twice", "should name each date once", field="special_days")
    kind, key, data = data_of(schedule)
    values = {"schedule_id": schedule.schedule_id, "name": name, "data": data}
    upsert(uow.connection, rights_store.access_schedule, values)
    store.put_row(uow, kind, key, data)


def remove_schedule(uow: UnitOfWork, schedule_id: str) -> None:
    """Delete a schedule that no pass and no list entry keeps to."""
    for column in (rights_store.access_pass.c.schedule_id, store.access_list.c.schedule_id):
        if rights_store.is_used(uow.connection, column, schedule_id):
            raise conflict("schedule.used", "passes or list entries keep to this schedule")
    _gone(uow, rights_store.remove(uow.connection, rights_store.access_schedule, schedule_id), "schedule", schedule_id)


def save_lot(uow: UnitOfWork, lot: LotRow) -> None:
    """Write a lot; the lot around it must be there and must not lie within it."""
    around = lot.outer_lot_id
    while around is not None:
        if around == lot.lot_id:
            raise invalid("lot.circle", "a lot does not lie within itself", field="outer_lot_id")
        outer = rights_store.lot(uow.connection, around)
        if outer is None:
            raise invalid("lot.unknown", "there is no such lot", field="outer_lot_id")
        around = outer.outer_lot_id
    values = {name: getattr(lot, name) for name in ("lot_id", "outer_lot_id", "capacity", "rights_only")}
    upsert(uow.connection, rights_store.access_lot, values)
    following.count_lot(uow, lot.lot_id)


def remove_lot(uow: UnitOfWork, lot_id: str) -> None:
    """Delete a lot that lies around no other and that no right names."""
    if rights_store.is_used(uow.connection, rights_store.access_lot.c.outer_lot_id, lot_id):
        raise conflict("lot.used", "another lot lies within this one")
    if ServersCopy(uow.connection).count("inside", f"lot:{lot_id}"):
        raise conflict("lot.used", "somebody is inside this lot")
    if rights_store.names_lot(uow.connection, lot_id) or invitation_store.names_lot(uow.connection, lot_id, uow.now):
        raise conflict("lot.used", "passes or invitations are for this lot")
    _gone(uow, rights_store.remove(uow.connection, rights_store.access_lot, lot_id), "lot", lot_id)


# --- holders and passes ----------------------------------------------------------------------------------------------


def save_holder(uow: UnitOfWork, holder: Holder) -> None:
    """Write a holder with cars and credentials; a credential that somebody else holds raises ParkingError."""
    _check_validity(holder.valid_from is None or holder.valid_until is None or holder.valid_from < holder.valid_until)
    _check(uow, "group", holder.group_id, rights_store.group)
    for position, credential in enumerate(holder.credentials):
        owner = rights_store.owner_of(uow.connection, credential)
        if owner is not None and owner != holder.holder_id:
            raise conflict("credential.taken", f"credentials[{position}]: somebody else holds this credential")
    if len(set(holder.credentials)) != len(holder.credentials):
        raise invalid("credential.twice", "should name each credential once", field="credentials")
    if len(set(holder.plates)) != len(holder.plates):
        raise invalid("holder.twice", "should name each plate once", field="plates")
    before = rights_store.holder(uow.connection, holder.holder_id)
    for credential in before.credentials if before else ():
        if credential not in holder.credentials:
            store.put_row(uow, "holder", credential.ref, None)
    rights_store.save_holder(uow.connection, holder)
    _put_holder(uow, holder.holder_id)


def remove_holder(uow: UnitOfWork, holder_id: str) -> None:
    """Delete a holder who has no pass and has invited nobody who may still come; invitations that are over go with him."""
    holder = rights_store.holder(uow.connection, holder_id)
    if holder is None:
        raise not_found("holder.unknown", "there is no such holder")
    if rights_store.passes_of_holder(uow.connection, holder_id):
        raise conflict("holder.used", "this holder still has passes")
    if invitation_store.names(uow.connection, invitation_store.access_invitation.c.host_id, holder_id, uow.now):
        raise conflict("holder.used", "this holder has invited visitors who may still come")
    for invitation_id in invitation_store.drop_of_host(uow.connection, holder_id):
        store.put_row(uow, "invitation", invitation_id, None)
    for credential in holder.credentials:
        store.put_row(uow, "holder", credential.ref, None)
    rights_store.drop_belongings(uow.connection, holder_id)
    rights_store.remove(uow.connection, rights_store.access_holder, holder_id)


def save_pass(uow: UnitOfWork, held: PassRow) -> PassRow:
    """Write a pass; one that names no group is of its holder's. Returns it as it stands."""
    _check_validity(held.valid_from is None or held.valid_until is None or held.valid_from < held.valid_until)
    holder = rights_store.holder(uow.connection, held.holder_id)
    if holder is None:
        raise invalid("holder.unknown", "there is no such holder", field="holder_id")
    if len(set(held.plates)) != len(held.plates):
        raise invalid("pass.twice", "should name each plate once", field="plates")
    if not held.plates and not holder.credentials:
        raise invalid("pass.nobody", "should name a plate, or its holder should hold a credential", field="plates")
    held = replace(held, group_id=held.group_id or holder.group_id)
    _check(uow, "group", held.group_id, rights_store.group)
    _check(uow, "schedule", held.schedule_id, rights_store.schedule)
    _check_lots(uow, held.lots)
    before = pass_of(uow.connection, held.pass_id)
    rights_store.save_pass(uow.connection, held, data_of(held)[2])
    store.put_fact(uow, held)
    for holder_id in sorted({held.holder_id, before.holder_id if before else held.holder_id}):
        _put_holder(uow, holder_id)
    return held


def remove_pass(uow: UnitOfWork, pass_id: str) -> None:
    """Delete a pass; who is inside on it pays from now on."""
    held = pass_of(uow.connection, pass_id)
    _gone(uow, rights_store.remove(uow.connection, rights_store.access_pass, pass_id), "pass", pass_id)
    if held is not None:
        _put_holder(uow, held.holder_id)


def pass_of(conn: Connection, pass_id: str) -> PassRow | None:
    """A pass by its id."""
    data = rights_store.pass_data(conn, pass_id)
    return as_pass(pass_id, data) if data is not None else None


def as_pass(pass_id: str, data: Mapping[str, Any]) -> PassRow:
    """A pass as it is stored."""
    found = parse_fact(CopyRow("pass", pass_id, 0, data))
    assert isinstance(found, PassRow)
    return found


def _put_holder(uow: UnitOfWork, holder_id: str) -> None:
    """What the lanes know of each of a holder's credentials."""
    holder = rights_store.holder(uow.connection, holder_id)
    if holder is None:
        return
    pass_ids = tuple(rights_store.passes_of_holder(uow.connection, holder_id))
    for credential in holder.credentials:
        row = HolderRow(
            credential,
            holder_id,
            holder.plates,
            pass_ids,
            holder.group_id,
            holder.valid_from,
            holder.valid_until,
            holder.blocked,
        )
        store.put_fact(uow, row)


# --- invitations -----------------------------------------------------------------------------------------------------


def invite(uow: UnitOfWork, invitation: Invitation) -> None:
    """Write an invitation of a host who is there and not blocked; it holds for a month at most."""
    row = invitation.row
    # a code counts in whole seconds: without one between them there would be an invitation and no code for it
    _check_validity(row.valid_from.replace(microsecond=0) < row.valid_until.replace(microsecond=0))
    if (row.valid_until - row.valid_from).days > LONGEST_INVITATION_DAYS or row.valid_until <= uow.now:
        message = f"should be in the future, and at most {LONGEST_INVITATION_DAYS} days after valid_from"
        raise invalid("invitation.validity", message, field="valid_until")
    host = rights_store.holder(uow.connection, row.host_id)
    if host is None or host.blocked:
        raise invalid("holder.unknown", "there is no such host, or he may not invite", field="host_id")
    row = replace(row, group_id=row.group_id or host.group_id)
    _check(uow, "group", row.group_id, rights_store.group)
    _check_lots(uow, row.lots)
    invitation_store.save_invitation(uow.connection, replace(invitation, row=row))
    store.put_fact(uow, row)


def revoke(uow: UnitOfWork, invitation_id: str) -> None:
    """Take an invitation back; a second time changes nothing. Who is inside by it stays, and pays."""
    invitation = invitation_store.invitation(uow.connection, invitation_id)
    if invitation is None:
        raise not_found("invitation.unknown", "there is no such invitation")
    if invitation.revoked_at is None:
        invitation_store.save_invitation(uow.connection, replace(invitation, revoked_at=uow.now))
        store.put_row(uow, "invitation", invitation_id, None)


def forget_visitors(uow: UnitOfWork, until: datetime, most: int) -> int:
    """Of `most` invitations that were over by then nobody knows any more who was asked in, a lane neither; returns how many there were."""
    over = invitation_store.ended_named(uow.connection, until, most)
    for old in over:
        _forget_visitor(uow, old)
    return len(over)


def forget_visitor(uow: UnitOfWork, plate: Plate, until: datetime) -> None:
    """The same of one plate; one that is not over keeps it: the visitor is still to come in by it."""
    for old in invitation_store.ended_named(uow.connection, until, None, plate):
        _forget_visitor(uow, old)


def _forget_visitor(uow: UnitOfWork, old: Invitation) -> None:
    bare = replace(old.row, plate=None)
    invitation_store.save_invitation(uow.connection, replace(old, row=bare, visitor=""))
    known = ServersCopy(uow.connection).invitation(bare.invitation_id)
    if known is not None:
        store.put_fact(uow, replace(known, plate=None))


def as_used(conn: Connection, row: InvitationRow) -> InvitationRow:
    """An invitation with the entries that were made on it; they stand in the copies alone."""
    known = ServersCopy(conn).invitation(row.invitation_id)
    return replace(row, used=known.used) if known is not None else row


def with_entries(conn: Connection, invitation: Invitation) -> Invitation:
    """An invitation with the entries that were made on it."""
    return replace(invitation, row=as_used(conn, invitation.row))


# --- what all of them share ------------------------------------------------------------------------------------------


def _check_validity(holds: bool) -> None:
    if not holds:
        raise invalid("access.validity", "should be after valid_from", field="valid_until")


def _check(uow: UnitOfWork, what: str, name: str | None, find: Callable[[Connection, str], object]) -> None:
    if name is not None and find(uow.connection, name) is None:
        raise invalid(f"{what}.unknown", f"there is no such {what}", field=f"{what}_id")


def _check_lots(uow: UnitOfWork, lots: tuple[LotId, ...]) -> None:
    for position, name in enumerate(lots):
        if rights_store.lot(uow.connection, name) is None:
            raise invalid("lot.unknown", "there is no such lot", field=f"lots[{position}]")


def _gone(uow: UnitOfWork, was_there: bool, kind: str, key: str) -> None:
    if not was_there:
        raise not_found(f"{kind}.unknown", f"there is no such {kind}")
    store.put_row(uow, kind, key, None)
