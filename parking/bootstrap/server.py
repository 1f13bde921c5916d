"""The server: the application behind HTTP and websockets. Middleware outside in: proxies, headers, HEAD, size, refusals, who, places."""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import segno
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import kiosk_ui
from guidance import api as guidance_api
from guidance import bay_api, bay_ways_api, next_door_api
from guidance.bay_ways import BayWays
from parking.access import api as access_api
from parking.access.invitations_api import InvitationCodes
from parking.bootstrap import cash_desk, desk, figures, finding, live_routes, loyalty, metrics, pages, tariffs
from parking.bootstrap.application import Application, build
from parking.bootstrap.channels import open_channels, open_invoices
from parking.bootstrap.gate_codes import invitation_codes
from parking.bootstrap.keys import Ed25519Signer, KeyRing, ed25519_check, load_signer
from parking.bootstrap.live_topics import Topics
from parking.bootstrap.quote_marks import marks_of
from parking.bootstrap.settings import Settings
from parking.emergency import api as emergency_api
from parking.gate import api as gate_api
from parking.gate import pictures_api
from parking.journeys import api as journeys_api
from parking.journeys import owing_api, quote_api
from parking.journeys.quoting import Quotes
from parking.kernel.clock import Clock, SystemClock
from parking.kernel.ids import Ids, RandomIds, StayId
from parking.plumbing import outbox
from parking.plumbing.db import open_database
from parking.plumbing.redis_streams import RedisBus
from parking.security import api as security_api
from parking.security import audit, looks
from parking.security import search_api as security_search_api
from parking.security import store as security_store
from parking.security.ceremonies import party_of
from parking.security.devices import DeviceKeys
from parking.security.middleware import PrincipalMiddleware
from parking.security.passkeys import Passkeys
from parking.security.passwords import Passwords
from parking.security.service import LogIns
from parking.sessions import api as sessions_api
from parking.sessions import store as stays
from parking.site import api as site_api
from parking.site.graph import drive_graph, walk_graph
from parking.web import errors
from parking.web.heads import HeadAsGet
from parking.web.lasting import LastingLimit
from parking.web.limits import BodyLimit
from parking.web.refused import CountRefused, RefusedSockets
from parking.web.rights_bell import RightsBell
from parking.web.secure_headers import SecureHeaders
from payments import api as payments_api
from payments import books_api, refunding
from payments.cash.model import CHANNEL as CASH
from payments.providers.abilities import RefundOutcome, StandingChanged
from payments.webhooks import Callbacks

API = "/api/v1"


def create_app(settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None) -> FastAPI:
    """The whole server as an ASGI application; it starts its threads when it is served and stops them when it ends."""
    clock, ids = clock or SystemClock(), ids or RandomIds()
    signer = load_signer(settings.keys_dir / "server.pem")
    resources = contextlib.ExitStack()
    channels = open_channels(settings, clock, resources)
    database = open_database(settings.database_url, clock=clock, ids=ids, origin="server")
    bus = None if settings.bus_url == "memory://" else RedisBus(database, settings.bus_url)
    invoices = open_invoices(settings, clock, resources)
    application = build(
        settings, database, clock=clock, channels=channels, bus=bus, invoices=invoices, resources=resources
    )
    return wrap(application, settings, signer=signer, clock=clock)


def wrap(application: Application, settings: Settings, *, signer: Ed25519Signer, clock: Clock) -> FastAPI:
    """HTTP and websockets around an application."""
    feed, bell, refused = gate_api.CopyFeed(), RightsBell(), RefusedSockets(clock)
    keys = DeviceKeys(ed25519_check)
    log_ins = LogIns(application.database, clock, Passwords(), bell.ring)

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
        description="The live feed stands beside what is described here: the websocket /api/v1/live and its server-sent twin "
        "/api/v1/live/stream, with topics, resuming and rights as docs/live-feed.md says.",
        version="1",
        lifespan=lifespan,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # a path may name a plate: it goes to nobody
    )

    def about_to_stop() -> None:
        feed.close()
        application.hub.close()

    app.state.about_to_stop = about_to_stop
    errors.install(app)
    for router in _routers(application, settings, signer, keys, feed, clock, log_ins):
        app.include_router(router, prefix=API)
    app.include_router(live_routes.router(application.hub, Topics(application.site), bell), prefix=API)
    _operations(app, application, refused)
    pages.install(app, kiosk_ui.dist())
    app.add_middleware(
        LastingLimit,
        each=settings.live_each,
        most=settings.live_most,
        lasts=_lasts,
    )
    app.add_middleware(
        PrincipalMiddleware,
        database=application.database,
        clock=clock,
        stay_tokens=KeyRing([signer.public]),
        keys=keys,
        origins=(settings.public_url,),
    )
    app.add_middleware(CountRefused, refused=refused)
    app.add_middleware(BodyLimit)
    app.add_middleware(HeadAsGet, lasts=_lasts)
    app.add_middleware(SecureHeaders)
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
    return app


