"""The lamp at a lane shows that the lane does not work wholly by itself, and never costs the lane its time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parking.gate.lamp import AGAIN_S, RETRY_S, Lamp
from parking.gate.mode import DEGRADED, EMERGENCY, NORMAL, TAKEN, Mode
from parking.gate.model import BarrierConfig
from parking.gate.relays.memory import MemoryBoard
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from tests.builders.gate import NOON

pytestmark = pytest.mark.req("GATE-3")
COIL = 4


class CountingBoard(MemoryBoard):
    """A board in memory that counts its orders."""

    orders = 0

    def hold(self, coil: int, on: bool) -> bool:
        self.orders += 1
        return super().hold(coil, on)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def board(clock: ManualClock) -> CountingBoard:
    return CountingBoard(clock)


@pytest.fixture
def lamp(board: CountingBoard, clock: ManualClock) -> Lamp:
    return Lamp(board, COIL, clock)


@pytest.mark.parametrize(("name", "lit"), [(NORMAL, False), (DEGRADED, True), (TAKEN, True), (EMERGENCY, True)])
def test_it_is_lit_in_every_mode_but_the_normal_one(lamp: Lamp, board: CountingBoard, name: str, lit: bool) -> None:
    lamp.show(Mode(name))
    assert board.coil_is_on(COIL) is lit


def test_it_follows_each_change_at_once_and_says_nothing_in_between(lamp: Lamp, board: CountingBoard) -> None:
    for name in (NORMAL, DEGRADED, DEGRADED, DEGRADED, NORMAL, NORMAL):
        lamp.show(Mode(name))
    assert (board.orders, board.coil_is_on(COIL)) == (3, False)


def test_a_board_that_was_without_power_is_told_again(lamp: Lamp, board: CountingBoard, clock: ManualClock) -> None:
    lamp.show(Mode(DEGRADED))
    MemoryBoard.hold(board, COIL, False)  # it forgets
    clock.advance(timedelta(seconds=AGAIN_S))
    lamp.show(Mode(DEGRADED))
    assert board.coil_is_on(COIL)


def test_a_board_that_is_gone_is_asked_rarely_and_lit_when_it_is_back(
    lamp: Lamp, board: CountingBoard, clock: ManualClock
) -> None:
    board.gone = True
    for _ in range(100):
        lamp.show(Mode(DEGRADED))
        lamp.show(Mode(NORMAL))
    assert board.orders == 1
    board.gone = False
    clock.advance(timedelta(seconds=RETRY_S))
    lamp.show(Mode(DEGRADED))
    assert board.coil_is_on(COIL)


@pytest.mark.parametrize("coil", [0, 1])
def test_a_lamp_on_a_contact_of_the_boom_is_refused(coil: int) -> None:
    with pytest.raises(ParkingError, match="a coil of its own") as refused:
        BarrierConfig(open_coil=0, close_coil=1, lamp_coil=coil)
    assert refused.value.field == "lamp_coil"
