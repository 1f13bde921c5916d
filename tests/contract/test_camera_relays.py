"""What cameras' own relays do beyond the relay boards' suite: orders in answers, gates that say yes and do not move, digest passwords."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from parking.gate.cameras.vzenith_wire import SerialOrder
from parking.gate.relays.hikvision import HikvisionBoard
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import ManualClock
from parking.kernel.device import DeviceFault, DeviceRefused, Health
from parking.kernel.errors import ParkingError
from tests.builders.camera_boards import PATIENT_S, CameraBoardWorld, VzenithBoardWorld
from tests.builders.lpr import eventually
from tests.builders.relay_boards import SHORT_S
from tests.builders.smart_cameras import NOON

pytestmark = pytest.mark.req("GATE-1")


@pytest.fixture
def gate() -> Iterator[CameraBoardWorld]:
    world = CameraBoardWorld(gate=True)
    yield world
    world.stop()


@pytest.fixture
def vzenith() -> Iterator[VzenithBoardWorld]:
    world = VzenithBoardWorld()
    yield world
    world.stop()


@pytest.fixture
def stuck() -> Iterator[CameraBoardWorld]:
    """A gate that is looked at in vain, for as long as a busy machine needs and not longer."""
    world = CameraBoardWorld(gate=True, timeout_s=SHORT_S)
    yield world
    world.stop()


@pytest.fixture
def unheard() -> Iterator[VzenithBoardWorld]:
    """A camera that does not answer in its time."""
    world = VzenithBoardWorld(timeout_s=SHORT_S)
    yield world
    world.stop()


class Moving:
    """Lets a world's time run while something is done."""

    def __init__(self, world: CameraBoardWorld | VzenithBoardWorld) -> None:
        self._world = world
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._stop.wait(0.01):
            self._world.pass_time(0.05)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


# --- Hikvision's barrier ---------------------------------------------------------------------------------------------


def test_a_gate_that_moves_is_confirmed_by_its_limit_switches(gate: CameraBoardWorld) -> None:
    with Moving(gate):
        assert gate.board.pulse(0, 500) is True
    gate.pass_time(1)
    assert gate.sim.outputs.boom_position("gate") == 1.0


def test_a_locked_gate_says_yes_and_the_board_says_no(stuck: CameraBoardWorld) -> None:
    stuck.sim.locked = True
    with Moving(stuck):
        assert stuck.board.pulse(0, 500) is False
    assert ("PUT", "/ISAPI/Parking/channels/1/barrierGate") in stuck.sim.requests


def test_a_gate_without_limit_switches_proves_nothing_unless_it_is_declared_so(stuck: CameraBoardWorld) -> None:
    stuck.sim.limits_wired = False
    with Moving(stuck):
        assert stuck.board.pulse(0, 500) is False
    settings = BoardSettings(port=stuck.sim.port, user="admin", password="isapi-pass-5520", timeout_s=PATIENT_S)
    declared = HikvisionBoard(settings, stuck.clock, gate=True, limits_wired=False, fresh_s=0)
    assert declared.pulse(0, 500) is True
    declared.close()


def test_a_gate_is_held_open_by_locking_it_up_and_never_down(stuck: CameraBoardWorld) -> None:
    stuck.sim.outputs.jammed.add("gate")
    with Moving(stuck):
        assert stuck.board.hold(0, True) is False
    assert not stuck.sim.locked
    stuck.sim.outputs.jammed.clear()
    with Moving(stuck):
        assert stuck.board.hold(0, True) is True
    assert stuck.sim.locked
    stuck.pass_time(3600)
    assert stuck.sim.outputs.boom_position("gate") == 1.0
    assert stuck.board.read().coils == (True, False)
    with pytest.raises(DeviceRefused, match="never held down"):
        stuck.board.hold(1, True)
    assert stuck.board.hold(0, False) is True
    stuck.pass_time(3)
    assert stuck.sim.outputs.boom_position("gate") == 0.0


def test_a_camera_that_refuses_is_a_refusal_not_a_fault(gate: CameraBoardWorld) -> None:
    gate.sim.faults.refuses = True
    with pytest.raises(DeviceRefused, match="status code 4"):
        gate.board.pulse(0, 500)


def test_a_wrong_password_is_a_refusal_that_does_not_tell_it(gate: CameraBoardWorld) -> None:
    settings = BoardSettings(port=gate.sim.port, user="admin", password="hunter2-hunter2", timeout_s=PATIENT_S)
    board = HikvisionBoard(settings, gate.clock)
    with pytest.raises(DeviceRefused) as refused:
        board.pulse(0, 500)
    assert "hunter2" not in str(refused.value) + repr(settings) + board.health().detail
    board.close()


def test_a_pulse_of_an_output_is_timed_by_the_camera() -> None:
    world = CameraBoardWorld()
    world.board.pulse(2, 700)
    world.board.pulse(2, 700)
    world.stop()
    puts = [path for method, path in world.sim.requests if method == "PUT"]
    assert puts == ["/ISAPI/System/IO/outputs/3", *["/ISAPI/System/IO/outputs/3/trigger"] * 2]
    assert [(o.what, o.duration_ms) for o in world.sim.outputs.log] == [("pulse", 700)] * 2


