"""The ledger of money: every movement about a stay names it, and single stays' accounts are shown summed up."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from parking.kernel.double_entry import Movement
from parking.kernel.ids import StayId
from parking.plumbing.ledger_book import Book, Verdict
from payments import ledger

BOOK = Book("ledger", subject="stay_id", summary=ledger.summary)
movement_table, posting_table = BOOK.movements, BOOK.postings
balance_table, head_table = BOOK.kept, BOOK.head


def take_head(conn: Connection) -> tuple[int, str]:
    """Last sequence number and link; on PostgreSQL others wait here until this transaction ends."""
    return BOOK.take_head(conn)


def book(conn: Connection, movement: Movement, *, stay_id: StayId | None, at: datetime) -> bool:
    """Add a movement; False when its reference is booked already with the same content, a conflict with other content."""
    return BOOK.book(conn, movement, subject=stay_id, at=at)


def is_booked(conn: Connection, reference: str) -> bool:
    return BOOK.is_booked(conn, reference)


def bills_taken_back(conn: Connection, stay_id: StayId) -> int:
    """How often the bill of a stay has been taken back."""
    turn = 0
    while is_booked(conn, ledger.undue_reference(stay_id, turn + 1)):
        turn += 1
    return turn


def stay_sums(conn: Connection, stay_id: StayId) -> ledger.StaySums:
    """What the ledger says of one stay; `.holds` is invariant I1."""
    has_left = is_booked(conn, ledger.due_reference(stay_id, bills_taken_back(conn, stay_id)))
    return ledger.sums(stay_id, BOOK.sums_of(conn, stay_id), has_left=has_left)


def balances(conn: Connection) -> list[tuple[str, str, int]]:
    """(account, unit, balance), accounts of single stays summed up; per unit the balances sum to zero."""
    return BOOK.balances(conn)


def movements_of(conn: Connection, stay_id: StayId) -> list[tuple[datetime, Movement]]:
    """What was booked about a stay, and when, in that order."""
    return BOOK.movements_of(conn, stay_id)


def verify(conn: Connection) -> Verdict:
    """Read the whole ledger again: the chain, every movement's zero sum, the kept balances, and that no end was cut off."""
    return BOOK.verify(conn)