def _lasts(path: str) -> bool:
    return path == f"{API}{live_routes.STREAM}"


def _routers(
    application: Application,
    settings: Settings,
    signer: Ed25519Signer,
    keys: DeviceKeys,
    feed: gate_api.CopyFeed,
    clock: Clock,
    log_ins: LogIns,
) -> tuple[APIRouter, ...]:
    database, site = application.database, application.site
    passkeys = Passkeys(database, clock, log_ins, party_of(settings.public_url, site.name.zh))
    journeys = journeys_api.Journeys(
        database=database,
        cashier=application.cashier,
        signer=signer,
        clock=clock,
        audit=audit.record,
        public_url=settings.public_url,
        qr_svg=qr_svg,
        costs_of=application.costs_of,
        lanes=application.live.lanes,
        look=looks.note,
        join_url=settings.join_url,
        in_app=cash_desk.in_app(application),
    )
    return (
        quote_api.router(database, Quotes(application.cashier, marks_of), clock, looks.note),  # asked for most: first
        journeys_api.router(journeys),
        site_api.router(site),
        guidance_api.router(database, application.occupancy, lambda _: application.contacts.oldest_s()),
        bay_api.router(application.bays),
        bay_ways_api.router(
            application.bays,
            BayWays(site, drive_graph(site.plan), walk_graph(site.plan), database.ids),
            clock,
        ),
        next_door_api.router(application.next_door, clock, site.currency),
        security_api.router(database, log_ins, clock, (settings.public_url,), passkeys=passkeys),
        security_search_api.router(database),
        application.given_up.router(),
        access_api.router(
            database,
            site.id,
            audit.record,
            looks.note,
            time_zone=site.timezone,
            codes=InvitationCodes(invitation_codes(signer, site.id), qr_svg),
        ),
        sessions_api.router(database, audit.record),
        *desk.routers(application, clock, _name_of),
        *loyalty.routers(application, settings, signer, clock, qr_svg),
        finding.router(application, settings, signer, clock),
        owing_api.router(database, application.cashier, clock, audit.record, ZoneInfo(site.timezone)),
        *cash_desk.routers(application, signer, clock, _name_of),
        emergency_api.router(emergency_api.Desk(database, application.reach, clock, _name_of, _plate_of)),
        books_api.router(database, audit.record, CASH if CASH in application.channels else None),
        figures.router(database, application.figures, site),
        tariffs.router(application, clock, _name_of),
        payments_api.router(
            Callbacks(
                database,
                {name: channel.provider for name, channel in application.channels.items()},
                {RefundOutcome: refunding.told, StandingChanged: application.notices.told},
            ),
            application.channels,
            application.cashier.collector.troubled,
        ),
        gate_api.router(database, keys.verify_batch, signer, clock, site.id, feed, application.contacts),
        pictures_api.router(pictures_api.CasePictures(clock, lambda: feed.closed), database, audit.record),
    )


def _name_of(conn: Connection, actor: str) -> str:
    """What people call an operator with this id; anybody else by the id itself."""
    operator = security_store.operator_by_id(conn, actor)
    return actor if operator is None else operator.display_name or operator.username


def _plate_of(conn: Connection, stay_id: StayId) -> str | None:
    """The masked plate of a stay; None where it has none, or where it has been forgotten."""
    stay = stays.get(conn, stay_id)
    return stay.plate.masked if stay is not None and stay.plate else None


def _operations(app: FastAPI, application: Application, refused: RefusedSockets) -> None:
    registry = CollectorRegistry()
    registry.register(metrics.Collector(application, refused))

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        try:  # an empty transaction: a database that only reads is not ready
            backlog = await application.database.awrite(lambda uow: outbox.backlog(uow.connection))
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
