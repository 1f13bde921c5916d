"""Campaigns and merchants for the mall's staff, codes and statements for a merchant's till."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from parking.kernel.codec import parse_time
from parking.kernel.errors import invalid
from parking.kernel.ids import PaymentId
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once, Reply
from parking.web.paging import Page
from parking.web.schemas import AS_CSV
from payments.coupons import issuing, merchants, store, using
from payments.coupons.desk import Coupons
from payments.coupons.merchants import Merchant, Statement
from payments.coupons.schemas import (
    CampaignIn,
    CampaignView,
    MerchantIn,
    MerchantView,
    Returned,
    StatementView,
    TillCodeIn,
    TillCodeView,
)

PAGE = 100
LONGEST_STATEMENT = timedelta(days=366)
Reader = Annotated[Principal, Depends(require(Scope.COUPONS_READ))]
Keeper = Annotated[Principal, Depends(require(Scope.COUPONS_WRITE))]
Till = Annotated[Principal, Depends(require(Scope.TILL))]
Waiver = Annotated[Principal, Depends(require(Scope.BILLS_WAIVE))]
Key = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
After = Annotated[str, Query(max_length=64, pattern="^[A-Za-z0-9_.-]*$", alias="cursor")]
When = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True, slots=True)
class CouponRoom:
    """What the routes need; `currency` is the site's."""

    database: Database
    coupons: Coupons
    audit: Audit
    qr_svg: Callable[[str], str]
    currency: str


def router(room: CouponRoom) -> APIRouter:
    """All routes of this room."""
    routes = APIRouter(tags=["coupons"])
    _campaign_routes(routes, room)
    _merchant_routes(routes, room)
    _till_routes(routes, room)

    @routes.post("/payments/{payment_id}/coupons/return")
    async def give_back(who: Waiver, payment_id: str, idempotency_key: IdempotencyKey) -> Returned:
        """The payment was refunded: its coupons are as good as new, once."""
        once = Once.of(who, idempotency_key, "coupon.return", {"payment_id": payment_id})

        def work(uow: UnitOfWork) -> Reply:
            returned = len(using.give_back(uow, PaymentId(payment_id)))
            room.audit(uow, who, "coupon.returned", payment_id, f"{returned} coupons")
            return Reply(200, {"returned": returned})

        return Returned(**(await room.database.awrite(lambda uow: once.inside(uow, work))).body)

    return routes


def _campaign_routes(routes: APIRouter, room: CouponRoom) -> None:
    @routes.get("/coupons/campaigns")
    async def list_campaigns(_: Reader, after: After = "") -> Page[CampaignView]:
        found = await room.database.aread(lambda conn: store.campaigns(conn, after, PAGE + 1))
        more = found[PAGE - 1].campaign_id if len(found) > PAGE else None
        return Page(items=[CampaignView.of(one) for one in found[:PAGE]], next=more)

    @routes.put("/coupons/campaigns/{campaign_id}")
    async def put_campaign(who: Keeper, campaign_id: Key, body: CampaignIn) -> CampaignView:
        campaign = body.campaign(campaign_id)
        issuing.check(campaign)
        if campaign.currency != room.currency:
            raise invalid("campaign.currency", f"should be {room.currency}", field="currency")

        def work(uow: UnitOfWork) -> None:
            if campaign.issuer != "mall" and merchants.merchant(uow.connection, campaign.issuer) is None:
                raise invalid("campaign.issuer", "there is no such merchant", field="issuer")
            store.save_campaign(uow.connection, campaign)
            room.audit(uow, who, "campaign.saved", campaign_id, "")

        await room.database.awrite(work)
        return CampaignView.of(campaign)

    @routes.delete("/coupons/{coupon_id}", status_code=204)
    async def void(who: Keeper, coupon_id: str) -> Response:
        """Take back a coupon that nobody has used."""

        def work(uow: UnitOfWork) -> None:
            issuing.make_void(uow, coupon_id)
            room.audit(uow, who, "coupon.void", coupon_id, "")

        await room.database.awrite(work)
        return Response(status_code=204)


def _merchant_routes(routes: APIRouter, room: CouponRoom) -> None:
    @routes.get("/coupons/merchants")
    async def list_merchants(_: Reader, after: After = "") -> Page[MerchantView]:
        found = await room.database.aread(lambda conn: merchants.merchants(conn, after, PAGE + 1))
        more = found[PAGE - 1].merchant_id if len(found) > PAGE else None
        return Page(items=[MerchantView.of(one) for one in found[:PAGE]], next=more)

    @routes.put("/coupons/merchants/{merchant_id}")
    async def put_merchant(who: Keeper, merchant_id: Key, body: MerchantIn) -> MerchantView:
        merchant = Merchant(merchant_id, body.name, body.points_per_unit, body.enabled)

        def work(uow: UnitOfWork) -> None:
            merchants.save(uow, merchant)
            room.audit(uow, who, "merchant.saved", merchant_id, "")

        await room.database.awrite(work)
        return MerchantView.of(merchant)

    @routes.get("/coupons/merchants/{merchant_id}/statement")
    async def statement(_: Reader, merchant_id: Key, since: When, until: When) -> StatementView:
        return StatementView.of(await _statement(room, merchant_id, since, until))

    @routes.get("/coupons/merchants/{merchant_id}/statement.csv", response_class=Response, responses=AS_CSV)
    async def statement_csv(_: Reader, merchant_id: Key, since: When, until: When) -> Response:
        return _csv(await _statement(room, merchant_id, since, until))


def _till_routes(routes: APIRouter, room: CouponRoom) -> None:
    @routes.post("/till/codes", tags=["till"])
    async def next_code(who: Till, body: TillCodeIn) -> TillCodeView:
        """The code to show now: it is new each time and gives one coupon, to whoever scans it first."""
        code, next_at = await room.database.awrite(
            lambda uow: room.coupons.till_code(uow, who.subject, body.campaign_id)
        )
        return TillCodeView(code=code, qr_svg=room.qr_svg(code), next_at=next_at)

    @routes.get("/till/statement", tags=["till"])
    async def own_statement(who: Till, since: When, until: When) -> StatementView:
        return StatementView.of(await _statement(room, await _own(room, who), since, until))

    @routes.get("/till/statement.csv", tags=["till"], response_class=Response, responses=AS_CSV)
    async def own_csv(who: Till, since: When, until: When) -> Response:
        return _csv(await _statement(room, await _own(room, who), since, until))


async def _own(room: CouponRoom, who: Principal) -> str:
    return (await room.database.aread(lambda conn: merchants.of_till(conn, who.subject))).merchant_id


async def _statement(room: CouponRoom, merchant_id: str, since: str, until: str) -> Statement:
    begin, end = _moment(since, "since"), _moment(until, "until")
    if not timedelta(0) < end - begin <= LONGEST_STATEMENT:
        raise invalid("statement.span", "should be after since, and within a year of it", field="until")
    return await room.database.aread(lambda conn: merchants.statement(conn, merchant_id, begin, end, room.currency))


def _moment(text: str, field: str) -> datetime:
    return parse_time(text.replace(" ", "+"), field=field)


def _csv(found: Statement) -> Response:
    name = f"attachment; filename=coupons-{found.merchant_id}.csv"
    return Response(merchants.as_csv(found), media_type="text/csv", headers={"Content-Disposition": name})
