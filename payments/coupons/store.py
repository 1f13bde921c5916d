"""Coupons as rows and back. A state is changed only from the state it was in; whoever comes second changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.codec import from_plain, to_plain
from parking.kernel.plate import Plate
from parking.kernel.standing import Effect
from parking.plumbing.db import insert_once
from parking.plumbing.marks import mark, told
from parking.plumbing.prepared import prepared
from payments.coupons import limits
from payments.coupons.model import EXPLAINED_FOR, Bound, Campaign, Coupon, CouponState, Source, Use, UseState
from payments.coupons.tables import campaign_table, coupon_table, shown_table, use_table

_CAMPAIGN_FIELDS = (
    "issuer", "zh", "en", "currency", "valid_from", "valid_until", "valid_days", "alone", "group",
    "budget", "budget_minor", "per_holder", "per_day", "points", "receipt_minor", "enabled",
)  # fmt: skip


# --- campaigns -------------------------------------------------------------------------------------------------------


def save_campaign(conn: Connection, campaign: Campaign) -> None:
    """Insert or change; what was issued and spent is never touched."""
    values = {name: getattr(campaign, name) for name in _CAMPAIGN_FIELDS}
    values |= {"source": campaign.source, "bound": campaign.bound, "effect": to_plain(campaign.effect)}
    if not insert_once(conn, campaign_table, {"id": campaign.campaign_id, **values}):
        conn.execute(campaign_table.update().where(campaign_table.c.id == campaign.campaign_id).values(**values))


def to_campaign(row: Row[Any]) -> Campaign:
    values = {name: row._mapping[name] for name in _CAMPAIGN_FIELDS}
    effect = from_plain(Effect, row.effect)
    return Campaign(row.id, source=Source(row.source), bound=Bound(row.bound), effect=effect, **values)


_CAMPAIGN = prepared(sa.select(campaign_table).where(campaign_table.c.id == sa.bindparam("id")))
_MONEY = prepared(
    sa.select(campaign_table.c.id, campaign_table.c.budget_minor, campaign_table.c.spent_minor).where(
        campaign_table.c.id.in_(sa.bindparam("ids", expanding=True))
    )
)


def campaign(conn: Connection, campaign_id: str) -> Campaign | None:
    row = conn.execute(_CAMPAIGN, {"id": campaign_id}).one_or_none()
    return None if row is None else to_campaign(row)


def campaigns(conn: Connection, after: str, limit: int, *where: sa.ColumnElement[bool]) -> Sequence[Campaign]:
    """In the order of their ids, those behind `after`."""
    query = sa.select(campaign_table).where(campaign_table.c.id > after, *where)
    return [to_campaign(row) for row in conn.execute(query.order_by(campaign_table.c.id).limit(limit))]


def count_issue(conn: Connection, campaign_id: str) -> bool:
    """One more of this campaign; False when its budget has no more."""
    c = campaign_table.c
    room = sa.or_(c.budget.is_(None), c.issued < c.budget)
    done = conn.execute(campaign_table.update().where(c.id == campaign_id, room).values(issued=c.issued + 1))
    return done.rowcount == 1


def spend(conn: Connection, campaign_id: str, amount: int) -> bool:
    """Take `amount` minor units (negative: give back) from a campaign's money; False when it has not so much left."""
    c = campaign_table.c
    room = sa.or_(c.budget_minor.is_(None), c.spent_minor + amount <= c.budget_minor) if amount > 0 else sa.true()
    done = conn.execute(
        campaign_table.update().where(c.id == campaign_id, room).values(spent_minor=c.spent_minor + amount)
    )
    return done.rowcount == 1


def money_left(conn: Connection, campaign_ids: Collection[str]) -> Mapping[str, int | None]:
    """What the campaigns may still cost in minor units; None: no limit."""
    if not campaign_ids:
        return {}
    rows = conn.execute(_MONEY, {"ids": sorted(campaign_ids)})
    return {row.id: None if row.budget_minor is None else row.budget_minor - row.spent_minor for row in rows}


# --- coupons ---------------------------------------------------------------------------------------------------------


def to_coupon(row: Row[Any]) -> Coupon:
    return Coupon(
        coupon_id=row.id,
        campaign_id=row.campaign_id,
        origin=row.origin,
        bound=Bound(row.bound),
        state=CouponState(row.state),
        issued_at=row.issued_at,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        member_id=row.member_id,
        plate=row.plate,
    )


def insert(conn: Connection, new: Coupon) -> bool:
    """False when there is a coupon of this campaign and origin."""
    row = {
        "id": new.coupon_id,
        "campaign_id": new.campaign_id,
        "origin": new.origin,
        "bound": new.bound,
        "state": new.state,
        "issued_at": new.issued_at,
        "valid_from": new.valid_from,
        "valid_until": new.valid_until,
        "member_id": new.member_id,
        "plate": new.plate,
    }
    return insert_once(conn, coupon_table, row)


