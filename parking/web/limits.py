"""Nobody sends more than we asked for: bodies have a size, chunked ones too, and callers have a rate."""

from __future__ import annotations

from collections import OrderedDict, deque
from ipaddress import IPv6Address, IPv6Network, ip_address

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.principal import ANONYMOUS
from parking.web.deps import current_principal
from parking.web.errors import problem

MOST_BYTES = 1024 * 1024
MOST_CALLERS = 10_000


class BodyTooLarge(HTTPException):
    """More bytes arrived than the route takes; FastAPI lets this through to the error handlers."""

    def __init__(self, most: int) -> None:
        super().__init__(413, f"a request body has at most {most} bytes")


class BodyLimit:
    """Middleware: a body over `most` bytes is answered 413, by its declared length or while it arrives."""

    def __init__(self, app: ASGIApp, most: int = MOST_BYTES) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > self._most:
                    raise BodyTooLarge(self._most)
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if self._declared(scope) > self._most:
                raise BodyTooLarge(self._most)
            await self._app(scope, counted, noted)
        except BodyTooLarge as error:
            if started:
                raise
            reply = problem(Request(scope), 413, "body.too_large", error.detail, headers={"Connection": "close"})
            await reply(scope, receive, send)

    @staticmethod
    def _declared(scope: Scope) -> int:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                return int(value)
        return 0


class RateExceeded(ParkingError):
    """Too many calls; `retry_after_s` seconds until the next one may pass."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(ErrorKind.TOO_MANY, "rate.limited", "too many requests: wait a little and try again")
        self.retry_after_s = retry_after_s


class RateLimit:
    """At most `most` calls in any `window_s` seconds per caller, in memory; use as a dependency or call `check`."""

    def __init__(self, most: int, window_s: float, clock: Clock) -> None:
        self._most = most
        self._window_s = window_s
        self._clock = clock
        self._calls: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, caller: str) -> None:
        """Count one call of `caller`; RateExceeded when it is one too many (such calls are not counted)."""
        now = self._clock.monotonic_s()
        calls = self._calls.setdefault(caller, deque())
        self._calls.move_to_end(caller)
        while calls and calls[0] <= now - self._window_s:
            calls.popleft()
        if len(calls) >= self._most:
            raise RateExceeded(calls[0] + self._window_s - now)
        calls.append(now)
        while len(self._calls) > MOST_CALLERS:  # the callers heard from longest ago are forgotten first
            self._calls.popitem(last=False)

    async def __call__(self, connection: HTTPConnection) -> None:
        self.check(caller_of(connection))


def caller_of(connection: HTTPConnection) -> str:
    """Who is counted: whoever was recognised, else the network of the address (as a trusted proxy gives it)."""
    who = current_principal(connection)
    if who.kind != ANONYMOUS.kind:
        return f"{who.kind}:{who.subject}"
    return f"address:{network_of(connection.client.host if connection.client else '')}"


def network_of(host: str) -> str:
    """What one subscriber has: an IPv4 address, also one written as IPv6, or an IPv6 network of 64 bits; any other text as it is."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Network((int(address), 64), strict=False))
    return str(address)
