"""Agreements, credit that is set aside, promises and debts as rows. The database itself refuses a second agreement of one plate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.ids import StayId, VisitId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.plumbing.column_types import PlateText, UtcDateTime
from parking.plumbing.db import metadata
from parking.plumbing.prepared import prepared
from payments.later.model import Agreement, Debt, DebtState, PromiseState, Terms

agreement_table = sa.Table(
    "pay_agreement",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("plate", PlateText, nullable=False),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("reference", sa.String(128), nullable=False),
    sa.Column("per_stay_minor", sa.BigInteger, nullable=False),
    sa.Column("at_once_minor", sa.BigInteger, nullable=False),
    sa.Column("per_day_minor", sa.BigInteger, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime, nullable=True),
)
_standing = agreement_table.c.ended_at.is_(None)
sa.Index(
    "one_agreement_per_plate", agreement_table.c.plate, unique=True, sqlite_where=_standing, postgresql_where=_standing
)

set_aside_table = sa.Table(  # credit of an agreement that one open stay may use; gone when the stay has ended
    "credit_set_aside",
    metadata,
    sa.Column("stay_id", sa.String(36), primary_key=True),
    sa.Column("agreement_id", sa.String(36), nullable=False, index=True),
    sa.Column("minor", sa.BigInteger, nullable=False),
)

promise_table = sa.Table(
    "exit_promise",
    metadata,
    sa.Column("token", sa.String(36), primary_key=True),
    sa.Column("visit_id", sa.String(36), nullable=False, index=True),
    sa.Column("stay_id", sa.String(36), nullable=False, index=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("limit", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("promised_at", UtcDateTime, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
)

debt_table = sa.Table(
    "debt",
    metadata,
    sa.Column("stay_id", sa.String(36), primary_key=True),
    sa.Column("plate", PlateText, nullable=True, index=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("state", sa.String(12), nullable=False, index=True),
    sa.Column("agreement_id", sa.String(36), nullable=True, index=True),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_try_at", UtcDateTime, nullable=True),
    sa.Column("reminded", sa.Integer, nullable=False, server_default="0"),
    sa.Column("blocked_at", UtcDateTime, nullable=True),
)


_p, _d = promise_table.c, debt_table.c
_AGREEMENT_OF = prepared(sa.select(agreement_table).where(agreement_table.c.plate == sa.bindparam("plate"), _standing))
_SET_ASIDE = prepared(
    sa.select(set_aside_table.c.minor, agreement_table.c.plate)
    .join(agreement_table, agreement_table.c.id == set_aside_table.c.agreement_id)
    .where(set_aside_table.c.stay_id == sa.bindparam("stay"))
)
_RELEASE = prepared(set_aside_table.delete().where(set_aside_table.c.stay_id == sa.bindparam("stay")))
_OPEN_PROMISES = prepared(
    sa.select(promise_table)
    .where(_p.visit_id == sa.bindparam("visit"), _p.state == PromiseState.OPEN.value)
    .order_by(_p.promised_at, _p.token)
)
_PROMISE_OF = prepared(
    sa.select(promise_table)
    .where(_p.stay_id == sa.bindparam("stay"), _p.state != PromiseState.TAKEN_BACK.value)
    .order_by(_p.promised_at.desc())
    .limit(1)
)
_DEBT = prepared(sa.select(debt_table).where(_d.stay_id == sa.bindparam("stay")))


# --- agreements ------------------------------------------------------------------------------------------------------


def _to_agreement(row: Row[Any]) -> Agreement:
    terms = Terms(row.per_stay_minor, row.at_once_minor, row.per_day_minor)
    return Agreement(row.id, row.plate, row.channel, row.reference, terms, row.since)


def agreement_of(conn: Connection, plate: Plate) -> Agreement | None:
    """The agreement that stands for a plate."""
    row = conn.execute(_AGREEMENT_OF, {"plate": plate}).one_or_none()
    return _to_agreement(row) if row else None


def agreement(conn: Connection, agreement_id: str) -> Agreement | None:
    """An agreement, whether it still stands or not."""
    row = conn.execute(sa.select(agreement_table).where(agreement_table.c.id == agreement_id)).one_or_none()
    return _to_agreement(row) if row else None


def agreements(conn: Connection, after: str, limit: int) -> Sequence[Agreement]:
    """Standing agreements in the order of their ids, those behind `after`."""
    query = sa.select(agreement_table).where(_standing, agreement_table.c.id > after)
    return [_to_agreement(row) for row in conn.execute(query.order_by(agreement_table.c.id).limit(limit))]


def insert_agreement(conn: Connection, new: Agreement) -> None:
    conn.execute(
        agreement_table.insert().values(
            id=new.id,
            plate=new.plate,
            channel=new.channel,
            reference=new.reference,
            per_stay_minor=new.terms.per_stay_minor,
            at_once_minor=new.terms.at_once_minor,
            per_day_minor=new.terms.per_day_minor,
            since=new.since,
        )
    )


def end_agreement(conn: Connection, agreement_id: str, at: datetime) -> bool:
    change = agreement_table.update().where(agreement_table.c.id == agreement_id, _standing).values(ended_at=at)
    return conn.execute(change).rowcount == 1


# --- credit and promises ---------------------------------------------------------------------------------------------


def set_aside(conn: Connection, stay_id: StayId) -> tuple[int, Plate | None] | None:
    """What is set aside for a stay, in minor units, and whose agreement it is by; None when nobody has asked yet."""
    row = conn.execute(_SET_ASIDE, {"stay": stay_id}).one_or_none()
    return None if row is None else (int(row.minor), row.plate)


def release(conn: Connection, stay_id: StayId) -> None:
    """Nothing is set aside for a stay any more."""
    conn.execute(_RELEASE, {"stay": stay_id})


def set_aside_in_all(conn: Connection, agreement_id: str) -> int:
    total = sa.select(sa.func.coalesce(sa.func.sum(set_aside_table.c.minor), 0))
    return int(conn.execute(total.where(set_aside_table.c.agreement_id == agreement_id)).scalar_one())


def promised_since(conn: Connection, agreement_id: str, since: datetime) -> int:
    """What stays of an agreement have promised or come to owe since then, in minor units."""
    debts = sa.select(sa.func.coalesce(sa.func.sum(debt_table.c.amount), 0))
    return int(
        conn.execute(debts.where(debt_table.c.agreement_id == agreement_id, debt_table.c.since >= since)).scalar_one()
    )


def open_promises(conn: Connection, visit_id: VisitId) -> Sequence[Row[Any]]:
    return conn.execute(_OPEN_PROMISES, {"visit": visit_id}).all()


def promise_of(conn: Connection, stay_id: StayId) -> Row[Any] | None:
    """The newest promise of a stay that was not taken back."""
    return conn.execute(_PROMISE_OF, {"stay": stay_id}).one_or_none()


def move_promise(conn: Connection, token: str, to: PromiseState) -> None:
    conn.execute(promise_table.update().where(promise_table.c.token == token).values(state=to.value))


# --- debts -----------------------------------------------------------------------------------------------------------


def _to_debt(row: Row[Any]) -> Debt:
    return Debt(
        stay_id=StayId(row.stay_id),
        plate=row.plate,
        amount=Money(row.amount, row.currency),
        since=row.since,
        state=DebtState(row.state),
        agreement_id=row.agreement_id,
        tries=row.tries,
        next_try_at=row.next_try_at,
        reminded=row.reminded,
        blocked_at=row.blocked_at,
    )


def debt(conn: Connection, stay_id: StayId) -> Debt | None:
    row = conn.execute(_DEBT, {"stay": stay_id}).one_or_none()
    return _to_debt(row) if row else None


def debts(conn: Connection, states: Sequence[DebtState], after: str, limit: int) -> Sequence[Debt]:
    """Debts in these states in the order of their stays' ids, those behind `after`."""
    query = sa.select(debt_table).where(debt_table.c.state.in_([s.value for s in states]), debt_table.c.stay_id > after)
    return [_to_debt(row) for row in conn.execute(query.order_by(debt_table.c.stay_id).limit(limit))]


