"""A server whose whole business is a script: real wire shapes, real live feed, real error bodies; tests decide what is true.

It stands on the real web kit and answers with the real schemas, so that what the pages learn here holds there too.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket
from starlette.requests import HTTPConnection

from parking.bootstrap import pages
from parking.kernel.principal import ANONYMOUS, Principal, Scope
from parking.web import errors
from parking.web.live import SITE, LiveHub, View
from parking.web.live_viewers import EventStream, serve_socket
from parking.web.secure_headers import SecureHeaders
from tests.browser import fake_routes
from tests.browser.fake_cash import FakeCash
from tests.browser.fake_desk import FakeDesk
from tests.browser.fake_find import FakeFind
from tests.browser.fake_guide import FakeGuide
from tests.browser.fake_help import FakeHelp
from tests.browser.fake_lane import FakeLane
from tests.browser.fake_map import FakeMap
from tests.browser.fake_money import FakeMoney
from tests.browser.script import KIOSK_KEY, SCOPES, FakePayment, FakeStay, Opened, bill, stamp
from tests.builders.plumbing import eventually


@dataclass
class FakeServer:
    """Start it, tell it what is true, take it away, bring it back: the address stays the same."""

    dist: Path | None
    moment: datetime | None = None
    hub: LiveHub = field(default_factory=lambda: LiveHub(_topics_of))
    sockets: bool = True
    stays: dict[str, FakeStay] = field(default_factory=dict)
    payments: dict[str, FakePayment] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    resolved: dict[str, str] = field(default_factory=dict)
    opened: list[Opened] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    zones: dict[str, dict[str, Any]] = field(default_factory=dict)
    lanes: dict[str, dict[str, Any]] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    scopes: frozenset[Scope] = SCOPES
    money: FakeMoney = field(default_factory=FakeMoney)

    def __post_init__(self) -> None:
        self.help = FakeHelp(self)
        self.lane_visits = FakeLane(self)
        self.desk = FakeDesk(self)
        self.find = FakeFind(self)
        self.guide = FakeGuide(self)
        self.map = FakeMap(self)
        self.cash = FakeCash(self)
        self._shift = self.moment - datetime.now(UTC) if self.moment else timedelta(0)
        self._events = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        self.join_url: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def now(self) -> datetime:
        """The script's time: it starts at `moment` and runs as fast as any."""
        return datetime.now(UTC) + self._shift

    # --- what is true -------------------------------------------------------------------------------------------------

    def zone(self, zone_id: str, **changes: Any) -> None:
        value = self.zones.setdefault(zone_id, {"name": {"zh": zone_id, "en": zone_id}, "capacity": 30, "known": True})
        value |= changes
        value |= {"occupied": value["capacity"] - value["free"], "at": stamp(self.now())}
        self.hub.put(f"zone.{zone_id}", dict(value))

    def lane(self, lane_id: str, **changes: Any) -> None:
        empty = dict.fromkeys(("plate", "rule", "reason", "due", "fault", "held"))
        value = self.lanes.setdefault(lane_id, {"state": "idle", "mode": "normal", "causes": [], **empty})
        value |= {"at": stamp(self.now()), **changes}
        self.hub.put(f"lane.{lane_id}", dict(value))

    def sign(self, sign_id: str, **value: Any) -> None:
        self.hub.put(f"sign.{sign_id}", {"health": "ok", "at": stamp(self.now()), **value})

    def device(self, device_id: str, health: str, detail: str = "") -> None:
        self.hub.put(f"device.{device_id}", {"health": health, "detail": detail, "at": stamp(self.now())})

    def event(self, kind: str, *, ago_s: float = 0, **more: Any) -> None:
        """Append one line to the event stream; keys as the server sends them."""
        self._events += 1
        keys = ("lane_id", "zone_id", "sign_id", "device_id", "plate", "amount", "reason", "direction", "allowed")
        at = stamp(self.now() - timedelta(seconds=ago_s))
        self.hub.append({"id": f"e{self._events:05d}", "at": at, "type": kind, **dict.fromkeys(keys), **more})

    def case(
        self, case_id: str, reason: str, *, lane_id: str | None = None, stay_id: str | None = None, ago_s: float = 0
    ) -> None:
        at = stamp(self.now() - timedelta(seconds=ago_s))
        links = {"stay_id": stay_id, "visit_id": None, "lane_id": lane_id}
        done = {"note": "", "resolved_by": ""}
        self.cases[case_id] = {"id": case_id, "reason": reason, **links, "opened_at": at, "state": "open", **done}
        self.event("CaseOpened", reason=reason, lane_id=lane_id, ago_s=ago_s)

    def stay(self, plate: str, token: str, *, minutes: int, lines: list[tuple[str, str, int, int, int]]) -> FakeStay:
        """A stay that has lasted `minutes`; each line is (zh, en, minutes, count, unit in minor units)."""
        stay = FakeStay(plate, token, self.now() - timedelta(minutes=minutes), bill(lines))
        self.stays[token] = stay
        return stay

    def pay(self, payment_id: str | None = None, state: str = "PAID") -> None:
        """The wallet has decided about a payment (the newest, if none is named; a page may just be asking for it)."""
        eventually(lambda: bool(self.payments))
        payment = self.payments[payment_id or list(self.payments)[-1]]
        payment.state = state
        if state == "PAID":
            self.settle(payment.token)

    def settle(self, token: str) -> None:
        """All of a stay is paid, and its car may leave."""
        stay = self.stays[token]
        stay.bill = {**stay.bill, "paid": stay.bill["total"], "due": {**stay.bill["due"], "amount": 0}}
        stay.bill.pop("can_settle", None)
        stay.state, stay.leave_by = "settled", self.now() + timedelta(minutes=15)

    # --- being there, and not ----------------------------------------------------------------------------------------

    def start(self) -> None:
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        config = uvicorn.Config(
            self._app(), log_level="error", ws="websockets-sansio", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Gone, with all its connections; what was true stays true."""
        assert self._server is not None
        assert self._thread is not None
        self.hub.close()
        self._server.should_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _app(self) -> FastAPI:
        app = FastAPI(openapi_url=None, docs_url=None)
        errors.install(app)
        fake_routes.install(app, self)
        self._live(app)
        pages.install(app, self.dist)

        @app.middleware("http")
        async def principal(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
            request.state.principal = self._who(request)
            return await call_next(request)

        app.add_middleware(SecureHeaders)
        return app

    def _live(self, app: FastAPI) -> None:
        @app.websocket("/api/v1/live")
        async def live(websocket: WebSocket) -> None:
            if self.sockets:
                await serve_socket(self.hub, websocket, self._view(websocket))
            else:  # a network that lets none through
                await websocket.close()

        @app.get("/api/v1/live/stream")
        async def stream(request: Request) -> EventStream:
            return EventStream(self.hub, request, self._view(request))

    def _view(self, connection: HTTPConnection) -> View:
        inside = connection.cookies.get("parking_session") in self.sessions
        asked = frozenset(connection.query_params["topics"].split(","))
        return View(_everything if inside else _public, asked - {"events"}, events=inside and "events" in asked)

    def _who(self, request: Request) -> Principal:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer == KIOSK_KEY:
            return Principal("device", "kiosk-1", frozenset({Scope.KIOSK}))
        if bearer in self.stays and bearer not in self.expired:
            return Principal("driver", bearer, frozenset({Scope.OWN_STAY}))
        if not bearer and request.cookies.get("parking_session") in self.sessions:
            return Principal("operator", "wangfang", self.scopes)
        return ANONYMOUS


def _topics_of(key: str) -> tuple[str, ...]:
    return SITE, key.partition(".")[0]


def _everything(key: str) -> bool:
    return True


def _public(key: str) -> bool:
    return key.startswith(("zone.", "sign."))
