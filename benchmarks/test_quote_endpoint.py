"""The quote endpoint against a bare FastAPI route with one SQLite read: CPU time of one request as a multiple of the bare one's.

Ours knows who asks (a signed ticket), reads all that a quote rests on, prices the stay, itemises it and looks ahead. The bare one reads
one row of the same table of the same file in a pool thread and answers with a body of the same size. Both are called in turn through
ASGI without a socket, in random order; CPU time is that of the process, threads included.

The drivers: one whose page asks again every few seconds (a quote holds for a minute of its stay at most); those whose page has just
opened (it has shown the stay, so the code is known) and asks for its quote the first time; those of an app that asks for nothing but the
quote, so that the code is verified with it; and those of whom more has to be read: one has a coupon, one a coupon of a daily limit, one a
right, one a clock that stood still. Each has the same goal.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import anyio
import httpx
import sqlalchemy as sa
from fastapi import FastAPI

from parking.emergency import emergency_store
from parking.kernel.events import Direction
from parking.kernel.ids import RandomIds, StayId
from parking.plumbing.db import UnitOfWork
from parking.sessions import store
from tests.builders.application import Server, a_server
from tests.builders.journeys import passage

GOAL = 1.5
ROUNDS, REQUESTS = 9, 40
PATH = "/api/v1/my/quote"


def bare_app(url: str, stay_id: str, size: int) -> FastAPI:
    """One route, one read, no checks."""
    app, engine = FastAPI(), sa.create_engine(url)
    query = sa.select(store.stay).where(store.stay.c.id == sa.bindparam("id"))
    padding = "x" * max(0, size - 80)

    @app.get(PATH)
    def read() -> dict[str, str]:
        with engine.connect() as connection:
            row = connection.execute(query, {"id": stay_id}).one()
        return {"id": row.id, "padding": padding}

    return app


Ask = Callable[[], dict[str, str]]
"""The headers of the next request of a driver."""


async def spent(client: httpx.AsyncClient, ask: Ask) -> float:
    """CPU seconds of one request; what leads to it is not counted."""
    whole = 0.0
    for _ in range(REQUESTS):
        headers = ask()
        began = time.process_time()
        reply = await client.get(PATH, headers=headers)
        whole += time.process_time() - began
        assert reply.status_code == 200
    return whole / REQUESTS


async def measure(ours: FastAPI, bare: FastAPI, ask: Ask, chance: random.Random) -> list[tuple[float, float]]:
    """Per round: CPU seconds of ours and of the bare route."""
    pairs = []
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(ours), base_url="http://test") as first,
        httpx.AsyncClient(transport=httpx.ASGITransport(bare), base_url="http://test") as second,
    ):
        for number in range(ROUNDS + 1):
            cost = {}
            for name, client in chance.sample((("ours", first), ("bare", second)), 2):
                cost[name] = await spent(client, ask)
            if number:  # the first round warms both
                pairs.append((cost["ours"], cost["bare"]))
    return pairs


def a_page(server: Server, stay_id: str) -> Ask:
    """A page that asks every three seconds; it shows the code that it was opened with."""
    shown: dict[str, str] = {}

    def ask() -> dict[str, str]:
        server.park(seconds=3)
        if not shown:
            shown.update(server.as_("driver", stay_id))
        return shown

    return ask


def once_each(server: Server, letter: str = "B") -> Ask:
    """One driver after the other, who asks for nothing else; who is asked for again is so an hour later."""
    stays = [RandomIds().new(server.clock.now()) for _ in range(REQUESTS)]
    for number, stay_id in enumerate(stays):
        server.box.note(passage(Direction.IN, stay_id, f"浙{letter}{number:05d}"), server.clock.now())
    server.box.send()
    server.settle_down()
    asked = count()

    def ask() -> dict[str, str]:
        number = next(asked)
        if number % REQUESTS == 0:
            server.park(hours=1)
        return server.as_("driver", stays[number % REQUESTS])

    return ask


def opened_each(server: Server) -> Ask:
    """The same drivers by way of the page: it has asked for their stay before it asks for the quote."""
    once = once_each(server, "F")

    def ask() -> dict[str, str]:
        headers = once()
        assert server.client.get("/api/v1/my/stay", headers=headers).status_code == 200
        return headers

    return ask


def with_coupon(server: Server, plate: str = "浙C00001", campaign: str = "hour", **limits: int) -> str:
    """A stay whose plate has an hour from the café."""
    stay_id = server.enter(plate)
    hour = {
        "issuer": "mall",
        "source": "campaign",
        "zh": "一小时",
        "en": "An hour",
        "currency": "CNY",
        "bound": "plate",
    }
    hour |= {"valid_from": "2026-01-01T00:00:00+08:00", "valid_until": "2026-12-31T00:00:00+08:00"}
    effect = {"kind": "hours", "minutes": 60}
    path = f"/coupons/campaigns/{campaign}"
    saved = server.ask("PUT", path, "manager", json={**hour, **limits, "effect": effect})
    assert saved.status_code == 200, saved.text
    issue, key = {"origin": "1", "plate": plate}, {"Idempotency-Key": campaign}
    given = server.ask("POST", f"{path}/issue", "manager", json=issue, headers=key)
    assert given.status_code == 201, given.text
    server.settle_down()
    return stay_id


def with_right(server: Server) -> str:
    """A stay that costs nothing, as long as its plate is on the list."""
    stay_id = server.enter("浙D00001")
    listed = server.ask("PUT", "/access/list/浙D00001", "manager", json={"listed_as": "vip"})
    assert listed.status_code < 300, listed.text
    server.settle_down()
    return stay_id


def with_stopped_clock(server: Server) -> str:
    """A stay whose fee clock stood still for a while."""
    stay_id = server.enter("浙E00001")

    def stop(uow: UnitOfWork) -> None:
        emergency_store.start_stop(uow.connection, "s1", cause="x", at=uow.now, stay_id=StayId(stay_id))

    server.application.database.write(stop)
    server.park(minutes=5)
    server.application.database.write(lambda uow: emergency_store.end_stops(uow.connection, uow.now, "id", "s1"))
    server.settle_down()
    return stay_id


def test_quote_endpoint() -> None:
    """The ratios are printed, whatever they are."""
    with tempfile.TemporaryDirectory() as folder, a_server(Path(folder)) as server:
        stay_id, other = server.enter(), with_coupon(server)
        limited = with_coupon(server, "浙C00002", "daily", per_day=1)
        right, stopped = with_right(server), with_stopped_clock(server)
        server.park(hours=1, minutes=30)
        drivers = {
            "a page that asks again": a_page(server, stay_id),
            "a page that has just opened": opened_each(server),
            "an app that asks for nothing else": once_each(server),
            "a page with a coupon": a_page(server, other),
            "a page with a coupon of a daily limit": a_page(server, limited),
            "a page with a right": a_page(server, right),
            "a page of a stay whose clock stood still": a_page(server, stopped),
        }
        size = len(server.client.get(PATH, headers=server.as_("driver", stay_id)).content)
        bare = bare_app(server.settings.database_url, stay_id, size)
        for name, ask in drivers.items():
            tell(name, anyio.run(measure, server.app, bare, ask, random.Random(20261128)))


def tell(name: str, pairs: list[tuple[float, float]]) -> None:
    """One line: name, figure, goal, holds or falls short."""
    ratio = statistics.median(ours / bare for ours, bare in pairs)
    ours, bare_s = (statistics.median(one) for one in zip(*pairs, strict=True))
    verdict = "holds" if ratio <= GOAL else "falls short"
    print(
        f"\nquote endpoint, {name}: {ours * 1e3:.2f} ms of CPU against {bare_s * 1e3:.2f} ms of a bare route with one read, "
        f"{ratio:.2f} times, goal {GOAL}, {verdict}"
    )
