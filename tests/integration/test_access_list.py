"""The lists change together with every lane's copy, or not at all; only operators with the right may read or change them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from parking.access import api, service, store
from parking.access.snapshot import CopyRow, ListedAs, ListRow
from parking.kernel.errors import ParkingError
from parking.kernel.plate import Plate
from parking.kernel.principal import ANONYMOUS, Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.tables import outbox
from parking.web import errors

KEEPER = Principal("operator", "li", frozenset({Scope.ACCESS_READ, Scope.ACCESS_WRITE}))
READER = Principal("operator", "wang", frozenset({Scope.ACCESS_READ}))
PLATE = Plate.parse("苏A·12345")


def entry(**changes: Any) -> ListRow:
    values: dict[str, Any] = {"plate": PLATE, "listed_as": ListedAs.BLOCK, "note": "", "valid_from": None}
    return ListRow(**{**values, "valid_until": None, **changes})


class Desk:
    """The router in a bare application, asked by whoever sits at the desk."""

    def __init__(self, database: Database) -> None:
        self.who = KEEPER
        self.audited: list[tuple[str, str]] = []
        self.looks: list[tuple[str, str]] = []
        app = FastAPI()
        errors.install(app)
        app.include_router(api.router(database, "mall", self.audit, self.look))

        @app.middleware("http")
        async def seat(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
            request.state.principal = self.who
            return await call_next(request)

        self.client = TestClient(app)

    def audit(self, _uow: UnitOfWork, _who: Principal, action: str, subject: str, _reason: str) -> None:
        self.audited.append((action, subject))

    def look(self, _uow: UnitOfWork, _who: Principal, what: str, subject: str) -> None:
        self.looks.append((what, subject))


@pytest.mark.req("GATE-5")
def test_a_listed_plate_is_in_the_copy_of_every_lane(database: Database) -> None:
    database.write(lambda uow: service.put_on_list(uow, entry()))
    (row,) = database.read(lambda conn: store.rows_since(conn, "mall", 0))
    assert (row.kind, row.key, row.data) == (
        "list",
        "苏A12345",
        {"listed_as": "block", "note": "", "valid_from": None, "valid_until": None},
    )
    assert database.read(lambda conn: [r.type for r in conn.execute(outbox.select())]) == ["AccessListChanged"]


def test_the_same_entry_again_changes_nothing(database: Database) -> None:
    for _ in range(2):
        database.write(lambda uow: service.put_on_list(uow, entry()))
    assert [row.version for row in database.read(lambda conn: store.rows_since(conn, "mall", 0))] == [1]


def test_a_plate_taken_off_leaves_the_copy_with_a_later_version(database: Database) -> None:
    database.write(lambda uow: service.put_on_list(uow, entry()))
    database.write(lambda uow: service.take_off_list(uow, PLATE))
    rows = database.read(lambda conn: store.rows_since(conn, "mall", 1))
    assert rows == [CopyRow("list", "苏A12345", 2, None)]


def test_what_fails_leaves_no_version_behind(database: Database) -> None:
    def fails(uow: UnitOfWork) -> None:
        store.put_row(uow, "zone", "b1", {"free": 1, "capacity": 2})
        raise ValueError("a fault after the row")

    with pytest.raises(ValueError, match="a fault"):
        database.write(fails)
    assert database.write(lambda uow: store.put_row(uow, "zone", "b1", {"free": 1, "capacity": 2})) == 1


def test_rows_come_in_pages_and_only_for_their_site(database: Database) -> None:
    def fill(uow: UnitOfWork) -> None:
        for zone in ("b1", "b2", "b3"):
            store.put_row(uow, "zone", zone, {"free": 1, "capacity": 2})
        store.put_row(uow, "zone", "x", {"free": 1, "capacity": 2}, site="elsewhere")

    database.write(fill)
    first = database.read(lambda conn: store.rows_since(conn, "mall", 0, limit=2))
    rest = database.read(lambda conn: store.rows_since(conn, "mall", first[-1].version, limit=2))
    assert [row.key for row in (*first, *rest)] == ["b1", "b2", "b3"]


def test_dropping_a_lanes_orders_leaves_those_of_other_lanes(database: Database) -> None:
    order = {"action": "open", "actor": "li", "reason": "r", "expires_at": "2026-01-01T00:00:00Z"}

    def work(uow: UnitOfWork) -> None:
        store.put_row(uow, "command", "c1", {**order, "lane_id": "exit-1"})
        store.put_row(uow, "command", "c2", {**order, "lane_id": "exit-2"})
        store.drop_commands(uow, "exit-1")

    database.write(work)
    rows = database.read(lambda conn: store.rows_since(conn, "mall", 0))
    assert [(row.key, row.data is None) for row in rows] == [("c2", False), ("c1", True)]


def test_data_that_no_lane_would_understand_is_refused_naming_the_field(sqlite_database: Database) -> None:
    with pytest.raises(ParkingError, match=r"zone\.free"):
        sqlite_database.write(lambda uow: store.put_row(uow, "zone", "b1", {"capacity": 2}))


def test_an_operator_lists_shows_and_removes_a_plate(memory_database: Database) -> None:
    desk = Desk(memory_database)
    reply = desk.client.put(
        "/access/list/苏A-12345", json={"listed_as": "allow", "note": "staff", "valid_until": "2027-01-01T00:00:00Z"}
    )
    assert reply.status_code == 200
    shown = desk.client.get("/access/list").json()
    assert [item["plate"] for item in shown["items"]] == ["苏A12345"]
    assert shown["next"] is None
    assert datetime.fromisoformat(shown["items"][0]["valid_until"]) == datetime(2027, 1, 1, tzinfo=UTC)
    assert desk.client.delete("/access/list/苏A12345").status_code == 204
    assert desk.client.delete("/access/list/苏A12345").status_code == 404
    assert desk.audited == [("access.listed", "mall:苏A***45"), ("access.unlisted", "mall:苏A***45")]
    assert desk.looks == [("list", "mall")], "plates in clear: whoever reads the list is on record"


def test_a_validity_that_ends_before_it_begins_is_refused(memory_database: Database) -> None:
    body = {"listed_as": "allow", "valid_from": "2027-01-02T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z"}
    reply = Desk(memory_database).client.put("/access/list/苏A12345", json=body)
    assert (reply.status_code, reply.json()["code"]) == (422, "access.validity")


@pytest.mark.parametrize(("who", "read", "write"), [(ANONYMOUS, 401, 401), (READER, 200, 403)])
def test_only_those_with_the_right_may_look_or_change(
    memory_database: Database, who: Principal, read: int, write: int
) -> None:
    desk = Desk(memory_database)
    desk.who = who
    assert desk.client.get("/access/list").status_code == read
    assert desk.client.put("/access/list/苏A12345", json={"listed_as": "allow"}).status_code == write
    assert desk.client.delete("/access/list/苏A12345").status_code == write
