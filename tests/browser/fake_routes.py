"""The scripted server's routes: the contract's paths, bodies and refusals, with the script in place of the business."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Response
from fastapi.responses import HTMLResponse

from parking.journeys.quote_api import QuoteView
from parking.journeys.schemas import (
    FindStay,
    FoundStay,
    MyStay,
    OpenLane,
    Ordered,
    PaymentView,
    StartPayment,
)
from parking.kernel.errors import ErrorKind, ParkingError, conflict, not_found
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.security.api import LogIn
from parking.security.passkeys_api import LogInWays
from parking.web.deps import require
from parking.web.schemas import MoneySchema
from tests.browser import fake_cash, fake_desk, fake_find, fake_guide, fake_help, fake_lane, fake_map, fake_money
from tests.browser.script import PASSWORDS, FakePayment, Opened

if TYPE_CHECKING:
    from tests.browser.fake_server import FakeServer

SITE_NAME = {"zh": "云港中心停车场", "en": "Cloud Harbour Centre"}
IdempotencyKey = Annotated[str, Header(min_length=8, max_length=64, pattern="^[A-Za-z0-9_-]+$")]
Driver = Annotated[Principal, Depends(require(Scope.OWN_STAY))]
Operator = Annotated[Principal, Depends(require(Scope.LANES_READ))]


def install(app: FastAPI, fake: FakeServer) -> None:
    """All routes; the wallet's page too, so that paying never leaves the origin."""
    routes = APIRouter(prefix="/api/v1")
    _public(routes, fake)
    _operators(routes, fake)
    _drivers(routes, fake)
    fake_desk.install(routes, fake)
    fake_help.install(routes, fake)
    fake_lane.install(routes, fake)
    fake_find.install(routes, fake)
    fake_guide.install(routes, fake)
    fake_money.install(routes, fake)
    fake_map.install(routes, fake)
    fake_cash.install(routes, fake)
    app.include_router(routes)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/favicon.ico")
    async def favicon() -> Response:
        return Response(status_code=204)

    @app.get("/wallet/{payment_id}")
    async def wallet(payment_id: str) -> HTMLResponse:
        return HTMLResponse(f"<!doctype html><html lang=en><title>Wallet</title><h1>Wallet {payment_id}</h1>")


def _public(routes: APIRouter, fake: FakeServer) -> None:
    @routes.get("/site")
    async def site() -> dict[str, Any]:
        zones = [{"id": i, "name": z["name"], "capacity": z["capacity"]} for i, z in sorted(fake.zones.items())]
        zone = "Asia/Shanghai"
        return {"site_id": "demo", "name": SITE_NAME, "currency": "CNY", "timezone": zone, "zones": zones}

    @routes.get("/auth/ways")
    async def ways() -> LogInWays:
        return LogInWays(passkey_origin=None)

    @routes.get("/occupancy")
    async def occupancy() -> dict[str, Any]:
        return {"at": fake.now(), "zones": [{"id": i, **z} for i, z in sorted(fake.zones.items())]}