def open_debts_of(conn: Connection, plate: Plate) -> Sequence[Debt]:
    """What a plate still owes, oldest first; what it disputes is not among it."""
    query = sa.select(debt_table).where(debt_table.c.plate == plate, debt_table.c.state == DebtState.OPEN.value)
    return [_to_debt(row) for row in conn.execute(query.order_by(debt_table.c.since, debt_table.c.stay_id))]


def unsettled_debts_of(conn: Connection, plate: Plate) -> Sequence[Debt]:
    """What a plate owes or disputes, oldest first."""
    unpaid = debt_table.c.state.in_([DebtState.OPEN.value, DebtState.DISPUTED.value])
    query = sa.select(debt_table).where(debt_table.c.plate == plate, unpaid)
    return [_to_debt(row) for row in conn.execute(query.order_by(debt_table.c.since, debt_table.c.stay_id))]


def unpaid_debts_of(conn: Connection, agreement_id: str) -> Sequence[Debt]:
    """What an agreement's stays owe, disputed or not."""
    unpaid = debt_table.c.state.in_([DebtState.OPEN.value, DebtState.DISPUTED.value])
    return [
        _to_debt(row)
        for row in conn.execute(sa.select(debt_table).where(debt_table.c.agreement_id == agreement_id, unpaid))
    ]


def change_debt(conn: Connection, stay_id: StayId, **values: Any) -> None:
    conn.execute(debt_table.update().where(debt_table.c.stay_id == stay_id).values(**values))


# --- what is forgotten -----------------------------------------------------------------------------------------------

_OVER = debt_table.c.state.in_([DebtState.PAID.value, DebtState.WRITTEN_OFF.value])


def forget_plate(conn: Connection, plate: Plate, at: datetime, until: datetime) -> None:
    """Take a plate out of debts until then that are over, and end its agreement; what is still owed keeps it until it is paid."""
    mine = sa.and_(agreement_table.c.plate == plate, agreement_table.c.since <= until)
    debts = sa.and_(debt_table.c.plate == plate, debt_table.c.since <= until, _OVER)
    conn.execute(debt_table.update().where(debts).values(plate=None))
    conn.execute(agreement_table.update().where(mine, _standing).values(ended_at=at))
    conn.execute(agreement_table.delete().where(mine, ~_is_needed()))


def forget_older(conn: Connection, debts: datetime, agreements: datetime) -> None:
    """Take plates out of debts that are over and began before a moment; agreements that ended before one go."""
    conn.execute(
        debt_table.update().where(debt_table.c.plate.is_not(None), _OVER, debt_table.c.since < debts).values(plate=None)
    )
    conn.execute(agreement_table.delete().where(agreement_table.c.ended_at < agreements, ~_is_needed()))


def _is_needed() -> sa.ColumnElement[bool]:
    """Whether something is still owed, or set aside, under an agreement."""
    owing = sa.exists().where(debt_table.c.agreement_id == agreement_table.c.id, ~_OVER)
    aside = sa.exists().where(set_aside_table.c.agreement_id == agreement_table.c.id)
    return sa.or_(owing, aside)
