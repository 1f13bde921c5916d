"""What every answer tells a browser: run nothing but our own files, stand in nobody's frame, keep no data, pass no address on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self';"
    " manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
DATA_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
_NOT_USED = (
    *("accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer"),
    *("microphone", "midi", "payment", "serial", "usb"),
)
ALWAYS: Mapping[str, str] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",  # a driver's code may stand in an address
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _NOT_USED),
    }
)
ONE_YEAR_S = 31_536_000
_KEEP = {"data": "no-store", "asset": f"public, max-age={ONE_YEAR_S}, immutable", "page": "no-cache"}
"""How long an answer may be kept: assets bear their content's hash in their name, pages are asked for again, data is not kept."""


class SecureHeaders:
    """Middleware, outside of all that may answer; a route's own header of the same name stands."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                there = {name.lower() for name, _ in own}
                ours = _as_sent(_kind(scope["path"]), scope["scheme"])
                message["headers"] = [*own, *(one for one in ours if one[0] not in there)]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def of_answer(path: str, *, scheme: str) -> dict[str, str]:
    """The headers of an answer under `path`; over TLS the browser is told to come by TLS only, for a year."""
    return _headers(_kind(path), scheme)


def _kind(path: str) -> str:
    return "data" if path.startswith("/api/") else "asset" if path.startswith("/assets/") else "page"


def _headers(kind: str, scheme: str) -> dict[str, str]:
    policy = DATA_POLICY if kind == "data" else PAGE_POLICY
    headers = {**ALWAYS, "Content-Security-Policy": policy, "Cache-Control": _KEEP[kind]}
    return headers | ({"Strict-Transport-Security": f"max-age={ONE_YEAR_S}"} if scheme == "https" else {})


@lru_cache
def _as_sent(kind: str, scheme: str) -> tuple[tuple[bytes, bytes], ...]:
    """The same for the wire: written once, sent with every answer."""
    return tuple((name.lower().encode(), value.encode()) for name, value in _headers(kind, scheme).items())