def _operators(routes: APIRouter, fake: FakeServer) -> None:
    def me(who: Principal) -> dict[str, Any]:
        scopes = sorted(who.scopes)
        return {"username": who.subject, "display_name": "王芳", "roles": ["attendant"], "scopes": scopes}

    @routes.post("/auth/login")
    async def log_in(body: LogIn, response: Response) -> dict[str, Any]:
        if PASSWORDS.get(body.username) != body.password:
            raise ParkingError(ErrorKind.UNAUTHENTICATED, "login.refused", "user name or password is wrong")
        session = secrets.token_hex(8)
        fake.sessions.add(session)
        response.set_cookie("parking_session", session, httponly=True, samesite="strict")
        return me(Principal("operator", body.username, fake.scopes))

    @routes.post("/auth/logout", status_code=204)
    async def log_out(_: Operator, response: Response) -> None:
        fake.sessions.clear()
        response.delete_cookie("parking_session")

    @routes.get("/auth/me")
    async def who_am_i(who: Operator) -> dict[str, Any]:
        return me(who)

    @routes.get("/auth/notices")
    async def notices(_: Operator) -> dict[str, Any]:
        return {"items": []}

    @routes.post("/lanes/{lane_id}/open", status_code=202)
    async def open_lane(lane_id: str, body: OpenLane, _: Operator, idempotency_key: IdempotencyKey) -> Ordered:
        if lane_id not in fake.lanes:
            raise not_found("lane.unknown", "there is no such lane with a barrier")
        if idempotency_key not in {o.key for o in fake.opened}:
            fake.opened.append(Opened(lane_id, body.reason, idempotency_key))
        return Ordered(command_id=idempotency_key)

    async def ordered(lane_id: str, deed: str, body: OpenLane, key: str) -> Ordered:
        if key not in {o.key for o in fake.opened}:
            fake.opened.append(Opened(lane_id, body.reason, key, deed))
        return Ordered(command_id=key)

    @routes.post("/lanes/{lane_id}/hold-open", status_code=202)
    async def hold_open(lane_id: str, body: OpenLane, _: Operator, idempotency_key: IdempotencyKey) -> Ordered:
        return await ordered(lane_id, "hold-open", body, idempotency_key)

    @routes.post("/lanes/{lane_id}/release", status_code=202)
    async def release(lane_id: str, body: OpenLane, _: Operator, idempotency_key: IdempotencyKey) -> Ordered:
        return await ordered(lane_id, "release", body, idempotency_key)


def _drivers(routes: APIRouter, fake: FakeServer) -> None:
    def view(payment: FakePayment) -> PaymentView:
        return PaymentView(
            payment_id=payment.payment_id,
            state=payment.state,
            amount=MoneySchema.model_validate(payment.amount),
            channel="wallet",
            pay_url=f"{fake.url}/wallet/{payment.payment_id}",
            join_url=fake.join_url if payment.state == "PAID" else None,
            qr_svg="<svg xmlns='http://www.w3.org/2000/svg'/>",
            leave_by=fake.stays[payment.token].leave_by,
        )

    @routes.post("/kiosk/stays/find")
    async def find(body: FindStay, _: Annotated[Principal, Depends(require(Scope.KIOSK))]) -> FoundStay:
        plate = Plate.parse(body.plate)
        for stay in fake.stays.values():
            if stay.plate == plate.text:
                return FoundStay(found=True, stay_token=stay.token, stay=stay.shown(fake.now()))
        return FoundStay(found=False)

    @routes.get("/my/stay")
    async def my_stay(who: Driver) -> MyStay:
        return fake.stays[who.subject].shown(fake.now())

    @routes.get("/my/quote")
    async def my_quote(who: Driver) -> QuoteView:
        return fake.stays[who.subject].quoted(fake.now())

    @routes.post("/my/payments", status_code=201)
    async def begin(who: Driver, body: StartPayment, idempotency_key: IdempotencyKey) -> PaymentView:
        stay = fake.stays[who.subject]
        fake.money.began.append(body.channel)
        free = stay.bill["due"]["amount"] <= 0
        if free and not stay.bill.get("can_settle"):
            raise conflict("stay.nothing_due", "nothing is due for this stay now")
        payment_id = fake.keys.setdefault(idempotency_key, f"p{len(fake.payments) + 1}")
        begun = fake.payments.setdefault(payment_id, FakePayment(payment_id, who.subject, stay.bill["due"]))
        if free:  # coupons alone: nobody is asked
            fake.pay(payment_id)
        return view(begun)

    @routes.get("/my/payments/{payment_id}")
    async def payment(who: Driver, payment_id: str) -> PaymentView:
        found = fake.payments.get(payment_id)
        if found is None or found.token != who.subject:
            raise not_found("payment.unknown", "there is no such payment for this stay")
        return view(found)
