"""Bays put together: their book, what heals the counters, and what the signs read of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from guidance.bay_api import Bays
from guidance.healing import BayBook, Healer, signs_see
from guidance.model import ZoneView
from guidance.service import Occupancy
from guidance.sign_board import Read, SignBoard, connect, publish_to, read_from
from guidance.signs.registry import SIGNS
from parking.kernel.clock import Clock
from parking.kernel.ids import ZoneId
from parking.plumbing.db import Database
from parking.security import audit
from parking.site.model import SiteMap


def the_bays(site: SiteMap, database: Database, occupancy: Occupancy, feed_age_s: Callable[[], float]) -> Bays:
    """The bays of a site; `feed_age_s` says how old the gate boxes' news is."""
    book = BayBook(site)
    return Bays(database, book, Healer(occupancy, book), audit.record, feed_age_s)


def sign_board(bays: Bays, occupancy: Occupancy, clock: Clock) -> SignBoard:
    """The site's signs: they show usable bays, and dashes when the gate boxes have been silent too long."""
    return SignBoard(
        connect(bays.book.site, SIGNS),
        usable(bays.database, occupancy, bays.healer),
        publish_to(bays.database),
        clock,
        feed_age_s=lambda _: bays.feed_age_s(),
    )


def usable(database: Database, occupancy: Occupancy, healer: Healer) -> Read:
    """What the signs read: usable bays by all witnesses, after counting again whatever late passages left open."""
    recounted = read_from(database, occupancy)

    def read() -> Mapping[ZoneId, ZoneView]:
        recounted()
        now = database.clock.now()
        return database.read(lambda conn: signs_see(healer.views(conn, now)))

    return read
