"""Group commit: durable events per second of 64 lanes through our database, against one bare sqlite3 commit per event.

The lanes are coroutines of one event loop, as in the server, each waiting for its own event to be durable before it sends the
next; the same with 64 blocking threads is printed beside it. Both sides sync every commit (`synchronous=FULL`) on the same file
system, rounds alternate in random order, each event is one row; the time of a bare fdatasync is recorded with every round,
because it decides how much a group can save.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa
import uvloop

from parking.kernel.clock import SystemClock
from parking.kernel.ids import RandomIds
from parking.plumbing.db import UnitOfWork, open_database
from parking.plumbing.prepared import prepared

LANES = 64
ROUNDS = 9
ROUND_S = 0.6
GOAL = 3.0
passage = sa.Table(
    "passage",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("lane", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
)
INSERT = prepared(passage.insert())  # as every statement that an event runs


class Ours:
    """64 lanes on our database."""

    def __init__(self, folder: Path) -> None:
        self._database = open_database(
            f"sqlite:///{folder}/ours.db", clock=SystemClock(), ids=RandomIds(), origin="bench"
        )
        self._database.create_tables(passage.metadata)

    def rate(self) -> float:
        """Acknowledged events per second of 64 coroutines."""
        acknowledged = [0] * LANES

        async def lane(number: int, until: float) -> None:
            work = self._work(number, acknowledged)
            while time.perf_counter() < until:
                await self._database.awrite(work)
                acknowledged[number] += 1

        async def all_lanes() -> None:
            until = time.perf_counter() + ROUND_S
            await asyncio.gather(*(lane(number, until) for number in range(LANES)))

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return self._measured(acknowledged, lambda: runner.run(all_lanes()))

    def rate_of_threads(self) -> float:
        """The same of 64 threads."""
        acknowledged = [0] * LANES
        until = time.perf_counter() + ROUND_S

        def lane(number: int) -> None:
            work = self._work(number, acknowledged)
            while time.perf_counter() < until:
                self._database.write(work)
                acknowledged[number] += 1

        with ThreadPoolExecutor(LANES) as lanes:
            return self._measured(
                acknowledged, lambda: [f.result() for f in [lanes.submit(lane, n) for n in range(LANES)]]
            )

    def _work(self, number: int, acknowledged: list[int]) -> Callable[[UnitOfWork], None]:
        def work(unit: UnitOfWork) -> None:
            unit.connection.execute(INSERT, {"lane": number, "number": acknowledged[number]})

        return work

    def _measured(self, acknowledged: list[int], run: Callable[[], object]) -> float:
        before, started = self._rows(), time.perf_counter()
        run()
        spent = time.perf_counter() - started
        assert self._rows() - before == sum(acknowledged)
        return sum(acknowledged) / spent

    def _rows(self) -> int:
        return self._database.read(lambda c: c.scalar(sa.select(sa.func.count()).select_from(passage)) or 0)

    def close(self) -> None:
        self._database.close()


class Bare:
    """The least that one durable event costs: sqlite3, one insert, one commit."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(
            "CREATE TABLE passage (id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, number INTEGER NOT NULL)"
        )

    def rate(self) -> float:
        done = 0
        started = time.perf_counter()
        while (spent := time.perf_counter() - started) < ROUND_S:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("INSERT INTO passage (lane, number) VALUES (?, ?)", (1, done))
            self._connection.execute("COMMIT")
            done += 1
        return done / spent

    def close(self) -> None:
        self._connection.close()


def fdatasync_ms(folder: Path) -> float:
    """The median time of one 4 KiB append and fdatasync."""
    times = []
    with (folder / "sync").open("ab", buffering=0) as file:
        for _ in range(20):
            file.write(b"x" * 4096)
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def test_group_commit() -> None:
    """Every acknowledged row is there; the ratio is printed."""
    syncs: list[float] = []
    rates: dict[str, list[float]] = {"ours": [], "threads": [], "bare": []}
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        ours, bare = Ours(folder), Bare(folder)
        sides = {"ours": ours.rate, "threads": ours.rate_of_threads, "bare": bare.rate}
        for measure in sides.values():  # warm
            measure()
        for _ in range(ROUNDS):
            syncs.append(fdatasync_ms(folder))
            for side in random.sample(sorted(sides), len(sides)):
                rates[side].append(sides[side]())
        ours.close()
        bare.close()
    ratios = [mine / plain for mine, plain in zip(rates["ours"], rates["bare"], strict=True)]
    threads = statistics.median(t / b for t, b in zip(rates["threads"], rates["bare"], strict=True))
    ratio = statistics.median(ratios)
    print(
        f"\ngroup commit, {LANES} lanes: {ratio:.2f} times the bare commit rate (rounds {min(ratios):.1f} to {max(ratios):.1f}; "
        f"{statistics.median(rates['ours']):.0f} against {statistics.median(rates['bare']):.0f} events/s; as threads {threads:.2f}; "
        f"fdatasync {min(syncs):.2f} to {max(syncs):.2f} ms), goal {GOAL:.2f}, {'holds' if ratio >= GOAL else 'falls short'}"
    )
