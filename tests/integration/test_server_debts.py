"""Debts and agreements over HTTP: who sees what, who decides, and what is on record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parking.kernel.events import Direction, ExitPromised
from parking.kernel.ids import StayId, VisitId
from parking.kernel.money import Money
from parking.security import store as security_store
from tests.builders.application import Server, a_server, problem_of
from tests.builders.journeys import EXIT, OTHER_PLATE, PLATE, passage
from tests.builders.plumbing import eventually


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name}


def agree(server: Server, plate: str = PLATE, who: str = "manager", **changes: Any) -> Any:
    body = {"plate": plate, "channel": "wallet", "reference": "contract-1", "per_stay_minor": 3000}
    whole = {**body, "at_once_minor": 6000, "per_day_minor": 9000, **changes}
    return server.ask("POST", "/agreements", who, json=whole, headers=key(str(hash(str(whole)))))


def leave_owing(server: Server, plate: str = PLATE, minor: int = 600) -> str:
    """An enrolled car has come and gone within the hour, and owes for it."""
    stay_id = server.enter(plate)
    server.park(minutes=50)
    visit = f"out-{stay_id}"
    promise = ExitPromised(
        EXIT, VisitId(visit), StayId(stay_id), Money(minor, "CNY"), Money(3000, "CNY"), f"token-{stay_id[-20:]}"
    )
    for event in (promise, passage(Direction.OUT, visit, plate, stay=stay_id)):
        server.box.note(event, server.clock.now())
    server.box.send()
    server.settle_down()
    return stay_id


@pytest.mark.req("PAY-1")
def test_nothing_is_agreed_upon_through_a_channel_that_collects_nothing(server: Server) -> None:
    assert problem_of(agree(server, channel="carrier_pigeon"), 422)["code"] == "agreement.channel"
    server.enter()
    assert agree(server).status_code == 201


def debts(server: Server, state: str = "open", who: str = "manager") -> list[dict[str, Any]]:
    return list(server.ask("GET", f"/debts?state={state}", who).json()["items"])


@pytest.mark.req("PAY-1", "PRIV-1")
def test_a_car_that_left_first_is_on_the_list_of_debts_with_its_plate_masked(server: Server) -> None:
    assert agree(server).status_code == 201
    stay_id = leave_owing(server)
    (debt,) = debts(server)
    assert (debt["stay_id"], debt["left"], debt["state"]) == (stay_id, {"amount": 600, "currency": "CNY"}, "open")
    assert PLATE not in str(debt)
    assert PLATE not in server.ask("GET", "/agreements", "auditor").text


@pytest.mark.req("PAY-1")
def test_the_driver_pays_an_earlier_debt_from_the_page_of_the_present_stay(server: Server) -> None:
    agree(server)
    server.park(hours=15)  # past midnight at the site, not yet in UTC
    earlier = leave_owing(server)
    present = server.enter()
    (mine,) = server.ask("GET", "/my/debts", "driver", stay=present).json()
    assert (mine["debt_id"], mine["left"]["amount"], mine["on"]) == (earlier, 600, "2026-03-08")
    assert set(mine) == {"debt_id", "on", "left", "state"}  # no place, no time of day
    how: dict[str, Any] = {"json": {"channel": "wallet"}, "headers": {"Idempotency-Key": "k1"}}
    begun = server.ask("POST", f"/my/debts/{earlier}/payments", "driver", stay=present, **how)
    assert begun.status_code == 201, begun.text
    assert begun.json()["amount"]["amount"] == 600
    again = server.ask("POST", f"/my/debts/{earlier}/payments", "driver", stay=present, **how)
    assert again.json()["payment_id"] == begun.json()["payment_id"]
    server.approve(begun.json()["pay_url"])
    eventually(lambda: debts(server, "paid") != [])
    assert debts(server) == []
    assert server.ask("GET", "/my/debts", "driver", stay=present).json() == []


@pytest.mark.req("PRIV-1")
def test_another_cars_debt_does_not_exist_for_this_driver(server: Server) -> None:
    agree(server)
    theirs = leave_owing(server)
    mine = server.enter(OTHER_PLATE)
    how: dict[str, Any] = {"json": {"channel": "wallet"}, "headers": {"Idempotency-Key": "k1"}}
    foreign = server.ask("POST", f"/my/debts/{theirs}/payments", "driver", stay=mine, **how)
    how["headers"] = {"Idempotency-Key": "k2"}
    missing = server.ask("POST", "/my/debts/nothing/payments", "driver", stay=mine, **how)
    assert (foreign.status_code, missing.status_code) == (404, 404)
    same = [
        {k: v for k, v in reply.json().items() if k not in ("instance", "trace_id")} for reply in (foreign, missing)
    ]
    assert same[0] == same[1]
    assert server.ask("GET", "/my/debts", "driver", stay=mine).json() == []
    problem_of(server.ask("POST", f"/my/debts/{theirs}/dispute", "driver", stay=mine), 404)


@pytest.mark.req("PRIV-1")
def test_the_code_of_a_stay_that_is_over_tells_nothing_of_the_cars_other_days(server: Server) -> None:
    """A ticket found in a gutter; a car that was sold since."""
    agree(server)
    then, later = leave_owing(server), leave_owing(server)
    shown = server.ask("GET", "/my/debts", "driver", stay=then).json()
    assert [one["debt_id"] for one in shown] == [then]
    how: dict[str, Any] = {"json": {"channel": "wallet"}, "headers": {"Idempotency-Key": "k1"}}
    assert problem_of(server.ask("POST", f"/my/debts/{later}/payments", "driver", stay=then, **how), 404)
    present = server.enter()
    shown = server.ask("GET", "/my/debts", "driver", stay=present).json()
    assert {one["debt_id"] for one in shown} == {then, later}, "the car in hand"


@pytest.mark.req("PAY-5")
def test_a_dispute_stops_the_debt_and_a_person_decides_it_on_record(server: Server) -> None:
    agree(server)
    earlier = leave_owing(server)
    present = server.enter()
    words = {"reason": "two cars on my plate"}
    for _ in range(2):  # told twice, on record once
        told = server.ask("POST", f"/my/debts/{earlier}/dispute", "driver", stay=present, json=words)
        assert told.status_code == 204
    assert [d["stay_id"] for d in debts(server, "disputed")] == [earlier]
    reasons = [case["reason"] for case in server.ask("GET", "/cases", "manager").json()["items"]]
    assert "debt_disputed" in reasons
    body = {"owed": False, "reason": "two cars on one plate"}
    problem_of(server.ask("POST", f"/debts/{earlier}/decide", "cashier", json=body, headers=key("d1")), 403)
    decided = server.ask("POST", f"/debts/{earlier}/decide", "manager", json=body, headers=key("d1"))
    assert (decided.json()["state"], decided.json()["left"]["amount"]) == ("written_off", 0)
    entries = server.application.database.read(lambda conn: list(security_store.audit_entries(conn)))
    noted = [(e.action, e.actor_kind, e.reason) for e in entries if e.subject == earlier]
    expected = [("debt.disputed", "driver", "two cars on my plate"), ("debt.not_owed", "operator", body["reason"])]
    assert noted == expected
    assert "debt_disputed" not in [c["reason"] for c in server.ask("GET", "/cases", "manager").json()["items"]]


def test_a_debt_that_is_owed_after_all_is_still_told_by_the_day_of_its_stay(server: Server) -> None:
    agree(server)
    earlier = leave_owing(server)
    present = server.enter()

    def day() -> str:
        (mine,) = server.ask("GET", "/my/debts", "driver", stay=present).json()
        return str(mine["on"])

    before = day()
    server.ask("POST", f"/my/debts/{earlier}/dispute", "driver", stay=present, json={"reason": "not my car"})
    server.park(days=2)
    body = {"owed": True, "reason": "it is on the picture"}
    decided = server.ask("POST", f"/debts/{earlier}/decide", "manager", json=body, headers=key("d2"))
    assert decided.json()["state"] == "open"
    assert day() == before


def test_a_write_off_needs_a_reason_and_happens_once(server: Server) -> None:
    agree(server)
    stay_id = leave_owing(server)
    why = {"reason": "goodwill after the outage"}
    path = f"/debts/{stay_id}/write-off"
    problem_of(server.ask("POST", path, "manager", json={"reason": " "}, headers=key("w1")), 422)
    done = server.ask("POST", path, "manager", json=why, headers=key("w2"))
    assert done.json() == {"amount": 600, "currency": "CNY"}
    assert server.ask("POST", path, "manager", json=why, headers=key("w2")).json() == done.json()
    again = server.ask("POST", path, "manager", json=why, headers=key("w3"))
    assert problem_of(again, 409)["code"] == "debt.over"


def test_agreements_are_made_and_ended_by_who_keeps_rights(server: Server) -> None:
    problem_of(agree(server, who="attendant"), 403)
    made = agree(server).json()
    assert (made["plate"], made["per_stay_minor"]) == ("浙A***45", 3000)
    assert problem_of(agree(server, per_stay_minor=1), 409)["code"] == "agreement.stands"
    assert problem_of(agree(server, OTHER_PLATE, per_stay_minor=7000), 422)["code"] == "credit.terms"
    ended = server.ask("DELETE", f"/agreements/{made['agreement_id']}", "manager")
    assert ended.status_code == 204
    problem_of(server.ask("DELETE", f"/agreements/{made['agreement_id']}", "manager"), 404)
    assert server.ask("GET", "/agreements", "auditor").json()["items"] == []
