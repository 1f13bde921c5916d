"""Durable jobs: enqueued in the transaction that needs them, claimed by lease, tried again with bounded back-off.

A job runs at least once; its handler makes the effect single by the job's `dedupe` key or by what it finds in the database.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from parking.kernel.clock import Clock
from parking.plumbing.column_types import Json, UtcDateTime
from parking.plumbing.db import BigSerial, Database, UnitOfWork, insert_once, metadata
from parking.plumbing.delivery import RetryPolicy, describe
from parking.plumbing.prepared import prepared

LEASE = timedelta(seconds=60)
IDLE_S = 1.0
JobHandler = Callable[[Database, dict[str, Any]], None]
log = structlog.get_logger(__name__)

job = sa.Table(
    "job",
    metadata,
    sa.Column("id", BigSerial, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("dedupe", sa.String(128), nullable=False, unique=True),
    sa.Column("payload", Json, nullable=False),
    sa.Column("run_at", UtcDateTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("leased_until", UtcDateTime, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),  # waiting, done, dead
    sa.Column("ended_at", UtcDateTime, nullable=True),
    sa.Column("error", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
sa.Index(
    "job_waiting",
    job.c.run_at,
    sqlite_where=job.c.state == sa.literal_column("'waiting'"),
    postgresql_where=job.c.state == sa.literal_column("'waiting'"),
)
IS_DEAD = job.c.state == sa.literal_column("'dead'")
sa.Index("job_dead", job.c.ended_at, sqlite_where=IS_DEAD, postgresql_where=IS_DEAD)


_free = (
    sa.select(job.c.id)
    .where(
        job.c.state == sa.literal_column("'waiting'"),
        job.c.run_at <= sa.bindparam("now"),
        job.c.leased_until <= sa.bindparam("now"),
        job.c.kind.in_(sa.bindparam("kinds", expanding=True)),
    )
    .order_by(job.c.run_at, job.c.id)
    .limit(1)
)
_SOONEST = prepared(
    sa.select(job.c.run_at)
    .where(job.c.state == sa.literal_column("'waiting'"), job.c.kind.in_(sa.bindparam("kinds", expanding=True)))
    .order_by(job.c.run_at)
    .limit(1)
)
_FINISH = prepared(
    sa.update(job).where(job.c.id == sa.bindparam("of_job"), job.c.leased_until == sa.bindparam("of_lease"))
)
_CLAIM = prepared(
    sa.update(job)
    # By `=`, for PostgreSQL may ask an IN again for each row, and each time another job is free. SQLite has one writer and locks nothing.
    .where(job.c.id == _free.with_for_update(skip_locked=True).scalar_subquery())
    .values(leased_until=sa.bindparam("until"), attempts=job.c.attempts + 1)
    .returning(job.c.id, job.c.kind, job.c.payload, job.c.attempts)
)


def enqueue(
    uow: UnitOfWork, kind: str, dedupe: str, payload: Mapping[str, Any], run_at: datetime | None = None
) -> bool:
    """Have `kind` run with `payload` (JSON) at `run_at` or at once; False when a job with this `dedupe` is known already."""
    row = {
        "kind": kind,
        "dedupe": dedupe,
        "payload": dict(payload),
        "run_at": run_at or uow.now,
        "attempts": 0,
        "leased_until": uow.now,
        "state": "waiting",
        "error": "",
    }
    uow.enqueued += 1
    return insert_once(uow.connection, job, row)


def forget_done(unit: UnitOfWork, *, older_than: timedelta) -> int:
    """Drop jobs that were done longer ago than that, their dedupe keys with them; returns how many."""
    old = sa.and_(job.c.state == "done", job.c.ended_at < unit.now - older_than)
    return unit.connection.execute(sa.delete(job).where(old)).rowcount


@dataclass(frozen=True, slots=True)
class _Claim:
    id: int
    kind: str
    payload: dict[str, Any]
    attempts: int
    leased_until: datetime


class JobRunner:
    """Runs due jobs; any number of runners, in any number of processes, share the work."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, JobHandler],
        clock: Clock,
        *,
        retry: RetryPolicy | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        self._database = database
        self._handlers = dict(handlers)
        self._clock = clock
        self._retry = retry or RetryPolicy(attempts=12, first_s=1.0, most_s=300.0)
        self._lease = lease
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._looked_at: tuple[int, datetime | None] = (-1, None)

    def run_due(self) -> int:
        """Run what is due now, in the calling thread, each job under its own fresh lease; returns how many ran."""
        total = 0
        if self._none_is_due():
            return total
        while (claim := self._database.write(self._claim)) is not None:
            self._run_one(claim)
            total += 1
        self._looked_at = -1, None
        return total

    def start(self) -> None:
        """Run jobs in a thread from now on; it looks every second, and at once when woken."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for due jobs now."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread after the job in hand."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _none_is_due(self) -> bool:
        """Asked without a transaction; and where nothing has been put into the queue since, not even that."""
        now, enqueued, kinds = self._clock.now(), self._database.enqueued, list(self._handlers)
        if not self._database.is_private or self._looked_at[0] != enqueued:
            soonest: datetime | None = self._database.read(lambda conn: conn.scalar(_SOONEST, {"kinds": kinds}))
            self._looked_at = enqueued, soonest
        soonest = self._looked_at[1]
        return soonest is None or soonest > now

    def _claim(self, unit: UnitOfWork) -> _Claim | None:
        now = self._clock.now()
        until = now + self._lease
        row = unit.connection.execute(_CLAIM, {"now": now, "kinds": list(self._handlers), "until": until}).one_or_none()
        return None if row is None else _Claim(row.id, row.kind, row.payload, row.attempts, until)

    def _run_one(self, claim: _Claim) -> None:
        error: Exception | None = None
        if claim.attempts > self._retry.attempts:  # it took its process down each time, or ran out of lease
            error = RuntimeError("lost")
        else:
            try:
                self._handlers[claim.kind](self._database, claim.payload)
            except Exception as failure:
                error = failure
        self._database.write(lambda unit: self._finish(unit, claim, error))

    def _finish(self, unit: UnitOfWork, claim: _Claim, error: Exception | None) -> None:
        now = self._clock.now()
        if error is None:
            change: dict[str, Any] = {"state": "done", "ended_at": now, "error": ""}
        elif claim.attempts >= self._retry.attempts:
            log.error("job.dead", kind=claim.kind, job=claim.id, attempts=claim.attempts, error=describe(error))
            change = {"state": "dead", "ended_at": now, "error": describe(error)}
        else:
            log.warning("job.failed", kind=claim.kind, job=claim.id, attempts=claim.attempts, error=describe(error))
            change = {"run_at": now + self._retry.wait(claim.attempts), "leased_until": now, "error": describe(error)}
        mine = {"of_job": claim.id, "of_lease": claim.leased_until}  # else another runner has it by now
        unit.connection.execute(_FINISH, mine | change)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                while not self._stopping.is_set() and (claim := self._database.write(self._claim)) is not None:
                    self._run_one(claim)
            except Exception as error:  # the database is away or full: the jobs stay where they are
                log.error("jobs.stalled", error=describe(error))
            self._wake.wait(IDLE_S)
