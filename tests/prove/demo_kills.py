"""The demo mall under `kill -9`: server, gate box and world die at random moments while cars move, and nothing acknowledged is lost.

`python -m tests.prove.demo_kills [KILLS] [SEED]` prints one line: name, figure, goal, holds or falls short.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from guidance import store as guidance_store
from hardware_sim.traffic import arrivals
from parking.cli import demo
from parking.cli.demo_site import DemoSite, lay_out
from parking.cli.operator_client import OperatorClient
from parking.cli.supervisor import Supervisor
from parking.gate.api import edge_event
from parking.kernel.clock import SystemClock
from parking.kernel.ids import RandomIds, StayId
from parking.plumbing.db import open_database
from parking.plumbing.tables import dead_letter, delivery, outbox
from parking.security import audit
from parking.sessions import store as sessions
from payments import ledger_store

VICTIMS = ("server", "edge", "world")
FINISHED = frozenset({"left", "gave_up"})


@dataclass
class Findings:
    """What was done, and every promise that was broken."""

    kills: Counter[str] = field(default_factory=Counter)
    cars: int = 0
    events: int = 0
    passages: int = 0
    payments: int = 0
    broken: list[str] = field(default_factory=list)

    def expect(self, holds: bool, what: str) -> None:
        if not holds:
            self.broken.append(what)


class KilledDemo:
    """A demo mall of its own in a folder; cars are sent by hand, so that they stop when the killing stops."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.site: DemoSite = lay_out(folder)
        self.supervisor = Supervisor(folder / "logs")
        self.findings = Findings()
        self._plates = (a.plate.text for a in arrivals(seed, datetime.now(UTC), 24 * 30, 60))
        self._stopping = threading.Event()
        self._traffic = threading.Thread(target=self._send_cars, daemon=True)
        self.operator: OperatorClient | None = None
        self.rested_at: datetime | None = None

    def open(self) -> None:
        self.operator = demo.start(self.supervisor, self.site, traffic=False, seed=1, say=lambda _: None)
        self._traffic.start()

    def close(self) -> None:
        self._stopping.set()
        if self._traffic.is_alive():
            self._traffic.join()
        if self.operator is not None:
            self.operator.close()
        self.supervisor.stop()

    def kill(self, victim: str) -> None:
        """Once cars move again, end one process at a random moment, and wait until it has a successor."""
        before = self._passages()
        self._wait(lambda: self._passages() > before, 60)
        threading.Event().wait(self.random.uniform(0.0, 4.0))  # any moment of the next car's way is as good as another
        restarts = self.supervisor.restarts[victim]
        os.kill(self.supervisor.pid(victim), signal.SIGKILL)
        self.findings.kills[victim] += 1
        self._wait(lambda: self.supervisor.restarts[victim] > restarts, 20)

    def come_to_rest(self) -> None:
        """Once somebody has paid, no more kills and no more cars; those inside leave, and all that waits is worked off."""
        passages = self._passages()
        self._wait(lambda: bool(_captured(self.site)) and self._passages() > passages, 90)
        self._stopping.set()
        self._traffic.join()
        self._wait(lambda: self.operator is not None and self.operator.is_ready(), 60)
        self._wait(self._cars_are_gone, 90)
        self._wait(self._nothing_waits, 90)
        self.rested_at = datetime.now(UTC)

    def _send_cars(self) -> None:
        while not self._stopping.wait(self.random.uniform(1.0, 2.0)):
            plan = {
                "plate": next(self._plates),
                "level": self.random.choice(("b1", "b2")),
                "dwell_s": self.random.uniform(1.0, 4.0),
                "pays": self.random.choice(("kiosk", "kiosk", "exit")),
            }
            with suppress(httpx.HTTPError):
                httpx.post(f"{self.site.url('control')}/cars", json=plan, timeout=2.0)
                self.findings.cars += 1

    def _wait(self, condition: Callable[[], bool], within_s: float) -> None:
        deadline = time.monotonic() + within_s
        pause = threading.Event()
        while time.monotonic() < deadline:
            with suppress(httpx.HTTPError, sqlite3.OperationalError):
                if condition():
                    return
            pause.wait(0.1)

    def _passages(self) -> int:
        with closing(_read_only(self.site.root / "edge-1.db")) as box:
            query = "SELECT count(*) FROM entry WHERE json_extract(body, '$.type') = 'VehiclePassed'"
            return int(box.execute(query).fetchone()[0])

    def _cars_are_gone(self) -> bool:
        cars = httpx.get(f"{self.site.url('control')}/state", timeout=3.0).json()["cars"]
        return all(car["stage"] in FINISHED for car in cars)

    def _nothing_waits(self) -> bool:
        with closing(_read_only(self.site.root / "edge-1.db")) as box:
            behind = box.execute("SELECT (SELECT coalesce(max(seq), 0) FROM entry) - acked FROM journal").fetchone()[0]
        with closing(_read_only(self.site.root / "server.db")) as server:
            pending = server.execute("SELECT count(*) FROM outbox WHERE relayed_at IS NULL").fetchone()[0]
            pending += server.execute("SELECT count(*) FROM delivery").fetchone()[0]
        return not behind and not pending and _paid_at_the_wallet(self.site).keys() == _captured(self.site).keys()


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def _paid_at_the_wallet(site: DemoSite) -> dict[str, tuple[int, int]]:
    """Order number -> minor units and how often they were taken, for every order that somebody has paid."""
    with closing(_read_only(site.root / "world" / "wallet.db")) as wallet:
        orders = [json.loads(body) for (body,) in wallet.execute("SELECT body FROM held")]
    return {
        o["message"]["number"]: (o["message"]["amount"], o["charges"])
        for o in orders
        if o["message"]["state"] == "PAID" or o["charges"]
    }


