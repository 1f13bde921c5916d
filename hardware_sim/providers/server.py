"""The socket of a simulated payment company: its own wire, a page for payers, callbacks, and a side door under `/_sim/`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

import httpx

from hardware_sim.company_threads import CompanyThreads
from hardware_sim.providers.books import Announcement, Books, answer_fault
from hardware_sim.providers.faults import Fault

LARGEST_BODY = 65_536
_HANGS_S = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """What came in; header names are lower case, `target` is the path with its query as it was written."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Response:
    """What goes out."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Wire(Protocol):
    """One company's way of speaking."""

    @property
    def name(self) -> str: ...

    @property
    def books(self) -> Books: ...

    def operation(self, request: Request) -> str:
        """What the request wants, for switches: create, query, close, charge, refund, query_refund, enter, agreement …"""
        ...

    def answer(self, request: Request, fault: Fault | None) -> Response:
        """Do it, and answer signed; spoiled as the fault says."""
        ...

    def callback(self, announcement: Announcement) -> tuple[dict[str, str], bytes]:
        """Headers and body of what the merchant is told, signed now."""
        ...

    def heard(self, response: httpx.Response) -> bool:
        """Whether the merchant has said yes."""
        ...

    def rotate_keys(self) -> None:
        """Sign with a new key from now on."""
        ...

    def papers(self) -> dict[str, str]:
        """What a merchant gets when it signs up: names and keys, as the product's settings want them."""
        ...


SideDoor = Callable[[Wire, Request], Response | None]


class ProviderServer:
    """A company on a port of this machine; `start` returns its base address, `stop` ends its threads."""

    def __init__(self, wire: Wire, side_door: SideDoor, *, port: int = 0) -> None:
        self.wire = wire
        self.side_door = side_door
        self._port = port
        self._threads = CompanyThreads(wire.name)

    @property
    def stopping(self) -> threading.Event:
        return self._threads.stopping

    def start(self, *, callbacks: bool = True) -> str:
        """Serve; without `callbacks` somebody else calls `deliver`, so that tests choose the moment."""
        server = _Socket(self._port, self)
        self.wire.books.base_url = f"http://127.0.0.1:{server.server_address[1]}"
        self._threads.start(server, self.deliver if callbacks else None)
        return self.wire.books.base_url

    def stop(self) -> None:
        self._threads.stop()

    def deliver(self, client: httpx.Client | None = None) -> int:
        """Send the callbacks that are due, in the calling thread; returns how many were answered with a yes."""
        heard = 0
        for announcement in self.wire.books.take_due():
            headers, body = self.wire.callback(announcement)
            try:
                response = (client or self._threads.client).post(announcement.url, content=body, headers=headers)
                yes = self.wire.heard(response)
            except (httpx.HTTPError, httpx.InvalidURL):
                yes = False
            if yes:
                heard += 1
            else:
                self.wire.books.tell_again(announcement)
        return heard


class _Socket(ThreadingHTTPServer):
    """The listening socket; its handlers find the company on it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, company: ProviderServer) -> None:
        self.company = company
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that left early is no event."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: _Socket

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def log_message(self, *_: object) -> None:
        """Nothing: whoever wants to know asks the side door."""

    def _serve(self, method: str) -> None:
        length = self.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(method, self.path, headers, body)
        aside = self.server.company.side_door(self.server.company.wire, request)
        if aside is not None:
            self._reply(aside)
        else:
            self._company(request)

    def _company(self, request: Request) -> None:
        company = self.server.company
        switches, operation = company.wire.books.switches, company.wire.operation(request)
        before = switches.take(Fault.TIMEOUT_BEFORE, Fault.ERROR_500, operation=operation)
        if before is not None and before.fault is Fault.ERROR_500:
            self._reply(Response(500, b"<h1>oops</h1>", {"content-type": "text/html"}))
            return
        if before is not None:
            self._go_silent(before.seconds)
            return
        if switches.take(Fault.KEY_ROTATION):
            company.wire.rotate_keys()
        response = company.wire.answer(request, answer_fault(switches, operation))
        after = switches.take(Fault.TIMEOUT_AFTER, Fault.SLOW, operation=operation)
        if after is not None and after.fault is Fault.TIMEOUT_AFTER:
            self._go_silent(after.seconds)
            return
        if after is not None:
            company.stopping.wait(after.seconds)
        self._reply(response)

    def _go_silent(self, seconds: float) -> None:
        """Cut the line, after `seconds` in which the caller may lose its patience."""
        self.server.company.stopping.wait(min(seconds, _HANGS_S))
        self.close_connection = True

    def _reply(self, response: Response) -> None:
        self.send_response(response.status)
        headers = {"content-type": "application/json", **response.headers, "content-length": str(len(response.body))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body)
