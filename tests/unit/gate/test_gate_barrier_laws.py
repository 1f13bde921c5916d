"""The last word before a coil: laws 1 to 3 and I14 to I19, asked of the barrier alone, whatever its caller believes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from parking.bootstrap.edge_settings import EdgeSettings
from parking.gate.barrier import ORDER_LONGEST_S, Barrier, OpenOrder, check_apart
from parking.gate.boom import Boom
from parking.gate.faults import Faults
from parking.gate.inputs import Inputs, Signal
from parking.gate.model import BarrierConfig, Closing, Timings
from parking.gate.relays.memory import MemoryBoard
from parking.kernel.clock import ManualClock
from parking.kernel.device import DeviceFault, DeviceRefused
from parking.kernel.errors import ParkingError
from parking.kernel.events import LaneFaulted
from parking.kernel.ids import LaneId
from tests.builders.gate import NOON

pytestmark = pytest.mark.req("GATE-1")
OPEN, CLOSE = 0, 1
SOFTWARE = BarrierConfig(OPEN, CLOSE, closing=Closing.SOFTWARE, hardware_interlock=True)
ON, OFF, UNKNOWN = Signal.ON, Signal.OFF, Signal.UNKNOWN


class Post:
    """A barrier, its board, its boom's faults, and a clock."""

    def __init__(self, config: BarrierConfig = SOFTWARE, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock(NOON)
        self.clock.advance(timedelta(seconds=100))
        self.board = MemoryBoard(self.clock)
        self.barrier = Barrier(self.board, config, self.clock)
        self.told: list[LaneFaulted] = []
        self.faults = Faults(LaneId("lane-1"), self.told.append)
        self.boom = Boom(self.barrier, self.faults, Timings(), self.clock)
        self.wait(10)

    def wait(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def inputs(self, **changes: Any) -> Inputs:
        """A fresh reading: nobody there, the coil as the board says."""
        coil = Signal.of(self.board.coil_is_on(OPEN))
        return replace(Inputs(OFF, OFF, self.clock.monotonic_s(), open_coil=coil), **changes)

    def order(self, token: str = "visit#1", within_s: float = 3.0) -> OpenOrder:
        return OpenOrder(token, self.clock.monotonic_s() + within_s)

    def vehicle_passes(self) -> None:
        """Opened, and a vehicle over the safety loop: all that closing needs has been seen."""
        self.barrier.open(self.order(f"visit@{self.clock.monotonic_s()}"))
        for safety in (OFF, ON, OFF):
            self.wait(1)
            self.barrier.watch(self.inputs(safety=safety))

    def switched(self, coil: int) -> int:
        """How often the contact was told to close."""
        return sum(1 for order in self.board.log if order.coil == coil and order.on)


# --- open: fresh, once -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("within_s", [-0.001, -3600.0, nan, -inf, ORDER_LONGEST_S + 1, inf])
def test_an_order_that_is_late_or_has_no_sensible_deadline_moves_nothing(within_s: float) -> None:
    post = Post()
    with pytest.raises(DeviceRefused):
        post.barrier.open(post.order(within_s=within_s))
    assert post.board.log == []
    assert not post.barrier.may_be_open


def test_an_order_is_good_once_even_when_its_answer_got_lost() -> None:
    post = Post()
    order = post.order()
    post.board.lost_answers = 1
    with pytest.raises(DeviceFault):
        post.barrier.open(order)
    with pytest.raises(DeviceRefused, match="already carried out"):
        post.barrier.open(order)
    assert post.switched(OPEN) == 1


def test_the_board_itself_keeps_the_deadline_while_the_order_waits_for_it() -> None:
    post = Post()
    given_: list[float] = []
    pulse = post.board.pulse

    def slow(coil: int, duration_ms: int, *, not_after_s: float = inf) -> bool:
        given_.append(not_after_s)
        post.wait(5)  # another lane has the board
        return pulse(coil, duration_ms, not_after_s=not_after_s)

    post.board.pulse = slow  # type: ignore[method-assign]
    order = post.order(within_s=3.0)
    with pytest.raises(DeviceRefused, match="older than its deadline"):
        post.barrier.open(order)
    assert given_ == [order.deadline_s]
    assert post.switched(OPEN) == 0


# --- close: everything known, everything free --------------------------------------------------------------------------


def test_a_boom_comes_down_after_a_vehicle_has_shown_that_its_loop_works() -> None:
    post = Post()
    post.vehicle_passes()
    assert post.barrier.close(post.inputs()) is True
    assert post.switched(CLOSE) == 1
    with pytest.raises(DeviceRefused):
        post.barrier.close(post.inputs())  # once: what proved the loop is spent


REFUSALS: list[tuple[str, Callable[[Post], dict[str, Any]]]] = [
    ("occupied", lambda post: {"safety": ON}),
    ("unknown", lambda post: {"safety": UNKNOWN}),
    ("stale", lambda post: {"read_s": post.clock.monotonic_s() - 0.51}),
    ("from the future", lambda post: {"read_s": post.clock.monotonic_s() + 0.01}),
    ("of no time", lambda post: {"read_s": nan}),
    ("never read", lambda post: {"read_s": -inf}),
    ("fire", lambda post: {"fire": ON}),
    ("fire unknown", lambda post: {"fire": UNKNOWN}),
    ("a person has the key", lambda post: {"manual": ON}),
    ("key unknown", lambda post: {"manual": UNKNOWN}),
    ("the open coil is on", lambda post: {"open_coil": ON}),
    ("the open coil is unknown", lambda post: {"open_coil": UNKNOWN}),
]


@pytest.mark.parametrize(("name", "wrong"), REFUSALS, ids=[name for name, _ in REFUSALS])
def test_one_thing_wrong_or_unknown_is_enough_to_keep_the_boom_up(
    name: str, wrong: Callable[[Post], dict[str, Any]]
) -> None:
    post = Post()
    post.vehicle_passes()
    with pytest.raises(DeviceRefused):
        post.barrier.close(post.inputs(**wrong(post)))
    assert post.switched(CLOSE) == 0
    assert post.barrier.close(post.inputs()) is True, "and nothing else was wrong"


def test_a_loop_that_has_noticed_nothing_in_this_cycle_is_untested_and_the_boom_stays_up() -> None:
    post = Post()
    post.barrier.open(post.order())
    for _ in range(100):
        post.wait(1)
        post.barrier.watch(post.inputs())
    assert not post.boom.may_come_down(post.inputs(), -inf)
    with pytest.raises(DeviceRefused, match="has not shown in this cycle"):
        post.barrier.close(post.inputs())
    assert post.switched(CLOSE) == 0


@pytest.mark.parametrize(
    "signals",
    [(OFF, ON), (ON, UNKNOWN, OFF), (ON, OFF, ON), (ON, OFF, UNKNOWN), (UNKNOWN, OFF), (OFF, OFF)],
    ids=lambda signals: "-".join(signal.value for signal in signals),
)
def test_only_a_vehicle_that_came_and_left_without_a_gap_proves_the_loop(signals: tuple[Signal, ...]) -> None:
    post = Post()
    post.barrier.open(post.order())
    for signal in signals:
        post.wait(0.1)
        post.barrier.watch(post.inputs(safety=signal))
    post.wait(2)
    with pytest.raises(DeviceRefused):
        post.barrier.close(post.inputs())


def test_the_proof_of_one_cycle_is_none_for_the_next() -> None:
    post = Post()
    post.vehicle_passes()
    post.wait(2)
    post.barrier.close(post.inputs())
    post.wait(5)
    post.barrier.watch(post.inputs(safety=ON))  # somebody crosses while the boom is down
    post.barrier.watch(post.inputs())
    post.barrier.open(post.order("next"))
    post.wait(2)
    with pytest.raises(DeviceRefused, match="has not shown"):
        post.barrier.close(post.inputs())


def test_after_a_power_cut_nothing_is_closed_before_it_was_opened() -> None:
    before = Post()
    before.vehicle_passes()
    after = Post(clock=before.clock)
    for safety in (ON, OFF):
        after.barrier.watch(after.inputs(safety=safety))
    after.wait(5)
    assert not after.boom.may_come_down(after.inputs(), -inf)
    with pytest.raises(DeviceRefused):
        after.barrier.close(after.inputs())


def test_the_order_to_close_is_refused_by_the_board_once_its_reading_is_old() -> None:
    post = Post()
    post.vehicle_passes()
    pulse, inputs = post.board.pulse, post.inputs()

    def slow(coil: int, duration_ms: int, *, not_after_s: float = inf) -> bool:
        post.wait(0.6)
        return pulse(coil, duration_ms, not_after_s=not_after_s)

    post.board.pulse = slow  # type: ignore[method-assign]
    with pytest.raises(DeviceRefused, match="older than its deadline"):
        post.barrier.close(inputs)
    assert post.switched(CLOSE) == 0


# --- never two contacts of one boom ------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["open", "hold_open"])
def test_opening_lets_the_close_contact_go_first(act: str) -> None:
    post = Post()
    post.vehicle_passes()
    post.barrier.close(post.inputs())
    post.wait(0.1)
    assert post.board.coil_is_on(CLOSE)
    if act == "open":
        post.barrier.open(post.order("again"))
    else:
        post.barrier.hold_open()
    assert (post.board.coil_is_on(OPEN), post.board.coil_is_on(CLOSE)) == (True, False)


def test_opening_does_not_wait_for_a_close_contact_that_cannot_be_let_go() -> None:
    post = Post()
    post.vehicle_passes()
    post.barrier.close(post.inputs())
    post.board.lost_answers = 1
    assert post.barrier.hold_open() is True
    assert post.board.coil_is_on(OPEN)


def test_no_boom_is_closed_while_its_open_contact_is_held() -> None:
    post = Post()
    post.vehicle_passes()
    post.barrier.hold_open()
    post.wait(60)
    for safety in (ON, OFF):
        post.barrier.watch(post.inputs(safety=safety))
    assert not post.boom.may_come_down(post.inputs(), -inf)
    with pytest.raises(DeviceRefused):
        post.barrier.close(post.inputs(open_coil=OFF))  # even if the board says that it fell
    assert post.switched(CLOSE) == 0


# --- closing cannot be configured without an interlock (I19) -----------------------------------------------------------

anything = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 9), st.floats(), st.sampled_from(["", "yes", "true", "software", "no"]),
    st.sampled_from(list(Closing)),
)  # fmt: skip


