"""One points ledger across merchants: earned and spent at once, double entry, each fact once; points end by lots, the oldest first.

`issued:<merchant>` is what a merchant has promised, `spent:<merchant>` what was spent with it: the merchants settle by these sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.double_entry import transfer
from parking.kernel.errors import conflict, invalid
from parking.kernel.events import PointsChanged
from parking.kernel.ids import fitting
from parking.members.model import POINTS_LAST
from parking.members.tables import POINTS, UNIT, lot_table
from parking.plumbing.db import UnitOfWork, insert_once

EXPIRED, ERASED = "expired", "erased"
EXPIRED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Move:
    """One line of a member's account: `points` earned (positive) or given (negative), with whom, by which fact.

    `kind` is issued (by `merchant_id`, or taken back by it), spent, expired or erased.
    """

    seq: int
    at: datetime
    points: int
    kind: str
    merchant_id: str
    reference: str


def account(member_id: str) -> str:
    return f"member:{member_id}"


def balance(conn: Connection, member_id: str) -> int:
    """What a member may spend."""
    return -POINTS.balance(conn, account(member_id), UNIT)


def earn(
    uow: UnitOfWork, member_id: str, points: int, *, merchant_id: str, reference: str, lasting: timedelta = POINTS_LAST
) -> bool:
    """Give points for one fact; the same `reference` again gives nothing, and says False."""
    if points <= 0:
        raise invalid("points.amount", "should be a whole number from 1", field="points")
    movement = transfer(reference, UNIT, points, debit=f"issued:{merchant_id}", credit=account(member_id))
    if not POINTS.book(uow.connection, movement, subject=member_id, at=uow.now):
        return False
    row = {"reference": reference, "member_id": member_id, "earned": points, "left": points}
    insert_once(uow.connection, lot_table, row | {"earned_at": uow.now, "expires_at": uow.now + lasting})
    _tell(uow, member_id, points, "earned", merchant_id)
    return True


def spend(
    uow: UnitOfWork,
    member_id: str,
    points: int,
    *,
    merchant_id: str,
    reference: str,
    reason: str = "spent",
    first: str = "",
) -> bool:
    """Take points for one fact, those of the fact `first` and then those that end first; ParkingError when there are too few.

    Again takes nothing, and says False.
    """
    if points <= 0:
        raise invalid("points.amount", "should be a whole number from 1", field="points")
    POINTS.take_head(uow.connection)
    if POINTS.is_booked(uow.connection, reference):
        return False
    _take_from_lots(uow, member_id, points, first)
    movement = transfer(reference, UNIT, points, debit=account(member_id), credit=f"{reason}:{merchant_id}")
    POINTS.book(uow.connection, movement, subject=member_id, at=uow.now)
    _tell(uow, member_id, -points, reason, merchant_id)
    return True


def take_back(uow: UnitOfWork, member_id: str, points: int, *, of: str, merchant_id: str, reference: str) -> int:
    """A purchase was given back: take what that fact earned, as far as it is still there; returns how much.

    All that it earned counts for no tier any more, spent or not: nobody reaches one by buying and giving back.
    """
    there = max(0, min(points, _spendable(uow, member_id)))
    how = {"merchant_id": merchant_id, "reference": reference, "reason": "issued", "first": of}
    taken = spend(uow, member_id, there, **how) if there else True
    if taken:
        c = lot_table.c
        least = sa.case((c.earned - points > c.left, c.earned - points), else_=c.left)
        uow.connection.execute(lot_table.update().where(c.reference == of).values(earned=least))
    return there


def history(conn: Connection, member_id: str, before: int | None, limit: int) -> Sequence[Move]:
    """The lines of a member's account, the latest first, those older than the line numbered `before`."""
    m, mine, other = POINTS.movements.c, POINTS.postings.alias("mine"), POINTS.postings.alias("other")
    own = account(member_id)
    query = (
        sa.select(m.seq, m.reference, m.booked_at, mine.c.amount, other.c.account)
        .join(mine, mine.c.seq == m.seq)
        .join(other, other.c.seq == m.seq)
        .where(m.member_id == member_id, mine.c.account == own, other.c.account != own)
        .order_by(m.seq.desc())
        .limit(limit)
    )
    rows = conn.execute(query if before is None else query.where(m.seq < before))
    return [
        Move(int(row.seq), row.booked_at, -int(row.amount), *_kind_and_merchant(row.account), reference=row.reference)
        for row in rows
    ]


def _kind_and_merchant(of_account: str) -> tuple[str, str]:
    kind, _, merchant = of_account.partition(":")
    return kind, merchant


