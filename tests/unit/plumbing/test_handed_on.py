"""Where bus and database are one process's alone, what a work publishes is handled within its own transaction: once, wholly or not."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from parking.kernel.clock import ManualClock
from parking.kernel.events import Envelope, VehicleBackedAway
from parking.plumbing.bus import InProcessBus, RetryPolicy, Subscription
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.delivery import Handler
from parking.plumbing.outbox import OutboxRelay, backlog
from parking.plumbing.tables import delivery, outbox
from tests.builders.plumbing import NOON, an_event, count, note, noted, noting
from tests.fixtures.databases import fresh_database


class Rig:
    """A database in memory, a bus that handles at once, and the relay between them."""

    def __init__(self, **groups: tuple[Handler, ...]) -> None:
        self.clock = ManualClock(NOON)
        self.database: Database = fresh_database("sqlite://", self.clock)
        self.bus = InProcessBus(self.database, retry=RetryPolicy(attempts=3, first_s=1.0), at_once=True)
        for name, handlers in groups.items():
            self.bus.subscribe(Subscription(name, {VehicleBackedAway: handlers}))
        self.relay = OutboxRelay(self.database, self.bus)
        self.bus.drain()  # from here on it knows that nothing waits

    def publish(self, *visits: int) -> list[Envelope]:
        return self.database.write(lambda uow: [uow.publish(an_event(visit)) for visit in visits])

    def heard(self, who: str) -> int:
        return len(noted(self.database, who))


def test_what_a_work_publishes_is_handled_when_it_returns_once_and_never_again() -> None:
    rig = Rig(one=(noting("one"),), two=(noting("two"),))
    rig.publish(1, 2)
    assert (rig.heard("one"), rig.heard("two")) == (2, 2)
    rig.relay.drain()
    rig.bus.drain()
    assert (rig.heard("one"), rig.heard("two")) == (2, 2)
    assert rig.database.read(backlog) == 0


def test_what_follows_from_an_event_is_handled_with_it() -> None:
    def answer(uow: UnitOfWork, envelope: Envelope) -> None:
        note(uow, "first", envelope.id)
        if not followed:
            followed.append(uow.publish(an_event(2)).id)

    followed: list[str] = []
    rig = Rig(one=(answer,), two=(noting("two"),))
    rig.publish(1)
    assert (rig.heard("first"), rig.heard("two")) == (2, 2)


def test_a_group_that_fails_tries_again_later_and_holds_no_other_up() -> None:
    tries: list[str] = []

    def fails_twice(uow: UnitOfWork, envelope: Envelope) -> None:
        note(uow, "weak", envelope.id)
        tries.append(envelope.id)
        if len(tries) < 3:  # at once, one by one, and then from the queue
            raise ValueError("no")

    rig = Rig(strong=(noting("strong"),), weak=(fails_twice,))
    rig.publish(1)
    assert (rig.heard("strong"), rig.heard("weak"), count(rig.database, delivery)) == (1, 0, 1)
    rig.bus.drain()
    assert (rig.heard("strong"), rig.heard("weak"), count(rig.database, delivery)) == (1, 1, 0)


def test_what_was_undone_within_a_work_is_not_handed_on() -> None:
    def work(uow: UnitOfWork) -> None:
        uow.publish(an_event(1))
        part = uow.connection.begin_nested()
        uow.publish(an_event(2))
        part.rollback()

    rig = Rig(one=(noting("one"),))
    rig.database.write(work)
    assert (rig.heard("one"), count(rig.database, outbox)) == (1, 1)


def test_a_work_that_fails_leaves_no_trace_of_what_it_published() -> None:
    def work(uow: UnitOfWork) -> None:
        uow.publish(an_event(1))
        raise LookupError

    rig = Rig(one=(noting("one"),))
    with pytest.raises(LookupError):
        rig.database.write(work)
    assert (rig.heard("one"), count(rig.database, outbox)) == (0, 0)


def test_the_same_event_told_again_is_handled_once() -> None:
    rig = Rig(one=(noting("one"),))
    (envelope,) = rig.publish(1)
    rig.database.write(lambda uow: uow.forward_all([envelope, envelope]))
    assert rig.heard("one") == 1


def test_its_outbox_still_has_every_event() -> None:
    rig = Rig(one=(noting("one"),))
    rig.publish(1)
    stored = rig.database.read(lambda conn: conn.execute(sa.select(outbox.c.relayed_at)).scalars().all())
    assert stored == [NOON]
