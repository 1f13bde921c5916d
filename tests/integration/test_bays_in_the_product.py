"""From a sensor on the wire to the public page, the sign and the driver: one story."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from guidance.advise import STALE_AFTER_S
from guidance.bays import Reading
from guidance.healing import BayBook
from hardware_sim.bay_camera import BayCameraSim
from hardware_sim.devices.bay_broker import BayBrokerSim
from hardware_sim.devices.bay_controller import BayControllerSim
from parking.bootstrap.rounds import look_at_bays, look_at_contacts
from parking.bootstrap.sensors import SensorDesk, sensors_of
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.ids import BayId, DeviceId
from parking.kernel.plate import Plate
from tests.builders.application import Server, problem_of
from tests.builders.finding import a_drawn_mall, proven, way
from tests.builders.guidance import NOON
from tests.builders.plans import small_site
from tests.builders.plumbing import eventually


@pytest.fixture(scope="module")
def controller() -> Iterator[BayControllerSim]:
    device = BayControllerSim({1: 11})
    device.start()
    yield device
    device.stop()


@pytest.fixture(scope="module")
def camera() -> Iterator[BayCameraSim]:
    device = BayCameraSim(["B-05", "B-06"], ManualClock(NOON))
    device.start()
    yield device
    device.stop()


@pytest.fixture(scope="module")
def broker() -> Iterator[BayBrokerSim]:
    device = BayBrokerSim("mall", ManualClock(NOON))
    device.start()
    yield device
    device.stop()


@pytest.fixture(scope="module")
def server(
    controller: BayControllerSim,
    camera: BayCameraSim,
    broker: BayBrokerSim,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("bays")
    file = folder / "sensors.yaml"
    bays = ", ".join(f'"1/{n}": A-{n + 1:02d}' for n in range(11))
    file.write_text(
        f'- {{id: node-1, kind: ultrasonic, address: "127.0.0.1:{controller.port}", poll_s: 0.1, bays: {{{bays}}}}}\n'
        + f'- {{id: broker-1, kind: mqtt, address: "127.0.0.1:{broker.port}", bays: {{B-07: B-07}}}}\n'
        + yaml.safe_dump([bay_camera(camera)])
    )
    with a_drawn_mall(folder, sensors_file=file) as running:
        yield running


def bay_camera(camera: BayCameraSim) -> dict[str, object]:
    """The camera as a settings file lists it."""
    row = {"id": "cam-1", "kind": "video", "address": camera.url, "poll_s": 0.2, "bays": camera.boxes()}
    return {**row, "empty": "cam-1.jpg", "opens_empty": True}


def bays_of(server: Server) -> dict[str, dict[str, object]]:
    return {bay["bay"]: bay for bay in server.ask("GET", "/bays", "attendant").json()}


def zone(server: Server) -> dict[str, object]:
    found = server.ask("GET", "/availability").json()["zones"][0]
    assert found["zone"] == "z1"
    return dict(found)


@pytest.mark.req("GUIDE-1")
@pytest.mark.req("GUIDE-2")
@pytest.mark.req("FIND-1")
def test_a_car_that_parks_is_seen_counted_and_found(server: Server, controller: BayControllerSim) -> None:
    stay = server.enter("沪A52T86")
    server.park(minutes=2)
    eventually(lambda: zone(server)["usable"] == 10)
    controller.set("1/3", True)
    eventually(lambda: zone(server)["usable"] == 9)
    assert zone(server)["state"] == "free"
    server.settle_down()
    found = way(server, proven(server, stay), pillar="P2")
    assert (found["known"], found["bay"], found["source"]) == ("bay", "A-04", "sensor")


@pytest.mark.req("FIND-1", "GUIDE-1")
def test_a_bay_camera_reads_the_plate_and_the_driver_is_led_to_that_very_bay(
    server: Server, camera: BayCameraSim
) -> None:
    mine, other = "沪A8M62K", "粤B8K219"
    stay = server.enter(mine)
    server.enter(other)
    server.park(minutes=2)
    token = proven(server, stay)
    eventually(lambda: bays_of(server)["B-05"]["state"] == "free", within_s=90.0)
    camera.set("B-05", True, other)
    camera.set("B-06", True, mine)
    eventually(lambda: bays_of(server)["B-06"]["state"] == bays_of(server)["B-05"]["state"] == "taken", within_s=90.0)
    server.settle_down()
    found = way(server, token, pillar="P1")
    assert (found["known"], found["bay"], found["source"], found["floor"]["en"]) == ("bay", "B-06", "video", "B2")
    assert found["way"]["steps"][-1]["turn"] == "arrive"
    server.park(minutes=1)
    camera.set("B-06", False)
    eventually(lambda: bays_of(server)["B-06"]["state"] == "free", within_s=90.0)
    server.settle_down()
    assert way(server, token)["known"] == "nothing", "it drove off: the bay says nothing of it any more"


@pytest.mark.req("CCTV-2")
def test_a_patrol_reads_bays_and_what_differs_comes_back_as_proposals(server: Server) -> None:
    plate = "沪A91K30"
    stay = server.enter(plate)
    server.park(minutes=5)
    reads = {"reads": [{"bay": "B-01", "occupied": True, "plate": plate}, {"bay": "B-02", "occupied": False}]}
    report = server.ask("POST", "/bays/reads", "attendant", json=reads).json()
    assert report["taken_in"] == 2
    unknown = {"believed": "unknown", "fault": "never_heard"}
    assert report["differences"] == [
        {"bay": "B-01", "found": "taken", **unknown},
        {"bay": "B-02", "found": "free", **unknown},
    ]
    server.settle_down()
    assert way(server, proven(server, stay))["bay"] == "B-01"
    problem_of(server.ask("POST", "/bays/reads", "attendant", json={"reads": [{"bay": "B-99", "occupied": True}]}), 404)
    empty = {"reads": [{"bay": "B-02", "occupied": False, "plate": plate}]}
    problem_of(server.ask("POST", "/bays/reads", "attendant", json=empty), 422)


def a_round(server: Server, *, unread: str = "", **plates: str) -> dict[str, object]:
    """A read of every bay; `A_01="沪..."` stands in A-01."""
    cars = {bay.replace("_", "-"): plate for bay, plate in plates.items()}
    bays = [str(b["bay"]) for b in server.ask("GET", "/bays", "attendant").json()]
    reads = [{"bay": bay, "occupied": bay in cars or bay == unread, "plate": cars.get(bay)} for bay in bays]
    return {"reads": reads}


@pytest.mark.req("CCTV-2")
@pytest.mark.req("ID-1")
def test_a_whole_round_ends_the_stays_of_cars_that_stand_nowhere_and_nothing_less_does(tmp_path: Path) -> None:
    with a_drawn_mall(tmp_path) as server:
        here, ghost, hidden = (server.enter(plate) for plate in ("沪A10001", "浙B20002", "苏C30003"))
        server.park(minutes=30)

        def state(stay: str) -> object:
            server.settle_down()
            return server.ask("GET", f"/stays/{stay}", "attendant").json()["state"]

        def walk(**said: object) -> dict[str, object]:
            began = server.clock.now()
            server.park(minutes=20)
            reply = server.ask("POST", "/bays/reads", "attendant", json={"began": began.isoformat(), **said})
            assert reply.status_code == 200, reply.text
            return dict(reply.json())

        part = {"reads": [{"bay": "A-01", "occupied": True, "plate": "沪A10001"}]}
        now = server.clock.now().isoformat()
        problem_of(server.ask("POST", "/bays/reads", "attendant", json={**part, "began": now}), 422)
        tomorrow = (server.clock.now() + timedelta(days=1)).isoformat()
        problem_of(server.ask("POST", "/bays/reads", "attendant", json={**a_round(server), "began": tomorrow}), 422)

        report = walk(**a_round(server, A_01="沪A10001", unread="B-03"))
        assert (report["unread"], report["ends_unfound"]) == (1, True)
        assert {state(s) for s in (here, ghost, hidden)} == {"open"}, "the car in B-03 may be any of them"

        walk(**a_round(server, A_01="沪A10001", B_03="苏C30003"))
        young = server.enter("皖D40004")
        assert [state(s) for s in (here, ghost, hidden, young)] == ["open", "ghost", "open", "open"]

        walk(**a_round(server, A_01="沪A10001", A_05="皖D40004", unread="B-03"))
        assert state(hidden) == "open", "it was seen in B-03 before, and something stands there still"
        walk(**a_round(server, A_01="沪A10007", A_05="皖D40004", B_03="苏C30003"))
        assert state(here) == "open", "one sign misread is no reason to end a stay"
        walk(**a_round(server, A_01="沪A10001", A_02="浙B20002", A_05="皖D40004", B_03="苏C30003"))
        assert state(ghost) == "open", "a ghost that stands in a bay lives"


@pytest.mark.req("GUIDE-3")
def test_a_bay_that_is_coned_off_is_free_and_not_usable_and_somebodys_name_is_on_it(
    server: Server, controller: BayControllerSim
) -> None:
    eventually(lambda: zone(server)["usable"] is not None)
    before = zone(server)["usable"]
    said = {"off": True, "reason": "water on the floor"}
    assert server.ask("PUT", "/bays/A-09/cone", "attendant", json=said).status_code == 204
    assert zone(server)["usable"] == before - 1  # type: ignore[operator]
    (row,) = [b for b in server.ask("GET", "/bays", "attendant", params={"zone": "z1"}).json() if b["bay"] == "A-09"]
    assert (row["state"], row["coned_off"], row["out_of_service"]) == ("free", True, False)
    assert bays_of(server)["B-10"]["out_of_service"], "nobody's by the drawing"
    assert server.ask("PUT", "/bays/A-09/cone", "attendant", json={**said, "off": False}).status_code == 204
    assert zone(server)["usable"] == before


@pytest.mark.req("GUIDE-1")
def test_when_the_sensors_fall_silent_nobody_is_promised_anything(server: Server, controller: BayControllerSim) -> None:
    controller.mute = True
    server.clock.advance(timedelta(minutes=20))
    eventually(lambda: zone(server)["known"] is False)
    assert zone(server)["usable"] is None
    controller.mute = False
    eventually(lambda: zone(server)["known"] is True)


def shown(server: Server, key: str) -> dict[str, object]:
    """What the operators' devices page and the live map are sent of a thing."""
    return dict(json.loads(server.application.hub.values.get(key, "{}")))


