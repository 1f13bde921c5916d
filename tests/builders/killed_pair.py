"""A gate box and a server as processes that live to be killed: the product's lanes, journal, copy and link on a simulated board, and
its ingest, handlers and copy feed behind a socket. What each has promised it writes into a pipe, which no kill can take back.
"""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import structlog

from parking.access.facts import LaneRules, PlateEvidence
from parking.bootstrap.application import build
from parking.bootstrap.keys import Ed25519Signer, KeyRing
from parking.bootstrap.tables import all_tables
from parking.gate.barrier import Barrier
from parking.gate.causal_order import release_all
from parking.gate.controller import Lane
from parking.gate.copy_feed import Asked, next_change
from parking.gate.edge_file import EdgeFile
from parking.gate.ingest import ingest, parse_batch
from parking.gate.inputs import lane_inputs
from parking.gate.journal import FileJournal
from parking.gate.link_wire import seal_ack, seal_message
from parking.gate.local_copy import LocalCopy
from parking.gate.model import BarrierConfig, LaneConfig, Wiring
from parking.gate.relays.memory import MemoryBoard
from parking.gate.sync import Downlink, Link, Uplink, new_client
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.events import Direction, Envelope
from parking.kernel.ids import LaneId, RandomIds, VisitId
from parking.kernel.plate import Plate
from parking.plumbing.db import open_database
from payments.providers.memory import MemoryProvider
from tests.builders.journeys import demo_settings
from tests.builders.plumbing import PLATES_KEY

BEGIN = datetime(2026, 3, 7, 1, 0, tzinfo=UTC)
SPEED = 20.0
"""The world's seconds in one of ours."""
STEP = timedelta(milliseconds=20)
PRESENCE, SAFETY = 0, 1


@dataclass(frozen=True, slots=True)
class Pair:
    """Where both keep their things and how they know each other; `began` is the machine's time at the world's beginning."""

    folder: Path
    port: int
    device: Ed25519Signer
    server: Ed25519Signer
    began: float

    @property
    def box_file(self) -> Path:
        return self.folder / "edge.db"

    @property
    def server_url(self) -> str:
        return f"sqlite:///{self.folder}/server.db"


class WorldClock:
    """The world's time, the same in every process of a run."""

    def __init__(self, began: float) -> None:
        self._began = began

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=(time.time() - self._began) * SPEED)

    def monotonic_s(self) -> float:
        return time.monotonic() * SPEED


