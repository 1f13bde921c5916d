"""One contract for all bay sensors, against simulators that speak the real wire: news comes, silence is known, a lost line comes back."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from guidance.bays import BayState, Fault, Reading, Rules, fault_of, hear
from guidance.sensors.base import BaySensors, SensorSettings
from guidance.sensors.memory import MemorySensors
from guidance.sensors.mqtt import MqttSensors
from guidance.sensors.registry import SENSORS
from guidance.sensors.ultrasonic import UltrasonicController
from hardware_sim.bay_camera import BayCameraSim
from hardware_sim.bay_view import BayView
from hardware_sim.devices.bay_broker import BayBrokerSim
from hardware_sim.devices.bay_controller import BayControllerSim
from hardware_sim.devices.camera import CameraFault, SimulatedCamera
from hardware_sim.devices.mjpeg import MjpegCamera
from hardware_sim.devices.rtsp import RtspCamera
from hardware_sim.devices.tcp_device import TcpDevice
from parking.bootstrap.bay_eyes import EyeMaker
from parking.kernel.clock import ManualClock
from parking.kernel.device import Health, HealthReport
from parking.kernel.errors import ParkingError
from parking.kernel.ids import BayId, DeviceId
from parking.kernel.plate import Plate
from tests.builders.guidance import NOON

A, B = BayId("A-01"), BayId("A-02")
VIEW = BayView(["A-01", "A-02"], ManualClock(NOON))
CHANNELS: dict[str, dict[str, BayId]] = {
    "video": {box: BayId(bay) for box, bay in VIEW.boxes().items()},
    "ultrasonic": {"3/0": A, "3/1": B},
    "mqtt": {"A-01": A, "A-02": B},
    "memory": {"a": A, "b": B},
}


@dataclass
class Bench:
    """A sensor family with the device on the other side, and what it has said."""

    kind: str
    sensors: BaySensors
    device: Any
    clock: ManualClock
    said: list[Reading] = field(default_factory=list)

    def park(self, bay: BayId, occupied: bool = True) -> None:
        channel = next(c for c, b in CHANNELS[self.kind].items() if b == bay)
        if isinstance(self.sensors, MemorySensors):
            self.sensors.say(channel, occupied)
        elif isinstance(self.device, BayCameraSim):
            self.device.set(bay, occupied)
        else:
            self.device.set(channel, occupied)

    def last(self, bay: BayId) -> bool | None:
        return next((r.occupied for r in reversed(self.said) if r.bay_id == bay), None)


def until(true: Callable[[], bool], within_s: float = 60.0) -> None:
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def camera_over_bays(
    clock: ManualClock, folder: Path, kind: type[SimulatedCamera] = MjpegCamera
) -> tuple[BayCameraSim, EyeMaker]:
    """A simulated camera that shows empty bays, and whoever reads its pictures."""
    camera = BayCameraSim(["A-01", "A-02"], clock, fps=20.0, kind=kind)
    camera.start()
    return camera, EyeMaker(folder)


@pytest.fixture(params=["memory", "ultrasonic", "mqtt", "mosquitto", "video"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    clock = ManualClock(NOON)
    device: Any = None
    kind = "mqtt" if request.param == "mosquitto" else request.param
    settings = SensorSettings(DeviceId("s-1"), "", CHANNELS[kind], "mall", poll_s=0.05, timeout_s=0.5)
    if request.param == "video":
        device, eyes = camera_over_bays(clock, tmp_path)
        sensors = eyes.sensors(
            replace(settings, address=device.url), clock, recognition={}, empty="empty.jpg", opens_empty=True
        )
    else:
        if request.param == "mosquitto":
            device = request.getfixturevalue("real_broker")
        elif request.param != "memory":
            device = BayControllerSim({3: 2}) if request.param == "ultrasonic" else BayBrokerSim("mall", clock)
        if device is not None:
            device.start()
        address = f"127.0.0.1:{device.port}" if device is not None else ""
        sensors = SENSORS.get(kind)(replace(settings, address=address), clock)
    found = Bench(kind, sensors, device, clock)
    found.sensors.start(found.said.extend)
    if request.param == "video":
        until(lambda: found.last(A) is False)  # the empty bays are seen before anybody parks
    yield found
    found.sensors.stop()
    if device is not None:
        device.stop()


@pytest.mark.req("GUIDE-1")
def test_a_car_that_parks_and_leaves_is_told_with_the_bay_the_device_and_the_time(bench: Bench) -> None:
    bench.park(A)
    until(lambda: bench.last(A) is True)
    bench.park(A, False)
    until(lambda: bench.last(A) is False)
    one = bench.said[-1]
    assert (one.device_id, one.heard_at, one.source) == ("s-1", NOON, "video" if bench.kind == "video" else "sensor")
    assert bench.sensors.health().health is Health.OK


def test_bays_are_told_apart(bench: Bench) -> None:
    bench.park(A)
    bench.park(B, False)
    until(lambda: bench.last(A) is True and bench.last(B) is False)


@pytest.mark.req("GUIDE-1")
def test_a_device_that_was_away_is_heard_again_and_tells_what_is_true_then(bench: Bench) -> None:
    if bench.device is None:
        pytest.skip("memory has no line")
    bench.park(A)
    until(lambda: bench.last(A) is True)
    bench.device.stop()
    until(lambda: bench.sensors.health().health is Health.SILENT)
    bench.park(A, False)
    bench.device.start()
    until(lambda: bench.last(A) is False)
    assert bench.sensors.health().health is Health.OK


def test_garbage_on_the_line_is_no_reading(bench: Bench) -> None:
    if bench.kind != "ultrasonic":
        pytest.skip("of the serial line")
    bench.device.garbage = b"\xe8\x03\xa0\x00\x02\x01\x01\x00\x00"
    time.sleep(0.3)
    before = list(bench.said)
    time.sleep(0.3)
    assert bench.said == before
    bench.device.garbage = None
    bench.park(B)
    until(lambda: bench.last(B) is True)


@pytest.mark.req("GUIDE-1")
def test_a_node_says_nothing_of_a_bay_whose_sensor_is_spoilt_and_nothing_at_all_when_it_fails() -> None:
    device = BayControllerSim({3: 2})
    device.start()
    said: list[Reading] = []
    settings = SensorSettings(DeviceId("s"), f"127.0.0.1:{device.port}", CHANNELS["ultrasonic"], poll_s=0.02)
    sensors = UltrasonicController(settings, ManualClock(NOON))
    device.spoil("3/0")
    device.set("3/1", True)
    sensors.start(said.extend)
    until(lambda: len(said) > 2)
    assert {r.bay_id for r in said} == {B}
    assert sensors.health() == HealthReport(Health.FAULTY, NOON, "node 3 measures nothing at A-01")
    device.failing = True
    until(lambda: sensors.health() == HealthReport(Health.FAULTY, NOON, "node 3 reports an error"))
    said.clear()
    device.set("3/0", False)
    device.failing = False
    until(lambda: {r.bay_id for r in said} == {A, B} and sensors.health().health is Health.OK)
    sensors.stop()
    device.stop()


@pytest.mark.req("GUIDE-1")
def test_a_node_that_does_not_answer_is_named_and_the_others_of_its_line_are_heard() -> None:
    device = BayControllerSim({3: 2})
    device.start()
    said: list[Reading] = []
    address = f"127.0.0.1:{device.port}"
    settings = SensorSettings(DeviceId("s"), address, {"2/0": B, "3/0": A}, poll_s=0.02, timeout_s=0.05)
    sensors = UltrasonicController(settings, ManualClock(NOON))
    sensors.start(said.extend)
    until(lambda: len(said) > 2)
    assert {r.bay_id for r in said} == {A}
    assert sensors.health() == HealthReport(Health.FAULTY, NOON, "node 2 does not answer")
    assert device.connections == 1
    sensors.stop()
    device.stop()


@pytest.mark.req("GUIDE-1")
def test_sensors_that_fall_silent_behind_a_broker_that_answers_are_silent_and_a_kept_word_is_as_old_as_it_says() -> (
    None
):
    clock = ManualClock(NOON)
    device = BayBrokerSim("mall", clock)
    device.set("A-01", True)
    clock.advance(timedelta(minutes=10))
    device.start()
    said: list[Reading] = []
    sensors = MqttSensors(SensorSettings(DeviceId("s"), f"127.0.0.1:{device.port}", CHANNELS["mqtt"], "mall"), clock)
    sensors.start(said.extend)
    until(lambda: len(said) == 1)
    assert (said[0].at, said[0].heard_at) == (NOON, NOON)
    assert sensors.health().health is Health.OK
    clock.advance(timedelta(minutes=16))
    assert sensors.health().health is Health.SILENT
    device.set("A-01", False)
    until(lambda: sensors.health().health is Health.OK)
    assert said[1].heard_at == clock.now()
    sensors.stop()
    device.stop()


@pytest.mark.parametrize(
    "said", [{"at": "0001-01-01T00:00:00+14:00"}, {"at": "2026-03-02T04:00:00"}, {"q": 10**400}, {"occupied": 1}]
)
def test_a_kept_word_that_makes_no_sense_keeps_nobody_else_from_being_heard(said: dict[str, Any]) -> None:
    clock = ManualClock(NOON)
    device = BayBrokerSim("mall", clock)
    good = {"occupied": True, "at": NOON.isoformat()}
    device.publish("park/mall/bay/A-02/state", json.dumps(good | said).encode())
    device.set("A-01", True)
    device.start()
    heard: list[Reading] = []
    sensors = MqttSensors(SensorSettings(DeviceId("s"), f"127.0.0.1:{device.port}", CHANNELS["mqtt"], "mall"), clock)
    sensors.start(heard.extend)
    until(lambda: [one.bay_id for one in heard] == [A])
    assert sensors.nonsense == 1
    sensors.stop()
    device.stop()


def test_a_broker_brings_what_was_there_before_plates_too_and_nonsense_is_passed_over() -> None:
    clock = ManualClock(NOON)
    device = BayBrokerSim("mall", clock)
    device.set("A-01", True, src="video", q=0.97, plate="沪A52T86")
    device.publish("park/mall/bay/A-02/state", b"{not json")
    device.publish("park/mall/bay/Z-99/state", b'{"occupied": true, "at": "2026-03-02T04:00:00+00:00"}')
    device.publish("park/mall/bay/A-02/state/x", b"1")
    device.start()
    said: list[Reading] = []
    settings = SensorSettings(DeviceId("s"), f"127.0.0.1:{device.port}", CHANNELS["mqtt"], "mall")
    sensors = MqttSensors(settings, clock)
    sensors.start(said.extend)
    until(lambda: len(said) == 1 and sensors.nonsense == 2)
    assert (said[0].plate, said[0].source, said[0].sure) == (Plate.parse("沪A52T86"), "video", 0.97)
    device.clock_off = timedelta(hours=8)
    device.set("A-02", True)
    until(lambda: len(said) == 2)
    assert said[1].at - said[1].heard_at == timedelta(hours=8)
    until(lambda: device.acknowledged >= 3)
    sensors.stop()
    device.stop()


@pytest.mark.req("GUIDE-1")
def test_a_kept_message_larger_than_any_state_keeps_no_other_bay_of_its_broker_from_being_heard(bench: Bench) -> None:
    if bench.kind != "mqtt":
        pytest.skip("of a broker")
    bench.device.publish("park/mall/bay/A-02/state", b"x" * 300_000)
    bench.park(A)
    until(lambda: bench.last(A) is True)
    bench.device.stop()
    until(lambda: bench.sensors.health().health is Health.SILENT)
    bench.park(A, False)
    bench.device.start()
    until(lambda: bench.last(A) is False)
    assert bench.sensors.health().health is Health.OK


@pytest.mark.req("GUIDE-1")
def test_a_node_that_never_stops_babbling_is_silent_and_keeps_nobody_from_stopping() -> None:
    device = TcpDevice(beat_s=0.02)
    device.garbage = b"\x00\x01\x02"
    device.start()
    address = f"127.0.0.1:{device.port}"
    settings = SensorSettings(DeviceId("s"), address, CHANNELS["ultrasonic"], poll_s=0.02, timeout_s=0.2)
    sensors = UltrasonicController(settings, ManualClock(NOON))
    sensors.start(lambda _: None)
    until(lambda: sensors.health().health is Health.SILENT)
    ending = threading.Thread(target=sensors.stop)
    ending.start()
    ending.join(10.0)
    is_over = not ending.is_alive()
    device.stop()
    assert is_over


@pytest.mark.req("FIND-1", "GUIDE-1")
def test_a_bay_camera_tells_plates_and_is_known_for_what_ails_it(tmp_path: Path) -> None:
    clock = ManualClock(NOON)
    camera, eyes = camera_over_bays(clock, tmp_path)
    said: list[Reading] = []
    settings = SensorSettings(DeviceId("cam"), camera.url, CHANNELS["video"], "mall", poll_s=0.05)
    sensors = eyes.sensors(settings, clock, recognition={}, empty="empty.jpg", opens_empty=True)
    sensors.start(said.extend)
    until(lambda: {r.bay_id for r in said} == {A, B})
    assert (tmp_path / "empty.jpg").exists()

    camera.set_clock_off(timedelta(hours=8))
    camera.set("A-01", True, "沪A52T86")
    until(lambda: said[-1].occupied)
    assert (said[-1].bay_id, said[-1].plate, said[-1].sure >= 0.9) == (A, Plate.parse("沪A52T86"), True)
    assert said[-1].at == NOON, "nobody asks the camera what time it is"

    told = len(said)
    camera.stick()
    until(lambda: sensors.health().health is Health.FAULTY)
    camera.stick(False)
    until(lambda: sensors.health().health is Health.OK)
    camera.set_fault(CameraFault.BLACK)
    until(lambda: "black" in sensors.health().detail)
    assert len(said) == told, "what shows nothing says nothing, and what was said is not said at every look"
    camera.set_fault(CameraFault.NONE)
    clock.advance(timedelta(seconds=30))
    until(lambda: len(said) > told)
    sensors.stop()
    camera.stop()


@pytest.mark.req("FIND-1", "GUIDE-1")
def test_a_bay_camera_over_rtsp_is_read_and_after_its_line_was_cut_tells_what_is_true_then(tmp_path: Path) -> None:
    clock = ManualClock(NOON)
    camera, eyes = camera_over_bays(clock, tmp_path, RtspCamera)
    assert camera.url.startswith("rtsp://")
    said: list[Reading] = []
    settings = SensorSettings(DeviceId("cam"), camera.url, CHANNELS["video"], "mall", poll_s=0.05)
    sensors = eyes.sensors(settings, clock, recognition={}, empty="empty.jpg", opens_empty=True)
    sensors.start(said.extend)
    until(lambda: {r.bay_id for r in said} == {A, B})
    camera.set("A-01", True, "沪A52T86")
    until(lambda: said[-1].occupied)
    assert (said[-1].bay_id, said[-1].plate) == (A, Plate.parse("沪A52T86"))

    camera.set_fault(CameraFault.DROP)
    until(lambda: sensors.health().health is Health.SILENT)
    told = len(said)
    camera.set("A-01", False)
    camera.set("A-02", True, "粤B8K219")
    camera.set_fault(CameraFault.NONE)
    true = {A: (False, None), B: (True, Plate.parse("粤B8K219"))}
    until(lambda: {r.bay_id: (r.occupied, r.plate) for r in said[told:]} == true)
    assert sensors.health().health is Health.OK
    sensors.stop()
    camera.stop()


@pytest.mark.req("GUIDE-1")
def test_a_bay_that_flaps_before_its_camera_is_not_believed(tmp_path: Path) -> None:
    clock = ManualClock(NOON)
    camera, eyes = camera_over_bays(clock, tmp_path)
    states = {bay: BayState(bay) for bay in (A, B)}

    def take(readings: Sequence[Reading]) -> None:
        clock.advance(timedelta(seconds=3))
        for one in readings:
            states[one.bay_id] = hear(states[one.bay_id], one, Rules())

    settings = SensorSettings(DeviceId("cam"), camera.url, CHANNELS["video"], "mall", poll_s=0.02)
    sensors = eyes.sensors(settings, clock, recognition={}, empty="empty.jpg", opens_empty=True)
    sensors.start(take)
    until(lambda: states[B].occupied is False)
    camera.set("A-01", True, "沪A52T86")
    camera.flap("A-01")
    until(lambda: fault_of(states[A], clock.now(), Rules()) is Fault.FLAPPING)
    assert fault_of(states[B], clock.now(), Rules()) is None
    sensors.stop()
    camera.stop()


@pytest.mark.parametrize("address", ["", "host", "host:", ":1", "host:0", "host:70000"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ParkingError, match="not host:port"):
        MqttSensors(SensorSettings(DeviceId("s"), address, {}), ManualClock(NOON))


@pytest.mark.parametrize("channel", ["3", "x/1", "3/y", "255/0"])
def test_a_channel_that_is_none_is_refused(channel: str) -> None:
    with pytest.raises(ParkingError, match="not address/index"):
        UltrasonicController(SensorSettings(DeviceId("s"), "h:1", {channel: A}), ManualClock(NOON))
