"""A thousand debts, two workers, four calls in ten going wrong, and `kill -9` right after the money was taken: every debt is charged
once and none twice, on a SQLite file and on PostgreSQL.

The workers are processes with the product's jobs, cashier and adapter; the company is a process as well, answers on real sockets,
takes the money, and then kills the worker that asked for it (`tests.builders.debt_collectors`).

`python -m tests.prove.debts [DEBTS] [SEED]`. Ends in one line: name, figure, goal, holds or falls short.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import sqlalchemy as sa

from parking.plumbing.db import Database
from payments import ledger_store, store
from payments.later import store as later_store
from payments.later.model import DebtState
from payments.model import PaymentState
from tests.builders.debt_collectors import (
    DUE,
    Town,
    a_cashier,
    fork,
    live_as_company,
    live_as_worker,
    owe,
    stay_of,
)
from tests.fixtures.postgres import a_postgres

DEBTS, WORKERS = 1_000, 2
LONGEST_S = 900.0


@dataclass
class Found:
    """What came of one run."""

    kills: int = 0
    lives: int = 0
    charged: int = 0
    seconds: float = 0.0
    wrong: Counter[str] = field(default_factory=Counter)


def free_ports(count: int) -> tuple[int, ...]:
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(contextlib.closing(socket.socket())) for _ in range(count)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return tuple(int(one.getsockname()[1]) for one in taken)


def run(url: str, folder: Path, debts: int, seed: int, *, kills: float = 0.1) -> Found:
    """Collect so many debts, and judge."""
    town = Town(url, folder, time.time(), free_ports(WORKERS), mmap.mmap(-1, 64), kills=kills)
    owe(town, debts)
    found, began = Found(), time.monotonic()
    company = fork(lambda: live_as_company(town, debts, seed))
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{town.ports[0]}", trust_env=False, timeout=30) as line:
            _until_it_answers(line)
            _collect(town, debts, found)
            trades = line.get("/_sim/trades").json()["trades"]
            found.kills = int(line.get("/_sim/kills").text)
    finally:
        os.kill(company, signal.SIGTERM)
        os.waitpid(company, 0)
    found.seconds = time.monotonic() - began
    database = town.database()
    try:
        _judge(town, database, debts, {t["number"]: int(t["charges"]) for t in trades}, found)
    finally:
        database.close()
    return found


def _until_it_answers(line: httpx.Client) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            line.get("/_sim/kills")
            return
        except httpx.HTTPError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)  # between two looks, never longer than the deadline above


def _collect(town: Town, debts: int, found: Found) -> None:
    """Keep the workers alive until all is paid."""
    workers: dict[int, int] = {}
    until, looked = time.monotonic() + LONGEST_S, 0.0
    paid = sa.select(sa.func.count()).where(store.payment_table.c.state == PaymentState.PAID.value)
    try:
        while True:
            for worker in range(WORKERS):
                pid = workers.get(worker)
                if pid is None or os.waitpid(pid, os.WNOHANG) != (0, 0):
                    workers[worker] = fork(lambda worker=worker: live_as_worker(town, worker))  # type: ignore[misc] # bound per turn
                    found.lives += 1
            if time.monotonic() - looked > 1.0:
                looked = time.monotonic()
                if _scalar(town.url, paid) >= debts:
                    return
            if looked > until:
                found.wrong["not all was collected in time"] += 1
                return
            time.sleep(0.01)  # between two looks at the workers
    finally:
        for pid in workers.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _scalar(url: str, query: sa.Select[int]) -> int:
    """One look without a thread that a child would inherit."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


def _judge(town: Town, database: Database, debts: int, charges: dict[str, int], found: Found) -> None:
    wrong = found.wrong
    with contextlib.ExitStack() as stack:
        cashier = a_cashier(town, database, town.ports[0], stack)
    of_stay: Counter[str] = Counter()
    for order, count in charges.items():
        payment = database.read(lambda conn, order=order: store.by_number(conn, order))  # type: ignore[misc] # bound per turn
        if payment is None:
            wrong["charged under a number that is not ours"] += 1
        else:
            of_stay[payment.stay_id] += count
    for number in range(debts):
        stay_id = stay_of(number)
        wrong["charged twice"] += of_stay[stay_id] > 1
        wrong["never charged"] += of_stay[stay_id] < 1
        database.write(lambda uow, stay_id=stay_id: cashier.later.paid(uow, stay_id))  # type: ignore[misc] # as on its event
        sums = database.read(lambda conn, stay_id=stay_id: ledger_store.stay_sums(conn, stay_id))  # type: ignore[misc] # bound per turn
        wrong["the ledger says otherwise"] += not (
            sums.holds and sums.captured == DUE and sums.debt == sums.overpaid == 0
        )
        debt = database.read(lambda conn, stay_id=stay_id: later_store.debt(conn, stay_id))  # type: ignore[misc] # bound per turn
        wrong["the debt still stands"] += debt is None or debt.state is not DebtState.PAID
    wrong["the ledger is broken"] += not database.read(ledger_store.verify).holds
    wrong["the ledger is not zero"] += sum(b for _, _, b in database.read(ledger_store.balances)) != 0
    found.charged = sum(of_stay.values())
    found.wrong = +wrong


def main(debts: int = DEBTS, seed: int = 1) -> int:
    holds = True
    figures = []
    for name in ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            url = f"sqlite:///{folder}/parking.db" if name == "sqlite" else stack.enter_context(a_postgres())
            found = run(url, Path(folder), debts, seed)
        print(
            f"  {name}: {found.charged} of {debts} charged, {found.kills} kills right after the money was taken, {found.lives} lives"
            f" of {WORKERS} workers, {found.seconds:.0f} s; wrong: {dict(found.wrong) or 'nothing'}",
            flush=True,
        )
        holds &= not found.wrong and found.charged == debts and found.kills > debts // 100
        figures.append(f"{found.charged} charged once after {found.kills} kills on {name}")
    verdict = "falls short" if not holds else "holds" if debts >= DEBTS else "holds for these"
    print(f"debts: {', '.join(figures)}; goal {DEBTS} each, none twice; {verdict}")
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))
