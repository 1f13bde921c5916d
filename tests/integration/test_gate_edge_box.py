"""A whole gate box on real sockets: Modbus board, signed sync, threads. The camera is told what to read; `lpr` has its own tests."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from parking.gate.counting import RampState
from parking.gate.sync import BATCH_MOST
from parking.kernel.clock import SystemClock
from parking.kernel.codec import to_plain
from parking.kernel.device import Health
from parking.kernel.events import DeviceHealthChanged, Envelope
from parking.kernel.ids import DeviceId, EventId
from tests.builders.edge_box import EdgeWorld, edge_config, until
from tests.builders.edge_server import EdgeServer
from tests.builders.gate import PLATE, order_data, stay_data

PASSED = ["LaneDecided", "BarrierPulsed", "VehiclePassed"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[EdgeWorld]:
    made = EdgeWorld(tmp_path)
    made.start()
    yield made
    made.stop()


def lane_events(world: EdgeWorld, count: int) -> list[str]:
    """The first `count` types that are not about devices, once the server has them."""

    def types() -> list[str]:
        return [kind for kind in world.server.types() if kind != "DeviceHealthChanged"]

    until(lambda: len(types()) >= count, f"the server gets {count} events of lanes, has {types()}")
    return types()


@pytest.mark.req("GATE-1")
def test_a_car_drives_in_over_real_sockets(world: EdgeWorld) -> None:
    world.drive("entry-1", PLATE, presence=0)
    assert lane_events(world, 3) == PASSED
    assert [(entry.coil, entry.what, entry.duration_ms) for entry in world.board.relay_log] == [(0, "pulse", 500)]


@pytest.mark.req("GATE-3")
def test_lanes_work_with_the_server_away_and_lose_and_double_nothing(world: EdgeWorld) -> None:
    world.server.stop()
    world.drive("entry-1", PLATE, presence=0)
    world.drive("entry-1", "苏B99999", presence=0)
    world.server.start()
    assert lane_events(world, 6) == PASSED * 2
    (stored,) = world.server.events.values()
    assert [event["seq"] for event in stored] == list(range(1, len(stored) + 1))


@pytest.mark.req("GATE-3")
def test_a_payment_reaches_the_exit_while_the_car_waits(world: EdgeWorld) -> None:
    now = datetime.now(UTC)
    world.server.put("stay", "stay-1", stay_data(entered_at=now))
    until(lambda: world.box.copy.version == 1, "the copy arrives")
    world.cameras["exit-1"].show(PLATE)
    world.board.set_input(2, True)
    assert lane_events(world, 1) == ["LaneDecided"]
    assert world.board.relay_log == []
    paid = stay_data(entered_at=now, paid_until=to_plain(now + timedelta(minutes=15)), paid_minor=500)
    world.server.put("stay", "stay-1", paid)
    until(lambda: world.board.boom_is_up("exit-1"), "the exit opens")


def test_an_operators_order_opens_the_lane(world: EdgeWorld) -> None:
    order = order_data("exit-1", expires_at=datetime.now(UTC) + timedelta(seconds=20))
    world.server.put("command", "c1", order)
    until(lambda: world.board.boom_is_up("exit-1"), "the exit opens")
    until(lambda: "BarrierPulsed" in world.server.types(), "it is on record")


def test_a_ramp_is_counted(world: EdgeWorld) -> None:
    until(lambda: world.box.lanes["ramp-1"].state is RampState.FREE, "the ramp sees that it is free")
    for index, on in ((4, True), (5, True), (4, False), (5, False)):
        world.move("ramp-1", index, on=on)
    assert lane_events(world, 1) == ["RampPassed"]


@pytest.mark.req("GATE-1")
def test_a_board_that_is_gone_is_told_and_served_again_when_it_is_back(world: EdgeWorld) -> None:
    until(lambda: "DeviceHealthChanged" in world.server.types(), "the devices show themselves")
    world.board.gone = True
    until(lambda: "LaneFaulted" in world.server.types(), "the lanes miss their board")
    world.board.gone = False
    world.drive("entry-1", PLATE, presence=0)
    until(lambda: "VehiclePassed" in world.server.types(), "the car is in")


def test_a_camera_that_falls_silent_is_told(world: EdgeWorld) -> None:
    until(lambda: ("exit-1-camera", "ok", "") in world.server.told_of_devices(), "it shows itself")
    world.cameras["exit-1"].reported = Health.SILENT
    until(lambda: ("exit-1-camera", "silent", "") in world.server.told_of_devices(), "the silent camera is told")


@pytest.mark.req("GATE-3")
def test_the_lamp_at_a_lane_is_lit_while_its_camera_is_silent(tmp_path: Path) -> None:
    world = EdgeWorld(tmp_path, lamp_coil=6)
    world.start()
    try:
        until(lambda: ("exit-1-camera", "ok", "") in world.server.told_of_devices(), "the camera shows itself")
        until(lambda: not world.board.coil_is_on(6), "all is well, and the lamp is dark")
        world.cameras["exit-1"].reported = Health.SILENT
        until(lambda: world.board.coil_is_on(6), "the lamp is lit")
        until(lambda: "LaneModeChanged" in world.server.types(), "the server knows as well")
        world.cameras["exit-1"].reported = Health.OK
        until(lambda: not world.board.coil_is_on(6), "the lamp is dark again")
    finally:
        world.stop()


@pytest.mark.req("GATE-3")
def test_a_box_that_restarts_goes_on_with_the_same_numbers(world: EdgeWorld) -> None:
    world.drive("entry-1", PLATE, presence=0)
    lane_events(world, 3)
    world.restart()
    world.drive("entry-1", "苏B99999", presence=0)
    assert lane_events(world, 6) == PASSED * 2
    assert len(world.server.events) == 1


@pytest.mark.req("GATE-3")
def test_a_box_with_much_to_tell_a_slow_server_stops_at_once_and_tells_the_rest_after_its_next_start(
    world: EdgeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parking.bootstrap.edge._STOP_S", 0.0)
    world.server.refuse_with = 503
    now, said = SystemClock().now(), DeviceHealthChanged(DeviceId("d"), "ok", "")
    world.box.journal.note([Envelope(EventId(f"e{nth}"), now, "edge-1", said) for nth in range(20 * BATCH_MOST)])
    store = world.server.store

    def slowly(raw: bytes, header: str) -> int:
        world.server.stopping.wait(0.2)
        return store(raw, header)

    with monkeypatch.context() as slow:
        slow.setattr(world.server, "store", slowly)
        world.server.refuse_with = None
        world.box.stop()
        assert len(world.server.types()) < 10 * BATCH_MOST
    world.begin_again()
    until(lambda: world.server.types().count("DeviceHealthChanged") >= 20 * BATCH_MOST, "the server gets the rest")


@pytest.mark.req("GATE-3")
def test_a_box_whose_file_is_damaged_works_with_a_new_one_and_says_so(world: EdgeWorld) -> None:
    world.box.stop()
    world.settings.journal.write_bytes(b"a worn card" * 1_000)
    world.begin_again()
    gone = [("entry-1", 5), ("exit-1", 5), ("ramp-1", 3)]
    until(lambda: world.server.types().count("LaneFaulted") == 13, "what the lost file told of faults is told as over")
    told_over = [e["data"] for e in world.server.events[world.box.journal.epoch] if e["type"] == "LaneFaulted"]
    assert all(data["cleared"] for data in told_over)
    assert [(lane, sum(data["lane_id"] == lane for data in told_over)) for lane, _ in gone] == gone
    before = len(lane_events(world, 13))
    world.drive("entry-1", PLATE, presence=0)
    assert lane_events(world, before + 3)[before:] == PASSED
    told = "its journal could not be read and was set aside: edge.unreadable-1.db"
    until(lambda: ("edge-1-file", "faulty", told) in world.server.told_of_devices(), "the server hears of the file")


@pytest.mark.req("SOS-1")
def test_what_stood_open_at_a_lane_that_has_left_the_settings_is_told_as_over(world: EdgeWorld) -> None:
    world.board.set_input(2, True)
    until(lambda: "LaneBlocked" in world.server.types(), "the exit is blocked, and calls")
    kept = [lane for lane in world.settings.lanes if lane.id != "exit-1"]
    world.box.stop()
    world.settings = world.settings.model_copy(update={"lanes": kept})
    world.begin_again()
    until(lambda: world.server.types().count("LaneBlocked") == 2, "the exit is blocked no more")


def test_the_command_starts_says_nothing_of_plates_and_stops_on_sigterm(tmp_path: Path) -> None:
    server = EdgeServer(tmp_path)
    server.start()
    plain = {**edge_config(server, board_port=9), "log_json": True}
    (tmp_path / "edge.yaml").write_text(yaml.safe_dump(plain))
    code = "import sys, pathlib; from parking.cli.edge import edge; sys.exit(edge(pathlib.Path(sys.argv[1])))"
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(
        [*command, str(tmp_path / "edge.yaml")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    server.put("stay", "stay-1", stay_data())
    try:
        until(lambda: "LaneFaulted" in server.types(), "it tells that its board is away", timeout_s=60)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        server.stop()
    assert process.returncode == 0, output
    assert "gate box stopped" in output
    assert PLATE not in output


def test_a_gate_box_carries_no_server(tmp_path: Path) -> None:
    look = (
        "import sys, parking.cli.edge, parking.bootstrap.edge;"
        "print(*sorted({m.partition('.')[0] for m in sys.modules}"
        " & {'sqlalchemy', 'redis', 'fastapi', 'starlette', 'uvicorn', 'payments', 'guidance', 'hardware_sim'}))"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
