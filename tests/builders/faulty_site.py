"""A whole server with one simulated payment company on a real socket: the company fails as told, and our process dies at a named point.

A death is the end of all objects in memory: the transaction under way is rolled back, what comes up again has the database only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx
import yaml
from fastapi import FastAPI

from hardware_sim.providers.books import Books
from hardware_sim.providers.server import ProviderServer, Request, Wire
from hardware_sim.providers.side_door import side_door
from parking.bootstrap.application import Application, build
from parking.bootstrap.tables import all_tables
from parking.kernel.clock import ManualClock
from parking.kernel.ids import SeededIds
from parking.plumbing.inline_database import InlineDatabase
from parking.plumbing.unit_of_work import UnitOfWork
from parking.web import errors
from payments import api, refunding
from payments.providers import channels
from payments.providers.abilities import RefundOutcome
from payments.providers.registry import Surroundings
from payments.webhooks import Callbacks
from tests.builders.journeys import MORNING, TARIFF, SiteStory, demo_settings
from tests.builders.payments import Key
from tests.builders.providers import a_stripe_wire, a_wechat_wire, an_alipay_wire, nonces, papers_of

T = TypeVar("T")
MALL = "http://mall.test"
WIRES: dict[str, Callable[[ManualClock], Any]] = {
    "wechat": a_wechat_wire,
    "alipay": an_alipay_wire,
    "stripe": a_stripe_wire,
}
UNDONE, DONE, SENT = "before the commit", "after the commit", "before the answer"


class Crash(BaseException):
    """Our process is gone; it passes every `except Exception`."""


@dataclass
class Reaper:
    """Strikes once, at `moment` of the first `place` that fits: a transaction's author, or an operation at the company."""

    moment: str = ""
    place: str = ""
    has_struck: bool = False

    def pass_by(self, moment: str, place: str) -> None:
        if not self.has_struck and moment == self.moment and place.startswith(self.place):
            self.has_struck = True
            raise Crash


class MortalDatabase(InlineDatabase):
    """Every transaction of this database may be the last one of its process."""

    def __init__(self, reaper: Reaper) -> None:
        super().__init__(clock=ManualClock(MORNING), ids=SeededIds(7), origin="server")
        self.reaper = reaper

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        author = work.__qualname__

        def and_die(uow: UnitOfWork) -> T:
            result = work(uow)
            self.reaper.pass_by(UNDONE, author)
            return result

        result = super().write(and_die)
        self.reaper.pass_by(DONE, author)
        return result


class MortalClient(httpx.Client):
    """Sends, and may die before it hears the answer."""

    def __init__(self, reaper: Reaper, wire: Wire, **how: Any) -> None:
        super().__init__(**how)
        self._reaper = reaper
        self._wire = wire

    def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Request(request.method, request.url.raw_path.decode(), headers, request.read())
        try:
            return super().send(request, **how)
        finally:
            self._reaper.pass_by(SENT, self._wire.operation(asked))


class MortalSurroundings(Surroundings):
    """What our channels are built from, with clients that may die."""

    reaper: Reaper
    wire: Wire

    def client(self, url: str, timeout_s: float) -> httpx.Client:
        client = MortalClient(self.reaper, self.wire, base_url=url, timeout=timeout_s, trust_env=False)
        self.opened.append(client)
        return client


class Server(Protocol):
    """Whose door it is; `is_down` from its process's death until it has come up again."""

    app: FastAPI
    is_down: bool


def door_of(application: Application) -> FastAPI:
    """The routes of the payments room as the server has them."""
    app = FastAPI()
    errors.install(app)
    providers = {name: channel.provider for name, channel in application.channels.items()}
    callbacks = Callbacks(application.database, providers, {RefundOutcome: refunding.told})
    app.include_router(api.router(callbacks), prefix="/api/v1")
    return app


