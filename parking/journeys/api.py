"""Routes of drivers, kiosks and the operators who help them.

A driver proves possession with the stay's own code; a kiosk may look a plate up because it stands on the site, and it
learns the fee and nothing else. A stranger with only a plate has no route here at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection

from parking.access.snapshot import CommandAction
from parking.journeys import closing_by_hand, opening_by_hand, pairing, paying
from parking.journeys.ports import Cashier, Payment
from parking.journeys.schemas import (
    BillView,
    CloseStay,
    ConfirmStay,
    FindStay,
    FoundStay,
    MyStay,
    OpenLane,
    Ordered,
    PaymentView,
    StartPayment,
    StayPage,
    StayRow,
    TicketView,
    WholeStay,
)
from parking.kernel.clock import Clock
from parking.kernel.errors import not_found
from parking.kernel.ids import LaneId, PaymentId, StayId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.kernel.signed import Signer
from parking.plumbing.database import Threads
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.sessions import store
from parking.sessions.model import OpenStay, Stay
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once, Reply
from parking.web.limits import RateLimit

KIOSK_TOKEN_VALID = timedelta(minutes=30)
KIOSK_FINDS_MOST = 60  # a minute and machine: more than a queue of people types, too few to try plates out
TICKET_VALID = timedelta(days=30)
PAYING_AT_ONCE = (
    16  # calls to providers; of their own, so that one that hangs does not hold up what else needs a thread
)
Driver = Annotated[Principal, Depends(require(Scope.OWN_STAY))]
Opener = Annotated[Principal, Depends(require(Scope.LANES_OPEN))]
Worker = Annotated[Principal, Depends(require(Scope.CASES_WORK))]
Reader = Annotated[Principal, Depends(require(Scope.STAYS_READ))]


@dataclass(frozen=True, slots=True)
class Journeys:
    """Everything that the routes below need."""

    database: Database
    cashier: Cashier
    signer: Signer
    clock: Clock
    audit: Audit
    public_url: str
    qr_svg: Callable[[str], str]
    costs_of: pairing.CostsOf
    lanes: Callable[[Connection], Sequence[Mapping[str, Any]]]
    look: Callable[[UnitOfWork, Principal, str, str], object]
    join_url: str | None = None
    in_app: Callable[[Payment, str | None], Mapping[str, str] | None] = lambda _payment, _payer: None


def router(journeys: Journeys) -> APIRouter:
    """All routes of this room."""
    routes = APIRouter()
    _driver_routes(routes, journeys)
    _kiosk_routes(routes, journeys)
    _stay_routes(routes, journeys)
    _lane_routes(routes, journeys)
    return routes


def _driver_routes(routes: APIRouter, j: Journeys) -> None:
    paying_threads = Threads("paying", PAYING_AT_ONCE)

    def payment_view(payment: Payment, stay: Stay | None, in_app: Mapping[str, str] | None = None) -> PaymentView:
        return PaymentView.of(
            payment,
            qr_svg=j.qr_svg(payment.pay_url) if payment.pay_url else None,
            leave_by=stay.leave_by if isinstance(stay, OpenStay) else None,
            join_url=j.join_url,
            in_app=in_app,
        )

    @routes.get("/my/stay", tags=["driver"])
    async def my_stay(who: Driver) -> MyStay:
        now = j.clock.now()
        found = await j.database.aread(lambda conn: paying.account_of(conn, j.cashier, StayId(who.subject), now))
        return MyStay.of(found, now, discreet=not who.may(Scope.OWN_WALLET))

    @routes.post("/my/payments", tags=["driver"], status_code=201)
    async def begin_payment(who: Driver, body: StartPayment, idempotency_key: IdempotencyKey) -> PaymentView:
        stay_id, now = StayId(who.subject), j.clock.now()
        j.cashier.check_by_code(body.channel)
        once = Once.of(who, idempotency_key, "payment.begin", body.model_dump(exclude_none=True))
        await j.database.awrite(once.take)  # refuses the key of another request

        def begin() -> tuple[Payment, Mapping[str, str] | None]:
            """The cashier is idempotent by this key itself: a provider is called in between."""
            begun = paying.begin(j.database, j.cashier, stay_id, now, body.channel, idempotency_key)
            return begun, j.in_app(begun, body.payer)

        payment, parameters = await paying_threads.run(begin)
        return payment_view(payment, await j.database.aread(lambda conn: store.get(conn, stay_id)), parameters)

    @routes.get("/my/payments/{payment_id}", tags=["driver"])
    async def my_payment(who: Driver, payment_id: str) -> PaymentView:
        payment = await j.database.aread(lambda conn: j.cashier.payment(conn, PaymentId(payment_id)))
        if payment is None or payment.stay_id != who.subject:
            raise not_found("payment.unknown", "there is no such payment for this stay")
        return payment_view(payment, await j.database.aread(lambda conn: store.get(conn, payment.stay_id)))


def _kiosk_routes(routes: APIRouter, j: Journeys) -> None:
    limit = RateLimit(KIOSK_FINDS_MOST, 60.0, j.clock)

    @routes.post("/kiosk/stays/find", tags=["kiosk"], dependencies=[Depends(limit)])
    async def find(body: FindStay, who: Annotated[Principal, Depends(require(Scope.KIOSK))]) -> FoundStay:
        plate, now = Plate.parse(body.plate), j.clock.now()
        stay_id = await j.database.aread(lambda conn: pairing.stay_of_plate(conn, plate, j.costs_of(conn), now))
        if stay_id is None:
            return FoundStay(found=False)
        account = await j.database.aread(lambda conn: paying.account_of(conn, j.cashier, stay_id, now))
        await j.database.awrite(lambda uow: j.look(uow, who, "stay", stay_id))
        token = paying.ticket(stay_id, j.signer, now + KIOSK_TOKEN_VALID, at="kiosk")
        return FoundStay(found=True, stay_token=token, stay=MyStay.of(account, now, discreet=True))


def _stay_routes(routes: APIRouter, j: Journeys) -> None:
    @routes.get("/stays", tags=["stays"])
    async def list_stays(
        _: Reader,
        state: Annotated[str, Query(pattern="^(open|review|closed|doubtful|ghost|merged|split)$")] = "open",
        cursor: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> StayPage:
        found = await j.database.aread(lambda conn: store.page(conn, state, cursor, limit))
        now = j.clock.now()
        return StayPage(items=[StayRow.of(s, now) for s in found], next=found[-1].id if len(found) == limit else None)

    @routes.get("/stays/{stay_id}", tags=["stays"])
    async def one_stay(stay_id: str, who: Reader) -> WholeStay:
        now = j.clock.now()
        found = await j.database.aread(lambda conn: paying.account_of(conn, j.cashier, StayId(stay_id), now))
        await j.database.awrite(lambda uow: j.look(uow, who, "stay", stay_id))
        payments = await j.database.aread(lambda conn: j.cashier.payments_of(conn, StayId(stay_id)))
        return WholeStay(
            **StayRow.of(found.stay, now).model_dump(),
            bill=BillView.of(found.account),
            payments=[PaymentView.of(p, qr_svg=None, leave_by=None) for p in payments],
        )

    @routes.post("/stays/{stay_id}/close", tags=["stays"])
    async def close_stay(stay_id: str, body: CloseStay, who: Worker, idempotency_key: IdempotencyKey) -> StayRow:
        def deed(uow: UnitOfWork) -> Reply:
            closed = closing_by_hand.close(uow, j.cashier, j.audit, who, StayId(stay_id), body.reason, body.exited_at)
            return Reply(200, StayRow.of(closed, uow.now).model_dump(mode="json"))

        once = Once.of(who, idempotency_key, "stay.close", {"stay_id": stay_id, **body.model_dump(mode="json")})
        reply = await j.database.awrite(lambda uow: once.inside(uow, deed))
        return StayRow.model_validate_json(json.dumps(reply.body))

    @routes.post("/stays/{stay_id}/confirm", tags=["stays"])
    async def confirm_stay(stay_id: str, body: ConfirmStay, who: Worker) -> StayRow:
        found = await j.database.awrite(
            lambda uow: closing_by_hand.confirm(uow, j.audit, who, StayId(stay_id), body.reason)
        )
        return StayRow.of(found, j.clock.now())

    @routes.post("/stays/{stay_id}/ticket", tags=["stays"])
    async def print_ticket(stay_id: str, who: Annotated[Principal, Depends(require(Scope.STAYS_TICKET))]) -> TicketView:
        def work(uow: UnitOfWork) -> None:
            if store.get(uow.connection, StayId(stay_id)) is None:
                raise not_found("stay.unknown", "this stay is not known")
            j.audit(uow, who, "stay.ticket", stay_id, "printed the driver's code")

        await j.database.awrite(work)
        token = paying.ticket(StayId(stay_id), j.signer, j.clock.now() + TICKET_VALID)
        url = f"{j.public_url}/driver/#t={token}"
        return TicketView(url=url, token=token, svg=j.qr_svg(url))


def _lane_routes(routes: APIRouter, j: Journeys) -> None:
    @routes.get("/lanes", tags=["lanes"])
    async def list_lanes(_: Annotated[Principal, Depends(require(Scope.LANES_READ))]) -> list[dict[str, Any]]:
        return [dict(lane) for lane in await j.database.aread(j.lanes)]

    async def order(
        lane_id: str, body: OpenLane, who: Principal, idempotency_key: str, action: CommandAction
    ) -> Ordered:
        lanes = await j.database.aread(j.lanes)
        if not any(lane["id"] == lane_id and lane["kind"] != "ramp" for lane in lanes):
            raise not_found("lane.unknown", "there is no such lane with a barrier")

        def work(uow: UnitOfWork) -> Reply:
            command_id = opening_by_hand.order(uow, j.audit, who, LaneId(lane_id), body.reason, action)
            return Reply(202, {"command_id": command_id})

        once = Once.of(who, idempotency_key, f"lane.{action.value}", {"lane_id": lane_id, "reason": body.reason})
        reply = await j.database.awrite(lambda uow: once.inside(uow, work))
        return Ordered(**reply.body)

    @routes.post("/lanes/{lane_id}/open", tags=["lanes"], status_code=202)
    async def open_lane(lane_id: str, body: OpenLane, who: Opener, idempotency_key: IdempotencyKey) -> Ordered:
        return await order(lane_id, body, who, idempotency_key, CommandAction.OPEN)

    @routes.post("/lanes/{lane_id}/hold-open", tags=["lanes"], status_code=202)
    async def hold_open(lane_id: str, body: OpenLane, who: Opener, idempotency_key: IdempotencyKey) -> Ordered:
        """The lane stands open, for a crowd that leaves, until it is released."""
        return await order(lane_id, body, who, idempotency_key, CommandAction.HOLD_OPEN)

    @routes.post("/lanes/{lane_id}/take", tags=["lanes"], status_code=202)
    async def take_lane(lane_id: str, body: OpenLane, who: Opener, idempotency_key: IdempotencyKey) -> Ordered:
        """The lane opens for nobody by itself until it is released."""
        return await order(lane_id, body, who, idempotency_key, CommandAction.MANUAL)

    @routes.post("/lanes/{lane_id}/release", tags=["lanes"], status_code=202)
    async def release(lane_id: str, body: OpenLane, who: Opener, idempotency_key: IdempotencyKey) -> Ordered:
        """The lane works by itself again."""
        return await order(lane_id, body, who, idempotency_key, CommandAction.RELEASE)

    @routes.post("/lanes/{lane_id}/end-emergency", tags=["lanes"], status_code=202)
    async def end_emergency(lane_id: str, body: OpenLane, who: Opener, idempotency_key: IdempotencyKey) -> Ordered:
        return await order(lane_id, body, who, idempotency_key, CommandAction.END_EMERGENCY)
