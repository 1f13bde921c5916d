"""What the server tells browsers with every answer, and that a page of somebody else can do nothing with an operator's session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from parking.bootstrap import pages
from parking.security.middleware import COOKIE
from parking.web.secure_headers import SecureHeaders
from tests.builders.application import HOST, Server, a_server
from tests.builders.security import PASSWORD
from tests.integration.test_server_doors import IN_PATH, PROVES_ITSELF, WHO_MAY

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
BESIDE = ("/", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics", "/nowhere", "/operator/nothing.js")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with a_server(tmp_path_factory.mktemp("headers")) as running:
        yield running


def fault_of(reply: Response) -> str:
    """What a browser is not told though it should be, or an empty word."""
    said = reply.headers
    policy = dict(part.strip().partition(" ")[::2] for part in said.get("content-security-policy", "").split(";"))
    wanted = {
        "default-src": policy.get("default-src") == "'none'",
        "frame-ancestors": policy.get("frame-ancestors") == "'none'",
        "base-uri": policy.get("base-uri") == "'none'",
        "nothing inline, no other host": all(
            sources in ("'none'", "'self'") for name, sources in policy.items() if name
        ),
        "nosniff": said.get("x-content-type-options") == "nosniff",
        "referrer": said.get("referrer-policy") == "no-referrer",
        "opener": said.get("cross-origin-opener-policy") == "same-origin",
        "resource": said.get("cross-origin-resource-policy") == "same-origin",
        "camera": "camera=()" in said.get("permissions-policy", ""),
        "kept": "cache-control" in said,
        "server": "server" not in said,
    }
    return ", ".join(what for what, holds in wanted.items() if not holds)


@pytest.mark.req("PRIV-1")
def test_every_answer_of_every_route_to_a_stranger_and_to_a_manager_carries_the_headers(server: Server) -> None:
    faults = {}
    for method, path in WHO_MAY:
        for who in ("anonymous", "manager") if method == "GET" else ("anonymous",):
            reply = server.ask(method, path.format(**IN_PATH), who, follow_redirects=False)
            if fault := fault_of(reply) or ("no-store" not in reply.headers["cache-control"] and "it may be kept"):
                faults[method, path, who] = fault
    for path in BESIDE:
        if fault := fault_of(server.client.get(path, follow_redirects=False)):
            faults["GET", path, "anonymous"] = fault
    assert faults == {}


@pytest.mark.req("OPEN-1")
def test_head_is_answered_as_get_without_the_body_wherever_get_is(server: Server) -> None:
    differ = {}
    asked = [path.format(**IN_PATH) for method, path in WHO_MAY if method == "GET"]
    for path in (*BESIDE, *(f"/api/v1{path}" for path in asked)):
        got, head = (server.client.request(method, path, follow_redirects=False) for method in ("GET", "HEAD"))
        if (head.status_code, head.content, fault_of(head)) != (got.status_code, b"", ""):
            differ[path] = got.status_code, head.status_code, head.content
    assert differ == {}
    assert server.client.head("/api/v1/live/stream").is_client_error, "a stream without an end is not begun"


@pytest.mark.req("PRIV-1")
def test_what_is_too_large_not_understood_or_crashes_carries_them_too(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    large = server.client.post("/api/v1/auth/login", content=b"x" * (2 * 1024 * 1024))
    wrong = server.client.request("PATCH", "/api/v1/site")
    monkeypatch.setattr(server.application.database, "aread", crash)
    crashed = server.ask("GET", "/auth/me", "manager")
    assert [r.status_code for r in (large, wrong, crashed)] == [413, 405, 500]
    assert [fault_of(reply) for reply in (large, wrong, crashed)] == ["", "", ""]


@pytest.mark.req("PRIV-1")
def test_every_built_page_is_asked_for_again_and_its_hashed_files_are_kept(tmp_path: Path) -> None:
    for page in pages.PAGES:
        (tmp_path / page).mkdir()
        (tmp_path / page / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-1a2b.js").write_text("0")
    app = FastAPI()
    pages.install(app, tmp_path)
    app.add_middleware(SecureHeaders)
    client = TestClient(app, base_url="https://mall.example")
    for page in pages.PAGES:
        reply = client.get(f"/{page}/")
        assert (reply.status_code, fault_of(reply), reply.headers["cache-control"]) == (200, "", "no-cache")
        assert "max-age" in reply.headers["strict-transport-security"]
    assert "immutable" in client.get("/assets/index-1a2b.js").headers["cache-control"]


@pytest.mark.parametrize("page", pages.PAGES)
def test_a_page_s_address_without_its_last_slash_leads_to_the_page(tmp_path: Path, page: str) -> None:
    (tmp_path / page).mkdir()
    (tmp_path / page / "index.html").write_text("<!doctype html>")
    app = FastAPI()
    pages.install(app, tmp_path)
    client = TestClient(app, base_url="https://mall.example", follow_redirects=False)
    for query in ("", "?k=kiosk-1&x=%2F%2Felsewhere"):
        reply = client.get(f"/{page}{query}")
        assert (reply.status_code, reply.headers["location"]) == (308, f"/{page}/{query}")
        assert client.get(reply.headers["location"]).status_code == 200
    assert client.head(f"/{page}").status_code == 308


@pytest.mark.req("PRIV-1")
@pytest.mark.parametrize(
    ("peer", "proto", "secure"),
    [("127.0.0.1", "https", True), ("127.0.0.1", "http", False), ("203.0.113.9", "https", False)],
)
def test_the_session_cookie_is_secure_behind_a_proxy_that_ends_tls_if_it_is_a_trusted_one(
    server: Server, peer: str, proto: str, *, secure: bool
) -> None:
    client = TestClient(server.app, base_url=HOST, client=(peer, 40_000))
    told = {"Origin": HOST, "X-Forwarded-Proto": proto, "X-Forwarded-For": "198.51.100.7"}
    reply = client.post("/api/v1/auth/login", json={"username": "manager", "password": PASSWORD}, headers=told)
    cookie = reply.headers["set-cookie"]
    name, *flags = (part.strip().lower() for part in cookie.split(";"))
    assert name.startswith(f"{COOKIE}=")
    assert {"httponly", "samesite=strict", "path=/"} <= set(flags)
    assert ("secure" in flags, "strict-transport-security" in reply.headers) == (secure, secure)


@pytest.mark.req("PRIV-1")
@pytest.mark.parametrize("origin", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}])
def test_a_foreign_page_changes_nothing_with_the_session_of_whoever_may_do_all(
    server: Server, origin: dict[str, str]
) -> None:
    """A form or a script elsewhere: the cookie comes along, the Origin is theirs; every unsafe route takes them for nobody."""
    assert server.ask("POST", "/lanes/exit-1/open", "manager", json={}).status_code == 422  # from our own page: heard
    allowed = {}
    for (method, path), may in WHO_MAY.items():
        if method not in UNSAFE or may is PROVES_ITSELF or "anonymous" in may:
            continue
        mine = server.as_("manager") | origin
        reply = server.client.request(method, f"/api/v1{path.format(**IN_PATH)}", headers=mine, json={})
        if reply.status_code != 401:
            allowed[method, path] = reply.status_code
    assert allowed == {}
