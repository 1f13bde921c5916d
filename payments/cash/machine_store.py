"""Cash machines as rows: how far an acceptor was followed, the conversation at each till, every payout of coins before it is ordered.

The database itself refuses a second conversation at one machine.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.money import Money
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import insert_once, metadata
from payments.cash import shift_store
from payments.cash.machine_model import Acceptor, Session, SessionState, Trouble, Why, Wish
from payments.cash.model import Shift

acceptor_table = sa.Table(
    "cash_acceptor",
    metadata,
    sa.Column("till", sa.String(32), primary_key=True),
    sa.Column("seen", sa.Integer, nullable=False),
    sa.Column("holds", sa.Boolean, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.Column("wish", sa.String(8), nullable=False),
    sa.Column("wished_at", UtcDateTime, nullable=True),
    sa.Column("trouble", sa.String(8), nullable=False),
    sa.Column("away_since", UtcDateTime, nullable=True),
)
session_table = sa.Table(
    "cash_session",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("till", sa.String(32), nullable=False),
    sa.Column("stay_id", sa.String(36), nullable=False),
    sa.Column("payment_id", sa.String(36), nullable=False),
    sa.Column("due", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("begun_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("why", sa.String(12), nullable=True),
    sa.Column("stored", sa.BigInteger, nullable=False),
    sa.Column("to_give", sa.BigInteger, nullable=False),
    sa.Column("given", sa.BigInteger, nullable=False),
    sa.Column("slip", sa.String(16), nullable=True, unique=True),
    sa.Column("ended_at", UtcDateTime, nullable=True),
    sa.Column("handed_at", UtcDateTime, nullable=True),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("watched_at", UtcDateTime, nullable=True),  # when its page last asked, to a few seconds
)
_alive = session_table.c.state.in_([sa.literal_column(f"'{s}'") for s in ("open", "ending", "giving")])
sa.Index("one_session_per_till", session_table.c.till, unique=True, sqlite_where=_alive, postgresql_where=_alive)

payout_table = sa.Table(
    "cash_payout",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("session_id", sa.String(36), nullable=False, index=True),
    sa.Column("till", sa.String(32), nullable=False, index=True),
    sa.Column("coin", sa.BigInteger, nullable=False),
    sa.Column("wanted", sa.Integer, nullable=False),
    sa.Column("given", sa.Integer, nullable=True),  # None: ordered, and what it gave is not known (yet)
    sa.Column("unknown", sa.Boolean, nullable=False),  # nobody will know: a person counts
    sa.Column("mark", sa.BigInteger, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)


def acceptor(conn: Connection, till: str) -> Acceptor:
    """How far it was followed; one that was never heard of has seen nothing."""
    row = conn.execute(sa.select(acceptor_table).where(acceptor_table.c.till == till)).one_or_none()
    if row is None:
        return Acceptor(till)
    return Acceptor(
        till=row.till,
        seen=row.seen,
        holds=row.holds,
        held=row.held,
        wish=Wish(row.wish),
        wished_at=row.wished_at,
        trouble=Trouble(row.trouble),
        away_since=row.away_since,
    )


def keep_acceptor(conn: Connection, now: Acceptor) -> None:
    row: dict[str, Any] = {
        "till": now.till,
        "seen": now.seen,
        "holds": now.holds,
        "held": now.held,
        "wish": now.wish.value,
    }
    row |= {"wished_at": now.wished_at, "trouble": now.trouble.value, "away_since": now.away_since}
    if not insert_once(conn, acceptor_table, row):
        conn.execute(acceptor_table.update().where(acceptor_table.c.till == now.till).values(row))


def _to_session(row: Row[Any]) -> Session:
    return Session(
        id=row.id,
        till=row.till,
        stay_id=row.stay_id,
        payment_id=row.payment_id,
        due=Money(row.due, row.currency),
        state=SessionState(row.state),
        begun_at=row.begun_at,
        expires_at=row.expires_at,
        why=Why(row.why) if row.why else None,
        stored=row.stored,
        to_give=row.to_give,
        given=row.given,
        slip=row.slip,
        ended_at=row.ended_at,
        handed_at=row.handed_at,
        watched_at=row.watched_at,
    )


def _one(conn: Connection, *where: sa.ColumnElement[bool]) -> Session | None:
    row = conn.execute(sa.select(session_table).where(*where)).one_or_none()
    return _to_session(row) if row else None


def session(conn: Connection, session_id: str) -> Session | None:
    return _one(conn, session_table.c.id == session_id)


def session_by_key(conn: Connection, key: str) -> Session | None:
    return _one(conn, session_table.c.key == key)


def session_by_slip(conn: Connection, slip: str) -> Session | None:
    return _one(conn, session_table.c.slip == slip)


def alive(conn: Connection, till: str) -> Session | None:
    """The conversation that is under way at a machine."""
    return _one(conn, session_table.c.till == till, _alive)


def owed(conn: Connection, after: str, limit: int) -> Sequence[Session]:
    """Slips that nobody has been paid for yet, newest first, those before `after`."""
    t = session_table.c
    query = sa.select(session_table).where(t.slip.is_not(None), t.handed_at.is_(None))
    if after:
        query = query.where(t.id < after)
    return [_to_session(row) for row in conn.execute(query.order_by(t.id.desc()).limit(limit))]


def insert_session(conn: Connection, new: Session, *, key: str) -> None:
    row: dict[str, Any] = {
        "id": new.id,
        "till": new.till,
        "stay_id": new.stay_id,
        "payment_id": new.payment_id,
        "key": key,
    }
    row |= {"due": new.due.minor, "currency": new.due.currency, "state": new.state.value}
    row |= {"begun_at": new.begun_at, "expires_at": new.expires_at, "stored": 0, "to_give": 0, "given": 0}
    conn.execute(session_table.insert().values(row))


def change_session(conn: Connection, session_id: str, **values: Any) -> None:
    conn.execute(session_table.update().where(session_table.c.id == session_id).values(values))


def begin_payout(conn: Connection, **values: Any) -> None:
    conn.execute(payout_table.insert().values(given=None, unknown=False, **values))


def payout_under_way(conn: Connection, session_id: str) -> Row[Any] | None:
    """The payout of which it is not known what it gave."""
    t = payout_table.c
    query = sa.select(payout_table).where(t.session_id == session_id, t.given.is_(None), ~t.unknown)
    return conn.execute(query).one_or_none()


def has_unknown_payout(conn: Connection, session_id: str) -> bool:
    """Whether coins may have fallen for it of which nobody knows."""
    t = payout_table.c
    return conn.execute(sa.select(t.id).where(t.session_id == session_id, t.unknown)).first() is not None


def end_payout(conn: Connection, payout_id: str, *, given: int | None) -> bool:
    """What it gave; None where nobody will know. False (and nothing changed) when that is written down already."""
    t = payout_table.c
    where = sa.and_(t.id == payout_id, t.given.is_(None), ~t.unknown)
    return conn.execute(payout_table.update().where(where).values(given=given, unknown=given is None)).rowcount == 1


def stock(conn: Connection, shift: Shift, coins: Collection[int]) -> dict[int, int]:
    """How many coins of each value the hoppers hold: as last counted in this shift, less what was given since.

    A hopper that gave less than it was told to is empty until somebody has counted again.
    """
    newest = shift_store.counts(conn, shift)[-1]
    t = payout_table.c
    since = list(conn.execute(sa.select(payout_table).where(t.till == shift.till, t.at >= newest.at)))
    found = {}
    for coin in coins:
        payouts = [row for row in since if row.coin == coin]
        is_short = any(row.unknown or (row.given is not None and row.given < row.wanted) for row in payouts)
        gone = sum(row.wanted if row.given is None else row.given for row in payouts)
        found[coin] = 0 if is_short else max(0, newest.counts.get(coin, 0) - gone)
    return found
