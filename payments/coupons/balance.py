"""The coupons' own books, worked out again: issued = free + reserved + redeemed + expired + void (I3), and every use where it belongs."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa
from sqlalchemy import Connection

from payments import ledger_store
from payments.coupons.model import CouponState, UseState
from payments.coupons.tables import campaign_table, coupon_table, use_table

_LIVE = {CouponState.RESERVED: UseState.RESERVED, CouponState.REDEEMED: UseState.REDEEMED}


def faults(conn: Connection) -> list[str]:
    """What does not add up, in words without anything personal; nothing when all is well."""
    uses = conn.execute(
        sa.select(use_table.c.coupon_id, use_table.c.state, use_table.c.campaign, use_table.c.amount)
    ).all()
    live = [use for use in uses if use.state in (UseState.RESERVED, UseState.REDEEMED)]
    by_coupon = Counter(use.coupon_id for use in live if use.coupon_id is not None)
    state_of_use = {use.coupon_id: use.state for use in live}
    found = [f"coupon {coupon} is used {count} times" for coupon, count in by_coupon.items() if count > 1]
    issued: Counter[str] = Counter()
    for coupon in conn.execute(sa.select(coupon_table.c.id, coupon_table.c.campaign_id, coupon_table.c.state)):
        issued[coupon.campaign_id] += 1
        wanted = _LIVE.get(CouponState(coupon.state))
        if state_of_use.get(coupon.id) != wanted:
            found.append(f"coupon {coupon.id} is {coupon.state}, its use {state_of_use.get(coupon.id)}")
    spent: Counter[str] = Counter()
    for use in live:
        spent[use.campaign] += use.amount if use.coupon_id is not None else 0
    for row in conn.execute(sa.select(campaign_table.c.id, campaign_table.c.issued, campaign_table.c.spent_minor)):
        if (row.issued, row.spent_minor) != (issued[row.id], spent[row.id]):
            found.append(f"campaign {row.id} counts {row.issued} issued, {row.spent_minor} spent")
    return found + _unbooked(conn)


def _unbooked(conn: Connection) -> list[str]:
    """Uses whose money is not in the ledger as it should be."""
    u, booked = use_table.c, ledger_store.is_booked
    query = sa.select(u.id, u.state).where(u.state.in_((UseState.REDEEMED, UseState.RETURNED)), u.amount > 0)
    return [
        f"use {row.id} is {row.state} and not booked so"
        for row in conn.execute(query).all()
        if not booked(conn, f"coupon:{row.id}")
        or booked(conn, f"coupon-back:{row.id}") != (row.state == UseState.RETURNED)
    ]
