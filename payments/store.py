"""Payments, callbacks and tariff versions as rows. The database itself refuses a second live payment of a stay, and a
second capture of one charge."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.ids import PaymentId, StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.plumbing.column_types import Json, UtcDateTime
from parking.plumbing.db import UnitOfWork, insert_once, metadata
from parking.plumbing.marks import mark, told
from parking.plumbing.prepared import prepared
from payments.ledger_store import movement_table
from payments.model import LIVE, Payment, PaymentState

payment_table = sa.Table(
    "payment",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("stay_id", sa.String(36), nullable=False),
    sa.Column("charge_no", sa.Integer, nullable=False),
    sa.Column("number", sa.String(32), nullable=False, unique=True),
    sa.Column("key", sa.String(160), nullable=False),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("notify_url", sa.String(500), nullable=False),
    sa.Column("pay_url", sa.String(1000), nullable=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("captured_at", UtcDateTime, nullable=True),
    sa.Column("transaction", sa.String(64), nullable=True),
    sa.Column("failure", sa.String(64), nullable=True),
    sa.Column("late", sa.Boolean, nullable=False, default=False),  # paid after we had closed it
    sa.Column("surplus", sa.Boolean, nullable=False, default=False),  # paid although its charge was paid already
    sa.UniqueConstraint("stay_id", "key"),
)
_live = payment_table.c.state.in_([sa.literal_column(f"'{state}'") for state in LIVE])
sa.Index("one_live_payment_per_stay", payment_table.c.stay_id, unique=True, sqlite_where=_live, postgresql_where=_live)
_captured = sa.and_(
    payment_table.c.state == sa.literal_column("'PAID'"), payment_table.c.surplus == sa.literal_column("false")
)
sa.Index(
    "one_capture_per_charge",
    payment_table.c.stay_id,
    payment_table.c.charge_no,
    unique=True,
    sqlite_where=_captured,
    postgresql_where=_captured,
)

callback_table = sa.Table(  # what providers told us, as they said it; only what carries their true signature
    "payment_callback",
    metadata,
    sa.Column("channel", sa.String(32), primary_key=True),
    sa.Column("event_id", sa.String(64), primary_key=True),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("number", sa.String(32), nullable=False, index=True),
    sa.Column(
        "body", sa.LargeBinary, nullable=True
    ),  # until it is forgotten: it may name plates and payers, sealed or not
    sa.Column(
        "digest", sa.String(64), nullable=False
    ),  # its SHA-256, for good: what the provider shows can be compared
    sa.Column("verdict", sa.String(32), nullable=False),
)

flag_table = sa.Table(  # a question is put to a person once, however often the fact is seen
    "payment_flag",
    metadata,
    sa.Column("key", sa.String(96), primary_key=True),
    sa.Column("case_id", sa.String(36), nullable=False),
)

bill_table = sa.Table(  # what a finished stay was priced by; price is pure, so this is enough to say every line again
    "bill",
    metadata,
    sa.Column("stay_id", sa.String(36), primary_key=True),
    sa.Column("entered_at", UtcDateTime, nullable=False),
    sa.Column("until", UtcDateTime, nullable=False),
    sa.Column("tariff_version", sa.String(32), nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("stopped_minutes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("facts", Json, nullable=True),  # all else that it was priced from; bills from before that have none
)

tariff_table = sa.Table(
    "tariff_version",
    metadata,
    sa.Column("version", sa.String(32), primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("first_used_at", UtcDateTime, nullable=False),
)
_P = payment_table.c
_GET = prepared(sa.select(payment_table).where(_P.id == sa.bindparam("of_id")))
_BY_NUMBER = prepared(sa.select(payment_table).where(_P.number == sa.bindparam("number")))
_BY_KEY = prepared(sa.select(payment_table).where(_P.stay_id == sa.bindparam("stay"), _P.key == sa.bindparam("key")))
_LIVE_OF = prepared(sa.select(payment_table).where(_P.stay_id == sa.bindparam("stay"), _live))
_CHARGES = prepared(sa.select(_P.charge_no).where(_P.stay_id == sa.bindparam("stay"), _captured))
_BILL = prepared(sa.select(bill_table).where(bill_table.c.stay_id == sa.bindparam("stay")))
_BEGIN = prepared(payment_table.insert())
_MOVE = prepared(
    payment_table.update().where(
        _P.id == sa.bindparam("of_id"), _P.state.in_(sa.bindparam("only_from", expanding=True))
    )
)


def to_payment(row: Row[Any]) -> Payment:
    return Payment(
        payment_id=PaymentId(row.id),
        stay_id=StayId(row.stay_id),
        charge_no=row.charge_no,
        number=row.number,
        channel=row.channel,
        state=PaymentState(row.state),
        amount=Money(row.amount, row.currency),
        created_at=row.created_at,
        expires_at=row.expires_at,
        pay_url=row.pay_url,
        notify_url=row.notify_url,
        captured_at=row.captured_at,
        failure=row.failure,
    )


def _one(conn: Connection, query: sa.Select[Any], **about: str) -> Payment | None:
    row = conn.execute(query, about).one_or_none()
    return to_payment(row) if row else None


def get(conn: Connection, payment_id: PaymentId) -> Payment | None:
    return _one(conn, _GET, of_id=payment_id)


def by_number(conn: Connection, number: str) -> Payment | None:
    return _one(conn, _BY_NUMBER, number=number)


def by_key(conn: Connection, stay_id: StayId, key: str) -> Payment | None:
    return _one(conn, _BY_KEY, stay=stay_id, key=key)


def live_of(conn: Connection, stay_id: StayId) -> Payment | None:
    """The one payment of this stay whose end is open."""
    return _one(conn, _LIVE_OF, stay=stay_id)


def of_stay(conn: Connection, stay_id: StayId) -> Sequence[Payment]:
    """All payments of a stay, oldest first."""
    query = sa.select(payment_table).where(payment_table.c.stay_id == stay_id).order_by(payment_table.c.id)
    return [to_payment(row) for row in conn.execute(query)]


def captured_charges(conn: Connection, stay_id: StayId) -> frozenset[int]:
    """The numbers of the stay's charges that have been captured."""
    return frozenset(conn.execute(_CHARGES, {"stay": stay_id}).scalars())