@given(st.fixed_dictionaries(
    {"open_coil": st.integers(0, 3)},
    optional=dict.fromkeys(("close_coil", "closing", "hardware_interlock", "stale_after_s"), anything),
))  # fmt: skip
def test_no_configuration_closes_without_a_declared_interlock(values: dict[str, Any]) -> None:
    try:
        config = BarrierConfig(**values)
        post = Post(config)
        post.vehicle_passes()
    except (ParkingError, ValueError, TypeError):
        return  # it was refused, or it cannot be built: nothing can move
    declared = config.hardware_interlock is True and config.closing is Closing.SOFTWARE
    try:
        post.barrier.close(post.inputs())
    except (DeviceRefused, ValueError, TypeError):
        closed = False
    else:
        closed = True
    assert declared or not closed
    assert declared or all(order.coil == config.open_coil for order in post.board.log)


@given(st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("close_coil", "closing", "hardware_interlock", "pulse_ms"), anything),
))  # fmt: skip
def test_no_edge_yaml_closes_without_a_declared_interlock(values: dict[str, Any]) -> None:
    lane = {
        "id": "entry-1", "kind": "entry", "camera": {"kind": "file", "url": "x"},
        "relay": {"kind": "memory", "open_coil": OPEN, **values}, "loops": {"presence": 0, "safety": 1},
    }  # fmt: skip
    box = {
        "device": "e", "site": "s", "server": "http://x", "journal": "j", "key": "k", "server_key": "p", "lanes": [lane],
    }  # fmt: skip
    try:
        config = EdgeSettings.model_validate(box).barriers[0].relay.barrier()
    except ValidationError:
        return
    if config.closing is Closing.SOFTWARE:
        assert config.hardware_interlock is True
        assert values["hardware_interlock"] is not False
        assert values["hardware_interlock"] is not None
        assert config.close_coil not in (None, OPEN)


