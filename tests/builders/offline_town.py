"""Eight lanes on four gate boxes, and the server they talk to: journals, uplinks, ingest and every handler are the product's own.

Nothing waits: time is told, the link is a function that may lose, double, delay and reorder what it is handed.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from guidance import store as guidance_store
from parking.access import store as access_store
from parking.bootstrap.application import build
from parking.bootstrap.keys import Ed25519Signer, KeyRing
from parking.bootstrap.rounds import LATE_EXITS_AFTER, LateExits
from parking.bootstrap.tables import all_tables
from parking.gate.causal_order import release_all
from parking.gate.edge_file import EdgeFile
from parking.gate.edge_tables import edge_event
from parking.gate.ingest import ingest, parse_batch
from parking.gate.journal import FileJournal
from parking.gate.link_wire import seal_ack
from parking.gate.steady_clock import SteadyClock
from parking.gate.sync import Link, Uplink
from parking.journeys import refreshing_access
from parking.kernel import codec
from parking.kernel.chain import canonical
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.events import Envelope, Event
from parking.kernel.ids import EventId, LaneId, RandomIds, SeededIds
from parking.plumbing.bus import Subscription
from parking.plumbing.db import Database, InlineDatabase, UnitOfWork
from parking.plumbing.delivery import bury, describe, handle, is_final
from parking.plumbing.tables import dead_letter, outbox
from parking.sessions import store as sessions
from payments import ledger_store
from payments.providers.memory import MemoryProvider
from tests.builders.journeys import demo_settings

BEGIN = datetime(2026, 3, 7, 1, 0, tzinfo=UTC)
OUTAGE = timedelta(hours=72)
BOXES = ("edge-1", "edge-2", "edge-3", "edge-4")
_SITE = """
site: {{id: demo, name: {{zh: 示范商场, en: Demo Mall}}, currency: CNY, timezone: Asia/Shanghai}}
zones:
  - {{id: b1, name: {{zh: 地下一层, en: Level B1}}, level: B1, capacity: 4000, opens_empty: true}}
  - {{id: b2, name: {{zh: 地下二层, en: Level B2}}, level: B2, capacity: 4000, opens_empty: true}}
lanes:
{lanes}
  - {{id: ramp-1, name: {{zh: 坡道, en: Ramp}}, kind: ramp, from: b1, to: b2, both_ways: true}}
signs:
  - {{id: sign-b1, zone: b1, driver: memory}}
