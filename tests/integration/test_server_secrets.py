"""A plate with a place and a time is somebody's whereabouts: a stranger learns nothing, and nothing of ours says it in clear."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog
from httpx2 import Response

from parking.plumbing import logs
from tests.builders.application import ROLES, TRACE, Server, a_server, problem_of
from tests.builders.journeys import OTHER_PLATE, PLATE

INSIDE, UNKNOWN = PLATE, "浙A54321"
FOREIGN = "QZ7XK3W9"  # nothing that redacts by the look of Chinese plates would catch it
NOT_COMPARED = {"date"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


def answer(reply: Response) -> tuple[int, bytes, dict[str, str]]:
    return reply.status_code, reply.content, {k: v for k, v in reply.headers.items() if k not in NOT_COMPARED}


def routes(server: Server) -> list[tuple[str, str]]:
    paths = server.app.openapi()["paths"]
    api = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    return [*api, ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/"), ("GET", "/{plate}")]


def ask_about(server: Server, method: str, path: str, plate: str, headers: dict[str, str]) -> Response:
    """Ask with the plate wherever the route has room for it."""
    in_path = "/".join(quote(plate) if part.startswith("{") else part for part in path.split("/"))
    body = {"plate": plate, "stay_id": plate, "username": plate, "password": plate, "reason": plate, "channel": plate}
    return server.client.request(
        method, in_path, params={"plate": plate, "cursor": plate, "state": "open"}, json=body, headers={**TRACE, **headers}
    )  # fmt: skip


@pytest.mark.req("PRIV-1")
def test_a_stranger_gets_the_same_bytes_for_a_plate_that_is_here_and_for_one_that_is_not(server: Server) -> None:
    server.enter(INSIDE)
    for method, path in routes(server):
        here = ask_about(server, method, path, INSIDE, {})
        nowhere = ask_about(server, method, path, UNKNOWN, {})
        assert answer(here) == answer(nowhere), (method, path)
        assert INSIDE not in here.text


@pytest.mark.req("PRIV-1")
def test_a_driver_learns_as_little_of_other_cars_as_a_stranger_does(server: Server) -> None:
    server.enter(INSIDE)
    mine = server.as_("driver", server.enter(OTHER_PLATE))
    for method, path in routes(server):
        if path == "/api/v1/my/payments":
            continue  # it begins a payment of the driver's own stay, whatever else is said
        here = ask_about(server, method, path, INSIDE, mine)
        nowhere = ask_about(server, method, path, UNKNOWN, mine)
        assert answer(here) == answer(nowhere), (method, path)


@pytest.mark.req("PRIV-1")
def test_a_driver_sees_the_own_stay_masked_and_nobody_elses_payment(server: Server) -> None:
    mine, other = server.enter(INSIDE), server.enter(OTHER_PLATE)
    server.park(hours=1)
    shown = server.ask("GET", "/my/stay", "driver", stay=mine).json()
    assert shown["plate"] == "浙A***45"
    begun = server.ask(
        "POST", "/my/payments", "driver", stay=other, json={"channel": "wallet"}, headers={"Idempotency-Key": "k"}
    ).json()
    foreign = server.ask("GET", f"/my/payments/{begun['payment_id']}", "driver", stay=mine)
    none_such = server.ask("GET", f"/my/payments/{'0' * len(begun['payment_id'])}", "driver", stay=mine)
    assert answer(foreign) == answer(none_such)
    problem_of(foreign, 404)
    assert server.ask("GET", f"/my/payments/{begun['payment_id']}", "driver", stay=other).status_code == 200


def test_a_code_for_a_stay_that_does_not_exist_shows_nothing(server: Server) -> None:
    problem_of(server.ask("GET", "/my/stay", "driver", stay="0197f000-0000-7000-8000-00000000dead"), 404)


@pytest.mark.parametrize("spoil", ["cut", "other body", "other key", "expired"])
def test_a_code_that_was_tampered_with_is_no_code(server: Server, spoil: str) -> None:
    ticket = server.ticket(server.enter())
    key, body, signature = ticket.split(".")
    other = server.ticket("0197f000-0000-7000-8000-00000000dead").split(".")
    broken = {
        "cut": ticket[:-4],
        "other body": f"{key}.{other[1]}.{signature}",
        "other key": f"{'0' * len(key)}.{body}.{signature}",
        "expired": ticket,
    }[spoil]
    if spoil == "expired":
        server.park(hours=2)
    refused = server.ask("GET", "/my/stay", headers={"Authorization": f"Bearer {broken}"})
    assert answer(refused) == answer(server.ask("GET", "/my/stay"))
    problem_of(refused, 401)


@pytest.mark.req("KIOSK-1")
def test_a_kiosk_finds_the_stay_of_a_plate_that_was_typed_with_spaces_and_learns_the_fee(server: Server) -> None:
    server.enter("浙A12345")
    server.park(hours=1, minutes=30)
    found = server.ask("POST", "/kiosk/stays/find", "kiosk", json={"plate": "浙a·123 45"}).json()
    assert found["found"] is True
    assert found["stay"]["bill"]["due"] == {"amount": 1000, "currency": "CNY"}
    own = server.ask("GET", "/my/stay", headers={"Authorization": f"Bearer {found['stay_token']}"})
    assert own.json()["bill"] == found["stay"]["bill"]


@pytest.mark.req("KIOSK-1")
def test_a_kiosk_that_finds_nothing_says_so_and_nothing_else(server: Server) -> None:
    stay_id = server.enter(INSIDE)
    server.enter(OTHER_PLATE)
    assert stay_id
    for plate in (UNKNOWN, INSIDE[:-1], INSIDE[1:]):
        reply = server.ask("POST", "/kiosk/stays/find", "kiosk", json={"plate": plate})
        assert reply.json() == {"found": False, "stay_token": None, "stay": None}
    problem_of(server.ask("POST", "/kiosk/stays/find", "kiosk", json={"plate": "%%%"}), 422)
    problem_of(server.ask("POST", "/kiosk/stays/find", "kiosk", json={"plate": ["浙A12345"]}), 422)


@pytest.mark.req("PRIV-1")
def test_a_kiosk_that_tries_plates_out_is_slowed_down(server: Server) -> None:
    replies = [server.ask("POST", "/kiosk/stays/find", "kiosk", json={"plate": f"浙A{n:05d}"}) for n in range(61)]
    assert [r.status_code for r in replies] == [200] * 60 + [429]
    problem_of(replies[-1], 429)
    assert int(replies[-1].headers["retry-after"]) > 0


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """Everything that the process logs, at the finest level, through the product's own chain."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up(json=True, level="DEBUG", stream=stream)
    for client in ("httpx", "httpx2", "httpcore"):  # the test's own client, not ours
        logging.getLogger(client).setLevel(logging.CRITICAL)
    yield stream
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


