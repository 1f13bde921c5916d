"""Reserve, redeem, release, return: each step is taken once, from the one state before it, in the transaction that needs it.

What a coupon pays is booked with the step itself, under whoever gave it. A reservation belongs to one payment: it is redeemed when
that is captured, released when it cannot be paid any more, and until then nobody else gets the coupon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from parking.kernel.double_entry import transfer
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.events import CouponChanged
from parking.kernel.ids import PaymentId, StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from payments import ledger, ledger_store
from payments.coupons import limits, store
from payments.coupons.best import Applied
from payments.coupons.model import CouponState, Use, UseState
from payments.coupons.wallet import day_of, holder_of, limit_key
from payments.model import StayToPrice

VALID_AGAIN = timedelta(days=7)
"""How long a coupon that is given back is valid at least."""


class OfferGone(ParkingError):
    """Somebody else was faster; `key` is what there is no more of. The bill is worked out again without it."""

    def __init__(self, key: str) -> None:
        super().__init__(ErrorKind.CONFLICT, "coupon.gone", "this coupon has just been used elsewhere")
        self.key = key


def reserve(
    uow: UnitOfWork,
    applied: Sequence[Applied],
    stay: StayToPrice,
    *,
    currency: str,
    time_zone: str,
    payment_id: PaymentId | None,
) -> list[Use]:
    """Hold these offers for one payment of the stay, in their order; OfferGone when one cannot be had: undo the transaction."""
    holder, day = holder_of(uow.connection, stay), day_of(uow.now, time_zone)
    held = []
    for one in applied:
        offer = one.offer
        use = Use(
            use_id=uow.ids.new(uow.now),
            coupon_id=offer.key if offer.is_coupon else None,
            offer_key=offer.key,
            kind=offer.kind,
            zh=offer.zh,
            en=offer.en,
            effect=offer.effect,
            issuer=offer.issuer,
            campaign=offer.campaign,
            stay_id=stay.stay_id,
            payment_id=payment_id,
            state=UseState.RESERVED,
            amount=one.off,
            currency=currency,
            at=uow.now,
        )
        limit = None if offer.per_day is None else (limit_key(offer.campaign, holder), day, offer.per_day)
        _hold(uow, use, limit)
        held.append(use)
    return held


def _hold(uow: UnitOfWork, use: Use, limit: tuple[str, str, int] | None) -> None:
    conn = uow.connection
    if use.coupon_id is not None and not (
        store.move(conn, use.coupon_id, CouponState.FREE, CouponState.RESERVED)
        and store.insert_use(conn, use)
        and store.spend(conn, use.campaign, use.amount)
    ):
        raise OfferGone(use.offer_key)
    if use.coupon_id is None:
        store.insert_use(conn, use)
    if limit is not None and not limits.take_slot(conn, *limit, use.use_id):
        raise OfferGone(use.offer_key)
    _tell(uow, use, CouponState.RESERVED)


def redeem(uow: UnitOfWork, uses: Sequence[Use]) -> int:
    """Book what reserved uses take off, at most what is still owed; minor units. One of which nothing is needed is released."""
    conn, booked = uow.connection, 0
    for use in uses:
        sums = ledger_store.stay_sums(conn, StayId(use.stay_id))
        amount = use.amount if sums.due is None else min(use.amount, sums.debt)
        if amount <= 0 < use.amount:
            _release(uow, use)
            continue
        if not store.end_use(conn, use.use_id, UseState.RESERVED, UseState.REDEEMED, uow.now, amount=amount):
            continue
        if use.coupon_id is not None:
            moved = store.move(conn, use.coupon_id, CouponState.RESERVED, CouponState.REDEEMED)
            assert moved, "invariant I3: a reserved use has a reserved coupon"
            store.spend(conn, use.campaign, amount - use.amount)
        _tell(uow, replace(use, amount=amount), CouponState.REDEEMED)
        if not amount:  # it helped another one over the edge of a step
            continue
        movement = ledger.settlement(
            f"coupon:{use.use_id}",
            use.currency,
            amount,
            source=ledger.coupons(use.issuer),
            stay_id=StayId(use.stay_id),
            owed=None if sums.due is None else sums.debt,
        )
        ledger_store.book(conn, movement, stay_id=StayId(use.stay_id), at=uow.now)
        booked += amount
    return booked


def payment_captured(uow: UnitOfWork, payment_id: PaymentId, *, surplus: bool) -> bool:
    """The payment that held them was made: redeem. False when a coupon that it was promised has gone elsewhere meanwhile.

    After a late success its coupons were released already: those that are still free are taken again. A payment that was not
    needed (`surplus`) uses none.
    """
    conn, whole = uow.connection, True
    if surplus:
        payment_over(uow, payment_id)
        return True
    for use in store.uses_of_payment(conn, payment_id, UseState.RELEASED):
        free = use.coupon_id is None or store.move(conn, use.coupon_id, CouponState.FREE, CouponState.RESERVED)
        if free and (use.coupon_id is None or store.spend(conn, use.campaign, use.amount)):
            store.end_use(conn, use.use_id, UseState.RELEASED, UseState.RESERVED, uow.now)
        else:
            whole = False
            if free and use.coupon_id is not None:
                store.move(conn, use.coupon_id, CouponState.RESERVED, CouponState.FREE)
    redeem(uow, store.uses_of_payment(conn, payment_id, UseState.RESERVED))
    return whole


def payment_over(uow: UnitOfWork, payment_id: PaymentId) -> None:
    """The payment that held them cannot be made any more: the coupons are free again, or pay the debt of a stay that has left."""
    held = store.uses_of_payment(uow.connection, payment_id, UseState.RESERVED)
    for use in held:
        sums = ledger_store.stay_sums(uow.connection, StayId(use.stay_id))
        if sums.due is not None and sums.debt > 0:
            redeem(uow, [use])
        else:
            _release(uow, use)


def _release(uow: UnitOfWork, use: Use) -> None:
    conn = uow.connection
    if not store.end_use(conn, use.use_id, UseState.RESERVED, UseState.RELEASED, uow.now):
        return
    limits.free_slots(conn, use.use_id)
    if use.coupon_id is not None:
        store.move(conn, use.coupon_id, CouponState.RESERVED, CouponState.FREE)
        store.spend(conn, use.campaign, -use.amount)
    _tell(uow, use, CouponState.FREE)


def give_back(uow: UnitOfWork, payment_id: PaymentId) -> Sequence[Use]:
    """The payment was refunded: its coupons are as good as new; what they had paid is given up by the site, not by who gave them."""
    ledger_store.take_head(uow.connection)
    returned = []
    for use in store.uses_of_payment(uow.connection, payment_id, UseState.REDEEMED):
        if not _return(uow, use):
            continue
        returned.append(use)
        if use.amount:
            accounts = {"debit": ledger.WAIVED, "credit": ledger.coupons(use.issuer)}
            movement = transfer(f"coupon-back:{use.use_id}", use.currency, use.amount, **accounts)
            ledger_store.book(uow.connection, movement, stay_id=StayId(use.stay_id), at=uow.now)
    return returned


def give_back_of(uow: UnitOfWork, stay_id: StayId, plate: Plate) -> Money | None:
    """A plate's coupons that were used for the stay of another are as good as new; what they had paid, which that stay owes again."""
    mine = []
    for use in store.uses_of_stay(uow.connection, stay_id, UseState.REDEEMED):
        coupon = store.coupon(uow.connection, use.coupon_id) if use.coupon_id is not None else None
        mine += [use] if coupon is not None and coupon.plate == plate else []
    _free_again(uow, stay_id, mine)
    return Money(sum(use.amount for use in mine), mine[0].currency) if mine else None


