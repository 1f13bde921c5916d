"""The figures are what a slow recount from the books says, whatever happened or came late; revenue is the ledger to the fen."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parking.analytics import tables as t
from parking.analytics.asked import page
from parking.analytics.queries import MoneyRow
from parking.journeys import correcting, joining, taking_back
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.events import Direction
from parking.kernel.ids import RandomIds, StayId
from parking.kernel.money import Money
from parking.kernel.votes import Votes
from parking.plumbing.db import Database, UnitOfWork, open_database
from parking.plumbing.outbox import forget_relayed
from parking.plumbing.tables import outbox
from payments import refunding
from payments import store as payments_store
from tests.builders.figures import BEFORE_THE_CHANGE, FarSite, counted_slowly, far_site, ledger_by_day, shown
from tests.builders.journeys import passage

pytestmark = pytest.mark.req("DATA-1")
PLATES = ("浙A00001", "浙A00002", "沪B67890")
DEEDS = (
    "enter",
    "leave",
    "pay",
    "waive",
    "refund",
    "gone",
    "close",
    "undo",
    "late exit",
    "split",
    "rebuild",
    "restart",
)


class Someday:
    """A day at the site: drivers, operators and the link do what chance says."""

    def __init__(self, site: FarSite, seed: int) -> None:
        self.site = site
        self.chance = random.Random(seed)
        self.stays: list[StayId] = []
        self.done: Counter[str] = Counter()

    def do(self, deed: str) -> None:
        """One deed; what the rules refuse just then does not happen."""
        try:
            getattr(self, deed.replace(" ", "_"))()
            self.done[deed] += 1
        except ParkingError:
            pass
        self.site.application.drain()

    def enter(self) -> None:
        kind = self.chance.choice(["civil", "new_energy_small", None])
        plate = self.chance.choice(PLATES)
        self.stays.append(self.site.enter(plate, votes=Votes.lone(plate, "blue", kind)))

    def leave(self) -> None:
        self.site.leave(self.chance.choice(PLATES))

    def late_exit(self) -> None:
        """The lane's word of an exit comes hours after it."""
        at = self.site.clock.now() - timedelta(hours=self.chance.choice([0, 1, 5, 9]))
        self.site.hear(passage(Direction.OUT, self.site.visit(), self.chance.choice(PLATES)), at=at)

    def pay(self) -> None:
        self.site.pay(self._one(), key=f"k{self.site.visit()}")

    def waive(self) -> None:
        stay_id, key = self._one(), self.site.visit()
        amount = min(self.chance.choice([100, 250]), self.site.sums(stay_id).debt)
        if amount:
            self._write(
                lambda uow: self.site.application.cashier.waive(uow, stay_id, Money(amount, "CNY"), f"waived:{key}")
            )

    def refund(self) -> None:
        payments = payments_store.payment_table
        paid = self.site.database.read(
            lambda conn: conn.execute(payments.select().where(payments.c.state == "PAID")).all()
        )
        if paid:
            one, amount, key = (
                self.chance.choice(list(paid)),
                Money(self.chance.choice([50, 300]), "CNY"),
                self.site.visit(),
            )
            self._write(lambda uow: refunding.begin(uow, one.id, amount, reason="a broken lift", actor="anna", key=key))

    def gone(self) -> None:
        stay_id = self._one()
        self._write(lambda uow: correcting.gone(uow, stay_id, actor="li", reason="seen leaving"))

    def close(self) -> None:
        stay_id, cashier = self._one(), self.site.application.cashier
        self._write(lambda uow: correcting.close_now(uow, cashier, stay_id, actor="li", reason="drove off"))

    def split(self) -> None:
        stay_id, cashier, now = self._one(), self.site.application.cashier, self.site.clock.now()
        left, came = now - timedelta(minutes=40), now - timedelta(minutes=20)
        self._write(lambda uow: joining.split(uow, cashier, stay_id, left, came, actor="li", reason="two visits"))

    def undo(self) -> None:
        stay_id, cashier = self._one(), self.site.application.cashier
        done = self.site.corrections(stay_id)
        if done:
            self._write(lambda uow: taking_back.undo(uow, cashier, done[-1].id, actor="li", reason="a slip"))

    def rebuild(self) -> None:
        self.site.application.figures.rebuild(self.site.database)

    def restart(self) -> None:
        self.site.restart()

    def _one(self) -> StayId:
        return self.chance.choice(self.stays) if self.stays else StayId("none")

    def _write(self, work: Any) -> None:
        self.site.database.write(work)


def live(database: Database, deeds: list[tuple[str, int]], seed: int) -> Someday:
    someday = Someday(far_site(database), seed)
    for deed, minutes in deeds:
        someday.do(deed)
        someday.site.park(minutes=minutes)
    site = someday.site
    site.database.write(site.application.figures.catch_up)
    return someday


def agrees(database: Database) -> None:
    """Every row of every table is the slow count's, and every day's money is the ledger's."""
    said, slowly = database.read(shown), database.read(counted_slowly)
    assert said == slowly
    days: Counter[tuple[str, str]] = Counter()
    for key, n in said["figure_money"].items():
        days[key[0], key[-1]] += n
    ledger = database.read(ledger_by_day)
    for day in {day for day, _ in ledger}:
        assert days[day, "due"] == -ledger[day, "revenue"]
        assert days[day, "captured"] - days[day, "refunded"] == ledger[day, "clearing"]
        assert days[day, "coupon"] == ledger[day, "coupons"]
        assert days[day, "waived"] == ledger[day, "waived"] + ledger[day, "written_off"]
        assert days[day, "debt"] == ledger[day, "debt"]
        paid = (
            days[day, "captured"]
            - days[day, "refunded"]
            + days[day, "coupon"]
            + days[day, "waived"]
            + days[day, "debt"]
        )
        assert days[day, "due"] + days[day, "overpaid"] + days[day, "prepaid"] == paid


