"""What the server looks after from time to time, each round in a thread of its own; a round that fails is told and done again."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from guidance.advise import STALE_AFTER_S
from guidance.bay_api import Bays
from parking.access import following, keeping
from parking.analytics import ratings
from parking.analytics.projection import Figures
from parking.bootstrap import learned_bounds
from parking.bootstrap.gate_codes import keep_box_keys
from parking.bootstrap.live_projection import LiveProjection
from parking.gate import causal_order, copy_feed, ingest
from parking.gate.contacts import Contacts
from parking.journeys import app_hooks, forgetting, late_exits, leaving, owing, refreshing_access
from parking.journeys.pairing import CostsOf
from parking.kernel.ids import StayId
from parking.members import points
from parking.plumbing import delivery, given_up, jobs, outbox
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.each import each
from parking.security import store as security_store
from parking.sessions import evidence, visits
from parking.web import idempotency
from payments import reconciling
from payments import store as payment_store
from payments.cashier import Cashier
from payments.coupons import limits
from payments.coupons import store as coupon_store
from payments.later import notice_store, saving
from payments.later import store as later_store
from payments.reconciling import Reconciler

CONTACTS_EVERY_S = 5.0
HELD_EVERY_S = 2.0
RENEW_EVERY_S = 1800.0
CLAIMS_EVERY_S = 60.0
LATE_EXITS_AFTER = 3
"""So many of these rounds later what a box told is worked off, or somebody has been told that it is not."""
BAYS_EVERY_S = 30.0
FIGURES_EVERY_S = 60.0
GIVEN_UP_EVERY_S = 5.0
OUTLOOK_EVERY_S = 60.0
DEBTS_EVERY_S = 900.0
STATEMENTS_EVERY_S = 3600.0
TIDY_EVERY_S = 3600.0
PURGE_EVERY_S = 6 * 3600.0
EVENTS_KEPT = timedelta(days=90)
"""Longer than the 60 days for which logs must be kept; proofs of handling outlive the events, so that none is handled twice."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """Something to do every `every_s` seconds."""

    name: str
    every_s: float
    do: Callable[[], object]


class Rounds:
    """Runs rounds until it is stopped."""

    def __init__(self, rounds: Iterable[Round]) -> None:
        self._rounds = tuple(rounds)
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for one in self._rounds:
            thread = threading.Thread(target=self._run, args=(one,), name=one.name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, one: Round) -> None:
        while not self._stopping.wait(one.every_s):
            try:
                one.do()
            except Exception as error:  # the database may be away; the next round finds it again
                _log.warning("round failed", round=one.name, error=type(error).__name__)


def look_at_contacts(database: Database, contacts: Contacts, live: LiveProjection, bays: Bays) -> None:
    """Tell everybody when a gate box falls silent or comes back, and when that makes the counts old."""
    fed = contacts.oldest_s() <= STALE_AFTER_S
    live.vouch(database, fed=fed, seen={} if fed else {zone: v.usable for zone, v in bays.seen_whole().items()})
    news = contacts.changes()
    if news:

        def work(uow: UnitOfWork) -> None:
            for event in news:
                uow.publish(event)

        database.write(work)


def look_at_boxes(uow: UnitOfWork) -> None:
    """Boxes that are shut out hold nobody up; the others have each other's keys and know who of them is cut off."""
    if security_store.has_edges(uow.connection):  # else whoever speaks is known by no name
        causal_order.forget_others(uow, [box.id for box in security_store.edges(uow.connection)])
    keep_box_keys(uow)


def tidy(database: Database) -> None:
    """Forget what has long been relayed, handled, done and answered."""

    def work(uow: UnitOfWork) -> None:
        outbox.forget_relayed(uow, older_than=EVENTS_KEPT)
        delivery.forget_handled(uow, older_than=2 * EVENTS_KEPT)
        jobs.forget_done(uow, older_than=EVENTS_KEPT)
        idempotency.forget(uow)
        copy_feed.purge_tombstones(uow)
        ingest.forget_old(uow)
        visits.forget_old(uow)

    database.write(work)


def end_what_is_over(uow: UnitOfWork) -> None:
    """Coupons, points and remembered messages whose time is over."""
    coupon_store.expire(uow.connection, uow.now)
    points.expire(uow)
    app_hooks.forget_seen(uow)


