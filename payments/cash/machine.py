"""A cash machine at work: asks its acceptor what came, has it booked, and only then orders; then the coins.

One thread calls `step`; whoever talks to the page only reads and writes rows. After a crash the rows say what was ordered, and the devices'
counters what became of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused
from parking.plumbing.db import Database, UnitOfWork
from payments.cash import machine_books, machine_store, shift_store
from payments.cash.base import GivesCoins, PaidOut, RemembersPayouts, TakesNotes
from payments.cash.change import as_much
from payments.cash.machine_model import Acceptor, Session, SessionState, Trouble, Why, Wish
from payments.cash.model import Shift

UNSURE_AFTER = timedelta(seconds=30)
"""So long a device may take to say what became of an order; then a person is asked, and the payer does not wait for it."""
ORDERED_AGAIN = timedelta(seconds=2)
UNWATCHED = timedelta(seconds=60)
"""A page that has not asked for so long is gone, and whoever stood before it, too."""
MOST_COINS = 255


class Hopper(GivesCoins, RemembersPayouts, Protocol):
    """Gives coins, and can be asked about them by whoever was not there."""


class CashMachine:
    """One machine: its till's name, its acceptor, its hoppers by the value of their coins."""

    def __init__(
        self,
        till: str,
        acceptor: TakesNotes,
        hoppers: Mapping[int, Hopper],
        database: Database,
        clock: Clock,
    ) -> None:
        self.till = till
        self.acceptor, self.hoppers = acceptor, dict(hoppers)
        self._database, self._clock = database, clock
        self._admitted: frozenset[int] | None = None
        self._ordered_at: datetime | None = None
        self._watched: tuple[str, datetime] | None = None
        self.away = True
        """Whether its acceptor did not answer when it was last asked; nothing is known of one that was never asked."""

    def watched(self, session_id: str, at: datetime) -> None:
        """A page has just asked about this conversation."""
        self._watched = (session_id, at)

    def step(self) -> bool:
        """Ask, book, order; whether somebody is at it."""
        before = self._database.read(lambda conn: machine_store.acceptor(conn, self.till))
        acceptor = self._hear(before)
        session = self._database.read(lambda conn: machine_store.alive(conn, self.till))
        session = self._end_if_over(session) if session is not None else None
        if acceptor is not None:
            acceptor = self._route(acceptor)
            self._admit(session, acceptor)
        if session is not None and session.state is SessionState.ENDING:
            self._empty(session)
        if session is not None and session.state is SessionState.GIVING:
            self._give(session)
        return session is not None

    # --- notes -------------------------------------------------------------------------------------------------------

    def _hear(self, before: Acceptor) -> Acceptor | None:
        """What it has said is booked; None while it does not answer."""
        try:
            heard = self.acceptor.heard(before.seen)
        except (DeviceFault, DeviceRefused):
            self.away, self._admitted = True, None
            return None
        self.away = False
        if before.seen == heard.counter and not heard.missed:
            return before
        if heard.missed:
            self._admitted = None  # it may have lost its power, and with it what it was told to admit
        return self._database.write(lambda uow: machine_books.take_over(uow, self.till, heard))

    def _end_if_over(self, session: Session) -> Session:
        """Nobody there any more, or nothing to pay any more: it ends."""
        if session.state is not SessionState.OPEN:
            return session
        now = self._clock.now()
        if now >= session.expires_at or self._unwatched(session, now):
            return self._database.write(lambda uow: machine_books.end(uow, session.id, Why.EXPIRED))
        if self._database.read(lambda conn: machine_books.is_due(conn, session)):
            return session
        return self._database.write(lambda uow: machine_books.end(uow, session.id, Why.NOT_DUE))

    def _unwatched(self, session: Session, now: datetime) -> bool:
        if self._watched is None or self._watched[0] != session.id:
            self._watched = (session.id, now)  # a server that has just started gives the page its time
        return now - self._watched[1] > UNWATCHED

    def _route(self, acceptor: Acceptor) -> Acceptor:
        """Decide about the note that is held, and order it; again where nothing came of the order."""
        if not acceptor.holds:
            self._ordered_at = None
            return acceptor
        notes, coins, now = self.acceptor.notes, tuple(self.hoppers), self._clock.now()
        if acceptor.wish is Wish.NONE:
            acceptor = self._database.write(lambda uow: machine_books.decide(uow, self.till, notes, coins))
        if acceptor.wished_at is not None and now - acceptor.wished_at > UNSURE_AFTER:
            self._give_up()
        elif self._ordered_at is None or now - self._ordered_at >= ORDERED_AGAIN:
            self._ordered_at = now
            try:
                self.acceptor.route(store=acceptor.wish is Wish.STORE)
            except (DeviceFault, DeviceRefused):
                self.away = True  # what became of it is heard, or ordered again
        return acceptor

    def _give_up(self) -> None:
        self._ordered_at = None
        self._database.write(lambda uow: machine_books.give_up_on_held(uow, self.till))

    def _admit(self, session: Session | None, acceptor: Acceptor) -> None:
        """Only notes that may be stored are drawn in at all; while one is held, none."""
        if acceptor.holds:
            return  # there is one place only, and what comes next is decided about when it comes
        coins, notes = tuple(self.hoppers), self.acceptor.notes
        wanted: frozenset[int] = frozenset()
        if session is not None and acceptor.trouble is Trouble.NONE:
            at = session
            wanted = self._database.read(lambda conn: machine_books.notes_for(conn, at, notes, coins))
        if wanted != self._admitted:
            try:
                self.acceptor.admit(wanted)
                self._admitted = wanted
            except (DeviceFault, DeviceRefused):
                self.away, self._admitted = True, None

    def _empty(self, session: Session) -> None:
        """An ended conversation goes on once nothing of it is held any more, or nobody will know."""

        def work(uow: UnitOfWork) -> None:
            now = machine_store.acceptor(uow.connection, self.till)
            if now.holds and (now.wished_at is None or uow.now - now.wished_at > UNSURE_AFTER):
                machine_books.give_up_on_held(uow, self.till)
                now = now.empty()
            if not now.holds:
                machine_books.give_back(uow, session.id)

        self._database.write(work)

    # --- coins -------------------------------------------------------------------------------------------------------

    def _give(self, session: Session) -> None:
        """One payout: what it is told to give is written down first, and what it gave is booked after."""
        row = self._database.read(lambda conn: machine_store.payout_under_way(conn, session.id))
        if row is None:
            return self._begin_payout(session)
        try:
            hopper = self.hoppers[row.coin]
            paid = hopper.gave_since(row.mark, row.wanted) or hopper.give(row.wanted)
        except (DeviceFault, DeviceRefused, KeyError):
            self._give_up_on_payout(session, row.at)
            return None
        return self._payout_done(session, paid)

    def _payout_done(self, session: Session, paid: PaidOut | None) -> None:
        self._database.write(lambda uow: machine_books.payout_done(uow, session.id, paid))

    def _give_up_on_payout(self, session: Session, begun_at: datetime) -> None:
        if self._clock.now() - begun_at > UNSURE_AFTER:
            self._payout_done(session, None)

    def _begin_payout(self, session: Session) -> None:
        found: dict[int, int] = {}
        missing = session.to_give - session.given
        if missing:
            found = as_much(missing, self._database.read(self._stock))
        marks: dict[int, int] = {}
        for coin in sorted(found, reverse=True):
            try:
                marks[coin] = self.hoppers[coin].mark()
                break
            except (DeviceFault, DeviceRefused):
                continue  # this one does not answer: another may give its part
        if not marks:
            self._database.write(lambda uow: machine_books.close(uow, session.id))
            return
        ((coin, mark),) = marks.items()
        wanted = min(found[coin], MOST_COINS)

        def work(uow: UnitOfWork) -> None:
            about = {"id": uow.ids.new(uow.now), "session_id": session.id, "till": self.till, "at": uow.now}
            machine_store.begin_payout(uow.connection, coin=coin, wanted=wanted, mark=mark, **about)

        self._database.write(work)

    def _stock(self, conn: Connection) -> dict[int, int]:
        shift: Shift | None = shift_store.open_shift(conn, self.till)
        return {} if shift is None else machine_store.stock(conn, shift, tuple(self.hoppers))
