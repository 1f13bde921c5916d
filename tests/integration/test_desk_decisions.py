"""What each choice at the desk does, over HTTP: split, merge, plate, confirm, close; held bills; and nobody works past a colleague."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parking.kernel.events import Direction
from parking.kernel.ids import StayId
from payments import ledger_store
from payments.ledger import StaySums
from tests.builders.application import Server, a_server, problem_of
from tests.builders.journeys import PLATE, passage

OTHER = "浙A12385"
FAR = "浙A98766"
"""No exit takes it for `PLATE`."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


def one(server: Server, reason: str) -> dict[str, Any]:
    """The only case of this kind, taken by the attendant."""
    (row,) = [
        case for case in server.ask("GET", "/desk/cases", "attendant").json()["items"] if case["reason"] == reason
    ]
    taken: dict[str, Any] = server.ask("POST", f"/desk/cases/{row['id']}/take", "attendant").json()
    return taken


def decide(server: Server, case: dict[str, Any], who: str = "attendant", **body: Any) -> dict[str, Any]:
    said, key = {"version": case["version"], **body}, {"Idempotency-Key": f"{case['id']}-{body['choice']}"}
    reply = server.ask("POST", f"/desk/cases/{case['id']}/decide", who, json=said, headers=key)
    assert reply.status_code == 200, reply.text
    server.settle_down()
    made: dict[str, Any] = reply.json()
    return made


