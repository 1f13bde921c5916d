"""A mall whose traffic is simulated and whose payment companies answer on real sockets, each of which is down for a day in its turn.

Real lanes let the cars in and out, on the very rules of a gate box; enrolled cars leave first and are charged by their plates; whoever
pays at the counter takes the first channel that works, or one of his own choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import httpx
import sqlalchemy as sa

from hardware_sim.providers.faults import Fault
from hardware_sim.scenario import Scenario
from hardware_sim.simulation import Simulation
from hardware_sim.traffic import arrivals
from hardware_sim.virtual_time import Timeline
from parking.bootstrap.application import build
from parking.bootstrap.settings import Settings
from parking.cli.virtual_site import DEMO, VirtualSite, site_of
from parking.journeys import owing, paying
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.ids import SeededIds, StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from payments import ledger_store, reconciling, refund_store, refunding, store
from payments.cashier import ANY
from payments.later import agreements
from payments.later import store as later_store
from payments.later.model import Terms
from payments.model import LIVE, Payment, PaymentState
from payments.providers.abilities import Standing
from payments.providers.channels import Channel
from payments.providers.registry import Method
from tests.builders.faulty_site import MALL, OurDoor, door_of
from tests.builders.provider_companies import COMPANIES
from tests.builders.providers import Company

AT_COUNTER = ("wechat", "alipay", "stripe", "digital_rmb", "card_terminal")
BY_PLATE = ("unionpay_plate", "etc_aggregator")
CHANNELS = (*AT_COUNTER, *BY_PLATE)
DOWN = (Fault.ERROR_500, Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER)
ENROLLED_EVERY, REFUND_EVERY = 4, 9
TERMS = Terms(per_stay_minor=10_000, at_once_minor=20_000, per_day_minor=20_000)


@contextmanager
def companies(folder: Path, clock: ManualClock) -> Iterator[dict[str, Company]]:
    """One company behind every channel; digital RMB has a cashier of its own."""
    with ExitStack() as stack:
        opened = {}
        for name in CHANNELS:
            (folder / name).mkdir()
            kind = COMPANIES["alipay" if name == "digital_rmb" else name]
            opened[name] = stack.enter_context(kind.open(folder / name, clock))
        opened["stripe"].wire.send_webhooks_to(f"{MALL}/api/v1/payments/stripe/callback")  # type: ignore[attr-defined]
        yield opened


class WeekSite(VirtualSite):
    """The simulation's site with every channel behind it; `turn` is how long each of them is down, one after another."""

    def __init__(self, clock: ManualClock, scenario: Scenario, there: dict[str, Company], turn: timedelta) -> None:
        super().__init__(clock, scenario)
        self._companies, self._turn, self._began = there, turn, clock.now()
        self._dice = Random(f"{scenario.seed} payers")
        self._down: str | None = None
        self._looked = self._refunded_at = clock.now()
        self.paid: Counter[str] = Counter()
        self.is_down = False
        settings = Settings(
            site_file=Path("simulated"), tariff_file=Path(str(DEMO / "tariff.yaml")), database_url="sqlite://",
            public_url=MALL,
        )  # fmt: skip
        channels = {
            name: Channel(name, name, name, self._method(name), company.provider) for name, company in there.items()
        }
        self.application = build(settings, self._database, clock=clock, channels=channels, site=site_of(scenario))
        self.application.prepare()
        self.application.drain()
        self.app = door_of(self.application)

    @staticmethod
    def _method(name: str) -> Method:
        if name in BY_PLATE:
            return Method.PLATE
        return Method.TERMINAL if name == "card_terminal" else Method.QR

    def enrol(self, plate: Plate, channel: str) -> None:
        """This car is charged by its plate when it has gone."""
        self._companies[channel].books.standings[plate.text] = Standing.ENROLLED
        self._database.write(lambda uow: agreements.agree(uow, plate, channel, f"contract {plate.text[-4:]}", TERMS))

    # --- what the simulation asks for --------------------------------------------------------------------------------

    def advance(self) -> None:
        self._take_turns()
        for name in BY_PLATE:  # these companies collect by themselves
            for trade in list(self._companies[name].books.trades.values()):
                self._companies[name].books.pay(trade.number)
        self.deliver()
        super().advance()
        if self._clock.now() - self._looked >= timedelta(hours=6):
            self._looked = self._clock.now()
            self.application.reconciler.look()
            owing.age(self._database, self.application.cashier)
            self.application.drain()

    def pay(self, stay_id: StayId) -> int | None:
        """A driver pays, and tries again when nothing came of it."""
        for _ in range(4):
            channel = self._dice.choice((ANY, ANY, *AT_COUNTER))
            paid = self._try(stay_id, channel)
            if paid is not None:
                self.paid[paid.channel] += 1
                self._maybe_refund(paid)
                return paid.amount.minor
        return None

    def _try(self, stay_id: StayId, channel: str) -> Payment | None:
        cashier, now = self.application.cashier, self._clock.now()
        try:
            begun = paying.begin(self._database, cashier, stay_id, now, channel, self._ids.new(now))
        except ParkingError:
            return None  # nothing is due, or an earlier one is being clarified
        payment = self._database.read(lambda conn: store.get(conn, begun.payment_id))
        assert payment is not None
        if payment.pay_url or payment.channel == "card_terminal":
            self._companies[payment.channel].approve(payment.number)
        self.deliver()
        self.application.jobs.run_due()
        self.application.drain()
        found = self._database.read(lambda conn: cashier.payment(conn, payment.payment_id))
        if found is not None and found.is_live and payment.pay_url:  # its callback did not come: the kiosk asks
            outcome = cashier.collector.word_on(found)
            found = found if outcome is None else cashier.collector.take_over(found, outcome)
            self.application.drain()
        return found if found is not None and found.state is PaymentState.PAID else None

    def _maybe_refund(self, payment: Payment) -> None:
        if sum(self.paid.values()) % REFUND_EVERY or payment.amount.minor < 200:
            return
        back = Money(100, payment.amount.currency)

        def work(uow: UnitOfWork) -> None:
            refunding.begin(uow, payment.payment_id, back, reason="a wet bay", actor="anna", key=payment.payment_id)

        self._database.write(work)

    def deliver(self) -> None:
        """Every company tells what is due."""
        if not any(company.books.waiting for company in self._companies.values()):
            return
        with httpx.Client(transport=OurDoor(self)) as client:
            for company in self._companies.values():
                company.server.deliver(client)

    def _take_turns(self) -> None:
        nth = int((self._clock.now() - self._began) / self._turn)
        down = CHANNELS[nth] if nth < len(CHANNELS) else None
        if down == self._down:
            return
        for company in self._companies.values():
            company.switches.clear()
        self._down = down
        if down is not None:
            self._companies[down].switches.set(DOWN[nth % len(DOWN)], times=-1)
            self._companies[down].switches.set(Fault.CALLBACK_NEVER, times=3)

    # --- the end -----------------------------------------------------------------------------------------------------

    def come_to_rest(self) -> None:
        """Two more days without traffic and with every company at work: what is open is finished, the last files come."""
        self._down = "nobody"
        self._began -= self._turn * len(CHANNELS)
        for _ in range(2 * 24):
            self._clock.advance(timedelta(hours=1))
            self.advance()
        self.application.reconciler.look()
        self.application.drain()

    def judge(self) -> list[str]:
        """What is not as it must be in the end."""
        wrong = []
        if not self._database.read(ledger_store.verify).holds:
            wrong.append("I2: the ledger does not hold")
        balances = {account: amount for account, _, amount in self._database.read(ledger_store.balances)}
        if sum(balances.values()):
            wrong.append("I2: the ledger does not sum to zero")
        for name, company in self._companies.items():
            took = sum(t.amount.minor * t.charges for t in company.books.trades.values())
            back = sum(r.amount.minor for r in company.books.refunds.values())
            held = balances.get(f"clearing:{name}", 0)
            if took - back != held:
                wrong.append(f"{name} took {took} and gave back {back}, we hold {held}")
        wrong += [
            f"difference: {row['channel']} {row['day']} {row['difference']}"
            for row in self._database.read(reconciling.open_differences)
        ]
        return wrong + self._database.read(_unfinished)


