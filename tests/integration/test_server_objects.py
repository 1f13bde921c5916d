"""Every route of the described API, asked by everybody, for what is theirs, for what is another's and for what is not there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kiosk_ui
from tests.builders.application import ROLES
from tests.builders.everybody import BUYER, MISSING, Everybody, everybody
from tests.integration.test_server_doors import IN_PATH, OF_THE_MALL, PROVES_ITSELF, STRANGERS, WHO_MAY

pytestmark = pytest.mark.req("PRIV-1")
ASKING = (*STRANGERS, *OF_THE_MALL, *ROLES)
DOORS_OF = {"/my": "driver", "/me": "member", "/till": "till", "/kiosk": "kiosk", "/members": "app"}
"""Behind these doors everybody finds their own things only; what operators work on is the whole site's."""
UPSERTS = {"PUT"}
NOTHING_THERE_IS_AN_ANSWER = {
    ("GET", "/stays/{stay_id}/invoices"),
    ("POST", "/payments/{payment_id}/coupons/return"),
}
"""Lists of what belongs to something: empty for what is not there."""
PROVEN_ELSEWHERE = {("DELETE", "/my/cards/{agreement_id}"), ("POST", "/kiosk/cards/{payment_id}/cancel")}
"""One's own exists with a card company, or a card terminal, only: test_server_cards.py, test_server_cash_machine.py."""
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/my/debts/{debt_id}/payments"): {"channel": "wallet"},
    ("POST", "/my/debts/{debt_id}/dispute"): {"reason": "I was not there"},
    ("POST", "/me/debts/{debt_id}/payments"): {"channel": "wallet"},
}
IN_BODY = {("POST", "/me/invoices"): lambda stay: {"buyer": BUYER, "stays": [stay]}}
"""Routes where the object stands in the body."""
Route = tuple[str, str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everybody]:
    with everybody(tmp_path_factory.mktemp("objects")) as running:
        yield running


def routes() -> list[Route]:
    """All of the file that clients are generated from."""
    described = json.loads((Path(kiosk_ui.__file__).parent / "openapi.json").read_text())["paths"]
    found = [(m.upper(), p.removeprefix("/api/v1")) for p, methods in described.items() for m in methods]
    return [route for route in found if WHO_MAY[route] is not PROVES_ITSELF and route[1] != "/auth/logout"]


def names(route: Route) -> list[str]:
    return re.findall(r"\{(\w+)\}", route[1])


def with_object(route: Route) -> bool:
    return bool(names(route)) or route in IN_BODY


def whose_door(route: Route) -> str | None:
    return DOORS_OF.get("/" + route[1].split("/")[1])


def filled(route: Route, has: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: has.get(m[1], IN_PATH.get(m[1], MISSING)), route[1])


def things(world: Everybody, route: Route, whose: str) -> dict[str, str]:
    """What stands in the path: the objects of whoever this door is for, of the other one, or names of nothing."""
    if whose == "missing":
        return {}
    kind = whose_door(route) or "operator"
    return (world.own if whose == "own" else world.foreign)[kind]


def asked(world: Everybody, who: str, route: Route, whose: str) -> Any:
    has = things(world, route, whose)
    body = IN_BODY[route](has.get("stay", MISSING)) if route in IN_BODY else BODIES.get(route)
    return world.ask(who, route[0], filled(route, has), **({} if body is None else {"json": body}))


def without_names(reply: Any) -> tuple[int, dict[str, Any]]:
    said = {**reply.json(), "instance": ""} if reply.content else {}
    return reply.status_code, said


def anything_in(reply: Any) -> bool:
    said = reply.json()
    found = (
        [value for key, value in said.items() if key not in ("offered", "rules")] if isinstance(said, dict) else said
    )
    return any(found)


@pytest.mark.parametrize("who", ASKING)
def test_nobody_comes_through_a_door_that_is_not_theirs_whatever_they_name(world: Everybody, who: str) -> None:
    before, unexpected, cases = world.state(), [], 0
    for route in routes():
        if who in WHO_MAY[route]:
            continue
        answers = []
        for whose in ("own", "foreign", "missing") if with_object(route) else ("missing",):
            reply, cases = asked(world, who, route, whose), cases + 1
            answers.append(without_names(reply))
            if reply.status_code != (401 if who == "anonymous" else 403):
                unexpected.append((*route, whose, reply.status_code))
        if any(answer != answers[0] for answer in answers):
            unexpected.append((*route, "the answers tell what exists", 0))
    assert not unexpected, unexpected
    assert cases
    after = world.state()
    assert not (changed := [name for name in after if after[name] != before[name]]), changed


@pytest.mark.parametrize("who", DOORS_OF.values())
def test_what_is_anothers_looks_like_what_is_not_there(world: Everybody, who: str) -> None:
    before, wrong, cases = world.state(), [], 0
    for route in routes():
        if whose_door(route) != who or who not in WHO_MAY[route] or not with_object(route):
            continue
        foreign, missing = (asked(world, who, route, whose) for whose in ("foreign", "missing"))
        cases += 1
        if foreign.status_code < 400 or without_names(foreign) != without_names(missing):
            wrong.append((*route, foreign.status_code, missing.status_code, foreign.text[:200], missing.text[:200]))
    assert not wrong, wrong
    assert cases
    after = world.state()
    assert not (changed := [name for name in after if after[name] != before[name]]), changed


@pytest.mark.parametrize("who", ROLES)
def test_an_operator_finds_the_sites_things_and_nothing_under_a_name_of_nothing(world: Everybody, who: str) -> None:
    wrong = []
    for route in routes():
        if who not in WHO_MAY[route] or not names(route):
            continue
        nothing = asked(world, who, route, "missing")
        known = set(names(route)) & world.own["operator"].keys()
        if known and nothing.status_code < 400 and route[0] not in UPSERTS:
            assert route in NOTHING_THERE_IS_AN_ANSWER, (route, nothing.text)
            assert not anything_in(nothing), (route, nothing.text)
        if route[0] == "GET" and known:
            for whose in ("own", "foreign"):
                reply = asked(world, who, route, whose)
                if reply.status_code >= 500 or reply.status_code in (401, 403):
                    wrong.append((*route, whose, reply.status_code))
    assert not wrong, wrong


@pytest.mark.parametrize("who", DOORS_OF.values())
def test_everybody_gets_their_own(world: Everybody, who: str) -> None:
    """Reading first and deleting last, since what is deleted is nobody's any more."""
    order = ("GET", "PUT", "POST", "DELETE")
    mine = [
        route
        for route in routes()
        if whose_door(route) == who and who in WHO_MAY[route] and with_object(route) and route not in PROVEN_ELSEWHERE
    ]
    wrong = []
    for route in sorted(mine, key=lambda route: order.index(route[0])):
        reply = asked(world, who, route, "own")
        if reply.status_code in (401, 403, 404) or reply.status_code >= 500:
            wrong.append((*route, reply.status_code, reply.text[:300]))
    assert not wrong, wrong
    assert mine