def undo(server: Server, made: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": f"undo-{made['id']}"}
    reply = server.ask(
        "POST", f"/desk/decisions/{made['id']}/undo", "manager", json={"reason": "a slip"}, headers=headers
    )
    assert reply.status_code == 200, reply.text
    server.settle_down()


def stay(server: Server, stay_id: str) -> dict[str, Any]:
    found: dict[str, Any] = server.ask("GET", f"/stays/{stay_id}", "cashier").json()
    return found


def booked(server: Server, stay_id: str) -> StaySums:
    return server.application.database.read(lambda conn: ledger_store.stay_sums(conn, StayId(stay_id)))


def comes_in_twice(server: Server) -> tuple[str, str]:
    """One plate, two entries and no exit: the earlier stay, the later."""
    first = server.enter(PLATE)
    server.park(hours=2)
    return first, server.enter(PLATE)


def leaves(server: Server, plate: str | None) -> str:
    visit = server.application.database.ids.new(server.clock.now())
    server.box.note(passage(Direction.OUT, visit, plate), server.clock.now())
    server.box.send()
    server.settle_down()
    return visit


@pytest.mark.req("ID-1")
def test_two_visits_are_split_the_earlier_one_is_over_and_not_billed(server: Server) -> None:
    first, second = comes_in_twice(server)
    made = decide(server, one(server, "second_entry"), choice="split", reason="exit_missed")
    assert (made["before"]["state"], made["after"]["state"]) == ("review", "ghost")
    assert (stay(server, first)["state"], stay(server, second)["state"]) == ("ghost", "open")
    undo(server, made)
    assert stay(server, first)["state"] == "review"
    assert one(server, "second_entry")["stay_id"] == first


@pytest.mark.req("ID-1")
def test_one_visit_is_merged_and_goes_on_from_its_first_entry(server: Server) -> None:
    first, second = comes_in_twice(server)
    decide(server, one(server, "second_entry"), choice="merge", reason="backed_out")
    assert (stay(server, first)["state"], stay(server, second)["state"]) == ("open", "merged")
    assert stay(server, first)["bill"]["total"]["amount"] == 1000, "two hours, from the first entry"


@pytest.mark.req("ID-1")
def test_a_plate_that_was_misread_is_read_from_the_picture(server: Server) -> None:
    stay_id = server.enter(None)
    case = one(server, "entry_without_plate")
    decide(server, case, choice="plate", reason="read_from_picture", plate=OTHER)
    assert stay(server, stay_id)["plate"] == "浙A***85"
    leaves(server, OTHER)
    assert stay(server, stay_id)["state"] == "closed"


@pytest.mark.req("ID-1")
@pytest.mark.parametrize("misread", ["later", "earlier"])
def test_of_two_cars_by_one_plate_the_one_that_was_misread_gets_its_own_and_nothing_is_doubted_any_more(
    server: Server, misread: str
) -> None:
    first, second = comes_in_twice(server)
    wrong, right = (second, first) if misread == "later" else (first, second)
    case = one(server, "second_entry")
    assert {c["choice"] for c in case["choices"] if c["names_stay"]} == {"plate"}
    made = decide(server, case, choice="plate", reason="read_from_picture", plate=FAR, stay_id=wrong)
    assert {stay(server, one)["state"] for one in (first, second)} == {"open"}
    leaves(server, FAR)
    assert (stay(server, wrong)["state"], stay(server, right)["state"]) == ("closed", "open")
    leaves(server, PLATE)
    assert stay(server, right)["state"] == "closed"
    assert made["stay_id"] == wrong


@pytest.mark.req("ID-1")
def test_a_misread_plate_of_two_cars_is_taken_back_with_its_doubt(server: Server) -> None:
    first, second = comes_in_twice(server)
    made = decide(
        server,
        one(server, "second_entry"),
        choice="plate",
        reason="read_from_picture",
        plate=FAR,
        stay_id=second,
    )
    undo(server, made)
    assert (stay(server, first)["state"], stay(server, second)["state"]) == ("review", "open")
    assert one(server, "second_entry")["stay_id"] == first


def test_a_misread_plate_of_two_cars_needs_to_be_said_of_one_of_them(server: Server) -> None:
    comes_in_twice(server)
    stranger = server.enter("浙B00001")
    case = one(server, "second_entry")
    said = {"version": case["version"], "choice": "plate", "reason": "read_from_picture", "plate": FAR}
    for wrong in ({}, {"stay_id": stranger}):
        headers = {"Idempotency-Key": f"{case['id']}-{len(wrong)}"}
        reply = server.ask(
            "POST", f"/desk/cases/{case['id']}/decide", "attendant", json={**said, **wrong}, headers=headers
        )
        assert [error["field"] for error in problem_of(reply, 422)["errors"]] == ["stay_id"]


def test_a_stay_without_a_plate_is_confirmed_or_closed(server: Server) -> None:
    true, gone = server.enter(None), None
    decide(server, one(server, "entry_without_plate"), choice="confirm", reason="checked_on_site")
    assert stay(server, true)["state"] == "open"
    gone = server.enter(None)
    server.park(hours=2)
    made = decide(server, one(server, "entry_without_plate"), choice="close", reason="gone_unseen")
    assert (made["after"]["state"], stay(server, gone)["state"]) == ("closed", "closed")
    assert stay(server, gone)["bill"]["total"]["amount"] == 1000


def leaves_after_forty_days(server: Server) -> str:
    stay_id = server.enter(PLATE)
    server.drop_session("attendant")
    server.park(days=40)
    leaves(server, PLATE)
    return stay_id


@pytest.mark.req("ID-1", "PAY-1")
def test_a_held_bill_is_booked_when_somebody_says_that_it_is_true_and_taken_back_with_that_word(server: Server) -> None:
    stay_id = leaves_after_forty_days(server)
    assert stay(server, stay_id)["bill"]["due"]["amount"] > 0
    made = decide(server, one(server, "charge_over_bound"), choice="confirm", reason="checked_on_video")
    sums = booked(server, stay_id)
    assert sums.due is not None
    assert sums.debt == sums.due > 0
    assert one(server, "left_without_paying")["stay_id"] == stay_id
    undo(server, made)
    sums = booked(server, stay_id)
    assert (sums.due, sums.debt) == (None, 0)
    assert server.application.database.read(ledger_store.verify).holds


def test_a_held_bill_that_was_two_visits_is_never_booked(server: Server) -> None:
    stay_id = leaves_after_forty_days(server)
    decide(server, one(server, "charge_over_bound"), choice="split", reason="exit_missed")
    sums = booked(server, stay_id)
    assert (sums.due, sums.debt, sums.captured) == (None, 0, 0)


def test_a_held_bill_may_be_given_up_by_whoever_may_and_then_nothing_is_owed(server: Server) -> None:
    stay_id = leaves_after_forty_days(server)
    case = one(server, "charge_over_bound")
    server.ask("POST", f"/desk/cases/{case['id']}/give-back", "attendant")
    taken = server.ask("POST", f"/desk/cases/{case['id']}/take", "manager").json()
    decide(server, taken, "manager", choice="waive", reason="goodwill")
    sums = booked(server, stay_id)
    assert sums.due is not None
    assert (sums.debt, sums.waived) == (0, sums.due)
    assert [c["reason"] for c in server.ask("GET", "/desk/cases", "manager").json()["items"]] == []


def test_a_held_bill_of_a_car_that_is_inside_can_be_paid_once_it_is_confirmed(server: Server) -> None:
    stay_id = server.enter(PLATE)
    server.drop_session("attendant")
    server.park(days=40)

    def pays() -> Any:
        key = {"Idempotency-Key": f"pay-{server.clock.now().isoformat()}"}
        return server.ask("POST", "/my/payments", "driver", stay=stay_id, json={"channel": "wallet"}, headers=key)

    assert problem_of(pays(), 409)["code"] == "payment.held"
    decide(server, one(server, "charge_over_bound"), choice="confirm", reason="checked_on_video")
    assert pays().status_code in (200, 201)


@pytest.mark.req("ID-1")
def test_nobody_ends_a_case_or_its_stay_by_another_way_while_a_colleague_has_it(server: Server) -> None:
    first, _ = comes_in_twice(server)
    case = one(server, "second_entry")
    resolved = server.ask("POST", f"/cases/{case['id']}/resolve", "manager", json={"note": "seen to"})
    assert problem_of(resolved, 409)["code"] == "case.taken"

    def close(key: str) -> Any:
        said, keyed = {"reason": "its bay is empty"}, {"Idempotency-Key": key}
        return server.ask("POST", f"/stays/{first}/close", "manager", json=said, headers=keyed)

    closed = close("close-1")
    assert problem_of(closed, 409)["code"] == "case.taken"
    confirmed = server.ask("POST", f"/stays/{first}/confirm", "manager", json={"reason": "it is here"})
    assert problem_of(confirmed, 409)["code"] in ("case.taken", "stay.plate_inside")
    assert stay(server, first)["state"] == "review"
    server.ask("POST", f"/desk/cases/{case['id']}/give-back", "attendant")
    assert close("close-2").status_code == 200
    assert stay(server, first)["state"] == "closed"


def test_one_who_has_a_case_may_end_it_by_the_old_door_too_and_a_lease_that_ran_out_binds_nobody(
    server: Server,
) -> None:
    comes_in_twice(server)
    case = one(server, "second_entry")
    assert server.ask("POST", f"/cases/{case['id']}/resolve", "attendant", json={"note": "seen"}).status_code == 200
    server.enter(None)
    other = one(server, "entry_without_plate")
    server.park(minutes=4)
    assert server.ask("POST", f"/cases/{other['id']}/resolve", "manager", json={"note": "seen"}).status_code == 200
