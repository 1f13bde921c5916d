"""The quote endpoint against a bare FastAPI route with one SQLite read: CPU time of one request as a multiple of the bare one's.

Ours knows who asks (a signed ticket), reads the stay, its stops, its ledger and its coupons, prices it whole, itemises it and looks
ahead. The bare one reads one row of the same table of the same file in a pool thread and answers with a body of the same size. Both are
called in turn through ASGI without a socket, in random order; CPU time is that of the process, threads included.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from pathlib import Path

import anyio
import httpx
import sqlalchemy as sa
from fastapi import FastAPI

from parking.sessions import store
from tests.builders.application import a_server

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


async def spent(client: httpx.AsyncClient, headers: dict[str, str]) -> float:
    """CPU seconds of one request."""
    began = time.process_time()
    for _ in range(REQUESTS):
        reply = await client.get(PATH, headers=headers)
        assert reply.status_code == 200
    return (time.process_time() - began) / REQUESTS


async def measure(
    ours: FastAPI, bare: FastAPI, headers: dict[str, str], chance: random.Random
) -> list[tuple[float, float]]:
    """Per round: CPU seconds of ours and of the bare route."""
    pairs = []
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(ours), base_url="http://test") as first,
        httpx.AsyncClient(transport=httpx.ASGITransport(bare), base_url="http://test") as second,
    ):
        for number in range(ROUNDS + 1):
            cost = {}
            for name, client in chance.sample((("ours", first), ("bare", second)), 2):
                cost[name] = await spent(client, headers)
            if number:  # the first round warms both
                pairs.append((cost["ours"], cost["bare"]))
    return pairs


def test_quote_endpoint() -> None:
    """The ratio is printed, whatever it is."""
    with tempfile.TemporaryDirectory() as folder, a_server(Path(folder)) as server:
        stay_id = server.enter()
        server.park(hours=1, minutes=30)
        headers = server.as_("driver", stay_id)
        size = len(server.client.get(PATH, headers=headers).content)
        bare = bare_app(server.settings.database_url, stay_id, size)
        pairs = anyio.run(measure, server.app, bare, headers, random.Random(20261128))
    ratio = statistics.median(ours / bare for ours, bare in pairs)
    ours, bare_s = (statistics.median(one) for one in zip(*pairs, strict=True))
    verdict = "holds" if ratio <= GOAL else "falls short"
    print(
        f"\nquote endpoint: {ours * 1e3:.2f} ms of CPU against {bare_s * 1e3:.2f} ms of a bare route with one read, "
        f"{ratio:.2f} times, goal {GOAL}, {verdict}"
    )
