"""Events to figures: a group of its own on the bus, so each event counts once; and the one recount of everything from the books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.analytics import passages, stays
from parking.analytics import tables as t
from parking.analytics.books import Books
from parking.analytics.local_days import slot_of
from parking.kernel import codec
from parking.kernel import events as e
from parking.kernel.ids import StayId
from parking.plumbing.bus import Subscription
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.insert_once import insert_all_once
from parking.plumbing.tables import delivery, inbox, outbox

GROUP = "figures"
AT_ONCE = 500
_MONEY_MOVED = (e.PaymentCaptured, e.PaymentRefunded, e.CouponChanged, e.CreditChanged, e.StaySettled)


@dataclass(frozen=True, slots=True)
class Recounted:
    """What a recount went through; sums of passages and counts of days before `since` stay, for their events are no longer kept."""

    events: int
    stays: int
    movements: int
    since: str | None


class Figures:
    """Keeps the read tables true, and makes them again."""

    def __init__(self, books: Books, zone: ZoneInfo) -> None:
        self.books = books
        self.zone = zone
        self._stays = stays.StayFigures(books, zone)

    def subscription(self) -> Subscription:
        """What this room listens to."""
        money = dict.fromkeys(_MONEY_MOVED, (self._money,))
        return Subscription(
            GROUP,
            {
                **money,
                e.VehiclePassed: (self._passed,),
                e.OccupancyChanged: (self._counted,),
                e.StayClosed: (self._stay_changed, self._money),
                e.StayCorrected: (self._stay_changed, self._money),
            },
        )

    def catch_up(self, uow: UnitOfWork) -> int:
        """Book what no event announced, such as a waiver; returns how many movements of the ledger were new."""
        return self._stays.follow(uow)

    def behind(self, conn: Connection) -> int:
        """How many events wait for this room."""
        query = sa.select(sa.func.count()).select_from(delivery).where(delivery.c.group == GROUP)
        return int(conn.execute(query).scalar_one())

    def rebuild(self, database: Database) -> Recounted:
        """Throw the sums away and count again, in one transaction; readers see the old ones until it is done."""
        return database.write(self._recount)

    def _passed(self, uow: UnitOfWork, envelope: e.Envelope) -> None:
        self._stays.begin(uow.connection)
        passages.passed(uow.connection, envelope.occurred_at, codec.encode(envelope)["data"], self.zone)

    def _counted(self, uow: UnitOfWork, envelope: e.Envelope) -> None:
        self._stays.begin(uow.connection)
        passages.counted(uow.connection, envelope.occurred_at, codec.encode(envelope)["data"], self.zone)

    def _stay_changed(self, uow: UnitOfWork, envelope: e.Envelope) -> None:
        event = envelope.event
        assert isinstance(event, e.StayClosed | e.StayCorrected)
        self._stays.changed(uow, event.stay_id)

    def _money(self, uow: UnitOfWork, _: e.Envelope) -> None:
        self._stays.follow(uow)

    def _recount(self, uow: UnitOfWork) -> Recounted:
        conn = uow.connection
        self._stays.begin(conn)
        since = self._kept_since(conn, uow.now)
        for table in (t.dwell, t.money):
            conn.execute(table.delete())
        conn.execute(t.flow.delete().where(t.flow.c.day >= since))
        conn.execute(t.flow.update().values(found=0))
        blank = {"day": None, "hour": None, "minutes": None, "found": 0}
        conn.execute(t.of_stay.update().values(**blank))  # its class stays known: plates are erased, votes with them
        conn.execute(t.head.update().values(ledger_seq=0))
        events = self._replay(uow, since)
        known = {StayId(one) for one in conn.execute(sa.select(t.of_stay.c.stay_id)).scalars()}
        again = sorted(known | set(stays.ended(conn)))
        for stay_id in again:
            self._stays.changed(uow, stay_id)
        return Recounted(events, len(again), self._stays.follow(uow), since or None)

    def _kept_since(self, conn: Connection, now: datetime) -> str:
        """The first day of which every event is still kept; "" where none was ever dropped.

        Events are dropped by when they were passed on: one that was told late may be the oldest that is left, of a day long gone.
        """
        first = conn.execute(sa.select(outbox.c.seq, outbox.c.relayed_at).order_by(outbox.c.seq).limit(1)).first()
        if first is not None and first.seq == 1:
            return ""
        begun = slot_of((first.relayed_at if first is not None else None) or now, self.zone).day
        return _day_after(begun)

    def _replay(self, uow: UnitOfWork, since: str) -> int:
        """All kept events in their order, and the proof that this room has handled them: none of them counts again when it is delivered."""
        conn, done, after = uow.connection, 0, 0
        begun: dict[str, str] = {}
        names = [one.__name__ for one in self.subscription().handlers]
        query = sa.select(outbox).where(outbox.c.type.in_(names)).order_by(outbox.c.seq).limit(AT_ONCE)
        while rows := conn.execute(query.where(outbox.c.seq > after)).all():
            for row in rows:
                self._again(conn, row, since, begun)
            proof: list[dict[str, Any]] = [
                {"group": GROUP, "event_id": row.event_id, "handled_at": uow.now} for row in rows
            ]
            insert_all_once(conn, inbox, proof)
            done, after = done + len(rows), rows[-1].seq
        return done

    def _again(self, conn: Connection, row: Any, since: str, begun: dict[str, str]) -> None:
        if row.type == e.VehiclePassed.__name__:
            passages.passed(conn, row.occurred_at, row.data, self.zone, since)
        elif row.type == e.OccupancyChanged.__name__:
            zone_id = row.data["zone_id"]
            if zone_id not in begun:
                begun[zone_id] = self._forget_zone(conn, zone_id, since, row.occurred_at)
            passages.counted(conn, row.occurred_at, row.data, self.zone, begun[zone_id])

    def _forget_zone(self, conn: Connection, zone_id: str, since: str, first: datetime) -> str:
        """From which day on a zone is counted again: what stood there before the first word that is kept, nobody can tell."""
        begun = since and max(since, _day_after(slot_of(first, self.zone).day))
        old = t.occupancy.c
        conn.execute(t.occupancy.delete().where(old.zone_id == zone_id, old.day >= begun))
        conn.execute(t.zone_now.delete().where(t.zone_now.c.zone_id == zone_id))
        return begun


def _day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
