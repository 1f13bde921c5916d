"""One suite for every relay board: in memory, and over Modbus TCP against the simulated device, in both register maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from parking.gate.relays.registry import BOARDS
from parking.kernel.device import DeviceFault, DeviceRefused, Health
from parking.kernel.errors import ParkingError
from tests.builders.relay_boards import BoardWorld, dam_world, memory_world, modbus_world

pytestmark = pytest.mark.req("GATE-1")


@pytest.fixture(params=[memory_world, modbus_world, dam_world])
def world(request: pytest.FixtureRequest) -> Iterator[BoardWorld]:
    make: Callable[[], BoardWorld] = request.param
    made = make()
    yield made
    made.stop()


def test_a_pulse_closes_the_contact_reads_back_and_ends_by_itself(world: BoardWorld) -> None:
    assert world.board.pulse(0, 500) is True
    world.pass_time(0.4)
    assert world.physical.coil_is_on(0)
    world.pass_time(0.2)
    assert not world.physical.coil_is_on(0)
    assert world.board.read().coils == (False,) * 8


def test_a_pulse_moves_no_other_coil(world: BoardWorld) -> None:
    world.board.pulse(3, 300)
    assert world.board.read().coils == (False, False, False, True, False, False, False, False)


def test_inputs_read_as_the_world_switched_them(world: BoardWorld) -> None:
    world.physical.set_input(1, True)
    world.physical.set_input(5, True)
    state = world.board.read()
    assert state.inputs == (False, True, False, False, False, True, False, False)
    assert state.read_s == world.clock.monotonic_s()


def test_a_held_contact_stays_until_it_is_let_go(world: BoardWorld) -> None:
    assert world.board.hold(2, True) is True
    world.pass_time(3600)
    assert world.physical.coil_is_on(2)
    assert world.board.hold(2, False) is True
    assert not world.physical.coil_is_on(2)


def test_a_coil_that_does_not_read_back_is_told(world: BoardWorld) -> None:
    world.physical.unconfirmed.add(0)
    assert world.board.pulse(0, 500) is False


def test_a_welded_contact_shows_after_the_pulse(world: BoardWorld) -> None:
    world.physical.welded.add(0)
    world.board.pulse(0, 500)
    world.pass_time(10)
    assert world.board.read().coils[0]


@pytest.mark.parametrize("coil", [-1, 8, 600])
def test_a_coil_that_is_not_there_is_a_mistake_of_the_caller(world: BoardWorld, coil: int) -> None:
    with pytest.raises(ValueError, match="the board has 0 to 7"):
        world.board.pulse(coil, 500)


@pytest.mark.parametrize("duration_ms", [0, 99, 60_000])
def test_a_pulse_of_an_absurd_length_is_a_mistake_of_the_caller(world: BoardWorld, duration_ms: int) -> None:
    with pytest.raises(ValueError, match="a pulse lasts"):
        world.board.pulse(0, duration_ms)


def test_a_board_that_is_gone_is_a_fault_and_works_again_when_it_is_back(world: BoardWorld) -> None:
    world.board.read()
    world.physical.gone = True
    with pytest.raises(DeviceFault):
        world.board.read()
    with pytest.raises(DeviceFault):
        world.board.pulse(0, 500)
    world.pass_time(10)
    assert world.board.health().health is Health.SILENT
    world.physical.gone = False
    world.pass_time(10)
    assert world.board.pulse(0, 500) is True
    assert world.board.health().health is Health.OK


def test_an_order_whose_answer_got_lost_is_a_fault_and_is_not_repeated_by_itself(world: BoardWorld) -> None:
    world.physical.lost_answers = 1
    with pytest.raises(DeviceFault):
        world.board.pulse(0, 500)
    assert world.physical.coil_is_on(0)
    world.pass_time(10)
    assert world.board.read().coils == (False,) * 8


def test_a_board_that_never_answered_is_unknown_or_silent_never_ok_when_gone() -> None:
    world = modbus_world()
    try:
        assert world.board.health().health is Health.UNKNOWN
    finally:
        world.stop()


def test_a_board_that_refuses_is_a_refusal_not_a_fault() -> None:
    world = modbus_world()
    world.physical.answer = lambda pdu: bytes((pdu[0] | 0x80, 2))  # type: ignore[attr-defined]
    try:
        with pytest.raises(DeviceRefused):
            world.board.pulse(0, 500)
    finally:
        world.stop()


def test_reconnecting_backs_off_instead_of_blocking_the_lane() -> None:
    world = modbus_world()
    attempts: list[int] = []
    world.physical.gone = True
    for _ in range(50):
        with pytest.raises(DeviceFault):
            world.board.read()
        attempts.append(len(attempts))
        world.pass_time(0.02)
    world.stop()
    assert world.board._backoff_s <= 1.0  # type: ignore[attr-defined]  # 50 calls in a second were a handful of attempts


def test_an_unknown_kind_of_board_names_the_known_ones() -> None:
    with pytest.raises(ParkingError, match=r"memory, modbus_tcp"):
        BOARDS.get("gpio")