def hand_on(uow: UnitOfWork, stay_id: StayId, to: Sequence[StayId]) -> None:
    """Other stays hold in the place of this one, whose bill was taken back: what it used is free again, what it was shown they were."""
    _free_again(uow, stay_id, store.uses_of_stay(uow.connection, stay_id, UseState.REDEEMED))
    for coupon_id in store.shown_for(uow.connection, stay_id):
        for one in to:
            store.show(uow.connection, one, coupon_id, uow.now)


def hand_back(uow: UnitOfWork, stay_id: StayId, to: StayId) -> None:
    """What was handed on to a stay by another is that one's again."""
    _free_again(uow, stay_id, store.uses_of_stay(uow.connection, stay_id, UseState.REDEEMED))
    store.unshow(uow.connection, stay_id, store.shown_for(uow.connection, to))


def _free_again(uow: UnitOfWork, stay_id: StayId, uses: Sequence[Use]) -> None:
    conn = uow.connection
    ledger_store.take_head(conn)
    for use in uses:
        if _return(uow, use) and use.amount:
            movement = ledger.unsettled(
                f"coupon-back:{use.use_id}",
                use.currency,
                use.amount,
                source=ledger.coupons(use.issuer),
                stay_id=stay_id,
                sums=ledger_store.stay_sums(conn, stay_id),
            )
            ledger_store.book(conn, movement, stay_id=stay_id, at=uow.now)


def _return(uow: UnitOfWork, use: Use) -> bool:
    """A coupon that was used is as good as new, once; one whose time is over meanwhile is valid for another week."""
    conn = uow.connection
    if not store.end_use(conn, use.use_id, UseState.REDEEMED, UseState.RETURNED, uow.now):
        return False
    limits.free_slots(conn, use.use_id)
    coupon = store.coupon(conn, use.coupon_id) if use.coupon_id is not None else None
    if coupon is not None:
        until = max(coupon.valid_until, uow.now + VALID_AGAIN)
        store.move(conn, coupon.coupon_id, CouponState.REDEEMED, CouponState.FREE, valid_until=until)
        store.spend(conn, use.campaign, -use.amount)
    _tell(uow, use, CouponState.FREE)
    return True


def _tell(uow: UnitOfWork, use: Use, state: CouponState) -> None:
    if use.coupon_id is None:
        return
    coupon = store.coupon(uow.connection, use.coupon_id)
    assert coupon is not None, "coupons are never deleted while they are in use"
    uow.publish(
        CouponChanged(
            coupon_id=use.coupon_id,
            state=state.value,
            campaign_id=use.campaign,
            issuer=use.issuer,
            member_id=coupon.member_id,
            plate=coupon.plate,
            stay_id=StayId(use.stay_id),
            amount=Money(use.amount, use.currency),
        )
    )
