"""Bays put together: their book, what heals the counters, and what the signs read of both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import Connection

from guidance.advise import STALE_AFTER_S
from guidance.bay_api import Bays
from guidance.healing import BayBook, Healer, seen_whole, signs_see
from guidance.model import ZoneView
from guidance.next_door import NextDoor
from guidance.service import Occupancy
from guidance.sign_board import BoardSign, Read, SignBoard, connect, publish_to, read_from
from guidance.signs.registry import SIGNS
from guidance.traffic import Passages
from parking.kernel.clock import Clock
from parking.kernel.events import Envelope, VehiclePassed
from parking.kernel.ids import LaneId, ZoneId
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.delivery import Handler
from parking.security import audit
from parking.site.model import SiteMap


def the_bays(
    site: SiteMap,
    database: Database,
    occupancy: Occupancy,
    feed_age_s: Callable[[], float],
    passages: Passages,
    lanes: Callable[[Connection], list[dict[str, Any]]],
) -> Bays:
    """The bays of a site; `feed_age_s` says how old the gate boxes' news is, `lanes` what each lane shows."""
    book = BayBook(site)

    def troubled(conn: Connection) -> dict[LaneId, bool]:
        return {LaneId(lane["id"]): bool(lane.get("fault")) or bool(lane.get("held")) for lane in lanes(conn)}

    return Bays(database, book, Healer(occupancy, book), audit.record, feed_age_s, passages, troubled)


def note_passages(passages: Passages) -> Handler:
    """Handler of VehiclePassed for the traffic at the lanes."""

    def note(_: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        assert isinstance(event, VehiclePassed)
        passages.note(envelope.id, event.lane_id, envelope.occurred_at)

    return note


def own_free(bays: Bays) -> Callable[[], int | None]:
    """Usable bays of the whole site; None while a zone is not known."""

    def free() -> int | None:
        now = bays.database.clock.now()
        views = bays.database.read(lambda conn: bays.healer.views(conn, now))
        vouched = views if bays.feed_age_s() <= STALE_AFTER_S else seen_whole(views)
        known = [view.usable for view in vouched.values() if view.zone.known]
        return sum(known) if known and len(known) == len(views) else None

    return free


def sign_board(
    bays: Bays, occupancy: Occupancy, clock: Clock, door: NextDoor, at_the_approach: tuple[BoardSign, ...] = ()
) -> SignBoard:
    """The site's signs, and those that speak of the lots next door: usable bays, and dashes where nobody vouches for them.

    That is when gate boxes have been silent too long, but where every bay is seen.
    """
    own = usable(bays.database, occupancy, bays.healer)
    next_door = {sign.zone_id for sign in at_the_approach}

    def read() -> Mapping[ZoneId, ZoneView]:
        return {**own(), **door.sign_views()} if next_door else own()

    whole: tuple[float, Collection[ZoneId]] = (float("-inf"), ())

    def age_s(zone: ZoneId) -> float:
        nonlocal whole
        oldest_s, now_s = 0.0 if zone in next_door else bays.feed_age_s(), clock.monotonic_s()
        if oldest_s > STALE_AFTER_S and now_s - whole[0] >= 1.0:  # asked once for all signs
            whole = now_s, bays.seen_whole()
        return 0.0 if oldest_s > STALE_AFTER_S and zone in whole[1] else oldest_s

    return SignBoard(
        (*connect(bays.book.site, SIGNS), *at_the_approach),
        read,
        publish_to(bays.database),
        clock,
        feed_age_s=age_s,
    )


def usable(database: Database, occupancy: Occupancy, healer: Healer) -> Read:
    """What the signs read: usable bays by all witnesses, after counting again whatever late passages left open.

    While nobody has said anything of a bay, nothing of it changes by itself: then it stands as long as the counters do.
    """
    recounted = read_from(database, occupancy)
    kept: tuple[int, Mapping[ZoneId, ZoneView]] | None = None

    def read() -> Mapping[ZoneId, ZoneView]:
        nonlocal kept
        recounted()
        if kept is not None and kept[0] == occupancy.touched and not healer.book.touched and database.is_private:
            return kept[1]
        now = database.clock.now()
        views = database.read(lambda conn: signs_see(healer.views(conn, now)))
        kept = occupancy.touched, views
        return views

    return read
