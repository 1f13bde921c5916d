"""Figures put together: what they read of the ledger and of payments, and their routes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import APIRouter
from sqlalchemy import Connection

from parking.analytics import api
from parking.analytics.books import Booked
from parking.analytics.projection import Figures
from parking.kernel.ids import StayId
from parking.plumbing.db import Database
from parking.plumbing.prepared import prepared
from parking.site.model import SiteMap
from payments import store as payments_store
from payments.ledger_store import movement_table, posting_table

_m, _p = movement_table.c, posting_table.c
_NUMBERS = (
    sa.select(_m.seq)
    .where(_m.seq > sa.bindparam("after"), _m.stay_id.is_not(None))
    .order_by(_m.seq)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_LINES = (
    sa.select(_m.seq, _m.booked_at, _m.unit, _m.stay_id, _p.account, _p.amount)
    .join(posting_table, _p.seq == _m.seq)
    .order_by(_m.seq, _p.position)
)
_AFTER = prepared(_LINES.where(_m.seq.in_(_NUMBERS)))
_ABOUT = prepared(_LINES.where(_m.stay_id == sa.bindparam("about"), _m.seq <= sa.bindparam("until")))
_PAID = prepared(
    sa.select(sa.literal(1)).where(
        payments_store.payment_table.c.stay_id == sa.bindparam("about"),
        payments_store.payment_table.c.state == sa.literal_column("'PAID'"),
    )
)


class LedgerBooks:
    """The ledger as the figures read it: movements about stays, by number."""

    def after(self, conn: Connection, seq: int, most: int) -> Sequence[Booked]:
        return _booked(conn.execute(_AFTER, {"after": seq, "most": most}))

    def about(self, conn: Connection, stay_id: StayId, until: int) -> Sequence[Booked]:
        return _booked(conn.execute(_ABOUT, {"about": stay_id, "until": until}))

    def paid(self, conn: Connection, stay_id: StayId) -> bool:
        return conn.execute(_PAID, {"about": stay_id}).first() is not None


def figures_of(site: SiteMap) -> Figures:
    return Figures(LedgerBooks(), ZoneInfo(site.timezone))


def router(database: Database, figures: Figures, site: SiteMap) -> APIRouter:
    """The routes of figures and ratings."""
    levels = {str(zone.id): zone.level for zone in site.zones}
    return api.router(api.Room(database, figures, levels, [str(lane.id) for lane in site.lanes]))


def _booked(rows: Any) -> list[Booked]:
    found = []
    for seq, group in groupby(rows, key=lambda row: row.seq):
        lines = list(group)
        postings = tuple((line.account, int(line.amount)) for line in lines)
        found.append(Booked(int(seq), lines[0].booked_at, lines[0].unit, lines[0].stay_id, postings))
    return found
