"""Whose doing it is that a coil is on; and a shared board that notices, serves waiting lanes once, and never makes one wait twice."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.gate.relays.backoff import Backoff
from parking.gate.relays.base import BoardState
from parking.gate.relays.coil_watch import REMEMBERED_S, CoilTrouble, CoilWatch
from parking.gate.relays.memory import MemoryBoard
from parking.gate.relays.shared import SharedBoard
from parking.kernel.clock import ManualClock
from parking.kernel.device import DeviceFault, Health
from tests.builders.gate import NOON

pytestmark = pytest.mark.req("GATE-1")


def watch() -> CoilWatch:
    """A watch that has been there for a while and has seen the coil off."""
    made = CoilWatch(0.0)
    made.saw(0, False, 90.0)
    return made


def test_our_own_pulse_is_no_trouble() -> None:
    seen = watch()
    seen.ordered(0, 100.0, 100.5)
    for on, at_s in ((True, 100.1), (True, 100.9), (False, 101.0), (False, 200.0)):
        seen.saw(0, on, at_s)
        assert seen.trouble(0, at_s) is None


def test_a_coil_that_is_on_long_after_its_pulse_stays_on_until_it_is_seen_off() -> None:
    seen = watch()
    seen.ordered(0, 100.0, 100.5)
    seen.saw(0, True, 100.1)
    seen.saw(0, True, 101.6)
    assert seen.trouble(0, 101.6) is CoilTrouble.WELDED
    seen.saw(0, False, 102.0)
    assert seen.trouble(0, 102.0) is None


def test_a_coil_that_comes_on_without_our_order_is_told_for_a_while() -> None:
    seen = watch()
    seen.saw(0, True, 100.0)
    seen.saw(0, False, 100.5)
    assert seen.trouble(0, 101.0) is CoilTrouble.FOREIGN
    assert seen.troubles(101.0) == "coil 0 came on without an order of ours"
    assert seen.trouble(0, 100.0 + REMEMBERED_S) is None


def test_a_coil_that_somebody_else_holds_is_told_for_as_long_as_it_is_on() -> None:
    seen = watch()
    for at_s in (100.0, 130.0, 160.0, 190.0):
        seen.saw(0, True, at_s)
    assert seen.trouble(0, 200.0) is CoilTrouble.FOREIGN


def test_a_reading_from_before_our_order_says_nothing_about_it() -> None:
    seen = watch()
    seen.ordered(0, 100.0, 100.5)
    seen.saw(0, True, 99.9)
    seen.saw(0, False, 101.0)
    assert seen.trouble(0, 101.0) is None


def test_a_held_coil_is_ours_until_it_is_let_go() -> None:
    seen = watch()
    seen.ordered(0, 100.0, float("inf"))
    seen.saw(0, True, 5000.0)
    assert seen.trouble(0, 5000.0) is None
    seen.ordered(0, 5001.0, 5001.0)
    seen.saw(0, True, 5002.5)
    assert seen.trouble(0, 5002.5) is CoilTrouble.WELDED


def test_what_the_program_before_us_pulsed_is_not_held_against_the_board() -> None:
    seen = CoilWatch(100.0)
    seen.saw(0, True, 101.0)
    seen.saw(0, False, 102.0)
    assert seen.troubles(102.0) == ""


@given(st.lists(st.tuples(st.booleans(), st.floats(0.02, 2.0), st.booleans()), max_size=60))
def test_a_healthy_board_never_looks_troubled(steps: list[tuple[bool, float, bool]]) -> None:
    seen, now_s, on_until_s = CoilWatch(0.0), 10.0, 0.0
    for pulses, wait_s, reads in steps:
        if pulses:
            on_until_s = now_s + 0.5
            seen.ordered(0, now_s, on_until_s)
        now_s += wait_s
        if reads:
            seen.saw(0, now_s < on_until_s, now_s)
        assert seen.troubles(now_s) == ""


# --- a board that several lanes share ----------------------------------------------------------------------------------


class SharedWorld:
    def __init__(self) -> None:
        self.clock = ManualClock(NOON)
        self.real = MemoryBoard(self.clock)
        self.board = SharedBoard(self.real, self.clock)
        self.step(10)

    def step(self, seconds: float = 0.02) -> BoardState:
        self.clock.advance(timedelta(seconds=seconds))
        return self.board.read()


def test_orders_of_this_box_leave_a_board_well() -> None:
    world = SharedWorld()
    world.board.pulse(0, 500)
    world.board.pulse(3, 500)
    for _ in range(100):
        world.step()
    assert world.board.health().health is Health.OK


def test_a_second_master_on_the_board_makes_it_faulty_by_name_of_the_coil() -> None:
    world = SharedWorld()
    world.step()
    world.real.pulse(2, 500)  # past the box: another program on the same board
    world.step()
    report = world.board.health()
    assert (report.health, report.detail) == (Health.FAULTY, "coil 2 came on without an order of ours")


def test_a_welded_contact_makes_the_board_faulty() -> None:
    world = SharedWorld()
    world.real.welded.add(1)
    world.board.pulse(1, 500)
    world.step(2)
    assert world.board.health().detail == "coil 1 stays on"
    world.real.welded.clear()
    world.step()
    assert world.board.health().health is Health.OK


def test_a_held_coil_is_no_trouble_and_neither_is_one_that_was_let_go() -> None:
    world = SharedWorld()
    world.board.hold(0, True)
    world.step(3600)
    world.board.hold(0, False)
    world.step(2)
    assert world.board.health().health is Health.OK


def test_who_waited_for_a_reading_that_failed_gets_its_failure_and_does_not_wait_again() -> None:
    came: list[int] = []

    class Counting(ManualClock):
        def monotonic_s(self) -> float:
            came.append(1)
            return super().monotonic_s()

    clock = Counting(NOON)
    asked: list[int] = []
    hanging, go_on = threading.Event(), threading.Event()

    class Hanging(MemoryBoard):
        def read(self) -> BoardState:
            asked.append(1)
            hanging.set()
            assert go_on.wait(30)
            clock.advance(timedelta(seconds=0.5))
            raise DeviceFault("the board did not answer: TimeoutError")

    board = SharedBoard(Hanging(clock), clock)
    told: list[str] = []

    def lane() -> None:
        try:
            board.read()
        except DeviceFault as fault:
            told.append(str(fault))

    lanes = [threading.Thread(target=lane) for _ in range(3)]
    lanes[0].start()
    assert hanging.wait(30)
    before = len(came)
    for waiting in lanes[1:]:
        waiting.start()
    while len(came) < before + 2:  # both have looked at the clock and wait
        lanes[1].join(0.001)
    go_on.set()
    for thread in lanes:
        thread.join(30)
    assert told == ["the board did not answer: TimeoutError"] * 3
    assert len(asked) == 1


# --- how long a silent board is left alone -----------------------------------------------------------------------------


def test_a_silent_board_is_asked_ever_more_rarely_up_to_a_bound() -> None:
    backoff = Backoff(0.1, 5.0, lambda: 1.0)
    now_s, asked = 0.0, []
    while now_s < 60:
        if not backoff.waits(now_s):
            asked.append(now_s)
            backoff.failed(now_s)
        now_s = round(now_s + 0.02, 2)
    gaps = [after - before for before, after in pairwise(asked)]
    assert gaps[:7] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0], abs=0.03)
    assert gaps[7:] == pytest.approx([5.0] * len(gaps[7:]), abs=0.03)


def test_an_answer_ends_the_wait_and_starts_the_next_one_small() -> None:
    backoff = Backoff(0.1, 5.0, lambda: 1.0)
    for _ in range(10):
        backoff.failed(0.0)
    backoff.answered()
    assert not backoff.waits(0.0)
    backoff.failed(0.0)
    assert (backoff.waits(0.099), backoff.waits(0.1)) == (True, False)


@given(st.floats(0, 1), st.integers(1, 30))
def test_chance_spreads_the_waits_between_half_and_all_of_their_span(chance: float, failures: int) -> None:
    backoff = Backoff(0.1, 5.0, lambda: chance)
    for _ in range(failures):
        backoff.failed(0.0)
    span_s = min(5.0, 0.1 * 2 ** (failures - 1))
    assert backoff.waits(span_s / 2 - 1e-9)
    assert not backoff.waits(span_s + 1e-9)