class OurDoor(httpx.BaseTransport):
    """Brings a company's callbacks to the server's own routes, as long as the server lives."""

    def __init__(self, site: Server) -> None:
        self._site = site

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._site.is_down:
            raise httpx.ConnectError("nobody is there", request=request)
        try:
            return asyncio.run(self._ask(request))
        except Crash:
            self._site.is_down = True
            raise httpx.ReadError("hung up", request=request) from None

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        transport = httpx.ASGITransport(self._site.app)
        async with httpx.AsyncClient(transport=transport, base_url=MALL) as client:
            path, headers = request.url.raw_path.decode(), dict(request.headers)
            answer = await client.request(request.method, path, content=request.read(), headers=headers)
        return httpx.Response(answer.status_code, content=answer.content)


class FaultySite(SiteStory):
    """A story whose one channel is a real company; `restart` is what comes up after a death."""

    def __init__(self, kind: str, folder: Path, reaper: Reaper, *, timeout_s: float = 20.0) -> None:
        self.kind, self.reaper, self.is_down = kind, reaper, False
        self._folder, self._timeout_s = folder, timeout_s
        self._around: Surroundings | None = None
        self._papers: Any = None
        self.server: ProviderServer | None = None
        database = MortalDatabase(reaper)
        database.create_tables(all_tables())
        super().__init__(database)

    @property
    def wire(self) -> Wire:
        assert self.server is not None
        return self.server.wire

    @property
    def books(self) -> Books:
        return self.wire.books

    def restart(self, *, tariff: Path = TARIFF) -> Application:
        """A new process on the same database; its settings are those of today, a key that the company has replaced included."""
        if self.server is None:
            self.server = ProviderServer(WIRES[self.kind](self.clock), side_door)
            self.server.start(callbacks=False)
            if self.kind == "stripe":
                self.wire.send_webhooks_to(f"{MALL}/api/v1/payments/stripe/callback")  # type: ignore[attr-defined]
        if (
            self._papers is None or self.kind != "wechat"
        ):  # who knows WeChat's api key learns its new certificates by itself
            self._papers = papers_of(self.wire, self.kind, self.books.base_url)
        settings, files = self._papers
        for name, text in files.items():
            (self._folder / name).write_text(text)
        entry = {"kind": self.kind, "name": {"zh": "渠道", "en": "Channel"}, **settings, "timeout_s": self._timeout_s}
        path = self._folder / "channels.yaml"
        path.write_text(yaml.safe_dump({"channels": {self.kind: entry}}, allow_unicode=True))
        self._hang_up()
        around = MortalSurroundings(self.clock, nonces(), self._folder, lambda _: Key(), lambda _: Key())
        object.__setattr__(around, "reaper", self.reaper)
        object.__setattr__(around, "wire", self.wire)
        self._around = around
        opened = channels.load(path, around)
        self.application = build(
            demo_settings(tariff_file=tariff, public_url=MALL), self.database, clock=self.clock, channels=opened
        )
        self.application.prepare()
        self.app = door_of(self.application)
        self.is_down = False
        self.application.drain()
        return self.application

    def live(self, step: Callable[[], T]) -> T | None:
        """Do it; if we die of it, come up again and do it once more, as a driver or an operator would."""
        try:
            return step()
        except Crash:
            self.restart()
            return step()

    def deliver(self) -> None:
        """The company tells what is due, to whoever is there to hear it."""
        assert self.server is not None
        with httpx.Client(transport=OurDoor(self)) as client:
            self.server.deliver(client)
        if self.is_down:
            self.live(self.restart)

    def wait(self, **span: float) -> None:
        """Time passes, and everything that is due is done."""
        self.clock.advance(timedelta(**span))
        self.live(self.application_drains)

    def application_drains(self) -> None:
        self.application.drain()

    def close(self) -> None:
        self._hang_up()
        if self.server is not None:
            self.server.stop()
        self.database.close()

    def _hang_up(self) -> None:
        if self._around is not None:
            self._around.close()