def purge(database: Database, at_once: int = forgetting.AT_ONCE) -> int:
    """Forget what is personal and has been kept as long as its purpose allows; returns how many stays."""
    kept = forgetting.KEPT
    old = kept["plate of a coupon"]

    def coupons(uow: UnitOfWork) -> None:
        coupon_store.forget_plates(uow.connection, uow.now - old)
        limits.forget_days(uow.connection, (uow.now - old).date().isoformat())

    def notices(uow: UnitOfWork) -> None:
        notice_store.forget_plates(uow.connection, uow.now - kept["plate at a provider"])

    def debts(uow: UnitOfWork) -> None:
        later_store.forget_older(uow.connection, uow.now - kept["plate of a debt"], uow.now - kept["agreement"])
        saving.forget_older(uow.connection, uow.now - kept["try to save a card"])

    def visitors(uow: UnitOfWork, most: int) -> int:
        return keeping.forget_visitors(uow, uow.now - kept["visitor of an invitation"], most)

    def never_done(uow: UnitOfWork) -> None:
        given_up.forget_older(uow, uow.now - kept["what was given up"])

    def said(uow: UnitOfWork) -> None:
        until = uow.now - kept["what a provider said"]
        payment_store.forget_said(uow.connection, payment_store.callback_table.c.received_at < until)
        reconciling.forget_files(uow.connection, until.date())
        ratings.forget_words(uow, uow.now - kept["words of a rating"])

    return forgetting.purge(database, [visitors], [coupons, notices, debts, said, never_done], at_once)


def look_at_bays(bays: Bays) -> None:
    """Which bays nobody has heard of for long, and which counters have drifted from what is seen."""

    def work(uow: UnitOfWork) -> None:
        bays.book.look(uow)
        bays.healer.heal(uow)

    bays.database.write(work)


class ToldBefore:
    """Up to when every gate box had told what it knew by a round some `rounds` before.

    By now what they told has been worked off: after an outage that takes a while.
    """

    def __init__(
        self, database: Database, told_until: Callable[[Connection, datetime], datetime | None], rounds: int = 1
    ) -> None:
        self._database = database
        self._told_until = told_until
        self._told: deque[datetime | None] = deque([None] * rounds)

    def next(self) -> datetime | None:
        """That moment, once a round."""
        self._told.append(self._database.read(lambda conn: self._told_until(conn, self._database.clock.now())))
        return self._told.popleft()


class LetOut:
    """Ends the stays of whom an exit let out long ago, as far as every gate box has told what it knew."""

    def __init__(self, database: Database, cashier: Cashier) -> None:
        self.database = database
        self._end = leaving.end(cashier)
        self._told = ToldBefore(database, causal_order.frontier)

    def look(self) -> int:
        """One round; how many stays it ended."""
        told = self._told.next()
        if told is None:
            return 0
        over = self.database.read(lambda conn: evidence.let_out_by(conn, told))

        def end(uow: UnitOfWork, stay_id: StayId) -> bool:
            return evidence.end_let_out(uow, stay_id, told, self._end)

        return sum(each(self.database, "ending a stay that was let out", over, end))


class LateExits:
    """Judges exits again that were told before their entries, once every gate box has told what it knew by then."""

    def __init__(self, database: Database, cashier: Cashier, costs_of: CostsOf) -> None:
        self.database = database
        self._cashier = cashier
        self._costs_of = costs_of
        self._told = ToldBefore(database, causal_order.passed_on_until, LATE_EXITS_AFTER)

    def look(self) -> int:
        """One round; how many exits it judged."""
        told = self._told.next()
        return 0 if told is None else late_exits.look_again(self.database, self._cashier, self._costs_of, told)


def rounds_of(
    database: Database,
    contacts: Contacts,
    live: LiveProjection,
    cashier: Cashier,
    costs_of: CostsOf,
    reconciler: Reconciler,
    bays: Bays,
    figures: Figures,
    feeds: Iterable[Round] = (),
) -> Rounds:
    """The server's rounds."""
    return Rounds(
        (
            Round("contacts", CONTACTS_EVERY_S, lambda: look_at_contacts(database, contacts, live, bays)),
            Round("renew", RENEW_EVERY_S, lambda: refreshing_access.renew(database, cashier)),
            Round("debts", DEBTS_EVERY_S, lambda: owing.age(database, cashier)),
            Round("statements", STATEMENTS_EVERY_S, reconciler.look),
            Round("bounds", PURGE_EVERY_S, lambda: learned_bounds.learn(database, cashier)),
            Round("claims", CLAIMS_EVERY_S, lambda: following.tidy(database)),
            Round("boxes", CLAIMS_EVERY_S, lambda: database.write(look_at_boxes)),
            Round("held", HELD_EVERY_S, lambda: causal_order.release_all(database)),
            Round("tidy", TIDY_EVERY_S, lambda: tidy(database)),
            Round("doubts", TIDY_EVERY_S, lambda: database.write(evidence.give_up_doubts)),
            Round("let out", TIDY_EVERY_S, LetOut(database, cashier).look),
            Round("late exits", CLAIMS_EVERY_S, LateExits(database, cashier, costs_of).look),
            Round("ending", CLAIMS_EVERY_S, lambda: database.write(end_what_is_over)),
            Round("bays", BAYS_EVERY_S, lambda: look_at_bays(bays)),
            Round("outlook", OUTLOOK_EVERY_S, bays.see),
            *feeds,
            Round("figures", FIGURES_EVERY_S, lambda: database.write(figures.catch_up)),
            Round("purge", PURGE_EVERY_S, lambda: purge(database)),
        )
    )