def fork(life: Callable[[Pair, int], None], pair: Pair) -> tuple[int, int]:
    """A child that lives `life`; its process id and the reading end of its pipe."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        os.close(reading)
        structlog.configure(processors=[_drop])
        life(pair, writing)
    finally:
        os._exit(0)


def _drop(_logger: Any, _name: str, _event: Any) -> Any:
    raise structlog.DropEvent


def promise(pipe: int, what: str) -> None:
    """Tell the outside something that must be true whatever dies next."""
    os.write(pipe, f"{what}\n".encode())


# --- the server ------------------------------------------------------------------------------------------------------


def live_as_server(pair: Pair, pipe: int) -> None:
    """Answer the box until killed, or told to stop by SIGTERM."""
    clock = WorldClock(pair.began)
    database = open_database(pair.server_url, clock=clock, ids=RandomIds(), origin="server")
    database.pseudonyms.open([PLATES_KEY])
    database.create_tables(all_tables())
    application = build(demo_settings(), database, clock=clock, providers={"wallet": MemoryProvider(clock)})
    application.prepare()
    trusted = KeyRing([pair.device.public])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            key, _, text = self.headers["Device-Signature"].partition(".")
            if not trusted.verify(key, raw, base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))):
                self._answer(401, b"{}")
                return
            batch = parse_batch(raw)
            acked = database.write(
                lambda uow: ingest(
                    uow, batch.device, batch.epoch, batch.events, batch.oldest, batch.until, batch.through
                )
            )
            promise(pipe, f"acked {acked}")
            self._answer(200, json.dumps({"token": seal_ack(acked, raw, pair.server, clock.now())}).encode())

        def do_GET(self) -> None:
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            asked = Asked(query.get("epoch", ""), int(query["since"]))
            change = database.read(lambda conn: next_change(conn, "demo", asked))
            self._answer(200, seal_message(change, pair.server, clock.now(), query["nonce"]))

        def _answer(self, status: int, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody listens."""

    class Server(ThreadingHTTPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """The box was killed in the middle of a request: that is what this is about."""

    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    server = Server(("127.0.0.1", pair.port), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    promise(pipe, "up")
    while not stopping.is_set():
        release_all(database)
        application.drain()
        stopping.wait(0.01)
    server.shutdown()
    release_all(database)
    application.drain()
    database.close()


# --- the box ---------------------------------------------------------------------------------------------------------


class PromisingJournal:
    """The journal, telling the outside what is safe as soon as it says so."""

    def __init__(self, journal: FileJournal, pipe: int) -> None:
        self._journal = journal
        self._pipe = pipe

    def append(self, lane_id: LaneId, envelopes: Any, lane_state: Any, *, carried_out: str | None = None) -> None:
        self._journal.append(lane_id, envelopes, lane_state, carried_out=carried_out)
        said: list[Envelope] = list(envelopes)
        if said:
            promise(self._pipe, "told " + " ".join(one.id for one in said))

    def lane_state(self, lane_id: LaneId) -> Any:
        return self._journal.lane_state(lane_id)


class PromisingBoard(MemoryBoard):
    """A board that tells the outside of every pulse that it is about to give."""

    pipe = -1
    visit = ""

    def pulse(self, coil: int, duration_ms: int, **limits: Any) -> bool:
        promise(self.pipe, f"pulsed {self.visit}")
        return super().pulse(coil, duration_ms, **limits)


class Eye:
    """A camera that reads whatever stands there at once."""

    def __init__(self, board: PromisingBoard) -> None:
        self._board = board
        self.visit: VisitId | None = None

    def begin(self, visit_id: VisitId) -> None:
        self.visit = visit_id
        self._board.visit = visit_id

    def end(self) -> None:
        self.visit = None


class LivingLane:
    """One lane on its own board, driven by simulated cars."""

    def __init__(
        self, name: str, direction: Direction, copy: LocalCopy, journal: PromisingJournal, clock: ManualClock, pipe: int
    ) -> None:
        self._clock = clock
        self._board = PromisingBoard(clock)
        self._board.pipe = pipe
        self._eye = Eye(self._board)
        self._wiring = Wiring(presence=PRESENCE, safety=SAFETY)
        barrier = Barrier(self._board, BarrierConfig(open_coil=0), clock)
        config = LaneConfig(LaneId(name), direction, LaneRules())
        self._lane = Lane(config, barrier, copy, journal, self._eye, clock=clock, ids=RandomIds(), origin="edge-1")
        self._steps(0.2)

    def drive(self, plate: Plate) -> bool:
        """A car drives up and, if it is let through, on; whether it was."""
        before = len(self._board.log)
        self._board.set_input(PRESENCE, True)
        self._steps(0.2)
        for _ in range(15):
            if self._eye.visit is not None:
                seen = PlateEvidence(plate, 0.97, 6.0, 5, 6, self._clock.now())
                self._step((self._eye.visit, seen))
            if len(self._board.log) > before:
                break
            self._steps(0.2)
        passes = len(self._board.log) > before
        if passes:
            self._board.set_input(SAFETY, True)
            self._steps(0.2)
        self._board.set_input(PRESENCE, False)
        self._steps(0.2)
        self._board.set_input(SAFETY, False)
        self._steps(1.8)
        return passes

    def _steps(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP.total_seconds())):
            self._step()

    def _step(self, *sightings: Any) -> None:
        self._lane.step(self._clock.now(), lane_inputs(self._board.read(), self._wiring, 0), sightings)
        self._clock.advance(STEP)


def live_as_box(pair: Pair, pipe: int) -> None:
    """Cars in and out until killed; after SIGTERM no more cars, and everything is sent."""
    world = WorldClock(pair.began)
    file = EdgeFile(pair.box_file)
    journal, copy = FileJournal(file), LocalCopy(file)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    link = Link(f"http://127.0.0.1:{pair.port}", "edge-1", pair.device, KeyRing([pair.server.public]), wait_s=0.0)
    uplink = Uplink(link, journal, world, new_client(link))
    downlink = Downlink(link, copy, world, new_client(link))

    def synchronise(turn: Callable[[], object]) -> None:
        while True:
            with suppress(ParkingError):
                turn()
            time.sleep(0.003)

    for turn in (uplink.send, downlink.fetch):
        threading.Thread(target=synchronise, args=(turn,), daemon=True).start()
    clock = ManualClock(max(world.now(), _last_noted(file) + timedelta(seconds=1)))
    dice = random.Random(os.urandom(8))
    inside = _inside(file)
    promising = PromisingJournal(journal, pipe)
    entry = LivingLane("entry-1", Direction.IN, copy, promising, clock, pipe)
    leaving = LivingLane("exit-1", Direction.OUT, copy, promising, clock, pipe)
    promise(pipe, "up")
    while not stopping.is_set():
        clock.set(max(clock.now(), world.now()))
        plate = Plate(f"浙A{dice.randrange(100_000):05d}")
        if plate not in inside and entry.drive(plate):
            inside.append(plate)
        if len(inside) > dice.randrange(4):
            gone = inside.pop(0)
            leaving.drive(gone)
        time.sleep(max(0.0, (clock.now() - world.now()).total_seconds() / SPEED))
    while journal.unacknowledged(1):
        time.sleep(0.005)
    file.close()


def _last_noted(file: EdgeFile) -> datetime:
    row = file.read(lambda conn: conn.execute("SELECT body FROM entry ORDER BY seq DESC LIMIT 1").fetchone())
    return BEGIN if row is None else datetime.fromisoformat(json.loads(row[0])["at"])


def _inside(file: EdgeFile) -> list[Plate]:
    """Who has come in lately and not gone out, after a restart."""
    bodies = file.read(lambda conn: conn.execute("SELECT body FROM entry ORDER BY seq DESC LIMIT 200").fetchall())
    there: list[Plate] = []
    for (body,) in reversed(bodies):
        event = json.loads(body)
        if event["type"] == "VehiclePassed" and event["data"]["plate"]:
            plate = Plate(event["data"]["plate"])
            if event["data"]["direction"] == "in":
                there.append(plate)
            elif plate in there:
                there.remove(plate)
    return there
