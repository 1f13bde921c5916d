"""Calls and emergencies over HTTP: whose a call is, what an opening needs, what a driver may learn, and that all of it is on record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parking.access import store as access_store
from parking.kernel.events import BarrierPulsed, LaneBlocked, LaneCalled, LaneCallEnded, LaneFaulted, LaneModeChanged
from parking.kernel.ids import LaneId, RandomIds, StayId, VisitId
from parking.kernel.plate import Plate
from parking.security import audit
from tests.builders.application import Server, a_server, problem_of, rows
from tests.builders.journeys import MORNING, PLATE
from tests.builders.plumbing import eventually

EXIT, ENTRY = LaneId("exit-1"), LaneId("entry-1")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


def key() -> dict[str, str]:
    """A fresh Idempotency-Key."""
    return {"Idempotency-Key": RandomIds().new(MORNING)}


def say(server: Server, *events: Any) -> None:
    for event in events:
        server.box.note(event, server.clock.now())
    server.box.send()
    server.settle_down()


def ring(server: Server, call_id: str = "call-1") -> str:
    say(server, LaneCalled(EXIT, call_id, VisitId("visit-1"), "relay", "exit-1/visit-1.jpg"))
    return call_id


def do(server: Server, call_id: str, deed: str, who: str = "attendant", **how: Any) -> Any:
    return server.ask("POST", f"/calls/{call_id}/{deed}", who, **how)


def open_for(
    server: Server, call_id: str, reason: str = "paid in cash", who: str = "attendant", key: str = "k1"
) -> Any:
    return do(server, call_id, "open", who, json={"reason": reason}, headers={"Idempotency-Key": key})


def orders(server: Server) -> list[tuple[str, str]]:
    found = [row["data"] for row in rows(server, access_store.copy_row) if row["kind"] == "command" and row["data"]]
    return sorted((row["action"], row["lane_id"]) for row in found)


@pytest.mark.req("SOS-1", "LOG-1")
def test_a_call_from_the_lane_to_the_moved_boom(server: Server) -> None:
    call_id = ring(server)
    (waiting,) = server.ask("GET", "/calls", "attendant").json()["items"]
    assert (waiting["lane_id"], waiting["cause"], waiting["state"]) == ("exit-1", "relay", "waiting")
    assert (waiting["called"], waiting["mine"], waiting["picture_ref"]) == (["attendant"], False, "exit-1/visit-1.jpg")
    assert do(server, call_id, "take").json()["mine"] is True
    assert orders(server) == [("answer", "exit-1")]
    (seen,) = server.ask("GET", "/calls", "manager").json()["items"]
    assert (seen["taken_by"], seen["mine"]) == ("Attendant", False)
    refused = problem_of(do(server, call_id, "take", "manager"), 409)
    assert refused["code"] == "call.taken"
    replies = [open_for(server, call_id) for _ in range(3)]
    assert [r.status_code for r in replies] == [202, 202, 202]
    assert len({r.json()["command_id"] for r in replies}) == 1
    assert orders(server) == [("open", "exit-1")]
    commands = [row["data"] for row in rows(server, access_store.copy_row) if row["kind"] == "command" and row["data"]]
    actor = commands[0]["actor"]
    say(server, BarrierPulsed(EXIT, VisitId("visit-1"), True, f"operator:{actor}", "paid in cash", None))
    assert server.ask("GET", "/calls", "attendant").json()["items"] == []
    whole = server.ask("GET", f"/calls/{call_id}", "attendant").json()
    assert (whole["state"], whole["how"]) == ("ended", "opened")
    assert [(s["what"], s["who"]) for s in whole["log"]] == [
        ("called", ""), ("taken", "Attendant"), ("opening", "Attendant"), ("opened", "Attendant"),
    ]  # fmt: skip
    (opening,) = server.ask("GET", "/openings", "auditor").json()["items"]
    assert (opening["actor"], opening["reason"], opening["picture_ref"]) == (
        "Attendant", "paid in cash", "exit-1/visit-1.jpg",
    )  # fmt: skip
    assert opening["read_back"] is True
    assert [e["id"] for e in server.ask("GET", "/calls?state=ended", "auditor").json()["items"]] == [call_id]
    actions = [e["action"] for e in server.ask("GET", "/audit", "auditor").json()["items"]]
    assert actions[:2] == ["lane.open", "call.take"]
    assert server.application.database.read(audit.verify).broken_at is None


@pytest.mark.parametrize("reason", ["", "   ", "no", "x" * 201])
def test_an_opening_without_a_reason_is_refused_and_names_the_field(server: Server, reason: str) -> None:
    call_id = ring(server)
    for reply in (
        open_for(server, call_id, reason),
        server.ask(
            "POST", "/lanes/exit-1/open", "attendant", json={"reason": reason}, headers={"Idempotency-Key": "k2"}
        ),
        server.ask("POST", "/emergency/begin", "attendant", json={"reason": reason}, headers={"Idempotency-Key": "k3"}),
    ):
        assert "reason" in str(problem_of(reply, 422)["errors"])
    assert orders(server) == []
    assert server.ask("GET", "/openings", "auditor").json()["items"] == []


def test_wrong_requests_about_calls_get_clear_answers(server: Server) -> None:
    problem_of(do(server, "call-9", "take"), 404)
    problem_of(server.ask("GET", "/calls/call-9", "attendant"), 404)
    call_id = ring(server)
    assert problem_of(do(server, call_id, "end", json={"note": "done"}), 409)["code"] == "call.not_taken"
    problem_of(do(server, call_id, "end", json={"note": "  "}), 422)
    assert problem_of(do(server, call_id, "open", json={"reason": "because"}), 422)["code"] == "idempotency.missing"
    problem_of(do(server, call_id, "take", "cashier"), 403)
    do(server, call_id, "take")
    assert do(server, call_id, "hand-back").json()["state"] == "waiting"
    do(server, call_id, "take", "manager")
    assert do(server, call_id, "end", "manager", json={"note": "told the way"}).json()["how"] == "helped"
    assert problem_of(do(server, call_id, "take"), 409)["code"] == "call.ended"
    problem_of(server.ask("GET", "/calls?state=lost", "attendant"), 422)


@pytest.mark.req("SOS-1")
def test_nobody_answers_so_more_people_are_called_without_anybody_asking(server: Server) -> None:
    call_id = ring(server)
    server.park(seconds=31)
    server.application.jobs.wake()
    eventually(lambda: server.ask("GET", f"/calls/{call_id}", "manager").json()["called"] == ["attendant", "manager"])
    say(server, LaneCallEnded(EXIT, call_id, "opened_by_policy"))
    assert server.ask("GET", f"/calls/{call_id}", "manager").json()["how"] == "opened_by_policy"
    (case,) = server.ask("GET", "/cases", "attendant").json()["items"]
    assert (case["reason"], case["lane_id"], case["visit_id"]) == ("call_unanswered", "exit-1", "visit-1")


@pytest.mark.req("SOS-1")
def test_a_driver_and_a_kiosk_call_and_learn_only_whether_somebody_answered(server: Server) -> None:
    stay_id = server.enter()
    first = server.ask("POST", "/my/calls", "driver", stay=stay_id, json={"lane_id": "exit-1"})
    assert first.status_code == 201
    assert first.json().keys() == {"call_id", "state", "called_at", "said"}
    (shown,) = server.ask("GET", "/calls", "attendant").json()["items"]
    assert shown["stay_id"] == stay_id
    assert shown["plate"] == Plate(PLATE).masked  # whose call it is, as far as anybody may see
    again = server.ask("POST", "/my/calls", "driver", stay=stay_id, json={})
    assert again.json()["call_id"] == first.json()["call_id"]
    call_id = first.json()["call_id"]
    do(server, call_id, "take")
    assert server.ask("GET", f"/my/calls/{call_id}", "driver", stay=stay_id).json()["state"] == "taken"
    stranger = server.enter("沪B67890")
    theirs = problem_of(server.ask("GET", f"/my/calls/{call_id}", "driver", stay=stranger), 404)
    nobodys = problem_of(server.ask("GET", "/my/calls/none", "driver", stay=stranger), 404)
    assert {**theirs, "instance": "", "trace_id": ""} == {**nobodys, "instance": "", "trace_id": ""}
    problem_of(server.ask("GET", f"/kiosk/calls/{call_id}", "kiosk"), 404)
    assert server.ask("POST", f"/my/calls/{call_id}/end", "driver", stay=stay_id).json()["state"] == "ended"
    kiosk = server.ask("POST", "/kiosk/calls", "kiosk", json={})
    assert kiosk.json()["state"] == "waiting"
    assert server.ask("POST", f"/kiosk/calls/{kiosk.json()['call_id']}/end", "kiosk").json()["state"] == "ended"
    problem_of(server.ask("POST", "/my/calls", "driver", stay=stay_id, json={"lane_id": "ramp-1"}), 404)
    problem_of(server.ask("POST", "/my/calls", "driver", stay=stay_id, json={"lane": "exit-1"}), 422)
    assert "浙A" not in str(server.ask("GET", "/calls?state=ended", "attendant").json())


def test_a_machine_that_presses_all_the_time_is_slowed_down(server: Server) -> None:
    stay_id = server.enter()
    replies = [server.ask("POST", "/my/calls", "driver", stay=stay_id, json={}).status_code for _ in range(13)]
    assert replies == [201] * 12 + [429]
    assert len(server.ask("GET", "/calls", "attendant").json()["items"]) == 1


@pytest.mark.req("GATE-4")
def test_fire_over_http_from_the_first_word_of_a_box_to_the_end_by_a_person(server: Server) -> None:
    stay_id = server.enter()
    server.park(minutes=59)
    assert server.ask("GET", "/emergency", "attendant").json() == {"standing": False, "latest": None}
    say(
        server,
        LaneFaulted(ENTRY, "fire", "fire input", False),
        LaneModeChanged(ENTRY, "emergency", ("fire",)),
    )
    state = server.ask("GET", "/emergency", "attendant").json()
    assert (state["standing"], state["latest"]["cause"], state["latest"]["lane_id"]) == (True, "fire", "entry-1")
    assert orders(server) == [("emergency", "exit-1")]
    (entry,) = [lane for lane in server.ask("GET", "/lanes", "attendant").json() if lane["id"] == "entry-1"]
    assert (entry["mode"], entry["causes"], entry["fault"]) == ("emergency", ["fire"], "fire")
    server.park(hours=5)
    due = server.ask("GET", "/my/stay", "driver", stay=stay_id).json()["bill"]
    assert due["due"]["amount"] == 600
    assert [line["text"]["en"] for line in due["lines"]] == ["Fee clock stopped for 5 h", "First 1 h ¥6.00"]
    body: dict[str, Any] = {"json": {"reason": "checked on site"}, "headers": {"Idempotency-Key": "k1"}}
    problem_of(server.ask("POST", "/emergency/end", "cashier", **body), 403)
    ended = [server.ask("POST", "/emergency/end", "attendant", **body).json() for _ in range(2)]
    assert [one["standing"] for one in ended] == [False, False]
    assert ended[0]["latest"]["ended_by"] == "Attendant"
    assert orders(server) == [("end_emergency", "entry-1"), ("end_emergency", "exit-1")]
    again = server.ask(
        "POST", "/emergency/end", "manager", json={"reason": "once more"}, headers={"Idempotency-Key": "k2"}
    )
    assert problem_of(again, 409)["code"] == "emergency.none"
    server.park(minutes=2)
    assert server.ask("GET", "/my/stay", "driver", stay=stay_id).json()["bill"]["due"]["amount"] == 1000


@pytest.mark.req("GATE-4")
def test_a_person_opens_every_exit_once_by_name(server: Server) -> None:
    body: dict[str, Any] = {"json": {"reason": "smoke in B2"}, "headers": {"Idempotency-Key": "k1"}}
    replies = [server.ask("POST", "/emergency/begin", "technician", **body) for _ in range(2)]
    assert [r.json()["standing"] for r in replies] == [True, True]
    assert orders(server) == [("emergency", "exit-1")]
    other = server.ask(
        "POST", "/emergency/begin", "manager", json={"reason": "smoke"}, headers={"Idempotency-Key": "k9"}
    )
    assert problem_of(other, 409)["code"] == "emergency.stands"
    entries = server.ask("GET", "/audit", "auditor").json()["items"]
    assert {("lane.emergency", "exit-1"), ("emergency.begin", replies[0].json()["latest"]["id"])} <= {
        (e["action"], e["subject"]) for e in entries
    }


def test_a_lane_tells_the_screens_its_mode_and_that_a_clock_stands_still(server: Server) -> None:
    stay_id = server.enter()
    say(
        server,
        LaneModeChanged(EXIT, "degraded", ("camera", "network")),
        LaneBlocked(EXIT, VisitId("visit-9"), StayId(stay_id), "relay", True),
    )
    (lane,) = [lane for lane in server.ask("GET", "/lanes", "cashier").json() if lane["id"] == "exit-1"]
    assert (lane["mode"], lane["causes"], lane["held"]) == ("degraded", ["camera", "network"], "relay")
    say(server, LaneBlocked(EXIT, VisitId("visit-9"), StayId(stay_id), "relay", False))
    (lane,) = [lane for lane in server.ask("GET", "/lanes", "cashier").json() if lane["id"] == "exit-1"]
    assert lane["held"] is None


@pytest.mark.req("ID-1")
def test_a_stay_is_closed_or_confirmed_by_a_person_with_a_reason_on_record(server: Server) -> None:
    first = server.enter()
    server.park(seconds=30)
    second = server.enter()  # the same plate so soon: only the staff can say which one it is
    assert server.ask("GET", f"/stays/{first}", "attendant").json()["state"] == "review"
    refused = server.ask("POST", f"/stays/{first}/confirm", "attendant", json={"reason": "seen on camera"})
    assert problem_of(refused, 409)["code"] == "stay.plate_inside"
    entered = server.clock.now().isoformat()
    closed = server.ask(
        "POST",
        f"/stays/{second}/close",
        "attendant",
        json={"reason": "a misread, never came in", "exited_at": entered},
        headers=key(),
    )
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    assert (
        server.ask("POST", f"/stays/{first}/confirm", "attendant", json={"reason": "seen in B2"}).json()["state"]
        == "open"
    )
    server.settle_down()
    server.park(hours=3, minutes=59)
    too_late = {"reason": "gone by now", "exited_at": "2036-01-01T00:00:00Z"}
    assert problem_of(server.ask("POST", f"/stays/{first}/close", "attendant", json=too_late, headers=key()), 422)
    assert (
        server.ask("POST", f"/stays/{first}/close", "attendant", json={"reason": "gone by now"}, headers=key()).json()[
            "state"
        ]
        == "closed"
    )
    again = server.ask("POST", f"/stays/{first}/close", "attendant", json={"reason": "gone by now"}, headers=key())
    assert problem_of(again, 409)["code"] == "stay.closed"
    server.settle_down()
    bills = [server.ask("GET", f"/stays/{s}", "cashier").json()["bill"]["due"]["amount"] for s in (first, second)]
    assert bills == [1800, 0]
    reasons = [case["reason"] for case in server.ask("GET", "/cases", "attendant").json()["items"]]
    assert reasons == ["left_without_paying"]
    problem_of(server.ask("POST", "/stays/none/close", "attendant", json={"reason": "gone by now"}, headers=key()), 404)
    problem_of(
        server.ask("POST", f"/stays/{first}/close", "cashier", json={"reason": "gone by now"}, headers=key()), 403
    )
    actions = [(e["action"], e["reason"]) for e in server.ask("GET", "/audit", "auditor").json()["items"]]
    assert ("stay.confirm", "seen in B2") in actions
    assert ("stay.close", "a misread, never came in") in actions
