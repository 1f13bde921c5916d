"""What a lot's own bills teach: on every database, by lot, from its history alone."""

from __future__ import annotations

from datetime import timedelta

from parking.bootstrap import tables
from parking.bootstrap.learned_bounds import HISTORY, bounds_of
from parking.kernel.ids import LaneId, LotId, StayId
from parking.plumbing.db import Database, UnitOfWork
from parking.sessions import store
from parking.sessions.model import OpenStay
from payments.plausible import ENOUGH, TIMES
from payments.store import bill_table
from tests.builders.sessions import NOON

assert tables.all_tables()
PLENTY = ENOUGH + 10


def bills(database: Database, lot: str | None, count: int, *, days_ago: int = 1) -> None:
    """Stays of 1 to `count` minor units each in one lot."""
    until = NOON - timedelta(days=days_ago)
    came = until - timedelta(hours=2)

    def work(uow: UnitOfWork) -> None:
        for n in range(1, count + 1):
            stay_id = StayId(f"{lot}-{n}")
            lot_id = LotId(lot) if lot is not None else None
            store.insert(uow.connection, OpenStay(stay_id, None, came, LaneId("e"), "t", lot_id=lot_id), state="closed")
            row = {"stay_id": stay_id, "entered_at": came, "until": until, "tariff_version": "t", "total": n}
            uow.connection.execute(bill_table.insert().values(**row, currency="CNY"))

    database.write(work)


def test_each_lot_is_bound_by_the_bill_that_one_in_a_thousand_exceeds(database: Database) -> None:
    bills(database, "p1", PLENTY)
    bills(database, None, PLENTY)
    bills(database, "small", 20)
    bills(database, "old", PLENTY, days_ago=HISTORY.days + 1)
    learned = database.read(lambda conn: bounds_of(conn, NOON))
    rare = PLENTY - PLENTY // 1000
    assert learned == {"p1": TIMES * rare, None: TIMES * rare}
