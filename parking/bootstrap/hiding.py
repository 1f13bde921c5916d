"""The key under which a plate may stand in the database without being there; it lies beside the server's own, never in the database."""

from __future__ import annotations

from parking.bootstrap.keys import load_secrets
from parking.bootstrap.settings import Settings
from parking.members import tombstones
from parking.plumbing.db import Database, UnitOfWork
from parking.web import idempotency
from payments.coupons import limits

FILE = "plates.key"


def open_pseudonyms(settings: Settings, database: Database) -> None:
    """Hand the site's keys to the database, unless it has some: one in memory has its own, and ends with it."""
    if not database.pseudonyms.are_open:
        database.pseudonyms.open(load_secrets(settings.keys_dir / FILE))


def hide_plates(uow: UnitOfWork) -> int:
    """Bare hashes of earlier versions go under the key; returns how many. ParkingError for a wrong key: nobody is served with it."""
    rooms = (tombstones.hide_plates, limits.hide_plates, idempotency.hide)
    return sum(hide(uow.connection) for hide in rooms)
