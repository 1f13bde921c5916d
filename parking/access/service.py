"""Puts a plate on a list or takes it off: the list, the lanes' copies and the event change in one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from parking.access import rights_store, store
from parking.access.refs import of_credential
from parking.access.rows import ListedAs
from parking.access.snapshot import ListRow
from parking.access.store import ServersCopy
from parking.kernel.credential import Credential
from parking.kernel.errors import invalid, not_found
from parking.kernel.events import AccessListChanged
from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork


def put_on_list(uow: UnitOfWork, entry: ListRow) -> None:
    """List a plate; the same entry again changes nothing. A validity that ends before it begins raises ParkingError."""
    if entry.valid_from is not None and entry.valid_until is not None and entry.valid_until <= entry.valid_from:
        raise invalid("access.validity", "should be after valid_from", field="valid_until")
    if entry.schedule_id is not None and rights_store.schedule(uow.connection, entry.schedule_id) is None:
        raise invalid("schedule.unknown", "there is no such schedule", field="schedule_id")
    if entry.group_id is not None and rights_store.group(uow.connection, entry.group_id) is None:
        raise invalid("group.unknown", "there is no such group", field="group_id")
    if store.listed(uow.connection, entry.plate) == entry:
        return
    store.save(uow.connection, entry)
    store.put_fact(uow, entry)
    uow.publish(AccessListChanged(entry.plate, entry.listed_as.value))


def take_off_list(uow: UnitOfWork, plate: Plate) -> None:
    """Take a plate off whatever list it is on; ParkingError when it is on none."""
    if not store.remove(uow.connection, plate):
        raise not_found("access.not_listed", "this plate is on no list")
    store.put_row(uow, "list", plate.text, None)
    uow.publish(AccessListChanged(plate, "none"))


def parks_free(
    conn: Connection, stay_id: StayId | None, plate: Plate | None, at: datetime, *, right: str | None = None
) -> str | None:
    """Why nothing is charged for a stay that ends at `at` (`pass:p7`, `invitation:i3`, `list:vip`), or None: it pays.

    What the vehicle came in by counts, as the server settled it; `right` is the lane's own word, for a vehicle of which the server
    knows no entry. The allow and VIP lists let go whoever is on them, however he came in.
    """
    entry = store.listed(conn, plate) if plate is not None else None
    if entry is not None and entry.listed_as in (ListedAs.ALLOW, ListedAs.VIP) and entry.holds(at):
        return f"list:{entry.listed_as}"
    copy = ServersCopy(conn)
    inside = [row for row in copy.inside_by(f"stay:{stay_id}") if row.claimed_until is None] if stay_id else []
    came_by = inside[0].right if inside else right
    kind, _, name = (came_by or "").partition(":")
    if kind == "pass":
        held, lot_id = copy.pass_by_id(name), inside[0].lot_id if inside else None
        return came_by if held is not None and held.holds(at) and held.is_for(lot_id) else None
    if kind == "invitation":
        invited = copy.invitation(name)
        return came_by if invited is not None and invited.free_of_charge and invited.holds(at) else None
    return came_by if entry is not None and entry.holds(at) and came_by == f"list:{entry.listed_as}" else None


def passes_of(conn: Connection, plate: Plate | None) -> tuple[str, ...]:
    """The ids of the passes that this plate is on, whether they hold today or not."""
    return tuple(one.pass_id for one in ServersCopy(conn).passes_of(plate)) if plate is not None else ()


def stays_by_credential(conn: Connection, credential: Credential) -> tuple[StayId, ...]:
    """The stays that this credential opened and whose vehicles are inside."""
    rows = ServersCopy(conn).inside_by(of_credential(credential))
    return tuple(row.stay_id for row in rows if row.claimed_until is None)


def credentials_of(conn: Connection, stay_id: StayId) -> tuple[Credential, ...]:
    """The credentials that opened a stay."""
    rows = ServersCopy(conn).inside_by(f"stay:{stay_id}")
    return rows[0].credentials if rows else ()
