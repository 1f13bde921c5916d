"""What was published leaves in order, and is marked only after the bus has it: a crash in between repeats, never loses."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
import structlog

from parking.kernel import codec
from parking.kernel.events import Envelope
from parking.plumbing.bus import IDLE_S, Bus, OwnBus
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.delivery import describe
from parking.plumbing.prepared import prepared, undone_within
from parking.plumbing.tables import outbox

MOST_AT_ONCE = 200
log = structlog.get_logger(__name__)
_WAITING = prepared(
    sa.select(outbox)
    .where(outbox.c.relayed_at.is_(None))
    .order_by(outbox.c.seq)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_THERE = prepared(sa.select(outbox.c.event_id).where(outbox.c.event_id.in_(sa.bindparam("ids", expanding=True))))
_RELAYED = prepared(
    sa.update(outbox).where(outbox.c.seq == sa.bindparam("number")).values(relayed_at=sa.bindparam("at"))
)


def waiting(connection: sa.Connection, limit: int = MOST_AT_ONCE) -> list[tuple[int, Envelope]]:
    """The oldest events that the bus does not have yet, as (number, envelope), in the order of publication."""
    rows = connection.execute(_WAITING, {"most": limit}).mappings()
    return [(row["seq"], _envelope(row)) for row in rows]


def _envelope(row: sa.RowMapping) -> Envelope:
    plain = {"id": row["event_id"], "at": codec.to_plain(row["occurred_at"]), "origin": row["origin"]}
    return codec.decode(plain | {"type": row["type"], "data": row["data"]})


def backlog(connection: sa.Connection) -> int:
    """How many events wait for the relay."""
    query = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.relayed_at.is_(None))
    return connection.scalar(query) or 0


def forget_relayed(unit: UnitOfWork, *, older_than: timedelta) -> int:
    """Drop events that left longer ago than that; returns how many."""
    return unit.connection.execute(sa.delete(outbox).where(outbox.c.relayed_at < unit.now - older_than)).rowcount


class OutboxRelay:
    """Moves events from the outbox to the bus; several relays on one database repeat each other's work, harmlessly."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._news = True
        """Whether something may wait; where database and bus are ours alone, nothing does before somebody here publishes."""
        self._ours = bus if isinstance(bus, OwnBus) and bus.is_on(database) else None
        """The bus, where it lies in our own database."""
        self._alone = database.is_private and self._ours is not None
        if self._alone and self._ours is not None and self._ours.at_once:
            database.hand_on = self._hand_on
        database.after_commit(self._published)

    def drain(self) -> int:
        """Relay all that waits, in the calling thread; returns how many events left."""
        total = 0
        while self._news or not self._alone:
            batch = self._database.read(waiting)
            self._news = len(batch) == MOST_AT_ONCE  # else these were all; whoever handles them may publish more
            if not batch:
                break
            try:
                self._move(batch)
            except BaseException:
                self._news = True  # they wait still
                raise
            total += len(batch)
        return total

    def _hand_on(self, unit: UnitOfWork) -> None:
        """All that a work has published, and all that follows from it, in its own transaction; what was undone within it is gone."""
        assert self._ours is not None
        while unit.fresh:
            told, unit.fresh = unit.fresh, {}
            if undone_within(unit.connection):
                kept = set(unit.connection.execute(_THERE, {"ids": list(told)}).scalars())
                told = {name: one for name, one in told.items() if name in kept}
            self._ours.take(unit, list(told.values()), first=True)

    def _published(self) -> None:
        self._news = self._database.hand_on is None
        self._wake.set()

    def _move(self, batch: Sequence[tuple[int, Envelope]]) -> None:
        """Hand a batch to the bus and mark it: in one transaction where the bus lies in our own database."""
        numbers, envelopes = [number for number, _ in batch], [envelope for _, envelope in batch]
        bus = self._ours
        if bus is None:
            self._bus.publish(envelopes)
            self._database.write(lambda unit: _mark(unit, numbers))
            return

        def work(unit: UnitOfWork) -> None:
            bus.take(unit, envelopes)
            _mark(unit, numbers)

        self._database.write(work)
        bus.wake(envelopes)

    def start(self) -> None:
        """Relay in a thread, woken by every commit that published."""
        self._database.hand_on = None
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the batch in hand."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self.drain()
            except Exception as error:  # bus or database away: everything stays in the outbox
                log.error("outbox.stalled", error=describe(error))
            self._wake.wait(IDLE_S)


def _mark(unit: UnitOfWork, numbers: list[int]) -> None:
    unit.connection.execute(_RELAYED, [{"number": number, "at": unit.now} for number in numbers])
