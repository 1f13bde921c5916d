"""A cash machine at work: asks its acceptor what came, has it booked, and only then orders; then the coins.

One thread calls `step`; whoever talks to the page only reads and writes rows. After a crash the rows say what was ordered, and the devices'
counters what became of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
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

UNSURE_AFTER_S = 30.0
"""So long a device may take to say what became of an order; then a person is asked, and the payer does not wait for it."""
ORDERED_AGAIN_S = 2.0
UNWATCHED_S = 60.0
"""A page that has not asked for so long is gone, and whoever stood before it, too."""
MOST_COINS = 255


class Hopper(GivesCoins, RemembersPayouts, Protocol):
    """Gives coins, and can be asked about them by whoever was not there."""


class CashMachine:
    """One machine: its till's name, its acceptor, its hoppers by the value of their coins.

    Of several processes one looks after it: whose claim it is. Spans are measured by the clock that nobody puts right.
    """

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
        self._claim = database.claim(f"cash machine {till}")
        self._admitted: frozenset[int] | None = None
        self._ordered_s: float | None = None
        self._since_s: dict[str, tuple[object, float]] = {}
        self._unordered: str | None = None
        """The payout that was begun here and surely not ordered yet."""

    def _lasts_s(self, what: str, state: object) -> float:
        """For how long this has been so, as far as this process has seen."""
        now_s = self._clock.monotonic_s()
        if what not in self._since_s or self._since_s[what][0] != state:
            self._since_s[what] = (state, now_s)
        return now_s - self._since_s[what][1]

    def step(self) -> bool:
        """Ask, book, order; whether somebody is at it, and it is ours to look after."""
        if not self._claim.is_ours():
            self._admitted, self._ordered_s, self._since_s, self._unordered = None, None, {}, None
            return False
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

    def let_go(self) -> None:
        """Leave it to another process; for the thread that steps."""
        self._claim.let_go()

    # --- notes -------------------------------------------------------------------------------------------------------

    def _hear(self, before: Acceptor) -> Acceptor | None:
        """What it has said is booked; None while it does not answer."""
        try:
            heard = self.acceptor.heard(before.seen)
        except (DeviceFault, DeviceRefused):
            self._admitted = None
            if before.answers:
                self._database.write(lambda uow: machine_books.went_away(uow, self.till))
            return None
        if before.answers and before.seen == heard.counter and not heard.missed:
            return before
        if heard.missed:
            self._admitted = None  # it may have lost its power, and with it what it was told to admit
        return self._database.write(lambda uow: machine_books.take_over(uow, self.till, heard, since=before.seen))

    def _end_if_over(self, session: Session) -> Session:
        """Nobody there any more, or nothing to pay any more: it ends."""
        if session.state is not SessionState.OPEN:
            return session
        unwatched_s = self._lasts_s("watched", (session.id, session.watched_at))
        if self._clock.now() >= session.expires_at or unwatched_s > UNWATCHED_S:
            return self._database.write(lambda uow: machine_books.end(uow, session.id, Why.EXPIRED))
        if self._database.read(lambda conn: machine_books.is_due(conn, session)):
            return session
        return self._database.write(lambda uow: machine_books.end(uow, session.id, Why.NOT_DUE))

    def _route(self, acceptor: Acceptor) -> Acceptor:
        """Decide about the note that is held, and order it; again where nothing came of the order."""
        if not acceptor.holds:
            self._ordered_s = None
            return acceptor
        notes, coins, now_s = self.acceptor.notes, tuple(self.hoppers), self._clock.monotonic_s()
        if acceptor.wish is Wish.NONE:
            acceptor = self._database.write(lambda uow: machine_books.decide(uow, self.till, notes, coins))
        if self._is_lost(acceptor):
            self._database.write(lambda uow: machine_books.give_up_on_held(uow, self.till))
        elif self._ordered_s is None or now_s - self._ordered_s >= ORDERED_AGAIN_S:
            self._ordered_s = now_s
            with suppress(DeviceFault, DeviceRefused):  # what became of it is heard, or ordered again
                self.acceptor.route(store=acceptor.wish is Wish.STORE)
        return acceptor

    def _is_lost(self, acceptor: Acceptor) -> bool:
        """Whether a note was to be stored, and nothing was heard of it for too long; one that is to go back is waited for."""
        return acceptor.wish is Wish.STORE and self._lasts_s("ordered", acceptor.wished_at) > UNSURE_AFTER_S

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
                self._admitted = None

    def _empty(self, session: Session) -> None:
        """An ended conversation goes on once nothing of it is being stored any more, or nobody will know."""
        acceptor = self._database.read(lambda conn: machine_store.acceptor(conn, self.till))
        is_lost = self._is_lost(acceptor)
        if acceptor.wish is Wish.STORE and not is_lost:
            return

        def work(uow: UnitOfWork) -> None:
            if is_lost:
                machine_books.give_up_on_held(uow, self.till)
            machine_books.give_back(uow, session.id)

        self._database.write(work)

    # --- coins -------------------------------------------------------------------------------------------------------

    def _give(self, session: Session) -> None:
        """One payout: what it is told to give is written down first, and what it gave is booked after."""
        row = self._database.read(lambda conn: machine_store.payout_under_way(conn, session.id))
        if row is None:
            return self._begin_payout(session)
        is_new, self._unordered = self._unordered == row.id, None
        try:
            hopper = self.hoppers[row.coin]
            told = None if is_new else hopper.gave_since(row.mark, row.wanted)
            paid = told or hopper.give(row.wanted)
        except (DeviceFault, DeviceRefused, KeyError):
            if self._lasts_s("payout", row.id) > UNSURE_AFTER_S:
                self._payout_done(session, None)
            return None
        return self._payout_done(session, paid)

    def _payout_done(self, session: Session, paid: PaidOut | None) -> None:
        self._database.write(lambda uow: machine_books.payout_done(uow, session.id, paid))

    def _begin_payout(self, session: Session) -> None:
        """What is missing, by one hopper at a time; after one that may have given unseen a person decides, and no other."""
        found: dict[int, int] = {}
        missing = session.to_give - session.given
        if missing and not self._database.read(lambda conn: machine_store.has_unknown_payout(conn, session.id)):
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

        def work(uow: UnitOfWork) -> str:
            payout_id = uow.ids.new(uow.now)
            about = {"id": payout_id, "session_id": session.id, "till": self.till, "at": uow.now}
            machine_store.begin_payout(uow.connection, coin=coin, wanted=wanted, mark=mark, **about)
            return payout_id

        self._unordered = self._database.write(work)

    def _stock(self, conn: Connection) -> dict[int, int]:
        shift: Shift | None = shift_store.open_shift(conn, self.till)
        return {} if shift is None else machine_store.stock(conn, shift, tuple(self.hoppers))
