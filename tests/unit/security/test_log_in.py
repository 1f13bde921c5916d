"""Operators over HTTP: what a browser, a guesser and another site's page see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.plumbing.db import Database, UnitOfWork
from parking.security import admission, api, store
from parking.security.devices import DeviceKeys
from parking.security.middleware import PrincipalMiddleware
from parking.security.model import Whence
from parking.security.service import LogIns, disable_operator
from parking.web import errors
from tests.builders.security import PASSWORD, SET_UP, DeviceKey, KnownKeys, an_operator, cheap_passwords, ed25519_check

OURS = {"Origin": "http://testserver"}
ONE_TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


@pytest.fixture
def client(database: Database, clock: ManualClock) -> Iterator[TestClient]:
    app = FastAPI()
    errors.install(app)
    app.include_router(api.router(database, LogIns(database, clock, cheap_passwords()), clock), prefix="/api/v1")
    app.add_middleware(
        PrincipalMiddleware,
        database=database,
        clock=clock,
        stay_tokens=KnownKeys(DeviceKey("server")),
        keys=DeviceKeys(ed25519_check),
    )
    with TestClient(app, headers=OURS) as opened:
        yield opened


def log_in(client: TestClient, username: str = "lin", password: str = PASSWORD) -> httpx.Response:
    return client.post("/api/v1/auth/login", json={"username": username, "password": password}, headers=ONE_TRACE)


def audited(database: Database) -> list[tuple[str, str, str]]:
    entries = database.read(lambda conn: store.audit_before(conn, None, 100))
    return [(e.action, e.subject, e.reason) for e in reversed(entries) if e.action != "operator.created"]


def test_logging_in_gives_a_cookie_that_scripts_and_other_sites_cannot_use(
    client: TestClient, database: Database
) -> None:
    an_operator(database)
    reply = log_in(client)
    assert reply.json() == {
        "username": "lin",
        "display_name": "Lin Wei",
        "roles": ["attendant"],
        "scopes": [
            "access:read", "cases:read", "cases:work", "lanes:open", "lanes:read", "occupancy:read", "stays:read",
            "stays:ticket",
        ],
    }  # fmt: skip
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith("parking_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert client.get("/api/v1/auth/me").json()["username"] == "lin"


def test_over_tls_the_cookie_never_travels_in_clear(client: TestClient, database: Database) -> None:
    an_operator(database)
    body = {"username": "lin", "password": PASSWORD}
    reply = client.post("https://testserver/api/v1/auth/login", json=body, headers={"Origin": "https://testserver"})
    assert "Secure" in reply.headers["set-cookie"]


def test_only_the_hash_of_a_session_is_stored(client: TestClient, database: Database) -> None:
    an_operator(database)
    token = log_in(client).cookies["parking_session"]
    rows = database.read(lambda conn: [str(row) for row in conn.execute(store.sessions.select())])
    assert len(rows) == 1
    assert token not in rows[0]


@pytest.mark.req("PRIV-1")
def test_an_unknown_user_and_a_wrong_password_get_the_same_bytes(client: TestClient, database: Database) -> None:
    an_operator(database)
    wrong, unknown = log_in(client, password="wrong password"), log_in(client, username="nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content
    assert wrong.headers == unknown.headers
    assert [reason for _, _, reason in audited(database)] == ["wrong password", "unknown user"]


@pytest.mark.parametrize("username", ["Lin", "lin\x00", "林伟", "lin' OR 1=1 --", "\ud800", " "])
def test_a_user_name_that_cannot_exist_is_an_unknown_user(
    client: TestClient, database: Database, username: str
) -> None:
    an_operator(database)
    body = b'{"username": "%s", "password": "wrong password"}' % username.encode("unicode_escape").replace(
        b"\\x00", b"\\u0000"
    )
    reply = client.post("/api/v1/auth/login", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code in (401, 422)
    assert "set-cookie" not in reply.headers


def test_guessing_is_stopped_for_known_and_unknown_users_alike(client: TestClient, database: Database) -> None:
    an_operator(database)
    for username in ("lin", "nobody"):
        replies = [log_in(client, username, f"guess number {n}") for n in range(admission.TRIES_OF_A_USER_THERE + 3)]
        statuses = [reply.status_code for reply in replies]
        assert statuses == [401] * admission.TRIES_OF_A_USER_THERE + [429] * 3
        assert int(replies[-1].headers["Retry-After"]) > 0
    assert log_in(client).status_code == 429, "not even the right password gets through meanwhile"
    assert [action for action, _, _ in audited(database)].count("login.limited") == 1


def test_guessing_many_names_from_one_address_is_stopped(client: TestClient) -> None:
    statuses = [
        log_in(client, f"user{n}", "wrong password").status_code for n in range(admission.TRIES_OF_AN_ADDRESS + 1)
    ]
    assert statuses == [401] * admission.TRIES_OF_AN_ADDRESS + [429]


def test_guessing_from_address_to_address_of_one_network_is_stopped_and_recorded_once(
    client: TestClient, database: Database
) -> None:
    def guess(host: str, username: str) -> int:
        whence = TestClient(client.app, base_url=str(client.base_url), client=(host, 1))
        return log_in(whence, username, "wrong password").status_code

    here = [guess(f"2001:db8:1:2::{n:x}", "lin") for n in range(1, admission.TRIES_OF_A_USER_THERE + 4)]
    assert here == [401] * admission.TRIES_OF_A_USER_THERE + [429] * 3
    assert guess("2001:db8:1:3::1", "lin") == 401, "the network beside it is somebody else's"
    left = admission.TRIES_OF_AN_ADDRESS - len(here)
    assert [guess(f"2001:db8:1:2:a::{n:x}", f"user{n}") for n in range(left + 1)] == [401] * left + [429]
    assert [action for action, _, _ in audited(database)].count("login.limited") == 1


def test_after_a_while_the_right_password_works_again(
    client: TestClient, database: Database, clock: ManualClock
) -> None:
    an_operator(database)
    for n in range(admission.TRIES_OF_A_USER_THERE + 1):
        log_in(client, password=f"guess number {n}")
    clock.advance(timedelta(seconds=admission.WINDOW_S + 1))
    assert log_in(client).status_code == 200


def test_logging_out_ends_the_session_for_good(client: TestClient, database: Database) -> None:
    an_operator(database)
    token = log_in(client).cookies["parking_session"]
    assert client.post("/api/v1/auth/logout").status_code == 204
    stolen = {"Cookie": f"parking_session={token}"}
    assert client.get("/api/v1/auth/me", headers=stolen).status_code == 401
    assert [action for action, _, _ in audited(database)] == ["login.succeeded", "logout"]


def test_a_session_ends_with_the_shift(client: TestClient, database: Database, clock: ManualClock) -> None:
    an_operator(database)
    log_in(client)
    clock.advance(timedelta(hours=12))
    assert client.get("/api/v1/auth/me").status_code == 401


def test_a_page_of_another_site_can_neither_log_in_nor_act(client: TestClient, database: Database) -> None:
    an_operator(database)
    foreign = {"Origin": "http://evil.example"}
    body = {"username": "lin", "password": PASSWORD}
    assert client.post("/api/v1/auth/login", json=body, headers=foreign).status_code == 403
    log_in(client)
    assert client.post("/api/v1/auth/logout", headers=foreign).status_code == 204
    assert client.get("/api/v1/auth/me").status_code == 200, "the other site's log-out did not count"


def test_the_audit_is_for_those_who_may_read_it(client: TestClient, database: Database) -> None:
    an_operator(database)
    assert client.get("/api/v1/audit").status_code == 401
    log_in(client)
    assert client.get("/api/v1/audit").status_code == 403


def test_the_audit_comes_in_pages_newest_first(client: TestClient, database: Database) -> None:
    an_operator(database, username="chen", roles=("auditor",))
    for n in range(4):
        log_in(client, username=f"nobody{n}")
    log_in(client, username="chen")
    first = client.get("/api/v1/audit?limit=4").json()
    second = client.get(f"/api/v1/audit?limit=4&cursor={first['next']}").json()
    assert [entry["seq"] for entry in first["items"] + second["items"]] == [6, 5, 4, 3, 2, 1]
    assert second["next"] is None
    assert first["items"][0]["action"] == "login.succeeded"
    assert client.get("/api/v1/audit?cursor=zzz").status_code == 422


@pytest.mark.parametrize("meanwhile", ["changed", "disabled"])
def test_whoever_was_shut_out_while_his_password_was_checked_is_not_let_in(
    database: Database, clock: ManualClock, meanwhile: str
) -> None:
    """Checking takes a third of a second; the owner of a stolen password changes it in that moment, and ends all log-ins."""
    operator, checks = an_operator(database), cheap_passwords()
    log_ins = LogIns(database, clock, checks)
    right = checks.matches

    def work(uow: UnitOfWork) -> None:
        if meanwhile == "disabled":
            disable_operator(uow, SET_UP, username="lin", reason="left")
            return
        old = store.credentials_of(uow.connection, operator.id) or ""
        assert store.change_password(uow.connection, operator.id, old, checks.hash("another pass phrase"))

    def slow(password: str, stored: str | None) -> bool:
        found = right(password, stored)
        database.write(work)
        return found

    checks.matches = slow  # type: ignore[method-assign]
    with pytest.raises(ParkingError, match="user name or password is wrong"):
        log_ins.log_in("lin", PASSWORD, whence=Whence("10.0.0.9"))
    assert database.read(lambda conn: conn.execute(store.sessions.select()).all()) == []
    assert audited(database)[-1] == ("login.failed", operator.id, meanwhile)