def _unfinished(conn: sa.Connection) -> list[str]:
    live = sa.select(sa.func.count()).where(store.payment_table.c.state.in_([state.value for state in LIVE]))
    states = [state.value for state in refund_store.LIVE]
    refunds = sa.select(sa.func.count()).where(refund_store.refund_table.c.state.in_(states))
    debt = later_store.debt_table.c
    debts = sa.select(sa.func.count()).where(debt.state == "open", debt.agreement_id.is_not(None))
    found = {"payments": conn.scalar(live), "refunds": conn.scalar(refunds), "agreed debts": conn.scalar(debts)}
    return [f"{count} {name} are not finished" for name, count in found.items() if count]


@dataclass
class Week:
    """What came of it."""

    cars: int
    left: int
    inside: int
    turned_away: int
    by_person: int
    captured: int
    debts: int
    paid: dict[str, int]
    wrong: list[str] = field(default_factory=list)


def a_week(folder: Path, *, cars: int, turn: timedelta = timedelta(days=1), seed: int = 1) -> Week:
    """So many cars while every channel is down for `turn` in its turn, then two quiet days."""
    hours = turn.total_seconds() * len(CHANNELS) / 3600
    scenario = Scenario(seed=seed, hours=hours, stays=cars, pays_ahead=0.6, people=2, entries=2, exits=2, patrol=False)
    clock = ManualClock(scenario.start - timedelta(minutes=1))
    with companies(folder, clock) as there:
        site = WeekSite(clock, scenario, there, turn)
        coming = arrivals(scenario.seed, scenario.start, hours, scenario.per_hour, mix=scenario.mix, count=cars)
        for nth, arrival in enumerate(coming):
            if nth % ENROLLED_EVERY == 0:
                site.enrol(arrival.plate, BY_PLATE[nth // ENROLLED_EVERY % len(BY_PLATE)])
        report = Simulation(scenario, site, Timeline(clock), SeededIds(scenario.seed + 1)).run()
        site.come_to_rest()
        wrong = report.violations + site.judge()
        debts = site._database.read(
            lambda conn: conn.scalar(sa.select(sa.func.count()).select_from(later_store.debt_table))
        )
    if report.inside or report.gave_up:
        wrong.append(f"{report.inside} cars are still inside, {report.gave_up} gave up at the entry")
    return Week(
        cars=report.visits, left=report.left, inside=report.inside, turned_away=report.gave_up,
        by_person=report.closed_by_person, captured=report.captured_minor, debts=debts or 0, paid=dict(site.paid), wrong=wrong,
    )  # fmt: skip
