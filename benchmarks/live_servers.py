"""The two servers of the live benchmarks, each a process of its own: `python benchmarks/live_servers.py ours|bare`.

`ours` is the feed as the product serves it: uvicorn, FastAPI, the middleware that asks who comes (stay codes by signature, log-ins from
SQLite), topics of the big example site, both rights, backpressure and eviction. `bare` is `websockets.broadcast` to the same groups, with
nothing of all that. Both first print one line (JSON): the port and what to show at the door; then they obey lines on standard input.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI
from websockets.asyncio.server import ServerConnection, broadcast, serve

from parking.bootstrap import live_routes
from parking.bootstrap.keys import KeyRing, create_key, ed25519_check
from parking.bootstrap.live_topics import Topics
from parking.journeys.paying import ticket
from parking.kernel.clock import SystemClock
from parking.kernel.ids import RandomIds, StayId
from parking.plumbing.db import open_database
from parking.security import store
from parking.security.devices import DeviceKeys
from parking.security.middleware import PrincipalMiddleware
from parking.security.model import Session, Whence
from parking.security.service import token_hash
from parking.web.frames import FrameProtocol, StreamProtocol
from parking.web.live import LiveHub
from parking.web.live_viewers import SlowViewer
from tests.builders.application import enrol
from tests.builders.plans import twin_site

SITE = twin_site()
LOG_IN = "log-in-of-the-benchmark"
Change = Callable[[str, Any], None]


def zone_value(number: int) -> dict[str, Any]:
    """A zone's live value, as long as real ones are; when it was made (seconds, the machine's monotonic clock) stands in `made`."""
    name = {"zh": "地下一层甲区", "en": "Level B1, zone A"}
    free = number % 240
    counts = {"capacity": 240, "occupied": 240 - free, "free": free, "known": True, "at": "2026-05-01T12:00:00Z"}
    return {"name": name, **counts, "made": time.monotonic()}


def others(number: int, zone: int) -> list[tuple[str, Any]]:
    """What else a passage changes on the screens: the zone's sign, the lane."""
    sign = {"zone_id": SITE.zones[zone].id, "text": str(number % 240), "health": "ok", "at": "2026-05-01T12:00:00Z"}
    made = {"made": time.monotonic()}
    lane = {"state": "passing", "plate": "浙A***45", "rule": "short_term", "reason": None, "n": number}
    return [(f"sign.{SITE.signs[zone].id}", sign | made), (f"lane.{SITE.lanes[number % 3].id}", lane | made)]


async def obey(change: Change, stuck: Callable[[], bool] = lambda: True) -> None:
    """`go N GAP_S WIDE` makes N events GAP_S apart on a thread, as handlers of events do (WIDE 1: three changes each), `cpu` prints the CPU
    seconds since; `fill` changes one device by 64 KiB until a viewer is `stuck`.
    """
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    number = 0

    def listen() -> None:
        nonlocal number
        began = 0.0
        for line in sys.stdin:
            words = line.split()
            if words[0] == "cpu":
                print(time.process_time() - began, flush=True)
                continue
            if words[0] == "fill":
                size = 65_536
                while not stuck():
                    size += 1
                    change("device.big", {"pad": "x" * size})
                    time.sleep(0.002)
                print("filled", flush=True)
                continue
            began = time.process_time()
            for _ in range(int(words[1])):
                number += 1
                zone = number % len(SITE.zones)
                change(f"zone.{SITE.zones[zone].id}", zone_value(number))
                for key, value in others(number, zone) if words[3] == "1" else ():
                    change(key, value)
                time.sleep(float(words[2]))
        loop.call_soon_threadsafe(over.set)

    threading.Thread(target=listen, daemon=True).start()
    await over.wait()


async def ours(folder: Path) -> None:
    clock = SystemClock()
    database = open_database(f"sqlite:///{folder / 'live.db'}", clock=clock, ids=RandomIds(), origin="server")
    signer, edge = create_key(folder / "server.pem"), create_key(folder / "edge.pem")
    enrol(database, edge)
    found = database.read(lambda conn: store.credentials(conn, "manager"))
    assert found is not None
    now = clock.now()
    session = Session(
        RandomIds().new(now), found[0].id, now, now, now + timedelta(days=1), Whence("127.0.0.1"), "password"
    )
    database.write(lambda uow: store.add_session(uow.connection, token_hash(LOG_IN), session))
    topics = Topics(SITE)
    hub = LiveHub(topics.of, patience_s=600.0)  # whoever is stalled stays, so that the whole round is with him
    for zone in SITE.zones:
        hub.put(f"zone.{zone.id}", zone_value(0))
    app = FastAPI()
    app.include_router(live_routes.router(hub, topics))
    app.add_middleware(
        PrincipalMiddleware,
        database=database,
        clock=clock,
        stay_tokens=KeyRing([signer.public]),
        keys=DeviceKeys(ed25519_check),
    )
    config = uvicorn.Config(
        app, port=0, http=StreamProtocol, ws=FrameProtocol, log_level="error", lifespan="off", ws_ping_interval=None
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    stay = ticket(StayId(RandomIds().new(clock.now())), signer, clock.now() + timedelta(hours=1))
    print(json.dumps({"port": port, "stay": stay, "log_in": LOG_IN}), flush=True)

    def stuck() -> bool:
        return any(not viewer.idle for viewer in hub.viewers if isinstance(viewer, SlowViewer))

    await obey(hub.put, stuck)
    os._exit(0)  # nobody waits for thousands of closing handshakes
    await serving


async def bare() -> None:
    groups: dict[str, set[ServerConnection]] = defaultdict(set)
    topics = Topics(SITE)

    async def hold(connection: ServerConnection) -> None:
        assert connection.request is not None
        for topic in connection.request.path.partition("topics=")[2].split(","):
            groups[topic].add(connection)
        await connection.wait_closed()
        for group in groups.values():
            group.discard(connection)

    async with serve(hold, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(json.dumps({"port": next(iter(server.sockets)).getsockname()[1], "stay": "", "log_in": ""}), flush=True)
        loop = asyncio.get_running_loop()

        def send(key: str, text: str) -> None:
            public = key.startswith(("zone.", "sign."))
            for topic in topics.of(key):
                if public or not topic.startswith("level."):  # the levels' groups are the public's here
                    broadcast(groups[topic], f'{{"type":"delta","seq":1,"values":{{"{key}":{text}}},"events":[]}}')

        def change(key: str, value: Any) -> None:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            loop.call_soon_threadsafe(send, key, text)

        await obey(change)
        os._exit(0)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ours(Path(scratch)) if sys.argv[1] == "ours" else bare())
