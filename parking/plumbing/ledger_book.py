"""A ledger as tables. Rows are only ever added; each movement carries the hash of all before it; a reference books once.

Money and points each keep a book of their own on this. Whoever books takes the head row first, so that movements stand in
one line on every database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.chain import GENESIS, first_broken, link
from parking.kernel.codec import to_plain
from parking.kernel.double_entry import Movement, Posting
from parking.kernel.errors import conflict
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.insert_once import insert_once
from parking.plumbing.prepared import prepared
from parking.plumbing.tables import metadata


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


class Book:
    """One ledger: the tables `<name>_movement`, `_posting`, `_balance` and `_head`.

    `subject` names the column that says whom or what a movement is about; `summary` gives the account under which a
    posting's balance is kept, so that a million single accounts can be shown as one.
    """

    def __init__(self, name: str, *, subject: str, summary: Callable[[str], str] = str) -> None:
        self._subject = subject
        self._summary = summary
        self.movements = sa.Table(
            f"{name}_movement",
            metadata,
            sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("reference", sa.String(96), nullable=False, unique=True),
            sa.Column("unit", sa.String(3), nullable=False),
            sa.Column(subject, sa.String(36), nullable=True, index=True),
            sa.Column("booked_at", UtcDateTime, nullable=False),
            sa.Column("link", sa.String(64), nullable=False),
        )
        seq = sa.ForeignKey(f"{name}_movement.seq")
        self.postings = sa.Table(
            f"{name}_posting",
            metadata,
            sa.Column("seq", sa.BigInteger, seq, primary_key=True, autoincrement=False),
            sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("account", sa.String(96), nullable=False),
            sa.Column("amount", sa.BigInteger, nullable=False),
        )
        self.kept = sa.Table(  # worked out from the postings as they come; `verify` works it out again
            f"{name}_balance",
            metadata,
            sa.Column("account", sa.String(96), primary_key=True),
            sa.Column("unit", sa.String(3), primary_key=True),
            sa.Column("balance", sa.BigInteger, nullable=False),
        )
        self.head = sa.Table(
            f"{name}_head",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("seq", sa.BigInteger, nullable=False),
            sa.Column("link", sa.String(64), nullable=False),
        )
        self._prepare()

    def _prepare(self) -> None:
        """The statements of every booking, built once: building one takes ten times as long as running it."""
        moved, posted, kept = self.movements.c, self.postings.c, self.kept.c
        reference, about = sa.bindparam("reference", type_=sa.String), sa.bindparam("about", type_=sa.String)
        self._queue = sa.text(f"LOCK TABLE {self.head.name} IN EXCLUSIVE MODE")
        self._head_now = prepared(sa.select(self.head.c.seq, self.head.c.link).with_for_update())
        self._head_is = prepared(self.head.update().values(seq=sa.bindparam("new_seq"), link=sa.bindparam("new_link")))
        self._known = prepared(
            sa.select(moved.unit, posted.account, posted.amount)
            .join(self.postings, posted.seq == moved.seq)
            .where(moved.reference == reference)
            .order_by(posted.position)
        )
        self._seq_of = prepared(sa.select(moved.seq).where(moved.reference == reference))
        self._about = prepared(
            sa.select(moved.reference, posted.account, posted.amount)
            .join(self.postings, posted.seq == moved.seq)
            .where(moved[self._subject] == about)
        )
        self._add = prepared(
            self.kept.update()
            .where(kept.account == sa.bindparam("of_account"), kept.unit == sa.bindparam("of_unit"))
            .values(balance=kept.balance + sa.bindparam("more", type_=sa.BigInteger))
        )
        self._balances = prepared(sa.select(self.kept).order_by(kept.account, kept.unit))
        self._keep = prepared(sa.insert(self.movements))
        self._post = prepared(sa.insert(self.postings))
        self._begin_balance = prepared(sa.insert(self.kept))

    # --- writing -----------------------------------------------------------------------------------------------------

    def take_head(self, conn: Connection) -> tuple[int, str]:
        """Last sequence number and link; on PostgreSQL others wait here until this transaction ends.

        They wait for the table and not for the row: whoever comes here first in his transaction then sees what the one before has
        done, where a wait for the row ends in a serialization failure and another try.
        """
        if conn.dialect.name == "postgresql":
            conn.execute(self._queue)
        row = conn.execute(self._head_now).one_or_none()
        if row is None:
            insert_once(conn, self.head, {"id": 1, "seq": 0, "link": GENESIS})
            row = conn.execute(self._head_now).one()
        return int(row.seq), str(row.link)

    def book(self, conn: Connection, movement: Movement, *, subject: str | None, at: datetime) -> bool:
        """Add a movement; False when its reference is booked already with the same content, a conflict with other content."""
        seq, previous = self.take_head(conn)
        if (known := self._booked(conn, movement.reference)) is not None:
            if known != (movement.unit, [[p.account, p.amount] for p in movement.postings]):
                raise conflict("ledger.reference_taken", f"{movement.reference} is booked already, with other amounts")
            return False
        seq += 1
        new_link = link(previous, self._content(seq, movement, subject, at))
        row = {"seq": seq, "reference": movement.reference, "unit": movement.unit, self._subject: subject}
        conn.execute(self._keep, row | {"booked_at": at, "link": new_link})
        conn.execute(
            self._post,
            [
                {"seq": seq, "position": i, "account": p.account, "amount": p.amount}
                for i, p in enumerate(movement.postings)
            ],
        )
        conn.execute(self._head_is, {"new_seq": seq, "new_link": new_link})
        for posting in movement.postings:
            self._add_to_balance(conn, self._summary(posting.account), movement.unit, posting.amount)
        return True

    def _content(self, seq: int, movement: Movement, subject: str | None, at: datetime) -> dict[str, Any]:
        return {
            "seq": seq,
            "reference": movement.reference,
            "unit": movement.unit,
            self._subject: subject,
            "at": to_plain(at),
            "postings": [[p.account, p.amount] for p in movement.postings],
        }

    def _booked(self, conn: Connection, reference: str) -> tuple[str, list[list[Any]]] | None:
        rows = conn.execute(self._known, {"reference": reference}).all()
        return (rows[0].unit, [[row.account, row.amount] for row in rows]) if rows else None

    def _add_to_balance(self, conn: Connection, account: str, unit: str, amount: int) -> None:
        changed = conn.execute(self._add, {"of_account": account, "of_unit": unit, "more": amount})
        if changed.rowcount == 0:
            conn.execute(self._begin_balance, {"account": account, "unit": unit, "balance": amount})

    # --- reading -----------------------------------------------------------------------------------------------------

    def is_booked(self, conn: Connection, reference: str) -> bool:
        return conn.execute(self._seq_of, {"reference": reference}).first() is not None

    def booked_about(self, conn: Connection, subject: str) -> tuple[set[str], dict[str, int]]:
        """The references of all movements about one subject, and its balance by account, in one question."""
        booked: set[str] = set()
        balances: dict[str, int] = {}
        for reference, account, amount in conn.execute(self._about, {"about": subject}):
            booked.add(reference)
            balances[account] = balances.get(account, 0) + amount
        return booked, balances

    def movements_of(self, conn: Connection, subject: str) -> list[tuple[datetime, Movement]]:
        """What was booked about this subject, and when, in that order."""
        m, p = self.movements.c, self.postings.c
        rows = conn.execute(
            sa.select(m.seq, m.reference, m.unit, m.booked_at, p.account, p.amount)
            .join(self.postings, p.seq == m.seq)
            .where(m[self._subject] == subject)
            .order_by(m.seq, p.position)
        )
        found = []
        for _, group in groupby(rows, key=lambda row: row.seq):
            entries = list(group)
            postings = tuple(Posting(entry.account, entry.amount) for entry in entries)
            found.append((entries[0].booked_at, Movement(entries[0].reference, entries[0].unit, postings)))
        return found

    def balance(self, conn: Connection, account: str, unit: str) -> int:
        """The kept balance of one account, debit positive."""
        query = sa.select(self.kept.c.balance).where(self.kept.c.account == account, self.kept.c.unit == unit)
        return int(conn.execute(query).scalar_one_or_none() or 0)

    def balances(self, conn: Connection) -> list[tuple[str, str, int]]:
        """(account, unit, balance); per unit the balances sum to zero."""
        return [(row.account, row.unit, row.balance) for row in conn.execute(self._balances)]

    def _movements(self, conn: Connection) -> Iterator[tuple[dict[str, Any], str]]:
        query = (
            sa.select(self.movements, self.postings.c.account, self.postings.c.amount)
            .join(self.postings, self.postings.c.seq == self.movements.c.seq, isouter=True)
            .order_by(self.movements.c.seq, self.postings.c.position)
        )
        rows = conn.execute(query, execution_options={"yield_per": 1000})
        for seq, group in groupby(rows, key=lambda row: row.seq):
            entries = list(group)
            first = entries[0]
            content = {
                "seq": seq,
                "reference": first.reference,
                "unit": first.unit,
                self._subject: first._mapping[self._subject],
                "at": to_plain(first.booked_at),
                "postings": [[e.account, e.amount] for e in entries if e.account is not None],
            }
            yield content, first.link

    def verify(self, conn: Connection) -> Verdict:
        """Read the whole ledger again: the chain, every movement's zero sum, the kept balances, and that no end was cut off."""
        unbalanced: list[str] = []
        totals: dict[tuple[str, str], int] = {}
        last = (0, GENESIS)
        count = 0

        def watched() -> Iterator[tuple[dict[str, Any], str]]:
            nonlocal count, last
            for content, claimed in self._movements(conn):
                count += 1
                last = (content["seq"], claimed)
                amounts = [amount for _, amount in content["postings"]]
                if len(amounts) < 2 or sum(amounts) != 0:
                    unbalanced.append(content["reference"])
                for account, amount in content["postings"]:
                    key = (self._summary(account), content["unit"])
                    totals[key] = totals.get(key, 0) + amount
                yield content, claimed

        chain = watched()
        broken = first_broken(chain)
        position = None if broken is None else broken + 1
        for _ in chain:  # past the break, for the sums
            pass
        head = conn.execute(sa.select(self.head.c.seq, self.head.c.link)).first()
        if position is None and (tuple(head) if head else (0, GENESIS)) != last:
            position = count + 1
        kept = {(account, unit): balance for account, unit, balance in self.balances(conn)}
        wrong = {key for key in totals.keys() | kept.keys() if totals.get(key, 0) != kept.get(key, 0)}
        return Verdict(
            count, position, tuple(unbalanced), tuple(f"{account} {unit}" for account, unit in sorted(wrong))
        )
