"""One suite for every relay board: in memory, and each real adapter against its simulated device on the real wire."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from parking.gate.relays.registry import BOARDS
from parking.kernel.device import DeviceFault, DeviceRefused, Health
from parking.kernel.errors import ParkingError
from tests.builders.camera_boards import PATIENT_S
from tests.builders.relay_boards import (
    IMPATIENT_S,
    SHORT_S,
    WIRED,
    WORLDS,
    BoardWorld,
    WiredWorld,
    http_world,
    modbus_world,
)

pytestmark = pytest.mark.req("GATE-1")
OFF = (False,) * 8


def coils(world: BoardWorld, *on: int) -> tuple[bool, ...]:
    """What a board says of its coils when these are on; nothing, where it cannot read them."""
    return tuple(coil in on for coil in range(world.size)) if world.reads_back else ()


@pytest.fixture(params=WORLDS.values(), ids=list(WORLDS))
def world(request: pytest.FixtureRequest) -> Iterator[BoardWorld]:
    made: BoardWorld = request.param(PATIENT_S)
    yield made
    made.stop()


@pytest.fixture(params=WORLDS.values(), ids=list(WORLDS))
def failing(request: pytest.FixtureRequest) -> Iterator[BoardWorld]:
    """A board whose answers stay out: its time is short, but long enough for an order to arrive on a busy machine."""
    made: BoardWorld = request.param(SHORT_S)
    yield made
    made.stop()


@pytest.fixture(params=WIRED.values(), ids=list(WIRED))
def wired(request: pytest.FixtureRequest) -> Iterator[WiredWorld]:
    made: WiredWorld = request.param(IMPATIENT_S)
    yield made
    made.device.mute = False
    made.stop()


@pytest.fixture(params=WIRED.values(), ids=list(WIRED))
def unhurried(request: pytest.FixtureRequest) -> Iterator[WiredWorld]:
    """The same with all the time of a busy machine: for what must come of an answer, not of its absence."""
    made: WiredWorld = request.param(PATIENT_S)
    yield made
    made.stop()


# --- what every board does ---------------------------------------------------------------------------------------------


def test_a_pulse_closes_the_contact_reads_back_and_ends_by_itself(world: BoardWorld) -> None:
    assert world.board.pulse(0, 500) is True
    world.pass_time(0.4)
    assert world.physical.coil_is_on(0)
    world.pass_time(0.2)
    assert not world.physical.coil_is_on(0)
    assert world.board.read().coils == coils(world)


def test_a_pulse_ends_although_nobody_is_connected_any_more(world: BoardWorld) -> None:
    world.board.pulse(0, 500)
    world.board.close()
    assert world.physical.coil_is_on(0)
    world.pass_time(0.6)
    assert not world.physical.coil_is_on(0)


def test_a_pulse_moves_no_other_coil(world: BoardWorld) -> None:
    world.board.pulse(3, 300)
    assert world.board.read().coils == coils(world, 3)


def test_inputs_read_as_the_world_switched_them(world: BoardWorld) -> None:
    world.physical.set_input(1, True)
    world.physical.set_input(world.size - 1, True)
    state = world.board.read()
    assert state.inputs == tuple(index in (1, world.size - 1) for index in range(world.size))
    assert state.read_s == world.clock.monotonic_s()


def test_a_held_contact_stays_until_it_is_let_go(world: BoardWorld) -> None:
    assert world.board.hold(2, True) is True
    world.pass_time(3600)
    assert world.physical.coil_is_on(2)
    assert world.board.hold(2, False) is True
    assert not world.physical.coil_is_on(2)


def test_letting_go_ends_a_pulse(world: BoardWorld) -> None:
    world.board.pulse(1, 5000)
    assert world.board.hold(1, False) is True
    assert not world.physical.coil_is_on(1)


def test_a_coil_that_does_not_read_back_is_told(world: BoardWorld) -> None:
    world.physical.unconfirmed.add(0)
    assert world.board.pulse(0, 500) is not world.reads_back


def test_a_welded_contact_shows_after_the_pulse(world: BoardWorld) -> None:
    world.physical.welded.add(0)
    world.board.pulse(0, 500)
    world.pass_time(10)
    assert world.physical.coil_is_on(0)
    assert world.board.read().coils == (coils(world, 0) if world.shows_contacts else coils(world))


@pytest.mark.parametrize("coil", [-1, 8, 600])
def test_a_coil_that_is_not_there_is_a_mistake_of_the_caller(world: BoardWorld, coil: int) -> None:
    with pytest.raises(ValueError, match="the board has 0 to"):
        world.board.pulse(coil, 500)


@pytest.mark.parametrize("duration_ms", [0, 99, 5001])
def test_a_pulse_that_no_barrier_wants_is_a_mistake_of_the_caller(world: BoardWorld, duration_ms: int) -> None:
    with pytest.raises(ValueError, match="a pulse lasts"):
        world.board.pulse(0, duration_ms)
    assert not world.physical.coil_is_on(0)


@pytest.mark.parametrize("late_s", [0.001, 3600.0, float("nan")])
def test_an_order_older_than_its_deadline_is_refused_and_moves_nothing(world: BoardWorld, late_s: float) -> None:
    world.pass_time(3600)
    with pytest.raises(DeviceRefused, match="older than its deadline"):
        world.board.pulse(0, 500, not_after_s=world.clock.monotonic_s() - late_s)
    assert not world.physical.coil_is_on(0)
    assert world.board.pulse(0, 500, not_after_s=world.clock.monotonic_s()) is True


def test_a_board_that_is_gone_is_a_fault_and_comes_back_by_itself(failing: BoardWorld) -> None:
    failing.read_when_well()
    failing.physical.gone = True
    with pytest.raises(DeviceFault):
        failing.board.pulse(0, 500)
    failing.pass_time(60)
    assert failing.board.health().health is Health.SILENT
    failing.physical.gone = False
    assert failing.when_well(lambda: failing.board.pulse(0, 500)) is True
    assert failing.board.health().health is Health.OK


def test_an_order_whose_answer_got_lost_is_a_fault_and_is_not_repeated_by_itself(failing: BoardWorld) -> None:
    failing.physical.lost_answers = 1
    with pytest.raises(DeviceFault):
        failing.board.pulse(0, 500)
    assert failing.physical.coil_is_on(0)
    failing.pass_time(10)
    assert failing.read_when_well().coils == coils(failing)


# --- what a wire can do to them ----------------------------------------------------------------------------------------


def test_a_board_that_nobody_asked_is_unknown(wired: WiredWorld) -> None:
    assert wired.board.health().health is Health.UNKNOWN


def test_a_board_that_hangs_costs_one_call_and_is_well_again_afterwards(wired: WiredWorld) -> None:
    wired.read_when_well()
    wired.device.mute = True
    with pytest.raises(DeviceFault):
        wired.board.read()
    wired.pass_time(10)
    assert wired.board.health().health is Health.SILENT
    wired.device.mute = False
    assert wired.read_when_well().coils == OFF


def test_an_order_to_a_board_that_hangs_is_not_carried_out_later(wired: WiredWorld) -> None:
    wired.read_when_well()
    wired.device.mute = True
    with pytest.raises(DeviceFault):
        wired.board.pulse(0, 500)
    wired.device.mute = False
    wired.pass_time(10)
    assert wired.read_when_well().coils == OFF
    assert not wired.physical.coil_is_on(0)


def test_an_answer_that_drips_in_is_not_waited_for(wired: WiredWorld) -> None:
    wired.device.drip_s = 0.1  # whole it would be there, but after a second and more
    with pytest.raises(DeviceFault):
        wired.board.read()
    wired.device.drip_s = 0.0
    wired.pass_time(10)
    assert wired.read_when_well().coils == OFF


def test_a_late_answer_is_never_taken_for_the_answer_to_something_else(wired: WiredWorld) -> None:
    wired.read_when_well()
    wired.device.late_s = 2 * IMPATIENT_S
    with pytest.raises(DeviceFault):
        wired.board.read()
    wired.device.late_s = 0.0
    wired.physical.set_input(2, True)
    wired.pass_time(10)
    assert wired.read_when_well().inputs[2]


def test_the_answer_to_another_question_is_nobodys_answer(unhurried: WiredWorld) -> None:
    unhurried.read_when_well()
    unhurried.lie(True)
    with pytest.raises(DeviceFault, match="another question"):
        unhurried.board.read()
    unhurried.lie(False)
    unhurried.pass_time(10)
    assert unhurried.read_when_well().coils == OFF


def test_nonsense_is_a_fault_and_not_a_crash(wired: WiredWorld) -> None:
    wired.babble(True)
    for _ in range(3):
        with pytest.raises(DeviceFault):
            wired.board.pulse(0, 500)
        wired.pass_time(10)
    wired.babble(False)
    assert wired.read_when_well().inputs == OFF


def test_an_order_that_waited_behind_another_call_is_not_sent_after_its_deadline(wired: WiredWorld) -> None:
    wired.read_when_well()
    wired.device.late_s = 0.1
    deadline_s = wired.clock.monotonic_s() + 3

    def read() -> None:
        with suppress(DeviceFault):  # it may run out of time, which is not the question here
            wired.board.read()

    reading = threading.Thread(target=read)
    reading.start()
    wired.pass_time(3.1)
    with pytest.raises((DeviceRefused, DeviceFault)):
        wired.board.pulse(0, 500, not_after_s=deadline_s)
    reading.join()
    assert not wired.physical.coil_is_on(0)


def test_calls_from_several_threads_get_their_own_answers(world: BoardWorld) -> None:
    world.physical.set_input(1, True)
    told: list[bool] = []

    def lane() -> None:
        told.extend((world.board.read().inputs[1], world.board.pulse(0, 100)))

    threads = [threading.Thread(target=lane) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [True] * 8


def test_a_board_that_hung_up_while_nobody_asked_is_asked_again_without_a_fault(unhurried: WiredWorld) -> None:
    unhurried.read_when_well()
    unhurried.physical.gone = True
    unhurried.physical.gone = False
    assert unhurried.board.read().coils == OFF


# --- one kind alone ----------------------------------------------------------------------------------------------------


def test_a_board_that_refuses_is_a_refusal_not_a_fault() -> None:
    world = modbus_world()
    world.physical.answer = lambda pdu: bytes((pdu[0] | 0x80, 2))  # type: ignore[attr-defined]
    try:
        with pytest.raises(DeviceRefused, match="Modbus exception 2"):
            world.board.pulse(0, 500)
    finally:
        world.stop()


def test_a_relay_without_the_switch_is_a_refusal_not_a_fault() -> None:
    world = http_world()
    world.physical._until_s = [float("-inf")] * 2  # type: ignore[attr-defined]  # a device with two switches
    try:
        with pytest.raises(DeviceRefused, match="error -105"):
            world.board.pulse(5, 500)
    finally:
        world.stop()


def test_a_wrong_password_is_a_refusal_and_is_not_tried_again_at_every_step() -> None:
    world = http_world()
    world.physical._password = "another"  # type: ignore[attr-defined]
    try:
        for _ in range(5):
            with pytest.raises(DeviceRefused, match="the user or the password"):
                world.board.read()
        assert world.physical.refusals == 2  # type: ignore[attr-defined]  # the challenge, and one proof that failed
        assert "another" not in str(world.board.health()) + repr(world.board)
    finally:
        world.stop()


def test_an_input_that_is_not_settled_makes_the_reading_worthless() -> None:
    world = http_world()
    world.physical.unsettled.add(1)  # type: ignore[attr-defined]
    try:
        with pytest.raises(DeviceFault, match="input 1 has no state"):
            world.board.read()
    finally:
        world.stop()


def test_an_unknown_kind_of_board_names_the_known_ones() -> None:
    with pytest.raises(ParkingError, match=r"gpio, .*http_relay, memory, modbus_tcp"):
        BOARDS.get("teleport")
