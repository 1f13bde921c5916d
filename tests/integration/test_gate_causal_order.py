"""Backlogs of several boxes: what happened first is passed on first, nobody is waited for for ever, fresh events wait for nobody."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from parking.bootstrap.tables import all_tables
from parking.gate.causal_order import FORGOTTEN_AFTER, HOLD_MOST, release_all
from parking.gate.ingest import ingest
from parking.kernel import codec
from parking.kernel.clock import ManualClock
from parking.kernel.events import Envelope, VehicleBackedAway
from parking.kernel.ids import EventId, LaneId, RandomIds, VisitId
from parking.plumbing.db import Database, open_database
from parking.plumbing.tables import outbox
from tests.builders.journeys import MORNING
from tests.builders.plumbing import counted_steps

pytestmark = pytest.mark.req("GATE-3")


class Boxes:
    """Boxes that speak of minutes after the morning; the server's clock stands at `clock`."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self._next: dict[str, int] = {}

    def skip(self, box: str, count: int) -> None:
        """So many of a box's events are lost to the server."""
        self._next[box] = self._next.get(box, 1) + count

    def again(self, box: str, first: int, *minutes: float, until: float) -> None:
        """A batch that begins with an earlier number."""
        self._next[box] = first
        self.say(box, *minutes, until=until)

    def say(self, box: str, *minutes: float, until: float | None, through: int = 0) -> None:
        """A batch of events that happened at these minutes, told with everything known up to `until`."""
        first = self._next.get(box, 1)
        self._next[box] = first + len(minutes)
        numbered = []
        for seq, minute in enumerate(minutes, start=first):
            event = VehicleBackedAway(LaneId("entry-1"), VisitId(f"{box}-{minute:g}"))
            one = Envelope(EventId(f"{box}-{seq}"), self.at(minute), box, event)
            numbered.append((seq, codec.encode(one), one))
        told = None if until is None else self.at(until)
        self.database.write(lambda uow: ingest(uow, box, "e1", numbered, 1, told, through))

    def at(self, minute: float) -> datetime:
        return MORNING + timedelta(minutes=minute)

    def passed_on(self) -> list[str]:
        query = sa.select(outbox.c.data).where(outbox.c.type == "VehicleBackedAway").order_by(outbox.c.seq)
        return [data["visit_id"] for data in self.database.read(lambda conn: conn.execute(query).scalars().all())]


@pytest.fixture
def boxes() -> Iterator[Boxes]:
    clock = ManualClock(MORNING)
    database = open_database("sqlite://", clock=clock, ids=RandomIds(), origin="server")
    database.create_tables(all_tables())
    made = Boxes(database, clock)
    for box in ("a", "b"):  # both were there before the outage
        made.say(box, until=0)
    clock.set(made.at(120))
    yield made
    database.close()


def test_an_old_event_waits_until_the_other_box_has_told_what_it_knew_by_then(boxes: Boxes) -> None:
    boxes.say("a", 10, 40, until=119)
    assert boxes.passed_on() == []
    boxes.say("b", 20, until=20)
    assert boxes.passed_on() == ["a-10", "b-20"]
    boxes.say("b", 30, until=119)
    assert boxes.passed_on() == ["a-10", "b-20", "b-30", "a-40"]


def test_the_last_box_to_come_back_is_merged_with_those_that_waited_for_it(boxes: Boxes) -> None:
    boxes.say("a", 10, 30, until=119)
    boxes.say("b", 5, 20, 40, until=119)
    assert boxes.passed_on() == ["b-5", "a-10", "b-20", "a-30", "b-40"]


def test_a_box_that_stays_away_holds_nobody_up_for_good(boxes: Boxes) -> None:
    boxes.say("a", 10, 40, until=119)
    boxes.clock.advance(HOLD_MOST + timedelta(seconds=1))
    assert release_all(boxes.database) == 2
    boxes.say("b", 20, until=119)  # late as it is, it is not lost
    assert boxes.passed_on() == ["a-10", "a-40", "b-20"]


def test_a_fresh_event_waits_for_nobody(boxes: Boxes) -> None:
    boxes.say("a", 119.5, until=119.9)
    assert boxes.passed_on() == ["a-119.5"]


def test_a_boxs_own_order_stands_whatever_its_clock_said(boxes: Boxes) -> None:
    boxes.say("a", 50, 10, 119.9, until=119.9)
    boxes.say("b", 20, 60, until=119.9)
    assert boxes.passed_on() == ["b-20", "a-50", "a-10", "b-60", "a-119.9"]


def test_a_box_that_is_alone_or_does_not_say_how_far_it_is_is_never_waited_for(boxes: Boxes) -> None:
    boxes.say("b", until=None)
    boxes.say("b", 1, until=None)  # an earlier release
    boxes.say("a", 10, 40, until=119)
    assert boxes.passed_on() == ["b-1", "a-10", "a-40"]


def test_a_disk_that_was_silent_for_a_week_is_given_up(boxes: Boxes) -> None:
    boxes.clock.advance(FORGOTTEN_AFTER)
    boxes.say("a", 10, until=119)
    assert boxes.passed_on() == ["a-10"]


def test_a_batch_that_comes_again_sets_nobody_back(boxes: Boxes) -> None:
    boxes.say("b", 20, until=119)
    boxes.database.write(lambda uow: ingest(uow, "b", "e1", [], 1, boxes.at(20)))
    boxes.say("a", 10, 40, until=119)
    assert boxes.passed_on() == ["a-10", "b-20", "a-40"]


def test_a_batch_beyond_a_gap_tells_nothing_of_what_is_missing(boxes: Boxes) -> None:
    """A server from a backup lacks what a batch that is under way comes after."""
    boxes.say("a", 10, 40, until=119)
    boxes.skip("b", 1)
    boxes.say("b", 50, until=119)
    assert boxes.passed_on() == []
    boxes.again("b", 1, 20, until=20)
    assert boxes.passed_on() == ["a-10", "b-20"]


def test_a_box_with_nothing_to_tell_holds_others_up_while_the_server_lacks_what_it_told_before(boxes: Boxes) -> None:
    boxes.say("a", 10, 40, until=119)
    boxes.say("b", until=119, through=1)  # b was told once that its first event is safe: not here
    assert boxes.passed_on() == []
    boxes.say("b", 20, until=119, through=1)
    assert boxes.passed_on() == ["a-10", "b-20", "a-40"]


def test_a_batch_asks_as_little_behind_a_long_backlog_as_behind_a_short_one(boxes: Boxes) -> None:
    driver = boxes.database.read(lambda conn: conn.connection.dbapi_connection)
    assert isinstance(driver, sqlite3.Connection)

    def steps_of_a_batch(minute: float) -> int:
        with counted_steps(driver) as steps:
            boxes.say("a", minute, until=minute)
        return steps()

    boxes.say("a", *(minute / 10 for minute in range(10, 110)), until=11)
    few = steps_of_a_batch(12)
    boxes.say("a", *(20 + minute / 100 for minute in range(2_000)), until=40)
    assert steps_of_a_batch(41) < 1.2 * few
    assert boxes.passed_on() == []
