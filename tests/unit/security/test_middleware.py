"""Whatever a request carries, exactly one principal comes of it; nothing valid is nobody."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from parking.kernel.clock import ManualClock
from parking.kernel.principal import ANONYMOUS, Principal, Scope
from parking.kernel.signed import seal
from parking.plumbing.db import Database
from parking.security.devices import DeviceKeys
from parking.security.middleware import PrincipalMiddleware, our_own
from parking.security.model import Whence
from parking.security.service import LogIns, disable_operator
from tests.builders.security import (
    NOON,
    PASSWORD,
    SET_UP,
    DeviceKey,
    KnownKeys,
    a_kiosk,
    an_edge_box,
    an_operator,
    cheap_passwords,
    ed25519_check,
)  # fmt: skip

SOON = int(NOON.timestamp()) + 60
SERVER = DeviceKey("server")


class Door:
    """Asks the middleware who it takes a request for."""

    def __init__(self, database: Database, clock: ManualClock, origins: tuple[str, ...] = ()) -> None:
        self._middleware = PrincipalMiddleware(
            self._inside,
            database=database,
            clock=clock,
            stay_tokens=KnownKeys(SERVER),
            keys=DeviceKeys(ed25519_check),
            origins=origins,
        )

    async def _inside(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen: Principal = scope["state"]["principal"]

    def who(self, *, kind: str = "http", method: str = "GET", **headers: str) -> Principal:
        sent = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
        scope = {"type": kind, "method": method, "headers": [(b"host", b"mall.example"), *sent]}
        asyncio.run(self._middleware(scope, None, None))
        return self.seen


@pytest.fixture
def door(database: Database, clock: ManualClock) -> Door:
    return Door(database, clock)


@pytest.fixture
def cookie(database: Database, clock: ManualClock) -> str:
    an_operator(database, roles=("technician",))
    _, token = LogIns(database, clock, cheap_passwords()).log_in("lin", PASSWORD, whence=Whence("10.0.0.5"))
    return f"theme=dark; parking_session={token}"


def stay_token(signer: DeviceKey = SERVER, **changes: Any) -> str:
    return seal({"use": "stay", "stay": "stay-1", "exp": SOON, **changes}, signer)


def test_nothing_shown_is_nobody(door: Door) -> None:
    assert door.who() is ANONYMOUS


def test_a_session_cookie_is_the_operator_with_the_scopes_of_the_roles(door: Door, cookie: str) -> None:
    who = door.who(cookie=cookie)
    assert who.kind == "operator"
    assert who.may(Scope.DEVICES_WRITE)
    assert not who.may(Scope.STAYS_READ)


@pytest.mark.req("PRIV-1")
@pytest.mark.parametrize(
    "foreign", ['prefs={"a": 1}', "theme=dark mode", "flag", "é=1", 'a="torn', "cart@mall=1", "expires=1"]
)
def test_a_cookie_of_another_page_on_the_same_domain_logs_nobody_out(door: Door, cookie: str, foreign: str) -> None:
    assert door.who(cookie=f"{foreign}; {cookie}").kind == "operator"


def test_a_kiosk_token_may_find_and_pay_and_nothing_else(door: Door, database: Database) -> None:
    token = a_kiosk(database)
    assert door.who(authorization=f"Bearer {token}") == Principal("device", "kiosk-1", frozenset({Scope.KIOSK}))


def test_a_stay_token_is_the_driver_of_that_stay_alone(door: Door) -> None:
    assert door.who(authorization=f"Bearer {stay_token()}") == Principal(
        "driver", "stay-1", frozenset({Scope.OWN_STAY, Scope.OWN_WALLET})
    )


@pytest.mark.req("PRIV-1")
def test_a_stay_token_from_a_kiosk_shows_no_wallet(door: Door) -> None:
    who = door.who(authorization=f"Bearer {stay_token(at='kiosk')}")
    assert who == Principal("driver", "stay-1", frozenset({Scope.OWN_STAY}))


def test_a_device_token_is_the_gate_box(door: Door, database: Database) -> None:
    key = an_edge_box(database)
    token = key.token(use="edge", device="edge-1", exp=SOON)
    assert door.who(device_auth=token) == Principal("device", "edge-1", frozenset({Scope.EDGE}))


@pytest.mark.req("PRIV-1")
@pytest.mark.parametrize(
    "token",
    [
        stay_token(DeviceKey("server")),
        stay_token(DeviceKey("stranger")),
        stay_token(exp=int(NOON.timestamp()) - 1),
        stay_token(use="edge"),
        stay_token(stay=""),
        stay_token(stay=7),
        stay_token()[:-4] + "AAAA",
        "a.b.c",
        "...",
        "",
        "x" * 5000,
        "unknown-kiosk-token",
    ],
    ids=[
        "forged under our key id", "unknown key", "expired", "another use", "no stay", "a stay that is no text",
        "another signature", "noise", "dots", "nothing", "too long", "unknown kiosk",
    ],
)  # fmt: skip
def test_a_bearer_token_that_is_not_valid_is_nobody(door: Door, token: str) -> None:
    assert door.who(authorization=f"Bearer {token}") is ANONYMOUS


def test_a_stay_token_ends_when_it_says(door: Door, clock: ManualClock) -> None:
    token = stay_token()
    clock.advance(timedelta(seconds=61))
    assert door.who(authorization=f"Bearer {token}") is ANONYMOUS


def test_a_gate_box_with_anothers_key_is_nobody(door: Door, database: Database) -> None:
    an_edge_box(database)
    forged = DeviceKey("edge-1-key").token(use="edge", device="edge-1", exp=SOON)
    assert door.who(device_auth=forged) is ANONYMOUS


@pytest.mark.parametrize("header", ["Basic bGluOng=", "Bearer", "bearer", "Token x", "\xff\xfe"])
def test_another_scheme_is_nobody(door: Door, header: str) -> None:
    assert door.who(authorization=header) is ANONYMOUS


@pytest.mark.parametrize(
    "text", ["parking_session=", "parking_session=unknown", "=;=;", "parking_session=" + "x" * 5000]
)
def test_a_cookie_that_is_no_session_is_nobody(door: Door, text: str) -> None:
    assert door.who(cookie=text) is ANONYMOUS


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_cookie_acts_only_for_our_own_pages(door: Door, cookie: str, method: str) -> None:
    assert door.who(method=method, cookie=cookie, origin="https://mall.example").kind == "operator"
    assert door.who(method=method, cookie=cookie, origin="https://evil.example") is ANONYMOUS
    assert door.who(method=method, cookie=cookie, origin="null") is ANONYMOUS
    assert door.who(method=method, cookie=cookie) is ANONYMOUS


def test_a_websocket_of_another_sites_page_sees_what_the_public_sees(door: Door, cookie: str) -> None:
    assert door.who(kind="websocket", cookie=cookie, origin="https://mall.example").kind == "operator"
    assert door.who(kind="websocket", cookie=cookie, origin="https://evil.example") is ANONYMOUS


def test_further_origins_can_be_named(database: Database, clock: ManualClock, cookie: str) -> None:
    door = Door(database, clock, origins=("https://parking.mall.example",))
    assert door.who(method="POST", cookie=cookie, origin="https://parking.mall.example").kind == "operator"


@pytest.mark.parametrize(
    "origin", [None, "", "null", "http://[", "//mall.example.evil", "https://mall.example@evil.example"]
)
def test_a_strange_origin_is_not_ours(origin: str | None) -> None:
    assert not our_own(origin, "mall.example", ())


def test_a_disabled_operator_is_nobody_at_once(door: Door, database: Database, cookie: str) -> None:
    database.write(lambda uow: disable_operator(uow, SET_UP, username="lin", reason="left"))
    assert door.who(cookie=cookie) is ANONYMOUS
