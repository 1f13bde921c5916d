"""Log-ins that last: seen and ended by their owner, and by an administrator; what was ended is over at once, live feeds included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from starlette.websockets import WebSocketDisconnect

from parking.bootstrap import live_routes
from parking.kernel.errors import ParkingError
from parking.plumbing.db import UnitOfWork
from parking.security import passkey_store
from parking.security import store as security_store
from parking.security.model import Passkey
from parking.security.service import principal_of, token_hash
from parking.security.sessions import Sessions
from tests.builders.application import HOST, Server, a_server, problem_of
from tests.builders.security import PASSWORD

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with a_server(tmp_path_factory.mktemp("sessions")) as running:
        yield running


@pytest.fixture(autouse=True)
def only_a_ring_wakes_watchers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_routes, "RIGHT_CHECKED_EVERY_S", 3600.0)


def logged_in(server: Server, username: str, agent: str = FIREFOX) -> dict[str, str]:
    """The headers of a browser in which somebody has just logged in."""
    server.park(seconds=301)
    headers = {"Origin": HOST, "User-Agent": agent}
    body = {"username": username, "password": PASSWORD}
    reply = server.client.post("/api/v1/auth/login", json=body, headers=headers)
    assert reply.status_code == 200, reply.text
    server.client.cookies.clear()
    return {**headers, "Cookie": f"parking_session={reply.cookies['parking_session']}"}


def own(server: Server, headers: dict[str, str]) -> list[dict[str, Any]]:
    reply = server.ask("GET", "/auth/sessions", headers=headers)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["sessions"]
    return found


def endings(server: Server) -> list[tuple[str, str]]:
    """Who ended whose log-ins, by their names."""

    def ask(conn: Any) -> list[tuple[str, str]]:
        entries = security_store.audit_before(conn, None, 100)
        names = {row.id: row.username for row in conn.execute(security_store.operators.select())}
        return [(names[e.actor], names[e.subject]) for e in reversed(entries) if e.action == "session.ended"]

    return server.application.database.read(ask)


def read_to_the_end(feed: Any) -> int:
    while True:
        try:
            feed.receive_json()
        except WebSocketDisconnect as ended:
            return ended.code


def test_an_operator_sees_and_ends_their_own_log_ins_and_nobody_elses(server: Server) -> None:
    here, there, other = (logged_in(server, who) for who in ("cashier", "cashier", "attendant"))
    shown = {one["this"]: one for one in own(server, here)}
    assert len(own(server, here)) == 2
    assert (shown[True]["device"], shown[True]["address"], shown[True]["way"]) == (
        "Firefox, Linux", "testclient", "password",
    )  # fmt: skip
    (foreign,) = (one["session_id"] for one in own(server, other))
    problem_of(server.ask("DELETE", f"/auth/sessions/{foreign}", headers=here), 404)
    assert server.ask("DELETE", f"/auth/sessions/{shown[False]['session_id']}", headers=here).status_code == 204
    problem_of(server.ask("GET", "/auth/me", headers=there), 401)
    assert server.ask("GET", "/auth/me", headers=other).status_code == 200
    assert endings(server)[-1] == ("cashier", "cashier")


def test_all_others_are_ended_in_one_go_and_this_one_stays(server: Server) -> None:
    others, here = [logged_in(server, "auditor") for _ in range(3)], logged_in(server, "auditor")
    assert server.ask("POST", "/auth/sessions/end-others", headers=here).json() == {"ended": 3}
    assert [server.ask("GET", "/auth/me", headers=one).status_code for one in others] == [401] * 3
    (left,) = own(server, here)
    assert left["this"]
    assert endings(server)[-3:] == [("auditor", "auditor")] * 3


@pytest.mark.req("PRIV-1")
def test_a_log_in_that_was_ended_while_it_was_asking_ends_nobody_elses(server: Server) -> None:
    here, thief = (logged_in(server, "cashier") for _ in range(2))
    database = server.application.database
    sessions = Sessions(database, server.clock)
    known = database.read(lambda conn: security_store.credentials(conn, "cashier"))
    assert known is not None
    asked_before = partial(sessions.end_others, principal_of(known[0]), token_hash(thief["Cookie"].partition("=")[2]))
    theirs = next(one["session_id"] for one in own(server, thief) if one["this"])
    assert server.ask("DELETE", f"/auth/sessions/{theirs}", headers=here).status_code == 204
    with pytest.raises(ParkingError, match="sign in"):
        asked_before()
    assert any(one["this"] for one in own(server, here))


def test_an_administrator_ends_the_log_in_of_another_and_its_live_feed_closes_at_once(server: Server) -> None:
    theirs, boss = logged_in(server, "technician"), logged_in(server, "manager")
    (row,) = [
        one
        for one in server.ask("GET", "/operators/sessions", headers=boss).json()["sessions"]
        if one["name"] == "Technician"
    ]
    assert not row["mine"]
    problem_of(server.ask("DELETE", f"/operators/sessions/{row['session_id']}", headers=theirs), 403)
    with server.client.websocket_connect("/api/v1/live", headers=theirs) as feed:
        assert any(key.startswith("lane.") for key in feed.receive_json()["values"])
        assert server.ask("DELETE", f"/operators/sessions/{row['session_id']}", headers=boss).status_code == 204
        assert read_to_the_end(feed) == live_routes.POLICY_VIOLATION
    assert endings(server)[-1] == ("manager", "technician")
    problem_of(server.ask("DELETE", f"/operators/sessions/{row['session_id']}", headers=boss), 404)


def test_logging_out_closes_the_live_feed_too(server: Server) -> None:
    here = logged_in(server, "attendant")
    with server.client.websocket_connect("/api/v1/live", headers=here) as feed:
        feed.receive_json()
        assert server.ask("POST", "/auth/logout", headers=here).status_code == 204
        assert read_to_the_end(feed) == live_routes.POLICY_VIOLATION


def test_when_a_log_in_was_last_used_is_known_to_a_minute(server: Server) -> None:
    here = logged_in(server, "manager")
    token = token_hash(here["Cookie"].partition("=")[2])
    mine = select(security_store.sessions.c.seen_at).where(security_store.sessions.c.token_hash == token)

    def unseen_for() -> timedelta:
        seen_at = server.application.database.read(lambda conn: conn.execute(mine).scalar_one())
        assert isinstance(seen_at, datetime)
        return server.clock.now() - seen_at

    server.park(seconds=59)
    server.ask("GET", "/auth/me", headers=here)
    assert unseen_for() == timedelta(seconds=59)
    server.park(seconds=1)
    server.ask("GET", "/auth/me", headers=here)
    assert unseen_for() == timedelta(0)


def notices(server: Server, headers: dict[str, str]) -> list[tuple[str, str, str]]:
    found = server.ask("GET", "/auth/notices", headers=headers).json()["items"]
    return [(one["what"], one["by"], one["about"]) for one in found]


def change(server: Server, headers: dict[str, str], current: str, new: str) -> Any:
    return server.ask("POST", "/auth/password", headers=headers, json={"current": current, "new": new})


def test_an_operator_changes_their_own_password_and_all_other_log_ins_end(server: Server) -> None:
    here, there = logged_in(server, "technician"), logged_in(server, "technician")
    new = "a new one, much better"
    assert problem_of(change(server, here, "not this one", new), 422)["code"] == "password.wrong"
    assert problem_of(change(server, here, PASSWORD, "short"), 422)["errors"][0]["field"] == "new"
    problem_of(change(server, here, PASSWORD, PASSWORD), 422)
    assert len(own(server, here)) == 2
    assert change(server, here, PASSWORD, new).json() == {"ended": 1}
    problem_of(server.ask("GET", "/auth/me", headers=there), 401)
    assert server.ask("GET", "/auth/me", headers=here).status_code == 200
    server.park(seconds=301)
    log_in = {"username": "technician", "password": PASSWORD}
    problem_of(server.client.post("/api/v1/auth/login", json=log_in), 401)
    assert server.client.post("/api/v1/auth/login", json={**log_in, "password": new}).status_code == 200
    server.client.cookies.clear()
    actions = [one["action"] for one in server.ask("GET", "/audit", "manager").json()["items"]]
    assert [one for one in actions if one.startswith("password.")] == ["password.changed", "password.refused"]
    assert new not in server.ask("GET", "/audit", "manager").text
    server.park(seconds=301)
    assert change(server, here, new, PASSWORD).status_code == 200  # for the tests that follow


def test_guesses_at_a_password_are_limited_as_log_ins_are(server: Server) -> None:
    here = logged_in(server, "auditor")
    tried = [change(server, here, "a guess", "something else entirely").status_code for _ in range(7)]
    assert tried == [422] * 5 + [429] * 2  # the log-in itself was the first of six
    server.park(seconds=301)
    assert change(server, here, PASSWORD, PASSWORD + "!").status_code == 200


def a_passkey_of(server: Server, username: str) -> str:
    """One that was registered once; its name is `Old phone`."""

    def add(uow: UnitOfWork) -> str:
        operator = security_store.credentials(uow.connection, username)
        assert operator is not None
        made = Passkey(uow.ids.new(uow.now), operator[0].id, b"\x01", b"\x02", 0, (), "Old phone", uow.now, None)
        passkey_store.add(uow.connection, made)
        return made.id

    return server.application.database.write(add)


def test_an_administrator_takes_a_passkey_away_and_its_owner_is_told_once(server: Server) -> None:
    passkey = a_passkey_of(server, "cashier")
    here = logged_in(server, "cashier")
    manager = logged_in(server, "manager")
    assert notices(server, here) == []
    shown = server.ask("GET", "/operators/passkeys", headers=manager).json()["passkeys"]
    assert [(one["operator"], one["name"], one["mine"]) for one in shown] == [("Cashier", "Old phone", False)]
    problem_of(server.ask("DELETE", f"/operators/passkeys/{passkey}", headers=here), 403)
    assert server.ask("DELETE", f"/operators/passkeys/{passkey}", headers=manager).json() == {"ended": 0}
    problem_of(server.ask("DELETE", f"/operators/passkeys/{passkey}", headers=manager), 404)
    assert server.ask("GET", "/auth/passkeys", headers=here).json()["passkeys"] == []
    (session,) = (one["session_id"] for one in own(server, here) if one["this"])
    server.ask("DELETE", f"/operators/sessions/{session}", headers=manager)
    again = logged_in(server, "cashier")
    told = notices(server, again)
    assert [(what, by) for what, by, _ in told] == [("passkey.taken_away", "Manager"), ("session.ended", "Manager")]
    assert told[0][2] == "Old phone"
    assert server.ask("POST", "/auth/notices/read", headers=again).status_code == 204
    assert notices(server, again) == []
    assert notices(server, manager) == []  # what one did oneself is no news
