"""Who gives coupons, through which till, and what each has given: the statement by which a merchant settles."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.csv_cells import as_text
from parking.kernel.errors import ErrorKind, ParkingError, not_found
from parking.kernel.money import Money, decimals
from parking.plumbing.db import UnitOfWork, insert_once
from payments import ledger_store
from payments.coupons.model import UseState
from payments.coupons.tables import campaign_table, coupon_table, merchant_table, till_table, use_table


@dataclass(frozen=True, slots=True)
class Merchant:
    """`points_per_unit` points are earned with each whole unit of currency spent there."""

    merchant_id: str
    name: str
    points_per_unit: int = 0
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One coupon that was used, or (below zero) given back: when, what it took off; nothing that says who used it."""

    at: datetime
    use_id: str
    campaign: str
    name: str
    state: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """What a merchant gave and owes for a span of time: `owed` is the sum of the lines."""

    merchant_id: str
    issued: int
    lines: tuple[StatementLine, ...]
    owed: Money


def save(uow: UnitOfWork, merchant: Merchant) -> None:
    values = {"name": merchant.name, "points_per_unit": merchant.points_per_unit, "enabled": merchant.enabled}
    if not insert_once(uow.connection, merchant_table, {"id": merchant.merchant_id, **values}):
        mine = merchant_table.c.id == merchant.merchant_id
        uow.connection.execute(merchant_table.update().where(mine).values(**values))


def merchants(conn: Connection, after: str, limit: int) -> Sequence[Merchant]:
    c = merchant_table.c
    rows = conn.execute(sa.select(merchant_table).where(c.id > after).order_by(c.id).limit(limit))
    return [Merchant(row.id, row.name, row.points_per_unit, row.enabled) for row in rows]


def merchant(conn: Connection, merchant_id: str) -> Merchant | None:
    row = conn.execute(sa.select(merchant_table).where(merchant_table.c.id == merchant_id)).one_or_none()
    return None if row is None else Merchant(row.id, row.name, row.points_per_unit, row.enabled)


def names(conn: Connection, merchant_ids: Collection[str]) -> Mapping[str, str]:
    """What these merchants are called, whether they still take part or not; who is unknown is left out."""
    c = merchant_table.c
    return {row.id: row.name for row in conn.execute(sa.select(c.id, c.name).where(c.id.in_(sorted(merchant_ids))))}


def points_for(conn: Connection, merchant_id: str, amount: int, currency: str) -> int:
    """What a purchase of `amount` minor units earns there: whole units only."""
    found = merchant(conn, merchant_id)
    return 0 if found is None or not found.enabled else amount // 10 ** decimals(currency) * found.points_per_unit


def place_till(uow: UnitOfWork, device_id: str, merchant_id: str) -> None:
    """Say whose till a device is; ParkingError when there is no such merchant."""
    if merchant(uow.connection, merchant_id) is None:
        raise not_found("merchant.unknown", "there is no such merchant")
    uow.connection.execute(till_table.delete().where(till_table.c.device_id == device_id))
    uow.connection.execute(till_table.insert().values(device_id=device_id, merchant_id=merchant_id))


def of_till(conn: Connection, device_id: str) -> Merchant:
    """The merchant of a till; ParkingError when it has none, or one that takes part no more."""
    query = sa.select(till_table.c.merchant_id).where(till_table.c.device_id == device_id)
    found = merchant(conn, conn.execute(query).scalar_one_or_none() or "")
    if found is None or not found.enabled:
        raise ParkingError(ErrorKind.FORBIDDEN, "till.no_merchant", "this till belongs to no merchant who takes part")
    return found


def statement(conn: Connection, merchant_id: str, since: datetime, until: datetime, currency: str) -> Statement:
    """What was used of a merchant's coupons from `since` to before `until`, and how many it gave in that time.

    A span that is over says the same for ever: what is given back later is taken off in the span in which that happens.
    """
    u, m = use_table.c, ledger_store.movement_table.c
    rows = conn.execute(
        sa.select(use_table, m.booked_at)
        .outerjoin(ledger_store.movement_table, m.reference == sa.literal("coupon:").concat(u.id))
        .where(
            u.issuer == merchant_id,
            u.coupon_id.is_not(None),
            u.state.in_((UseState.REDEEMED, UseState.RETURNED)),
            u.ended_at >= since,
            u.at < until,
        )
    )
    told = sorted((line for row in rows for line in _told(row)), key=lambda line: (line.at, line.use_id, line.state))
    lines = tuple(line for line in told if since <= line.at < until)
    owed = Money(sum(line.amount.minor for line in lines), currency)
    return Statement(merchant_id, _issued(conn, merchant_id, since, until), lines, owed)


def _told(row: Row[Any]) -> Iterable[StatementLine]:
    """When it was used, and when that was given back."""
    back, name = row.state == UseState.RETURNED, (row.id, row.campaign, row.zh)
    used_at = row.booked_at or (row.at if back else row.ended_at)  # what takes nothing off is not booked
    yield StatementLine(used_at, *name, UseState.REDEEMED.value, Money(row.amount, row.currency))
    if back:
        yield StatementLine(row.ended_at, *name, UseState.RETURNED.value, Money(-row.amount, row.currency))


def _issued(conn: Connection, merchant_id: str, since: datetime, until: datetime) -> int:
    c = coupon_table.c
    theirs = sa.select(campaign_table.c.id).where(campaign_table.c.issuer == merchant_id)
    given = sa.select(sa.func.count()).select_from(coupon_table).where(c.issued_at >= since, c.issued_at < until)
    return int(conn.execute(given.where(c.campaign_id.in_(theirs))).scalar_one())


def as_csv(found: Statement) -> str:
    """The lines as CSV (RFC 4180) with a header; a cell that a spreadsheet would calculate is quoted as text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["at", "use", "campaign", "name", "state", "amount_minor", "currency"])
    for line in found.lines:
        cells = [line.at.isoformat(), line.use_id, line.campaign, line.name, line.state]
        writer.writerow([*map(as_text, cells), line.amount.minor, line.amount.currency])
    return out.getvalue()
