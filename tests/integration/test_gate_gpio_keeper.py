"""The keeper of GPIO lines as a real process on a chip that keeps its levels: pulses end whoever is killed."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hardware_sim.devices.gpio_chip import ChipWorld, SimulatedLines, make_chip
from parking.gate.relays.gpio import GpioBoard
from parking.gate.relays.gpio_chip import LineRequest
from parking.gate.relays.gpio_keeper import LINGER_S, Keeper, address_of
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import ManualClock, SystemClock
from parking.kernel.device import DeviceFault, DeviceRefused
from parking.kernel.errors import ParkingError
from tests.builders.gate import NOON

pytestmark = pytest.mark.req("GATE-1")
KEEPER = (sys.executable, "-m", "hardware_sim.devices.gpio_chip")
COILS, INPUTS = (4, 5), (10, 11)
BOX = """
import sys
from parking.gate.relays.gpio import GpioBoard
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import SystemClock
settings = BoardSettings(chip=sys.argv[1], coils=2, inputs=2, coil_lines=(4, 5), input_lines=(10, 11), timeout_s=10)
board = GpioBoard(settings, SystemClock(), keeper=(sys.executable, "-m", "hardware_sim.devices.gpio_chip"))
print(eval(sys.argv[2], {"board": board}), flush=True)
sys.stdin.read()
"""


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that must happen; the limit is for a test that has gone wrong."""
    limit_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit_s, what
        time.sleep(0.005)


