"""The bus carries envelopes from the outbox to groups of handlers. The in-process one keeps its queue in the database itself,
so that a crash anywhere loses and doubles nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

import sqlalchemy as sa
import structlog

from parking.kernel import codec
from parking.kernel.errors import invalid
from parking.kernel.events import Envelope
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.delivery import MOST_IN_A_WORK, RetryPolicy, Subscription, bury, describe, handle, is_final, tried
from parking.plumbing.insert_once import insert_all_once
from parking.plumbing.prepared import attempt, prepared
from parking.plumbing.tables import delivery

__all__ = ["Bus", "InProcessBus", "RetryPolicy", "Subscription"]
IDLE_S = 1.0
log = structlog.get_logger(__name__)
_DUE = prepared(
    sa.select(delivery.c.seq, delivery.c.envelope, delivery.c.attempts, delivery.c.next_at)
    .where(delivery.c.group == sa.bindparam("group"))
    .order_by(delivery.c.seq)
    .limit(MOST_IN_A_WORK)
)
_HANDLED = prepared(sa.delete(delivery).where(delivery.c.seq == sa.bindparam("handled")))


class Bus(Protocol):
    """Hands envelopes to every subscribed group: at least once on the way, exactly once in effect."""

    def publish(self, batch: Sequence[Envelope]) -> None:
        """Take envelopes over, in order; returns when they are safe."""
        ...

    def subscribe(self, subscription: Subscription) -> None:
        """Add a group; a group that is there already raises ParkingError."""
        ...

    def drain(self) -> int:
        """Handle all that is due now in the calling thread; returns how many events were handled or given up."""
        ...

    def start(self) -> None:
        """Handle in threads from now on."""
        ...

    def stop(self) -> None:
        """Finish what is in hand and end the threads; what is left stays safe."""
        ...


@runtime_checkable
class OwnBus(Protocol):
    """A bus whose queue lies in a database: what it takes commits with whatever else that transaction does."""

    def is_on(self, database: Database) -> bool:
        """Whether its queue lies in this one."""
        ...

    @property
    def at_once(self) -> bool:
        """Whether it handles in the transaction that brings an event, as long as it has no threads."""
        ...

    def take(self, unit: UnitOfWork, batch: Sequence[Envelope], *, first: bool = False) -> None:
        """`publish` within a transaction of its database; call `wake` once that is committed.

        `first`: these were published by this very transaction, so nobody can have handled them before, nor will see them again.
        """
        ...

    def wake(self, batch: Sequence[Envelope]) -> None:
        """These have been taken, and are committed."""
        ...


class InProcessBus:
    """A bus for one process over its own database; one thread per group once started.

    `at_once`: while it has no threads, what nothing waits before is handled in the transaction that brings it, without the queue.
    """

    def __init__(self, database: Database, *, retry: RetryPolicy | None = None, at_once: bool = False) -> None:
        self._database = database
        self.at_once = at_once
        self._retry = retry or RetryPolicy()
        self._subscriptions: dict[str, Subscription] = {}
        self._threads: list[threading.Thread] = []
        self._wakes: dict[str, threading.Event] = {}
        self._empty: set[str] = set()
        """Groups for which nothing waits: nobody but this bus puts something there."""
        self._stopping = threading.Event()

    def publish(self, batch: Sequence[Envelope]) -> None:
        self._database.write(lambda unit: self.take(unit, batch))
        self.wake(batch)

    def is_on(self, database: Database) -> bool:
        return database is self._database

    def take(self, unit: UnitOfWork, batch: Sequence[Envelope], *, first: bool = False) -> None:
        if first and self.at_once and not self._threads and self._all_at_once(unit, batch):
            return
        wanted = {group: [e for e in batch if s.wants(e)] for group, s in self._subscriptions.items()}
        if self.at_once and not self._threads:
            wanted = self._handled_at_once(unit, wanted)
        rows = [
            {"group": group, "event_id": e.id, "envelope": codec.encode(e), "attempts": 0, "next_at": unit.now}
            for group, mine in wanted.items()
            for e in mine
        ]
        if rows:
            insert_all_once(unit.connection, delivery, rows)
            self._empty -= {group for group, mine in wanted.items() if mine}

    def _all_at_once(self, unit: UnitOfWork, batch: Sequence[Envelope]) -> bool:
        """All groups handle what nobody has seen before, under one savepoint; False, and nothing done, where one of them cannot."""
        if len(batch) > MOST_IN_A_WORK or len(self._empty) < len(self._subscriptions):
            return False
        published = unit.published
        try:
            with attempt(unit.connection):
                for subscription in self._subscriptions.values():
                    for envelope in batch:
                        for handler in subscription.handlers.get(type(envelope.event), ()):
                            handler(unit, envelope)
        except sa.exc.OperationalError:
            raise
        except Exception:  # whose it is, and how often it may try again, is found out one by one
            unit.published = published
            return False
        return True

    def _handled_at_once(self, unit: UnitOfWork, wanted: dict[str, list[Envelope]]) -> dict[str, list[Envelope]]:
        """Each group takes its turn with what nothing waits before; what is left is to be queued."""
        left = {group: mine for group, mine in wanted.items() if group not in self._empty}
        turns = {group: mine for group, mine in wanted.items() if group in self._empty and mine}
        while turns:
            for group, mine in tuple(turns.items()):
                outcome = tried(unit, self._subscriptions[group], mine[:MOST_IN_A_WORK])
                rest = mine[outcome.handled :]
                if outcome.error is not None:  # it is tried again from the queue, with what comes after it
                    left[group], rest = rest, []
                if rest:
                    turns[group] = rest
                else:
                    del turns[group]
        return left

    def wake(self, batch: Sequence[Envelope]) -> None:
        for group, subscription in self._subscriptions.items():
            if self._threads and any(subscription.wants(envelope) for envelope in batch):
                self._empty.discard(group)
            self._wakes[group].set()

    def subscribe(self, subscription: Subscription) -> None:
        if subscription.group in self._subscriptions:
            raise invalid("bus.group", f"the group {subscription.group!r} is subscribed already")
        self._wakes[subscription.group] = threading.Event()
        self._subscriptions[subscription.group] = subscription

    def drain(self) -> int:
        total = 0
        while handled := sum(
            self._step(subscription) for group, subscription in self._subscriptions.items() if group not in self._empty
        ):
            total += handled
        return total

    def start(self) -> None:
        self._stopping.clear()
        for subscription in self._subscriptions.values():
            thread = threading.Thread(
                target=self._run, args=(subscription,), name=f"bus-{subscription.group}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for wake in self._wakes.values():
            wake.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _run(self, subscription: Subscription) -> None:
        wake = self._wakes[subscription.group]
        while not self._stopping.is_set():
            wake.clear()
            try:
                if self._step(subscription):
                    continue
                pause = self._pause(subscription)
            except Exception as error:  # the database is away or full: nothing is lost, it is tried again
                log.error("bus.stalled", group=subscription.group, error=describe(error))
                pause = IDLE_S
            wake.wait(pause)

    def _due(self, connection: sa.Connection, group: str, now: datetime) -> list[tuple[int, Envelope, int]]:
        rows = connection.execute(_DUE, {"group": group}).all()
        if not rows or rows[0].next_at > now:
            if not rows and not self._threads:  # among threads, somebody may just be putting something there
                self._empty.add(group)
            return []
        return [(row.seq, codec.decode(row.envelope), row.attempts) for row in rows]

    def _pause(self, subscription: Subscription) -> float:
        head = self._database.read(
            lambda connection: connection.scalar(
                sa.select(delivery.c.next_at)
                .where(delivery.c.group == subscription.group)
                .order_by(delivery.c.seq)
                .limit(1)
            )
        )
        if head is None:
            return IDLE_S
        left_s: float = (head - self._database.clock.now()).total_seconds()
        return min(max(left_s, 0.001), IDLE_S)

    def _step(self, subscription: Subscription) -> int:
        group = subscription.group
        due = self._database.read(lambda connection: self._due(connection, group, self._database.clock.now()))
        if not due:
            return 0
        outcome = handle(
            self._database,
            subscription,
            [envelope for _, envelope, _ in due],
            lambda unit, done: _settle(unit, due[:done]),
        )
        if outcome.error is None:
            return outcome.handled
        _, envelope, attempts = due[outcome.handled]
        return outcome.handled + self._failed(group, envelope, attempts + 1, outcome.error)

    def _failed(self, group: str, envelope: Envelope, attempts: int, error: Exception) -> int:
        """Count a failure: wait and try again, or give the event up; returns 1 when it was given up."""
        dead = attempts >= self._retry.attempts or is_final(error)
        report = log.error if dead else log.warning
        report("bus.failed", group=group, event_id=envelope.id, attempts=attempts, error=describe(error), dead=dead)

        def work(unit: UnitOfWork) -> int:
            mine = sa.and_(delivery.c.group == group, delivery.c.event_id == envelope.id)
            if dead:
                bury(unit, group, envelope, describe(error), attempts)
                unit.connection.execute(sa.delete(delivery).where(mine))
                return 1
            later = {"attempts": attempts, "next_at": unit.now + self._retry.wait(attempts)}
            unit.connection.execute(sa.update(delivery).where(mine).values(later))
            return 0

        return self._database.write(work)


def _settle(unit: UnitOfWork, done: Sequence[tuple[int, Envelope, int]]) -> None:
    if done:
        unit.connection.execute(_HANDLED, [{"handled": seq} for seq, _, _ in done])
