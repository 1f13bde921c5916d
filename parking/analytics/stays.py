"""Stays and their money: each stay's share is taken out and put in again as it is now, so what is corrected changes its own day.

The ledger is read by its numbers, in the transaction that adds to the sums: every booking counts once, whoever announced it or did not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.analytics import tables as t
from parking.analytics.books import Booked, Books, columns_of
from parking.analytics.local_days import Slot, slot_of
from parking.kernel.ids import StayId
from parking.kernel.votes import Votes
from parking.plumbing.db import UnitOfWork
from parking.plumbing.insert_once import insert_once, upsert
from parking.plumbing.prepared import prepared
from parking.sessions import corrections
from parking.sessions import store as stays

AT_ONCE = 200
LONGEST_MIN = 14 * 1440
"""Whoever stays longer is counted as so long."""
UNKNOWN = "unknown"
_HEAD = prepared(sa.select(t.head.c.ledger_seq).with_for_update())
_HEAD_IS = prepared(t.head.update().values(ledger_seq=sa.bindparam("new_seq"), fed_at=sa.bindparam("new_at")))
_SHARE = prepared(sa.select(t.of_stay).where(t.of_stay.c.stay_id == sa.bindparam("of")))
_MISSED = prepared(
    sa.select(sa.func.sum(corrections.correction.c.passages)).where(
        corrections.correction.c.stay_id == sa.bindparam("of")
    )
)


@dataclass(frozen=True, slots=True)
class Share:
    """What a stay puts into the sums: where, and (once it has ended) when, how long, and how many exits were found late."""

    lane_id: str
    lot_id: str
    kind: str
    slot: Slot | None = None
    minutes: int | None = None
    found: int = 0

    @property
    def place(self) -> dict[str, str]:
        return {"lane_id": self.lane_id, "lot_id": self.lot_id, "class": self.kind}


NOWHERE = Share("", "", UNKNOWN)
"""Of what is booked about a stay that nobody knows."""


def share_of(conn: Connection, stay_id: StayId, known: Share | None, zone: ZoneInfo) -> Share:
    """A stay's share as it is now; what was `known` of its class outlives the erasure of its plate."""
    row = stays.row_of(conn, stay_id)
    if row is None:
        return known or NOWHERE
    kind = (Votes.parse(row.votes).kind if row.votes else None) or (known.kind if known else UNKNOWN)
    lot = row.lot_id or ""
    if row.state != "closed" or row.exited_at is None:
        return Share(row.lane_id, lot, kind)
    missed = -int(conn.execute(_MISSED, {"of": stay_id}).scalar() or 0)
    lasted: timedelta = row.exited_at - row.entered_at
    minutes = min(max(lasted // timedelta(minutes=1), 0), LONGEST_MIN)
    return Share(row.exit_lane_id or row.lane_id, lot, kind, slot_of(row.exited_at, zone), minutes, max(missed, 0))


class StayFigures:
    """Keeps the sums of stays and money true to the books."""

    def __init__(self, books: Books, zone: ZoneInfo) -> None:
        self._books = books
        self._zone = zone

    def follow(self, uow: UnitOfWork) -> int:
        """Read on in the ledger to its end; returns how many movements were new."""
        conn, total = uow.connection, 0
        seq = self.begin(conn)
        while batch := self._books.after(conn, seq, AT_ONCE):
            for movement in batch:
                self._book(conn, movement, self._share(conn, StayId(movement.stay_id)), 1)
            seq, total = batch[-1].seq, total + len(batch)
            conn.execute(_HEAD_IS, {"new_seq": seq, "new_at": uow.now})
        return total

    def changed(self, uow: UnitOfWork, stay_id: StayId) -> None:
        """A stay has ended, or what was on record of it was put right."""
        conn = uow.connection
        seq = self.begin(conn)
        old = kept(conn, stay_id)
        new = share_of(conn, stay_id, old, self._zone)
        if old is None or old != new:
            self._move(conn, stay_id, old, new, seq)

    def begin(self, conn: Connection) -> int:
        """The last number of the ledger that is in the sums; whoever else adds to them on PostgreSQL waits from here on."""
        found = conn.execute(_HEAD).scalar_one_or_none()
        if found is None:
            insert_once(conn, t.head, {"one": 1, "ledger_seq": 0, "fed_at": None})
            found = conn.execute(_HEAD).scalar_one()
        return int(found)

    def _share(self, conn: Connection, stay_id: StayId) -> Share:
        share = kept(conn, stay_id)
        if share is None:
            share = share_of(conn, stay_id, None, self._zone)
            self._move(conn, stay_id, None, share, 0)
        return share

    def _move(self, conn: Connection, stay_id: StayId, old: Share | None, new: Share, seq: int) -> None:
        if old is not None:
            _count(conn, old, -1)
        if old is not None and old.place != new.place:
            for movement in self._books.about(conn, stay_id, seq):
                self._book(conn, movement, old, -1)
                self._book(conn, movement, new, 1)
        _count(conn, new, 1)
        slot = new.slot
        row = {"stay_id": stay_id, **new.place, "minutes": new.minutes, "found": new.found}
        upsert(conn, t.of_stay, {**row, "day": slot.day if slot else None, "hour": slot.hour if slot else None})

    def _book(self, conn: Connection, movement: Booked, share: Share, times: int) -> None:
        slot = slot_of(movement.at, self._zone)
        key = {"day": slot.day, "hour": slot.hour, **share.place, "unit": movement.unit}
        for channel, columns in columns_of(movement).items():
            t.add(conn, t.money, {**key, "channel": channel}, {name: times * n for name, n in columns.items()})


def kept(conn: Connection, stay_id: StayId) -> Share | None:
    """What a stay has put into the sums so far."""
    row = conn.execute(_SHARE, {"of": stay_id}).one_or_none()
    return None if row is None else _read(row)


def _read(row: Row[Any]) -> Share:
    one = row._mapping
    slot = Slot(one["day"], one["hour"]) if one["day"] is not None else None
    return Share(one["lane_id"], one["lot_id"], one["class"], slot, one["minutes"], one["found"])


def _count(conn: Connection, share: Share, times: int) -> None:
    if share.slot is None or share.minutes is None:
        return
    key = {"day": share.slot.day, "hour": share.slot.hour, **share.place}
    t.add(conn, t.dwell, {**key, "minutes": share.minutes}, {"stays": times})
    if share.found:
        t.add(conn, t.flow, key, {"found": times * share.found})


def ended(conn: Connection) -> Iterable[StayId]:
    """Every stay that has ended, for a recount."""
    query = sa.select(stays.stay.c.id).where(stays.stay.c.state == "closed").order_by(stays.stay.c.id)
    return [StayId(one) for one in conn.execute(query).scalars()]