def _captured(site: DemoSite) -> dict[str, int]:
    with closing(_read_only(site.root / "server.db")) as server:
        return dict(server.execute("SELECT number, amount FROM payment WHERE state = 'PAID'").fetchall())


def judge(site: DemoSite, findings: Findings, rested_at: datetime | None = None) -> None:
    """Read every book of the site, with nobody writing any more, and compare; what the end itself made happen may still wait."""
    with closing(_read_only(site.root / "edge-1.db")) as box:
        epoch, acked = box.execute("SELECT epoch, acked FROM journal").fetchone()
        journal = [(seq, json.loads(body)) for seq, body in box.execute("SELECT seq, body FROM entry ORDER BY seq")]
    findings.events = len(journal)
    findings.expect(acked == len(journal), f"the server has acknowledged {acked} of {len(journal)} events of the box")
    database = open_database(site.database_url, clock=SystemClock(), ids=RandomIds(), origin="judge")
    try:
        database.read(lambda conn: judge_server(conn, epoch, journal, findings, rested_at))
        verdict = database.read(ledger_store.verify)
        findings.expect(verdict.holds, f"the ledger does not hold: {verdict}")
        findings.expect(database.read(audit.verify).broken_at is None, "the audit chain is broken")
    finally:
        database.close()
    paid, captured = _paid_at_the_wallet(site), _captured(site)
    findings.payments = len(captured)
    findings.expect(all(charges == 1 for _, charges in paid.values()), "a payer's money was taken twice")
    once = {number: amount for number, (amount, _) in paid.items()}
    findings.expect(once == captured, f"the wallet has {len(once)} payments, our books have {len(captured)}")


