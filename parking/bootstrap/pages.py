"""The built pages, served from our own origin; without a build, a plain status page."""

from __future__ import annotations

import gzip
import mimetypes
import os
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_TEXT = (
    "text/html",
    "text/css",
    "text/javascript",
    "application/javascript",
    "image/svg+xml",
    "application/manifest+json",
)
PAGES = ("operator", "kiosk", "driver", "guide", "member")
_STATUS = """<!doctype html><meta charset="utf-8"><title>Mall parking</title>
<h1>Mall parking</h1><p>The server runs. The pages are not built: <code>make ui</code> builds them.</p>
<p>页面尚未构建，请运行 <code>make ui</code>。</p><p><a href="/docs">API</a></p>"""
_DOCS = """<!doctype html><meta charset="utf-8"><title>Mall parking: API</title>
<h1>Mall parking: API</h1><p>OpenAPI 3.1: <a href="/openapi.json">/openapi.json</a></p><ul>{rows}</ul>"""


class Compressed(StaticFiles):
    """Static files; text goes over the line compressed to whoever takes it, and is compressed once."""

    def __init__(self, directory: Path, *, html: bool = False) -> None:
        super().__init__(directory=directory, html=html)
        self._small: dict[str, tuple[float, bytes]] = {}

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        whole = super().file_response(full_path, stat_result, scope, status_code)
        kind, _ = mimetypes.guess_type(full_path)
        if kind not in _TEXT:
            return whole
        whole.headers["Vary"] = "Accept-Encoding"
        if not isinstance(whole, FileResponse) or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            return whole
        headers = {name: whole.headers[name] for name in ("content-type", "last-modified", "vary")}
        headers |= {"etag": f"W/{whole.headers['etag']}", "content-encoding": "gzip"}
        return Response(self._compressed(full_path, stat_result), status_code, headers)

    def _compressed(self, path: str | os.PathLike[str], stat_result: os.stat_result) -> bytes:
        at, small = self._small.get(str(path), (0.0, b""))
        if at != stat_result.st_mtime:
            small = gzip.compress(Path(path).read_bytes(), 9, mtime=0)
            self._small[str(path)] = stat_result.st_mtime, small
        return small


def _to_the_slash(app: FastAPI, page: str) -> None:
    """An address that somebody types or prints without its last slash leads to the page; the browser keeps what stands behind the #."""

    async def there(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/{page}/{query}", status_code=308)

    app.add_api_route(f"/{page}", there, methods=["GET", "HEAD"], include_in_schema=False)


def install(app: FastAPI, dist: Path | None) -> None:
    """Serve the pages under their names, and the list of routes under /docs."""

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
        _to_the_slash(app, page)
        app.mount(f"/{page}", Compressed(directory=dist / page, html=True), name=page)
    app.mount("/", Compressed(directory=dist), name="assets")
