"""Whoever wishes to be forgotten is, everywhere on the server, and what a box tells late of his plate is forgotten on arrival.

What is inside stays known until it has left: a car cannot be let out by nobody. Money keeps its sums, not its names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from parking.journeys.coupon_port import Coupons
from parking.kernel.codec import to_plain
from parking.kernel.events import Envelope, LaneDecided, StayClosed, StayCorrected, VehiclePassed
from parking.kernel.ids import StayId, VisitId
from parking.kernel.plate import Plate
from parking.members import service as members
from parking.members import tombstones
from parking.members.tables import notice_table, receipt_table, vehicle_table
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.delivery import Handler
from parking.plumbing.each import in_pages
from parking.plumbing.jobs import job
from parking.plumbing.personal import blank_about, take_plate_out
from parking.plumbing.tables import dead_letter, outbox
from parking.security import looks
from parking.sessions import erasure
from parking.sessions import store as sessions

KEPT: Mapping[str, timedelta] = {
    "plate of a stay": timedelta(days=365),  # disputes, and the events that must be kept for a year
    "plate of an exit without a stay": timedelta(days=365),
    "plates of a lesson": timedelta(days=365),  # what it teaches stays
    "plate of a coupon": timedelta(days=30),  # counted from its end; for a complaint
    "what a provider said": timedelta(days=180),  # word for word, for a dispute with it; its digest stays
    "plate at a provider": timedelta(days=90),  # until the last try to collect what it left owing
    "plate of a debt": timedelta(days=2 * 365),  # of one that is over, from its beginning on: it may go to law
    "agreement": timedelta(days=2 * 365),  # counted from its end, for the same reason
    "try to save a card": timedelta(days=30),  # the agreement that came of it stays as long as its own purpose allows
    "visitor of an invitation": timedelta(days=90),  # name and plate; counted from its end, for a question of the host
    "who bought": timedelta(days=365),  # the receipt itself stays, for settlement
    "ended vehicle": timedelta(days=90),
    "notice": timedelta(days=180),
    "what was given up": timedelta(days=365),  # an event that no handler could take, a job that never succeeded
    "words of a rating": timedelta(days=365),  # the number stays
    "look": timedelta(days=3 * 365),
}
"""How long what is personal is kept, by what it is kept for."""
AT_ONCE = 500
_TO_SECONDS = len("2026-03-07T02:00:00")
LATE = timedelta(minutes=1)
"""What a lane tells later than this may be about a plate that has been erased meanwhile; what is quicker ends with its stay."""


Forget = Callable[[UnitOfWork, Plate, datetime], object]
"""How another room forgets a plate in what happened until a moment."""
Page = Callable[[UnitOfWork, int], int]
"""Forgets at most so many rows that are due, and says how many it found."""


def erase(uow: UnitOfWork, coupons: Coupons, member_id: str, others: Iterable[Forget] = ()) -> int:
    """Forget a member, his coupons and the stays of his vehicles; returns how many stays lost their plate."""
    plates = members.erase(uow, member_id)
    _forget_told(uow, member_id)
    coupons.forget_member(uow, member_id)
    for plate, until in plates.items():
        for forget in others:
            forget(uow, plate, until)
    return sum(_forget_plate(uow, plate, until) for plate, until in plates.items())


def _forget_told(uow: UnitOfWork, member_id: str) -> None:
    """What the member's app was told, or is being told, keeps no name for him but our own."""
    mine = sa.type_coerce(job.c.payload, sa.JSON)[("message", "data", "member_id")].as_string() == member_id
    for row in uow.connection.execute(sa.select(job.c.id, job.c.payload).where(mine)).all():
        message = row.payload["message"]
        bare = {**row.payload, "message": {**message, "data": {**message["data"], "ref": None}}}
        uow.connection.execute(job.update().where(job.c.id == row.id).values(payload=bare))


