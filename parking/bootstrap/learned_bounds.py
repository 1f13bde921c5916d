"""What bills each lot has really had, asked of the books from time to time: beyond the rare ones a person looks first.

The same books give the same bounds; nothing is kept of them but in the cashier's memory.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.plumbing.db import Database
from parking.sessions.store import stay
from payments.cashier import Cashier
from payments.plausible import learned_bound, rare_rank
from payments.store import bill_table

HISTORY = timedelta(days=90)
_OF_LOTS = sa.select(stay.c.lot_id, bill_table.c.total).join_from(bill_table, stay, stay.c.id == bill_table.c.stay_id)


def bounds_of(conn: Connection, now: datetime) -> dict[str | None, int]:
    """The learned bound of each lot that has had bills enough since `HISTORY` ago, in minor units."""
    recent = bill_table.c.until >= now - HISTORY
    counted = _OF_LOTS.with_only_columns(stay.c.lot_id, sa.func.count()).where(recent).group_by(stay.c.lot_id)
    learned = {}
    for lot_id, bills in conn.execute(counted).all():
        rank = rare_rank(bills)
        if rank is None:
            continue
        mine = stay.c.lot_id.is_(None) if lot_id is None else stay.c.lot_id == lot_id
        dearest = _OF_LOTS.with_only_columns(bill_table.c.total).where(recent, mine).order_by(bill_table.c.total.desc())
        bound = learned_bound(int(conn.execute(dearest.offset(rank).limit(1)).scalar_one()))
        if bound is not None:
            learned[lot_id] = bound
    return learned


def learn(database: Database, cashier: Cashier) -> None:
    """Ask the books, and have the cashier go by what they say."""
    cashier.learn_bounds(database.read(lambda conn: bounds_of(conn, database.clock.now())))
