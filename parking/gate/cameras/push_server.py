"""Where cameras call: a small HTTP/1.1 server on the gate box. Every size, time and number is bounded; what is refused costs little.

A camera's address holds a secret of its own, and may be tied to source addresses. A wrong address learns nothing from the answer.
Bodies, addresses and secrets never get into a log line.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from parking.gate.cameras.http_wire import Chunked, Head, MalformedRequest, answer, decode_head

_LOG = logging.getLogger(__name__)
_CHUNK = 64 * 1024
_STOP_S = 3.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken; bytes and seconds. `held_bytes` bounds all bodies that are in memory at the same time."""

    body_bytes: int = 12 << 20
    held_bytes: int = 96 << 20
    connections: int = 96
    connections_per_source: int = 12
    head_s: float = 5.0
    body_s: float = 15.0
    idle_s: float = 75.0
    send_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request of a camera; `action` is what follows its secret in the address."""

    action: str
    head: Head
    body: bytes = field(repr=False)

    @property
    def content_type(self) -> str:
        return self.head.headers.get("content-type", "")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `after` is called once it is out (True) or could not be sent (False)."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    after: Callable[[bool], None] = lambda _sent: None


class Door(Protocol):
    """One camera's place at the server."""

    @property
    def name(self) -> str: ...

    @property
    def secret(self) -> str: ...

    @property
    def sources(self) -> tuple[str, ...]:
        """Addresses or networks that may come in; none: any."""
        ...

    def answer(self, request: Request) -> Reply:
        """From the connection's own thread; may wait for a lane. Never raises for what a camera sends."""
        ...