@given(
    st.lists(
        st.tuples(st.sampled_from(("enter", "leave", *DEEDS)), st.sampled_from([1, 7, 30, 95, 400])),
        min_size=8,
        max_size=30,
    ),
    st.integers(0, 999),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happens_the_figures_are_the_slow_recount(deeds: list[tuple[str, int]], seed: int) -> None:
    database = open_database("sqlite://", clock=ManualClock(BEFORE_THE_CHANGE), ids=RandomIds(), origin="test")
    try:
        someday = live(database, deeds, seed)
        agrees(database)
        before = database.read(shown)
        someday.rebuild()
        assert database.read(shown) == before
    finally:
        database.close()


def test_a_long_day_in_which_everything_happens_is_the_slow_recount_on_every_engine(database: Database) -> None:
    chance = random.Random(11)
    deeds = [
        (chance.choice(("enter", "leave", "pay", "enter", *DEEDS)), chance.choice([1, 7, 30, 95])) for _ in range(110)
    ]
    someday = live(database, deeds, 5)
    agrees(database)
    assert someday.done.keys() == set(DEEDS), f"never happened: {set(DEEDS) - someday.done.keys()}"
    said = database.read(shown)
    used = {key[-1] for table in said.values() for key in table}
    assert used >= {"entered", "gone", "found", "due", "captured", "refunded", "waived", "debt"}, used


def test_the_night_without_an_hour_has_none_and_loses_no_second(memory_database: Database) -> None:
    site = FarSite(memory_database)  # 21:00 at the site
    site.enter()
    site.park(hours=8)  # 06:00: the hour from two to three was not
    site.enter(PLATES[1])
    told = memory_database.read(shown)["figure_occupancy"]
    known = {(key[0], key[1]): n for key, n in told.items() if key[-1] in ("known_s", "unknown_s") and key[2] == "b1"}
    night = {slot: n for slot, n in known.items() if slot >= ("2026-03-28", 21)}
    assert sum(night.values()) == 8 * 3600
    assert ("2026-03-29", 2) not in night
    assert night["2026-03-29", 3] == 3600


def test_pages_of_money_in_two_currencies_lose_no_row() -> None:
    rows = [MoneyRow("2026-W01", key, unit, {}) for key in ("", "a", "a-1", "b~c") for unit in ("EUR", "HRK")]
    found, after = list[MoneyRow](), ""
    while True:
        shown, following = page(rows, after, 1)
        found += shown
        if following is None:
            break
        after = following
    assert found == rows


def test_days_whose_events_are_gone_keep_their_passages_through_a_recount(memory_database: Database) -> None:
    site = FarSite(memory_database)
    site.enter()
    site.park(hours=30)
    site.leave()
    site.park(days=2)
    site.enter(PLATES[1])
    before = memory_database.read(shown)
    old = BEFORE_THE_CHANGE + timedelta(days=1)

    def forget(uow: UnitOfWork) -> None:
        uow.connection.execute(outbox.delete().where(outbox.c.occurred_at < old))

    memory_database.write(forget)
    done = site.application.figures.rebuild(memory_database)
    assert done.since == "2026-03-31"
    assert memory_database.read(shown) == before


def forget_passed_on(site: FarSite, before: datetime) -> None:
    """Events are dropped as the server's round drops them."""
    site.database.write(lambda uow: forget_relayed(uow, older_than=site.clock.now() - before))


def test_a_passage_that_was_told_late_does_not_throw_away_the_days_of_which_only_the_sums_are_kept(
    memory_database: Database,
) -> None:
    site = FarSite(memory_database)
    told_late = site.clock.now()
    for plate in PLATES[:2]:
        site.park(days=2)
        site.enter(plate)
    site.park(days=2)
    cut_off = site.clock.now()
    site.park(minutes=5)
    site.enter(PLATES[2], at=told_late, box="edge-2")
    site.park(days=1)
    before = memory_database.read(shown)
    forget_passed_on(site, cut_off)
    assert site.application.figures.rebuild(memory_database).since == "2026-04-04"
    assert memory_database.read(shown) == before


def test_a_zone_of_which_nothing_was_heard_for_long_keeps_its_sums_and_what_stands_there(
    memory_database: Database,
) -> None:
    site = FarSite(memory_database)
    site.enter()
    site.park(days=3)
    forget_passed_on(site, site.clock.now())
    rooms = memory_database.read(lambda conn: conn.execute(t.zone_now.select().order_by(t.zone_now.c.zone_id)).all())
    assert rooms
    done = site.application.figures.rebuild(memory_database)
    assert (done.events, done.since) == (0, "2026-04-01"), "the day after today: no event is kept of any day"
    again = memory_database.read(lambda conn: conn.execute(t.zone_now.select().order_by(t.zone_now.c.zone_id)).all())
    assert again == rooms
    site.enter(PLATES[1])
    told = memory_database.read(shown)["figure_occupancy"]
    hours = sum(n for key, n in told.items() if key[-1] in ("known_s", "unknown_s") and key[2] == "b1")
    assert hours >= 3 * 86_400