def _one(conn: Connection, *where: sa.ColumnElement[bool]) -> Coupon | None:
    row = conn.execute(sa.select(coupon_table).where(*where)).one_or_none()
    return None if row is None else to_coupon(row)


def coupon(conn: Connection, coupon_id: str) -> Coupon | None:
    return _one(conn, coupon_table.c.id == coupon_id)


def by_origin(conn: Connection, campaign_id: str, origin: str) -> Coupon | None:
    return _one(conn, coupon_table.c.campaign_id == campaign_id, coupon_table.c.origin == origin)


def ids_by_origin(conn: Connection, origin: str) -> Sequence[str]:
    """The coupons of all campaigns that were given for one origin."""
    return conn.execute(sa.select(coupon_table.c.id).where(coupon_table.c.origin == origin)).scalars().all()


def forget_member(conn: Connection, member_id: str) -> None:
    """Unused coupons of a member become void; none names him any more."""
    mine = coupon_table.c.member_id == member_id
    conn.execute(
        coupon_table.update().where(mine, coupon_table.c.state == CouponState.FREE).values(state=CouponState.VOID)
    )
    conn.execute(coupon_table.update().where(mine).values(member_id=None))


def forget_plate(conn: Connection, plate: Plate, until: datetime) -> None:
    """Take one plate out of coupons that it was given until then; what was not used becomes void, one in use keeps it until it is over."""
    c = coupon_table.c
    mine = sa.and_(c.plate == plate, c.issued_at <= until)
    conn.execute(coupon_table.update().where(mine, c.state == CouponState.FREE).values(state=CouponState.VOID))
    over = c.state.in_((CouponState.REDEEMED, CouponState.EXPIRED, CouponState.VOID))
    conn.execute(coupon_table.update().where(mine, over).values(plate=None))
    limits.forget_plate(conn, plate)


def forget_plates(conn: Connection, ended_before: datetime) -> int:
    """Take the plate out of coupons whose time was over before that; returns how many."""
    c = coupon_table.c
    old = sa.and_(c.plate.is_not(None), c.valid_until < ended_before)
    return conn.execute(coupon_table.update().where(old).values(plate=None)).rowcount


def move(conn: Connection, coupon_id: str, only_from: CouponState, to: CouponState, **values: Any) -> bool:
    """Change a coupon's state; False (and nothing changed) when it is in another than `only_from`."""
    c = coupon_table.c
    done = conn.execute(coupon_table.update().where(c.id == coupon_id, c.state == only_from).values(state=to, **values))
    return done.rowcount == 1


def show(conn: Connection, stay_id: str, coupon_id: str, at: datetime) -> None:
    insert_once(conn, shown_table, {"stay_id": stay_id, "coupon_id": coupon_id, "at": at})


def unshow(conn: Connection, stay_id: str, coupon_ids: Sequence[str]) -> None:
    c = shown_table.c
    conn.execute(shown_table.delete().where(c.stay_id == stay_id, c.coupon_id.in_(coupon_ids)))


def shown_for(conn: Connection, stay_id: str) -> Sequence[str]:
    """The coupons that were shown for a stay."""
    c = shown_table.c
    return list(conn.execute(sa.select(c.coupon_id).where(c.stay_id == stay_id).order_by(c.at, c.coupon_id)).scalars())


def was_shown(conn: Connection, stay_id: str, coupon_id: str) -> bool:
    c = shown_table.c
    return conn.execute(sa.select(c.at).where(c.stay_id == stay_id, c.coupon_id == coupon_id)).first() is not None