"""


def entry_of(box: str) -> LaneId:
    return LaneId(f"entry-{box[-1]}")


def exit_of(box: str) -> LaneId:
    return LaneId(f"exit-{box[-1]}")


def site_text() -> str:
    """The site map with an entry and an exit lane at every box."""
    lanes = []
    for box in BOXES:
        for lane, kind, side in ((entry_of(box), "entry", "to"), (exit_of(box), "exit", "from")):
            lanes.append(f"  - {{id: {lane}, name: {{zh: {lane}, en: {lane}}}, kind: {kind}, {side}: b1}}")
    return _SITE.format(lanes="\n".join(lanes))


class DirectBus:
    """Hands each envelope to every group at once, in order: the same handlers and proofs of handling, without a queue."""

    def __init__(self, database: Database, without: Iterable[str] = ("live",)) -> None:
        self._database = database
        self._without = frozenset(without)
        self._subscriptions: list[Subscription] = []

    def subscribe(self, subscription: Subscription) -> None:
        if subscription.group not in self._without:
            self._subscriptions.append(subscription)

    def publish(self, batch: Sequence[Envelope]) -> None:
        for subscription in self._subscriptions:
            wanted = [envelope for envelope in batch if subscription.wants(envelope)]
            while wanted:
                outcome = handle(self._database, subscription, wanted)
                if outcome.error is None:
                    break
                envelope, wanted = wanted[outcome.handled], wanted[outcome.handled + 1 :]
                if not is_final(outcome.error):
                    raise outcome.error
                error, group = describe(outcome.error), subscription.group
                self._database.write(lambda uow, g=group, e=envelope, d=error: bury(uow, g, e, d, 1))  # type: ignore[misc]

    def drain(self) -> int:
        return 0

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""


class Town:
    """The server: its database in memory, its clock told. `answer` is its end of the link."""

    def __init__(self, keys: dict[str, Ed25519Signer], signer: Ed25519Signer, *, handling: bool = True) -> None:
        self._handling = handling
        self.clock = ManualClock(BEGIN)
        self.database = InlineDatabase(clock=self.clock, ids=RandomIds(), origin="server")
        self.database.create_tables(all_tables())
        self._keys = keys
        self._signer = signer
        self.acknowledged: dict[tuple[str, str], int] = {}
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as site:
            site.write(site_text())
            site.flush()
            wallet = {"wallet": MemoryProvider(self.clock)}
            settings = demo_settings(site_file=Path(site.name))
            bus = DirectBus(self.database)
            self.application = build(settings, self.database, clock=self.clock, providers=wallet, bus=bus)
        self.application.prepare()
        self.work_off()

    def take(self, raw: bytes) -> tuple[int, str]:
        """A request's body into the books; the number that is safe and the signed word for it."""
        batch = parse_batch(raw)
        acked = self.database.write(
            lambda uow: ingest(uow, batch.device, batch.epoch, batch.events, batch.oldest, batch.until, batch.through)
        )
        self.acknowledged[batch.device, batch.epoch] = acked
        return acked, seal_ack(acked, raw, self._signer, self.clock.now())

    def hand_in(self, box: str, epoch: str, first: int, said: Sequence[Envelope]) -> None:
        """A perfect link: stored as it is said, and no box is ever unheard."""
        numbered = [(first + i, codec.encode(one), one) for i, one in enumerate(said)]

        def work(uow: UnitOfWork) -> None:
            for other in BOXES:
                ingest(uow, other, epoch, numbered if other == box else (), until=uow.now)

        self.database.write(work)

    def work_off(self) -> None:
        """Everything that follows from what was taken in."""
        release_all(self.database)
        while self._handling and self.application.relay.drain():
            pass

    def backup(self) -> bytes:
        return self._driver().serialize()

    def restore(self, backup: bytes) -> None:
        """The server comes back from an older backup, as after a restart: all that it took in since is gone."""
        fresh = sqlite3.connect(":memory:")
        fresh.deserialize(backup)
        fresh.backup(self._driver())
        fresh.close()
        self.application.prepare()

    def _driver(self) -> sqlite3.Connection:
        driver = self.database._connection.connection.dbapi_connection
        assert isinstance(driver, sqlite3.Connection)
        return driver

    def come_to_rest(self, at: datetime) -> None:
        """All is worked off, the lanes' copies are as fresh as at `at`, and whoever counts has counted again."""
        self.clock.set(at)
        self.work_off()
        if not self._handling:
            return
        self.database.write(self.application.occupancy.recount)
        late = LateExits(self.database, self.application.cashier, self.application.costs_of)
        for _ in range(LATE_EXITS_AFTER + 1):
            late.look()
        self.work_off()
        refreshing_access.renew(self.database, self.application.cashier)

    def passed_on(self) -> list[tuple[datetime, str]]:
        """When and which, of everything that boxes said, in the order in which handlers get it."""
        query = sa.select(outbox.c.occurred_at, outbox.c.event_id).where(outbox.c.origin != "server")
        rows = self.database.read(lambda conn: conn.execute(query.order_by(outbox.c.seq)).all())
        return [(row.occurred_at, row.event_id) for row in rows]

    def state_hash(self) -> str:
        return hashlib.sha256(canonical(self.state())).hexdigest()

    def state(self) -> dict[str, Any]:
        return self.database.read(_state)

    def broken(self, told: dict[str, str]) -> list[str]:
        """Which promises do not hold, given the id and the box of every event that was told."""

        def look(conn: sa.Connection) -> list[str]:
            found = []
            kept = conn.execute(sa.select(edge_event.c.event_id)).scalars().all()
            if sorted(kept) != sorted(told):
                found.append(f"{len(told)} events were told, {len(set(kept))} are kept, {len(kept)} times in all")
            forwarded = conn.execute(sa.select(outbox.c.event_id).where(outbox.c.origin != "server")).scalars().all()
            if sorted(forwarded) != sorted(told):
                found.append(f"{len(forwarded)} events were passed on")
            if not ledger_store.verify(conn).holds:
                found.append("the ledger's chain is broken")
            if sum(balance for _, _, balance in ledger_store.balances(conn)):
                found.append("the ledger does not sum to zero")
            dead = conn.execute(sa.select(dead_letter.c.group, dead_letter.c.error)).all()
            return found + [f"given up: {row.group} {row.error}" for row in dead[:3]]

        return self.database.read(look)

    def close(self) -> None:
        self.database.close()


