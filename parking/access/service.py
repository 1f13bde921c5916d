"""Puts a plate on a list or takes it off: the list, the lanes' copies and the event change in one transaction."""

from __future__ import annotations

from parking.access import store
from parking.access.snapshot import ListRow, data_of
from parking.kernel.errors import invalid, not_found
from parking.kernel.events import AccessListChanged
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork


def put_on_list(uow: UnitOfWork, entry: ListRow) -> None:
    """List a plate; the same entry again changes nothing. A validity that ends before it begins raises ParkingError."""
    if entry.valid_from is not None and entry.valid_until is not None and entry.valid_until <= entry.valid_from:
        raise invalid("access.validity", "should be after valid_from", field="valid_until")
    if store.listed(uow.connection, entry.plate) == entry:
        return
    store.save(uow.connection, entry)
    store.put_row(uow, *data_of(entry))
    uow.publish(AccessListChanged(entry.plate, entry.listed_as.value))


def take_off_list(uow: UnitOfWork, plate: Plate) -> None:
    """Take a plate off whatever list it is on; ParkingError when it is on none."""
    if not store.remove(uow.connection, plate):
        raise not_found("access.not_listed", "this plate is on no list")
    store.put_row(uow, "list", plate.text, None)
    uow.publish(AccessListChanged(plate, "none"))
