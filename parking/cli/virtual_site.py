"""The application on a database in memory and a virtual clock, for the traffic simulator: real rooms, a wallet in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

import sqlalchemy as sa

from hardware_sim.eyesight import Sight
from hardware_sim.scenario import Scenario
from hardware_sim.site_under_test import Answer, KnownCase, KnownStay
from parking.access import following, keeping
from parking.access import store as access_store
from parking.access.rights_store import Holder
from parking.access.rows import PassRow
from parking.access.snapshot import CopyChange
from parking.bootstrap import rounds
from parking.bootstrap.application import Application, build
from parking.bootstrap.costs_in_force import CostsInForce
from parking.bootstrap.desk import desk_of
from parking.bootstrap.measured import measured_costs
from parking.bootstrap.settings import Settings
from parking.bootstrap.tables import all_tables
from parking.cli.invariants import Invariants
from parking.cli.virtual_shops import OFF_MINOR, VirtualShops
from parking.emergency import emergencies
from parking.gate import causal_order
from parking.gate.api import ingest
from parking.gate.journal import Entry
from parking.gate.sync import LATE_MOST
from parking.journeys import leaving, opening_by_hand, pairing, paying, refreshing_access, whose_car
from parking.journeys.ranking import ranker_at_lane
from parking.kernel.clock import ManualClock
from parking.kernel.codec import decode
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.errors import ParkingError
from parking.kernel.ids import DeviceId, LaneId, SeededIds, StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.kernel.votes import Votes
from parking.plumbing.bus import InProcessBus
from parking.plumbing.db import UnitOfWork, open_database
from parking.plumbing.tables import outbox
from parking.security import audit
from parking.security import store as security_store
from parking.security.model import Device, DeviceKind
from parking.sessions import evidence
from parking.sessions import store as sessions
from parking.sessions.desk import queue
from parking.sessions.desk import service as desk_service
from parking.sessions.desk import store as desk_store
from parking.sessions.desk.model import Choice, Wish
from parking.sessions.matching import Matched, PassageEvidence
from parking.site import loader
from parking.site.model import SiteMap
from payments import ledger_store
from payments.providers.memory import MemoryProvider
from payments.tariff.price import price

ATTENDANT = Principal("operator", "attendant", frozenset({Scope.LANES_OPEN, Scope.CASES_WORK, Scope.BILLS_WAIVE}))
DEMO = files("hardware_sim") / "sites" / "demo"


class VirtualSite:
    """Satisfies the simulation's SiteUnderTest."""

    def __init__(self, clock: ManualClock, scenario: Scenario, folder: Path | None = None) -> None:
        tariff = Path(str(DEMO / "tariff.yaml"))
        if scenario.tariff is not None:
            tariff = (folder or Path()) / scenario.tariff
        settings = Settings(site_file=Path("simulated"), tariff_file=tariff, database_url="sqlite://")
        self._clock = clock
        self._members = 0
        self._told: dict[str, tuple[int, int]] = {}
        """Of each box the version of the copy that it last asked for, and how the database stood then."""
        self._ids = SeededIds(scenario.seed)
        self._database = open_database("sqlite://", clock=clock, ids=self._ids, origin="server")
        self._database.create_tables(all_tables())
        self._wallet = MemoryProvider(clock)
        self.application: Application = build(
            settings,
            self._database,
            clock=clock,
            providers={"wallet": self._wallet},
            site=site_of(scenario),
            bus=InProcessBus(self._database, at_once=True),
        )
        self.application.prepare()
        self.application.drain()
        self._tariff = self.application.tariffs.current(clock.now())
        self._desk = desk_of(self.application)
        self._rank_at_lane = ranker_at_lane(CostsInForce())
        self._shops = VirtualShops(self._database, self._tariff.currency)
        self._shops.open()
        self._rounds = self._rounds_about_stays()
        self._due = [clock.now()] * len(self._rounds)
        self._invariants = Invariants(self.application.tariffs)
        self._database.write(self._invariants.begin)
        self._database.write(lambda uow: self._enrol_boxes(uow, scenario.box_names()))
        self.costs = measured_costs()
        self.guard_minor = settings.hold_above_minor or 0

    def take_events(self, box: str, epoch: str, entries: Sequence[Entry], *, is_all: bool) -> int:
        plain = [json.loads(entry.body) for entry in entries]
        events = [(entry.seq, said, decode(said)) for entry, said in zip(entries, plain, strict=True)]
        until = self._clock.now() - LATE_MOST if is_all else events[-1][2].occurred_at
        acked = self._database.write(lambda uow: ingest(uow, box, epoch, events, until=until))
        self.application.drain()
        return acked

    def copy_since(self, box: str, version: int) -> CopyChange | None:
        if self._told.get(box) == (version, self._database.changes):
            return None
        rows = self._database.read(lambda conn: access_store.rows_since(conn, "demo", version))
        self._told[box] = (rows[-1].version if rows else version, self._database.changes)
        return CopyChange("demo", version, rows[-1].version, tuple(rows)) if rows else None

    def find(self, plate: Plate) -> StayId | None:
        now = self._clock.now()
        return self._database.read(lambda conn: pairing.stay_of_plate(conn, plate, self.costs, now))

    def pay(self, stay_id: StayId) -> int | None:
        cashier, now = self.application.cashier, self._clock.now()
        try:
            payment = paying.begin(self._database, cashier, stay_id, now, "wallet", self._ids.new(now))
        except ParkingError:
            return None  # nothing is due, or a person has to look first
        number = self._database.read(lambda conn: cashier.payment(conn, payment.payment_id))
        assert number is not None
        if number.amount.minor:  # a coupon that pays it all is no order at the wallet
            cashier.collector.take_over(number, self._wallet.approve(number.number))
        self.application.drain()
        return payment.amount.minor

    def shop(self, customer: int, *, is_member: bool, gives_back: bool) -> str:
        code = self._shops.buy(customer, is_member=is_member)
        if gives_back:
            self._shops.give_back(customer)
        self.application.drain()
        return code

    def show_coupon(self, code: str, stay_id: StayId) -> int:
        shown = self._shops.show(code, stay_id)
        self.application.drain()
        return OFF_MINOR if shown else 0

    def open_by_hand(self, lane_id: str, reason: str) -> None:
        self._database.write(lambda uow: opening_by_hand.order(uow, audit.record, ATTENDANT, LaneId(lane_id), reason))

    def may_be(self, lane_id: LaneId, visit_id: VisitId, typed: Plate) -> tuple[StayId, ...]:
        try:
            here = self._database.read(lambda conn: whose_car.waiting(conn, lane_id, visit_id))
        except ParkingError:
            return ()
        ranked = self._database.read(lambda conn: self._rank_at_lane(conn, here, self._clock.now(), typed))
        return tuple(one.stay_id for one in ranked.candidates)

    def name_car(self, lane_id: LaneId, visit_id: VisitId, stay_id: StayId) -> None:
        self._database.write(lambda uow: whose_car.name(uow, audit.record, ATTENDANT, lane_id, visit_id, stay_id))

    def end_emergency(self, reason: str) -> bool:
        try:
            self._database.write(lambda uow: emergencies.end(uow, self.application.reach, ATTENDANT, reason))
        except ParkingError:
            return False
        self.application.drain()
        return True

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
        for number, (every_s, look) in enumerate(self._rounds):
            if self._clock.now() >= self._due[number]:
                self._due[number] += timedelta(seconds=every_s)
                look()
        self.application.drain()

    def _enrol_boxes(self, uow: UnitOfWork, names: Sequence[str]) -> None:
        for name in names:  # no word of theirs is signed here, for none is on a wire
            key = hashlib.sha256(name.encode()).digest()
            security_store.add_device(
                uow.connection, Device(DeviceId(name), DeviceKind.EDGE, name, key, enabled=True), None, uow.now
            )

    def _rounds_about_stays(self) -> Sequence[tuple[float, Callable[[], object]]]:
        """Those of the server's rounds that say something of a stay, and how often they come: once a minute at the soonest."""
        database, cashier = self._database, self.application.cashier
        return (
            (rounds.CLAIMS_EVERY_S, lambda: causal_order.release_all(database)),
            (rounds.CLAIMS_EVERY_S, lambda: following.tidy(database)),
            (rounds.CLAIMS_EVERY_S, lambda: database.write(rounds.look_at_boxes)),
            (rounds.RENEW_EVERY_S, lambda: refreshing_access.renew(database, cashier)),
            (rounds.TIDY_EVERY_S, lambda: database.write(evidence.give_up_doubts)),
            (rounds.TIDY_EVERY_S, rounds.LetOut(database, cashier).look),
            (rounds.CLAIMS_EVERY_S, rounds.LateExits(database, cashier, self.application.costs_of).look),
        )

    def patrol(self, began: datetime, ended: datetime, seen: Sequence[Sight]) -> None:
        def work(uow: UnitOfWork) -> None:
            stays = set()
            for sight in seen:
                shown = PassageEvidence(ended, Votes.of(sight.spellings, sight.colour, sight.kind))
                found = pairing.whose(uow.connection, shown, self.costs, ended)
                stays |= {one.stay_id for one in found.ranked} if not isinstance(found, Matched) else {found.stay_id}
            evidence.expire_unfound(uow, began, ended, stays, leaving.end(self.application.cashier))

        self._database.write(work)
        self.application.drain()

    def price(self, entered_at: datetime, until: datetime) -> int:
        return price(self._tariff, entered_at, max(entered_at, until)).total.minor

    def cases(self) -> Sequence[KnownCase]:
        found = queue.in_order(self._database.read(desk_store.open_cases), self._clock.now())
        return [
            KnownCase(c.case_id, c.reason, c.stay_id, c.visit_id, tuple(queue.question_of(c.reason).choices))
            for c in found
        ]

    def candidates(self, case: KnownCase, typed: Plate | None = None) -> tuple[StayId, ...]:
        def query(conn: sa.Connection) -> tuple[StayId, ...]:
            known = sessions.get_case(conn, case.id)
            ranked = self._desk.rank(conn, known, typed).candidates if known is not None else ()
            return tuple(one.stay_id for one in ranked)

        return self._database.read(query)

    def plate_of(self, stay_id: StayId) -> Plate | None:
        row = self._database.read(lambda conn: sessions.row_of(conn, stay_id))
        return None if row is None else row.plate

    def decide(self, case: KnownCase, answer: Answer, who: str) -> bool:
        operator = Principal("operator", who, ATTENDANT.scopes)
        choice = Choice(answer.choice)
        wish = Wish(choice, queue.REASONS[choice][0], stay_id=answer.stay_id, plate=answer.plate)

        def work(uow: UnitOfWork) -> None:
            desk_service.take(uow, self._desk, case.id, operator)
            version = desk_store.hand(uow.connection, case.id).version
            desk_service.decide(uow, self._desk, case.id, version, operator, wish)

        try:
            self._database.write(work)
        except ParkingError:
            return False  # it is not as the picture had it, or somebody was faster
        self.application.drain()
        return True

    def broken_invariants(self, *, at_last: bool = False) -> list[str]:
        return self._database.read(self._invariants.broken_at_last if at_last else self._invariants.broken)

    def stays(self) -> Sequence[KnownStay]:
        def query(conn: sa.Connection) -> list[KnownStay]:
            found = []
            for row in conn.execute(sa.select(sessions.stay).order_by(sessions.stay.c.id)).all():
                sums = ledger_store.stay_sums(conn, StayId(row.id))
                due = (sums.due or 0) - sums.waived - sums.coupon
                lane = LaneId(row.exit_lane_id) if row.exit_lane_id else None
                times = (row.entered_at, row.exited_at)
                found.append(KnownStay(StayId(row.id), row.plate, row.state, *times, lane, due, sums.captured))
            return found

        return self._database.read(query)

    def events(self) -> int:
        return self._database.read(lambda conn: conn.scalar(sa.select(sa.func.count()).select_from(outbox)) or 0)

    def trace_hash(self) -> str:
        """Over every published event and every entry of the audit, in order, as they are stored."""

        def query(conn: sa.Connection) -> str:
            seen = hashlib.sha256()
            for row in conn.exec_driver_sql("SELECT event_id, occurred_at, type, data FROM outbox ORDER BY seq"):
                seen.update("\n".join(map(str, row)).encode())
            seen.update(audit.verify(conn).head.encode())
            return seen.hexdigest()

        return self._database.read(query)


def site_of(scenario: Scenario) -> SiteMap:
    """The demo mall with as many lanes, and as much room, as the scenario needs."""
    room = max(60, round(scenario.rate * 8))
    lanes = [
        f"  - {{id: {name}, name: {{zh: 入口, en: Entry}}, kind: entry, to: b1}}" for name in scenario.entry_names()
    ]
    lanes += [
        f"  - {{id: {name}, name: {{zh: 出口, en: Exit}}, kind: exit, from: b1}}" for name in scenario.exit_names()
    ]
    return loader.load(
        "\n".join(
            (
                "site: {id: demo, name: {zh: 示范商场, en: Demo Mall}, currency: CNY, timezone: Asia/Shanghai}",
                "zones:",
                f"  - {{id: b1, name: {{zh: 地下一层, en: Level B1}}, level: B1, capacity: {room}, opens_empty: true}}",
                "lanes:",
                *lanes,
                "signs:",
                "  - {id: sign-b1, zone: b1, driver: memory}",
            )
        ),
        "the simulated site",
    )
