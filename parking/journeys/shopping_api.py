"""What a till tells of purchases, what the mall's app and staff give, and erasure on somebody's behalf."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from parking.journeys import app_hooks, forgetting, shopping
from parking.journeys.me_api import Loyalty
from parking.journeys.me_schemas import BuyIn, CouponView, EarnedView, Erased, GivenBack, IssueIn
from parking.kernel.errors import invalid
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.members.api import AppOrKeeper, check_own
from parking.members.schemas import LookView
from parking.plumbing.db import UnitOfWork
from parking.security import looks
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once, Reply
from parking.web.limits import RateLimit

Till = Annotated[Principal, Depends(require(Scope.TILL))]
Campaign = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Receipt = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}$")]
MOST_LOOKS = 200
PURCHASES_MOST = 600


def router(j: Loyalty) -> APIRouter:
    """All routes of this module."""
    routes = APIRouter()
    _till_routes(routes, j)

    @routes.post("/coupons/campaigns/{campaign_id}/issue", tags=["coupons"], status_code=201)
    async def issue(
        who: AppOrKeeper, campaign_id: Campaign, body: IssueIn, idempotency_key: IdempotencyKey
    ) -> CouponView:
        """One coupon; the same `origin` again is the same coupon, whoever asks."""
        once = Once.of(who, idempotency_key, "coupon.issue", {"campaign_id": campaign_id, **body.model_dump()})
        plate = Plate.parse(body.plate) if body.plate is not None else None

        def deed(uow: UnitOfWork) -> Reply:
            if body.member_id is not None:
                check_own(uow.connection, who, body.member_id)
            origin = f"{body.why}:{body.origin}"
            given = j.coupons.issue(uow, campaign_id, origin, member_id=body.member_id, plate=plate)
            j.room.audit(uow, who, "coupon.issued", given.coupon_id, campaign_id)
            return Reply(201, CouponView.of(given).model_dump(mode="json"))

        return CouponView(**(await j.database.awrite(lambda uow: once.inside(uow, deed))).body)

    @routes.post("/apps/{app}/events", tags=["members"], status_code=204)
    async def told(app: Annotated[str, Path(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")], request: Request) -> Response:
        """A webhook of the mall's app or CRM, signed with its key; each message counts once."""
        body = await request.body()
        given = {name.lower(): value for name, value in request.headers.items()}
        webhook_id = await j.database.aread(
            lambda conn: app_hooks.verified(conn, j.key_of_app, j.holds, app, given, body, j.clock)
        )
        await j.database.awrite(lambda uow: app_hooks.take(uow, j.coupons, app, webhook_id, body, j.others_forget))
        return Response(status_code=204)

    @routes.delete("/members/{member_id}", tags=["members"])
    async def erase(who: AppOrKeeper, member_id: str) -> Erased:
        """Somebody wishes to be forgotten and has told the mall."""

        def work(uow: UnitOfWork) -> int:
            check_own(uow.connection, who, member_id)
            j.room.audit(uow, who, "member.erased", member_id, "")
            return forgetting.erase(uow, j.coupons, member_id, j.others_forget)

        return Erased(stays=await j.database.awrite(work))

    @routes.get("/audit/looks", tags=["operators"])
    async def who_looked(_: Annotated[Principal, Depends(require(Scope.AUDIT_READ))]) -> list[LookView]:
        """Who has looked at whose personal data, the latest first."""
        found = await j.database.aread(lambda conn: looks.before(conn, None, MOST_LOOKS))
        return [LookView(**{name: getattr(row, name) for name in LookView.model_fields}) for row in found]

    return routes


def _till_routes(routes: APIRouter, j: Loyalty) -> None:
    limit = RateLimit(PURCHASES_MOST, 60.0, j.clock)

    @routes.post("/till/purchases", tags=["till"], status_code=201, dependencies=[Depends(limit)])
    async def buy(who: Till, body: BuyIn) -> EarnedView:
        """A receipt: what it earns is given once, however often it is told. The answer says nothing about the plate."""
        if body.currency != j.currency:  # what it earns is reckoned in the site's
            raise invalid("receipt.currency", f"should be {j.currency}", field="currency")
        plate = Plate.parse(body.plate) if body.plate is not None else None
        now = j.clock.now()
        member_id = shopping.member_of_code(body.member_code, j.verifier, now) if body.member_code is not None else None

        def work(uow: UnitOfWork) -> EarnedView:
            merchant = j.coupons.merchant_of(uow.connection, who.subject)
            purchase = shopping.Purchase(body.receipt, body.amount, body.currency, member_id, plate)
            earned = shopping.buy(uow, j.coupons, merchant, purchase)
            return EarnedView(points=earned.points, coupons=[CouponView.of(one) for one in earned.coupons])

        return await j.database.awrite(work)

    @routes.post("/till/purchases/{receipt:path}/back", tags=["till"])
    async def back(who: Till, receipt: Receipt) -> GivenBack:
        """The goods were given back; what they earned goes with them, as far as it is still there."""

        def work(uow: UnitOfWork) -> int:
            merchant = j.coupons.merchant_of(uow.connection, who.subject)
            return shopping.give_back(uow, j.coupons, merchant, receipt)

        return GivenBack(points=await j.database.awrite(work))
