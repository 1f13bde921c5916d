"""A coupon was given, shown or used, a member's standing has changed: the lanes' copies say what the stay owes now.

A fee that a recognised member has paid earns points, if he likes. None of it is ever needed to pay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import Connection

from parking.journeys.coupon_port import Coupons, Given
from parking.journeys.ports import Cashier
from parking.journeys.refreshing_access import put_stay
from parking.kernel.errors import conflict, not_found
from parking.kernel.events import CouponChanged, Envelope, MemberChanged, PaymentCaptured, PaymentRefunded
from parking.kernel.ids import StayId
from parking.members import points
from parking.members import service as members
from parking.members import store as member_store
from parking.members.model import Purpose, VehicleState
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import Handler
from parking.sessions import store
from parking.sessions.model import OpenStay

THE_MALL = "mall"


def wallet_changed(cashier: Cashier) -> Handler:
    """Handles CouponChanged and MemberChanged: whose open stays they concern is put into the lanes' copies afresh."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if isinstance(event, CouponChanged):
            stays = set(_stays_of_member(uow.connection, event.member_id)) if event.member_id else set()
            if event.stay_id is not None:
                stays.add(event.stay_id)
                if event.state == "redeemed":
                    cashier.later.paid(uow, event.stay_id)  # it may have paid the last of a debt
            inside = store.open_by_plate(uow.connection, event.plate) if event.plate is not None else None
            if inside is not None:
                stays.add(inside.id)
        elif isinstance(event, MemberChanged):
            stays = set(_stays_of_member(uow.connection, event.member_id))
        else:
            return
        for stay_id in sorted(stays):
            put_stay(uow, cashier, stay_id)

    return handle


def _stays_of_member(conn: Connection, member_id: str) -> Iterable[StayId]:
    for vehicle in member_store.vehicles_of(conn, member_id):
        inside = store.open_by_plate(conn, vehicle.plate) if vehicle.state is VehicleState.ACTIVE else None
        if inside is not None:
            yield inside.id


def earn_for_fee(points_for: Callable[[Connection, str, int, str], int]) -> Handler:
    """Handles PaymentCaptured: a member who is recognised by his vehicle, and wishes it, earns points for what he has paid."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, PaymentCaptured):
            return
        stay = store.get(uow.connection, event.stay_id)
        standing = members.recognised(uow.connection, stay.plate, uow.now) if stay is not None else None
        if standing is None or not members.agrees(uow.connection, standing.member_id, Purpose.POINTS):
            return
        earned = points_for(uow.connection, THE_MALL, event.amount.minor, event.amount.currency)
        if earned > 0:
            points.earn(uow, standing.member_id, earned, merchant_id=THE_MALL, reference=f"fee:{event.payment_id}")

    return handle


def lose_for_refund(points_for: Callable[[Connection, str, int, str], int]) -> Handler:
    """Handles PaymentRefunded: what the part that went back had earned is taken back, as far as it is still there, once."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, PaymentRefunded):
            return
        fee = f"fee:{event.payment_id}"
        earned = points.earned_by(uow.connection, fee)
        if earned is None:
            return
        member_id, most = earned
        back = min(most, points_for(uow.connection, THE_MALL, event.amount.minor, event.amount.currency))
        if back > 0:
            told = {"merchant_id": THE_MALL, "reference": f"fee_back:{event.refund_id}"}
            points.take_back(uow, member_id, back, of=fee, **told)

    return handle


def show(uow: UnitOfWork, coupons: Coupons, text: str, stay_id: StayId, member_id: str | None = None) -> Given:
    """Whoever holds the stay's own code shows a coupon's: it counts for this stay's bill from now on."""
    stay = store.get(uow.connection, stay_id)
    if stay is None:
        raise not_found("stay.unknown", "this stay is not known")
    if not isinstance(stay, OpenStay):
        raise conflict("stay.not_open", "this stay is closed or with our staff; nothing can be shown for it now")
    standing = members.recognised(uow.connection, stay.plate, uow.now)
    who = member_id or (standing.member_id if standing is not None else None)
    return coupons.present(uow, text, stay_id=stay_id, plate=stay.plate, member_id=who)
