"""What the server gave up is told, listed and done again over HTTP: nothing that a gate told is lost for good."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parking.kernel.events import Direction, Event, LaneFaulted
from parking.kernel.ids import LaneId, StayId
from parking.plumbing.delivery import bury
from parking.sessions import store
from tests.builders.application import Server, a_server, problem_of
from tests.builders.journeys import answer, envelope, passage

pytestmark = pytest.mark.req("DATA-2", "GATE-3")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


def waiting(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.ask("GET", "/given-up", "technician").json()["items"]
    return found


def post(server: Server, deed: str, given_up_id: str, **how: Any) -> Any:
    return server.ask("POST", f"/given-up/{given_up_id}/{deed}", "technician", **how)


def health(server: Server) -> tuple[str, str]:
    server.application.given_up.watch.check()
    server.settle_down()
    shown = json.loads(server.application.hub.values["device.server"])
    return shown["health"], shown["detail"]


def an_entry_that_died(server: Server) -> str:
    """A car came in, and the room of stays failed at it again and again."""
    visit = server.application.database.ids.new(server.clock.now())
    came = envelope(passage(Direction.IN, visit, "浙A12385"), server.clock.now(), number=77)
    server.application.database.write(lambda uow: bury(uow, "stays", came, "ValueError", 8))
    return visit


def test_an_entry_that_was_given_up_becomes_a_stay_when_a_technician_has_it_done_again(server: Server) -> None:
    visit = an_entry_that_died(server)
    assert health(server) == ("faulty", "an event or a job was given up after every try")
    (found,) = waiting(server)
    assert (found["code"], found["group"], found["attempts"]) == ("VehiclePassed", "stays", 8)
    assert "12385" not in str(found)
    assert server.application.database.read(lambda conn: store.get(conn, StayId(visit))) is None

    assert post(server, "again", found["id"]).json() == {"done": True, "error": ""}
    stay = server.application.database.read(lambda conn: store.get(conn, StayId(visit)))
    assert stay is not None
    assert waiting(server) == []
    assert health(server)[0] == "ok"
    assert problem_of(post(server, "again", found["id"]), 404)["code"] == "given_up.unknown"


def test_what_fails_again_waits_on_until_it_is_let_be_and_both_are_on_record(server: Server) -> None:
    nowhere = replace(passage(Direction.IN, "v1", None), lane_id=LaneId("no-such-lane"))
    died = envelope(nowhere, server.clock.now(), number=78)
    server.application.database.write(lambda uow: bury(uow, "counts", died, "ValueError", 8))
    (found,) = waiting(server)
    tried = post(server, "again", found["id"]).json()
    assert (tried["done"], waiting(server)[0]["attempts"]) == (False, 9)
    assert tried["error"] == waiting(server)[0]["error"]

    assert problem_of(post(server, "let-be", found["id"], json={"reason": "x"}), 422)
    assert post(server, "let-be", found["id"], json={"reason": "this lane was taken down"}).status_code == 204
    assert waiting(server) == []
    record = server.ask("POST", "/audit/search", "auditor", json={"text": found["id"]}).json()["items"]
    assert {one["action"] for one in record} == {"device.again", "device.let_be"}
    assert "this lane was taken down" in {one["reason"] for one in record}


@pytest.mark.parametrize(
    ("group", "event"),
    [
        ("live", passage(Direction.IN, "v1", "浙A12385")),
        ("stays", LaneFaulted(LaneId("exit-1"), "fire", "", False)),
        ("stays", answer(Direction.OUT, "v1", "浙A12385", allowed=False, due=600)),
        ("stays", answer(Direction.IN, "v1", "浙A12385")),
    ],
    ids=["a screen", "a fire", "a refusal", "an entry's ruling"],
)
def test_what_tells_only_what_was_so_then_is_not_done_again(server: Server, group: str, event: Event) -> None:
    """An old fire would open the house again; an old ruling would end the stays of cars that came since."""
    old = envelope(event, server.clock.now(), number=79)
    server.application.database.write(lambda uow: bury(uow, group, old, "ValueError", 8))
    (found,) = waiting(server)
    assert found["may_again"] is False
    assert problem_of(post(server, "again", found["id"]), 409)["code"] == "given_up.past"
    assert len(waiting(server)) == 1
    assert post(server, "let-be", found["id"], json={"reason": "seen to by hand"}).status_code == 204


def test_the_scrape_counts_what_waits(server: Server) -> None:
    an_entry_that_died(server)
    assert "parking_given_up 1.0" in server.client.get("/metrics").text
