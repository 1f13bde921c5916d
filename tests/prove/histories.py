"""A hundred thousand recorded transactions of 32 clients on one PostgreSQL, with kills: no update is lost, the dependencies between them
have no cycle, what was seen of the ledger is what it was at that moment, and every total is zero.

Clients pay, redeem, give, refund, leave and look on the same few stays and coupons, by the product's own code; `kill -9` hits one of them
again and again. Their records become a graph (`tests.tools.histories`): the ledger's numbers and the steps of each coupon are versions.

`python -m tests.prove.histories [TRANSACTIONS] [CLIENTS] [SEED] [SECONDS]`. Ends in one line: name, figure, goal, holds or falls short.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from parking.kernel.clock import SystemClock
from parking.kernel.ids import RandomIds
from parking.plumbing.db import Database, PostgresDatabase
from payments import ledger_store
from payments.coupons import balance
from payments.coupons.model import UseState
from payments.coupons.tables import use_table
from tests.builders.debt_collectors import fork
from tests.builders.recorded_clients import _BASE, STEPS, Client, prepare
from tests.fixtures.postgres import a_postgres
from tests.tools.histories import Transaction, cycles, explain, graph_of

TRANSACTIONS, CLIENTS = 100_000, 32
KILL_EVERY_S, LONGEST_S = 4.0, 3600.0
LEAST_CHANGES = 10  # one transaction in so many, at least, has moved the ledger or a coupon


@dataclass
class Found:
    """What the records say."""

    transactions: int = 0
    changes: int = 0
    edges: int = 0
    kills: int = 0
    undecided: int = 0
    retried: int = 0
    refused: int = 0
    movements: int = 0
    steps: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def run(
    url: str, folder: Path, transactions: int, clients: int, seed: int, *, kill_every_s: float = KILL_EVERY_S,
    longest_s: float = LONGEST_S,
) -> Found:  # fmt: skip
    """Let the clients work until there are so many records, then judge."""
    prepare(url)
    shared = mmap.mmap(-1, 64)
    _BASE.pack_into(shared, 0, 1)
    _BASE.pack_into(shared, 8, int(time.time()))
    found, began = Found(), time.monotonic()
    _work(url, folder, transactions, clients, random.Random(seed), shared, found, kill_every_s, longest_s)
    found.seconds = time.monotonic() - began
    database = PostgresDatabase(url, clock=SystemClock(), ids=RandomIds(), origin="judge")
    try:
        judge(database, list(_notes(folder)), found)
    finally:
        database.close()
    return found


def _work(
    url: str, folder: Path, transactions: int, clients: int, dice: random.Random, shared: mmap.mmap, found: Found,
    kill_every_s: float, longest_s: float,
) -> None:  # fmt: skip
    living: dict[int, int] = {}
    lives = Counter[int]()
    until, next_kill, next_look = time.monotonic() + longest_s, time.monotonic() + kill_every_s, 0.0

    warm = Client(url, folder / "warm.log", "warm", shared)
    warm.warm_up()

    def begin(number: int) -> None:
        lives[number] += 1
        name = f"c{number}-{lives[number]}"

        def life() -> None:
            warm.become(folder / f"{name}.log", name)
            warm.live()

        living[number] = fork(life)

    try:
        for number in range(clients):
            begin(number)
        while time.monotonic() < until:
            time.sleep(0.05)  # between two looks
            if time.monotonic() > next_kill:
                next_kill += kill_every_s
                number = dice.choice(sorted(living))
                _kill(living.pop(number))
                found.kills += 1
                begin(number)
            for number, pid in list(living.items()):
                if os.waitpid(pid, os.WNOHANG) != (0, 0):
                    found.wrong.append(f"client {number} has died by itself")
                    begin(number)
            if time.monotonic() > next_look:
                next_look = time.monotonic() + 5
                if (
                    sum(file.stat().st_size for file in folder.glob("*.log")) > transactions * 120
                    and _count(folder) >= transactions
                ):
                    return
                if len(found.wrong) > clients:
                    return
    finally:
        for pid in living.values():
            _kill(pid)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _count(folder: Path) -> int:
    return sum(file.read_bytes().count(b'"is":"yes"') for file in folder.glob("*.log"))


def _notes(folder: Path) -> Iterator[dict[str, Any]]:
    """The last word on each transaction; a line that was cut by a kill says nothing."""
    for file in sorted(folder.glob("*.log")):
        last: dict[str, dict[str, Any]] = {}
        for line in file.read_text().splitlines():
            with suppress(ValueError):
                note = json.loads(line)
                last[note["name"]] = note
        yield from last.values()


def judge(database: Database, notes: list[dict[str, Any]], found: Found) -> None:
    """Compare what was recorded with what is there, and look for a cycle."""
    booked, prefix = database.read(_ledger)
    coupons = database.read(_coupons)
    found.movements, found.steps = len(booked), sum(len(steps) for steps in coupons.values())
    history: list[Transaction] = []
    for note in notes:
        if note["is"] in ("no", "refused"):
            found.retried += note["is"] == "no"
            found.refused += note["is"] == "refused"
            continue
        made = _made(note, booked, coupons)
        if note["is"] == "try":  # killed before it heard: the database knows
            found.undecided += 1
            if made is None or not made:
                continue
        if made is None:
            found.wrong.append(f"{note['name']} was confirmed, and what it changed is not there")
            continue
        found.changes += bool(made)
        history.append(_transaction(note, made))
        found.wrong += _seen_otherwise(note, prefix)
    found.transactions = len(history)
    made_here = {one for transaction in history for one in transaction.makes}
    missing = [seq for seq in booked if ("ledger", seq) not in made_here]
    if missing:
        found.wrong.append(f"{len(missing)} movements are nobody's, the first {missing[0]}")
    graph = graph_of(history)
    found.edges = graph.size
    found.wrong += graph.lost[:20]
    found.wrong += [f"cycle: {explain(graph, cycle)}" for cycle in cycles(graph)[:20]]
    found.wrong += [f"I3: {fault}" for fault in database.read(balance.faults)[:20]]
    if not database.read(ledger_store.verify).holds:
        found.wrong.append("I2: the ledger does not hold")
    if sum(amount for _, _, amount in database.read(ledger_store.balances)):
        found.wrong.append("I2: the ledger is not zero")


def _ledger(conn: sa.Connection) -> tuple[dict[int, str], dict[str, list[tuple[int, str, int]]]]:
    """The reference behind each number, and the postings of each stay in their order."""
    m, p = ledger_store.movement_table.c, ledger_store.posting_table.c
    booked = {row.seq: row.reference for row in conn.execute(sa.select(m.seq, m.reference))}
    postings: dict[str, list[tuple[int, str, int]]] = {}
    query = sa.select(m.seq, m.stay_id, p.account, p.amount).join_from(
        ledger_store.movement_table, ledger_store.posting_table, p.seq == m.seq
    )
    for row in conn.execute(query.order_by(m.seq)):
        postings.setdefault(row.stay_id, []).append((row.seq, row.account, row.amount))
    return booked, postings


def _coupons(conn: sa.Connection) -> dict[str, dict[tuple[str, str], int]]:
    """The version that each step of each coupon has made: the uses of one coupon follow each other."""
    u = use_table.c
    versions: dict[str, dict[tuple[str, str], int]] = {}
    for row in conn.execute(sa.select(u.coupon_id, u.id, u.state).where(u.coupon_id.is_not(None)).order_by(u.id)):
        of = versions.setdefault(row.coupon_id, {})
        count = len(of)
        last = UseState(row.state)
        passed = (
            [UseState.RESERVED, UseState.REDEEMED, UseState.RETURNED]
            if last is UseState.RETURNED
            else [UseState.RESERVED, last]
        )
        for state in dict.fromkeys(passed):
            count += 1
            of[row.id, state.value] = count
        assert len(of) == count >= STEPS[last]
    return versions


def _made(
    note: dict[str, Any], booked: dict[int, str], coupons: dict[str, dict[tuple[str, str], int]]
) -> list[tuple[str, int]] | None:
    """The versions that a note says it made; None where the database has other ones or none."""
    made = []
    for seq, reference in note["booked"]:
        if booked.get(seq) != reference:
            return None
        made.append(("ledger", seq))
    for coupon, use, state in note["steps"]:
        version = coupons.get(coupon, {}).get((use, state))
        if version is None:
            return None
        made.append((f"coupon {coupon}", version))
    return made


def _transaction(note: dict[str, Any], made: list[tuple[str, int]]) -> Transaction:
    """The ledger's number and the coupons that it read from others, and what it made."""
    own = dict.fromkeys(made)
    reads = [("ledger", note["head"])] if note["head"] is not None else []
    reads += [(f"coupon {coupon}", version) for coupon, version in note["coupons"]]
    reads += [(key, version - 1) for key, version in made if key != "ledger" and (key, version - 1) not in own]
    ended = note["at"] if note["is"] == "yes" else None
    return Transaction(note["name"], note["began"], ended, tuple(dict.fromkeys(reads)), tuple(made))