def bill_of(conn: Connection, stay_id: StayId) -> Row[Any] | None:
    """What a finished stay was priced by."""
    return conn.execute(_BILL, {"stay": stay_id}).one_or_none()


def billed_in(conn: Connection, stay_id: StayId) -> str:
    """The currency of a finished stay's bill."""
    return str(conn.execute(sa.select(bill_table.c.currency).where(bill_table.c.stay_id == stay_id)).scalar_one())


def insert(conn: Connection, new: Payment, *, key: str) -> None:
    row = {
        "id": new.payment_id,
        "stay_id": new.stay_id,
        "charge_no": new.charge_no,
        "number": new.number,
        "key": key,
        "channel": new.channel,
        "state": new.state,
        "amount": new.amount.minor,
        "currency": new.amount.currency,
        "notify_url": new.notify_url,
        "created_at": new.created_at,
        "expires_at": new.expires_at,
    }
    conn.execute(_BEGIN, row)


def change(
    conn: Connection, payment_id: PaymentId, *, only_from: Sequence[PaymentState], to: PaymentState, **values: Any
) -> bool:
    """Move a payment on; False (and nothing changed) when it is in none of the states `only_from`."""
    done = conn.execute(_MOVE, {"of_id": payment_id, "only_from": list(only_from), "state": to, **values})
    return done.rowcount == 1


def keep_said(uow: UnitOfWork, channel: str, event_id: str, number: str, body: bytes, verdict: str) -> None:
    """Keep what a provider said, word for word; the same event again changes nothing."""
    row = {
        "channel": channel,
        "event_id": event_id,
        "received_at": uow.now,
        "number": number,
        "body": body,
        "digest": hashlib.sha256(body).hexdigest(),
        "verdict": verdict,
    }
    insert_once(uow.connection, callback_table, row)


def forget_said(conn: Connection, *which: sa.ColumnElement[bool]) -> int:
    """Drop the words of what providers said, `which`; that they said it, when, and its digest stay. Returns of how many."""
    held = callback_table.c.body.is_not(None)
    return conn.execute(callback_table.update().where(held, *which).values(body=None)).rowcount


def said_of_orders(conn: Connection, stay_ids: Sequence[str], more: Iterable[str] = ()) -> sa.ColumnElement[bool]:
    """What was said about the payments of these stays, or under `more` numbers of ours."""
    mine = conn.execute(sa.select(_P.number).where(_P.stay_id.in_(stay_ids))).scalars().all()
    return callback_table.c.number.in_([*mine, *more])


def said_of_nobody(conn: Connection, plate: Plate) -> sa.ColumnElement[bool]:
    """What spells this plate, however providers write it, and is about no payment of ours: only its words say whose it is."""
    c, wanted = callback_table.c, spellings(plate.text)
    strange = sa.select(c.channel, c.event_id, c.body).where(
        c.body.is_not(None), ~sa.exists().where(_P.number == c.number)
    )
    found = [
        sa.and_(c.channel == row.channel, c.event_id == row.event_id)
        for row in conn.execute(strange)
        if any(one in row.body.upper() for one in wanted)
    ]
    return sa.or_(sa.false(), *found)


def spellings(text: str) -> tuple[bytes, ...]:
    """UTF-8 and GB 18030, plain or percent-encoded, and JSON escapes; all in capitals."""
    escaped = "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in text)
    coded = (text.encode(), text.encode("gb18030"))
    return tuple({one.upper() for one in (*coded, *(quote(one).encode() for one in coded), escaped.encode())})


def marks(stay_id: sa.ColumnElement[Any]) -> list[sa.Label[Any]]:
    """What a stay's price rests on besides its facts, as columns of a query about stays: its bill, and how far its ledger has come."""
    booked = sa.select(sa.func.max(movement_table.c.seq)).where(movement_table.c.stay_id == stay_id)
    bill = told(bill_table.c.until, bill_table.c.total)
    return [mark("bill", bill, bill_table.c.stay_id == stay_id), booked.scalar_subquery().label("booked")]