@pytest.mark.req("GUIDE-1", "GUIDE-3")
def test_while_the_gates_are_silent_everybody_says_the_same_of_a_zone_whose_every_bay_is_seen_and_nothing_of_another(
    server: Server,
) -> None:
    a = server.application
    server.enter("沪A60001")
    server.clock.advance(timedelta(seconds=STALE_AFTER_S + 1))

    def told() -> dict[str, tuple[object, object, object]]:
        """What the public page, the live feed and the signs' board say of each zone."""
        look_at_contacts(a.database, a.contacts, a.live, a.bays)
        a.signs.refresh()
        public = {one["zone"]: one["usable"] for one in server.ask("GET", "/availability").json()["zones"]}
        live = {zone: shown(server, f"zone.{zone}") for zone in public}
        faces = {k.spec.zone_id: k.wanted for k in a.signs._keepers}
        return {z: (n, live[z]["free"] if live[z]["known"] else None, faces.get(z)) for z, n in public.items()}

    eventually(lambda: told()["z1"][0] is not None)
    usable, free, face = told()["z1"]
    assert usable == free
    assert face is not None
    assert str(usable) in str(face)
    assert told()["z2"][:2] == (None, None)
    server.enter("沪A60002")
    assert shown(server, "zone.z2")["known"] is False, "until the round has seen that the gates are heard again"
    look_at_contacts(a.database, a.contacts, a.live, a.bays)
    assert shown(server, "zone.z2")["known"] is True


