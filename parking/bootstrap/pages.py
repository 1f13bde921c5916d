"""The built pages, served from our own origin under a policy that lets nothing else in; without a build, a plain status page."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self';"
    " manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
PAGES = ("operator", "kiosk", "driver", "guide")
_STATUS = """<!doctype html><meta charset="utf-8"><title>Mall parking</title>
<h1>Mall parking</h1><p>The server runs. The pages are not built: <code>make ui</code> builds them.</p>
<p>页面尚未构建，请运行 <code>make ui</code>。</p><p><a href="/docs">API</a></p>"""
_DOCS = """<!doctype html><meta charset="utf-8"><title>Mall parking: API</title>
<h1>Mall parking: API</h1><p>OpenAPI 3.1: <a href="/openapi.json">/openapi.json</a></p><ul>{rows}</ul>"""


class SecurityHeaders:
    """Middleware: content policy, no sniffing, no referrer (a driver's code may stand in an address)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", POLICY)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "no-referrer")
                headers.setdefault("Cache-Control", _keep(scope["path"]))
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def _keep(path: str) -> str:
    """How long an answer may be kept: assets bear their content's hash in their name, pages are asked for again, data is not kept."""
    if path.startswith("/api/"):
        return "no-store"
    return "public, max-age=31536000, immutable" if path.startswith("/assets/") else "no-cache"


def install(app: FastAPI, dist: Path | None) -> None:
    """Serve the pages under /operator/, /kiosk/, /driver/ and /guide/, and the list of routes under /docs."""
    app.add_middleware(SecurityHeaders)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        rows = "".join(
            f"<li><code>{method.upper()} {path}</code> {operation.get('summary', '')}</li>"
            for path, operations in sorted(app.openapi()["paths"].items())
            for method, operation in operations.items()
        )
        return HTMLResponse(_DOCS.format(rows=rows))

    @app.get("/", include_in_schema=False)
    async def home() -> Response:
        return RedirectResponse("/operator/") if dist else HTMLResponse(_STATUS)

    if dist is None:
        return
    for page in (one for one in PAGES if (dist / one).is_dir()):  # an older build has fewer
        app.mount(f"/{page}", StaticFiles(directory=dist / page, html=True), name=page)
    app.mount("/", StaticFiles(directory=dist), name="assets")