def _seen_otherwise(note: dict[str, Any], prefix: dict[str, list[tuple[int, str, int]]]) -> list[str]:
    """Sums of a stay that were not those of the ledger at the number at which they were read."""
    wrong = []
    for stay_id, at, seen in note["sums"]:
        true: Counter[str] = Counter()
        for seq, account, amount in prefix.get(stay_id, ()):
            if seq <= at:
                true[account] += amount
        if {k: v for k, v in seen.items() if v} != {k: v for k, v in true.items() if v}:
            wrong.append(f"{note['name']} saw {seen} of a stay at {at}, it was {dict(true)}")
    return wrong


def main(
    transactions: int = TRANSACTIONS, clients: int = CLIENTS, seed: int = 1, longest_s: int = int(LONGEST_S)
) -> int:
    with tempfile.TemporaryDirectory() as folder, a_postgres() as url:
        found = run(url, Path(folder), transactions, clients, seed, longest_s=longest_s)
    for what in found.wrong[:40]:
        print(f"  {what}")
    print(
        f"  {found.changes} of them changed something: {found.movements} movements, {found.steps} steps of coupons;"
        f" {found.edges} dependencies, {found.retried} tries undone by the database, {found.refused} refused by the rules,"
        f" {found.undecided} killed undecided, {found.seconds:.0f} s"
    )
    busy = found.changes * LEAST_CHANGES >= found.transactions  # a history of onlookers would prove nothing
    holds = not found.wrong and found.transactions >= transactions and found.kills > 0 and busy
    print(
        f"histories: {found.transactions} transactions of {clients} clients, {found.kills} kills, {len(found.wrong)} lost updates,"
        f" cycles or wrong totals; goal {TRANSACTIONS} and 0; {_verdict(holds, transactions)}"
    )
    return 0 if holds else 1


def _verdict(holds: bool, transactions: int) -> str:
    if not holds:
        return "falls short"
    return "holds" if transactions >= TRANSACTIONS else "holds for this many"


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))
