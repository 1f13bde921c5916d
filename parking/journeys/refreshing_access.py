"""Whatever a lane must know to decide alone is put into its copy, by the handler of the event that made it true."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import Connection

from parking.access import store as access_store
from parking.access.decide import NAMED
from parking.access.service import credentials_of
from parking.access.snapshot import PriceStep, StayRow
from parking.emergency import emergency_store
from parking.journeys.paying import priced, why_due_held
from parking.journeys.ports import Cashier
from parking.kernel.codec import to_plain
from parking.kernel.credential import Credential
from parking.kernel.events import (
    CaseOpened,
    CreditChanged,
    Direction,
    Envelope,
    LaneBlocked,
    LaneDecided,
    OccupancyChanged,
    PaymentCaptured,
    PaymentRefunded,
    StayClosed,
    StayCorrected,
    StayOpened,
)
from parking.kernel.ids import StayId, VisitId
from parking.kernel.money import Money
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.delivery import Handler
from parking.plumbing.each import each
from parking.sessions import corrections, finding, store, visits
from parking.sessions.model import ClosedStay, DoubtfulStay, OpenStay, StayInReview, is_plausible

_ABOUT_A_STAY = (
    StayOpened,
    PaymentCaptured,
    PaymentRefunded,
    CreditChanged,
    StayClosed,
    StayCorrected,
    CaseOpened,
    LaneBlocked,
)
MAY_COME_YET = timedelta(hours=12)
"""So long lanes remember a stay that a person gave to an exit which read another plate."""
HORIZON = timedelta(hours=48)
"""How far ahead a lane that is cut off can price a stay by itself."""


def refresh_stay(cashier: Cashier) -> Handler:
    """Handles whatever changes a stay: its row in the lanes' copy. Of one that a person must look at lanes know only that it is there."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if isinstance(event, _ABOUT_A_STAY) and event.stay_id:
            put_stay(uow, cashier, event.stay_id)
        if isinstance(event, StayOpened) and event.plate is not None:  # it is here again: it had left, whoever said so
            for stay_id in finding.closed_around(uow.connection, [event.plate.text], uow.now):
                if corrections.given_by_person(uow.connection, stay_id) is not None:
                    access_store.put_row(uow, "stay", stay_id, None)

    return handle


def refresh_held(cashier: Cashier) -> Handler:
    """Handles LaneDecided at an exit: whom it knows now does not pay for what held him there, and the lanes must not ask for it.

    Where a person has said whose car it is, nobody else does not pay for it.
    """

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, LaneDecided) or event.direction is not Direction.OUT or event.stay_id is None:
            return
        if NAMED in event.remarks:
            for other in emergency_store.unname_others(uow.connection, event.visit_id, event.stay_id):
                put_stay(uow, cashier, other)
        if emergency_store.name_stay(uow.connection, event.visit_id, event.stay_id):
            put_stay(uow, cashier, event.stay_id)

    return handle


def put_stay(uow: UnitOfWork, cashier: Cashier, stay_id: StayId) -> None:
    """Put what the lanes must know of a stay now into their copy, or take it out."""
    stay = store.get(uow.connection, stay_id)
    credentials = credentials_of(uow.connection, stay_id)
    # One without a plate is found by the credential that opened it, or by the number on its paper ticket.
    doubtful = isinstance(stay, DoubtfulStay | StayInReview)
    if isinstance(stay, StayInReview) or (isinstance(stay, ClosedStay) and _may_come_yet(uow, stay)):
        _put_without_price(uow, stay, credentials)
        return
    if isinstance(stay, DoubtfulStay):
        stay = _whole(uow, stay_id)
    if not isinstance(stay, OpenStay) or not is_plausible(stay.entered_at, uow.now):
        access_store.put_row(uow, "stay", stay_id, None)
        return
    to_price = priced(uow.connection, stay)
    account = cashier.account(uow.connection, to_price, stay.billed_until(uow.now, to_price.stops))
    since = max(stay.entered_at, uow.now)
    prices = cashier.schedule(uow.connection, to_price, since, since + HORIZON)
    leave_by = stay.may_leave_until(uow.now, to_price.stops)
    if leave_by is not None and leave_by >= uow.now and any(end is None for _, end in to_price.stops):
        leave_by = since + HORIZON  # its clock stands still: nobody knows yet when its time to leave will be over
    row = StayRow(
        stay_id=stay_id,
        plate=stay.plate,
        entered_at=stay.entered_at,
        paid_until=leave_by,
        currency=account.total.currency,
        prices=_plausible(uow.connection, cashier, stay, account.settled, prices),
        paid_minor=account.settled.minor,
        credit_minor=cashier.later.set_aside(uow, stay_id, stay.plate),
        credentials=credentials,
        votes=stay.votes,
        doubtful=doubtful,
    )
    access_store.put_fact(uow, row)