def ending(conn: Connection, member_id: str, now: datetime, within: timedelta) -> tuple[int, datetime] | None:
    """How many points end within this time, and when the first of them do."""
    c = lot_table.c
    soon = (c.member_id == member_id, c.left > 0, c.expires_at > now, c.expires_at <= now + within)
    rows = conn.execute(sa.select(c.left, c.expires_at).where(*soon)).all()
    return (sum(int(row.left) for row in rows), min(row.expires_at for row in rows)) if rows else None


def earned_by(conn: Connection, reference: str) -> tuple[str, int] | None:
    """Who earned how many points for one fact; None where nobody did."""
    query = sa.select(lot_table.c.member_id, lot_table.c.earned).where(lot_table.c.reference == reference)
    row = conn.execute(query).one_or_none()
    return None if row is None else (str(row.member_id), int(row.earned))


def expire(uow: UnitOfWork) -> int:
    """End the points whose time is over; returns how many lots."""
    c = lot_table.c
    query = (
        sa.select(lot_table).where(c.expires_at <= uow.now, c.left > 0).order_by(c.expires_at).limit(EXPIRED_AT_ONCE)
    )
    POINTS.take_head(uow.connection)
    rows = uow.connection.execute(query).all()
    for row in rows:
        _end_lot(uow, row.reference, row.member_id, row.left, EXPIRED)
    return len(rows)


def end_all(uow: UnitOfWork, member_id: str) -> None:
    """The member is no more: what he had is given up."""
    POINTS.take_head(uow.connection)
    c = lot_table.c
    for row in uow.connection.execute(sa.select(lot_table).where(c.member_id == member_id, c.left > 0)).all():
        _end_lot(uow, row.reference, member_id, row.left, ERASED)


def _end_lot(uow: UnitOfWork, reference: str, member_id: str, left: int, to: str) -> None:
    uow.connection.execute(lot_table.update().where(lot_table.c.reference == reference).values(left=0))
    movement = transfer(fitting(f"{to}:{reference}", 96), UNIT, left, debit=account(member_id), credit=to)
    POINTS.book(uow.connection, movement, subject=member_id, at=uow.now)
    _tell(uow, member_id, -left, to, "")


def _spendable(uow: UnitOfWork, member_id: str) -> int:
    """The balance without what has ended and was not swept yet."""
    c = lot_table.c
    total = sa.select(sa.func.coalesce(sa.func.sum(c.left), 0))
    return int(uow.connection.execute(total.where(c.member_id == member_id, c.expires_at > uow.now)).scalar_one())


def _take_from_lots(uow: UnitOfWork, member_id: str, points: int, first: str) -> None:
    c, wanted = lot_table.c, points
    query = sa.select(lot_table).where(c.member_id == member_id, c.left > 0, c.expires_at > uow.now)
    for row in uow.connection.execute(query.order_by(c.reference != first, c.expires_at, c.reference)).all():
        take = min(wanted, row.left)
        uow.connection.execute(lot_table.update().where(c.reference == row.reference).values(left=c.left - take))
        wanted -= take
        if not wanted:
            return
    raise conflict("points.short", f"there are {points - wanted} points, {points} are needed")


def _tell(uow: UnitOfWork, member_id: str, points: int, reason: str, merchant_id: str) -> None:
    uow.publish(PointsChanged(member_id, points, balance(uow.connection, member_id), reason, merchant_id))


def settlement(conn: Connection) -> Mapping[str, Mapping[str, int]]:
    """By merchant: points `issued` and `spent`; what members hold, what has ended. All sums of the ledger, and together nothing."""
    found: dict[str, dict[str, int]] = {}
    for name, _, amount in POINTS.balances(conn):
        kind, _, merchant = name.partition(":")
        key = merchant if kind in ("issued", "spent") else "members" if kind == "member" else kind
        sums = found.setdefault(key, {})
        sums[kind] = sums.get(kind, 0) + amount
    return found


def faults(conn: Connection) -> list[str]:
    """What does not add up: the ledger's own check, and every member's lots against his account."""
    verdict = POINTS.verify(conn)
    found = [] if verdict.holds else [f"points ledger: {verdict}"]
    c = lot_table.c
    lots = {r.member_id: int(r.total) for r in conn.execute(
        sa.select(c.member_id, sa.func.sum(c.left).label("total")).group_by(c.member_id))}  # fmt: skip
    return found + [f"lots of {member} are {total}" for member, total in lots.items() if total != balance(conn, member)]
