"""What a cash machine takes and gives, on the books: each note and each payout in the transaction that learns of it, once.

A stored note goes from nowhere to `drawer:<till>` and stands on `held:<till>`; the payment takes what it is of from there, coins that went
back take theirs, and what is left of it then is owed: it has a slip, and a person with an open shift hands it out.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from parking.kernel.errors import conflict, not_found
from parking.kernel.ids import PaymentId, StayId
from parking.kernel.money import Money
from parking.plumbing.db import UnitOfWork
from payments import ledger_store, store
from payments.cash import machine_store, shift_store, shifts
from payments.cash.base import Heard, PaidOut
from payments.cash.change import takeable
from payments.cash.machine_model import Acceptor, Session, SessionState, Stored, Why, Wish, follow, held_of
from payments.cash.model import MoveKind
from payments.model import Payment
from payments.settling import flag

STOPS_BEFORE = timedelta(seconds=5)
"""So long before its order expires no note is taken any more."""


def begin(uow: UnitOfWork, till: str, payment: Payment, *, key: str) -> Session:
    """Open the conversation for this payment; the same key, or the same payment, gives the same. ParkingError while another is open."""
    conn = uow.connection
    ledger_store.take_head(conn)
    known = machine_store.session_by_key(conn, key)
    if known is not None:
        return known
    shifts.of_till(uow, till)
    now = machine_store.alive(conn, till)
    if now is not None:
        if now.payment_id == payment.payment_id and now.state is SessionState.OPEN:
            return now
        raise conflict("cash.busy", "this machine is still busy with the payment before")
    new = Session(
        id=uow.ids.new(uow.now),
        till=till,
        stay_id=payment.stay_id,
        payment_id=payment.payment_id,
        due=payment.amount,
        state=SessionState.OPEN,
        begun_at=uow.now,
        expires_at=payment.expires_at - STOPS_BEFORE,
    )
    machine_store.insert_session(conn, new, key=key)
    return new


def take_over(uow: UnitOfWork, till: str, heard: Heard, *, since: int | None) -> Acceptor:
    """Book all that the acceptor has said `since` this counter; it answers. What somebody else has booked meanwhile is left alone."""
    conn = uow.connection
    ledger_store.take_head(conn)
    before = machine_store.acceptor(conn, till)
    if before.seen != since:
        return before
    before = replace(before, away_since=None)
    followed = follow(before, heard)
    for note in followed.stored:
        _stored(uow, till, note)
    if followed.unsure is not None:
        _nobody_knows(uow, till, followed.unsure)
    machine_store.keep_acceptor(conn, followed.acceptor)
    return followed.acceptor


def went_away(uow: UnitOfWork, till: str) -> None:
    """The acceptor does not answer."""
    now = machine_store.acceptor(uow.connection, till)
    if now.answers:
        machine_store.keep_acceptor(uow.connection, replace(now, away_since=uow.now))


def _stored(uow: UnitOfWork, till: str, note: Stored) -> None:
    conn, value = uow.connection, note.value
    session, number = machine_store.alive(conn, till), uow.ids.new(uow.now)
    if session is None or not _is_theirs(session, note) or session.state is SessionState.GIVING or value == 0:
        return _nobodys(uow, till, value, number)
    shift = shifts.of_till(uow, till)  # it cannot be closed while somebody pays
    amount = Money(value, session.due.currency)
    shifts.book_move(uow, shift, MoveKind.NOTE, number, amount, by=till, other=held_of(till))
    stored = session.stored + value
    machine_store.change_session(conn, session.id, stored=stored)
    if session.state is SessionState.OPEN and stored >= session.due.minor:
        paid = shifts.pay_from_held(uow, till, PaymentId(session.payment_id), stored)
        back = stored - session.due.minor if paid else stored
        _give(uow, session, Why.PAID if paid else Why.NOT_DUE, back)


def _is_theirs(session: Session, note: Stored) -> bool:
    """Whether whoever pays now has put this note in."""
    return not note.strayed and (note.late_of is None or note.late_of >= session.begun_at)


def _nobodys(uow: UnitOfWork, till: str, value: int, number: str) -> None:
    """A note in the cashbox that nobody was known to pay with, or one without a known value: it is there, and a person is asked."""
    shift = shift_store.open_shift(uow.connection, till)
    if value and shift is not None:
        amount, reason = Money(value, shift.currency), "a note that nobody was known to pay with"
        shifts.book_move(uow, shift, MoveKind.DIFFERENCE, number, amount, by=till, reason=reason)
    flag(uow, "cash_note_unknown", None, number)


def _nobody_knows(uow: UnitOfWork, till: str, value: int) -> None:
    """Ask a person where a note is that we ordered to be stored: it jammed, or the acceptor has lost its memory."""
    session = machine_store.alive(uow.connection, till)
    about = f"{session.id if session else till}:{value}"
    flag(uow, "cash_note_unknown", StayId(session.stay_id) if session else None, about)


def give_up_on_held(uow: UnitOfWork, till: str) -> None:
    """The acceptor does not say what became of the note that it was to store: ask a person, and go on without it."""
    now = machine_store.acceptor(uow.connection, till)
    if now.holds and now.wish is Wish.STORE:
        _nobody_knows(uow, till, now.held)
        machine_store.keep_acceptor(uow.connection, now.given_up())


def notes_for(conn: Connection, session: Session, notes: Collection[int], coins: Collection[int]) -> frozenset[int]:
    """The notes that this conversation may take now."""
    if session.state is not SessionState.OPEN:
        return frozenset()
    shift = shift_store.open_shift(conn, session.till)
    if shift is None:
        return frozenset()
    return takeable(session.left, notes, machine_store.stock(conn, shift, coins))


def decide(uow: UnitOfWork, till: str, notes: Collection[int], coins: Collection[int]) -> Acceptor:
    """Write down what is to become of the note that is held, before it is ordered; what was written down stands."""
    conn = uow.connection
    now = machine_store.acceptor(conn, till)
    if not now.holds or now.wish is not Wish.NONE:
        return now
    session = machine_store.alive(conn, till)
    wanted = session is not None and now.held in notes_for(conn, session, notes, coins)
    now = replace(now, wish=Wish.STORE if wanted else Wish.RETURN, wished_at=uow.now)
    machine_store.keep_acceptor(conn, now)
    return now


def end(uow: UnitOfWork, session_id: str, why: Why) -> Session:
    """No more notes: what is held comes to its end, and what was stored goes back. What has ended already is left alone."""
    conn = uow.connection
    ledger_store.take_head(conn)
    session = machine_store.session(conn, session_id)
    assert session is not None, "sessions are never deleted"
    if session.state is SessionState.OPEN:
        machine_store.change_session(conn, session_id, state=SessionState.ENDING.value, why=why.value)
    found = machine_store.session(conn, session_id)
    assert found is not None
    return found


def is_due(conn: Connection, session: Session) -> bool:
    """Whether its payment is still to be made."""
    payment = store.get(conn, PaymentId(session.payment_id))
    return payment is not None and payment.is_live


def give_back(uow: UnitOfWork, session_id: str) -> None:
    """Nothing more is stored: what an ended conversation has stored is to go back."""
    session = machine_store.session(uow.connection, session_id)
    if session is not None and session.state is SessionState.ENDING:
        _give(uow, session, session.why or Why.CANCELLED, session.stored)


def _give(uow: UnitOfWork, session: Session, why: Why, minor: int) -> None:
    state = SessionState.GIVING if minor else SessionState.OVER
    values: dict[str, Any] = {"why": why.value, "to_give": minor, "state": state.value}
    values |= {} if minor else {"ended_at": uow.now}
    machine_store.change_session(uow.connection, session.id, **values)


def payout_done(uow: UnitOfWork, session_id: str, paid: PaidOut | None) -> None:
    """What the payout that is under way has given; None: nobody will know, a person is asked, and nothing is booked as given."""
    conn = uow.connection
    ledger_store.take_head(conn)
    session, row = machine_store.session(conn, session_id), machine_store.payout_under_way(conn, session_id)
    if session is None or row is None:
        return
    given = None if paid is None else paid.given
    if not machine_store.end_payout(conn, row.id, given=given):
        return
    if given is None:
        flag(uow, "cash_change_unknown", StayId(session.stay_id), row.id)
    elif given:
        _coins_fell(uow, session, row.id, given * row.coin)


def _coins_fell(uow: UnitOfWork, session: Session, number: str, minor: int) -> None:
    """Coins out of the hopper; those beyond what was to go back are a difference of the shift, and owed to nobody."""
    shift, currency = shifts.of_till(uow, session.till), session.due.currency
    back = min(minor, session.to_give - session.given)
    if back:
        amount = Money(-back, currency)
        shifts.book_move(uow, shift, MoveKind.CHANGE, number, amount, by=session.till, other=held_of(session.till))
        machine_store.change_session(uow.connection, session.id, given=session.given + back)
    if minor > back:
        amount, reason = Money(back - minor, currency), "more coins fell than were asked for"
        shifts.book_move(uow, shift, MoveKind.DIFFERENCE, number, amount, by=session.till, reason=reason)


def close(uow: UnitOfWork, session_id: str) -> None:
    """The hoppers can give no more: what is missing is owed under a slip."""
    session = machine_store.session(uow.connection, session_id)
    if session is None or session.state is not SessionState.GIVING:
        return
    missing = session.to_give - session.given
    slip = _slip(uow.ids.new(uow.now)) if missing else None
    values = {"state": SessionState.OVER.value, "ended_at": uow.now, "slip": slip}
    machine_store.change_session(uow.connection, session_id, **values)


def _slip(fresh: str) -> str:
    """Eight signs out of the random end of a new id, that can be read aloud."""
    return base64.b32encode(UUID(fresh).bytes[-5:]).decode()


def hand_out(uow: UnitOfWork, till: str, slip: str, *, by: str, audit: shifts.Audit) -> Session:
    """What a machine still owes under this slip has been handed out at a till with an open shift; a second hand is told that it was."""
    conn = uow.connection
    ledger_store.take_head(conn)
    session = machine_store.session_by_slip(conn, slip)
    if session is None:
        raise not_found("cash.no_slip", "there is no such slip")
    if session.handed_at is not None:
        raise shifts.handed_out_before()
    shift, amount = shifts.of_till(uow, till), Money(session.owed, session.due.currency)
    shifts.need(uow, shift, amount, audit)
    shifts.book_move(uow, shift, MoveKind.OWED, session.id, -amount, by=by, other=held_of(session.till))
    machine_store.change_session(conn, session.id, handed_at=uow.now)
    audit("cash.slip_handed_out", session.id, f"{amount}")
    found = machine_store.session_by_slip(conn, slip)
    assert found is not None
    return found