class PushServer:
    """`start`, then `stop`; each connection has a thread of its own, of which there are few."""

    def __init__(
        self,
        doors: Iterable[Door],
        *,
        host: str = "0.0.0.0",  # noqa: S104 - cameras come in over the lane's own network
        port: int = 0,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._doors = {door.name: door for door in doors}
        for door in self._doors.values():
            if len(door.secret) < 16 or "/" in door.secret:
                raise ValueError(f"camera {door.name}: a secret has 16 characters or more, and no slash")
        self._networks = {name: [ipaddress.ip_network(one, strict=False) for one in door.sources]
                          for name, door in self._doors.items()}  # fmt: skip
        self._address = (host, port)
        self._limits = limits or Limits()
        self._tls = tls
        self._lock = threading.Lock()
        self._open: dict[socket.socket, str] = {}
        self._held = 0
        self._listener: socket.socket | None = None
        self._threads: set[threading.Thread] = set()

    @property
    def port(self) -> int:
        """Where it listens; RuntimeError before `start`."""
        if self._listener is None:
            raise RuntimeError("the push server is not started")
        return int(self._listener.getsockname()[1])

    @property
    def connections(self) -> int:
        """How many cameras (or others) are connected now."""
        with self._lock:
            return len(self._open)

    def start(self) -> None:
        """Listen; OSError where the port is taken."""
        self._listener = socket.create_server(self._address, backlog=64)
        self._listener.settimeout(0.2)
        self._spawn(self._accept, self._listener)

    def stop(self) -> None:
        """Take no more calls, and end those that are on."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        with self._lock:
            connections, threads = tuple(self._open), tuple(self._threads)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(_STOP_S)

    def _spawn(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=self._run, args=(work, *args), name="camera-push", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _run(self, work: Callable[..., None], *args: object) -> None:
        try:
            work(*args)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    # --- connections -------------------------------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                connection, (source, *_) = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                if self._listener is not listener:
                    return
                time.sleep(0.05)  # out of descriptors: the callers that are there go first
                continue
            if not self._admit(connection, source):
                connection.close()
                continue
            self._spawn(self._serve, connection, source)

    def _admit(self, connection: socket.socket, source: str) -> bool:
        limits = self._limits
        with self._lock:
            mine = Counter(self._open.values())[source]
            if len(self._open) >= limits.connections or mine >= limits.connections_per_source:
                return False
            self._open[connection] = source
            return True

    def _serve(self, connection: socket.socket, source: str) -> None:
        line = connection
        try:
            connection.settimeout(self._limits.head_s)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                line = self._tls.wrap_socket(connection, server_side=True)
            pending = b""
            while self._listener is not None:
                keeps, pending = self._exchange(line, source, pending)
                if not keeps:
                    return
        except (OSError, ssl.SSLError):
            pass  # the camera has gone, or took too long: it calls again
        except Exception as error:
            _LOG.error("push server: %s while answering", type(error).__name__)
        finally:
            with self._lock:
                self._open.pop(connection, None)
            with suppress(OSError):
                line.close()

    def _exchange(self, line: socket.socket, source: str, pending: bytes) -> tuple[bool, bytes]:
        """One request and its answer; whether the connection goes on, and what of the next request is here already."""
        taken = 0
        try:
            head, pending = self._head(line, pending)
            if head is None:
                return False, b""
            door = self._door(head, source)
            if door is None:
                raise MalformedRequest(404, "there is nothing here")
            if head.method not in ("POST", "PUT"):
                raise MalformedRequest(405, "cameras post")
            taken = self._reserve(head)
            body, pending = self._body(line, head, pending)
            action = head.path.rstrip("/").split("/")[4:5]
            reply = door.answer(Request(action[0] if action else "", head, body))
        except MalformedRequest as refused:
            self._send(line, answer(refused.status, keep=False))
            return False, b""
        finally:
            with self._lock:
                self._held -= taken
        self._reply(line, reply, head)
        return head.keeps_alive, pending

    def _reply(self, line: socket.socket, reply: Reply, head: Head) -> None:
        out = answer(reply.status, reply.body, content_type=reply.content_type, keep=head.keeps_alive)
        try:
            self._send(line, out)
        except OSError:
            reply.after(False)
            raise
        reply.after(True)

    def _send(self, line: socket.socket, data: bytes) -> None:
        line.settimeout(self._limits.send_s)
        line.sendall(data)

    def _head(self, line: socket.socket, pending: bytes) -> tuple[Head | None, bytes]:
        """The next head, waited for as long as a quiet connection may be; once it has begun, it has to be quick."""
        until = time.monotonic() + (self._limits.head_s if pending else self._limits.idle_s)
        while True:
            used, head = decode_head(pending)
            if head is not None:
                return head, pending[used:]
            data = _receive(line, until)
            if not data:
                return None, b""
            if not pending:
                until = time.monotonic() + self._limits.head_s
            pending += data

    def _door(self, head: Head, source: str) -> Door | None:
        match head.path.split("/")[:4]:
            case ["", "push", name, secret]:
                door = self._doors.get(name)
                known = door.secret if door is not None else "no such camera, but as long to compare"
                right = hmac.compare_digest(known.encode(), secret.encode("utf-8", "replace"))
                if door is None or not right:
                    return None
                networks = self._networks[name]
                address = ipaddress.ip_address(source)
                return door if not networks or any(address in network for network in networks) else None
        return None

    def _reserve(self, head: Head) -> int:
        """Room for a body of this length; one without a length is given the most."""
        wanted = self._limits.body_bytes if head.length is None else head.length
        if wanted > self._limits.body_bytes:
            raise MalformedRequest(413, "the body is too large")
        with self._lock:
            if self._held + wanted > self._limits.held_bytes:
                raise MalformedRequest(503, "too much at once")
            self._held += wanted
        return wanted

    def _body(self, line: socket.socket, head: Head, pending: bytes) -> tuple[bytes, bytes]:
        until = time.monotonic() + self._limits.body_s
        if head.expects_continue and not pending:
            self._send(line, b"HTTP/1.1 100 Continue\r\n\r\n")
        if head.length is None:
            chunked = Chunked(self._limits.body_bytes)
            chunked.feed(pending)
            while not chunked.done:
                chunked.feed(_some(line, until))
            return chunked.body, chunked.rest
        body = bytearray(pending)
        while len(body) < head.length:
            body += _some(line, until)
        return bytes(body[: head.length]), bytes(body[head.length :])


def _some(line: socket.socket, until: float) -> bytes:
    data = _receive(line, until)
    if not data:
        raise MalformedRequest(400, "the body is cut short")
    return data


def _receive(line: socket.socket, until: float) -> bytes:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    line.settimeout(left)
    return line.recv(_CHUNK)
