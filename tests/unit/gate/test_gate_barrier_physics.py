"""The simulated board's booms: they take time, close by their own hardware, and never close on an occupied loop."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hardware_sim.devices.barrier import BarrierWiring
from hardware_sim.devices.relay_board import RelayBoardSim
from parking.gate.relays import wire
from parking.kernel.clock import ManualClock
from tests.builders.gate import NOON

PRESENCE, SAFETY = 0, 1


class Yard:
    """One barrier on a board without a socket."""

    def __init__(self, closes_after_s: float | None = None) -> None:
        self.clock = ManualClock(NOON)
        barrier = BarrierWiring("lane-1", open_coil=0, close_coil=1, safety_input=SAFETY, closes_after_s=closes_after_s)
        self.board = RelayBoardSim(self.clock, [barrier])

    def pulse(self, coil: int, ms: int = 500) -> bytes | None:
        return self.board.answer(wire.encode_request(wire.waveshare_pulse(coil, ms)))

    def hold(self, coil: int, value: int) -> None:
        self.board.answer(wire.encode_request(wire.WriteCoil(coil, value)))

    def wait(self, seconds: float) -> float:
        self.clock.advance(timedelta(seconds=seconds))
        return self.board.boom_position("lane-1")

    def moves(self) -> list[tuple[float, str]]:
        return [((moved.at - NOON).total_seconds(), moved.what) for moved in self.board.boom_log]


def test_opening_takes_its_time_and_stays() -> None:
    yard = Yard()
    yard.pulse(0)
    assert yard.wait(0.5) == pytest.approx(0.5)
    assert not yard.board.boom_is_up("lane-1")
    assert yard.wait(0.6) == 1.0
    assert yard.wait(3600) == 1.0
    assert yard.moves() == [(0.0, "opening"), (1.0, "open")]


def test_it_closes_by_itself_when_its_loop_clears_and_only_then() -> None:
    yard = Yard()
    yard.pulse(0)
    yard.wait(2)
    yard.board.set_input(SAFETY, True)
    assert yard.wait(60) == 1.0
    yard.board.set_input(SAFETY, False)
    assert yard.wait(0.25) == pytest.approx(0.75)
    assert yard.wait(1) == 0.0
    assert [what for _, what in yard.moves()] == ["opening", "open", "closing", "closed"]


def test_a_car_that_comes_under_a_closing_boom_turns_it_back() -> None:
    yard = Yard()
    yard.pulse(0)
    yard.wait(2)
    yard.board.set_input(SAFETY, True)
    yard.board.set_input(SAFETY, False)
    yard.wait(0.5)
    yard.board.set_input(SAFETY, True)
    assert yard.wait(1) == 1.0


def test_an_open_boom_that_nobody_passes_closes_after_its_time() -> None:
    yard = Yard(closes_after_s=15)
    yard.pulse(0)
    assert yard.wait(15.4) == 1.0
    assert yard.wait(1.2) == 0.0


def test_the_close_contact_closes_a_free_barrier_and_is_refused_by_an_occupied_one() -> None:
    yard = Yard()
    yard.pulse(0)
    yard.wait(2)
    yard.board.set_input(SAFETY, True)
    yard.pulse(1)
    assert yard.wait(5) == 1.0
    assert yard.moves()[-1][1] == "refused_to_close"
    yard.board.set_input(SAFETY, False)
    assert yard.wait(2) == 0.0
    yard.pulse(0)
    yard.wait(2)
    yard.pulse(1)
    assert yard.wait(2) == 0.0


def test_a_held_contact_keeps_it_open_whoever_passes() -> None:
    yard = Yard(closes_after_s=15)
    yard.hold(0, wire.COIL_ON)
    yard.wait(2)
    for on in (True, False):
        yard.board.set_input(SAFETY, on)
        assert yard.wait(100) == 1.0
    yard.hold(0, wire.COIL_OFF)
    assert yard.wait(2) == 0.0


def test_a_welded_contact_keeps_it_open() -> None:
    yard = Yard(closes_after_s=15)
    yard.board.welded.add(0)
    yard.pulse(0)
    yard.board.set_input(SAFETY, True)
    yard.board.set_input(SAFETY, False)
    assert yard.wait(100) == 1.0
    assert yard.board.coil_is_on(0)


def test_a_stuck_loop_holds_the_boom_until_it_is_mended() -> None:
    yard = Yard()
    yard.pulse(0)
    yard.wait(2)
    yard.board.set_input(SAFETY, True)
    yard.board.stick_input(SAFETY, True)
    yard.board.set_input(SAFETY, False)
    assert yard.wait(100) == 1.0
    yard.board.stick_input(SAFETY, None)
    assert yard.wait(2) == 0.0


def test_the_logs_tell_what_happened_and_when() -> None:
    yard = Yard()
    yard.board.set_input(PRESENCE, True)
    yard.wait(1)
    yard.pulse(0)
    yard.board.set_input(PRESENCE, True)  # no change, no line
    (loop,), (relay,) = yard.board.loop_log, yard.board.relay_log
    assert (loop.at, loop.input, loop.on) == (NOON, PRESENCE, True)
    assert (relay.at, relay.coil, relay.what, relay.duration_ms) == (NOON + timedelta(seconds=1), 0, "pulse", 500)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (wire.WriteCoil(8, wire.COIL_ON), wire.ModbusCode.ILLEGAL_ADDRESS),
        (wire.WriteCoil(0, 0x1234), wire.ModbusCode.ILLEGAL_VALUE),
        (wire.WriteCoil(0x0200, 0), wire.ModbusCode.ILLEGAL_VALUE),
        (wire.WriteCoil(0x0208, 5), wire.ModbusCode.ILLEGAL_ADDRESS),
        (wire.ReadBits(1, 4, 5), wire.ModbusCode.ILLEGAL_ADDRESS),
        (wire.ReadBits(2, 0, 0), wire.ModbusCode.ILLEGAL_ADDRESS),
        (wire.WriteRegisters(4, (4, 5)), wire.ModbusCode.ILLEGAL_ADDRESS),
    ],
)
def test_what_the_real_board_refuses_the_simulated_one_refuses(request_: wire.Request, code: wire.ModbusCode) -> None:
    yard = Yard()
    pdu = wire.encode_request(request_)
    assert yard.board.answer(pdu) == bytes((pdu[0] | 0x80, code))
    assert yard.board.relay_log == []


def test_limit_switches_tell_the_ends_of_its_way_and_nothing_between() -> None:
    clock = ManualClock(NOON)
    wiring = BarrierWiring("lane-1", open_coil=0, safety_input=SAFETY, up_input=6, down_input=7)
    board = RelayBoardSim(clock, [wiring])

    def switches() -> tuple[bool, bool]:
        return board.input_is_on(6), board.input_is_on(7)

    assert switches() == (False, True)
    board.pulse_coil(0, 500)
    clock.advance(timedelta(seconds=0.5))
    assert switches() == (False, False)
    clock.advance(timedelta(seconds=0.5))
    assert switches() == (True, False)


def test_a_jammed_boom_stays_where_it_is_although_its_contact_closes() -> None:
    yard = Yard()
    yard.board.jam("lane-1")
    yard.pulse(0)
    assert yard.wait(10) == 0.0
    yard.board.jam("lane-1", False)
    assert yard.wait(1) == 1.0
