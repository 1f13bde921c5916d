"""The whole application on one database, with a clock that stands still, a wallet in memory, and gate boxes that say what they are told."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from guidance import store as guidance_store
from parking.access import store as access_store
from parking.bootstrap.application import Application, build
from parking.bootstrap.live_projection import live_value
from parking.bootstrap.rounds import LATE_EXITS_AFTER, LateExits
from parking.bootstrap.settings import Settings
from parking.gate.api import ingest
from parking.gate.causal_order import HOLD_MOST, release_all
from parking.journeys import opening_by_hand, paying
from parking.kernel import codec
from parking.kernel.chain import canonical
from parking.kernel.clock import ManualClock
from parking.kernel.credential import Credential
from parking.kernel.events import (
    BarrierPulsed,
    Direction,
    Envelope,
    Event,
    LaneDecided,
    LaneFaulted,
    VehicleBackedAway,
    VehiclePassed,
)
from parking.kernel.ids import EventId, LaneId, LotId, SeededIds, StayId, VisitId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.kernel.votes import Votes
from parking.plumbing.db import Database
from parking.plumbing.tables import dead_letter, outbox
from parking.security import audit
from parking.security import store as security_store
from parking.security.model import AuditEntry
from parking.sessions import corrections, store
from parking.sessions.corrections import Correction
from parking.sessions.model import ReviewCase, Stay
from payments import ledger_store
from payments.ledger import StaySums
from payments.model import Payment
from payments.providers.memory import MemoryProvider

MORNING = datetime(2026, 3, 7, 2, 0, tzinfo=UTC)  # ten o'clock at the site
PLATE, OTHER_PLATE = "浙A12345", "沪B67890"
ENTRY, EXIT = LaneId("entry-1"), LaneId("exit-1")
LI = Principal("operator", "li", frozenset({Scope.LANES_OPEN}))
DEMO = files("hardware_sim") / "sites" / "demo"
TARIFF = Path(str(DEMO / "tariff.yaml"))


def demo_settings(**changes: Any) -> Settings:
    """The demo mall with signs in memory and its slow tariff: 15 minutes free, 6.00 the first hour, then 4.00, at most 40.00 a day."""
    values = {"site_file": Path(str(DEMO / "site-memory.yaml")), "tariff_file": TARIFF, "database_url": "sqlite://"}
    return Settings(**{**values, **changes})


def envelope(event: Event, at: datetime, *, number: int, box: str = "edge-1") -> Envelope:
    """What a box says of something that happened at `at`; the same number is the same event."""
    return Envelope(EventId(f"{box}-{number:08d}"), at, box, event)


def passage(
    direction: Direction,
    visit: str,
    plate: str | None = PLATE,
    *,
    stay: str | None = None,
    authorised: bool = True,
    lane: LaneId | None = None,
    votes: Votes | None = None,
    credential: Credential | None = None,
    right: str | None = None,
    lot_id: LotId | None = None,
    outer_lot_id: LotId | None = None,
    named_by: str | None = None,
) -> VehiclePassed:
    """The loops have proved that a car went through."""
    stay_id = StayId(stay) if stay else StayId(visit) if direction is Direction.IN else None
    return VehiclePassed(
        lane_id=lane or (ENTRY if direction is Direction.IN else EXIT),
        visit_id=VisitId(visit),
        direction=direction,
        plate=Plate(plate) if plate else None,
        confidence=0.97,
        stay_id=stay_id,
        authorised=authorised,
        votes=votes,
        credential=credential,
        right=right,
        lot_id=lot_id,
        outer_lot_id=outer_lot_id,
        named_by=named_by,
    )


def answer(
    direction: Direction,
    visit: str,
    plate: str | None = PLATE,
    *,
    allowed: bool = True,
    due: int | None = None,
    stay: str | None = None,
    votes: Votes | None = None,
    remarks: tuple[str, ...] = (),
) -> LaneDecided:
    """The lane has said yes or no."""
    return LaneDecided(
        lane_id=ENTRY if direction is Direction.IN else EXIT,
        visit_id=VisitId(visit),
        direction=direction,
        plate=Plate(plate) if plate else None,
        confidence=0.97,
        frames=5,
        allowed=allowed,
        rule="nothing_is_due",
        reason="" if allowed else "payment_due",
        stay_id=StayId(stay) if stay else None,
        due=Money(due, "CNY") if due is not None else None,
        votes=votes,
        remarks=remarks,
    )


class SiteStory:
    """A site's server from its first start on; every verb happens at the clock's now and is worked off before it returns."""

    def __init__(self, database: Database) -> None:
        self.clock = ManualClock(MORNING)
        database.clock = self.clock  # what the fixture opened runs on the story's time from here on
        self.database = database
        self.wallet = MemoryProvider(self.clock)
        self.ids = SeededIds(5)
        self._numbers: dict[str, int] = {}
        self.restart()

    def restart(self, *, tariff: Path = TARIFF) -> Application:
        """The process is gone; a new one comes up on the same database, perhaps with another tariff file."""
        settings = demo_settings(tariff_file=tariff)
        self.application = build(settings, self.database, clock=self.clock, providers={"wallet": self.wallet})
        self._late_exits = LateExits(self.database, self.application.cashier, self.application.costs_of)
        self.application.prepare()
        self.application.drain()
        return self.application

    def park(self, **span: float) -> datetime:
        """Let time pass, such as `hours=2`; the new now."""
        self.clock.advance(timedelta(**span))
        return self.clock.now()

    def visit(self) -> str:
        """A fresh visit id, as a lane would mint it."""
        return self.ids.new(self.clock.now())

    # --- what boxes say ----------------------------------------------------------------------------------------------

    def said(self, event: Event, *, at: datetime | None = None, box: str = "edge-1") -> Envelope:
        """A box's next envelope, not handed in yet."""
        number = self._numbers[box] = self._numbers.get(box, 0) + 1
        return envelope(event, at or self.clock.now(), number=number, box=box)

    def hand_in(self, *said: Envelope, epoch: str = "e1", first: int | None = None) -> int:
        """Store envelopes of one box as the server would, without working them off; returns the acknowledged number."""
        box = said[0].origin
        start = first if first is not None else int(said[0].id.rpartition("-")[2])
        numbered = [(start + i, codec.encode(one), one) for i, one in enumerate(said)]
        return self.database.write(lambda uow: ingest(uow, box, epoch, numbered))

    def hand_in_of(self, box: str, epoch: str, numbered: list[tuple[int, Any, Envelope]]) -> int:
        """Store what a real box sends; returns the acknowledged number."""
        return self.database.write(lambda uow: ingest(uow, box, epoch, numbered))

    def hear(self, *events: Event, at: datetime | None = None, box: str = "edge-1") -> None:
        """A box says something, and all that follows from it happens."""
        self.hand_in(*(self.said(event, at=at, box=box) for event in events))
        self.application.drain()

    def stop_waiting(self) -> None:
        """The patience with boxes that have not told what they know is over; what was held up for them follows now."""
        self.clock.advance(HOLD_MOST)
        release_all(self.database)
        self.application.drain()

    def greet(self, *boxes: str) -> None:
        """Boxes say that they have nothing else to tell."""
        for box in boxes:
            self.database.write(partial(ingest, device=box, epoch="e1", events=(), until=self.clock.now()))

    def look_at_late_exits(self) -> None:
        """The server's round comes as often as it takes until what all boxes have told by now counts as worked off."""
        for _ in range(LATE_EXITS_AFTER + 1):
            self._late_exits.look()
        self.application.drain()

    def enter(
        self,
        plate: str | None = PLATE,
        *,
        authorised: bool = True,
        votes: Votes | None = None,
        credential: Credential | None = None,
        **how: Any,
    ) -> StayId:
        """A car comes in; its stay's id."""
        visit = self.visit()
        seen = passage(Direction.IN, visit, plate, authorised=authorised, votes=votes, credential=credential)
        self.hear(seen, **how)
        return StayId(visit)

    def leave(
        self,
        plate: str | None = PLATE,
        *,
        decided_at: datetime | None = None,
        stay: str | None = None,
        authorised: bool = True,
        votes: Votes | None = None,
        credential: Credential | None = None,
        **how: Any,
    ) -> str:
        """A car goes out, with the lane's yes at `decided_at` if one is given; returns its exit's visit id."""
        visit = self.visit()
        if decided_at is not None:
            self.hear(answer(Direction.OUT, visit, plate), at=decided_at)
        more = {"votes": votes, "credential": credential}
        self.hear(passage(Direction.OUT, visit, plate, stay=stay, authorised=authorised, **more), **how)  # type: ignore[arg-type]
        return visit

    def enter_as_told(self, plate: str = PLATE) -> StayId:
        """A car comes in, and the lane tells its yes and its opening before."""
        visit = self.visit()
        self.hear(
            answer(Direction.IN, visit, plate), BarrierPulsed(ENTRY, VisitId(visit), True, "rule", "site_has_room")
        )
        self.hear(passage(Direction.IN, visit, plate))
        return StayId(visit)

    def back_away(self, direction: Direction, plate: str = PLATE) -> None:
        """A vehicle leaves the lane the way it came, before the boom has moved."""
        visit, lane = self.visit(), ENTRY if direction is Direction.IN else EXIT
        self.hear(answer(direction, visit, plate, allowed=False), VehicleBackedAway(lane, VisitId(visit)))

    def opened_for(
        self,
        direction: Direction,
        plate: str | None = PLATE,
        *,
        stay: str | None = None,
        votes: Votes | None = None,
    ) -> str:
        """A lane says yes and opens, and its loops see the vehicle go back: it went through past a loop that missed it, or it did not."""
        visit = self.visit()
        lane = ENTRY if direction is Direction.IN else EXIT
        said = answer(direction, visit, plate, stay=stay, votes=votes)
        self.hear(said, BarrierPulsed(lane, VisitId(visit), True, "rule", "paid"))
        self.hear(VehicleBackedAway(lane, VisitId(visit)))
        return visit

    def corrections(self, stay_id: StayId) -> list[Correction]:
        """What was put right about a stay, oldest first."""
        return list(self.database.read(lambda conn: corrections.of_stay(conn, stay_id)))

    def leave_by_hand(self, plate: str = PLATE, *, felt: bool = True) -> str:
        """The lane says no, a person opens, the car goes out; not `felt`: the loops see it go back, whatever it did."""
        visit = self.visit()
        pulse = BarrierPulsed(EXIT, VisitId(visit), True, "operator:li", "the driver has no phone")
        gone = passage(Direction.OUT, visit, plate) if felt else VehicleBackedAway(EXIT, VisitId(visit))
        self.hear(answer(Direction.OUT, visit, plate, allowed=False, due=1000), pulse, gone)
        return visit

    def fault(self, code: str, *, cleared: bool = False, lane: LaneId = ENTRY) -> None:
        self.hear(LaneFaulted(lane, code, "", cleared))

    # --- what people do ----------------------------------------------------------------------------------------------

    def begin_payment(self, stay_id: StayId, key: str = "k1") -> Payment:
        """A driver starts paying what is due now; the wallet has the order, nobody has approved it."""
        begun = paying.begin(self.database, self.application.cashier, stay_id, self.clock.now(), "wallet", key)
        return self.payment(begun.payment_id)

    def approve(self, payment: Payment) -> None:
        """The payer presses the button, and the wallet's word arrives."""
        self.application.cashier.collector.take_over(payment, self.wallet.approve(payment.number))
        self.application.drain()

    def pay(self, stay_id: StayId, key: str = "k1") -> int:
        """Pay what is due now; minor units."""
        payment = self.begin_payment(stay_id, key)
        self.approve(payment)
        return payment.amount.minor

    def order_open(self, lane: LaneId = EXIT, reason: str = "intercom") -> str:
        return self.database.write(lambda uow: opening_by_hand.order(uow, audit.record, LI, lane, reason))

    # --- what the books say ------------------------------------------------------------------------------------------

    def stay(self, stay_id: StayId) -> Stay:
        found = self.database.read(lambda conn: store.get(conn, stay_id))
        assert found is not None, "there is no such stay"
        return found

    def stays(self, state: str) -> Sequence[Stay]:
        return self.database.read(lambda conn: store.page(conn, state, "", 200))

    def cases(self, state: str = "open") -> list[ReviewCase]:
        return list(self.database.read(lambda conn: store.cases(conn, state, "", 200)))

    def reasons(self) -> list[str]:
        """What people are asked to look at now, sorted."""
        return sorted(case.reason for case in self.cases())

    def payment(self, payment_id: str) -> Payment:
        found = self.database.read(lambda conn: self.application.cashier.payment(conn, payment_id))  # type: ignore[arg-type]
        assert found is not None, "there is no such payment"
        return found

    def sums(self, stay_id: StayId) -> StaySums:
        return self.database.read(lambda conn: ledger_store.stay_sums(conn, stay_id))

    def bill(self, stay_id: StayId) -> int:
        """What the bill of a stay comes to now, minor units."""
        now, cashier = self.clock.now(), self.application.cashier
        found = self.database.read(lambda conn: paying.account_of(conn, cashier, stay_id, now)).account
        assert sum(line.amount.minor for line in found.lines) == found.total.minor
        return found.total.minor

    def copy_row(self, kind: str, key: str) -> dict[str, Any] | None:
        """The row in the lanes' copy, None when it is not there or gone."""
        t = access_store.copy_row
        found: dict[str, Any] | None = self.database.read(
            lambda conn: conn.execute(sa.select(t.c.data).where(t.c.kind == kind, t.c.key == key)).scalar_one_or_none()
        )
        return found

    def copy_rows(self, kind: str) -> list[dict[str, Any]]:
        """The rows of one kind that are in the lanes' copy now."""
        rows = self.database.read(lambda conn: access_store.rows_of(conn, kind))
        return [dict(row.data) for row in rows if row.data is not None]

    def due_at_the_lane(self, stay_id: StayId, at: datetime) -> int | None:
        """What an exit lane that has only its copy would ask for at `at`."""
        row = self.copy_row("stay", stay_id)
        assert row is not None, "the lanes do not know this stay"
        if row["paid_until"] and codec.parse_time(row["paid_until"]) >= at:
            return 0
        return next((max(0, m - row["paid_minor"]) for until, m in row["prices"] if at < codec.parse_time(until)), None)

    def told(self, kind: type[Event]) -> list[dict[str, Any]]:
        """The data of every published event of one kind, oldest first."""
        query = sa.select(outbox.c.data).where(outbox.c.type == kind.__name__).order_by(outbox.c.seq)
        return list(self.database.read(lambda conn: conn.execute(query).scalars().all()))

    def audit(self) -> list[AuditEntry]:
        """What people did by hand, oldest first."""
        return self.database.read(lambda conn: list(security_store.audit_entries(conn)))

    def occupied(self) -> dict[str, int]:
        views = self.database.read(self.application.occupancy.views)
        return {zone: view.occupied for zone, view in views.items()}

    def check(self) -> None:
        """I1 and I2 for every stay, no event given up, the audit unbroken: whatever happened."""
        assert self.database.read(ledger_store.verify).holds
        assert sum(balance for _, _, balance in self.database.read(ledger_store.balances)) == 0
        for stay_id in self.database.read(lambda conn: conn.execute(sa.select(store.stay.c.id)).scalars().all()):
            assert self.sums(StayId(stay_id)).holds
        assert self.database.read(lambda conn: conn.execute(sa.select(dead_letter.c.error)).scalars().all()) == []
        assert self.database.read(audit.verify).broken_at is None
        assert self.database.read(corrections.verify) is None

    def state_hash(self) -> str:
        """One number for everything that boxes' events lead to; ids that the server mints by itself are left out."""
        return hashlib.sha256(canonical({"state": self.database.read(_state)})).hexdigest()


def _state(conn: sa.Connection) -> dict[str, Any]:
    stays, cases, copy = store.stay, store.review_case, access_store.copy_row
    movements, postings = ledger_store.movement_table, ledger_store.posting_table

    def rows(query: sa.Select[Any]) -> list[list[Any]]:
        return sorted(([codec.to_plain(value) for value in row] for row in conn.execute(query)), key=repr)

    return {
        "stays": rows(sa.select(*(c for c in stays.c))),
        "cases": rows(sa.select(cases.c.reason, cases.c.stay_id, cases.c.visit_id, cases.c.lane_id, cases.c.state)),
        "copy": rows(sa.select(copy.c.kind, copy.c.key, copy.c.data)),
        "ledger": rows(
            sa.select(movements.c.reference, postings.c.account, postings.c.amount).join(
                postings, postings.c.seq == movements.c.seq
            )
        ),
        "zones": rows(sa.select(*(c for c in guidance_store.zone.c if c.name != "changed_at"))),
        "lanes": rows(sa.select(live_value.c.key, live_value.c.value).where(live_value.c.key.like("lane.%"))),
        "events": rows(sa.select(outbox.c.event_id, outbox.c.data).where(outbox.c.origin != "test")),
    }
