"""The desk over HTTP: who has a case, what may be seen of it, one decision per key, and what the decision did to stay and money."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from parking.kernel.events import Direction
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from parking.security.store import operators
from parking.sessions.desk import lesson_store
from parking.sessions.desk.model import Lesson
from payments import ledger_store
from tests.builders.application import Server, a_server, problem_of
from tests.builders.journeys import passage

TRUE, READ = "浙A12385", "浙A123B5"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


def leaves_misread(server: Server) -> tuple[str, str]:
    """A car comes in, parks, and leaves with one sign misread; its stay's id and its exit's."""
    stay_id = server.enter(TRUE)
    server.enter("沪B67890")
    server.park(hours=2)
    visit = server.application.database.ids.new(server.clock.now())
    server.box.note(passage(Direction.OUT, visit, READ), server.clock.now())
    server.box.send()
    server.settle_down()
    return stay_id, visit


def queue(server: Server, who: str = "attendant") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.ask("GET", "/desk/cases", who).json()["items"]
    return found


def take(server: Server, case_id: str, who: str = "attendant") -> dict[str, Any]:
    reply = server.ask("POST", f"/desk/cases/{case_id}/take", who)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def decide(server: Server, case: dict[str, Any], who: str = "attendant", key: str = "k-1", **body: Any) -> Any:
    said = {"version": case["version"], **body}
    return server.ask("POST", f"/desk/cases/{case['id']}/decide", who, json=said, headers={"Idempotency-Key": key})


def looks_at(server: Server, subject: str) -> set[tuple[str, str]]:
    """Who has seen what of this subject, as the auditor reads it."""
    found = server.ask("GET", "/audit/looks", "auditor").json()
    named = server.application.database.read(
        lambda conn: {row.id: row.username for row in conn.execute(operators.select())}
    )
    return {(named[one["actor"]], one["what"]) for one in found if one["subject"] == subject}


@pytest.mark.req("ID-1")
def test_an_exit_that_nobody_could_name_is_given_to_its_stay_which_is_closed_and_billed(server: Server) -> None:
    stay_id, visit = leaves_misread(server)
    (row,) = [one for one in queue(server) if one["reason"] == "exit_in_doubt"]
    assert (row["visit_id"], row["plate"], row["version"], row["holder"]) == (visit, "浙A***B5", 0, None)
    case = take(server, row["id"])
    assert (case["clear"], case["read"]) == (True, READ)
    first = case["candidates"][0]
    assert (first["stay_id"], first["plate"]) == (stay_id, TRUE)
    assert any(why["code"] == "read_differently" for why in first["why"])
    assert first["cost"] < case["candidates"][1]["cost"]
    made = decide(server, case, choice="match", stay_id=stay_id, reason="plate_misread")
    assert made.status_code == 200, made.text
    again = decide(server, case, choice="match", stay_id=stay_id, reason="plate_misread")
    assert again.json() == made.json()  # one key, one decision
    assert made.json()["after"]["state"] == "closed"
    stay = server.ask("GET", f"/stays/{stay_id}", "cashier").json()
    assert (stay["state"], stay["bill"]["total"]["amount"]) == ("closed", 1000)
    assert [one["reason"] for one in queue(server)] == ["left_without_paying"]


@pytest.mark.req("ID-1")
def test_the_second_operator_sees_who_has_it_and_no_plate_in_clear(server: Server) -> None:
    _, _ = leaves_misread(server)
    (row,) = queue(server)
    case = take(server, row["id"])
    refused = problem_of(server.ask("POST", f"/desk/cases/{row['id']}/take", "manager"), 409)
    assert refused["code"] == "case.taken"
    assert "Attendant has taken this case" in refused["detail"]
    seen = server.ask("GET", f"/desk/cases/{row['id']}", "manager").json()
    assert (seen["holder"]["name"], seen["holder"]["mine"]) == ("Attendant", False)
    assert (seen["clear"], seen["read"]) == (False, "浙A***B5")
    assert TRUE not in server.ask("GET", f"/desk/cases/{row['id']}", "manager").text
    late = decide(server, case, "manager", choice="no_stay", reason="entry_missed")
    assert problem_of(late, 409)["code"] == "case.taken"
    server.park(minutes=4)  # the first one's browser is gone
    taken_over = take(server, row["id"], "manager")
    assert problem_of(decide(server, case, choice="no_stay", reason="entry_missed"), 409)["code"] == "case.taken"
    assert decide(server, taken_over, "manager", choice="no_stay", reason="entry_missed").status_code == 200
    assert queue(server) == []


@pytest.mark.req("ID-1")
def test_a_decision_teaches_and_the_lesson_is_shown_and_can_be_switched_off(server: Server) -> None:
    stay_id, _ = leaves_misread(server)
    case = take(server, queue(server)[0]["id"])
    assert case["costs"] == {"version": "none", "lessons": 0}
    decide(server, case, choice="match", stay_id=stay_id, reason="plate_misread")
    page = server.ask("GET", "/desk/lessons", "auditor").json()
    (lesson,) = page["items"]
    assert (lesson["read"], lesson["true"], lesson["signs"], lesson["active"]) == (
        "浙A***B5", "浙A***85", [["8", "B"]], True,
    )  # fmt: skip
    assert (page["costs"]["lessons"], page["known"]) == (1, 1)
    assert server.ask("GET", "/desk/cases", "attendant").json()["costs"] == page["costs"]
    off = {"active": False, "reason": "glare that day"}
    switched = server.ask("POST", f"/desk/lessons/{lesson['id']}/switch", "manager", json=off).json()
    assert (switched["items"][0]["active"], switched["items"][0]["switched_by"]) == (False, "Manager")
    assert switched["costs"] == {"version": "none", "lessons": 0}


def test_lessons_come_in_pages_so_that_each_can_be_switched_off(server: Server) -> None:
    def teach(uow: UnitOfWork) -> None:
        for number in range(5):
            new = Lesson(
                f"l{number}", f"d{number}", Plate("浙A123B5"), Plate("浙A12385"), server.clock.now(), "li", active=True
            )
            lesson_store.add_lesson(uow.connection, new)

    server.application.database.write(teach)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = server.ask("GET", f"/desk/lessons?limit=2&cursor={cursor}", "auditor").json()
        assert (page["known"], page["costs"]["lessons"]) == (5, 5)
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert seen == ["l4", "l3", "l2", "l1", "l0"]


def test_what_does_not_fit_names_its_field_and_changes_nothing(server: Server) -> None:
    stay_id, _ = leaves_misread(server)
    case = take(server, queue(server)[0]["id"])
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"choice": "waive", "reason": "goodwill"}, "choice"),
        ({"choice": "match", "reason": "goodwill", "stay_id": stay_id}, "reason"),
        ({"choice": "match", "reason": "same_car_seen"}, "stay_id"),
        ({"choice": "hold", "reason": "video_awaited", "wait_minutes": 7}, "wait_minutes"),
        ({"choice": "no_stay", "reason": "other", "note": "x"}, "note"),
        ({"choice": "fly", "reason": "other"}, "choice"),
        ({"choice": "plate", "reason": "driver_says", "plate": "??"}, "plate"),
    ]
    for number, (body, field) in enumerate(wrong):
        refused = problem_of(decide(server, case, key=f"wrong-{number}", **body), 422)
        assert refused["errors"][0]["field"] == field, refused
    unknown = decide(server, case, key="unknown", choice="match", reason="same_car_seen", stay_id="nobody")
    assert problem_of(unknown, 404)["code"] == "stay.unknown"
    said = {"version": case["version"], "choice": "done", "reason": "seen_to"}
    missing = server.ask("POST", f"/desk/cases/{case['id']}/decide", "attendant", json=said)
    assert problem_of(missing, 422)["code"] == "idempotency.missing"
    assert server.ask("GET", "/desk/decisions", "auditor").json()["items"] == []
    assert problem_of(server.ask("GET", "/desk/cases?cursor=junk", "attendant"), 422)["code"] == "page.cursor"


def test_the_queue_comes_in_pages_in_its_own_order(server: Server) -> None:
    for number in range(5):
        server.enter(f"沪C0000{number}", visit=None)
        server.enter(f"沪C0000{number}", visit=None)  # each is a second entry
    first = server.ask("GET", "/desk/cases?limit=3", "attendant").json()
    second = server.ask("GET", f"/desk/cases?limit=3&cursor={first['next']}", "attendant").json()
    ids = [one["id"] for one in (*first["items"], *second["items"])]
    assert (first["open"], len(set(ids)), second["next"]) == (5, 5, None)


@pytest.mark.req("ID-1", "DATA-2")
def test_a_stays_story_is_told_in_order_with_who_looked_and_masked_plates(server: Server) -> None:
    stay_id, visit = leaves_misread(server)
    case = take(server, queue(server)[0]["id"])
    decide(server, case, choice="match", stay_id=stay_id, reason="plate_misread")
    server.ask("GET", f"/visits/{stay_id}/picture", "attendant")
    server.settle_down()
    assert server.ask("GET", f"/stays/{stay_id}/story", "cashier").status_code == 200
    story = server.ask("GET", f"/stays/{stay_id}/story", "auditor").json()
    kinds = [(line["kind"], line["code"]) for line in story["lines"]]
    assert [line["at"] for line in story["lines"]] == sorted(line["at"] for line in story["lines"])
    for earlier, later in [
        (("passage", "passed_in"), ("passage", "passed_out")),
        (("passage", "passed_out"), ("case", "exit_in_doubt")),
        (("case", "exit_in_doubt"), ("decision", "match")),
        (("decision", "match"), ("money", "due")),
        (("money", "due"), ("look", "picture.view")),
        (("look", "picture.view"), ("look", "stay.look")),
    ]:
        assert kinds.index(earlier) < kinds.index(later), kinds
    made = next(line for line in story["lines"] if line["kind"] == "decision")
    assert (made["by"], made["detail"]["rule"]) == ("Attendant", "desk.match")
    assert next(line["amount"]["amount"] for line in story["lines"] if line["code"] == "due") == 1000
    assert {picture["visit_id"] for picture in story["pictures"]} == {stay_id, visit}
    text = server.ask("GET", f"/stays/{stay_id}/story", "auditor").text
    assert TRUE not in text
    assert READ not in text


@pytest.mark.req("PRIV-1")
def test_plates_in_clear_are_for_managers_and_the_look_is_on_record(server: Server) -> None:
    stay_id = server.enter(TRUE)
    for who in ("cashier", "attendant", "auditor"):
        problem_of(server.ask("GET", f"/stays/{stay_id}/story?clear=true", who), 403)
    assert server.ask("GET", f"/stays/{stay_id}/story?clear=true", "manager").json()["plate"] == TRUE
    lines = server.ask("GET", f"/stays/{stay_id}/story", "auditor").json()["lines"]
    looked = [(line["by"], line["code"]) for line in lines if line["kind"] == "look"]
    assert looked == [("Manager", "stay.plates")]
    problem_of(server.ask("GET", "/stays/nobody/story", "auditor"), 404)


@pytest.mark.req("PRIV-1")
def test_whoever_opens_a_case_is_on_record_with_whom_they_looked_at_once_an_hour(server: Server) -> None:
    stay_id, visit = leaves_misread(server)
    (row,) = queue(server)
    assert looks_at(server, stay_id) == set(), "the queue itself shows no plate in clear and is nobody's story"
    for _ in range(3):
        server.ask("GET", f"/desk/cases/{row['id']}", "manager")
    take(server, row["id"])
    assert looks_at(server, stay_id) == looks_at(server, visit) == {("manager", "case"), ("attendant", "plates")}
    chain = server.ask("GET", "/audit", "auditor").json()["items"]
    opened = [(one["action"], one["subject"]) for one in chain if one["action"] in ("case.look", "case.plates")]
    assert sorted(opened) == [("case.look", row["id"]), ("case.plates", row["id"])], "three looks in one hour are one"
    server.park(hours=1)
    server.ask("GET", f"/desk/cases/{row['id']}", "manager")
    found = server.ask("GET", "/audit/looks", "auditor").json()
    again = [one for one in found if (one["subject"], one["what"]) == (stay_id, "case")]
    assert len(again) == 2


@pytest.mark.req("ID-1", "DATA-2")
def test_a_waiver_and_a_match_are_taken_back_by_counter_entries_and_the_question_is_asked_again(server: Server) -> None:
    stay_id, _ = leaves_misread(server)
    case = take(server, queue(server)[0]["id"])
    matched = decide(server, case, choice="match", stay_id=stay_id, reason="plate_misread").json()
    server.settle_down()
    owed = next(one for one in queue(server) if one["reason"] == "left_without_paying")
    refused = decide(server, take(server, owed["id"]), key="not-mine", choice="waive", reason="goodwill")
    problem_of(refused, 403)
    server.ask("POST", f"/desk/cases/{owed['id']}/give-back", "attendant")
    waived = decide(server, take(server, owed["id"], "manager"), "manager", choice="waive", reason="goodwill").json()

    def due() -> int:
        return int(server.ask("GET", f"/stays/{stay_id}", "cashier").json()["bill"]["due"]["amount"])

    def undo(decision_id: str) -> Any:
        headers = {"Idempotency-Key": f"undo-{decision_id}"}
        return server.ask(
            "POST", f"/desk/decisions/{decision_id}/undo", "manager", json={"reason": "a slip"}, headers=headers
        )

    assert due() == 0
    assert undo(waived["id"]).status_code == 200
    assert due() == 1000
    assert undo(matched["id"]).json()["undone_by"] == "Manager"
    assert undo(matched["id"]).status_code == 200  # the same key: nothing is undone twice
    assert server.ask("GET", f"/stays/{stay_id}", "cashier").json()["state"] == "open"
    assert server.ask("GET", "/desk/lessons", "auditor").json()["costs"]["version"] == "none"
    assert server.application.database.read(ledger_store.verify).holds
    story = server.ask("GET", f"/stays/{stay_id}/story", "auditor").json()
    assert {("undone", "match"), ("undone", "waive")} <= {(one["kind"], one["code"]) for one in story["lines"]}


def rank_again(server: Server, case_id: str, plate: str, who: str = "attendant") -> Any:
    return server.ask("POST", f"/desk/cases/{case_id}/rank", who, json={"plate": plate})


@pytest.mark.req("ID-1")
def test_the_plate_that_an_operator_reads_on_the_picture_ranks_the_candidates_again(server: Server) -> None:
    stay_id, _ = leaves_misread(server)
    case_id = queue(server)[0]["id"]
    assert problem_of(rank_again(server, case_id, "沪B67890"), 409)["code"] == "case.not_taken"
    case = take(server, case_id)
    assert case["candidates"][0]["stay_id"] == stay_id
    again = rank_again(server, case_id, "沪B67890").json()["candidates"]
    assert (again[0]["plate"], again[0]["why"][1]["code"]) == ("沪B67890", "read_as_it_is")
    assert again[0]["stay_id"] != stay_id
    assert problem_of(rank_again(server, case_id, "沪B67890", "manager"), 409)["code"] == "case.taken"
    assert problem_of(rank_again(server, case_id, "??"), 422)["errors"][0]["field"] == "plate"
    assert server.ask("GET", f"/desk/cases/{case_id}", "attendant").json()["version"] == case["version"]
    assert ("attendant", "plates") in looks_at(server, again[0]["stay_id"])
    made = decide(
        server, case, choice="match", stay_id=again[0]["stay_id"], reason="same_car_seen", typed="沪B67890"
    ).json()
    assert made["evidence"]["typed"] == "沪B***90"
    assert made["evidence"]["candidates"][0]["stay_id"] == again[0]["stay_id"]


@pytest.mark.req("ID-1")
def test_an_exit_that_nobody_could_read_finds_its_stay_by_the_plate_on_the_picture(server: Server) -> None:
    stay_id = server.enter(TRUE)
    for number in range(7):
        server.enter(f"沪C0000{number}")
    server.park(hours=2)
    server.box.note(
        passage(Direction.OUT, server.application.database.ids.new(server.clock.now()), None), server.clock.now()
    )
    server.box.send()
    server.settle_down()
    (row,) = queue(server)
    case = take(server, row["id"])
    assert len({one["cost"] for one in case["candidates"]}) == 1, "five of eight, and none likelier than another"
    first, second, *_ = rank_again(server, row["id"], TRUE).json()["candidates"]
    assert (first["stay_id"], first["plate"]) == (stay_id, TRUE)
    assert first["cost"] + 10 < second["cost"]


@pytest.mark.req("ID-1")
def test_a_stay_that_nobody_doubts_is_found_by_its_plate_asked_about_and_parted_in_two(server: Server) -> None:
    stay_id, came = server.enter(TRUE), server.clock.now()
    server.park(hours=5)
    found = server.ask("POST", "/desk/find", "attendant", json={"plate": TRUE}).json()["candidates"]
    assert (found[0]["stay_id"], found[0]["plate"]) == (stay_id, "浙A***85"), "masked until somebody has taken a case"
    asked = server.ask("POST", "/desk/questions", "attendant", json={"stay_id": stay_id})
    case: dict[str, Any] = asked.json()
    assert (case["reason"], case["holder"]["mine"], case["read"]) == ("asked_by_person", True, TRUE)
    assert [one["choice"] for one in case["choices"]] == ["plate", "part", "close", "done", "hold"]
    refused = server.ask("POST", "/desk/questions", "manager", json={"stay_id": stay_id})
    assert problem_of(refused, 409)["code"] == "case.taken", "asked about twice, it is one case"
    hour = timedelta(hours=1)
    times = {"left_at": (came + hour).isoformat(), "came_at": (came + 4 * hour).isoformat()}
    half = decide(server, case, key="half", choice="part", reason="exit_missed", left_at=times["left_at"])
    assert problem_of(half, 422)["errors"][0]["field"] == "came_at"
    turned = {"left_at": times["came_at"], "came_at": times["left_at"]}
    wrong = decide(server, case, key="turned", choice="part", reason="exit_missed", **turned)
    assert problem_of(wrong, 422)["errors"][0]["field"] == "left_at"
    made = decide(server, case, choice="part", reason="exit_missed", **times)
    assert made.status_code == 200, made.text
    server.settle_down()
    inside = server.ask("GET", "/stays?state=open", "cashier").json()["items"]
    closed = server.ask("GET", "/stays?state=closed", "cashier").json()["items"]
    assert [one["entered_at"][:19] for one in inside] == [times["came_at"][:19]]
    assert [one["exited_at"][:19] for one in closed] == [times["left_at"][:19]]
    assert server.ask("GET", f"/stays/{stay_id}", "cashier").json()["state"] == "split"
    gone = server.ask("POST", "/desk/questions", "attendant", json={"stay_id": stay_id})
    assert problem_of(gone, 409)["code"] == "stay.superseded"
    undone = server.ask(
        "POST",
        f"/desk/decisions/{made.json()['id']}/undo",
        "attendant",
        json={"reason": "another car"},
        headers={"Idempotency-Key": "undo-part"},
    )
    assert undone.status_code == 200, undone.text
    server.settle_down()
    (back,) = server.ask("GET", "/stays?state=open", "cashier").json()["items"]
    assert (back["id"], back["entered_at"][:19]) == (stay_id, came.isoformat()[:19])
    assert server.ask("GET", "/stays?state=closed", "cashier").json()["items"] == []
    assert server.application.database.read(ledger_store.verify).holds
    assert problem_of(server.ask("POST", "/desk/questions", "attendant", json={"stay_id": "nobody"}), 404)
