"""A ramp counts by the order of its loops, forgives who turns back, and never guesses."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from parking.gate.counting import RAMP_TABLE, Ramp, RampState, ramp_step
from parking.gate.edge_file import EdgeFile
from parking.gate.inputs import Inputs, Signal
from parking.gate.journal import FileJournal
from parking.gate.machine import Event
from parking.gate.model import RampConfig
from parking.kernel.clock import ManualClock
from parking.kernel.events import LaneFaulted, RampPassed
from parking.kernel.ids import LaneId, SeededIds, ZoneId
from tests.builders.gate import NOON, STEP, LaneStory

A, B = "a", "b"
DOWN = [(A, True), (B, True), (A, False), (B, False)]
UP = [(B, True), (A, True), (B, False), (A, False)]


class RampStory(LaneStory):
    """A ramp with two loops; `events` reads its journal."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOON)
        self.file = EdgeFile(":memory:")
        self.ids = SeededIds(1)
        self.covered = {A: Signal.OFF, B: Signal.OFF}
        self.start()

    def start(self) -> None:
        """The box starts, or starts again on the same file."""
        config = RampConfig(LaneId("ramp-1"), ZoneId("b1"), ZoneId("b2"))
        self.ramp = Ramp(config, FileJournal(self.file), clock=self.clock, ids=self.ids, origin="edge-1")
        self.run(0.2)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP.total_seconds())):
            self.ramp.step(self.clock.now(), Inputs(self.covered[A], self.covered[B], self.clock.monotonic_s()))
            self.clock.advance(STEP)

    def moves(self, moves: list[tuple[str, bool]]) -> None:
        for loop, on in moves:
            self.covered[loop] = Signal.of(on)
            self.run(0.1)

    def counted(self) -> list[tuple[str, str]]:
        return [(event.from_zone, event.to_zone) for event in self.told(RampPassed)]


@pytest.mark.parametrize(("moves", "way"), [(DOWN, ("b1", "b2")), (UP, ("b2", "b1"))])
def test_the_order_of_the_loops_is_the_direction(moves: list[tuple[str, bool]], way: tuple[str, str]) -> None:
    story = RampStory()
    story.moves(moves * 3)
    assert story.counted() == [way] * 3


@pytest.mark.parametrize(
    "moves",
    [
        [(A, True), (A, False)],
        [(A, True), (B, True), (B, False), (A, False)],
        [(B, True), (A, True), (A, False), (B, False)],
    ],
)
def test_who_turns_back_is_not_counted(moves: list[tuple[str, bool]]) -> None:
    story = RampStory()
    story.moves(moves)
    assert (story.counted(), story.ramp.state) == ([], RampState.FREE)


def test_a_column_of_cars_is_counted_one_by_one() -> None:
    story = RampStory()
    story.moves([(A, True), (B, True), (A, False), (A, True), (B, False), (B, True), (A, False), (B, False)])
    assert story.counted() == [("b1", "b2")] * 2


def test_lost_inputs_forget_the_vehicle_and_are_told() -> None:
    story = RampStory()
    story.moves([(A, True), (B, True)])
    story.covered = {A: Signal.UNKNOWN, B: Signal.UNKNOWN}
    story.run(3)
    story.covered = {A: Signal.OFF, B: Signal.ON}
    story.run(0.2)
    assert story.ramp.state is RampState.UNKNOWN
    story.moves([(B, False)])
    assert (story.counted(), story.ramp.state) == ([], RampState.FREE)
    assert [(f.fault, f.cleared) for f in story.told(LaneFaulted)] == [("inputs_lost", False), ("inputs_lost", True)]


def test_a_stuck_loop_is_told() -> None:
    story = RampStory()
    story.moves([(A, True)])
    story.clock.advance(timedelta(minutes=11))
    story.run(0.1)
    assert [f.fault for f in story.told(LaneFaulted)] == ["first_loop_stuck"]


@pytest.mark.req("GUIDE-1")
def test_a_fault_that_goes_while_the_box_is_down_is_told_as_gone() -> None:
    story = RampStory()
    story.covered = {A: Signal.UNKNOWN, B: Signal.UNKNOWN}
    story.run(20)
    story.covered = {A: Signal.OFF, B: Signal.OFF}
    story.start()
    assert [(f.fault, f.cleared) for f in story.told(LaneFaulted)] == [("inputs_lost", False), ("inputs_lost", True)]


def test_a_pair_that_is_not_in_the_table_is_unknown() -> None:
    edges = (Event.PRESENCE_ON, Event.PRESENCE_OFF, Event.SAFETY_ON, Event.SAFETY_OFF)
    for state, event in product(RampState, edges):
        if (state, event) not in RAMP_TABLE:
            assert ramp_step(state, event).state is RampState.UNKNOWN
