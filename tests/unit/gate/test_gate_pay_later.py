"""An enrolled car leaves without stopping: what it owes is on disk before the boom moves, once, and never above its limit."""

from __future__ import annotations

import socket
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.access.rows import PriceStep
from parking.gate.edge_file import EdgeFile
from parking.gate.states import State
from parking.kernel.codec import to_plain
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.events import Direction, ExitPromised, LaneDecided, VehicleBackedAway, VehiclePassed
from parking.kernel.money import Money
from tests.builders.access import CODE, MemoryRows, ThinkingLane, a_code, owing, presented
from tests.builders.gate import NOON, LaneStory, seen, stay_data

A, B = "苏A12345", "苏B23456"


def out(*facts: Any) -> ThinkingLane:
    return ThinkingLane(MemoryRows(*facts), Direction.OUT)


def leaving(**changes: Any) -> LaneStory:
    """An exit whose copy knows a stay that owes 5.00 and may owe 20.00."""
    story = LaneStory(Direction.OUT)
    story.copy_row("stay", "stay-1", stay_data(**{"credit_minor": 2000, **changes}))
    story.step()
    return story


@pytest.mark.req("PAY-1")
def test_the_debt_is_written_before_the_boom_moves() -> None:
    story = leaving()
    writes: list[tuple[list[str], int]] = []
    append = story.journal.append

    class Watched:
        def append(self, lane_id: Any, envelopes: Any, *args: Any, **kwargs: Any) -> None:
            append(lane_id, envelopes, *args, **kwargs)
            writes.append(([type(envelope.event).__name__ for envelope in envelopes], story.pulses()))

        def lane_state(self, lane_id: Any) -> Any:
            return story.journal.lane_state(lane_id)

    story.power_up(Watched())
    story.wait(0.2)
    story.drive_up()
    assert (["LaneDecided", "ExitPromised"], 0) in writes
    assert story.pulses() == 1
    (promise,), (decided,) = story.told(ExitPromised), story.told(LaneDecided)
    assert (decided.rule, decided.due, promise.visit_id) == ("pay_later", Money(500, "CNY"), decided.visit_id)
    assert (promise.stay_id, promise.amount, promise.limit) == ("stay-1", Money(500, "CNY"), Money(2000, "CNY"))


@pytest.mark.req("PAY-1")
def test_the_car_leaves_without_stopping_and_its_passage_names_the_stay() -> None:
    story = leaving()
    story.drive_up()
    story.drive_through()
    (passed,) = story.told(VehiclePassed)
    assert (passed.stay_id, passed.authorised, len(story.told(ExitPromised))) == ("stay-1", True, 1)


class Sockets:
    """Whatever this process does with a socket from now on; Python tells it to whoever listens, and cannot be told to stop."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.listening = True
        sys.addaudithook(self._hear)

    def _hear(self, event: str, _: object) -> None:
        if self.listening and event.startswith("socket."):
            self.seen.append(event)


@pytest.mark.req("PAY-1")
def test_from_the_plate_to_the_pulse_no_socket_is_opened(tmp_path: Path) -> None:
    story = LaneStory(Direction.OUT, file=EdgeFile(tmp_path / "edge.db"))
    story.copy_row("stay", "stay-1", stay_data(credit_minor=2000))
    story.step()
    sockets = Sockets()
    story.drive_up()
    assert (story.pulses(), len(story.told(ExitPromised)), sockets.seen) == (1, 1, [])
    socket.socket().close()
    assert sockets.seen, "this watch would have seen one"
    sockets.listening = False
    story.file.close()


def test_a_boom_that_is_opened_again_for_the_same_car_promises_nothing_more() -> None:
    story = leaving()
    story.drive_up()
    story.wait(61)
    story.see(seen(at=story.clock.now()))
    assert (story.lane.state, story.pulses()) == (State.ALLOWED, 2)
    assert len(story.told(ExitPromised)) == 1


def test_after_a_power_cut_the_same_car_promises_nothing_more() -> None:
    story = leaving()
    story.drive_up()
    story.safety(True)
    story.power_up()
    story.wait(0.2)
    story.presence(False)
    story.safety(False)
    assert len(story.told(ExitPromised)) == 1
    assert [passed.stay_id for passed in story.told(VehiclePassed)] == ["stay-1"]


def test_who_turns_back_says_so_under_the_same_visit_so_that_the_promise_can_be_taken_back() -> None:
    story = leaving()
    story.drive_up()
    story.presence(False)
    story.wait(70)
    (promise,), (backed,) = story.told(ExitPromised), story.told(VehicleBackedAway)
    assert backed.visit_id == promise.visit_id


def test_what_exceeds_the_credit_is_paid_first() -> None:
    story = leaving(credit_minor=499)
    story.drive_up()
    assert (story.pulses(), story.told(ExitPromised)) == (0, [])
    assert story.told(LaneDecided)[0].reason == "payment_due"


def test_who_has_paid_promises_nothing() -> None:
    story = leaving(paid_until=to_plain(NOON + timedelta(minutes=15)))
    story.drive_up()
    assert (story.pulses(), story.told(ExitPromised)) == (1, [])


def test_a_disk_that_cannot_take_the_debt_keeps_the_boom_down() -> None:
    story = leaving()

    class Full:
        def append(self, *args: Any, **kwargs: Any) -> None:
            raise ParkingError(ErrorKind.UNAVAILABLE, "journal.full", "the disk is full")

        def lane_state(self, lane_id: Any) -> Any:
            return story.journal.lane_state(lane_id)

    story.power_up(Full())
    story.wait(0.2)
    story.drive_up()
    assert story.pulses() == 0


def test_a_code_leaves_on_nobodys_credit() -> None:
    ticket = a_code(stay_id="s1")
    lane = out(owing("s1", None, credit_minor=9999, credentials=(CODE,)))
    answer = lane.ask(None, ticket)
    assert answer.limit is None
    assert not answer.allowed


def test_a_tag_that_opened_the_stay_may_owe_for_it() -> None:
    tag = presented()
    lane = out(owing("s1", A, credit_minor=500, credentials=(tag.credential,)))
    answer = lane.ask(A, tag)
    assert (answer.decision.rule, answer.limit) == ("pay_later", Money(500, "CNY"))
    assert not out(owing("s1", A, credit_minor=500)).ask(B).allowed


@settings(deadline=None)
@given(price=st.integers(0, 5000), paid=st.integers(0, 5000), credit=st.integers(0, 5000))
def test_nobody_is_ever_let_out_owing_more_than_the_credit(price: int, paid: int, credit: int) -> None:
    row = owing("s1", A, prices=(PriceStep(NOON + timedelta(days=1), price),), paid_minor=paid, credit_minor=credit)
    answer = out(row).ask(A)
    owes = max(0, price - paid)
    assert answer.allowed == (owes <= credit)
    assert (answer.limit is not None) == (0 < owes <= credit)
