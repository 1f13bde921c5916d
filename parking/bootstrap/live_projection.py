"""Events to the live feed, with a memory: what the screens show survives a restart because it is stored with the event's effect."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.bootstrap import live_values
from parking.kernel.codec import decode
from parking.kernel.device import REMOVED
from parking.kernel.events import BaySeen, DeviceHealthChanged, Envelope, OccupancyChanged, SignShown
from parking.kernel.ids import SignId, ZoneId
from parking.plumbing.column_types import Json
from parking.plumbing.db import Database, UnitOfWork, metadata
from parking.plumbing.prepared import prepared
from parking.plumbing.tables import outbox
from parking.site.model import SiteMap
from parking.site.words import LocalName

REMEMBERED = 50

live_value = sa.Table(
    "live_value",
    metadata,
    sa.Column("key", sa.String(128), primary_key=True),
    sa.Column("value", Json, nullable=False),
)
_BEGIN = prepared(live_value.insert())
_STORED = prepared(sa.select(live_value.c.value).where(live_value.c.key == sa.bindparam("of")))
_CHANGE = prepared(
    live_value.update().where(live_value.c.key == sa.bindparam("of")).values(value=sa.bindparam("new", type_=Json))
)


class Hub(Protocol):
    """The live feed's side that is written to."""

    def put(self, key: str, value: Any) -> None: ...

    def remove(self, key: str) -> None: ...

    def append(self, item: Any) -> None: ...


