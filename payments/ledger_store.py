"""The ledger of money: every movement about a stay names it, and single stays' accounts are shown summed up."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

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
    booked, balances = BOOK.booked_about(conn, stay_id)
    turn = 0
    while ledger.undue_reference(stay_id, turn + 1) in booked:
        turn += 1
    return ledger.sums(stay_id, balances, has_left=ledger.due_reference(stay_id, turn) in booked)


def stay_sums_at(conn: Connection, stay_id: StayId, moment: datetime) -> ledger.StaySums:
    """The same as it stood at a moment, what was booked in it included, but for its bill."""
    balances: dict[str, int] = {}
    for at, movement in movements_of(conn, stay_id):
        for posting in movement.postings if at <= moment else ():
            balances[posting.account] = balances.get(posting.account, 0) + posting.amount
    return ledger.sums(stay_id, balances, has_left=False)


def balances(conn: Connection) -> list[tuple[str, str, int]]:
    """(account, unit, balance), accounts of single stays summed up; per unit the balances sum to zero."""
    return BOOK.balances(conn)


def balances_until(conn: Connection, until: datetime) -> list[tuple[str, str, int]]:
    """The same as they were at a moment: worked out from the postings before it, accounts of single stays summed up."""
    m, p = movement_table.c, posting_table.c
    shown = sa.case(
        *((p.account.like(f"{head}:%"), sa.literal(head)) for head in ledger.PER_STAY), else_=p.account
    ).label("shown")
    query = (
        sa.select(shown, m.unit, sa.func.sum(p.amount).label("balance"))
        .join(movement_table, m.seq == p.seq)
        .where(m.booked_at < until)
        .group_by("shown", m.unit)
        .order_by("shown", m.unit)
    )
    return [(str(row.shown), str(row.unit), int(row.balance)) for row in conn.execute(query)]


def days_of(
    conn: Connection, account: str, since: datetime, until: datetime, zone: tzinfo
) -> list[tuple[date, str, int, int]]:
    """What was booked on an account from one moment to another, by day and unit: (day, unit, debits, credits), oldest first."""
    m, p = movement_table.c, posting_table.c
    query = (
        sa.select(m.booked_at, m.unit, p.account, p.amount)
        .join(movement_table, m.seq == p.seq)
        .where(m.booked_at >= since, m.booked_at < until, sa.or_(p.account == account, p.account.like(f"{account}:%")))
        .order_by(m.seq, p.position)
    )
    found: dict[tuple[date, str], tuple[int, int]] = {}
    for row in conn.execute(query, execution_options={"yield_per": 1000}):
        if ledger.summary(row.account) != account and row.account != account:
            continue
        day = (row.booked_at.astimezone(zone).date(), str(row.unit))
        debits, credits = found.get(day, (0, 0))
        found[day] = (debits + max(row.amount, 0), credits + max(-row.amount, 0))
    return [(day, unit, *sums) for (day, unit), sums in sorted(found.items())]


def journal(conn: Connection, since: datetime, until: datetime, after: int, limit: int) -> list[Row[Any]]:
    """Postings of the movements booked from one moment to another, those behind sequence number `after`, in their order."""
    m, p = movement_table.c, posting_table.c
    wanted = (
        sa.select(m.seq).where(m.seq > after, m.booked_at >= since, m.booked_at < until).order_by(m.seq).limit(limit)
    )
    query = (
        sa.select(m.seq, m.booked_at, m.reference, m.unit, m.stay_id, p.position, p.account, p.amount)
        .join(posting_table, p.seq == m.seq)
        .where(m.seq.in_(wanted))
        .order_by(m.seq, p.position)
    )
    return [*conn.execute(query)]


def movements_of(conn: Connection, stay_id: StayId) -> list[tuple[datetime, Movement]]:
    """What was booked about a stay, and when, in that order."""
    return BOOK.movements_of(conn, stay_id)


def verify(conn: Connection) -> Verdict:
    """Read the whole ledger again: the chain, every movement's zero sum, the kept balances, and that no end was cut off."""
    return BOOK.verify(conn)
