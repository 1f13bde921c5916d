"""A Hikvision-like plate camera on real sockets: ISAPI with digest authentication on its own port, ANPR events pushed to ours.

Orders are answered with statusCode 1 as soon as they are understood, whether or not anything moves. Faults are attributes.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import secrets
import socketserver
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from hardware_sim.devices.barrier import BarrierWiring
from hardware_sim.devices.camera_outputs import CameraOutputs
from parking.kernel.clock import Clock

USER, PASSWORD = "admin", "isapi-pass-5520"
_REALM = "IP Camera(C1234)"
_NAMESPACE = "http://www.isapi.org/ver20/XMLSchema"
_MARK = "---------------------------7e13971310878"


@dataclass(slots=True)
class HikvisionFaults:
    """What may be wrong with it."""

    gone: bool = False
    lost_answers: int = 0
    """So many coming orders are carried out, but not answered."""
    refuses: bool = False
    """Every order is answered with statusCode 4."""
    clock_off_s: float = 0.0
    late_s: float = 0.0
    duplicates: int = 0
    truncated: bool = False
    huge_bytes: int = 0


class HikvisionCameraSim:
    """`start` listens; `see` is a vehicle before it. The boom named `gate` is the one that `barrierGate` commands."""

    def __init__(
        self,
        clock: Clock,
        *,
        push_url: str = "",
        mac: str = "c0:56:e3:8a:11:02",
        outputs: int = 8,
        inputs: int = 8,
        barriers: Iterable[BarrierWiring] = (),
        namespace: str = _NAMESPACE,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._clock = clock
        self.push_url = push_url
        self.mac = mac
        self._namespace = namespace
        self.outputs = CameraOutputs(clock, outputs, barriers)
        self.output_count = outputs
        self._inputs = [False] * inputs
        self._lengths: dict[int, int | None] = {}
        self.faults = HikvisionFaults()
        self.unconfirmed: set[int] = set()
        """Outputs (from 0) that read back as inactive whatever they do."""
        self.limits_wired = True
        self.locked = False
        """Nothing moves the boom now, and orders are answered with statusCode 1 all the same."""
        self.nonce = secrets.token_hex(8)
        self.requests: list[tuple[str, str]] = []
        self.pushes = self.refused = 0
        self._count = 0
        self._address = (host, port)
        self._server: socketserver.ThreadingTCPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        if self._server is None:
            raise RuntimeError("the camera is not started")
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Listen for ISAPI requests."""
        camera = self  # the handler class gets it

        class Handler(_IsapiHandler):
            sim = camera

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads = True, True

        self._server = Server(self._address, Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="hikvision", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            self.faults.gone = True
            server.shutdown()
            server.server_close()
            self._thread.join(5)

    # --- the world's side --------------------------------------------------------------------------------------------

    def set_input(self, index: int, on: bool) -> None:
        """A contact closes or opens."""
        self._inputs[index] = on
        self.outputs.loop(index, on=on)

    def see(
        self, plate: str, confidence: int = 96, *, picture: bytes = b"", offline: bool = False, bare: bool = False
    ) -> int | None:
        """A vehicle is read and pushed; the last answer's status, None where none came. `bare` is XML without a multipart."""
        self._count += 1
        xml = self._event("ANPR", "active", self._anpr(plate, confidence, offline=offline))
        if bare:
            body, kind = xml.encode(), 'application/xml; charset="UTF-8"'
        else:
            body, kind = self._multipart(xml, picture), f"multipart/form-data; boundary={_MARK}"
        status = None
        for _ in range(1 + self.faults.duplicates):
            status = self._push(body, kind)
        return status

    def heart_beat(self) -> int | None:
        """As these cameras say that they live: a loss of video that is not there."""
        return self._push(self._event("videoloss", "inactive", "").encode(), "application/xml")

    def _anpr(self, plate: str, confidence: int, *, offline: bool) -> str:
        believe = ",".join([str(confidence)] * len(plate))
        return (
            f"<ANPR><country>7</country><licensePlate>{plate}</licensePlate><line>1</line><direction>forward</direction>"
            f"<confidenceLevel>{confidence}</confidenceLevel><plateType>civil</plateType><plateColor>blue</plateColor>"
            f"<dataType>{int(offline)}</dataType><plateCharBelieve>{believe}</plateCharBelieve>"
            f"<originalLicensePlate>{plate}</originalLicensePlate></ANPR><UUID>{self._count}</UUID>"
        )

    def _event(self, kind: str, state: str, inside: str) -> str:
        at = self._clock.now() + timedelta(seconds=self.faults.clock_off_s - self.faults.late_s, hours=8)
        told = at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "+08:00"
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<EventNotificationAlert version="2.0" xmlns="{self._namespace}">'
            f"<ipAddress>192.168.1.64</ipAddress><macAddress>{self.mac}</macAddress><channelID>1</channelID>"
            f"<dateTime>{told}</dateTime><activePostCount>1</activePostCount><eventType>{kind}</eventType>"
            f"<eventState>{state}</eventState>{inside}</EventNotificationAlert>"
        )

    def _multipart(self, xml: str, picture: bytes) -> bytes:
        filler = b"\xff\xd8" + b"\0" * self.faults.huge_bytes if self.faults.huge_bytes else b""
        parts = [("anpr.xml", "text/xml", xml.encode())]
        parts += [("detectionPicture.jpg", "image/jpeg", picture or filler)] if picture or filler else []
        out = b""
        for name, kind, data in parts:
            head = f'--{_MARK}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
            out += f"{head}Content-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data + b"\r\n"
        return out + f"--{_MARK}--\r\n".encode()

    def _push(self, body: bytes, kind: str) -> int | None:
        if self.faults.gone or not self.push_url:
            return None
        self.pushes += 1
        parts = urlsplit(self.push_url)
        line = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=5)
        try:
            length = {"Content-Type": kind, "Content-Length": str(len(body))}
            line.request("POST", parts.path, body[: len(body) // 2] if self.faults.truncated else body, length)
            return None if self.faults.truncated else line.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            line.close()

    # --- ISAPI -------------------------------------------------------------------------------------------------------

    def isapi(self, method: str, path: str, body: str) -> tuple[int, str]:
        """Carry out one request; the status and the XML of the answer."""
        self.requests.append((method, path))
        if path == "/ISAPI/System/IO/status" and method == "GET":
            return 200, self._io_status()
        if path.endswith("/barrierGateStatus") and method == "GET":
            told = f"<barrierGateStatus>{self._gate_status()}</barrierGateStatus>"
            return 200, f'<BarrierGateStatus xmlns="{self._namespace}">{told}</BarrierGateStatus>'
        if method != "PUT":
            return 403, _status(4, "notSupport")
        if self.faults.refuses:
            return 403, _status(4, "deviceBusy")
        if path == "/ISAPI/Parking/channels/1/barrierGate":
            return 200, self._command_gate(_inside(body, "ctrlMode"))
        if path == "/ISAPI/Event/notification/httpHosts/1":
            self.push_url = f"http://{_inside(body, 'ipAddress')}:{_inside(body, 'portNo')}{_inside(body, 'url')}"
            return 200, _status(1, "ok")
        if found := re.fullmatch(r"/ISAPI/System/IO/outputs/(\d+)(/trigger)?", path):
            return self._command_output(int(found[1]) - 1, body, trigger=bool(found[2]))
        return 404, _status(4, "invalidURL")

    def _command_gate(self, mode: str) -> str:
        if mode in ("open", "close") and not self.locked:
            (self.outputs.lift if mode == "open" else self.outputs.lower)("gate")
        elif mode == "lock":
            self.locked = True
            if self.outputs.boom_position("gate") >= 1:
                self.outputs.keep_up("gate", on=True)
        elif mode == "unlock":
            self.locked = False
            self.outputs.keep_up("gate", on=False)
        elif mode not in ("open", "close"):
            return _status(6, "badParameters")
        return _status(1, "ok")

    def _command_output(self, output: int, body: str, *, trigger: bool) -> tuple[int, str]:
        if not 0 <= output < self.output_count:
            return 403, _status(4, "notSupport")
        if not trigger:
            length = _inside(body, "pulseDuration")
            self._lengths[output] = int(length) if _inside(body, "outputState") == "pulse" else None
        elif _inside(body, "outputState") == "low":
            self.outputs.hold(output, on=False)
        elif (length_ms := self._lengths.get(output)) is not None:
            self.outputs.pulse(output, length_ms)
        else:
            self.outputs.hold(output, on=True)
        return 200, _status(1, "ok")

    def _gate_status(self) -> int:
        position = self.outputs.boom_position("gate")
        if not self.limits_wired or 0 < position < 1:
            return 0
        return 2 if position >= 1 else 1

    def _io_status(self) -> str:
        def port(number: int, kind: str, on: bool) -> str:
            state = "active" if on else "inactive"
            told = f"<ioPortID>{number}</ioPortID><ioPortType>{kind}</ioPortType><ioState>{state}</ioState>"
            return f"<IOPortStatus>{told}</IOPortStatus>"

        ports = [port(n + 1, "input", on) for n, on in enumerate(self._inputs)]
        ports += [
            port(n + 1, "output", self.outputs.is_on(n) and n not in self.unconfirmed) for n in range(self.output_count)
        ]
        return f'<IOPortStatusList xmlns="{self._namespace}">{"".join(ports)}</IOPortStatusList>'

    def knows(self, authorization: str, method: str) -> bool:
        """Whether a digest was made with our password."""
        told = dict(re.findall(r'(\w+)="?([^",]+)"?', authorization))
        mine = _md5(f"{USER}:{_REALM}:{PASSWORD}")
        wanted = _md5(f"{method}:{told.get('uri', '')}")
        middle = f"{told.get('nonce')}:{told.get('nc')}:{told.get('cnonce')}:{told.get('qop')}"
        return told.get("nonce") == self.nonce and told.get("response") == _md5(f"{mine}:{middle}:{wanted}")


class _IsapiHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5
    sim: HikvisionCameraSim

    def log_message(self, format: str, *args: Any) -> None:
        """A simulated camera keeps no log."""

    def do_GET(self) -> None:
        self._serve("GET")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def _serve(self, method: str) -> None:
        sim = self.sim
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if sim.faults.gone:
            self.close_connection = True
            return
        if not sim.knows(self.headers.get("Authorization", ""), method):
            sim.refused += "Authorization" in self.headers
            challenge = f'Digest realm="{_REALM}", qop="auth", nonce="{sim.nonce}", algorithm=MD5'
            self._send(401, _status(4, "unauthorized"), ("WWW-Authenticate", challenge))
            return
        status, xml = sim.isapi(method, self.path, body)
        if method == "PUT" and sim.faults.lost_answers > 0 and self.path.endswith(("trigger", "barrierGate")):
            sim.faults.lost_answers -= 1
            self.close_connection = True
            return
        self._send(status, xml)

    def _send(self, status: int, xml: str, *headers: tuple[str, str]) -> None:
        data = xml.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def _inside(xml: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", xml)
    return found[1] if found else ""


def _status(code: int, detail: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ResponseStatus version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">'
        f"<requestURL></requestURL><statusCode>{code}</statusCode><statusString>-</statusString>"
        f"<subStatusCode>{detail}</subStatusCode></ResponseStatus>"
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
