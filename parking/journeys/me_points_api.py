"""A member's points and standing: what he has, where it came from, when it ends, what it buys, and what his tier is good for."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter
from sqlalchemy import Connection

from parking.journeys import shopping
from parking.journeys.me_api import Loyalty, Me
from parking.journeys.me_schemas import (
    CouponView,
    Exchange,
    OwnLevel,
    PointsEnd,
    PointsMove,
    PointsOffer,
    PointsView,
    StandingView,
)
from parking.journeys.schemas import LocalText
from parking.members import points, service, store
from parking.members.model import Level, next_tier, tier_of
from parking.plumbing.db import UnitOfWork
from parking.web.idempotency import IdempotencyKey, Once, Reply
from parking.web.paging import Cursor, Limit, Page, decode, encode, page

ENDS_WITHIN = timedelta(days=30)
_FACTS = {"fee": "parking", "fee_back": "parking", "receipt": "purchase", "back": "purchase", "exchange": "exchange"}
"""What a reference of the ledger tells: the journeys that book points begin it so."""


def router(j: Loyalty) -> APIRouter:
    """Routes of points and of standing."""
    routes = APIRouter(tags=["me"])
    _points(routes, j)

    @routes.get("/me/standing")
    async def standing(who: Me) -> StandingView:
        """The tier and the credit standing that count now, what each is good for, and how far the next tier is."""
        return await j.database.aread(lambda conn: _standing(conn, j, who.subject))

    return routes


def _points(routes: APIRouter, j: Loyalty) -> None:
    @routes.get("/me/points")
    async def own(who: Me) -> PointsView:
        def ask(conn: Connection) -> PointsView:
            now = j.clock.now()
            member_id = service.known(conn, who.subject).member_id
            ends = points.ending(conn, member_id, now, ENDS_WITHIN)
            return PointsView(
                balance=points.balance(conn, member_id),
                ends=PointsEnd(points=ends[0], at=ends[1]) if ends is not None else None,
                offers=[
                    PointsOffer(campaign_id=c, text=LocalText(**text), points=p)
                    for c, text, p in j.coupons.for_points(conn, now)
                ],
            )

        return await j.database.aread(ask)

    @routes.get("/me/points/history")
    async def history(who: Me, cursor: Cursor = "", limit: Limit = 50) -> Page[PointsMove]:
        """Every point that came and went, the latest first."""
        behind = decode(cursor, int)
        before = int(behind[0]) if behind else None

        def ask(conn: Connection) -> tuple[list[points.Move], str | None, dict[str, str]]:
            rows = points.history(conn, service.known(conn, who.subject).member_id, before, limit + 1)
            moves, following = page(rows, limit, lambda move: encode(move.seq))
            return moves, following, dict(j.coupons.merchant_names(conn, {move.merchant_id for move in moves}))

        moves, following, names = await j.database.aread(ask)
        return Page(items=[_move(one, names.get(one.merchant_id, "")) for one in moves], next=following)

    @routes.post("/me/exchanges", status_code=201)
    async def exchange(who: Me, body: Exchange, idempotency_key: IdempotencyKey) -> CouponView:
        """Points become a coupon, at once, both or neither."""
        once = Once.of(who, idempotency_key, "points.exchange", body.model_dump())

        def deed(uow: UnitOfWork) -> Reply:
            given = shopping.exchange(uow, j.coupons, who.subject, body.campaign_id, idempotency_key)
            return Reply(201, CouponView.of(given).model_dump(mode="json"))

        reply = await j.database.awrite(lambda uow: once.inside(uow, deed))
        return CouponView(**reply.body)


def _move(move: points.Move, merchant: str) -> PointsMove:
    kind = move.kind if move.kind in ("spent", "expired") else "earned" if move.points > 0 else "taken_back"
    return PointsMove(
        at=move.at,
        points=move.points,
        kind=kind,
        fact=_FACTS.get(move.reference.partition(":")[0], "other"),
        merchant_id=move.merchant_id,
        merchant=merchant,
    )


def _standing(conn: Connection, j: Loyalty, member_id: str) -> StandingView:
    member = service.known(conn, member_id)
    earned, levels = service.earned_lately(conn, member, j.clock.now()), store.levels(conn)
    following = next_tier(earned, levels, member.tier_by_hand)
    credit = next((one for one in levels if one.kind == "credit" and one.level_id == member.credit), None)
    return StandingView(
        tier=_level(j, tier_of(earned, levels, member.tier_by_hand)),
        credit=_level(j, credit),
        earned=earned,
        following=_level(j, following),
        points_to_go=max(0, following.from_points - earned) if following is not None else None,
    )


def _level(j: Loyalty, level: Level | None) -> OwnLevel | None:
    if level is None:
        return None
    return OwnLevel(
        level_id=level.level_id,
        name=LocalText(zh=level.zh, en=level.en),
        from_points=level.from_points,
        benefits=[LocalText(**j.coupons.words_of(benefit, j.currency)) for benefit in level.benefits],
    )
