"""The live feed of the whole server: the public sees counts and signs, operators see everything, and a line that breaks goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parking.kernel.events import DeviceHealthChanged, Direction, LaneFaulted
from parking.kernel.ids import DeviceId
from tests.builders.application import Server, a_server
from tests.builders.journeys import ENTRY, answer, passage
from tests.builders.live import Picture, watch
from tests.builders.plumbing import eventually


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


@pytest.mark.req("GUIDE-1", "PRIV-1")
def test_the_public_sees_counts_and_signs_and_no_events(server: Server) -> None:
    with watch(server) as feed:
        picture = Picture(feed)
        server.enter()
        picture.until(lambda: picture.values.get("zone.b1", {}).get("free") == 29)
        picture.until(lambda: (picture.values["sign.sign-b1"]["text"] or "").strip() == "29")
    assert {key.partition(".")[0] for key in picture.values} == {"zone", "sign"}
    assert picture.events == []


@pytest.mark.req("PRIV-1")
def test_a_kiosk_a_driver_and_a_stranger_with_a_foreign_page_see_what_the_public_sees(server: Server) -> None:
    foreign = {"Origin": "https://elsewhere.example"}
    for who, headers in (("kiosk", {}), ("driver", {}), ("edge", {}), ("manager", foreign)):
        with watch(server, who, **headers) as feed:
            picture = Picture(feed)
        assert {key.partition(".")[0] for key in picture.values} <= {"zone", "sign"}, who


def test_an_operator_sees_lanes_devices_and_events_with_plates_masked(server: Server) -> None:
    with watch(server, "attendant") as feed:
        picture = Picture(feed)
        server.box.note(answer(Direction.IN, "visit-1"), server.clock.now())
        server.box.send()
        picture.until(lambda: picture.values["lane.entry-1"]["state"] == "allowed")
        assert picture.values["lane.entry-1"]["plate"] == "浙A***45"
        server.box.note(passage(Direction.IN, "visit-1"), server.clock.now())
        server.box.send()
        picture.until(lambda: picture.values["lane.entry-1"]["state"] == "idle")
        picture.until(lambda: "StayOpened" in [event["type"] for event in picture.events])
    assert all(event["plate"] in (None, "浙A***45") for event in picture.events)


def test_faults_and_silent_devices_show_and_heal(server: Server) -> None:
    def say(*events: Any) -> None:
        for event in events:
            server.box.note(event, server.clock.now())
        server.box.send()

    camera = DeviceId("entry-1-camera")
    with watch(server, "technician") as feed:
        picture = Picture(feed)
        say(
            LaneFaulted(ENTRY, "inputs_lost", "no answer", cleared=False),
            DeviceHealthChanged(camera, "silent", "no frame"),
        )
        picture.until(lambda: picture.values["lane.entry-1"]["fault"] == "inputs_lost")
        picture.until(lambda: picture.values.get(f"device.{camera}", {}).get("health") == "silent")
        say(LaneFaulted(ENTRY, "inputs_lost", "", cleared=True), DeviceHealthChanged(camera, "ok", ""))
        picture.until(lambda: picture.values["lane.entry-1"]["fault"] is None)
        picture.until(lambda: picture.values[f"device.{camera}"]["health"] == "ok")

    def asked() -> list[str]:
        return [case["reason"] for case in server.ask("GET", "/cases", "attendant").json()["items"]]

    eventually(lambda: asked() == ["lane_inputs_lost"])


def test_who_comes_back_gets_only_what_was_missed(server: Server) -> None:
    with watch(server, "attendant") as feed:
        before = Picture(feed)
    server.enter()
    with watch(server, "attendant", f"?epoch={before.epoch}&since={before.seq}") as feed:
        again = Picture(feed, seq=before.seq)
        again.until(lambda: again.values.get("zone.b1", {}).get("free") == 29)
    assert "snapshot" not in again.kinds


@pytest.mark.parametrize(
    "query", ["?epoch=other&since=0", "?epoch=&since=-1", "?since=99999999999999999999", "?epoch=x&since=x"]
)
def test_who_remembers_nonsense_gets_everything_afresh(server: Server, query: str) -> None:
    with watch(server, "attendant", query) as feed:
        assert Picture(feed).kinds == ["snapshot"]


def test_the_screens_show_after_a_restart_what_they_showed_before(tmp_path: Path) -> None:
    with a_server(tmp_path) as running:
        running.enter()
        running.box.note(LaneFaulted(ENTRY, "presence_loop_stuck", "", cleared=False), running.clock.now())
        running.box.send()
        running.settle_down()
        lanes = running.ask("GET", "/lanes", "attendant").json()
    with a_server(tmp_path, fresh=False) as running, watch(running, "attendant") as feed:
        picture = Picture(feed)
        assert picture.values["zone.b1"]["free"] == 29
        assert picture.values["lane.entry-1"]["fault"] == "presence_loop_stuck"
        assert "StayOpened" in [event["type"] for event in picture.events]
        assert running.ask("GET", "/lanes", "attendant").json() == lanes