def judge_server(
    conn: sa.Connection,
    epoch: str,
    journal: list[tuple[int, dict[str, Any]]],
    findings: Findings,
    rested_at: datetime | None = None,
) -> None:
    kept = conn.execute(sa.select(edge_event.c.seq, edge_event.c.event_id).where(edge_event.c.epoch == epoch)).all()
    expected = [(seq, event["id"]) for seq, event in journal]
    findings.expect(sorted(tuple(row) for row in kept) == expected, "the server's events are not the box's journal")
    forwarded = set(conn.execute(sa.select(outbox.c.event_id).where(outbox.c.origin == "edge-1")).scalars())
    findings.expect(forwarded == {event["id"] for _, event in journal}, "an event was stored and not passed on")
    passages = [event for _, event in journal if event["type"] == "VehiclePassed"]
    findings.passages = len(passages)
    _judge_stays(conn, passages, findings)
    moved = Counter(conn.execute(sa.select(guidance_store.movement.c.event_id)).scalars())
    findings.expect(all(moved[p["id"]] == 1 for p in passages), "a passage was not counted exactly once")
    findings.expect(conn.execute(sa.select(dead_letter.c.event_id)).first() is None, "an event was given up")
    waiting = sa.select(delivery.c.event_id).join(outbox, outbox.c.event_id == delivery.c.event_id)
    if rested_at is not None:
        waiting = waiting.where(outbox.c.occurred_at < rested_at)
    findings.expect(conn.execute(waiting).first() is None, "an event is still waiting")
    total = sum(balance for _, _, balance in ledger_store.balances(conn))
    findings.expect(total == 0, f"the ledger sums to {total}")


def _judge_stays(conn: sa.Connection, passages: list[dict[str, Any]], findings: Findings) -> None:
    entered = Counter(p["data"]["visit_id"] for p in passages if p["data"]["direction"] == "in")
    left = [p["data"]["visit_id"] for p in passages if p["data"]["direction"] == "out"]
    stays = {row.id: row.state for row in conn.execute(sa.select(sessions.stay.c.id, sessions.stay.c.state))}
    findings.expect(stays.keys() == entered.keys(), "stays and entries are not the same")
    findings.expect(all(n == 1 for n in entered.values()), "a lane told one entry twice")
    alone = sessions.unmatched_exit.c.stay_id.is_(None)
    unmatched = len(conn.execute(sa.select(sessions.unmatched_exit.c.visit_id).where(alone)).all())
    closed = sum(state == "closed" for state in stays.values())
    findings.expect(
        closed + unmatched == len(left), f"{len(left)} exits ended {closed} stays and made {unmatched} cases"
    )
    sums = [ledger_store.stay_sums(conn, StayId(stay_id)) for stay_id in stays]
    findings.expect(all(s.holds for s in sums), "I1: a stay is neither charged once nor owed")
    findings.expect(
        all(s.due is not None for s, state in zip(sums, stays.values(), strict=True) if state == "closed"),
        "a stay has ended without a bill",
    )


def run(folder: Path, victims: list[str], seed: int) -> Findings:
    """Kill these, one after the other, let the mall come to rest, and judge."""
    mall = KilledDemo(folder, seed)
    try:
        mall.open()
        for victim in victims:
            mall.kill(victim)
        mall.come_to_rest()
    finally:
        mall.close()
    judge(mall.site, mall.findings, mall.rested_at)
    enough = len(victims)
    mall.findings.expect(
        mall.findings.passages >= enough, f"only {mall.findings.passages} cars moved: nothing is proven"
    )
    mall.findings.expect(mall.findings.payments > 0, "nobody paid: nothing is proven about money")
    return mall.findings


def main(arguments: list[str]) -> int:
    kills = int(arguments[0]) if arguments else 30
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().randrange(10**6)
    dice = random.Random(seed)
    folder = Path(tempfile.mkdtemp(prefix="parking-kills-"))
    found = run(folder, [dice.choice(VICTIMS) for _ in range(kills)], seed)
    holds = not found.broken
    for what in found.broken:
        print(f"  {what}")
    if holds:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"  everything is kept in {folder}")
    print(
        f"demo_kills: {sum(found.kills.values())} kills (seed {seed}), {found.passages} passages, {found.events} events,"
        f" {found.payments} payments, {len(found.broken)} promises broken; goal 0 broken; {'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
