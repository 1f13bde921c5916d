"""A site in a zone that puts its clocks forward, its figures, and the same figures counted slowly from the books."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.analytics import tables as t
from parking.bootstrap.application import Application, build, load_site
from parking.bootstrap.tables import all_tables
from parking.kernel.ids import SeededIds
from parking.plumbing.db import Database
from parking.plumbing.tables import outbox
from parking.sessions import corrections
from parking.sessions import store as stays
from payments.ledger_store import movement_table, posting_table
from tests.builders.journeys import TARIFF, SiteStory, demo_settings

ZONE = ZoneInfo("Europe/Berlin")
BEFORE_THE_CHANGE = datetime(2026, 3, 28, 20, tzinfo=UTC)
Sums = dict[tuple[Any, ...], int]


class FarSite(SiteStory):
    """The demo mall where clocks go forward in the night to 29 March 2026."""

    def __init__(self, database: Database, begins: datetime = BEFORE_THE_CHANGE) -> None:
        super().__init__(database)
        self.clock.advance(begins - self.clock.now())
        self.ids = SeededIds(7)

    def restart(self, *, tariff: Path = TARIFF) -> Application:
        settings = demo_settings(tariff_file=tariff)
        site = replace(load_site(settings), timezone=str(ZONE))
        self.application = build(
            settings, self.database, clock=self.clock, providers={"wallet": self.wallet}, site=site
        )
        self.application.prepare()
        self.application.drain()
        return self.application


def shown(conn: Connection) -> dict[str, Sums]:
    """All read tables, each row by its key; rows of nothing but zeros say nothing."""
    found: dict[str, Sums] = {}
    for table, names in (
        (t.flow, t.FLOW),
        (t.dwell, ("stays",)),
        (t.money, t.MONEY),
        (t.occupancy, ("occupied_s", "known_s", "unknown_s")),
    ):
        rows = [dict(row) for row in conn.execute(sa.select(table)).mappings()]
        keys = [c.name for c in table.primary_key.columns]
        found[table.name] = {(*(row[k] for k in keys), name): row[name] for row in rows for name in names if row[name]}
    return found


def counted_slowly(conn: Connection) -> dict[str, Sums]:
    """The same by going through stays, corrections, postings and events one by one, minute by minute."""
    flow, dwell = _passages(conn), Counter[tuple[Any, ...]]()
    places: dict[str, tuple[str, str, str]] = {}
    missed = Counter[str]()
    for row in conn.execute(sa.select(corrections.correction.c.stay_id, corrections.correction.c.passages)):
        missed[row.stay_id] -= row.passages
    for stay in conn.execute(sa.select(stays.stay)):
        kind = stay.votes.split("|")[2] if stay.votes else ""
        over = stay.state == "closed"
        lane = stay.exit_lane_id if over else stay.lane_id
        place = places[stay.id] = (lane, stay.lot_id or "", kind or "unknown")
        if over:
            when = _slot(stay.exited_at)
            dwell[(*when, *place, (stay.exited_at - stay.entered_at) // timedelta(minutes=1), "stays")] += 1
            flow[(*when, *place, "found")] += max(missed[stay.id], 0)
    sums = {"figure_flow": flow, "figure_dwell": dwell, "figure_money": _money(conn, places)}
    found = {name: {key: n for key, n in one.items() if n} for name, one in sums.items()}
    return {**found, "figure_occupancy": _minutes(conn)}


def ledger_by_day(conn: Connection) -> Sums:
    """(day, account's head) to what was booked on it, minor units."""
    found = Counter[tuple[Any, ...]]()
    m, p = movement_table.c, posting_table.c
    query = sa.select(m.booked_at, p.account, p.amount).join(posting_table, p.seq == m.seq)
    for row in conn.execute(query):
        found[_slot(row.booked_at)[0], row.account.partition(":")[0]] += row.amount
    return found


def _slot(at: datetime) -> tuple[str, int]:
    local = at.astimezone(ZONE)
    return f"{local:%Y-%m-%d}", local.hour


def _passages(conn: Connection) -> Counter[tuple[Any, ...]]:
    flow = Counter[tuple[Any, ...]]()
    for row in conn.execute(sa.select(outbox).where(outbox.c.type == "VehiclePassed")):
        said = row.data
        kind = said["votes"].split("|")[2] if said["votes"] else ""
        column = {"in": "entered", "out": "gone"}[said["direction"]]
        flow[(*_slot(row.occurred_at), said["lane_id"], said["lot_id"] or "", kind or "unknown", column)] += 1
    return flow


def _money(conn: Connection, places: dict[str, tuple[str, str, str]]) -> Counter[tuple[Any, ...]]:
    names = {"revenue": ("due", -1), "waived": ("waived", 1), "written_off": ("waived", 1), "debt": ("debt", 1)}
    names |= {"coupons": ("coupon", 1), "overpaid": ("overpaid", -1), "receivable": ("prepaid", -1)}
    found = Counter[tuple[Any, ...]]()
    m, p = movement_table.c, posting_table.c
    for row in conn.execute(
        sa.select(m.booked_at, m.unit, m.stay_id, p.account, p.amount).join(posting_table, p.seq == m.seq)
    ):
        head, _, rest = row.account.partition(":")
        key = (*_slot(row.booked_at), *places.get(row.stay_id, ("", "", "")))
        if head == "clearing":
            found[(*key, rest, row.unit, "captured" if row.amount > 0 else "refunded")] += abs(row.amount)
        elif head in names:
            column, sign = names[head]
            found[(*key, "", row.unit, column)] += sign * row.amount
    return found


def _minutes(conn: Connection) -> Sums:
    """Each zone's seconds, by standing at every whole minute and looking at what was said last."""
    found = Counter[tuple[Any, ...]]()
    said: dict[str, list[tuple[datetime, Any]]] = {}
    for row in conn.execute(sa.select(outbox).where(outbox.c.type == "OccupancyChanged").order_by(outbox.c.seq)):
        said.setdefault(row.data["zone_id"], []).append((row.occurred_at, row.data))
    for zone, words in said.items():
        at, nth = words[0][0], 0
        while at < words[-1][0]:
            while nth + 1 < len(words) and words[nth + 1][0] <= at:
                nth += 1
            now = words[nth][1]
            if now["known"]:
                found[(*_slot(at), zone, "known_s")] += 60
                found[(*_slot(at), zone, "occupied_s")] += 60 * now["occupied"]
            else:
                found[(*_slot(at), zone, "unknown_s")] += 60
            at += timedelta(minutes=1)
    return {key: n for key, n in found.items() if n}


def far_site(database: Database) -> FarSite:
    database.create_tables(all_tables())
    return FarSite(database)
