"""A real server on a port, over a file, for pages in a real browser; its clock stands still, and a gate box tells it of passages."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from parking.bootstrap.application import Application, build
from parking.bootstrap.keys import create_key
from parking.bootstrap.server import wrap
from parking.gate.api import ingest
from parking.journeys import paying
from parking.kernel.clock import ManualClock
from parking.kernel.events import Direction, Event
from parking.kernel.ids import RandomIds, StayId
from parking.kernel.votes import Votes
from parking.plumbing.db import open_database
from parking.plumbing.outbox import backlog
from parking.plumbing.tables import delivery
from parking.sessions import store
from parking.sessions.model import Stay
from payments import ledger_store
from tests.builders.application import Box, enrol
from tests.builders.journeys import MORNING, demo_settings, passage
from tests.builders.plumbing import count, eventually

TICKET_VALID = timedelta(days=2)


class Office:
    """With one operator of each role, the kiosk `kiosk-1` and the box `edge-1`; `built` goes to `build`, the rest to the settings."""

    def __init__(
        self, folder: Path, *, clock: ManualClock | None = None, built: dict[str, Any] | None = None, **changes: Any
    ) -> None:
        keys = folder / "keys"
        keys.mkdir()
        edge_key, self.signer = create_key(keys / "edge-1.pem"), create_key(keys / "server.pem")
        self.clock = clock or ManualClock(MORNING)
        self._socket = socket.create_server(("127.0.0.1", 0))
        port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.named_url = f"http://localhost:{port}"  # browsers know this one as a secure place, with a name
        changes = {"public_url": self.named_url, **changes}
        settings = demo_settings(database_url=f"sqlite:///{folder / 'server.db'}", keys_dir=keys, **changes)
        database = open_database(settings.database_url, clock=self.clock, ids=RandomIds(), origin="server")
        self.kiosk_token = enrol(database, edge_key)
        parts = {"providers": {}, **(built or {})}
        self.application: Application = build(settings, database, clock=self.clock, **parts)
        app = wrap(self.application, settings, signer=self.signer, clock=self.clock)
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        eventually(lambda: self._server.started)
        self._client = httpx.Client(base_url=self.url, timeout=30)
        self._box = Box(self._client, edge_key)  # type: ignore[arg-type] # it posts, as the test client does

    def hear(self, *events: Event) -> None:
        """The box says something, and all that follows from it has happened."""
        self._box.send(*[self._box.note(event, self.clock.now()) for event in events])
        database = self.application.database
        eventually(lambda: database.read(backlog) == 0 and count(database, delivery) == 0)

    def greet(self, box: str) -> None:
        """A gate box says that it has nothing to tell."""
        now = self.clock.now()
        self.application.database.write(lambda uow: ingest(uow, box, "e1", (), until=now))

    def passes(self, direction: Direction, read: str, *, stay: str | None = None) -> str:
        """A car goes through a lane, read so; its visit."""
        visit = RandomIds().new(self.clock.now())
        self.hear(passage(direction, visit, read, votes=Votes.of([(read, 0.0)], "blue", "civil"), stay=stay))
        return visit

    def ticket(self, stay_id: str) -> str:
        """The code that a driver holds."""
        return paying.ticket(StayId(stay_id), self.signer, self.clock.now() + TICKET_VALID)

    def driver_page(self, stay_id: str) -> str:
        return f"{self.url}/driver/#t={self.ticket(stay_id)}"

    def kiosk_page(self) -> str:
        return f"{self.url}/kiosk/#k={self.kiosk_token}&demo"

    def work(self, **span: float) -> None:
        """Time passes, and the jobs that are due by then are done."""
        self.clock.advance(timedelta(**span))
        self.application.jobs.wake()

    def stay(self, stay_id: str) -> Stay | None:
        return self.application.database.read(lambda conn: store.get(conn, StayId(stay_id)))

    def due(self, stay_id: str) -> int | None:
        return self.application.database.read(lambda conn: ledger_store.stay_sums(conn, StayId(stay_id))).due

    def close(self) -> None:
        self._client.close()
        self._server.should_exit = True
        self._thread.join(20)
        self._socket.close()
