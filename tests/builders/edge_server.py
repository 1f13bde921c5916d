"""The server end of a gate box as a few lines on a real socket: it checks signatures, stores in order, and loses answers on demand."""

from __future__ import annotations

import base64
import json
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from parking.access.snapshot import CopyChange, CopyRow
from parking.bootstrap.keys import Ed25519Signer, KeyRing, create_key
from parking.gate.link_wire import CopyImage, seal_ack, seal_message
from parking.kernel.clock import SystemClock
from parking.kernel.errors import ParkingError
from parking.kernel.signed import unseal


class EdgeServer:
    """`events` holds what was stored by epoch, in the order of their numbers; the copy is `rows`."""

    def __init__(self, folder: Path) -> None:
        self.clock = SystemClock()
        self.device_key = create_key(folder / "device.pem")
        self.signer: Ed25519Signer = create_key(folder / "server.pem")
        self.trusted = KeyRing([self.device_key.public])
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.rows: list[CopyRow] = []
        self.received = 0
        self.lost_answers = 0
        """So many batches are stored, but the connection breaks before the answer."""
        self.refuse_with: int | None = None
        self.epoch = "past-1"
        self.page_most: int | None = None
        """So many rows in one page of a change."""
        self.image: CopyImage | None = None
        """What a box gets that has nothing yet."""
        self.ahead_s = 0.0
        """By so much the server's clock is ahead of this machine's."""
        self.silent = threading.Event()
        """While set, requests are taken and never answered: a half-open link."""
        self.changed = threading.Condition()
        self._port = self._version = 0
        self._server: ThreadingHTTPServer | None = None
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen; after a stop on the same port."""
        server = self

        class Handler(_Handler):
            edge = server

        self.stopping.clear()
        self._server = _QuietServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.stopping.set()
        with self.changed:
            self.changed.notify_all()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def put(self, kind: str, key: str, data: dict[str, Any] | None) -> None:
        """Change the copy; boxes that wait are answered."""
        with self.changed:
            self.rows = [row for row in self.rows if (row.kind, row.key) != (kind, key)]
            self._version += 1
            self.rows.append(CopyRow(kind, key, self._version, data))
            self.changed.notify_all()

    def types(self) -> list[str]:
        """The types of all stored events, oldest first."""
        return [event["type"] for stored in self.events.values() for event in stored]

    def told_of_devices(self) -> list[tuple[str, str, str]]:
        """Id, health and detail of each word about a device, oldest first."""
        told = [e["data"] for stored in self.events.values() for e in stored if e["type"] == "DeviceHealthChanged"]
        return [(data["device_id"], data["health"], data["detail"]) for data in told]

    def wait_for(self, count: int, timeout_s: float = 10.0) -> list[str]:
        """The types once `count` events are stored; AssertionError when that takes too long."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.types()) >= count, timeout_s), self.types()
        return self.types()

    def store(self, raw: bytes, header: str) -> int:
        key_id, _, signature = header.partition(".")
        decoded = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        if not self.trusted.verify(key_id, raw, decoded):
            raise PermissionError("unsigned")
        body = json.loads(raw)
        with self.changed:
            stored = self.events.setdefault(body["epoch"], [])
            for event in body["events"]:
                self.received += 1
                if event["seq"] == len(stored) + 1:
                    stored.append(event)
            self.changed.notify_all()
            return len(stored)

    def now(self) -> datetime:
        return self.clock.now() + timedelta(seconds=self.ahead_s)

    def copy_since(self, epoch: str, since: int, wait_s: float, nonce: str) -> bytes:
        """The next message; a box that has seen another past than `epoch` begins anew."""
        since = since if epoch == self.epoch else 0
        if since == 0 and self.image is not None:
            return seal_message(self.image, self.signer, self.now(), nonce)
        with self.changed:
            self.changed.wait_for(
                lambda: self.stopping.is_set() or any(row.version > since for row in self.rows), wait_s
            )
            rows = tuple(sorted((r for r in self.rows if r.version > since), key=lambda r: r.version))
        upto = max((row.version for row in rows), default=since)
        page = rows[: self.page_most]
        version = page[-1].version if page else since
        change = CopyChange("mall", since, version, page, self.epoch, upto)
        return seal_message(change, self.signer, self.now(), nonce)


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A box that goes away in the middle of a request is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    edge: EdgeServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if self._is_broken():
            return
        try:
            acked = self.edge.store(raw, self.headers["Device-Signature"])
        except PermissionError:
            self._answer(401)
            return
        if self.edge.lost_answers > 0:
            self.edge.lost_answers -= 1
            self.close_connection = True
            return
        token = seal_ack(acked, raw, self.edge.signer, self.edge.now())
        self._answer(200, json.dumps({"acked": acked, "token": token}).encode())

    def do_GET(self) -> None:
        if self._is_broken():
            return
        query = parse_qs(urlsplit(self.path).query)
        try:
            unseal(self.headers["Device-Auth"], self.edge.trusted, use="edge", now=self.edge.now())
        except ParkingError:
            self._answer(401)
            return
        epoch, since = query.get("epoch", [""])[0], int(query["since"][0])
        self._answer(200, self.edge.copy_since(epoch, since, float(query["wait_s"][0]), query["nonce"][0]))

    def _is_broken(self) -> bool:
        if self.edge.silent.is_set():
            self.edge.stopping.wait(30)
            self.close_connection = True
            return True
        if self.edge.refuse_with is not None:
            self._answer(self.edge.refuse_with)
            return True
        return False

    def _answer(self, status: int, data: bytes = b"{}") -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            self.close_connection = True  # the box gave up waiting

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
