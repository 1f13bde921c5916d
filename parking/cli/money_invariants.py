"""What must hold of money, coupons and points after every event: only what the ledgers say has moved since is worked out again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.ids import StayId
from parking.members.tables import POINTS, lot_table
from parking.plumbing.db import UnitOfWork
from parking.plumbing.prepared import prepared
from parking.sessions.store import stay
from payments import ledger_store
from payments.coupons.balance import faults
from payments.coupons.tables import coupon_table, use_table
from payments.store import bill_table
from payments.tariff.facts import recalled
from payments.tariff.plate_words import facts_of_plate
from payments.tariff.price import price
from payments.tariff_book import TariffBook

_BOOKED = prepared(
    sa.select(ledger_store.movement_table.c.seq, ledger_store.movement_table.c.stay_id).where(
        ledger_store.movement_table.c.seq > sa.bindparam("seen")
    )
)
_BILLED = prepared(
    sa.select(bill_table, stay.c.plate, stay.c.state, stay.c.exited_at, stay.c.priced_at, stay.c.leave_by)
    .join_from(bill_table, stay, stay.c.id == bill_table.c.stay_id)
    .where(bill_table.c.stay_id == sa.bindparam("stay"))
)
_count = sa.select(sa.func.count())
_OF_OFFERS = prepared(
    sa.select(
        _count.select_from(coupon_table).scalar_subquery().label("coupons"),
        _count.select_from(use_table).scalar_subquery().label("uses"),
        _count.select_from(use_table).where(use_table.c.ended_at.is_not(None)).scalar_subquery().label("ended"),
        _count.select_from(coupon_table).where(coupon_table.c.state == "free").scalar_subquery().label("free"),
        sa.select(sa.func.coalesce(sa.func.sum(lot_table.c.left), 0)).scalar_subquery().label("lots"),
        sa.select(sa.func.coalesce(sa.func.sum(POINTS.kept.c.balance), 0))
        .where(POINTS.kept.c.account.like("member:%"))
        .scalar_subquery()
        .label("held"),
    )
)
"""All that every look asks of coupons and points, in one question."""
_WATCHED = (coupon_table, use_table, lot_table, POINTS.kept)
_WATCH = (
    "CREATE TEMP TRIGGER watch_{0}_{1} AFTER {0} ON main.{1} BEGIN UPDATE watched_offers SET changed = changed + 1; END"
)
_SOONER = timedelta(minutes=30)


class MoneyInvariants:
    """I1 (charged once or owed), I3 (coupons and points), I5 (the price is pure and never falls with time), I7 (paid, then in time)."""

    def __init__(self, tariffs: TariffBook) -> None:
        self._tariffs = tariffs
        self._seen = 0
        self._coupons: Sequence[Any] = ()
        self._changed = -1

    def begin(self, uow: UnitOfWork) -> None:
        """Have the database say whether coupons or points have changed, so that nobody has to add them all up to know."""
        uow.connection.exec_driver_sql("CREATE TEMP TABLE watched_offers (changed INTEGER NOT NULL)")
        uow.connection.exec_driver_sql("INSERT INTO watched_offers VALUES (0)")
        for table in _WATCHED:
            for change in ("INSERT", "UPDATE", "DELETE"):
                uow.connection.exec_driver_sql(_WATCH.format(change, table.name))

    def broken(self, conn: Connection, *, moved: bool, offers: int) -> list[str]:
        """Every one that does not hold now, in words without anything personal.

        `moved`: the ledger has grown since the last look; `offers`: how often coupons or points have changed so far.
        """
        return [*(self._stays(conn) if moved else ()), *self._offers(conn, offers)]

    def _stays(self, conn: Connection) -> list[str]:
        moved = conn.execute(_BOOKED, {"seen": self._seen}).all()
        if not moved:
            return []
        self._seen = max(row.seq for row in moved)
        found = []
        for stay_id in sorted({row.stay_id for row in moved if row.stay_id is not None}):
            if not ledger_store.stay_sums(conn, StayId(stay_id)).holds:
                found.append("I1: a stay is neither charged once nor owed")
            bill = conn.execute(_BILLED, {"stay": stay_id}).one_or_none()
            if bill is not None and bill.state == "closed":
                found += self._bill(conn, bill)
        return found

    def _bill(self, conn: Connection, bill: Row[Any]) -> list[str]:
        tariff = self._tariffs.get(conn, bill.tariff_version)
        known = recalled(bill.facts) if bill.facts is not None else facts_of_plate(bill.plate)
        facts = known._replace(stopped_minutes=bill.stopped_minutes)
        total = price(tariff, bill.entered_at, bill.until, facts).total.minor
        sooner = max(bill.entered_at, bill.until - _SOONER)
        found = []
        if total != bill.total:
            found.append("I5: a bill is not what its tariff says of its entry and exit")
        if price(tariff, bill.entered_at, sooner, facts).total.minor > total:
            found.append("I5: it was dearer to leave sooner")
        in_time = bill.leave_by is not None and bill.exited_at is not None and bill.exited_at <= bill.leave_by
        if in_time and bill.priced_at is not None and bill.until > bill.priced_at:
            found.append("I7: who had paid and left in time was charged for more")
        return found

    def _offers(self, conn: Connection, changed: int) -> list[str]:
        if changed == self._changed:
            return []
        self._changed = changed
        now = conn.execute(_OF_OFFERS).one()
        found = [] if now.lots == -now.held else ["I3: what members hold is not what their lots come to"]
        coupons = (now.coupons, now.uses, now.ended, now.free)
        if coupons == self._coupons:
            return found
        self._coupons = coupons
        return [*found, *[f"I3: {what}" for what in faults(conn)]]