@pytest.mark.req("GUIDE-1")
def test_a_camera_a_controller_and_a_broker_that_fall_ill_are_shown_told_and_their_bays_grow_unknown(
    server: Server, controller: BayControllerSim, camera: BayCameraSim, broker: BayBrokerSim
) -> None:
    faults = {"device.node-1": "silent", "device.cam-1": "faulty", "device.broker-1": "silent"}
    bays = ("A-04", "B-05", "B-07")

    def healths() -> dict[str, object]:
        return {key: shown(server, key).get("health") for key in faults}

    broker.set("B-07", True)
    eventually(lambda: {bays_of(server)[bay]["state"] for bay in bays} <= {"free", "taken"}, within_s=90.0)
    eventually(lambda: set(healths().values()) == {"ok"})
    seen_at = server.clock.now()
    controller.mute = broker.mute = True
    camera.stick()
    eventually(lambda: healths()["device.node-1"] == "silent" and healths()["device.cam-1"] == "faulty", within_s=30.0)
    assert shown(server, "device.cam-1")["detail"] == "the camera shows the same picture again"
    assert {bays_of(server)[bay]["state"] for bay in bays} <= {"free", "taken"}, "they were seen just now"
    server.clock.advance(timedelta(minutes=16))
    eventually(lambda: healths() == faults)
    look_at_bays(server.application.bays)
    server.settle_down()
    for bay in bays:
        row = bays_of(server)[bay]
        assert (row["state"], row["fault"], shown(server, f"bay.{bay}")["state"]) == ("unknown", "silent", "unknown")
        assert datetime.fromisoformat(str(row["heard_at"])) <= seen_at, "how old the last word on it is"
    told = [json.loads(line) for line in server.application.hub.events]
    ill = {(e["device_id"], e["health"]) for e in told if e["type"] == "DeviceHealthChanged"}
    assert ill >= {("node-1", "silent"), ("cam-1", "faulty"), ("broker-1", "silent")}

    controller.mute = broker.mute = False
    camera.stick(False)
    broker.set("B-07", True)
    eventually(lambda: set(healths().values()) == {"ok"}, within_s=30.0)
    eventually(lambda: {bays_of(server)[bay]["state"] for bay in bays} <= {"free", "taken"}, within_s=90.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1", "list of sensors"),
        ("- {id: s, kind: ultrasonic, colour: red}", "colour"),
        ("- {id: s, kind: neon}", "no bay_sensors called 'neon'"),
        ("- {id: s, kind: ultrasonic, address: 'h:1', bays: {'1/0': Z-99}}", "no bay 'Z-99'"),
        ("- {kind: ultrasonic}", "id"),
        ("- &a {id: s, kind: memory}\n- *a", "'s' is called so twice"),
        ("- {id: c, kind: video, address: 'http://h/s'}", "needs its bays"),
        ("- {id: c, kind: video, address: 'http://h/s', bays: {'1/0': A-01}}", "left,top,right,bottom"),
        ("- {id: c, kind: video, address: 'ftp://h/s', bays: {'0,0,1,1': A-01}}", "address"),
        ("- {id: c, kind: video, address: 'http://h/s', bays: {'0,0,1,1': A-01}, recognition: {x: 1}}", "x"),
    ],
)
def test_a_sensor_file_that_is_wrong_is_refused_with_its_row_and_field(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "sensors.yaml"
    file.write_text(text)
    with pytest.raises(ParkingError) as refused:
        sensors_of(file, small_site(), ManualClock(NOON))
    assert says in str(refused.value)


def test_the_example_file_is_read(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "sensors.example.yaml").read_text(encoding="utf-8")
    file = tmp_path / "sensors.yaml"
    file.write_text(text, encoding="utf-8")
    assert len(sensors_of(file, small_site(), ManualClock(NOON))) == 3


@pytest.mark.req("GUIDE-2")
def test_whoever_comes_in_is_led_to_a_free_bay_and_the_next_one_to_another(server: Server) -> None:
    def led(**said: str) -> dict[str, Any]:
        reply = server.ask("POST", "/bays/way", json=said)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    eventually(lambda: bays_of(server)["A-01"]["state"] != "unknown")
    first, second = led(lane="entry-1", entrance="hall"), led(entrance="hall")
    assert (first["known"], second["known"]) == ("bay", "bay")
    assert first["bay"] != second["bay"]
    assert first["steps"]
    assert {leg["level_name"]["en"] for leg in first["legs"]} == {"B1"}
    assert first["map_url"] == "/api/v1/site/levels/b1/map.svg"
    assert led(code=str(first["code"]), entrance="hall")["bay"] == first["bay"]
    assert led(wish="accessible")["bay"] == "A-11"
    problem_of(server.ask("POST", "/bays/way", json={"lane": "moon"}), 404)
    problem_of(server.ask("POST", "/bays/way", json={"wish": "helicopter"}), 422)


@pytest.mark.req("GUIDE-2")
def test_the_public_page_says_how_the_traffic_flows(server: Server) -> None:
    server.clock.advance(timedelta(minutes=1))
    traffic = server.ask("GET", "/availability").json()["traffic"]
    assert set(traffic) == {"into", "out"}
    assert traffic["into"]["lanes"] == 1


def test_what_a_sensor_repeats_is_written_once_in_half_a_minute_and_a_plate_always(server: Server) -> None:
    said = Reading(BayId("A-01"), True, NOON, NOON, "sensor", DeviceId("s"))
    later = NOON + timedelta(seconds=29)
    again = replace(said, at=later, heard_at=later)
    sign_of_life = replace(said, at=NOON + timedelta(seconds=31), heard_at=NOON + timedelta(seconds=31))
    written: list[int] = []
    desk = SensorDesk(server.application.database, BayBook(small_site()))
    for reading in (said, again, replace(again, occupied=False), again, replace(again, plate=Plate.parse("沪A52T86"))):
        desk.take([reading])
        written.append(len(desk._waiting))
        desk._waiting.clear()
    desk.take([sign_of_life])
    assert (written, len(desk._waiting)) == ([1, 0, 1, 1, 1], 0), "the plate was a sign of life two seconds ago"


@pytest.mark.req("GUIDE-1")
def test_one_reading_that_cannot_be_written_keeps_no_other_bay_from_being_heard(server: Server) -> None:
    desk, now = server.application.sensors, server.clock.now()
    bad = Reading(BayId("no-bay"), True, now, now, "sensor", DeviceId("s"))
    desk.take([bad, replace(bad, bay_id=BayId("A-02"))])
    desk.write()
    server.settle_down()
    bays = {bay["bay"]: bay["state"] for bay in server.ask("GET", "/bays", "manager").json()}
    assert bays["A-02"] == "taken"
