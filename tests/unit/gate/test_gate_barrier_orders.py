"""The last word before a coil, asked without the lane above it: what a broken or a forged caller may not get from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from parking.gate.barrier import Barrier, OpenOrder, check_apart
from parking.gate.inputs import Inputs, Signal
from parking.gate.model import BarrierConfig, Closing
from parking.gate.relays.memory import MemoryBoard
from parking.kernel.clock import ManualClock
from parking.kernel.device import DeviceRefused
from parking.kernel.errors import ParkingError
from tests.builders.gate import NOON

pytestmark = [pytest.mark.req("GATE-1"), pytest.mark.req("GATE-3")]
SOFTWARE = BarrierConfig(0, 1, closing=Closing.SOFTWARE, hardware_interlock=True)


class Bench:
    """One barrier on a board in memory, opened and driven through unless told otherwise: it may be closed now."""

    def __init__(self, config: BarrierConfig = SOFTWARE, *, passed: bool = True) -> None:
        self.clock = ManualClock(NOON)
        self.board = MemoryBoard(self.clock)
        self.barrier = Barrier(self.board, config, self.clock)
        self.clock.advance(timedelta(seconds=1))
        if passed:
            self.barrier.open(self.order("first"))
            for safety in (Signal.ON, Signal.OFF):
                self.barrier.watch(self.inputs(safety=safety))
            self.clock.advance(timedelta(seconds=2))

    def order(self, token: str, in_s: float = 3.0) -> OpenOrder:
        return OpenOrder(token, self.clock.monotonic_s() + in_s)

    def inputs(self, **changes: Any) -> Inputs:
        values = {
            "presence": Signal.OFF,
            "safety": Signal.OFF,
            "read_s": self.clock.monotonic_s(),
            "open_coil": Signal.OFF,
        }
        return Inputs(**{**values, **changes})

    def closings(self) -> int:
        return sum(1 for order in self.board.log if order.coil == 1 and order.on)

    def opens(self) -> int:
        return sum(1 for order in self.board.log if order.coil == 0 and order.duration_ms)


def test_a_boom_with_a_free_loop_that_works_is_closed() -> None:
    bench = Bench()
    assert bench.barrier.close(bench.inputs())
    assert bench.closings() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"safety": Signal.ON},
        {"safety": Signal.UNKNOWN},
        {"fire": Signal.ON},
        {"fire": Signal.UNKNOWN},
        {"manual": Signal.ON},
        {"open_coil": Signal.ON},
        {"open_coil": Signal.UNKNOWN},
    ],
    ids=lambda changes: next(f"{name} {signal.value}" for name, signal in changes.items()),
)
def test_no_boom_is_closed_while_anything_about_it_is_occupied_or_unknown(changes: dict[str, Signal]) -> None:
    bench = Bench()
    with pytest.raises(DeviceRefused):
        bench.barrier.close(bench.inputs(**changes))
    assert bench.closings() == 0


@pytest.mark.parametrize("age_s", [0.6, 3600.0, -0.1])
def test_an_old_reading_or_one_from_the_future_closes_nothing(age_s: float) -> None:
    bench = Bench()
    with pytest.raises(DeviceRefused):
        bench.barrier.close(bench.inputs(read_s=bench.clock.monotonic_s() - age_s))
    assert bench.closings() == 0


def test_a_loop_that_nobody_has_seen_working_in_this_cycle_closes_nothing() -> None:
    bench = Bench(passed=False)
    bench.barrier.open(bench.order("first"))
    bench.clock.advance(timedelta(seconds=60))
    with pytest.raises(DeviceRefused):
        bench.barrier.close(bench.inputs())


def test_after_power_up_nothing_is_closed_before_a_vehicle_was_seen_passing() -> None:
    bench = Bench(passed=False)
    bench.clock.advance(timedelta(seconds=60))
    with pytest.raises(DeviceRefused):
        bench.barrier.close(bench.inputs())


@pytest.mark.parametrize(
    "config", [BarrierConfig(0), BarrierConfig(0, 1), BarrierConfig(0, 1, hardware_interlock=True)]
)
def test_a_barrier_that_closes_by_its_own_hardware_is_never_closed_by_us(config: BarrierConfig) -> None:
    bench = Bench(config)
    with pytest.raises(DeviceRefused):
        bench.barrier.close(bench.inputs())
    assert bench.closings() == 0


@pytest.mark.parametrize("in_s", [-0.001, -3600.0, float("nan"), 3600.0])
def test_a_late_order_or_one_with_a_deadline_that_nobody_gives_opens_nothing(in_s: float) -> None:
    bench = Bench(passed=False)
    with pytest.raises(DeviceRefused):
        bench.barrier.open(bench.order("late", in_s))
    assert bench.opens() == 0


def test_an_order_is_good_once() -> None:
    bench = Bench(passed=False)
    order = bench.order("token")
    assert bench.barrier.open(order)
    with pytest.raises(DeviceRefused):
        bench.barrier.open(order)
    assert bench.opens() == 1


def test_two_booms_never_share_a_contact() -> None:
    with pytest.raises(ParkingError):
        check_apart([("in-1", "board", BarrierConfig(0)), ("out-1", "board", BarrierConfig(2, 0))])