def _may_come_yet(uow: UnitOfWork, stay: ClosedStay) -> bool:
    """Whether a person gave it to an exit that read another plate: he may have erred, and its own car comes to an exit later."""
    given = corrections.given_by_person(uow.connection, stay.id)
    if given is None or uow.now - stay.exited_at > MAY_COME_YET:
        return False
    out = visits.unmatched(uow.connection, VisitId(given.evidence["exit_visit"]))
    return out is not None and out.plate != stay.plate


def _put_without_price(uow: UnitOfWork, stay: StayInReview | ClosedStay, credentials: tuple[Credential, ...]) -> None:
    """So that no lane takes its car for another of the same plate; it asks nothing of it and calls a person."""
    votes = _whole(uow, stay.id).votes
    row = StayRow(stay.id, stay.plate, stay.entered_at, None, "", (), 0, 0, credentials, votes, doubtful=True)
    access_store.put_fact(uow, row)


def _whole(uow: UnitOfWork, stay_id: StayId) -> OpenStay:
    """As an open one, with all that its entry's pictures leave open: by what of it is true its car leaves."""
    row = store.row_of(uow.connection, stay_id)
    assert row is not None, "a stay that is known is kept"
    return store.to_open(row)


def _plausible(
    conn: Connection, cashier: Cashier, stay: OpenStay, paid: Money, prices: Sequence[tuple[datetime, int]]
) -> tuple[PriceStep, ...]:
    """The prices that a lane may ask for by itself; beyond the first that cannot be true it knows none and calls a person."""

    def is_held(until: datetime, minor: int) -> bool:
        due = Money(max(0, minor - paid.minor), paid.currency)
        return why_due_held(conn, cashier, stay, due, until) is not None

    if prices and not is_held(prices[-1][0], max(minor for _, minor in prices)):  # then none before it is
        return tuple(PriceStep(until, minor) for until, minor in prices)
    plausible = takewhile(lambda step: not is_held(*step), prices)
    return tuple(PriceStep(until, minor) for until, minor in plausible)


def refresh_zone(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles OccupancyChanged; a count that nobody vouches for is left out, so that it cannot turn a car away."""
    event = envelope.event
    if isinstance(event, OccupancyChanged):
        row = {"free": event.free, "capacity": event.capacity} if event.known else None
        access_store.put_row(uow, "zone", event.zone_id, row)


def renew(database: Database, cashier: Cashier) -> int:
    """Give every open stay whose prices in the lanes' copy end within a day its next ones, and look again at what they cannot price.

    Returns how many.
    """

    def ending(conn: Connection) -> list[StayId]:
        soon = to_plain(database.clock.now() + HORIZON / 2)
        rows = access_store.rows_of(conn, "stay")
        return [
            StayId(row.key)
            for row in rows
            if row.data is not None
            and (row.data["prices"][-1][0] < soon if row.data["prices"] else row.data.get("doubtful"))
        ]

    def put(uow: UnitOfWork, stay_id: StayId) -> None:
        put_stay(uow, cashier, stay_id)

    return len(each(database, "renewing a stay", database.read(ending), put))