def test_a_contact_that_serves_two_booms_is_refused_by_lane_and_key() -> None:
    entry, exit_ = BarrierConfig(0, 1), BarrierConfig(1, 2)
    check_apart([("entry-1", "board", entry), ("exit-1", "another board", exit_)])
    with pytest.raises(ParkingError, match="entry-1 already") as refusal:
        check_apart([("entry-1", "board", entry), ("exit-1", "board", exit_)])
    assert refusal.value.field == "exit-1.open_coil"


def test_two_lanes_on_one_contact_are_refused_although_they_are_spoken_to_with_different_patience() -> None:
    lanes = [
        {
            "id": name, "kind": "entry", "camera": {"kind": "file", "url": "x"},
            "relay": {"host": "10.0.0.9", "open_coil": 0, "timeout_s": timeout_s},
            "loops": {"presence": first, "safety": first + 1},
        }
        for name, timeout_s, first in (("a", 0.5, 0), ("b", 0.6, 2))
    ]  # fmt: skip
    box = {
        "device": "e", "site": "s", "server": "http://x", "journal": "j", "key": "k", "server_key": "p", "lanes": lanes,
    }  # fmt: skip
    with pytest.raises(ValidationError, match=r"b\.open_coil"):
        EdgeSettings.model_validate(box)


