"""Passkeys over HTTP with an authenticator in software: what lets somebody in, and that nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from parking.kernel.clock import ManualClock
from parking.plumbing.db import Database
from parking.security import admission, api, passkey_store, store
from parking.security.ceremonies import Party, party_of
from parking.security.devices import DeviceKeys
from parking.security.middleware import PrincipalMiddleware
from parking.security.passkeys import CHALLENGE_LASTS, MOST_OF_ONE, Passkeys
from parking.security.service import LogIns, disable_operator
from parking.web import errors
from tests.builders.passkeys import Authenticator, b64
from tests.builders.security import (
    PASSWORD,
    SET_UP,
    DeviceKey,
    KnownKeys,
    an_operator,
    cheap_passwords,
    ed25519_check,
)

ORIGIN = "https://testserver"
PARTY = Party(rp_id="testserver", origin=ORIGIN, name="测试商场")
ONE_TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


@dataclass
class Desk:
    """A browser in front of the server."""

    client: TestClient
    database: Database

    def post(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        return self.client.post(f"/api/v1{path}", json=body, headers=ONE_TRACE)

    def by_password(self, username: str = "lin") -> None:
        assert self.post("/auth/login", {"username": username, "password": PASSWORD}).status_code == 200

    def out(self) -> None:
        assert self.post("/auth/logout").status_code == 204

    def offer(self) -> dict[str, Any]:
        reply = self.post("/auth/passkeys/challenge", {"password": PASSWORD})
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def registered(self, **how: Any) -> Authenticator:
        """A passkey of whoever is logged in."""
        made = Authenticator(ORIGIN, "testserver", **how)
        reply = self.post("/auth/passkeys", made.create(self.offer()))
        assert reply.status_code == 200, reply.text
        return made

    def challenge(self) -> str:
        found: str = self.post("/auth/passkey/challenge").json()["challenge"]
        return found

    def by_passkey(self, key: Authenticator, **changes: Any) -> httpx.Response:
        return self.post("/auth/passkey/login", key.get(self.challenge(), **changes))

    def audited(self) -> list[tuple[str, str]]:
        entries = self.database.read(lambda conn: store.audit_before(conn, None, 100))
        return [(e.action, e.reason) for e in reversed(entries) if e.action != "operator.created"]

    def last_word(self) -> tuple[str, str]:
        return self.audited()[-1]


@pytest.fixture
def desk(database: Database, clock: ManualClock) -> Iterator[Desk]:
    app = FastAPI()
    errors.install(app)
    log_ins = LogIns(database, clock, cheap_passwords())
    routes = api.router(database, log_ins, clock, passkeys=Passkeys(database, clock, log_ins, PARTY))
    app.include_router(routes, prefix="/api/v1")
    app.add_middleware(
        PrincipalMiddleware,
        database=database,
        clock=clock,
        stay_tokens=KnownKeys(DeviceKey("server")),
        keys=DeviceKeys(ed25519_check),
    )
    an_operator(database)
    with TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN}) as opened:
        yield Desk(opened, database)


@pytest.fixture
def key(desk: Desk) -> Authenticator:
    """A passkey of `lin`, who has gone."""
    desk.by_password()
    made = desk.registered()
    desk.out()
    return made


def test_a_passkey_lets_its_owner_in_with_the_same_rights_and_record_as_a_password(
    desk: Desk, key: Authenticator
) -> None:
    reply = desk.by_passkey(key)
    assert reply.status_code == 200, reply.text
    assert reply.json() == desk.client.get("/api/v1/auth/me").json()
    assert reply.json()["roles"] == ["attendant"]
    assert "HttpOnly" in reply.headers["set-cookie"]
    assert "SameSite=strict" in reply.headers["set-cookie"]
    assert "Secure" in reply.headers["set-cookie"]
    assert desk.last_word() == ("login.succeeded", "from testclient by passkey")
    assert desk.client.get("/api/v1/auth/passkeys").json()["passkeys"][0]["used_at"] is not None


def test_a_passkey_whose_counter_stays_at_nought_works_again_and_again(desk: Desk) -> None:
    desk.by_password()
    synced = desk.registered(counts=False)
    assert [desk.by_passkey(synced).status_code for _ in range(3)] == [200] * 3


def other_key(key: Authenticator) -> Authenticator:
    return replace(key, key=Authenticator("", "").key)


WRONG: dict[str, Callable[[Authenticator], Authenticator]] = {
    "another key under its name": other_key,
    "another site's page": lambda key: replace(key, origin="https://testserver.evil.example"),
    "without TLS": lambda key: replace(key, origin="http://testserver"),
    "another domain": lambda key: replace(key, rp_id="evil.example"),
    "its owner not verified": lambda key: replace(key, verifies=False),
    "a copy with an older counter": lambda key: replace(key, count=-1, counts=True),
    "another owner": lambda key: replace(key, user_handle=b64(b"somebody-else")),
    "an unknown passkey": lambda key: replace(key, credential_id=b"x" * 32),
}


@pytest.mark.req("PRIV-1")
def test_all_that_is_wrong_with_a_passkey_gets_the_same_bytes_and_is_on_record(
    desk: Desk, key: Authenticator, clock: ManualClock
) -> None:
    assert desk.by_passkey(key).status_code == 200  # its counter is above nought now
    desk.out()
    answers = {}
    for what, wrong in WRONG.items():
        clock.advance(timedelta(seconds=admission.WINDOW_S + 1))
        reply = desk.by_passkey(wrong(key))
        answers[what] = (reply.status_code, reply.content, dict(reply.headers))
        action, reason = desk.last_word()
        assert (action, reason[:9]) == ("login.failed", "passkey: "), what
        assert "set-cookie" not in reply.headers
    assert len(set(map(str, answers.values()))) == 1, answers
    assert next(iter(answers.values()))[0] == 401
    assert desk.by_passkey(key).status_code == 200, "the right one still works"


@pytest.mark.req("PRIV-1")
def test_what_strangers_try_from_everywhere_keeps_no_passkey_out(desk: Desk, key: Authenticator) -> None:
    for n in range(admission.TRIES_OF_A_USER + 1):
        whence = TestClient(desk.client.app, base_url=ORIGIN, headers={"Origin": ORIGIN}, client=(f"203.0.{n}.1", 1))
        reply = whence.post("/api/v1/auth/login", json={"username": "lin", "password": f"guess number {n}"})
    assert reply.status_code == 429
    assert desk.by_passkey(key).status_code == 200


def test_a_challenge_is_for_one_answer_for_minutes_and_for_its_own_purpose(
    desk: Desk, key: Authenticator, clock: ManualClock
) -> None:
    used = desk.challenge()
    assert desk.post("/auth/passkey/login", key.get(used)).status_code == 200
    assert desk.post("/auth/passkey/login", key.get(used)).status_code == 401
    tried = desk.challenge()
    assert desk.post("/auth/passkey/login", other_key(key).get(tried)).status_code == 401
    assert desk.post("/auth/passkey/login", key.get(tried)).status_code == 401, "a wrong answer has used it up"
    assert desk.post("/auth/passkey/login", key.get(b64(b"of our own making"))).status_code == 401
    to_register = desk.offer()["challenge"]
    assert desk.post("/auth/passkey/login", key.get(to_register)).status_code == 401
    old = desk.challenge()
    clock.advance(CHALLENGE_LASTS)
    assert desk.post("/auth/passkey/login", key.get(old)).status_code == 401
    assert desk.last_word() == ("login.failed", "passkey: no challenge of ours that is still out")
    desk.challenge()
    left = desk.database.read(lambda conn: conn.execute(passkey_store.challenges.select()).all())
    assert len(left) == 1, "what is over is not kept"


@pytest.mark.parametrize("field", ["client_data", "authenticator_data", "signature"])
def test_noise_is_refused_like_anything_else(desk: Desk, key: Authenticator, field: str) -> None:
    for noise in ("AAAA", b64(b"\xff" * 64), b64(b'{"type": 1, "challenge": 2, "origin": 3}')):
        assert desk.by_passkey(key, **{field: noise}).status_code == 401
    assert desk.by_passkey(key, **{field: "not base64!"}).status_code == 422


def test_guessing_with_passkeys_and_passwords_counts_together(desk: Desk, key: Authenticator) -> None:
    for n in range(admission.TRIES_OF_A_USER_THERE - 2):  # the log-in and the registration counted too
        wrong = {"username": "lin", "password": "guess"} if n % 2 else None
        reply = desk.post("/auth/login", wrong) if wrong else desk.by_passkey(other_key(key))
        assert reply.status_code == 401
    reply = desk.by_passkey(key)
    assert reply.status_code == 429, "not even the right passkey gets through meanwhile"
    assert int(reply.headers["Retry-After"]) > 0
    assert desk.last_word()[0] == "login.limited"


def test_challenges_are_counted_by_address(desk: Desk) -> None:
    codes = [desk.post("/auth/passkey/challenge").status_code for _ in range(admission.CHALLENGES_OF_AN_ADDRESS + 1)]
    assert codes == [200] * admission.CHALLENGES_OF_AN_ADDRESS + [429]


def test_a_disabled_operator_has_no_way_in(desk: Desk, key: Authenticator) -> None:
    desk.database.write(lambda uow: disable_operator(uow, SET_UP, username="lin", reason="left"))
    assert desk.by_passkey(key).status_code == 401
    assert desk.last_word() == ("login.failed", "passkey: disabled")


def test_a_page_of_another_site_can_neither_ask_nor_answer(desk: Desk, key: Authenticator) -> None:
    body = key.get(desk.challenge())
    foreign = {"Origin": "https://evil.example"}
    assert desk.client.post("/api/v1/auth/passkey/login", json=body, headers=foreign).status_code == 403
    assert desk.client.post("/api/v1/auth/passkey/challenge", headers=foreign).status_code == 403


def test_a_console_left_alone_gives_nobody_a_key_for_good(desk: Desk) -> None:
    desk.by_password()
    reply = desk.post("/auth/passkeys/challenge", {"password": "wrong password"})
    assert reply.status_code == 422
    assert reply.json()["code"] == "password.wrong"
    assert desk.last_word() == ("passkey.refused", "wrong password for a new passkey")
    codes = {
        desk.post("/auth/passkeys/challenge", {"password": "wrong password"}).status_code
        for _ in range(admission.TRIES_OF_A_USER_THERE)
    }
    assert codes == {422, 429}


def test_only_a_new_passkey_that_proves_itself_is_kept(desk: Desk) -> None:
    desk.by_password()
    made = Authenticator(ORIGIN, "testserver")
    for wrong in (
        replace(made, verifies=False),
        replace(made, origin="https://evil.example"),
        replace(made, rp_id="evil.example"),
    ):
        assert desk.post("/auth/passkeys", wrong.create(desk.offer())).json()["code"] == "passkey.refused"
        assert desk.last_word()[0] == "passkey.refused"
    offer = desk.offer()
    assert desk.post("/auth/passkeys", made.create({**offer, "challenge": desk.challenge()})).status_code == 422
    assert desk.post("/auth/passkeys", made.create(offer, credential_id=b64(b"another"))).status_code == 422
    assert desk.post("/auth/passkeys", made.create(offer)).status_code == 422, "the wrong answer has used it up"
    assert desk.client.get("/api/v1/auth/passkeys").json()["passkeys"] == []


def test_passkeys_are_named_listed_and_removed_by_their_owner_alone(
    desk: Desk, key: Authenticator, clock: ManualClock
) -> None:
    clock.advance(timedelta(seconds=admission.WINDOW_S + 1))
    desk.by_password()
    (shown,) = desk.client.get("/api/v1/auth/passkeys").json()["passkeys"]
    assert shown["name"] == "Phone"
    path = f"/api/v1/auth/passkeys/{shown['passkey_id']}"
    assert desk.client.put(path, json={"name": " 前台电脑 "}).status_code == 204
    assert desk.client.get("/api/v1/auth/passkeys").json()["passkeys"][0]["name"] == "前台电脑"
    assert desk.offer()["known"] == [b64(key.credential_id)]
    desk.out()
    an_operator(desk.database, username="chen", roles=("manager",))
    desk.by_password("chen")
    assert desk.client.get("/api/v1/auth/passkeys").json()["passkeys"] == []
    assert desk.client.put(path, json={"name": "mine"}).status_code == 404
    assert desk.client.delete(path).status_code == 404
    assert desk.post("/auth/passkeys", key.create(desk.offer())).json()["code"] == "passkey.known"
    desk.out()
    desk.by_password()
    assert desk.client.delete(path).status_code == 204
    desk.out()
    assert [what for what, _ in desk.audited() if what.startswith("passkey.")] == [
        "passkey.added", "passkey.renamed", "passkey.removed",
    ]  # fmt: skip
    assert desk.by_passkey(key).status_code == 401


def test_nobody_has_more_passkeys_than_a_person_needs(desk: Desk, clock: ManualClock) -> None:
    desk.by_password()
    for _ in range(MOST_OF_ONE):
        clock.advance(timedelta(seconds=admission.WINDOW_S + 1))
        desk.registered()
    reply = desk.post("/auth/passkeys/challenge", {"password": PASSWORD})
    assert (reply.status_code, reply.json()["code"]) == (409, "passkey.too_many")


@pytest.mark.parametrize(
    ("url", "rp_id", "origin"),
    [
        ("https://parking.mall.example", "parking.mall.example", "https://parking.mall.example"),
        ("https://parking.mall.example:8443/", "parking.mall.example", "https://parking.mall.example:8443"),
        ("https://parking.mall.example:443", "parking.mall.example", "https://parking.mall.example"),
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
    ],
)
def test_passkeys_are_bound_to_the_domain_of_the_settings(url: str, rp_id: str, origin: str) -> None:
    assert party_of(url, "Mall") == Party(rp_id, origin, "Mall")


@pytest.mark.parametrize("url", ["http://parking.mall.example", "https://10.0.0.7", "http://[2001:db8::1]:80", ""])
def test_there_are_none_where_browsers_would_take_none(url: str) -> None:
    assert party_of(url, "Mall") is None


def test_a_server_without_a_domain_says_that_it_takes_no_passkeys(database: Database, clock: ManualClock) -> None:
    app = FastAPI()
    errors.install(app)
    app.include_router(api.router(database, LogIns(database, clock, cheap_passwords()), clock), prefix="/api/v1")
    with TestClient(app) as client:
        assert client.get("/api/v1/auth/ways").json() == {"passkey_origin": None}
        assert client.post("/api/v1/auth/passkey/challenge").json()["code"] == "passkey.unavailable"


def test_of_two_copies_that_answer_with_the_same_counter_at_once_one_gets_in(
    desk: Desk, key: Authenticator, clock: ManualClock
) -> None:
    """Both were checked against the counter as it was before either."""
    (passkey,) = desk.database.read(lambda conn: conn.execute(passkey_store.passkeys.select()).all())

    def used(count: int) -> bool:
        return desk.database.write(lambda uow: passkey_store.used(uow.connection, passkey.id, count, clock.now()))

    assert [used(7), used(7), used(6), used(0), used(8)] == [True, False, False, False, True]
