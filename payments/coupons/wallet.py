"""What may be taken off a stay's bill: the coupons shown for it, its plate's, its member's, and the benefits of his standing.

Reading changes nothing. What already speaks against a coupon (its time, its day's limit, its campaign's money) is worked out here;
what speaks against it on this one bill is worked out by `best`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from payments.coupons import limits, store
from payments.coupons.model import Campaign, Coupon, CouponState, LeftOut, Offer, Use
from payments.model import StayToPrice

LARGEST_WALLET = 60


def holder_of(conn: Connection, stay: StayToPrice) -> str:
    """Whose limits count: the member's, else the plate's (under its pseudonym: a limit needs no plate), else the stay's own."""
    if stay.standing is not None:
        return f"member:{stay.standing.member_id}"
    if stay.plate is not None:
        return f"plate:{limits.hidden(conn, stay.plate)[0]}"
    return f"stay:{stay.stay_id}"


def day_of(at: datetime, time_zone: str) -> str:
    """The date at the site."""
    return at.astimezone(ZoneInfo(time_zone)).date().isoformat()


def limit_key(offer_key: str, holder: str) -> str:
    return f"{offer_key}|{holder}"


class _Slots:
    """How many slots of this stay's holder are taken on this day; whose they are is worked out only where something has a limit."""

    def __init__(self, conn: Connection, stay: StayToPrice, at: datetime, time_zone: str) -> None:
        self._conn, self._stay, self._at, self._time_zone = conn, stay, at, time_zone

    @cached_property
    def _who_and_when(self) -> tuple[str, str]:
        return holder_of(self._conn, self._stay), day_of(self._at, self._time_zone)

    def taken(self, name: str) -> int:
        holder, day = self._who_and_when
        return limits.slots_taken(self._conn, limit_key(name, holder), day)


def offers(
    conn: Connection,
    stay: StayToPrice,
    at: datetime,
    time_zone: str,
    without: Collection[str] = (),
    *,
    held: Sequence[Use] = (),
) -> list[Offer]:
    """Everything that may count for the stay at `at`, benefits first; what its own live payment has `held` counts as free."""
    held_ids = {use.coupon_id for use in held if use.coupon_id is not None}
    taken = _own_slots(use.campaign for use in held)
    slots = _Slots(conn, stay, at, time_zone)
    found = [offer for offer in _benefits(stay, slots, taken) if offer.key not in without]
    coupons = store.wallet(
        conn,
        stay_id=stay.stay_id,
        plate=stay.plate,
        member_id=stay.standing.member_id if stay.standing is not None else None,
        at=at,
        limit=LARGEST_WALLET,
    )
    coupons = [coupon for coupon in coupons if coupon.coupon_id not in without]
    campaigns = _campaigns(conn, {coupon.campaign_id for coupon in coupons})
    left = store.money_left(conn, campaigns)
    for use in held:
        if left.get(use.campaign) is not None:
            left = {**left, use.campaign: (left[use.campaign] or 0) + use.amount}
    today: dict[str, int] = {}
    for coupon in coupons:
        campaign = campaigns[coupon.campaign_id]
        why = _speaks_against(coupon, at, held=coupon.coupon_id in held_ids)
        if why is None and campaign.per_day is not None:
            key = campaign.campaign_id
            used = today[key] if key in today else slots.taken(key) - taken.get(key, 0)
            today[key] = used + 1
            why = LeftOut.DAY_LIMIT if used >= campaign.per_day else None
        found.append(_offer(coupon, campaign, why, left[coupon.campaign_id]))
    return found


def _own_slots(campaigns: Iterable[str]) -> Mapping[str, int]:
    counted: dict[str, int] = {}
    for name in campaigns:
        counted[name] = counted.get(name, 0) + 1
    return counted


def _benefits(stay: StayToPrice, slots: _Slots, taken: Mapping[str, int]) -> Iterable[Offer]:
    for benefit in stay.standing.benefits if stay.standing is not None else ():
        why = None
        if benefit.per_day is not None:
            used = slots.taken(benefit.key) - taken.get(benefit.key, 0)
            why = LeftOut.DAY_LIMIT if used >= benefit.per_day else None
        yield Offer(
            key=benefit.key,
            zh=benefit.zh,
            en=benefit.en,
            effect=benefit.effect,
            campaign=benefit.key,
            is_coupon=False,
            refused=why,
            per_day=benefit.per_day,
            kind=benefit.key.partition(":")[0],
        )


def _campaigns(conn: Connection, wanted: Collection[str]) -> dict[str, Campaign]:
    found = {name: store.campaign(conn, name) for name in wanted}
    return {name: campaign for name, campaign in found.items() if campaign is not None}


def _speaks_against(coupon: Coupon, at: datetime, *, held: bool) -> LeftOut | None:
    if held:
        return None
    if coupon.state is CouponState.RESERVED:
        return LeftOut.IN_USE
    if coupon.state is CouponState.EXPIRED or coupon.valid_until <= at:
        return LeftOut.EXPIRED
    return LeftOut.NOT_YET if coupon.valid_from > at else None


def _offer(coupon: Coupon, campaign: Campaign, why: LeftOut | None, left: int | None) -> Offer:
    effect = campaign.effect
    if left is not None:
        if left <= 0:
            why = why or LeftOut.BUDGET_SPENT
        else:
            effect = replace(effect, most_minor=min(left, left if effect.most_minor is None else effect.most_minor))
    return Offer(
        key=coupon.coupon_id,
        zh=campaign.zh,
        en=campaign.en,
        effect=effect,
        issuer=campaign.issuer,
        campaign=campaign.campaign_id,
        expires_at=coupon.valid_until,
        alone=campaign.alone,
        group=campaign.group,
        refused=why,
        per_day=campaign.per_day,
    )


def rules_of(conn: Connection, campaigns: Collection[str]) -> Mapping[str, tuple[str, bool]]:
    """The (group, alone) of these campaigns; benefits have none."""
    return {name: (c.group, c.alone) for name, c in _campaigns(conn, campaigns).items()}
