"""The server: the application behind HTTP and websockets. Middleware outside in: size, principal, content policy; then routes."""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncIterator, Mapping

import segno
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CollectorRegistry, generate_latest
from starlette.concurrency import run_in_threadpool

import kiosk_ui
from guidance import api as guidance_api
from parking.access import api as access_api
from parking.bootstrap import metrics, pages
from parking.bootstrap.application import Application, build
from parking.bootstrap.keys import KeyRing, ed25519_check, load_signer
from parking.bootstrap.settings import Settings
from parking.gate import api as gate_api
from parking.journeys import api as journeys_api
from parking.kernel.clock import Clock, SystemClock
from parking.kernel.ids import Ids, RandomIds
from parking.kernel.principal import Scope
from parking.kernel.signed import Signer
from parking.plumbing import outbox
from parking.plumbing.db import Database, open_database
from parking.plumbing.redis_streams import open_bus
from parking.security import api as security_api
from parking.security import audit
from parking.security.devices import DeviceKeys
from parking.security.middleware import PrincipalMiddleware
from parking.security.passwords import Passwords
from parking.security.service import LogIns
from parking.sessions import api as sessions_api
from parking.site import api as site_api
from parking.web import errors
from parking.web.deps import current_principal
from parking.web.limits import BodyLimit, RateLimiter
from payments import api as payments_api
from payments.providers.base import Provider
from payments.providers.registry import PROVIDERS, ProviderSettings

API = "/api/v1"
PUBLIC_TOPICS = ("zone.", "sign.")


def create_app(settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None) -> FastAPI:
    """The whole server as an ASGI application; it starts its threads when it is served and stops them when it ends."""
    clock, ids = clock or SystemClock(), ids or RandomIds()
    signer, ring = load_signer(settings.keys_dir / "server.pem")
    database = open_database(settings.database_url, clock=clock, ids=ids, origin="server")
    bus = open_bus(settings.bus_url, database)
    application = build(settings, database, clock=clock, providers=_providers(settings, clock), bus=bus)
    return wrap(application, settings, signer=signer, ring=ring, clock=clock)


def _providers(settings: Settings, clock: Clock) -> Mapping[str, Provider]:
    if settings.wallet_url is None or settings.wallet_secret is None:
        return {}
    wallet = ProviderSettings(
        url=settings.wallet_url, merchant=settings.wallet_merchant, secret=settings.wallet_secret.get_secret_value()
    )
    return {"wallet": PROVIDERS.get("qr_wallet")(wallet, clock)}


def wrap(application: Application, settings: Settings, *, signer: Signer, ring: KeyRing, clock: Clock) -> FastAPI:
    """HTTP and websockets around an application."""
    feed = gate_api.CopyFeed()
    keys = DeviceKeys(ed25519_check)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        application.prepare()
        application.database.after_commit(feed.wake)
        application.start()
        try:
            yield
        finally:
            await run_in_threadpool(application.stop)

    app = FastAPI(
        title="Mall parking",
        version="1",
        lifespan=lifespan,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    errors.install(app)
    for router in _routers(application, settings, signer, keys, feed, clock):
        app.include_router(router, prefix=API)
    _live_routes(app, application)
    _operations(app, application)
    pages.install(app, kiosk_ui.dist())
    app.add_middleware(
        PrincipalMiddleware,
        database=application.database,
        clock=clock,
        stay_tokens=ring,
        keys=keys,
        origins=(settings.public_url,),
    )
    app.add_middleware(BodyLimit)
    return app


def _routers(
    application: Application,
    settings: Settings,
    signer: Signer,
    keys: DeviceKeys,
    feed: gate_api.CopyFeed,
    clock: Clock,
) -> tuple[APIRouter, ...]:
    database, site = application.database, application.site
    log_ins = LogIns(database, clock, Passwords())
    journeys = journeys_api.Journeys(
        database=database,
        cashier=application.cashier,
        signer=signer,
        clock=clock,
        audit=audit.record,
        public_url=settings.public_url,
        qr_svg=qr_svg,
        lanes=lambda: database.read(application.live.lanes),
    )
    return (
        site_api.router(site),
        guidance_api.router(database, application.occupancy),
        security_api.router(database, log_ins, RateLimiter(clock, most=20, per_s=60.0)),
        access_api.router(database, site.id, audit.record),
        sessions_api.router(database, audit.record),
        journeys_api.router(journeys),
        payments_api.router(application.cashier),
        gate_api.router(database, keys.verify_batch, signer, clock, site.id, feed, application.contacts),
    )


def _live_routes(app: FastAPI, application: Application) -> None:
    def is_public(key: str) -> bool:
        return key.startswith(PUBLIC_TOPICS)

    def everything(_: str) -> bool:
        return True

    @app.websocket(f"{API}/live")
    async def live(websocket: WebSocket) -> None:
        sees_all = current_principal(websocket).may(Scope.LANES_READ)
        await application.hub.serve(websocket, everything if sees_all else is_public, with_events=sees_all)


def _operations(app: FastAPI, application: Application) -> None:
    registry = CollectorRegistry()
    registry.register(metrics.Collector(application))

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        try:
            backlog = await application.database.aread(outbox.backlog)
        except Exception:
            return JSONResponse({"status": "unavailable", "database": "away"}, status_code=503)
        return JSONResponse({"status": "ok", "outbox_pending": backlog})

    @app.get("/metrics", include_in_schema=False)
    async def scrape() -> Response:
        return PlainTextResponse(await run_in_threadpool(generate_latest, registry))


def qr_svg(text: str) -> str:
    """A QR code (ISO/IEC 18004, error correction M) as an SVG element without fixed size."""
    out = io.BytesIO()
    segno.make(text, error="m").save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2, dark="#000", light="#fff"
    )
    return out.getvalue().decode()

