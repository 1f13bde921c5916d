"""A relay on HTTP as a simulated device: Shelly's Gen2 RPC with digest authentication (SHA-256), pulses timed by the device.

Its HTTP comes from the standard library and its digest is worked out afresh here, so that both sides check each other. It has the
faults of every board (`relay_coils`), late and dripping answers, nonsense in place of an answer, and challenges that run out.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hardware_sim.devices.barrier import BarrierWiring
from hardware_sim.devices.relay_coils import DEMO_BARRIERS, CoilMissing, RelayCoils
from parking.kernel.clock import Clock

BODY_MOST = 64 * 1024
_FIELD = re.compile(r'(\w+)="?([^",]*)"?')


class HttpRelaySim(RelayCoils):
    """The device; `start` listens on `port` (0 picks one). With a password set, only `Shelly.GetDeviceInfo` is open to everybody."""

    def __init__(
        self,
        clock: Clock,
        barriers: Iterable[BarrierWiring] = DEMO_BARRIERS,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        coils: int = 8,
        inputs: int = 8,
        password: str = "",
    ) -> None:
        super().__init__(clock, barriers, coils=coils, inputs=inputs)
        self._address = (host, port)
        self._password = password
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.name = "shellypro4pm-f008d1d8b8b8"
        self.stopping = threading.Event()
        self.late_s = 0.0
        """Every answer comes so much later (real seconds); orders are carried out at once."""
        self.drip_s = 0.0
        """Answers come byte by byte, with so much time (real seconds) between them."""
        self.disguise: Callable[[bytes], bytes] | None = None
        """What is sent in place of the body of an answer."""
        self.unsettled: set[int] = set()
        """Inputs whose state reads as null."""
        self.busy = False
        """Every call is answered by error -109, shutting down."""
        self.nonce_uses = 1
        """How often one nonce is good: once before firmware 2.0, often after."""
        self._nonces: dict[str, int] = {}
        self.refusals = 0
        """How many calls came without a right proof of the password."""

    # --- the device's side -------------------------------------------------------------------------------------------

    def call(self, body: bytes) -> dict[str, Any] | None:
        """Carry out one call; the frame to answer with, or None when the device stays silent."""
        try:
            frame = json.loads(body)
            number, method, params = frame["id"], frame["method"], frame.get("params", {})
        except (ValueError, KeyError, TypeError):
            return self._frame(0, error=(-103, "Invalid frame"))
        with self._lock:
            if self.mute:
                return None
            if self.busy:
                return self._frame(number, error=(-109, "Shutting down"))
            try:
                result = self._carry_out(method, params)
            except CoilMissing:
                return self._frame(number, error=(-105, f"Argument 'id', value {params.get('id')} not found!"))
            except (KeyError, TypeError, ValueError):
                return self._frame(number, error=(-103, "Invalid argument"))
            if result is None:
                return self._frame(number, error=(404, f"No handler for {method}"))
            if method == "Switch.Set" and self.lost_answers > 0:
                self.lost_answers -= 1
                return None
        return self._frame(number, result=result)

    def _carry_out(self, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        if method == "Shelly.GetDeviceInfo":
            return {"id": self.name, "model": "SPSW-104PE16EU", "gen": 2, "auth_en": bool(self._password)}
        if method == "Shelly.GetStatus":
            switches = {f"switch:{number}": self._switch(number) for number in range(len(self._until_s))}
            inputs = {f"input:{number}": self._input(number) for number in range(len(self._inputs))}
            return {"ble": {}, "cloud": {"connected": False}, **inputs, **switches, "sys": {"uptime": 1}}
        if method == "Switch.GetStatus":
            self._check(params["id"])
            return self._switch(params["id"])
        if method == "Input.GetStatus":
            if not 0 <= params["id"] < len(self._inputs):
                raise CoilMissing("input")
            return self._input(params["id"])
        return self._set(params) if method == "Switch.Set" else None

    def _set(self, params: dict[str, Any]) -> dict[str, Any]:
        coil, on, after_s = params["id"], params["on"], params.get("toggle_after")
        if type(coil) is not int or type(on) is not bool:
            raise TypeError("id is a number and on a truth")
        self._check(coil)
        was_on = self.reads_on(coil)
        if after_s is None or not on:
            self.hold_coil(coil, on=on)
        else:
            self.pulse_coil(coil, round(after_s * 1000))
        return {"was_on": was_on}

    def _switch(self, coil: int) -> dict[str, Any]:
        return {"id": coil, "source": "http", "output": self.reads_on(coil), "temperature": {"tC": 41.2, "tF": 106.2}}

    def _input(self, index: int) -> dict[str, Any]:
        return {"id": index, "state": None if index in self.unsettled else self.input_is_on(index)}

    def _frame(
        self, number: Any, *, result: dict[str, Any] | None = None, error: tuple[int, str] | None = None
    ) -> dict[str, Any]:
        told: dict[str, Any] = {"result": result}
        if error is not None:
            told = {"error": {"code": error[0], "message": error[1]}}
        return {"id": number, "src": self.name, "dst": "parking", **told}

    # --- the proof of the password -----------------------------------------------------------------------------------

    def challenge(self) -> str | None:
        """The WWW-Authenticate header of a 401."""
        nonce = secrets.token_hex(8)
        with self._lock:
            self.refusals += 1
            self._nonces[nonce] = 0
        return f'Digest qop="auth", realm="{self.name}", nonce="{nonce}", algorithm=SHA-256'

    def accepts(self, header: str, method: str, target: str) -> bool:
        """Whether the header proves the password for this request, under a nonce that is still good and a count that is new."""
        if not self._password:
            return True
        told = dict(_FIELD.findall(header.removeprefix("Digest ")))
        with self._lock:
            count = int(told.get("nc", "0"), 16)
            if not self._nonces.get(told.get("nonce", ""), 1 << 30) < count <= self.nonce_uses:
                return False
            self._nonces[told["nonce"]] = count
        secret = _sha256("admin", self.name, self._password)
        what = _sha256(method, target)
        wanted = _sha256(secret, told["nonce"], told["nc"], told.get("cnonce", ""), "auth", what)
        return told.get("response") == wanted and told.get("username") == "admin" and told.get("uri") == target

    # --- the socket --------------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port that it listens on; RuntimeError before `start`."""
        if self._server is None:
            raise RuntimeError("the relay is not started")
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Listen, and answer every connection in a thread of its own."""
        self.stopping.clear()
        self._server = server = _Server(self._address, self)
        self._thread = threading.Thread(
            target=lambda: server.serve_forever(poll_interval=0.02), name="http-relay", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end every connection."""
        self.stopping.set()
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            server.shutdown()
            self._thread.join()
            server.cut()
            server.server_close()

    def _cut_connections(self) -> None:
        if self._server is not None:
            self._server.cut()


