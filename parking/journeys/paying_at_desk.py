"""Somebody pays at the cash desk: for a stay that is inside, or for what one that has left still owes."""

from __future__ import annotations

from datetime import datetime

from parking.journeys import paying
from parking.journeys.ports import Cashier, Payment
from parking.kernel.errors import not_found
from parking.kernel.ids import StayId
from parking.plumbing.db import Database
from parking.sessions import store
from parking.sessions.model import OpenStay


def begin(database: Database, cashier: Cashier, stay_id: StayId, at: datetime, channel: str, key: str) -> Payment:
    """Start paying what is due; the same `key` again gives the same payment, whatever has become of it. Use a thread."""
    stay = database.read(lambda conn: store.get(conn, stay_id))
    if stay is None:
        raise not_found("stay.unknown", "this stay is not known")
    if isinstance(stay, OpenStay) or database.read(lambda conn: cashier.later.debt(conn, stay_id)) is None:
        return paying.begin(database, cashier, stay_id, at, channel, key)
    return begin_debt(database, cashier, stay_id, at, channel, key)


def begin_debt(database: Database, cashier: Cashier, stay_id: StayId, at: datetime, channel: str, key: str) -> Payment:
    """Start paying what a stay that has left still owes, however much where a person says that its bill is true.

    Its caller knows whose it is.
    """
    known = database.read(lambda conn: cashier.begun(conn, stay_id, key))
    if known is not None:
        return known
    stay = database.read(lambda conn: store.get(conn, stay_id))
    assert stay is not None, "a debt is a stay's"
    to_price = database.read(lambda conn: paying.priced(conn, stay))
    confirmed = database.read(lambda conn: paying.is_confirmed(conn, stay_id))
    return cashier.begin_payment(to_price, at, channel, key, confirmed=confirmed)
