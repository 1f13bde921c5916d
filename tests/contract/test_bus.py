"""What every bus promises: exactly one effect per group and event, in order, whatever repeats, fails or dies on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.events import Envelope, VehicleBackedAway
from parking.plumbing import given_up
from parking.plumbing.bus import Bus, InProcessBus, RetryPolicy, Subscription
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.delivery import forget_handled, handle
from parking.plumbing.outbox import OutboxRelay, backlog, forget_relayed
from parking.plumbing.redis_streams import RedisBus
from parking.plumbing.tables import dead_letter, inbox, outbox
from tests.builders.plumbing import NOON, an_envelope, an_event, count, eventually, note, noted, noting
from tests.fixtures.databases import fresh_database

RETRY = RetryPolicy(attempts=3, first_s=1.0, most_s=60.0)


class Rig:
    """A database, its clock, and as many buses over them as there would be processes."""

    def __init__(self, database: Database, clock: ManualClock, make: Callable[[Database], Bus]) -> None:
        self.database = database
        self.clock = clock
        self._make = make
        self._made: list[Bus] = []

    def bus(self, *subscriptions: Subscription) -> Bus:
        bus = self._make(self.database)
        self._made.append(bus)
        for subscription in subscriptions:
            bus.subscribe(subscription)
        return bus

    def close(self) -> None:
        for bus in self._made:
            bus.stop()
        self.database.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql", "redis"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """The in-process bus on each engine, and the Redis one."""
    clock = ManualClock(NOON)
    url = "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/parking.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    database = fresh_database(url, clock)
    make: Callable[[Database], Bus] = lambda db: InProcessBus(db, retry=RETRY)  # noqa: E731 - one line says it
    if request.param == "redis":
        redis_url = request.getfixturevalue("redis_url")
        make = lambda db: RedisBus(db, redis_url, retry=RETRY, lease_s=0.2)  # noqa: E731 - one line says it
    made = Rig(database, clock, make)
    yield made
    made.close()


def group(name: str, *handlers: Callable[[UnitOfWork, Envelope], None]) -> Subscription:
    return Subscription(name, {VehicleBackedAway: handlers or (noting(name),)})


class Failing:
    """A handler that writes and then fails, `times` times, on the event called `event_id`."""

    def __init__(self, who: str, event_id: str, times: int, error: Exception | None = None) -> None:
        self.who, self.event_id, self.left = who, event_id, times
        self.error = error or ValueError("no")

    def __call__(self, unit: UnitOfWork, envelope: Envelope) -> None:
        note(unit, self.who, envelope.id)
        if envelope.id == self.event_id and self.left > 0:
            self.left -= 1
            raise self.error


class TestOneEffect:
    def test_every_group_handles_every_event_in_order(self, rig: Rig) -> None:
        bus = rig.bus(group("a"), group("b"))
        bus.publish([an_envelope(n) for n in range(40)])

        assert bus.drain() == 80
        assert noted(rig.database, "a") == noted(rig.database, "b") == [f"edge-1-{n}" for n in range(40)]
        assert bus.drain() == 0

    @pytest.mark.req("GATE-3", "PAY-3")
    def test_a_repeat_changes_nothing(self, rig: Rig) -> None:
        bus = rig.bus(group("a"))
        for _ in range(3):
            bus.publish([an_envelope(1), an_envelope(2)])
            bus.drain()

        assert noted(rig.database) == ["edge-1-1", "edge-1-2"]

    def test_an_event_handled_by_a_process_that_died_before_saying_so_is_not_handled_again(self, rig: Rig) -> None:
        bus = rig.bus(group("a"))
        handle(rig.database, group("a"), [an_envelope(1)])
        bus.publish([an_envelope(1), an_envelope(2)])
        bus.drain()

        assert noted(rig.database) == ["edge-1-1", "edge-1-2"]

    def test_all_handlers_of_a_group_do_their_part_or_none(self, rig: Rig) -> None:
        bus = rig.bus(group("a", noting("one"), Failing("two", "edge-1-1", times=1)))
        bus.publish([an_envelope(1)])
        bus.drain()
        assert noted(rig.database) == []

        rig.clock.advance(timedelta(seconds=5))
        bus.drain()
        assert noted(rig.database, "one") == noted(rig.database, "two") == ["edge-1-1"]

    def test_events_that_a_group_did_not_ask_for_pass_it_by(self, rig: Rig) -> None:
        bus = rig.bus(Subscription("none", {}), group("a"))
        bus.publish([an_envelope(1)])

        assert bus.drain() == 1
        assert count(rig.database, inbox) == 1

    def test_a_group_is_subscribed_once(self, rig: Rig) -> None:
        bus = rig.bus(group("a"))
        with pytest.raises(ParkingError, match="already"):
            bus.subscribe(group("a"))


class TestFailing:
    def test_what_failed_is_tried_again_later_and_holds_its_followers_back(self, rig: Rig) -> None:
        bus = rig.bus(group("a", Failing("a", "edge-1-2", times=2)))
        bus.publish([an_envelope(n) for n in range(5)])
        bus.drain()
        assert noted(rig.database) == ["edge-1-0", "edge-1-1"]

        for wait_s, seen in ((1.0, 2), (2.0, 5)):
            rig.clock.advance(timedelta(seconds=wait_s))
            bus.drain()
            assert noted(rig.database) == [f"edge-1-{n}" for n in range(seen)]
        assert count(rig.database, dead_letter) == 0

    def test_nothing_is_tried_before_its_pause_is_over(self, rig: Rig) -> None:
        failing = Failing("a", "edge-1-1", times=9)
        bus = rig.bus(group("a", failing))
        bus.publish([an_envelope(1)])
        for _ in range(5):
            bus.drain()

        assert failing.left == 8

    @pytest.mark.req("PRIV-1")
    def test_what_fails_every_time_becomes_a_dead_letter_without_a_word_of_its_error(self, rig: Rig) -> None:
        bus = rig.bus(group("a", Failing("a", "edge-1-1", 99, ValueError("粤B12345 is at the door"))))
        bus.publish([an_envelope(1), an_envelope(2)])
        for _ in range(RETRY.attempts):
            bus.drain()
            rig.clock.advance(timedelta(minutes=1))

        assert noted(rig.database) == ["edge-1-2"]
        letter = rig.database.read(lambda c: c.execute(sa.select(dead_letter)).one())
        assert (letter.group, letter.event_id, letter.error, letter.attempts) == ("a", "edge-1-1", "ValueError", 3)

    def test_what_was_given_up_is_done_again_for_the_group_that_failed_and_for_no_other(self, rig: Rig) -> None:
        sick, well = group("sick", Failing("sick", "edge-1-1", RETRY.attempts + 1)), group("well")
        self.gave_up(rig, sick, well)
        (found,) = rig.database.read(given_up.newest)
        assert (found.code, found.group, found.error, found.attempts) == ("VehicleBackedAway", "sick", "ValueError", 3)

        assert rig.database.write(lambda uow: given_up.again(uow, {"sick": sick}, found.id)) == "ValueError"
        (still,) = rig.database.read(given_up.newest)
        assert (still.id, still.attempts) == (found.id, 4)
        assert noted(rig.database, "sick") == []

        assert rig.database.write(lambda uow: given_up.again(uow, {"sick": sick}, found.id)) == ""
        assert noted(rig.database, "sick") == noted(rig.database, "well") == ["edge-1-1"]
        assert rig.database.read(given_up.count) == 0
        with pytest.raises(ParkingError, match="somebody has seen to it"):
            rig.database.write(lambda uow: given_up.again(uow, {"sick": sick}, found.id))

    def test_what_a_person_lets_be_comes_back_with_no_repeat(self, rig: Rig) -> None:
        bus = self.gave_up(rig, group("sick", Failing("sick", "edge-1-1", RETRY.attempts)))
        rig.database.write(lambda uow: given_up.let_be(uow, "sick:edge-1-1"))
        bus.publish([an_envelope(1), an_envelope(2)])
        bus.drain()
        assert noted(rig.database, "sick") == ["edge-1-2"]
        assert rig.database.read(given_up.newest) == []

    def gave_up(self, rig: Rig, *groups: Subscription) -> Bus:
        bus = rig.bus(*groups)
        bus.publish([an_envelope(1)])
        for _ in range(RETRY.attempts):
            bus.drain()
            rig.clock.advance(timedelta(minutes=1))
        assert rig.database.read(given_up.count) == 1
        return bus

    def test_one_group_in_trouble_does_not_hold_up_another(self, rig: Rig) -> None:
        bus = rig.bus(group("sick", Failing("sick", "edge-1-0", 99)), group("well"))
        bus.publish([an_envelope(n) for n in range(3)])
        bus.drain()

        assert noted(rig.database) == [f"edge-1-{n}" for n in range(3)]

    def test_an_event_published_by_a_handler_that_fails_does_not_leave(self, rig: Rig) -> None:
        def publishing(unit: UnitOfWork, envelope: Envelope) -> None:
            unit.publish(an_event(99))
            raise ValueError

        bus = rig.bus(group("a", publishing))
        bus.publish([an_envelope(1)])
        bus.drain()
        assert rig.database.read(backlog) == 0


class Died(BaseException):
    """A process that is gone: nothing catches this."""


class TestDying:
    @pytest.mark.req("GATE-3")
    def test_what_a_dead_process_had_in_hand_is_taken_over_in_order(self, rig: Rig) -> None:
        def die(unit: UnitOfWork, envelope: Envelope) -> None:
            note(unit, "a", envelope.id)
            if envelope.id == "edge-1-2":
                raise Died

        first = rig.bus(group("a", die))
        first.publish([an_envelope(n) for n in range(5)])
        with pytest.raises(Died):
            first.drain()

        second = rig.bus(group("a"))
        eventually(lambda: second.drain() >= 0 and len(noted(rig.database)) == 5)
        assert noted(rig.database) == [f"edge-1-{n}" for n in range(5)]

    def test_two_processes_of_one_group_never_do_the_same_twice(self, rig: Rig) -> None:
        first, second = rig.bus(group("a")), rig.bus(group("a"))
        for start in range(0, 60, 20):
            first.publish([an_envelope(n) for n in range(start, start + 20)])
            eventually(lambda: second.drain() + first.drain() >= 0 and len(noted(rig.database)) == start + 20)  # noqa: B023

        assert noted(rig.database) == [f"edge-1-{n}" for n in range(60)]


class TestWithRelay:
    @pytest.mark.req("GATE-3", "PAY-3")
    def test_what_is_published_arrives_once_and_in_order(self, rig: Rig) -> None:
        bus = rig.bus(group("a"))
        relay = OutboxRelay(rig.database, bus)
        sent = [rig.database.write(lambda unit, n=n: unit.publish(an_event(n))) for n in range(30)]  # type: ignore[misc]

        assert relay.drain() == 30
        assert relay.drain() == 0
        bus.drain()
        assert noted(rig.database) == [envelope.id for envelope in sent]

    def test_a_relay_that_died_before_marking_sends_again_and_nothing_is_doubled(self, rig: Rig) -> None:
        bus = rig.bus(group("a"))
        sent = [rig.database.write(lambda unit, n=n: unit.publish(an_event(n))) for n in range(5)]  # type: ignore[misc]
        bus.publish(sent)
        bus.drain()

        OutboxRelay(rig.database, bus).drain()
        bus.drain()
        assert noted(rig.database) == [envelope.id for envelope in sent]

    def test_a_bus_that_is_away_leaves_everything_in_the_outbox(self, rig: Rig) -> None:
        class Away(InProcessBus):
            def is_on(self, database: object) -> bool:
                return False

            def publish(self, batch: object) -> None:
                raise ConnectionError

        rig.database.write(lambda unit: unit.publish(an_event()))
        with pytest.raises(ConnectionError):
            OutboxRelay(rig.database, Away(rig.database)).drain()
        assert rig.database.read(backlog) == 1

    def test_handlers_publish_and_it_goes_on_until_all_is_quiet(self, rig: Rig) -> None:
        def echo(unit: UnitOfWork, envelope: Envelope) -> None:
            note(unit, "echo", envelope.id)
            if count_down := int(str(envelope.event.visit_id).rpartition("-")[2]):  # type: ignore[union-attr]
                unit.publish(an_event(count_down - 1))

        bus = rig.bus(group("a", echo))
        relay = OutboxRelay(rig.database, bus)
        rig.database.write(lambda unit: unit.publish(an_event(4)))
        while relay.drain() + bus.drain():
            pass
        assert len(noted(rig.database)) == 5

    def test_threads_do_the_same(self, rig: Rig) -> None:
        bus = rig.bus(group("a"), group("b"))
        relay = OutboxRelay(rig.database, bus)
        bus.start()
        relay.start()
        try:
            sent = [rig.database.write(lambda unit, n=n: unit.publish(an_event(n))) for n in range(20)]  # type: ignore[misc]
            eventually(lambda: len(noted(rig.database)) == 40)
        finally:
            relay.stop()
            bus.stop()
        assert noted(rig.database, "a") == noted(rig.database, "b") == [envelope.id for envelope in sent]

    @pytest.mark.req("LOG-1")
    def test_old_proofs_can_be_forgotten(self, rig: Rig) -> None:
        bus = rig.bus(group("a"))
        rig.database.write(lambda unit: unit.publish(an_event()))
        OutboxRelay(rig.database, bus).drain()
        bus.drain()
        rig.clock.advance(timedelta(days=61))

        month = timedelta(days=60)
        assert rig.database.write(lambda unit: forget_relayed(unit, older_than=month)) == 1
        assert rig.database.write(lambda unit: forget_handled(unit, older_than=month)) == 1
        assert count(rig.database, outbox) == count(rig.database, inbox) == 0
