"""The ledger's tables. Rows are only ever added; each movement carries the hash of all before it; a reference books once.

Whoever books takes the head row first, so that movements stand in one line on every database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.chain import GENESIS, first_broken, link
from parking.kernel.codec import to_plain
from parking.kernel.double_entry import Movement
from parking.kernel.errors import conflict
from parking.kernel.ids import StayId
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import insert_once, metadata
from payments import ledger

movement_table = sa.Table(
    "ledger_movement",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("reference", sa.String(96), nullable=False, unique=True),
    sa.Column("unit", sa.String(3), nullable=False),
    sa.Column("stay_id", sa.String(36), nullable=True, index=True),
    sa.Column("booked_at", UtcDateTime, nullable=False),
    sa.Column("link", sa.String(64), nullable=False),
)
posting_table = sa.Table(
    "ledger_posting",
    metadata,
    sa.Column("seq", sa.BigInteger, sa.ForeignKey("ledger_movement.seq"), primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("account", sa.String(96), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
)
balance_table = sa.Table(  # worked out from the postings as they come; `verify` works it out again
    "ledger_balance",
    metadata,
    sa.Column("account", sa.String(96), primary_key=True),
    sa.Column("unit", sa.String(3), primary_key=True),
    sa.Column("balance", sa.BigInteger, nullable=False),
)
head_table = sa.Table(
    "ledger_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("link", sa.String(64), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: how many movements, the sequence number of the first that is not as it was written (or None),
    references that do not sum to zero, and accounts whose kept balance is not that of their postings."""

    movements: int
    first_broken: int | None
    unbalanced: tuple[str, ...]
    wrong_balances: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return self.first_broken is None and not self.unbalanced and not self.wrong_balances


def take_head(conn: Connection) -> tuple[int, str]:
    """Last sequence number and link; on PostgreSQL others wait here until this transaction ends."""
    insert_once(conn, head_table, {"id": 1, "seq": 0, "link": GENESIS})
    row = conn.execute(sa.select(head_table.c.seq, head_table.c.link).with_for_update()).one()
    return int(row.seq), str(row.link)


def book(conn: Connection, movement: Movement, *, stay_id: StayId | None, at: datetime) -> bool:
    """Add a movement; False when its reference is booked already with the same content, a conflict with other content."""
    seq, previous = take_head(conn)
    if (known := _booked(conn, movement.reference)) is not None:
        if known != (movement.unit, [[p.account, p.amount] for p in movement.postings]):
            raise conflict("ledger.reference_taken", f"{movement.reference} is booked already, with other amounts")
        return False
    seq += 1
    content = _content(seq, movement, stay_id, at)
    new_link = link(previous, content)
    conn.execute(
        movement_table.insert().values(
            seq=seq, reference=movement.reference, unit=movement.unit, stay_id=stay_id, booked_at=at, link=new_link
        )
    )
    conn.execute(
        posting_table.insert(),
        [
            {"seq": seq, "position": i, "account": p.account, "amount": p.amount}
            for i, p in enumerate(movement.postings)
        ],
    )
    conn.execute(head_table.update().values(seq=seq, link=new_link))
    for posting in movement.postings:
        _add_to_balance(conn, ledger.summary(posting.account), movement.unit, posting.amount)
    return True


def _content(seq: int, movement: Movement, stay_id: str | None, at: datetime) -> dict[str, Any]:
    return {
        "seq": seq,
        "reference": movement.reference,
        "unit": movement.unit,
        "stay_id": stay_id,
        "at": to_plain(at),
        "postings": [[p.account, p.amount] for p in movement.postings],
    }


def _booked(conn: Connection, reference: str) -> tuple[str, list[list[Any]]] | None:
    rows = conn.execute(
        sa.select(movement_table.c.unit, posting_table.c.account, posting_table.c.amount)
        .join(posting_table, posting_table.c.seq == movement_table.c.seq)
        .where(movement_table.c.reference == reference)
        .order_by(posting_table.c.position)
    ).all()
    return (rows[0].unit, [[row.account, row.amount] for row in rows]) if rows else None


