"""A debt has stood for a while: the member whose vehicle it is reads it among his notices, and his app is told, each if he has agreed.

Whoever is no member, has not agreed, or had not the vehicle yet, is told when the car comes next: at the kiosk, on the page of the
stay, or by the lane.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from parking.journeys import app_hooks, own_stays
from parking.kernel.codec import to_plain
from parking.kernel.events import DebtReminded, Envelope
from parking.members import service as members
from parking.members import store as member_store
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import Handler
from parking.sessions import store as sessions_store

NOTICE = "debt"


def remind(zone: ZoneInfo) -> Handler:
    """Handles DebtReminded. No plate and no place goes out; the day at the site is enough to know which stay is meant."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, DebtReminded):
            return
        standing = members.recognised(uow.connection, event.plate, uow.now)
        if standing is None or not own_stays.is_his(uow.connection, standing.member_id, event.stay_id):
            return
        member_id = standing.member_id
        left = sessions_store.left_at(uow.connection, event.stay_id) or event.since
        member_store.notify(uow.connection, uow.ids.new(uow.now), member_id, NOTICE, event.stay_id, uow.now)
        told = {
            "debt_id": event.stay_id,
            "amount": to_plain(event.amount),
            "on": left.astimezone(zone).date().isoformat(),
            "number": event.number,
        }
        app_hooks.send(uow, envelope, member_id, "debt.reminder", told)

    return handle