def _sha256(*parts: str) -> str:
    return hashlib.sha256(":".join(parts).encode()).hexdigest()


class _Server(ThreadingHTTPServer):
    """The listening socket; its handlers find the device on it."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], device: HttpRelaySim) -> None:
        self.device = device
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self.device.gone:
            self.shutdown_request(request)
            return
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a peer that goes away is no error of the device."""

    def cut(self) -> None:
        """End every connection."""
        for connection in tuple(self._open):
            with suppress(OSError):  # it may be gone already
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        device = self.server.device
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > BODY_MOST:
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        if self.path != "/rpc":
            self._reply(404, b"Not Found", {})
        elif not device.accepts(self.headers.get("authorization", ""), "POST", self.path):
            self._reply(401, b"", {"WWW-Authenticate": device.challenge() or ""})
        elif (frame := device.call(body)) is None:
            device.stopping.wait(30 if device.mute else 0)
            self.close_connection = True
        else:
            content = json.dumps(frame).encode()
            self._reply(200, content if device.disguise is None else device.disguise(content), {})

    def _reply(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        device = self.server.device
        device.stopping.wait(device.late_s)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        if not device.drip_s:
            self.end_headers()
            self.wfile.write(content)
            return
        buffered: list[bytes] = self._headers_buffer  # type: ignore[attr-defined]  # what end_headers would send at once
        for byte in b"".join(buffered) + b"\r\n" + content:
            device.stopping.wait(device.drip_s)
            self.wfile.write(bytes([byte]))
        buffered.clear()

    def log_message(self, *_: object) -> None:
        """Nothing: the terminal belongs to the cars."""
