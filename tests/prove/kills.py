"""A thousand `kill -9` at random instants of a gate box and its server: nothing acknowledged is lost, nothing is applied twice.

`python -m tests.prove.kills [KILLS] [SEED]` prints one line: name, figure, goal, holds or falls short. Lanes, journal, copy, link, ingest
and handlers are the product's own, on a simulated board and a socket; the whole demo under kills is `tests.prove.demo_kills`.
"""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parking.bootstrap.keys import Ed25519Signer
from parking.gate.copy_file import CopyFile
from parking.kernel.clock import SystemClock
from parking.kernel.ids import RandomIds
from parking.plumbing.db import open_database
from payments import ledger_store
from tests.builders.killed_pair import Pair, fork, live_as_box, live_as_server
from tests.prove.demo_kills import Findings, judge_server

KILLS = 1_000
LONGEST_LIFE_S = 0.6
LIVES = {"server": live_as_server, "edge": live_as_box}


@dataclass
class Child:
    """A living process and what it has written so far."""

    pid: int
    pipe: int
    heard: bytes = b""


@dataclass
class Promises:
    """Everything that was promised, over all lives."""

    told: set[str] = field(default_factory=set)
    acked: int = 0
    pulsed: set[str] = field(default_factory=set)
    ups: int = 0


class Arena:
    """A pair that is killed and started again."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        device, server = (Ed25519Signer(Ed25519PrivateKey.generate()) for _ in range(2))
        self.pair = Pair(folder, port, device, server, time.time())
        self.promises = Promises()
        self.findings = Findings()
        self._children: dict[str, Child] = {}

    def run(self, kills: int) -> None:
        for name in LIVES:
            self._start(name)
        for turn in range(kills):
            name = self.dice.choice(sorted(LIVES))
            patience = time.monotonic() + 20
            if turn % 4:  # one in four is killed while it comes up
                self._listen(lambda name=name: b"up\n" in self._children[name].heard, patience)
            self._listen(lambda: False, time.monotonic() + self.dice.uniform(0, LONGEST_LIFE_S))
            os.kill(self._children[name].pid, signal.SIGKILL)
            self._bury(name)
            self.findings.kills[name] += 1
            self._start(name)
        self._come_to_rest()

    def _come_to_rest(self) -> None:
        """No more kills: the box sends all it has, then the server works all of it off."""
        for name in ("edge", "server"):
            self._listen(lambda name=name: b"up\n" in self._children[name].heard, time.monotonic() + 30)
        self._listen(lambda: False, time.monotonic() + 1.5)
        for name in ("edge", "server"):
            os.kill(self._children[name].pid, signal.SIGTERM)
            self._bury(name, within_s=120)

    def _start(self, name: str) -> None:
        self._children[name] = Child(*fork(LIVES[name], self.pair))

    def _bury(self, name: str, within_s: float = 20) -> None:
        """Wait until it is gone, and read what it has left."""
        child, deadline = self._children[name], time.monotonic() + within_s
        while os.waitpid(child.pid, os.WNOHANG) == (0, 0):
            self._listen(lambda: False, time.monotonic() + 0.002)
            if time.monotonic() > deadline:
                self.findings.expect(False, f"the {name} does not end")
                os.kill(child.pid, signal.SIGKILL)
                deadline += 60
        while part := os.read(child.pipe, 1 << 16):
            child.heard += part
        os.close(child.pipe)
        del self._children[name]
        for line in child.heard.decode().splitlines():
            self._believe(line)

    def _listen(self, heard: Any, until: float) -> None:
        pipes = {child.pipe: child for child in self._children.values()}
        while not heard() and (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select([*pipes], [], [], min(left, 0.05))
            for pipe in ready:
                part = os.read(pipe, 1 << 16)
                pipes[pipe].heard += part
                if not part:
                    del pipes[pipe]  # it has ended
            if not pipes:
                return

    def _believe(self, line: str) -> None:
        what, _, rest = line.partition(" ")
        if what == "told":
            self.promises.told.update(rest.split())
        elif what == "acked":
            self.promises.acked = max(self.promises.acked, int(rest))
        elif what == "pulsed" and rest:
            self.promises.pulsed.add(rest)
        elif what == "up":
            self.promises.ups += 1


def judge(pair: Pair, promises: Promises, findings: Findings) -> None:
    """Read all books, with nobody writing any more, and compare them with what was promised."""
    with closing(sqlite3.connect(pair.box_file)) as box:
        epoch, acked = box.execute("SELECT epoch, acked FROM journal").fetchone()
        journal = [(seq, json.loads(body)) for seq, body in box.execute("SELECT seq, body FROM entry ORDER BY seq")]
    findings.events = len(journal)
    findings.expect([seq for seq, _ in journal] == list(range(1, len(journal) + 1)), "the journal has gaps")
    kept = {event["id"] for _, event in journal}
    findings.expect(promises.told <= kept, f"{len(promises.told - kept)} events that were safe are lost")
    findings.expect(promises.acked <= len(journal) == acked, f"acknowledged {acked} of {len(journal)}")
    allowed = {e["data"]["visit_id"] for _, e in journal if e["type"] == "LaneDecided" and e["data"]["allowed"]}
    findings.expect(promises.pulsed <= allowed, "a boom was raised before its reason was on disk")
    database = open_database(pair.server_url, clock=SystemClock(), ids=RandomIds(), origin="judge")
    try:
        database.read(lambda conn: judge_server(conn, epoch, journal, findings))
        findings.expect(database.read(ledger_store.verify).holds, "the ledger does not hold")
    finally:
        database.close()
    _judge_copy(pair, findings)


def _judge_copy(pair: Pair, findings: Findings) -> None:
    """What the lane would decide from is what the server has, as of the box's version."""
    with closing(sqlite3.connect(pair.folder / "server.db")) as server:
        rows = server.execute("SELECT kind, key, version FROM copy_row WHERE data IS NOT NULL").fetchall()
    files = sorted(pair.folder.glob("edge.copy-*.db"))
    findings.expect(len(files) == 1, f"the box has {len(files)} copies")
    copy = CopyFile(files[-1])
    assert copy.at is not None
    version = copy.at.served
    held = copy._reader.execute("SELECT kind, key, version FROM fact WHERE until = 9223372036854775807").fetchall()
    copy.close()
    there = {tuple(row) for row in held}
    missing = {row for row in rows if row[2] <= version} - there
    findings.expect(not missing, f"{len(missing)} rows are missing in the box's copy")