def _add_to_balance(conn: Connection, account: str, unit: str, amount: int) -> None:
    where = (balance_table.c.account == account, balance_table.c.unit == unit)
    changed = conn.execute(balance_table.update().where(*where).values(balance=balance_table.c.balance + amount))
    if changed.rowcount == 0:
        conn.execute(balance_table.insert().values(account=account, unit=unit, balance=amount))


def is_booked(conn: Connection, reference: str) -> bool:
    return (
        conn.execute(sa.select(movement_table.c.seq).where(movement_table.c.reference == reference)).first() is not None
    )


def stay_sums(conn: Connection, stay_id: StayId) -> ledger.StaySums:
    """What the ledger says of one stay; `.holds` is invariant I1."""
    rows = conn.execute(
        sa.select(posting_table.c.account, sa.func.sum(posting_table.c.amount).label("balance"))
        .join(movement_table, posting_table.c.seq == movement_table.c.seq)
        .where(movement_table.c.stay_id == stay_id)
        .group_by(posting_table.c.account)
    )
    balances = {row.account: int(row.balance) for row in rows}
    return ledger.sums(stay_id, balances, has_left=is_booked(conn, ledger.due_reference(stay_id)))


def balances(conn: Connection) -> list[tuple[str, str, int]]:
    """(account, unit, balance), accounts of single stays summed up; per unit the balances sum to zero."""
    query = sa.select(balance_table).order_by(balance_table.c.account, balance_table.c.unit)
    return [(row.account, row.unit, row.balance) for row in conn.execute(query)]


def _movements(conn: Connection) -> Iterator[tuple[dict[str, Any], str]]:
    query = (
        sa.select(movement_table, posting_table.c.account, posting_table.c.amount)
        .join(posting_table, posting_table.c.seq == movement_table.c.seq, isouter=True)
        .order_by(movement_table.c.seq, posting_table.c.position)
    )
    rows = conn.execute(query, execution_options={"yield_per": 1000})
    for seq, group in groupby(rows, key=lambda row: row.seq):
        entries = list(group)
        first = entries[0]
        content = {
            "seq": seq,
            "reference": first.reference,
            "unit": first.unit,
            "stay_id": first.stay_id,
            "at": to_plain(first.booked_at),
            "postings": [[e.account, e.amount] for e in entries if e.account is not None],
        }
        yield content, first.link


def verify(conn: Connection) -> Verdict:
    """Read the whole ledger again: the chain, every movement's zero sum, the kept balances, and that no end was cut off."""
    unbalanced: list[str] = []
    totals: dict[tuple[str, str], int] = {}
    last = (0, GENESIS)
    count = 0

    def watched() -> Iterator[tuple[dict[str, Any], str]]:
        nonlocal count, last
        for content, claimed in _movements(conn):
            count += 1
            last = (content["seq"], claimed)
            amounts = [amount for _, amount in content["postings"]]
            if len(amounts) < 2 or sum(amounts) != 0:
                unbalanced.append(content["reference"])
            for account, amount in content["postings"]:
                key = (ledger.summary(account), content["unit"])
                totals[key] = totals.get(key, 0) + amount
            yield content, claimed

    chain = watched()
    broken = first_broken(chain)
    position = None if broken is None else broken + 1
    for _ in chain:  # past the break, for the sums
        pass
    head = conn.execute(sa.select(head_table.c.seq, head_table.c.link)).first()
    if position is None and (tuple(head) if head else (0, GENESIS)) != last:
        position = count + 1
    kept = {(account, unit): balance for account, unit, balance in balances(conn)}
    wrong = {key for key in totals.keys() | kept.keys() if totals.get(key, 0) != kept.get(key, 0)}
    return Verdict(count, position, tuple(unbalanced), tuple(f"{account} {unit}" for account, unit in sorted(wrong)))
