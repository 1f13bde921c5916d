"""HEAD wherever GET is (RFC 9110, 9.3.2): FastAPI's routes know GET alone, and what watches a server asks with HEAD."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Middleware: a HEAD is answered as a GET would be, without the body. What `lasts` on a path never ends, and is not begun."""

    def __init__(self, app: ASGIApp, lasts: Callable[[str], bool]) -> None:
        self._app = app
        self._lasts = lasts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        if scope["type"] == "http" and scope["method"] == "HEAD" and not self._lasts(scope["path"]):
            await self._app({**scope, "method": "GET"}, receive, without_body)
        else:
            await self._app(scope, receive, send)