_MINTED = ("changed_at", "last_at", "last_event")


def _state(conn: sa.Connection) -> dict[str, Any]:
    """What events led to. Ids and moments that the server mints are left out, a correction's movement in a zone among them, and so is a
    question that answered itself.
    """
    cases, gone, copy = sessions.review_case.c, sessions.unmatched_exit.c, access_store.copy_row.c
    moved, postings = ledger_store.movement_table, ledger_store.posting_table

    def rows(query: sa.Select[Any]) -> list[list[Any]]:
        return sorted(([codec.to_plain(value) for value in row] for row in conn.execute(query)), key=repr)

    asked = (cases.reason, cases.stay_id, cases.visit_id, cases.lane_id)
    return {
        "stays": rows(sa.select(*sessions.stay.c)),
        "cases": rows(sa.select(*asked).where(cases.state == "open")),
        "unmatched": rows(sa.select(gone.visit_id, gone.plate, gone.exited_at).where(gone.stay_id.is_(None))),
        "ledger": rows(
            sa.select(moved.c.reference, postings.c.account, postings.c.amount).join(
                postings, postings.c.seq == moved.c.seq
            )
        ),
        "zones": rows(sa.select(*(c for c in guidance_store.zone.c if c.name not in _MINTED))),
        "copy": rows(sa.select(copy.kind, copy.key, copy.data).where(copy.data.is_not(None))),
    }


@dataclass(slots=True)
class Machine:
    """What a box's machine thinks of the time: `ahead` of the truth by so much."""

    truth: ManualClock
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        return self.truth.now() + self.ahead

    def monotonic_s(self) -> float:
        return self.truth.monotonic_s()


class TownBox:
    """One gate box: a journal in memory and the real uplink, whose requests go through `carry`."""

    def __init__(self, name: str, signer: Ed25519Signer, server: KeyRing, truth: ManualClock, seed: int) -> None:
        self.name = name
        self.machine = Machine(truth)
        self._signer, self._server, self._truth = signer, server, truth
        self._ids = SeededIds(seed)
        self.told: list[str] = []
        self.replaced = self.restarts = 0
        self.retired: list[tuple[FileJournal, Uplink]] = []
        self.carry: httpx.MockTransport | None = None
        self._begin()

    def _begin(self) -> None:
        self.clock = SteadyClock(self.machine, boot=f"{self.name}-{self.replaced}")
        self.journal = FileJournal(EdgeFile(":memory:"), self.clock)

    def say(self, lane: LaneId, *events: Event) -> list[Envelope]:
        """Something happened at a lane now, as far as the box knows."""
        now = self.clock.now()
        said = [Envelope(EventId(self._ids.new(self._truth.now())), now, self.name, event) for event in events]
        self.journal.append(lane, said, {"state": "x"})
        self.told += [one.id for one in said]
        return said

    def link(self, carry: httpx.MockTransport) -> None:
        self.carry = carry
        self.uplink = self._uplink(self.journal)

    def replace(self) -> None:
        """A new box takes this one's place; what the old disk still holds is sent from a workbench."""
        assert self.carry is not None
        self.retired.append((self.journal, self._uplink(self.journal, in_service=False)))
        self.replaced += 1
        self._begin()
        self.uplink = self._uplink(self.journal)

    def _uplink(self, journal: FileJournal, *, in_service: bool = True) -> Uplink:
        link = Link("http://town", self.name, self._signer, self._server)
        return Uplink(link, journal, self.clock, httpx.Client(transport=self.carry), in_service=in_service)

    def restart(self, ahead: timedelta) -> None:
        """The machine starts again, with nobody to tell it the time, and its clock is `ahead` of the truth."""
        self.restarts += 1
        self.machine.ahead = ahead
        self.clock = SteadyClock(self.machine, boot=f"{self.name}-{self.replaced}-{self.restarts}")
        self.journal = FileJournal(self.journal._file, self.clock)
        self.uplink = self._uplink(self.journal)

    def uplinks(self) -> list[tuple[FileJournal, Uplink]]:
        return [*self.retired, (self.journal, self.uplink)]

    def has_more(self) -> bool:
        return any(journal.unacknowledged(1) for journal, _ in self.uplinks())

    def send_once(self, dice: random.Random) -> None:
        """Try to send one batch of one of its disks; failing is part of life."""
        _, uplink = dice.choice(self.uplinks())
        try:
            uplink.send()
        except ParkingError:
            return
