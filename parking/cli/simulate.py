"""`parking simulate`: a seeded stretch of traffic against the real domain code on a virtual clock, and a verdict on every visit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from guidance import store as guidance_store
from hardware_sim.simulation import ClosedVisit, Scenario, Simulation
from hardware_sim.virtual_time import Timeline
from parking.access import keeping
from parking.access import store as access_store
from parking.access.rights_store import Holder
from parking.access.rows import PassRow
from parking.access.snapshot import CopyChange
from parking.bootstrap.application import Application, build
from parking.bootstrap.settings import Settings
from parking.bootstrap.tables import all_tables
from parking.emergency import emergencies
from parking.gate.api import ingest
from parking.gate.journal import Entry
from parking.journeys import opening_by_hand, paying
from parking.kernel.chain import canonical
from parking.kernel.clock import ManualClock
from parking.kernel.codec import decode, to_plain
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.errors import ParkingError
from parking.kernel.ids import LaneId, SeededIds, StayId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import UnitOfWork, open_database
from parking.plumbing.tables import dead_letter, outbox
from parking.security import audit
from parking.sessions import store as sessions
from payments import ledger_store
from payments.providers.memory import MemoryProvider

START = datetime(2026, 3, 7, 1, 0, tzinfo=UTC)  # a Saturday morning at the site
ATTENDANT = Principal("operator", "attendant", frozenset({Scope.LANES_OPEN}))


def simulate(
    seed: Annotated[int, typer.Option(help="same seed, same trace")] = 1,
    hours: Annotated[float, typer.Option(min=0.1, max=168.0)] = 2.0,
    per_hour: Annotated[float, typer.Option(min=1, max=200, help="cars an hour on average")] = 60.0,
    misread: Annotated[float, typer.Option(min=0, max=1, help="share of passages read wrongly")] = 0.0,
    unread: Annotated[float, typer.Option(min=0, max=1, help="share of passages not read at all")] = 0.0,
    offline_min: Annotated[float, typer.Option(min=0, help="minutes without a link, a quarter into the run")] = 0.0,
    lost_answers: Annotated[float, typer.Option(min=0, max=0.9, help="share of acknowledgements that get lost")] = 0.0,
    members: Annotated[float, typer.Option(min=0, max=1, help="share of cars with a pass and a tag")] = 0.0,
    backs_out: Annotated[float, typer.Option(min=0, max=1, help="share of cars that turn back before the boom")] = 0.0,
    blind_min: Annotated[float, typer.Option(min=0, help="minutes during which the exit's camera sees nothing")] = 0.0,
    fire_min: Annotated[float, typer.Option(min=0, help="minutes of a fire alarm, halfway through the run")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Simulate traffic; exit 0 when no invariant broke."""
    faults = {"misread": misread, "unread": unread, "offline_min": offline_min, "lost_answers": lost_answers}
    people = {"members": members, "backs_out": backs_out, "blind_min": blind_min, "fire_min": fire_min}
    scenario = Scenario(seed, START, hours, per_hour, **faults, **people)
    report = run(scenario)
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        for key, value in report.items():
            print(f"{key:18} {value}")
    raise typer.Exit(0 if report["ok"] else 1)


def run(scenario: Scenario) -> dict[str, object]:
    """One simulation as a flat object (see `hardware_sim.simulation.Report`)."""
    clock = ManualClock(scenario.start - timedelta(minutes=1))
    site = VirtualSite(clock, scenario.seed)
    simulation = Simulation(scenario, site, Timeline(clock), SeededIds(scenario.seed + 1))
    return simulation.run().as_object()