def run(folder: Path, kills: int, seed: int) -> tuple[Findings, Promises]:
    """Kill so often, let both come to rest, and judge."""
    arena = Arena(folder, seed)
    arena.run(kills)
    judge(arena.pair, arena.promises, arena.findings)
    found = arena.findings
    found.expect(found.passages >= kills // 4, f"only {found.passages} cars moved: little is proven")
    found.expect(arena.promises.ups >= kills // 2, "most lives were over before they began")
    return found, arena.promises


def main(arguments: list[str]) -> int:
    kills = int(arguments[0]) if arguments else KILLS
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().randrange(10**6)
    folder = Path(tempfile.mkdtemp(prefix="parking-kills-"))
    found, promises = run(folder, kills, seed)
    for what in found.broken:
        print(f"  {what}")
    if not found.broken:
        with suppress(OSError):
            shutil.rmtree(folder)
    else:
        print(f"  everything is kept in {folder}")
    by = Counter(found.kills)
    print(
        f"kills: {sum(by.values())} kill -9 (edge {by['edge']}, server {by['server']}, seed {seed}), {len(promises.told)} events"
        f" promised by the box, {found.events} journaled, {found.passages} passages, {len(found.broken)} promises broken;"
        f" goal {KILLS} kills, 0 lost, 0 twice; {_verdict(found, kills)}"
    )
    return 0 if not found.broken else 1


def _verdict(found: Findings, kills: int) -> str:
    if found.broken:
        return "falls short"
    return "holds" if kills >= KILLS else "holds for this many"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