def forget_if_erased(others: Iterable[Forget] = ()) -> Handler:
    """Handles StayClosed, StayCorrected and what lanes tell late: what is over and was erased keeps no plate."""
    kept = tuple(others)

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        plate, began, at = _over(uow, envelope)
        if plate is not None and tombstones.covers(uow.connection, plate, began):
            for forget in kept:  # the others first: they may ask whose stays these were
                forget(uow, plate, at)
            _forget_plate(uow, plate, at)

    return handle


def _over(uow: UnitOfWork, envelope: Envelope) -> tuple[Plate | None, datetime, datetime]:
    """Whose plate this event may have brought back, when what it tells of began, and when that was over."""
    event, told_at = envelope.event, envelope.occurred_at
    if isinstance(event, StayClosed | StayCorrected):
        row = sessions.row_of(uow.connection, event.stay_id)
        if row is not None and row.state in sessions.OVER:
            return row.plate, row.entered_at, row.exited_at or row.entered_at
    elif isinstance(event, LaneDecided | VehiclePassed) and uow.now - told_at > LATE:
        return event.plate, told_at, told_at
    return None, told_at, told_at


def _forget_plate(uow: UnitOfWork, plate: Plate, until: datetime) -> int:
    """Take a plate out of everything that ended until then, what was published about it included; returns out of how many stays."""
    stays = erasure.stays_of(uow.connection, plate, until)
    told = erasure.visits_of(uow.connection, stays)
    erasure.forget_plate(uow, plate, until)
    forget_published(uow, plate, until, told)
    told_at = sa.func.substr(sa.type_coerce(dead_letter.c.envelope, sa.JSON)["at"].as_string(), 1, _TO_SECONDS)
    take_plate_out(uow, dead_letter, "envelope", plate, told_at <= to_plain(until)[:_TO_SECONDS])
    blank_about(uow, dead_letter, "envelope", told, inside="data")
    return len(stays)


def forget_published(uow: UnitOfWork, plate: Plate, until: datetime, told: Collection[StayId | VisitId]) -> None:
    """Take a plate out of what was published until then, and whoever it was out of what was published about these stays and visits.

    A late one is told of later than it happened, and a car may have been read as another's.
    """
    left = outbox.c.relayed_at.is_not(None)
    blank_about(uow, outbox, "data", told, left)
    take_plate_out(uow, outbox, "data", plate, left, outbox.c.occurred_at <= until)


def purge(
    database: Database, pages: Iterable[Page], more: Iterable[Callable[[UnitOfWork], object]], at_once: int = AT_ONCE
) -> int:
    """Drop what has been kept as long as its purpose allows; `pages` and `more` are the purges of other rooms. Returns how many stays.

    What grows with the visits goes in pages until nothing is left: a day of any mall is forgotten on its day.
    """

    def stays(uow: UnitOfWork, most: int) -> int:
        return erasure.forget_stays(uow, uow.now - KEPT["plate of a stay"], most)

    def exits(uow: UnitOfWork, most: int) -> int:
        return erasure.forget_exits(uow, uow.now - KEPT["plate of an exit without a stay"], most)

    def notes(uow: UnitOfWork, most: int) -> int:
        return erasure.forget_notes(uow, uow.now - KEPT["plate of a stay"], most)

    def rest(uow: UnitOfWork) -> None:
        conn, now = uow.connection, uow.now
        erasure.forget_lessons(uow, now - KEPT["plates of a lesson"])
        bought = receipt_table.c.at < now - KEPT["who bought"]
        conn.execute(receipt_table.update().where(bought).values(member_id=None))
        conn.execute(vehicle_table.delete().where(vehicle_table.c.ended_at < now - KEPT["ended vehicle"]))
        conn.execute(notice_table.delete().where(notice_table.c.at < now - KEPT["notice"]))
        looks.forget(uow, now - KEPT["look"])
        for one in more:
            one(uow)

    done = in_pages(database, stays, at_once)
    for page in (exits, notes, *pages):
        in_pages(database, page, at_once)
    database.write(rest)
    return done