class VirtualSite:
    """The application on a database in memory, with a wallet in memory; satisfies the simulation's SiteUnderTest."""

    def __init__(self, clock: ManualClock, seed: int) -> None:
        demo = files("hardware_sim") / "sites" / "demo"
        settings = Settings(
            site_file=Path(str(demo / "site-memory.yaml")),
            tariff_file=Path(str(demo / "tariff.yaml")),
            database_url="sqlite://",
        )
        self._clock = clock
        self._members = 0
        self._ids = SeededIds(seed)
        self._database = open_database("sqlite://", clock=clock, ids=self._ids, origin="server")
        self._database.create_tables(all_tables())
        self._wallet = MemoryProvider(clock)
        self.application: Application = build(settings, self._database, clock=clock, providers={"wallet": self._wallet})
        self.application.prepare()
        self.application.drain()

    def take_events(self, epoch: str, entries: Sequence[Entry]) -> int:
        events = [(entry.seq, json.loads(entry.body), decode(json.loads(entry.body))) for entry in entries]
        acked = self._database.write(lambda uow: ingest(uow, "edge-1", epoch, events))
        self.application.drain()
        return acked

    def copy_since(self, version: int) -> CopyChange | None:
        rows = self._database.read(lambda conn: access_store.rows_since(conn, "demo", version))
        return CopyChange("demo", version, rows[-1].version, tuple(rows)) if rows else None

    def pay(self, plate: Plate) -> int | None:
        stay = self._database.read(lambda conn: sessions.open_by_plate(conn, plate))
        if stay is None:
            return None
        cashier, now = self.application.cashier, self._clock.now()
        try:
            key = self._ids.new(now)
            payment = paying.begin(self._database, cashier, stay.id, now, "wallet", key)
        except ParkingError:
            return None  # nothing is due
        number = self._database.read(lambda conn: cashier.payment(conn, payment.payment_id))
        assert number is not None
        cashier.collector.take_over(number, self._wallet.approve(number.number))
        self.application.drain()
        return payment.amount.minor

    def open_by_hand(self, lane_id: str, reason: str) -> None:
        self._database.write(lambda uow: opening_by_hand.order(uow, audit.record, ATTENDANT, LaneId(lane_id), reason))

    def end_emergency(self, reason: str) -> None:
        reach = self.application.reach
        self._database.write(lambda uow: emergencies.end(uow, reach, ATTENDANT, reason))
        self.application.drain()

    def enrol_member(self, plate: Plate) -> Credential:
        self._members += 1
        number = self._members
        tag = Credential(CredentialKind.UHF, f"E280{number:020X}")

        def work(uow: UnitOfWork) -> None:
            keeping.save_holder(uow, Holder(f"m{number}", f"Member {number}", plates=(plate,), credentials=(tag,)))
            keeping.save_pass(uow, PassRow(f"p{number}", f"m{number}", (plate,), 1, None, None))

        self._database.write(work)
        return tag

    def advance(self) -> None:
        self.application.jobs.run_due()
        self.application.drain()

    def closed_stays(self) -> Sequence[ClosedVisit]:
        def query(conn: sa.Connection) -> list[ClosedVisit]:
            rows = conn.execute(sa.select(sessions.stay).where(sessions.stay.c.state == "closed")).all()
            found = []
            for row in rows:
                sums = ledger_store.stay_sums(conn, StayId(row.id))
                found.append(ClosedVisit(row.plate, row.entered_at, row.exited_at, sums.due or 0, sums.captured))
            return found

        return self._database.read(query)

    def broken_invariants(self) -> list[str]:
        return self._database.read(_broken)

    def trace(self) -> Sequence[bytes]:
        """Every published event and every entry of the audit, in order."""

        def query(conn: sa.Connection) -> list[bytes]:
            events = conn.execute(sa.select(outbox).order_by(outbox.c.seq)).mappings()
            lines = [
                canonical({"id": e["event_id"], "at": to_plain(e["occurred_at"]), "type": e["type"], "data": e["data"]})
                for e in events
            ]
            return [*lines, audit.verify(conn).head.encode()]

        return self._database.read(query)


def _broken(conn: sa.Connection) -> list[str]:
    """I1, I2, I8 and I9, and that no event was given up."""
    broken = []
    twice = (
        sa.select(sessions.stay.c.plate)
        .where(sessions.stay.c.state == "open", sessions.stay.c.plate.is_not(None))
        .group_by(sessions.stay.c.plate)
        .having(sa.func.count() > 1)
    )
    if conn.execute(twice).first() is not None:
        broken.append("I9: two open stays of one plate")
    moved = conn.scalar(sa.select(sa.func.sum(guidance_store.movement.c.delta))) or 0
    inside = conn.scalar(sa.select(sa.func.count()).where(sessions.stay.c.state != "closed")) or 0
    unexplained = conn.scalar(sa.select(sa.func.count()).where(sessions.unmatched_exit.c.stay_id.is_(None))) or 0
    if moved != inside - unexplained:
        broken.append("I8: the counts are not the entries less the exits")
    if sum(balance for _, _, balance in ledger_store.balances(conn)) != 0:
        broken.append("I2: the ledger does not sum to zero")
    closed = sa.select(sessions.stay.c.id).where(sessions.stay.c.state == "closed").order_by(sessions.stay.c.id.desc())
    if not all(ledger_store.stay_sums(conn, StayId(row.id)).holds for row in conn.execute(closed.limit(20))):
        broken.append("I1: a closed stay is neither charged once nor owed")
    if conn.execute(sa.select(dead_letter.c.event_id).limit(1)).first() is not None:
        broken.append("an event was given up by its handlers")
    return broken
