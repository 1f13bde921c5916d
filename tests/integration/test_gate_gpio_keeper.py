"""The keeper of GPIO lines as a real process on a chip that keeps its levels: pulses end whoever is killed."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hardware_sim.devices.gpio_chip import SimulatedLines, make_chip
from parking.gate.relays.gpio import GpioBoard
from parking.gate.relays.gpio_chip import LineRequest
from parking.gate.relays.gpio_keeper import LINGER_S, Keeper
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import ManualClock, SystemClock
from parking.kernel.device import DeviceFault, DeviceRefused
from parking.kernel.errors import ParkingError
from tests.builders.gate import NOON
from tests.builders.gpio_cabinet import COILS, INPUTS, Cabinet, until
from tests.prove import pulses

pytestmark = pytest.mark.req("GATE-1")


@pytest.fixture
def cabinet(tmp_path: Path) -> Iterator[Cabinet]:
    made = Cabinet(tmp_path)
    yield made
    made.close()


def test_a_pulse_ends_although_the_box_is_killed_in_the_middle_of_it(cabinet: Cabinet) -> None:
    box = cabinet.box("board.pulse(0, 4000)")
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


def test_a_few_kills_at_random_instants_leave_no_contact_on() -> None:
    assert pulses.run(6, seed=1) == 6
