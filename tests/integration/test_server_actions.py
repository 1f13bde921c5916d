"""What moves money or a boom happens once per key and is on record; what the operators see and do follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from parking.access import store as access_store
from parking.kernel.ids import StayId
from parking.security import audit
from parking.security import store as security_store
from payments import ledger_store
from payments import store as payments_store
from tests.builders.application import Server, a_server, problem_of, rows
from tests.builders.journeys import OTHER_PLATE, PLATE
from tests.builders.plumbing import eventually


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


def open_lane(server: Server, key: str | None = "k1", *, lane: str = "exit-1", reason: str = "intercom") -> Any:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return server.ask("POST", f"/lanes/{lane}/open", "attendant", json={"reason": reason}, headers=headers)


def orders(server: Server) -> list[dict[str, Any]]:
    return [row["data"] for row in rows(server, access_store.copy_row) if row["kind"] == "command" and row["data"]]


def pay(server: Server, stay_id: str, key: str | None = "k1", channel: str = "wallet") -> Any:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return server.ask("POST", "/my/payments", "driver", stay=stay_id, json={"channel": channel}, headers=headers)


@pytest.mark.req("LOG-1")
def test_an_order_to_open_reaches_the_copy_once_and_is_on_record_with_name_and_reason(server: Server) -> None:
    replies = [open_lane(server) for _ in range(3)]
    assert [r.status_code for r in replies] == [202, 202, 202]
    assert len({r.json()["command_id"] for r in replies}) == 1
    (order,) = orders(server)
    assert (order["lane_id"], order["reason"], order["action"]) == ("exit-1", "intercom", "open")
    entries = server.application.database.read(lambda conn: list(security_store.audit_entries(conn)))
    opened = [e for e in entries if e.action == "lane.open"]
    assert [(e.actor, e.subject, e.reason) for e in opened] == [(order["actor"], "exit-1", "intercom")]
    assert server.application.database.read(audit.verify).broken_at is None
    listed = server.ask("GET", "/audit", "auditor").json()["items"]
    assert listed[0]["action"] == "lane.open"


def test_a_key_is_required_and_good_for_one_request_of_one_person(server: Server) -> None:
    assert problem_of(open_lane(server, None), 422)["code"] == "idempotency.missing"
    problem_of(open_lane(server, "   "), 422)
    assert open_lane(server).status_code == 202
    assert problem_of(open_lane(server, reason="another one"), 409)["code"] == "idempotency.reused"
    assert problem_of(open_lane(server, lane="entry-1"), 409)["code"] == "idempotency.reused"
    other = server.ask(
        "POST", "/lanes/exit-1/open", "manager", json={"reason": "mine"}, headers={"Idempotency-Key": "k1"}
    )
    assert other.status_code == 202
    assert len(orders(server)) == 1  # the newer took the place of the older


def test_only_lanes_with_a_boom_can_be_opened(server: Server) -> None:
    for lane in ("ramp-1", "entry-9", "%00"):
        problem_of(open_lane(server, lane=lane), 404)
    problem_of(open_lane(server, reason=""), 422)
    assert orders(server) == []


@pytest.mark.req("PAY-3")
def test_a_payment_that_is_asked_for_twice_is_one_payment(server: Server) -> None:
    stay_id = server.enter()
    server.park(hours=1)
    first, again = pay(server, stay_id), pay(server, stay_id)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["payment_id"] == again.json()["payment_id"]
    assert first.json()["qr_svg"].startswith("<svg")
    second_tap = pay(server, stay_id, "k2")  # another phone: the same live payment
    assert second_tap.json()["payment_id"] == first.json()["payment_id"]
    assert len(rows(server, payments_store.payment_table)) == 1
    assert problem_of(pay(server, stay_id, None), 422)["code"] == "idempotency.missing"


@pytest.mark.req("PAY-3")
def test_a_key_that_began_one_payment_begins_no_other(server: Server) -> None:
    stay_id = server.enter()
    server.park(hours=1)
    assert pay(server, stay_id).status_code == 201
    assert problem_of(pay(server, stay_id, channel="card"), 409)["code"] == "idempotency.reused"


def test_a_channel_that_the_site_does_not_have_names_those_it_has(server: Server) -> None:
    stay_id = server.enter()
    server.park(hours=1)
    refused = problem_of(pay(server, stay_id, channel="shells"), 422)
    assert refused["errors"][0]["field"] == "channel"
    assert "wallet" in refused["detail"]


def test_nothing_due_is_a_conflict_and_leaves_no_payment(server: Server) -> None:
    stay_id = server.enter()
    assert problem_of(pay(server, stay_id), 409)["code"] == "stay.nothing_due"
    assert rows(server, payments_store.payment_table) == []


@pytest.mark.req("PAY-2", "FEE-1")
def test_a_driver_pays_and_sees_until_when_the_exit_is_free(server: Server) -> None:
    stay_id = server.enter()
    server.park(hours=1, minutes=30)
    begun = pay(server, stay_id).json()
    assert (begun["state"], begun["amount"]) == ("SENT", {"amount": 1000, "currency": "CNY"})
    server.approve(begun["pay_url"])

    def state() -> dict[str, Any]:
        found: dict[str, Any] = server.ask("GET", f"/my/payments/{begun['payment_id']}", "driver", stay=stay_id).json()
        return found

    eventually(lambda: state()["state"] == "PAID" and state()["leave_by"] is not None)
    shown = server.ask("GET", "/my/stay", "driver", stay=stay_id).json()
    assert (shown["state"], shown["bill"]["due"]["amount"], shown["bill"]["paid"]["amount"]) == ("settled", 0, 1000)
    assert sum(line["amount"]["amount"] for line in shown["bill"]["lines"]) == shown["bill"]["total"]["amount"]
    balances = server.ask("GET", "/ledger/balances", "auditor").json()
    assert sum(b["balance"] for b in balances) == 0
    assert server.application.database.read(lambda conn: ledger_store.stay_sums(conn, StayId(stay_id))).captured == 1000
    assert problem_of(pay(server, stay_id, "k3"), 409)["code"] == "stay.nothing_due"


def test_operators_find_stays_page_by_page_with_plates_masked(server: Server) -> None:
    ids = [server.enter(f"浙A0000{n}") for n in range(3)]
    first = server.ask("GET", "/stays?limit=2", "cashier").json()
    rest = server.ask("GET", f"/stays?limit=2&cursor={first['next']}", "cashier").json()
    assert {s["id"] for s in first["items"] + rest["items"]} == set(ids)
    assert rest["next"] is None
    assert all(s["plate"].startswith("浙A***0") for s in first["items"])
    whole = server.ask("GET", f"/stays/{ids[0]}", "cashier").json()
    assert (whole["state"], whole["payments"], whole["bill"]["due"]["amount"]) == ("open", [], 0)
    problem_of(server.ask("GET", "/stays/none", "cashier"), 404)
    problem_of(server.ask("GET", "/stays?state=lost", "cashier"), 422)
    problem_of(server.ask("GET", "/stays?limit=0", "cashier"), 422)


@pytest.mark.req("LOG-1")
def test_a_ticket_opens_the_drivers_page_and_is_on_record(server: Server) -> None:
    stay_id = server.enter()
    ticket = server.ask("POST", f"/stays/{stay_id}/ticket", "cashier").json()
    assert ticket["url"].endswith(f"/driver/#t={ticket['token']}")
    assert ticket["svg"].startswith("<svg")
    own = server.ask("GET", "/my/stay", headers={"Authorization": f"Bearer {ticket['token']}"})
    assert own.json()["state"] == "open"
    problem_of(server.ask("POST", "/stays/none/ticket", "cashier"), 404)
    entries = server.application.database.read(lambda conn: list(security_store.audit_entries(conn)))
    assert [e.subject for e in entries if e.action == "stay.ticket"] == [stay_id]


@pytest.mark.req("ID-1")
def test_a_second_entry_is_a_case_that_a_person_ends_once(server: Server) -> None:
    first = server.enter(PLATE)
    server.enter(PLATE)
    (case,) = server.ask("GET", "/cases", "attendant").json()["items"]
    assert (case["reason"], case["stay_id"]) == ("second_entry", first)
    done = server.ask("POST", f"/cases/{case['id']}/resolve", "attendant", json={"note": "a cloned plate"})
    assert (done.status_code, done.json()["state"]) == (200, "resolved")
    problem_of(server.ask("POST", f"/cases/{case['id']}/resolve", "manager", json={"note": "me too"}), 409)
    problem_of(server.ask("POST", "/cases/none/resolve", "manager", json={"note": "?"}), 404)
    assert server.ask("GET", "/cases", "attendant").json()["items"] == []
    assert len(server.ask("GET", "/cases?state=resolved", "attendant").json()["items"]) == 1


def test_a_plate_on_a_list_is_in_the_lanes_copy_with_the_answer(server: Server) -> None:
    put = server.ask("PUT", f"/access/list/{OTHER_PLATE}", "manager", json={"listed_as": "block", "note": "owes"})
    assert put.status_code == 200
    t = access_store.copy_row
    query = sa.select(t.c.data).where(t.c.kind == "list", t.c.key == OTHER_PLATE)
    row = server.application.database.read(lambda conn: conn.execute(query).scalar_one())
    assert (row["listed_as"], row["note"]) == ("block", "owes")
