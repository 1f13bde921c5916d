"""One event, one group, one effect: what the handlers did and the proof that they did it commit together.

Events of a group are handled in order; one that fails holds the group back through a bounded back-off and then becomes a
dead letter, at once if no repetition can help, so that nothing is skipped silently and nothing blocks for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from parking.kernel import codec
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.events import Envelope, Event
from parking.plumbing.db import Database, UnitOfWork, insert_once
from parking.plumbing.insert_once import insert_all_once
from parking.plumbing.prepared import attempt, prepared
from parking.plumbing.tables import dead_letter, inbox

MOST_IN_A_WORK = 16
Handler = Callable[[UnitOfWork, Envelope], None]


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who handles what: a `group` sees each event once, whatever the number of its processes."""

    group: str
    handlers: Mapping[type[Event], tuple[Handler, ...]]

    def wants(self, envelope: Envelope) -> bool:
        return type(envelope.event) in self.handlers


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a handler may fail (`attempts`) and the waits between, doubling from `first_s` up to `most_s` seconds."""

    attempts: int = 8
    first_s: float = 0.1
    most_s: float = 30.0

    def wait(self, failures: int) -> timedelta:
        """The pause after the `failures`-th failure in a row."""
        return timedelta(seconds=min(self.first_s * 2.0 ** (failures - 1), self.most_s))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The first `handled` envelopes are done; `error` is what the handlers of the next one raised, if they did."""

    handled: int
    error: Exception | None


def handle(
    database: Database,
    subscription: Subscription,
    envelopes: Sequence[Envelope],
    settle: Callable[[UnitOfWork, int], None] | None = None,
) -> Outcome:
    """Handle envelopes in order in one transaction, up to the first that fails; `settle` is told how many are done.

    All of them share one savepoint; when one fails, those before it are done again without it.
    """

    def work(unit: UnitOfWork) -> Outcome:
        outcome = tried(unit, subscription, envelopes)
        if settle is not None:
            settle(unit, outcome.handled)
        return outcome

    return database.write(work)


def tried(unit: UnitOfWork, subscription: Subscription, envelopes: Sequence[Envelope]) -> Outcome:
    """Handle envelopes in order within a transaction, up to the first that fails: of that one nothing stays."""
    published, done = unit.published, 0
    try:
        with attempt(unit.connection):
            known = _handled(unit, subscription, envelopes)
            for envelope in envelopes:
                if envelope.id not in known:
                    known.add(envelope.id)
                    for handler in subscription.handlers.get(type(envelope.event), ()):
                        handler(unit, envelope)
                done += 1
    except sa.exc.OperationalError:
        raise  # the database's trouble, not the handler's: the whole work is undone, and no attempt is counted
    except Exception as error:
        unit.published = published
        before = tried(unit, subscription, envelopes[:done]) if done else Outcome(0, None)
        return before if before.error is not None else Outcome(done, error)
    return Outcome(done, None)


_KNOWN = prepared(
    sa.select(inbox.c.event_id).where(
        inbox.c.group == sa.bindparam("of_group"), inbox.c.event_id.in_(sa.bindparam("ids", expanding=True))
    )
)


def _handled(unit: UnitOfWork, subscription: Subscription, envelopes: Sequence[Envelope]) -> set[str]:
    """The ids of those that this group has handled before; that it handles the others is proven with what their handlers do."""
    group, conn = subscription.group, unit.connection
    rows = [{"group": group, "event_id": envelope.id, "handled_at": unit.now} for envelope in envelopes]
    if len(rows) == 1:
        return set() if insert_once(conn, inbox, rows[0]) else {envelopes[0].id}
    ids = list(dict.fromkeys(envelope.id for envelope in envelopes))
    known = set(conn.execute(_KNOWN, {"of_group": group, "ids": ids}).scalars())
    insert_all_once(conn, inbox, [row for row in rows if row["event_id"] not in known])
    return known


def is_final(error: BaseException) -> bool:
    """Whether trying again can only say the same: the event itself is wrong here (a lane that is not on the map), so nobody waits."""
    return isinstance(error, ParkingError) and error.kind in (ErrorKind.INVALID, ErrorKind.NOT_FOUND)


def bury(unit: UnitOfWork, group: str, envelope: Envelope, error: str, attempts: int) -> None:
    """Write a dead letter: the event, the group that could not handle it, and why, without anything personal."""
    row = {
        "group": group,
        "event_id": envelope.id,
        "envelope": codec.encode(envelope),
        "error": error,
        "attempts": attempts,
        "died_at": unit.now,
    }
    insert_once(unit.connection, dead_letter, row)


def describe(error: BaseException) -> str:
    """An error in one line that can be stored: its type and stable code; texts of strangers may hold a plate."""
    return f"{type(error).__name__} {error.code}" if isinstance(error, ParkingError) else type(error).__name__


def forget_handled(unit: UnitOfWork, *, older_than: timedelta) -> int:
    """Drop proofs of handling that no repeat can reach any more; returns how many."""
    return unit.connection.execute(sa.delete(inbox).where(inbox.c.handled_at < unit.now - older_than)).rowcount