def test_a_camera_that_hangs_or_talks_nonsense_is_a_fault_within_the_boards_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        settings = BoardSettings(port=server.getsockname()[1], timeout_s=0.2, backoff_first_s=0.0)
        board = HikvisionBoard(settings, ManualClock(NOON))
        said = [
            b"",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<a>",
            b"<html/>",
            b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>",
        ]

        def answer() -> None:
            for one in said:
                line, _ = server.accept()
                line.recv(4096)
                line.sendall(one)
                held.append(line)

        held: list[socket.socket] = []
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        for _ in said:
            with pytest.raises(DeviceFault):
                board.pulse(0, 500)
        thread.join()
        for line in held:
            line.close()
        board.close()


def test_a_password_that_was_refused_is_not_offered_again_for_a_while(gate: CameraBoardWorld) -> None:
    settings = BoardSettings(port=gate.sim.port, user="admin", password="wrong-password", timeout_s=PATIENT_S)
    board = HikvisionBoard(settings, gate.clock)
    for _ in range(20):
        with pytest.raises(DeviceRefused, match="password"):
            board.read()
    assert gate.sim.refused == 1
    board.close()


# --- Vzenith's outputs -----------------------------------------------------------------------------------------------


def test_an_order_that_nobody_fetches_is_withdrawn_and_never_carried_out(unheard: VzenithBoardWorld) -> None:
    eventually(lambda: _reads(unheard))
    unheard.physical.gone = True
    with pytest.raises(DeviceFault):
        unheard.board.pulse(0, 500)
    unheard.physical.gone = False
    eventually(lambda: _reads(unheard))
    assert not unheard.sim.outputs.log


def test_an_answer_that_never_arrived_is_a_fault_and_is_not_sent_again(unheard: VzenithBoardWorld) -> None:
    eventually(lambda: _reads(unheard))
    unheard.physical.lost_answers = 1
    with pytest.raises(DeviceFault, match="did not confirm"):
        unheard.board.pulse(0, 500)
    eventually(lambda: _reads(unheard))
    assert len(unheard.sim.outputs.log) == 1


def _reads(world: VzenithBoardWorld) -> bool:
    try:
        world.board.read()
    except DeviceFault:
        return False
    return True


def test_a_push_that_waits_is_answered_with_the_open_order() -> None:
    world = VzenithBoardWorld(answer_within_s=PATIENT_S)
    lane_opened: list[bool] = []
    world.cameras.camera.begin(
        "visit-1", lambda _reading: _later(lambda: lane_opened.append(world.board.pulse(0, 500)))
    )
    answer = world.sim.see("粤B12345")["Response_AlarmInfoPlate"]
    eventually(lambda: lane_opened == [True])
    assert (answer["info"], "ivs_ioctrl" in answer) == ("ok", False)
    assert len(world.sim.outputs.log) == 1
    world.stop()


def test_a_push_for_which_nobody_orders_is_answered_with_no(vzenith: VzenithBoardWorld) -> None:
    vzenith.cameras.camera.begin("visit-2", lambda _reading: None)
    refused = vzenith.sim.see("粤B54321")["Response_AlarmInfoPlate"]
    assert (refused["info"], refused["content"]) == ("no", "retransfer_stop")
    assert vzenith.sim.outputs.log == []


def _later(work: object) -> None:
    threading.Thread(target=work, daemon=True).start()  # type: ignore[arg-type]


def test_inputs_that_were_never_told_are_not_taken_for_off() -> None:
    world = VzenithBoardWorld(idle_off=False)
    with pytest.raises(DeviceFault, match="input 0 has not been told"):
        world.board.read()
    for index in range(4):
        world.sim.set_input(index, True)
        world.sim.set_input(index, False)
    assert world.board.read().inputs == (False,) * 4
    world.stop()


@pytest.mark.parametrize("idle_off", [False, True])
def test_what_a_camera_told_before_it_was_away_counts_only_where_that_is_wished(idle_off: bool) -> None:
    world = VzenithBoardWorld(idle_off=idle_off)
    for index in range(4):
        world.sim.set_input(index, True)
    assert world.board.read().inputs == (True,) * 4
    world.pass_time(10)
    eventually(lambda: world.cameras.line.inputs == [None] * 4)
    if idle_off:
        assert world.board.read().inputs == (True,) * 4
    else:
        with pytest.raises(DeviceFault, match="input 0 has not been told"):
            world.board.read()
    world.stop()


def test_an_auxiliary_contact_makes_a_real_read_back() -> None:
    world = VzenithBoardWorld(feedback={0: 3}, timeout_s=SHORT_S)
    assert world.board.pulse(0, 500) is False
    world.sim.set_input(3, True)
    assert world.board.pulse(0, 500) is True
    assert world.board.read().coils == (True,)
    world.stop()


def test_signs_and_the_loudspeaker_are_reached_through_the_answers(vzenith: VzenithBoardWorld) -> None:
    vzenith.cameras.line.send(SerialOrder(0, b"\x00\x64\xff"))
    vzenith.cameras.line.send("欢迎光临")
    eventually(lambda: vzenith.sim.serial_out == [(0, b"\x00\x64\xff")] and vzenith.sim.spoken == ["欢迎光临"])


def test_a_camera_that_stops_polling_is_silent(unheard: VzenithBoardWorld) -> None:
    eventually(lambda: _reads(unheard))
    assert unheard.board.health().health is Health.OK
    unheard.physical.gone = True
    eventually(lambda: not _reads(unheard))
    assert unheard.board.health().health is Health.SILENT


def test_more_outputs_than_the_camera_has_are_refused_by_name() -> None:
    world = VzenithBoardWorld()
    with pytest.raises(ParkingError, match="at most 4"):
        type(world.board)(BoardSettings(coils=8, inputs=4), world.cameras.line, world.clock)
    world.stop()