@pytest.mark.parametrize("pulse_ms", [0, 99, 5001, -500])
def test_a_pulse_that_the_board_would_refuse_is_refused_before_the_lane_runs(pulse_ms: int) -> None:
    with pytest.raises((ParkingError, ValueError)):
        Post(BarrierConfig(OPEN, pulse_ms=pulse_ms))


# --- what the boom tells -----------------------------------------------------------------------------------------------


def test_another_master_on_the_open_coil_is_a_fault_of_the_lane() -> None:
    post = Post()
    for _ in range(3):
        post.wait(1)
        post.boom.watch(post.inputs())
    post.board.pulse(OPEN, 500)  # past the lane
    post.wait(0.1)
    post.boom.watch(post.inputs())
    assert list(post.faults.open) == ["two_masters"]
    post.wait(0.9)
    post.boom.watch(post.inputs())
    post.wait(61)
    post.boom.watch(post.inputs())
    assert not post.faults.open


def test_our_own_pulses_and_holds_are_never_taken_for_another_masters() -> None:
    post = Post()
    for number in range(5):
        post.boom.open(post.order(f"visit#{number}"))
        for _ in range(40):
            post.wait(0.05)
            post.boom.watch(post.inputs())
        post.boom.hold_open()
        post.wait(3600)
        post.boom.watch(post.inputs())
        post.boom.let_go()
        post.boom.watch(post.inputs())
        post.wait(2)
        post.boom.watch(post.inputs())
    assert post.told == []


def test_a_board_that_was_gone_is_well_again_with_the_next_reading_and_not_only_with_the_next_vehicle() -> None:
    post = Post()
    post.board.gone = True
    assert post.boom.open(post.order()) is None
    assert list(post.faults.open) == ["relay_gone"]
    post.boom.watch(post.inputs(read_s=post.clock.monotonic_s() - 0.1))  # read before it went
    assert list(post.faults.open) == ["relay_gone"]
    post.board.gone = False
    post.wait(1)
    post.boom.watch(post.inputs())
    assert not post.faults.open


def test_a_close_coil_that_does_not_read_back_is_a_fault() -> None:
    post = Post()
    post.vehicle_passes()
    post.board.unconfirmed.add(CLOSE)
    post.boom.close(post.inputs())
    assert post.faults.open == ("close_no_read_back",)


def test_a_contact_just_let_go_is_not_welded_and_one_that_stays_is() -> None:
    post = Post()
    post.boom.hold_open()
    post.wait(100)
    held = post.inputs()
    post.boom.let_go()
    assert not post.boom.is_welded(held)
    post.board.welded.add(OPEN)
    post.wait(1.1)
    assert post.boom.is_welded(replace(post.inputs(), open_coil=ON))


def test_an_order_to_open_a_boom_that_is_held_open_does_not_end_the_holding() -> None:
    post = Post()
    post.boom.hold_open()
    assert post.boom.open(post.order()) is True
    post.wait(60)
    assert post.board.coil_is_on(OPEN)
    assert not post.boom.is_welded(post.inputs())
    post.boom.let_go()
    assert not post.board.coil_is_on(OPEN)


def test_a_contact_that_could_not_be_let_go_is_let_go_as_soon_as_the_board_is_back() -> None:
    post = Post()
    post.boom.hold_open()
    post.board.gone = True
    post.boom.let_go()
    assert post.board.coil_is_on(OPEN)
    post.board.gone = False
    for _ in range(3):
        post.wait(1)
        post.boom.watch(post.inputs())
    assert not post.board.coil_is_on(OPEN)
    assert not post.faults.open
    told = len(post.board.log)
    post.wait(5)
    post.boom.watch(post.inputs())
    assert len(post.board.log) == told, "and is then left alone"


def test_a_new_emergency_is_not_let_go_because_the_last_one_could_not_be() -> None:
    post = Post()
    post.boom.hold_open()
    post.board.gone = True
    post.boom.let_go()
    post.board.gone = False
    post.boom.hold_open()
    for _ in range(5):
        post.wait(1)
        post.boom.watch(post.inputs())
    assert post.board.coil_is_on(OPEN)
