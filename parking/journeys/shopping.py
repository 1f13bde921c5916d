"""A purchase at a till earns points and coupons, once for each receipt; points are exchanged into coupons, both or neither."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from parking.journeys.coupon_port import Coupons, Given
from parking.kernel.errors import ParkingError, conflict, not_found
from parking.kernel.plate import Plate
from parking.kernel.signed import Signer, Verifier, seal, unseal
from parking.members import points
from parking.members import service as members
from parking.members import store as member_store
from parking.members.model import Purpose
from parking.members.tables import receipt_table
from parking.plumbing.db import UnitOfWork, insert_once

MEMBER_CODE = "member-code"
CODE_SHOWN_FOR = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a till says of a receipt: the amount, and who bought, if he likes to say."""

    receipt: str
    amount_minor: int
    currency: str
    member_id: str | None = None
    plate: Plate | None = None


@dataclass(frozen=True, slots=True)
class Earned:
    points: int
    coupons: Sequence[Given]


def member_code(member_id: str, signer: Signer, now: datetime) -> tuple[str, datetime]:
    """What a member shows at a till, and until when; it earns for him and can do nothing else."""
    until = now + CODE_SHOWN_FOR
    return seal({"use": MEMBER_CODE, "member": member_id, "exp": int(until.timestamp())}, signer), until


def member_of_code(text: str, verifier: Verifier, now: datetime) -> str:
    """Whose code it is; ParkingError for one that is forged or old."""
    member = unseal(text, verifier, use=MEMBER_CODE, now=now).get("member")
    if not isinstance(member, str):
        raise not_found("member.unknown", "there is no such member")
    return member


def buy(uow: UnitOfWork, coupons: Coupons, merchant_id: str, purchase: Purchase) -> Earned:
    """Give what a purchase earns; the same receipt again gives the same, with another amount it is a conflict."""
    conn = uow.connection
    member_id = purchase.member_id
    if member_id is not None and member_store.member(conn, member_id) is None:
        member_id = None  # he has gone since he showed his code
    earns = member_id is not None and members.agrees(conn, member_id, Purpose.POINTS)
    rate = coupons.points_for(conn, merchant_id, purchase.amount_minor, purchase.currency) if earns else 0
    row: dict[str, Any] = {
        "merchant_id": merchant_id,
        "receipt": purchase.receipt,
        "member_id": member_id,
        "points": rate,
    }
    row |= {"amount": purchase.amount_minor, "currency": purchase.currency, "at": uow.now}
    new = insert_once(conn, receipt_table, row)
    known = member_store.receipt(conn, merchant_id, purchase.receipt)
    assert known is not None, "it was written just now"
    if (known.amount, known.currency) != (purchase.amount_minor, purchase.currency):
        raise conflict("receipt.differs", "this receipt is known with another amount")
    if known.reversed_at is not None:
        raise conflict("receipt.reversed", "this purchase was given back")
    if new and rate > 0 and member_id is not None:
        points.earn(uow, member_id, rate, merchant_id=merchant_id, reference=_reference(merchant_id, purchase.receipt))
    given = coupons.for_purchase(
        uow, merchant_id, purchase.receipt, purchase.amount_minor, member_id=known.member_id, plate=purchase.plate
    )
    return Earned(known.points, given)


def give_back(uow: UnitOfWork, coupons: Coupons, merchant_id: str, receipt: str) -> int:
    """The goods were given back: points that are still there and coupons that nobody used go with them; returns the points."""
    conn = uow.connection
    known = member_store.receipt(conn, merchant_id, receipt)
    if known is None:
        raise not_found("receipt.unknown", "there is no such receipt of yours")
    if known.reversed_at is not None:
        return 0
    mine = (receipt_table.c.merchant_id == merchant_id) & (receipt_table.c.receipt == receipt)
    conn.execute(receipt_table.update().where(mine).values(reversed_at=uow.now))
    for coupon_id in coupons.of_receipt(conn, merchant_id, receipt):
        try:
            with conn.begin_nested():
                coupons.void(uow, coupon_id)
        except ParkingError as error:
            if error.code != "coupon.not_free":  # one that was used stays used
                raise
    if known.member_id is None or not known.points:
        return 0
    of = _reference(merchant_id, receipt)
    return points.take_back(uow, known.member_id, known.points, of=of, merchant_id=merchant_id, reference=f"back:{of}")


def exchange(uow: UnitOfWork, coupons: Coupons, member_id: str, campaign_id: str, key: str) -> Given:
    """Points become a coupon, both in this transaction; the same `key` again gives the same coupon for nothing more.

    Another coupon is paid for anew: the reply to a key is forgotten after days, what it has paid for never.
    """
    members.known(uow.connection, member_id)
    price = coupons.price_of(uow.connection, campaign_id)
    origin = f"exchange:{hashlib.sha256(f'{member_id}|{campaign_id}|{key}'.encode()).hexdigest()[:40]}"
    points.spend(uow, member_id, price.points, merchant_id=price.issuer, reference=origin)
    return coupons.issue(uow, campaign_id, origin, member_id=member_id)


def _reference(merchant_id: str, receipt: str) -> str:
    return f"receipt:{hashlib.sha256(f'{merchant_id}|{receipt}'.encode()).hexdigest()[:40]}"
