"""Processes that do the plumbing's work and are killed in the middle of it: started from a warm server, they begin at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from parking import migrations
from parking.kernel.clock import SystemClock
from parking.kernel.events import Envelope, VehicleBackedAway
from parking.kernel.ids import RandomIds
from parking.plumbing.bus import Bus, InProcessBus, RetryPolicy, Subscription
from parking.plumbing.db import Database, UnitOfWork, open_database
from parking.plumbing.jobs import JobRunner
from parking.plumbing.outbox import OutboxRelay
from parking.plumbing.redis_streams import RedisBus
from tests.builders.plumbing import note, noting

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.builders.plumbing_processes"])


def start(target: Callable[..., None], *args: Any) -> BaseProcess:
    """A child process that runs `target`; end it with `kill`."""
    process = _context.Process(target=target, args=args, daemon=True)
    process.start()
    return process


def kill(process: BaseProcess) -> None:
    """kill -9, and wait until it is gone."""
    process.kill()
    process.join(30)


def _open(url: str) -> Database:
    return open_database(url, clock=SystemClock(), ids=RandomIds(), origin="child")


def write_and_acknowledge(url: str, acknowledged: str) -> None:
    """Eight lanes write rows for ever; each row that was acknowledged is a line in the file `acknowledged`."""
    database = _open(url)
    receipts = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def lane(name: str) -> None:
        number = 0
        while True:
            number += 1
            what = f"{name}-{number}"
            database.write(lambda unit, what=what: note(unit, name, what))  # type: ignore[misc] # bound per turn
            os.write(receipts, f"{what}\n".encode())  # straight to the kernel: it outlives this process

    lanes = [threading.Thread(target=lane, args=(f"lane{n}",)) for n in range(8)]
    for thread in lanes:
        thread.start()
    lanes[0].join()


def migrate(url: str, versions: str) -> None:
    """One of several processes that find the database old at the same moment."""
    migrations.run(url, versions=Path(versions))


def _bus(database: Database, redis_url: str | None) -> Bus:
    retry = RetryPolicy(attempts=20, first_s=0.01, most_s=0.05)
    return RedisBus(database, redis_url, retry=retry, lease_s=0.3) if redis_url else InProcessBus(database, retry=retry)


def relay_and_handle(url: str, redis_url: str | None) -> None:
    """A relay and two groups at work until the process is killed."""
    database = _open(url)
    bus = _bus(database, redis_url)
    bus.subscribe(Subscription("first", {VehicleBackedAway: (noting("first"),)}))
    bus.subscribe(Subscription("second", {VehicleBackedAway: (noting("second"),)}))
    relay = OutboxRelay(database, bus)
    bus.start()
    relay.start()
    threading.Event().wait()


def die_handling(url: str, redis_url: str | None, marker: str) -> None:
    """Handle, but kill this very process inside the handler, once, before anything is committed."""
    database = _open(url)
    bus = _bus(database, redis_url)

    def deadly(unit: UnitOfWork, envelope: Envelope) -> None:
        note(unit, "deadly", envelope.id)
        if not Path(marker).exists():
            Path(marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)

    bus.subscribe(Subscription("deadly", {VehicleBackedAway: (deadly,)}))
    OutboxRelay(database, bus).drain()
    bus.start()
    threading.Event().wait()


def die_acknowledging(url: str, redis_url: str) -> None:
    """Handle and commit, and kill this very process before Redis hears of it."""
    database = _open(url)
    bus = RedisBus(database, redis_url, lease_s=0.3)
    bus.subscribe(Subscription("deadly", {VehicleBackedAway: (noting("deadly"),)}))
    bus._redis.xack = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    OutboxRelay(database, bus).drain()
    bus.drain()


def run_jobs(url: str, charged: str) -> None:
    """Run jobs that charge: the provider is a folder with one file per idempotency key, the book is the tally."""
    database = _open(url)

    def charge(database: Database, payload: dict[str, Any]) -> None:
        key = payload["key"]
        (Path(charged) / key).touch()  # the provider honours the key: the same charge again is the same file
        with (Path(charged).parent / "calls").open("a") as calls:
            calls.write(f"{key}\n")

        def book(unit: UnitOfWork) -> None:
            note(unit, "book", key)

        database.write(book)

    runner = JobRunner(
        database, {"charge": charge}, SystemClock(), retry=RetryPolicy(attempts=50, first_s=0.01, most_s=0.05)
    )
    runner.start()
    threading.Event().wait()
