"""Passages and zone counts: what the events themselves say is added up, under the day on which it happened, however late it is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.analytics import tables as t
from parking.analytics.local_days import seconds_by_slot, slot_of
from parking.analytics.stays import UNKNOWN
from parking.plumbing.insert_once import upsert
from parking.plumbing.prepared import prepared

_ZONE = prepared(sa.select(t.zone_now).where(t.zone_now.c.zone_id == sa.bindparam("of")))
_PEAK = prepared(
    t.occupancy.update()
    .where(
        t.occupancy.c.day == sa.bindparam("of_day"),
        t.occupancy.c.hour == sa.bindparam("of_hour"),
        t.occupancy.c.zone_id == sa.bindparam("of"),
        t.occupancy.c.peak < sa.bindparam("new"),
    )
    .values(peak=sa.bindparam("new"))
)


def passed(conn: Connection, at: datetime, said: Mapping[str, Any], zone: ZoneInfo, since: str = "") -> None:
    """A vehicle went through a lane (the data of a VehiclePassed); days before `since` are left as they are."""
    slot = slot_of(at, zone)
    if slot.day < since:
        return
    votes = said.get("votes")
    kind = votes.split("|")[2] if isinstance(votes, str) and votes.count("|") > 2 else ""
    key = {"day": slot.day, "hour": slot.hour, "lane_id": said["lane_id"], "lot_id": said.get("lot_id") or ""}
    column = "entered" if said["direction"] == "in" else "gone"
    t.add(conn, t.flow, {**key, "class": kind or UNKNOWN}, {column: 1})


def counted(conn: Connection, at: datetime, said: Mapping[str, Any], zone: ZoneInfo, since: str = "") -> None:
    """A zone's count changed (the data of an OccupancyChanged): what it was until now fills the hours since the word before."""
    before = conn.execute(_ZONE, {"of": said["zone_id"]}).one_or_none()
    if before is not None:
        at = max(at, before.at)  # a word that comes late does not turn back what was shown
        fill(conn, before._mapping, at, zone, since)
    now = {name: said[name] for name in ("zone_id", "capacity", "occupied", "known")}
    upsert(conn, t.zone_now, {**now, "at": at})


def fill(conn: Connection, word: Mapping[Any, Any], until: datetime, zone: ZoneInfo, since: str = "") -> None:
    """Add the time from a word about a zone until a moment."""
    for key, sums, peak in parts(word, until, zone):
        if key["day"] < since:
            continue
        t.add(conn, t.occupancy, key, sums)
        if peak:
            of = {"of_day": key["day"], "of_hour": key["hour"], "of": key["zone_id"], "new": peak}
            conn.execute(_PEAK, of)


def parts(word: Mapping[Any, Any], until: datetime, zone: ZoneInfo) -> list[tuple[dict[str, Any], dict[str, int], int]]:
    """What a word about a zone puts into each hour until a moment: the row's key, its sums, the most that stood there. Pure."""
    found = []
    for slot, seconds in seconds_by_slot(word["at"], until, zone):
        key = {"day": slot.day, "hour": slot.hour, "zone_id": word["zone_id"]}
        if word["known"]:
            sums = {"occupied_s": word["occupied"] * seconds, "known_s": seconds}
            sums |= {"capacity_s": word["capacity"] * seconds, "unknown_s": 0}
        else:
            sums = {"occupied_s": 0, "known_s": 0, "capacity_s": 0, "unknown_s": seconds}
        found.append((key, sums, int(word["occupied"]) if word["known"] else 0))
    return found
