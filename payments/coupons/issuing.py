"""Gives coupons: each origin once (a receipt, a till's code, an exchange, an answered survey), never beyond a budget or a limit."""

from __future__ import annotations

from datetime import timedelta

from parking.kernel.errors import conflict, invalid, not_found
from parking.kernel.events import CouponChanged
from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from payments.coupons import limits, store
from payments.coupons.codes import BearerCode, TillCode
from payments.coupons.model import Bound, Campaign, Coupon, CouponState
from payments.coupons.wallet import limit_key


def check(campaign: Campaign) -> None:
    """ParkingError names what cannot be: a time that ends before it begins, a price without a source."""
    if campaign.valid_until <= campaign.valid_from:
        raise invalid("campaign.validity", "should be after valid_from", field="valid_until")
    if campaign.points is not None and campaign.bound is not Bound.MEMBER:
        raise invalid("campaign.points", "what is bought with points belongs to a member", field="bound")


def issue(
    uow: UnitOfWork,
    campaign_id: str,
    origin: str,
    *,
    member_id: str | None = None,
    plate: Plate | None = None,
    stay_id: StayId | None = None,
) -> Coupon:
    """One coupon of the campaign for whom it is bound to; the same `origin` again gives the same coupon, whatever became of it.

    A bearer's coupon that is given to somebody inside is shown for that stay at once.
    """
    conn = uow.connection
    campaign = store.campaign(conn, campaign_id)
    if campaign is None:
        raise not_found("campaign.unknown", "there is no such campaign")
    if (known := store.by_origin(conn, campaign_id, origin)) is not None:
        return known
    if not campaign.enabled or not campaign.valid_from <= uow.now < campaign.valid_until:
        raise conflict("campaign.closed", "this campaign gives no coupons now")
    until = campaign.valid_until
    if campaign.valid_days is not None:
        until = min(until, uow.now + timedelta(days=campaign.valid_days))
    bound = _bound(campaign, member_id, plate, stay_id)
    coupon = Coupon(
        coupon_id=uow.ids.new(uow.now),
        campaign_id=campaign_id,
        origin=origin,
        bound=bound,
        state=CouponState.FREE,
        issued_at=uow.now,
        valid_from=uow.now,
        valid_until=until,
        member_id=member_id if bound is Bound.MEMBER else None,
        plate=plate if bound is Bound.PLATE else None,
    )
    _count(uow, campaign, coupon, stay_id)
    if not store.insert(conn, coupon):
        raise conflict("coupon.at_once", "this coupon is being given at this very moment; ask again")
    if bound is Bound.BEARER and stay_id is not None:
        store.show(conn, stay_id, coupon.coupon_id, uow.now)
    tell(uow, coupon, campaign.issuer, stay_id)
    return coupon


def _bound(campaign: Campaign, member_id: str | None, plate: Plate | None, stay_id: StayId | None) -> Bound:
    if campaign.bound is Bound.MEMBER and member_id is None:
        raise invalid("coupon.member", "this coupon is for members: say whom", field="member_id")
    if campaign.bound is Bound.PLATE and plate is None:
        if stay_id is None:
            raise invalid("coupon.plate", "this coupon is for one car: say its plate", field="plate")
        return Bound.BEARER  # a car that shows no plate: the coupon stays with its stay
    return campaign.bound


def _count(uow: UnitOfWork, campaign: Campaign, coupon: Coupon, stay_id: StayId | None) -> None:
    conn = uow.connection
    if campaign.per_holder is not None:
        holder = coupon.member_id or (limits.hidden(conn, coupon.plate)[0] if coupon.plate else stay_id)
        key = limit_key(f"issue:{campaign.campaign_id}", f"{coupon.bound}:{holder}")
        if holder is not None and not limits.take_slot(conn, key, "", campaign.per_holder, coupon.coupon_id):
            raise conflict("campaign.per_holder", "nobody gets more of these")
    if not store.count_issue(conn, campaign.campaign_id):
        raise conflict("campaign.budget", "this campaign has no more coupons")


def present(
    uow: UnitOfWork, code: TillCode | BearerCode, *, stay_id: StayId, plate: Plate | None, member_id: str | None
) -> Coupon:
    """Somebody shows a code for a stay: a till's gives its coupon to the first who does, a bearer's counts for this stay's bill.

    Showing reserves nothing: the same coupon may be shown for two stays, and one of them gets it.
    """
    if isinstance(code, TillCode):
        origin = f"till:{code.code_id}"
        first = store.by_origin(uow.connection, code.campaign_id, origin)
        if first is not None and not _is_theirs(uow, first, stay_id, plate, member_id):
            raise conflict("coupon.code_used", "this code has been used; ask the till for a new one")
        return issue(uow, code.campaign_id, origin, member_id=member_id, plate=plate, stay_id=stay_id)
    coupon = store.coupon(uow.connection, code.coupon_id)
    if coupon is None or coupon.bound is not Bound.BEARER:
        raise not_found("coupon.unknown", "there is no such coupon")
    is_over = coupon.state is CouponState.FREE and coupon.valid_until <= uow.now
    state = CouponState.EXPIRED if is_over else coupon.state
    if state in (CouponState.REDEEMED, CouponState.VOID, CouponState.EXPIRED):
        raise conflict(f"coupon.{state}", "this coupon was used or is no longer valid")
    store.show(uow.connection, stay_id, coupon.coupon_id, uow.now)
    campaign = store.campaign(uow.connection, coupon.campaign_id)
    assert campaign is not None, "a coupon has its campaign"
    tell(uow, coupon, campaign.issuer, stay_id)
    return coupon


def _is_theirs(uow: UnitOfWork, coupon: Coupon, stay_id: StayId, plate: Plate | None, member_id: str | None) -> bool:
    if coupon.bound is Bound.MEMBER:
        return coupon.member_id == member_id
    return (
        coupon.plate == plate
        if coupon.bound is Bound.PLATE
        else store.was_shown(uow.connection, stay_id, coupon.coupon_id)
    )


def make_void(uow: UnitOfWork, coupon_id: str) -> None:
    """Take a coupon back that nobody has used; ParkingError when it is in use or used."""
    coupon = store.coupon(uow.connection, coupon_id)
    if coupon is None:
        raise not_found("coupon.unknown", "there is no such coupon")
    if coupon.state is CouponState.VOID:
        return
    if not store.move(uow.connection, coupon_id, CouponState.FREE, CouponState.VOID):
        raise conflict("coupon.not_free", "this coupon is in use, used or over")
    limits.free_slots(uow.connection, coupon_id)  # whoever had it has none of these now
    campaign = store.campaign(uow.connection, coupon.campaign_id)
    assert campaign is not None, "a coupon has its campaign"
    tell(uow, coupon, campaign.issuer, None, state=CouponState.VOID)


def tell(
    uow: UnitOfWork, coupon: Coupon, issuer: str, stay_id: StayId | None, *, state: CouponState | None = None
) -> None:
    """Say that a coupon is there, or is no more: the lanes' copies and the mall's app follow."""
    uow.publish(
        CouponChanged(
            coupon_id=coupon.coupon_id,
            state=(state or coupon.state).value,
            campaign_id=coupon.campaign_id,
            issuer=issuer,
            member_id=coupon.member_id,
            plate=coupon.plate,
            stay_id=stay_id,
            amount=None,
        )
    )
