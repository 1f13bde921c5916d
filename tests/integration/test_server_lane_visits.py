"""A lane's panel over HTTP: its last vehicles with reads, decision and boom; whose plates are shown to whom; and words for who calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from parking.kernel.events import BarrierPulsed, Direction, LaneCalled
from parking.kernel.ids import LaneId, VisitId
from parking.kernel.votes import Votes
from tests.builders.application import Server, a_server, problem_of
from tests.builders.journeys import PLATE, answer, passage

pytestmark = pytest.mark.req("GATE-3", "SOS-1", "PRIV-1")
EXIT = LaneId("exit-1")
MASKED = "浙A***45"
VOTES = Votes.of([(PLATE, 0.0), ("浙A1234S", -1.5)], "blue", "civil")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path: Path = tmp_path_factory.mktemp("lane")
    with a_server(path) as running:
        yield running


def tell(server: Server, *events: Any) -> None:
    for event in events:
        server.clock.advance(timedelta(seconds=2))
        server.box.note(event, server.clock.now())
    server.box.send()
    server.settle_down()


def panel(server: Server, who: str = "attendant", query: str = "", lane: str = "exit-1") -> dict[str, Any]:
    reply = server.ask("GET", f"/lanes/{lane}/visits{query}", who)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def looks(server: Server) -> list[str]:
    return [
        one["subject"]
        for one in server.ask("GET", "/audit", "manager").json()["items"]
        if one["action"] == "lane.plates"
    ]


def test_the_panel_tells_the_read_the_decision_and_what_the_boom_did(server: Server) -> None:
    told = [answer(Direction.OUT, "a1", allowed=False, due=600, votes=VOTES)]
    opened = BarrierPulsed(EXIT, VisitId("a1"), True, "operator:nobody", "paid in cash")
    tell(server, *told, opened, passage(Direction.OUT, "a1"))
    tell(server, answer(Direction.OUT, "a2", votes=VOTES))
    here, gone = panel(server)["items"][:2]
    assert (here["standing"], gone["standing"], gone["direction"]) == ("here", "passed", "out")
    (read,) = gone["reads"]
    assert (read["plate"], read["confidence"], read["frames"], read["colour"]) == (MASKED, 0.97, 5, "blue")
    assert (read["allowed"], read["rule"], read["reason"]) == (False, "nothing_is_due", "payment_due")
    assert [(one["plate"], one["differs"]) for one in read["spellings"]] == [(MASKED, []), ("浙A***4S", [6])]
    assert sum(one["share"] for one in read["spellings"]) == pytest.approx(1, abs=1e-3)
    assert [(one["by"], one["by_person"], one["read_back"]) for one in gone["pulses"]] == [("nobody", True, True)]
    assert panel(server, lane="entry-1")["items"] == []
    problem_of(server.ask("GET", "/lanes/none/visits", "attendant"), 404)
    problem_of(server.ask("GET", "/lanes/exit-1/visits?limit=21", "attendant"), 422)


def test_plates_are_masked_but_for_who_may_and_each_such_look_is_on_record(server: Server) -> None:
    tell(server, answer(Direction.OUT, "b1", allowed=False, votes=VOTES))
    assert PLATE not in server.ask("GET", "/lanes/exit-1/visits", "manager").text
    problem_of(server.ask("GET", "/lanes/exit-1/visits?clear=true", "attendant"), 403)
    assert "b1" not in looks(server)
    for _ in range(2):
        newest = panel(server, "manager", "?clear=true&limit=1")["items"][0]
        assert (newest["clear"], newest["reads"][0]["plate"]) == (True, PLATE)
    assert looks(server).count("b1") == 1  # once an hour, however often a panel asks


def test_whoever_has_taken_the_call_of_a_vehicle_sees_its_plate_and_no_others(server: Server) -> None:
    tell(server, answer(Direction.OUT, "c1", votes=VOTES), passage(Direction.OUT, "c1"))
    tell(server, answer(Direction.OUT, "c2", allowed=False, votes=VOTES))
    tell(server, LaneCalled(EXIT, "call-c", VisitId("c2"), "unpaid", None))
    assert panel(server)["items"][0]["clear"] is False
    assert server.ask("POST", "/calls/call-c/take", "attendant").status_code == 200
    mine, other = panel(server)["items"][:2]
    assert (mine["called"], mine["clear"], mine["reads"][0]["plate"]) == ("unpaid", True, PLATE)
    assert (other["clear"], other["reads"][0]["plate"]) == (False, MASKED)
    assert panel(server, "technician")["items"][0]["clear"] is False
    assert "c2" in looks(server)
    problem_of(server.ask("POST", "/calls/call-c/say", "attendant", json={"phrase": "coming"}), 409)  # no screen


def test_words_for_a_driver_who_calls_are_shown_on_the_phone(server: Server) -> None:
    stay = server.enter()
    call_id = server.ask("POST", "/my/calls", "driver", stay=stay, json={"lane_id": "exit-1"}).json()["call_id"]

    def say(who: str = "attendant", **words: str) -> Any:
        return server.ask("POST", f"/calls/{call_id}/say", who, json=words)

    problem_of(say(phrase="coming"), 409)  # whose call is it?
    assert server.ask("POST", f"/calls/{call_id}/take", "attendant").json()["said"] is None
    problem_of(say("manager", phrase="coming"), 409)
    problem_of(say(), 422)
    problem_of(say(phrase="coming", text="both"), 422)
    assert "coming" in problem_of(say(phrase="no_such"), 422)["detail"]
    problem_of(say(text="x" * 121), 422)
    assert say(phrase="coming").json()["said"]["en"].startswith("Somebody is on the way")
    heard = server.ask("GET", f"/my/calls/{call_id}", "driver", stay=stay).json()
    assert (heard["state"], heard["said"]["zh"]) == ("taken", "工作人员正在赶来，请稍候")
    say(text="  I see you,\n one moment ")
    heard = server.ask("GET", f"/my/calls/{call_id}", "driver", stay=stay).json()
    assert heard["said"] == {"zh": "I see you, one moment", "en": "I see you, one moment"}
    assert "Attendant" not in str(heard)
    (shown,) = [one for one in server.ask("GET", "/calls", "manager").json()["items"] if one["id"] == call_id]
    assert (shown["has_screen"], shown["said"]["en"]) == (True, "I see you, one moment")


def name(server: Server, visit: str, stay_id: str, key: str = "n1") -> Any:
    path, headers = f"/lanes/exit-1/visits/{visit}/name", {"Idempotency-Key": key}
    return server.ask("POST", path, "attendant", json={"stay_id": stay_id}, headers=headers)


def whose(server: Server, visit: str, who: str = "attendant", **body: str) -> dict[str, Any]:
    reply = server.ask("POST", f"/lanes/exit-1/visits/{visit}/candidates", who, json=body)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


@pytest.mark.req("ID-1")
def test_whose_car_waits_at_an_exit_is_asked_masked_said_once_and_on_record(server: Server) -> None:
    stay = server.enter("鲁B24680")
    tell(server, answer(Direction.OUT, "d1", "鲁B2468D", allowed=False))
    found = whose(server, "d1")
    assert (found["clear"], found["candidates"][0]["stay_id"]) == (False, stay)
    assert "24680" not in str(found)
    assert whose(server, "d1", plate="鲁B24680")["candidates"][0]["why"][0]["code"] != "read_differently"
    tell(server, LaneCalled(EXIT, "call-d", VisitId("d1"), "unknown_plate", None))
    server.ask("POST", "/calls/call-d/take", "attendant")
    assert whose(server, "d1")["candidates"][0]["plate"] == "鲁B24680", "who has taken its call sees plates"
    assert whose(server, "d1", "technician")["clear"] is False
    told = {name(server, "d1", stay).json()["command_id"] for _ in range(3)}
    assert len(told) == 1
    assert problem_of(name(server, "d1", "another"), 409)["code"] == "idempotency.reused"
    done = [(one["action"], one["subject"]) for one in server.ask("GET", "/audit", "manager").json()["items"]]
    assert done.count(("lane.name", stay)) == 1
    assert done.count(("lane.candidates", "d1")) == 2  # one a person and hour


def test_what_is_asked_wrongly_of_a_waiting_car_is_said_and_changes_nothing(server: Server) -> None:
    stay = server.enter("鲁B13579")
    tell(server, answer(Direction.OUT, "e1", "鲁B13579", allowed=False))
    assert problem_of(name(server, "e1", "nobody", "n2"), 404)["code"] == "stay.unknown"
    assert problem_of(name(server, "none", stay, "n3"), 409)["code"] == "visit.gone"
    path = "/lanes/exit-1/visits/e1/candidates"
    for body in ({"plate": "?"}, {"plate": ""}, {"plate": "x" * 25}, {"stay": "e1"}):
        problem_of(server.ask("POST", path, "attendant", json=body), 422)
    problem_of(server.ask("POST", path.replace("e1", "%00"), "attendant", json={}), 409)
    problem_of(server.ask("POST", path.replace("exit-1", "entry-1"), "attendant", json={}), 409)
