"""Whoever wishes to be forgotten is, everywhere on the server, and what a box tells late of his plate is forgotten on arrival.

What is inside stays known until it has left: a car cannot be let out by nobody. Money keeps its sums, not its names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from parking.journeys.coupon_port import Coupons
from parking.kernel.events import Envelope, StayClosed
from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.members import service as members
from parking.members import tombstones
from parking.members.tables import notice_table, receipt_table, vehicle_table
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.personal import take_plate_out
from parking.plumbing.tables import dead_letter, outbox
from parking.security import looks
from parking.sessions import store, visit_notes, visits

Handler = Callable[[UnitOfWork, Envelope], None]
KEPT: Mapping[str, timedelta] = {
    "plate of a stay": timedelta(days=365),  # disputes, and the events that must be kept for a year
    "plate of an exit without a stay": timedelta(days=365),
    "plate of a coupon": timedelta(days=30),  # counted from its end; for a complaint
    "plate at a provider": timedelta(days=90),  # until the last try to collect what it left owing
    "who bought": timedelta(days=365),  # the receipt itself stays, for settlement
    "ended vehicle": timedelta(days=90),
    "notice": timedelta(days=180),
    "look": timedelta(days=3 * 365),
}
"""How long what is personal is kept, by what it is kept for."""
AT_ONCE = 500


Forget = Callable[[UnitOfWork, Plate, datetime], object]
"""How another room forgets a plate in what happened until a moment."""


def erase(uow: UnitOfWork, coupons: Coupons, member_id: str, others: Iterable[Forget] = ()) -> int:
    """Forget a member, his coupons and the stays of his vehicles; returns how many stays lost their plate."""
    plates = members.erase(uow, member_id)
    coupons.forget_member(uow, member_id)
    for plate in plates:
        for forget in others:
            forget(uow, plate, uow.now)
    return sum(_forget_plate(uow, plate, uow.now) for plate in plates)


def forget_if_erased(others: Iterable[Forget] = ()) -> Handler:
    """Handles StayClosed: a stay that a box told of late, after its plate was erased, keeps no plate."""
    kept = tuple(others)

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, StayClosed) or event.plate is None:
            return
        if tombstones.covers(uow.connection, event.plate, event.exited_at):
            _forget_plate(uow, event.plate, event.exited_at)
            for forget in kept:
                forget(uow, event.plate, event.exited_at)

    return handle


def _forget_plate(uow: UnitOfWork, plate: Plate, until: datetime) -> int:
    """Take a plate out of everything that ended until then, what was published about it included."""
    conn, s, x = uow.connection, store.stay.c, store.unmatched_exit.c
    ended = sa.and_(s.plate == plate, s.state == "closed", s.exited_at <= until)
    stays = [StayId(found) for found in conn.execute(sa.select(s.id).where(ended)).scalars()]
    conn.execute(store.stay.update().where(s.id.in_(stays)).values(plate=None))
    conn.execute(store.unmatched_exit.update().where(x.plate == plate, x.exited_at <= until).values(plate=None))
    note = visit_notes.visit_note
    conn.execute(note.update().where(note.c.plate == plate, note.c.at <= until).values(plate=None))
    visit = visits.lane_visit
    conn.execute(visit.update().where(visit.c.plate == plate, visit.c.said_at <= until).values(plate=None, votes=None))
    take_plate_out(uow, outbox, "data", plate, outbox.c.relayed_at.is_not(None), outbox.c.occurred_at <= until)
    take_plate_out(uow, dead_letter, "envelope", plate, dead_letter.c.died_at <= until)
    return len(stays)


def purge(database: Database, more: Iterable[Callable[[UnitOfWork], object]] = ()) -> int:
    """Drop what has been kept as long as its purpose allows; `more` are the purges of other rooms. Returns how many stays."""

    def work(uow: UnitOfWork) -> int:
        conn, now = uow.connection, uow.now
        s, x = store.stay.c, store.unmatched_exit.c
        old = sa.select(s.id).where(
            s.plate.is_not(None), s.state == "closed", s.exited_at < now - KEPT["plate of a stay"]
        )
        done = conn.execute(store.stay.update().where(s.id.in_(old.limit(AT_ONCE))).values(plate=None)).rowcount
        gone = now - KEPT["plate of an exit without a stay"]
        conn.execute(store.unmatched_exit.update().where(x.exited_at < gone).values(plate=None))
        note = visit_notes.visit_note
        old_notes = (note.c.plate.is_not(None), note.c.at < now - KEPT["plate of a stay"])
        conn.execute(note.update().where(*old_notes).values(plate=None))
        bought = receipt_table.c.at < now - KEPT["who bought"]
        conn.execute(receipt_table.update().where(bought).values(member_id=None))
        conn.execute(vehicle_table.delete().where(vehicle_table.c.ended_at < now - KEPT["ended vehicle"]))
        conn.execute(notice_table.delete().where(notice_table.c.at < now - KEPT["notice"]))
        looks.forget(uow, now - KEPT["look"])
        for one in more:
            one(uow)
        return done

    return database.write(work)