@pytest.mark.req("PRIV-1")
def test_no_log_line_metric_problem_or_public_page_says_a_plate(server: Server, log_lines: io.StringIO) -> None:
    said: list[str] = []

    def say(reply: Response) -> Response:
        said.append(f"{reply.request.method} {reply.status_code} {reply.headers} {reply.text}")
        return reply

    stay_id = server.enter(FOREIGN)
    server.enter(FOREIGN)  # a second entry, which makes a case
    server.park(hours=1)
    for method, path in routes(server):
        for who in ("anonymous", "kiosk", "driver", *(ROLES if "/access/" not in path else ())):
            if "login" in path and who != "anonymous":
                continue
            say(ask_about(server, method, path, FOREIGN, server.as_(who, stay_id)))
    for garbage in (b'{"plate": "' + FOREIGN.encode(), b'{"plate": {"x": "' + FOREIGN.encode() + b'"}}'):
        say(server.ask("POST", "/kiosk/stays/find", "kiosk", content=garbage))
    say(server.box.post(server.box.body([1], device=FOREIGN)))
    say(
        server.box.post(
            b'{"device": "edge-1", "epoch": "e", "events": [{"seq": 1, "plate": "' + FOREIGN.encode() + b'"}]}'
        )
    )
    with server.client.websocket_connect("/api/v1/live") as feed:
        said.append(json.dumps(feed.receive_json()))
    assert len(said) > 100
    assert [text for text in said if FOREIGN in text] == []
    assert FOREIGN not in log_lines.getvalue()


def test_pages_and_answers_carry_a_policy_that_lets_nothing_else_in(server: Server) -> None:
    for path in ("/", "/docs", "/api/v1/site", "/healthz", "/nowhere"):
        headers = server.client.get(path, follow_redirects=False).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert server.ask("GET", "/site").headers["cache-control"] == "no-store"


@pytest.mark.req("PRIV-2")
def test_a_phone_pays_with_nothing_but_the_code_of_the_stay(server: Server) -> None:
    """No account, no number, no cookie: the code goes in, a payment comes out."""
    stay_id = server.enter()
    server.park(hours=1)
    begun = server.ask(
        "POST", "/my/payments", "driver", stay=stay_id, json={"channel": "wallet"}, headers={"Idempotency-Key": "k"}
    )
    assert begun.status_code == 201
    assert begun.json()["amount"] == {"amount": 600, "currency": "CNY"}
    assert "set-cookie" not in begun.headers