def _is_usable(state: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a bill may say something of it; wrapped, so that no engine looks through all that are free for the few that are meant."""
    usable = [one.value for one in (CouponState.FREE, CouponState.RESERVED, CouponState.EXPIRED)]
    return sa.func.coalesce(state, "").in_(usable)


def wallet(
    conn: Connection, *, stay_id: str, plate: Plate | None, member_id: str | None, at: datetime, limit: int
) -> Sequence[Coupon]:
    """The coupons that may count for a stay `at` a moment: shown for it, its plate's, its member's; then those that have just ended."""
    about = {"stay": stay_id, "at": at, "since": at - EXPLAINED_FOR, "most": limit}
    about |= {"plate": plate} if plate is not None else {}
    about |= {"member": member_id} if member_id is not None else {}
    query = _wallet(by_plate=plate is not None, by_member=member_id is not None)
    return [to_coupon(row) for row in conn.execute(query, about)]


@cache
def _wallet(*, by_plate: bool, by_member: bool) -> Any:
    """The question, built once for each kind of asker."""
    c = coupon_table.c
    shown = sa.select(shown_table.c.coupon_id).where(shown_table.c.stay_id == sa.bindparam("stay"))
    mine: list[sa.ColumnElement[bool]] = [c.id.in_(shown)]
    if by_plate:
        mine.append(sa.and_(c.bound == Bound.PLATE, c.plate == sa.bindparam("plate")))
    if by_member:
        mine.append(sa.and_(c.bound == Bound.MEMBER, c.member_id == sa.bindparam("member")))
    alive = sa.and_(_is_usable(c.state), c.valid_until > sa.bindparam("since"))
    most = sa.bindparam("most", type_=sa.Integer)
    order = (c.valid_until <= sa.bindparam("at"), c.valid_until, c.id)
    return prepared(sa.select(coupon_table).where(sa.or_(*mine), alive).order_by(*order).limit(most))


def of_member(conn: Connection, member_id: str, after: str, limit: int) -> Sequence[Coupon]:
    """All coupons of a member, newest first, older than the id `after`."""
    c = coupon_table.c
    query = sa.select(coupon_table).where(c.member_id == member_id).order_by(c.id.desc()).limit(limit)
    return [to_coupon(row) for row in conn.execute(query.where(c.id < after) if after else query)]


def expire(conn: Connection, now: datetime) -> int:
    """Free coupons whose time is over; returns how many."""
    c = coupon_table.c
    over = sa.and_(c.state == CouponState.FREE, c.valid_until <= now)
    return conn.execute(coupon_table.update().where(over).values(state=CouponState.EXPIRED)).rowcount


# --- uses ------------------------------------------------------------------------------------------------------------


_u = use_table.c
_in_state = _u.state.in_(sa.bindparam("states", expanding=True))
_USES_OF_STAY = prepared(sa.select(use_table).where(_u.stay_id == sa.bindparam("stay"), _in_state).order_by(_u.id))
_USES_OF_PAYMENT = prepared(
    sa.select(use_table).where(_u.payment_id == sa.bindparam("payment"), _in_state).order_by(_u.id)
)


def to_use(row: Row[Any]) -> Use:
    values = {
        name: row._mapping[name] for name in Use.__dataclass_fields__ if name not in ("use_id", "effect", "state")
    }
    return Use(use_id=row.id, effect=from_plain(Effect, row.effect), state=UseState(row.state), **values)


def insert_use(conn: Connection, new: Use) -> bool:
    """False when the coupon has a live use already."""
    values = {name: getattr(new, name) for name in Use.__dataclass_fields__ if name not in ("use_id", "effect")}
    return insert_once(conn, use_table, {"id": new.use_id, "effect": to_plain(new.effect), **values})


def end_use(conn: Connection, use_id: str, only_from: UseState, to: UseState, at: datetime, **values: Any) -> bool:
    c = use_table.c
    done = conn.execute(
        use_table.update().where(c.id == use_id, c.state == only_from).values(state=to, ended_at=at, **values)
    )
    return done.rowcount == 1


def uses_of_stay(conn: Connection, stay_id: str, *states: UseState) -> Sequence[Use]:
    return [to_use(row) for row in conn.execute(_USES_OF_STAY, {"stay": stay_id, "states": list(states)})]


def uses_of_payment(conn: Connection, payment_id: str, *states: UseState) -> Sequence[Use]:
    return [to_use(row) for row in conn.execute(_USES_OF_PAYMENT, {"payment": payment_id, "states": list(states)})]


# --- what a price rests on -------------------------------------------------------------------------------------------


def marks(stay_id: sa.Column[Any], plate: sa.Column[Any], member_id: sa.ColumnElement[Any]) -> list[sa.Label[str]]:
    """What a bill may use and has used, as columns of a query about stays: coupons that may count, with their campaigns, and uses."""
    c, k, u, s = coupon_table.c, campaign_table.c, use_table.c, shown_table.c
    rules = (k.zh, k.en, k.effect, k.alone, k.group, k.budget_minor, k.spent_minor, k.per_day, k.issuer)
    text = told(c.id, c.state, c.valid_from, c.valid_until, *rules)
    both = coupon_table.join(campaign_table, k.id == c.campaign_id)
    alive = _is_usable(c.state)
    shown = shown_table.join(coupon_table, c.id == s.coupon_id).join(campaign_table, k.id == c.campaign_id)
    return [
        mark("shown", text, s.stay_id == stay_id, alive, of=shown),
        mark("of_plate", text, c.plate == plate, c.bound == Bound.PLATE.value, alive, of=both),
        mark("of_member", text, c.member_id == member_id, c.bound == Bound.MEMBER.value, alive, of=both),
        mark("uses", told(u.id, u.state, u.amount), u.stay_id == stay_id),
    ]