class LiveProjection:
    """Keeps the live values true to the events; one handler for all of them."""

    def __init__(self, hub: Hub, site: SiteMap, at_the_approach: Mapping[SignId, LocalName] | None = None) -> None:
        """`at_the_approach` are the signs that speak of other lots, called as those are."""
        self._hub = hub
        self._site = site
        self._zones = {z.id: {"zh": z.name.zh, "en": z.name.en} for z in site.zones}
        self._lanes = {ln.id: live_values.idle_lane({"zh": ln.name.zh, "en": ln.name.en}, ln.kind) for ln in site.lanes}
        self._signs: dict[str, dict[str, Any]] = {s.id: {"zone_id": s.zone_id} for s in site.signs}
        for sign_id, name in (at_the_approach or {}).items():
            self._signs[sign_id] = {"zone_id": None, "name": {"zh": name.zh, "en": name.en}}
        self._fed, self._seen = True, dict[ZoneId, int]()

    def restore(self, database: Database, *, boxes: Collection[str] = (), devices: Collection[str] = ()) -> None:
        """Show again what was shown before the restart; what the site no longer has is left out.

        Of devices those stay that one of the `boxes` told, or that are among the server's own `devices`.
        """
        for lane_id, idle in self._lanes.items():
            self._hub.put(f"lane.{lane_id}", idle)
        for sign_id, blank in self._signs.items():
            self._hub.put(f"sign.{sign_id}", blank | {"text": None, "health": "unknown", "at": None})

        def stored(conn: Connection) -> tuple[list[Any], list[Envelope]]:
            values = list(conn.execute(sa.select(live_value.c.key, live_value.c.value)))
            recent = conn.execute(sa.select(outbox).order_by(outbox.c.seq.desc()).limit(REMEMBERED)).mappings().all()
            return values, [
                decode(
                    {
                        "id": row["event_id"],
                        "at": row["occurred_at"].isoformat(),
                        "origin": row["origin"],
                        "type": row["type"],
                        "data": row["data"],
                    }
                )
                for row in reversed(recent)
            ]

        values, recent = database.read(stored)
        gone = [key for key, value in values if self._is_gone(key, value, boxes, devices)]
        if gone:
            database.write(lambda uow: uow.connection.execute(live_value.delete().where(live_value.c.key.in_(gone))))
        for key, value in values:
            if self._is_ours(key) and key not in gone:
                self._hub.put(key, value)
        for envelope in recent:
            self._hub.append(live_values.line(envelope))

    def vouch(self, database: Database, *, fed: bool, seen: Mapping[ZoneId, int] | None = None) -> None:
        """Say whether the gate boxes are heard: counts that nobody feeds are shown as not known until they are fed again.

        Meanwhile `seen` is how many bays are usable where the sensors see every bay.
        """
        seen = {} if fed or seen is None else dict(seen)
        if (fed, seen) == (self._fed, self._seen):
            return
        self._fed, self._seen = fed, seen
        stored = database.read(
            lambda conn: conn.execute(sa.select(live_value).where(live_value.c.key.like("zone.%"))).all()
        )
        for key, value in stored:
            if self._is_ours(key):
                self._hub.put(key, self._vouched(key, value))

    def lanes(self, conn: Connection) -> list[dict[str, Any]]:
        """Every lane with what it shows now."""
        stored = dict(
            conn.execute(sa.select(live_value.c.key, live_value.c.value).where(live_value.c.key.like("lane.%"))).all()
        )
        return [{"id": lane_id, **stored.get(f"lane.{lane_id}", idle)} for lane_id, idle in self._lanes.items()]

    def handle(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Handles every event."""
        event = envelope.event
        if isinstance(event, BaySeen):  # two thousand bays: a value of its own for each, and no line in the stream
            self._hub.put(f"bay.{event.bay_id}", live_values.bay(event))
            return
        lane_id = getattr(event, "lane_id", None)
        if lane_id in self._lanes:
            previous = self._stored(uow.connection, f"lane.{lane_id}") or self._lanes[lane_id]
            shown = live_values.lane(previous, envelope)
            if shown is not None:
                self._show(uow, f"lane.{lane_id}", shown)
        elif isinstance(event, OccupancyChanged) and event.zone_id in self._zones:
            self._show(uow, f"zone.{event.zone_id}", live_values.zone(self._zones[event.zone_id], event, envelope))
        elif isinstance(event, SignShown) and event.sign_id in self._signs:
            self._show(uow, f"sign.{event.sign_id}", live_values.sign(self._signs[event.sign_id], event, envelope))
        elif isinstance(event, DeviceHealthChanged) and event.device_id in self._signs:
            previous = self._stored(uow.connection, f"sign.{event.device_id}") or self._signs[event.device_id]
            self._show(uow, f"sign.{event.device_id}", {**previous, "health": event.health})
        elif isinstance(event, DeviceHealthChanged):
            self._show_device(uow, event, envelope)
        self._hub.append(live_values.line(envelope))

    def _show_device(self, uow: UnitOfWork, event: DeviceHealthChanged, envelope: Envelope) -> None:
        """Its health; one that has left the settings goes, unless another has told of one by that name since."""
        key = f"device.{event.device_id}"
        if event.health != REMOVED:
            self._show(uow, key, live_values.device(event, envelope))
        elif (self._stored(uow.connection, key) or {}).get("from", envelope.origin) == envelope.origin:
            uow.connection.execute(live_value.delete().where(live_value.c.key == key))
            self._hub.remove(key)

    def _is_gone(self, key: str, value: Mapping[str, Any], boxes: Collection[str], devices: Collection[str]) -> bool:
        """Whether a device was told by a box that is shut out, or by a server whose settings had it. Older releases did not say by whom."""
        family, _, name = key.partition(".")
        return family == "device" and "from" in value and value["from"] not in boxes and name not in devices

    def _is_ours(self, key: str) -> bool:
        family, _, name = key.partition(".")
        known: dict[str, Any] = {"lane": self._lanes, "zone": self._zones, "sign": self._signs}
        return (family == "device" and name not in self._signs) or name in known.get(family, ())

    def _stored(self, conn: Connection, key: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = conn.execute(_STORED, {"of": key}).scalar_one_or_none()
        return found

    def _show(self, uow: UnitOfWork, key: str, value: dict[str, Any]) -> None:
        if uow.connection.execute(_CHANGE, {"of": key, "new": value}).rowcount == 0:
            uow.connection.execute(_BEGIN, {"key": key, "value": value})
        self._hub.put(key, self._vouched(key, value))

    def _vouched(self, key: str, value: dict[str, Any]) -> dict[str, Any]:
        """A zone's count as far as somebody vouches for it now; anything else as it is."""
        family, _, zone = key.partition(".")
        if family != "zone" or self._fed:
            return value
        free = self._seen.get(ZoneId(zone))
        if free is None:
            return {**value, "known": False}
        return {**value, "free": free, "occupied": value["capacity"] - free, "known": True}
