"""The push server on real sockets against strangers, slow and greedy callers, cameras with faults; nothing acknowledged is lost."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hardware_sim.devices.vzenith_camera import PASSWORD
from parking.gate.cameras.doors import Reporter
from parking.gate.cameras.push_server import Limits, PushServer
from parking.gate.cameras.push_store import PushStore
from parking.gate.edge_file import EdgeFile
from parking.kernel.device import Health
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.events import Envelope, PlateReported
from tests.builders.lpr import eventually
from tests.builders.smart_cameras import SECRET, HikvisionWorld, Listening, VzenithWorld, camera_settings

pytestmark = pytest.mark.req("LPR-2")
SMALL = Limits(
    body_bytes=200_000,
    held_bytes=400_000,
    connections=6,
    connections_per_source=4,
    head_s=30.0,
    body_s=30.0,
    idle_s=30.0,
)
QUICK = replace(SMALL, head_s=0.3, body_s=0.5, idle_s=0.5)
"""For callers that are too slow; whoever is to be heard needs the time of a busy machine."""
PATIENT_S = 30.0


@pytest.fixture
def world() -> Iterator[VzenithWorld]:
    made = VzenithWorld(limits=SMALL)
    yield made
    made.stop()


def call(world: VzenithWorld, raw: bytes, *, end: bool = False) -> bytes:
    """Everything that the server says to these bytes until it hangs up or falls silent."""
    with socket.create_connection(("127.0.0.1", world.server.port), timeout=PATIENT_S) as line:
        line.sendall(raw)
        if end:
            line.shutdown(socket.SHUT_WR)
        said = b""
        try:
            while piece := line.recv(4096):
                said += piece
        except (TimeoutError, ConnectionResetError):
            pass
        return said


def push(path: str, body: bytes = b"{}", **headers: str) -> bytes:
    told = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{told}\r\n".encode() + body


def status(said: bytes) -> int:
    return int(said.split(b" ")[1]) if said else 0


@pytest.mark.parametrize(
    "path",
    ["/", "/push", f"/push/camera-2/{SECRET}", f"/push/camera-1/{SECRET}x", "/push/camera-1/", "/push/../etc/passwd"],
)
def test_who_does_not_know_the_address_learns_nothing(world: VzenithWorld, path: str) -> None:
    said = call(world, push(path))
    assert status(said) == 404
    assert said == call(world, push("/push/no-such-camera/no-such-secret"))


def test_an_address_that_is_not_allowed_is_a_stranger() -> None:
    world = VzenithWorld(limits=SMALL, sources=("10.9.0.0/16",))
    assert status(call(world, push(f"/push/camera-1/{SECRET}/plate"))) == 404
    world.stop()
    near = VzenithWorld(limits=SMALL, sources=("127.0.0.0/8",))
    assert near.sim.see("粤B12345") != {}
    near.stop()


def test_cameras_only_post(world: VzenithWorld) -> None:
    assert status(call(world, f"GET /push/camera-1/{SECRET}/plate HTTP/1.1\r\n\r\n".encode())) == 405


def test_a_body_too_large_is_refused_before_it_is_read(world: VzenithWorld) -> None:
    head = f"POST /push/camera-1/{SECRET}/plate HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"
    assert status(call(world, head.encode())) == 413
    world.sim.faults.huge_bytes = 300_000
    assert world.sim.see("粤B12345") == {}
    world.sim.faults.huge_bytes = 0
    assert world.sim.see("粤B12345")["Response_AlarmInfoPlate"]["content"] == "retransfer_stop"


def test_a_body_cut_short_is_not_stored_and_the_camera_comes_again(world: VzenithWorld) -> None:
    world.sim.faults.truncated = True
    assert world.sim.see("粤B12345") == {}
    world.sim.faults.truncated = False
    assert world.sim.send_offline() == 0
    assert world.reports() == [("粤B12345", True)]


def test_a_camera_that_waits_for_100_continue_is_told_to_go_on(world: VzenithWorld) -> None:
    body = json.dumps(
        {"AlarmGioIn": {"serialno": "s", "result": {"TriggerResult": {"source": 1, "value": 1}}}}
    ).encode()
    with socket.create_connection(("127.0.0.1", world.server.port), timeout=PATIENT_S) as line:
        head = push(f"/push/camera-1/{SECRET}/io", body, Expect="100-continue").removesuffix(body)
        line.sendall(head)
        assert line.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(body)
        assert b"200 OK" in line.recv(4096)
    assert world.line.inputs[1] is True


def test_chunked_bodies_and_two_requests_on_one_connection(world: VzenithWorld) -> None:
    body = b'{"AlarmGioIn":{"serialno":"s","result":{"TriggerResult":{"source":%d,"value":1}}}}'
    head = f"POST /push/camera-1/{SECRET}/io HTTP/1.1\r\n"
    one, two = body % 2, body % 3
    raw = f"{head}Transfer-Encoding: chunked\r\n\r\n{len(one):x}\r\n".encode() + one + b"\r\n0\r\n\r\n"
    raw += f"{head}Connection: close\r\nContent-Length: {len(two)}\r\n\r\n".encode() + two
    assert call(world, raw).count(b"200 OK") == 2
    assert world.line.inputs == [None, None, True, True]


def test_one_source_may_not_take_all_the_places(world: VzenithWorld) -> None:
    mine = [socket.create_connection(("127.0.0.1", world.server.port)) for _ in range(4)]
    eventually(lambda: world.server.connections == 4)
    fifth = socket.create_connection(("127.0.0.1", world.server.port), timeout=PATIENT_S)
    with contextlib.suppress(ConnectionResetError):
        assert fifth.recv(1) == b""
    fifth.close()
    for line in mine:
        line.close()
    eventually(lambda: world.server.connections == 0)
    assert world.sim.see("粤B12345") != {}


@pytest.mark.parametrize(
    "begun", [b"", b"POST /push/camera-1/", b"POST /push/camera-1/%b/plate HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"]
)
def test_slow_callers_are_cut_off_and_do_not_keep_others_out(begun: bytes) -> None:
    world = VzenithWorld(limits=QUICK)
    slow = [socket.create_connection(("127.0.0.1", world.server.port), timeout=PATIENT_S) for _ in range(4)]
    for line in slow:
        line.sendall(begun.replace(b"%b", SECRET.encode()))
    for line in slow:
        with contextlib.suppress(ConnectionResetError):
            assert not line.recv(100).startswith(b"HTTP/1.1 200")
        line.close()
    eventually(lambda: world.server.connections == 0)
    eventually(lambda: world.sim.see("粤B12345") != {})
    world.stop()


def test_noise_does_not_end_the_server(world: VzenithWorld) -> None:
    for raw in (b"\x00" * 5000, b"\x16\x03\x01", b"POST", b"\r\n\r\n", b"A" * 40_000):
        call(world, raw, end=True)
    assert world.sim.see("粤B12345") != {}


def test_a_camera_that_resends_for_ever_is_answered_and_stored_once(world: VzenithWorld) -> None:
    lane = Listening(world.camera)
    lane.begin()
    world.sim.faults.ignores_stop = True
    world.sim.see("粤B12345")
    assert world.sim.pushes == 5
    assert (len(lane.told), world.reports()) == (1, [("粤B12345", False)])


def test_a_lane_that_is_slower_than_the_camera_waits_gets_a_no() -> None:
    world = VzenithWorld(relay=True, limits=SMALL)
    Listening(world.camera).begin()
    answer = world.sim.see("粤B12345")["Response_AlarmInfoPlate"]
    assert (answer["info"], world.sim.outputs.log) == ("no", [])
    world.stop()


def test_another_cameras_serial_number_is_refused_and_noted() -> None:
    world = VzenithWorld(limits=SMALL, serial="somebody-else")
    assert world.sim.see("粤B12345") == {}
    health = world.camera.health()
    assert (health.health, "12345" in health.detail) == (Health.FAULTY, False)
    world.stop()


def test_what_cannot_be_stored_is_not_acknowledged(world: VzenithWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Listening(world.camera)
    lane.begin()

    def full(*_: Any, **__: Any) -> bool:
        raise ParkingError(ErrorKind.UNAVAILABLE, "edge.disk_full", "the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "add", full)
        assert world.sim.see("粤B12345") == {}
    assert lane.told == []
    assert world.sim.send_offline() == 0
    assert world.reports() == [("粤B12345", True)]


def test_it_is_on_disk_before_the_camera_has_its_answer(tmp_path: Path) -> None:
    world = VzenithWorld(limits=SMALL)
    file = EdgeFile(tmp_path / "edge.db")
    world.door._store = PushStore(file)  # type: ignore[attr-defined]
    world.sim.see("粤B12345")
    with sqlite3.connect(tmp_path / "edge.db") as other:
        assert other.execute("SELECT plate, reported FROM camera_push").fetchall() == [("粤B12345", 0)]
    other.close()
    world.stop()
    file.close()


def test_a_report_that_was_journaled_before_a_crash_keeps_its_event_id() -> None:
    world = VzenithWorld(limits=SMALL)
    world.sim.see("粤B12345")
    first, second = (world.store.unreported()[0].envelope for _ in range(2))
    assert first == second
    world.reports()
    assert world.store.unreported() == ()
    world.stop()


def test_reports_go_out_by_themselves_and_again_after_a_failing_journal() -> None:
    world = VzenithWorld(limits=SMALL)
    noted: list[Envelope] = []
    failing = [True]

    def note(envelopes: list[Envelope]) -> None:
        if failing and failing.pop():
            raise ParkingError(ErrorKind.UNAVAILABLE, "edge.disk_full", "the disk is full")
        noted.extend(envelopes)

    world.door._reporter = reporter = Reporter(world.store, note, retry_s=0.01)  # type: ignore[attr-defined]
    reporter.start()
    world.sim.see("粤B12345")
    eventually(lambda: len(noted) == 1)
    assert isinstance(noted[0].event, PlateReported)
    reporter.stop()
    world.stop()


@pytest.mark.req("PRIV-1")
def test_the_password_in_a_heart_beat_is_neither_logged_nor_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world = VzenithWorld(comet=True, limits=SMALL)
    file = EdgeFile(tmp_path / "edge.db")
    world.door._store = PushStore(file)  # type: ignore[attr-defined]
    world.sim.heart_beat()
    world.sim.see("粤B12345")
    health = world.camera.health()
    world.stop()
    file.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode("latin-1")
    assert health.health is Health.OK
    for secret in (PASSWORD, SECRET):
        assert secret not in caplog.text + health.detail + repr(camera_settings()) + kept
    assert "12345" not in caplog.text


@pytest.mark.parametrize("off_s", [-3600.0, 3600.0])
def test_a_wrong_clock_that_heart_beats_tell_of_is_taken_out(off_s: float) -> None:
    world = VzenithWorld(tells_time=True, limits=SMALL)
    world.sim.faults.clock_off_s = off_s
    lane = Listening(world.camera)
    lane.begin()
    world.sim.see("粤B11111")
    assert lane.told == []
    assert world.camera.health().health is Health.FAULTY
    world.sim.heart_beat()
    world.sim.see("粤B12345")
    assert lane.plates() == ["粤B12345"]
    assert world.camera.health().health is Health.OK
    assert "off" in world.camera.health().detail
    world.stop()


def test_hikvisions_heart_beats_tell_its_clock_and_bare_xml_is_taken() -> None:
    world = HikvisionWorld(limits=SMALL)
    world.sim.faults.clock_off_s = 90.0
    lane = Listening(world.camera)
    lane.begin()
    assert world.sim.heart_beat() == 200
    assert world.sim.see("粤B12345", bare=True) == 200
    assert lane.plates() == ["粤B12345"]
    world.stop()


def test_the_best_picture_travels_with_the_reading() -> None:
    for make in (VzenithWorld, HikvisionWorld):
        world = make()
        lane = Listening(world.camera)
        lane.begin()
        world.sim.see("粤B12345", picture=b"\xff\xd8picture\xff\xd9")
        assert lane.told[-1].evidence == b"\xff\xd8picture\xff\xd9"
        world.stop()


def test_hundreds_of_kept_records_come_in_order_and_none_twice() -> None:
    world = VzenithWorld()
    plates = [f"粤B{number:05d}" for number in range(300)]  # the camera keeps up to 9,000
    world.remember(plates)
    assert [plate for plate, _ in world.reports()] == plates
    world.stop()


def test_what_was_told_long_ago_is_forgotten_and_what_was_not_told_is_kept() -> None:
    world = VzenithWorld()
    world.sim.see("粤B11111")
    world.reports()
    world.sim.see("粤B22222")
    world.clock.advance(timedelta(days=8))
    world.store._added = 0  # it tidies now and then
    world.sim.see("粤B33333")
    kept = world.file.read(lambda conn: conn.execute("SELECT plate FROM camera_push ORDER BY plate").fetchall())
    assert kept == [("粤B22222",), ("粤B33333",)]
    world.stop()


def test_stopping_ends_every_connection_and_thread() -> None:
    world = VzenithWorld(comet=True)
    eventually(lambda: world.server.connections > 0)
    world.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "camera-push"]
    with pytest.raises(RuntimeError, match="not started"):
        _ = world.server.port


def test_a_secret_that_is_short_is_refused_when_it_is_built() -> None:
    world = VzenithWorld()
    door = world.door
    door.camera.settings = camera_settings(secret="short")  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="16 characters"):
        PushServer([door])
    world.stop()