class Cabinet:
    """A chip, what hangs on it, and every box and keeper that was ever started on it."""

    def __init__(self, folder: Path) -> None:
        self.chip = folder / "gpiochip0"
        make_chip(self.chip)
        self.world = ChipWorld(self.chip, COILS, INPUTS)
        self.watchdog = folder / "watchdog"
        self.watchdog.touch()
        self.boards: list[GpioBoard] = []
        self.boxes: list[subprocess.Popen[str]] = []

    def settings(self, *, watchdog: str = "") -> BoardSettings:
        return BoardSettings(
            chip=str(self.chip), coils=2, inputs=2, coil_lines=COILS, input_lines=INPUTS, timeout_s=10,
            backoff_first_s=0.0, backoff_most_s=0.0, watchdog=watchdog,
        )  # fmt: skip

    def board(self, *, watchdog: str = "") -> GpioBoard:
        board = GpioBoard(self.settings(watchdog=watchdog), SystemClock(), keeper=KEEPER)
        self.boards.append(board)
        return board

    def box(self, order: str) -> subprocess.Popen[str]:
        """Another process that gives one order and then waits, connected."""
        box = subprocess.Popen(
            [sys.executable, "-c", BOX, str(self.chip), order],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        self.boxes.append(box)
        assert box.stdout is not None
        assert box.stdout.readline() == "True\n"
        return box

    def keeper_pid(self) -> int | None:
        """The process that keeps the lines, as the kernel knows it."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bell:
            try:
                bell.connect(address_of(LineRequest.of(self.settings())))
            except ConnectionRefusedError:
                return None
            peer = bell.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", peer)[0])

    def signal_keeper(self, number: signal.Signals) -> None:
        pid = self.keeper_pid()
        assert pid is not None
        os.kill(pid, number)

    def close(self) -> None:
        for board in self.boards:
            board.close()
        for box in self.boxes:
            box.kill()
            box.communicate()
        if self.keeper_pid() is not None:
            self.signal_keeper(signal.SIGKILL)
            until(lambda: self.keeper_pid() is None, "the keeper is gone")
        self.world.close()


@pytest.fixture
def cabinet(tmp_path: Path) -> Iterator[Cabinet]:
    made = Cabinet(tmp_path)
    yield made
    made.close()


def test_a_pulse_ends_although_the_box_is_killed_in_the_middle_of_it(cabinet: Cabinet) -> None:
    box = cabinet.box("board.pulse(0, 1500)")
    assert cabinet.world.coil_is_on(0)
    box.send_signal(signal.SIGKILL)
    box.wait()
    assert cabinet.world.coil_is_on(0), "the pulse is not cut short, either"
    until(lambda: not cabinet.world.coil_is_on(0), "the keeper ends the pulse")


def test_a_pulse_ends_although_the_box_hangs(cabinet: Cabinet) -> None:
    box = cabinet.box("board.pulse(1, 500)")
    box.send_signal(signal.SIGSTOP)
    until(lambda: not cabinet.world.coil_is_on(1), "the keeper ends the pulse")


def test_a_killed_keeper_leaves_the_line_on_and_the_next_call_puts_it_off(cabinet: Cabinet) -> None:
    board = cabinet.board()
    assert board.pulse(0, 5000) is True
    pid = cabinet.keeper_pid()
    cabinet.signal_keeper(signal.SIGKILL)
    until(lambda: cabinet.keeper_pid() is None, "the keeper is gone")
    assert cabinet.world.coil_is_on(0), "this chip keeps its levels, as many do"
    states = []

    def asks_again() -> bool:
        try:
            states.append(board.read())
        except DeviceFault:  # the call that finds the keeper gone
            return False
        return True

    until(asks_again, "another keeper")
    assert not cabinet.world.coil_is_on(0)
    assert states[-1].coils == (False, False)
    assert cabinet.keeper_pid() not in (None, pid)


def test_a_contact_held_for_an_emergency_outlives_the_box_and_the_next_one_lets_go(cabinet: Cabinet) -> None:
    box = cabinet.box("board.hold(0, True)")
    box.kill()
    box.wait()
    board = cabinet.board()
    assert board.read().coils == (True, False)
    assert board.hold(0, False) is True
    assert not cabinet.world.coil_is_on(0)


def test_a_second_master_is_refused_and_served_when_the_first_one_is_gone(cabinet: Cabinet) -> None:
    box = cabinet.box("board.hold(1, True)")
    board = cabinet.board()
    with pytest.raises(DeviceRefused, match="another program commands"):
        board.pulse(0, 500)
    assert not cabinet.world.coil_is_on(0)
    box.kill()
    box.wait()
    assert board.pulse(0, 500) is True


def test_lines_that_somebody_else_owns_are_a_refusal_that_says_so(cabinet: Cabinet) -> None:
    theirs = SimulatedLines(LineRequest(str(cabinet.chip), (5,), ()))
    try:
        with pytest.raises(DeviceRefused, match="somebody else has lines"):
            cabinet.board().read()
    finally:
        theirs.close()


def test_a_keeper_that_is_told_to_end_first_ends_its_pulses(cabinet: Cabinet) -> None:
    board = cabinet.board()
    board.pulse(0, 700)
    cabinet.signal_keeper(signal.SIGTERM)
    until(lambda: cabinet.keeper_pid() is None, "the keeper ends")
    assert not cabinet.world.coil_is_on(0)


def test_the_hardware_watchdog_is_fed_and_is_disarmed_only_by_an_end_in_good_order(cabinet: Cabinet) -> None:
    board = cabinet.board(watchdog=str(cabinet.watchdog))
    board.read()
    until(lambda: cabinet.watchdog.read_bytes() != b"", "it is fed")
    cabinet.signal_keeper(signal.SIGTERM)
    until(lambda: cabinet.keeper_pid() is None, "the keeper ends")
    assert cabinet.watchdog.read_bytes().strip(b"\0") == b"V"
    cabinet.watchdog.write_bytes(b"")
    board.read()  # it has hung up in good order: another one is started without a fault
    until(lambda: cabinet.watchdog.read_bytes() != b"", "it is fed")
    cabinet.signal_keeper(signal.SIGKILL)
    until(lambda: cabinet.keeper_pid() is None, "the keeper is gone")
    assert b"V" not in cabinet.watchdog.read_bytes()


def test_without_the_library_the_refusal_says_what_to_install(cabinet: Cabinet) -> None:
    board = GpioBoard(cabinet.settings(), SystemClock())  # the product's own keeper, on a chip that is none
    cabinet.boards.append(board)
    with pytest.raises(DeviceRefused, match=r"mall-parking\[gpio\]|does not have these lines|device|ioctl"):
        board.read()


def test_a_keeper_ends_when_nobody_needs_it_and_not_while_a_contact_is_held(tmp_path: Path) -> None:
    chip = tmp_path / "chip"
    make_chip(chip)
    lines = SimulatedLines(LineRequest(str(chip), COILS, INPUTS))
    clock = ManualClock(NOON)
    keeper = Keeper(lines, clock)
    keeper.answer(b'{"id":1,"ask":"hold","coil":0,"on":true}')
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(f"\0{chip}")
        listener.listen()
        thread = threading.Thread(target=lambda: keeper.serve(listener, lambda: False))
        thread.start()
        clock.advance(timedelta(seconds=10 * LINGER_S))
        thread.join(1.5)  # it looks every second
        assert thread.is_alive()
        keeper.answer(b'{"id":2,"ask":"hold","coil":0,"on":false}')
        while thread.is_alive():
            clock.advance(timedelta(seconds=LINGER_S))
            thread.join(0.2)
    lines.close()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"coil_lines": (4,)}, "coil_lines"),
        ({"input_lines": ()}, "input_lines"),
        ({"coil_lines": (4, 4)}, "coil_lines"),
        ({"input_lines": (4, 10)}, "coil_lines"),
        ({"coil_lines": (4, -1)}, "coil_lines"),
    ],
)
def test_lines_that_cannot_be_are_refused_by_name(changes: dict[str, tuple[int, ...]], field: str) -> None:
    plain: dict[str, tuple[int, ...]] = {"coil_lines": COILS, "input_lines": INPUTS, **changes}
    settings = BoardSettings(coils=2, inputs=2, coil_lines=plain["coil_lines"], input_lines=plain["input_lines"])
    with pytest.raises(ParkingError) as refusal:
        GpioBoard(settings, SystemClock())
    assert refusal.value.field == field
