"""The server's side of the copy: pages, images, what it knows of its own past, and deletions that it may forget."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from parking.access import store as access_store
from parking.access.snapshot import CopyChange
from parking.bootstrap.tables import all_tables
from parking.gate import copy_feed, copy_file
from parking.gate.copy_feed import Asked, ImageMaker, begin_epoch, is_news, next_change, purge_tombstones
from parking.gate.edge_file import EdgeFile
from parking.gate.local_copy import LocalCopy
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.ids import RandomIds
from parking.plumbing.db import InlineDatabase
from tests.builders.journeys import MORNING

pytestmark = pytest.mark.req("GATE-3")


class Site:
    """A server's copy table and one box's copy of it."""

    def __init__(self) -> None:
        self.clock = ManualClock(MORNING)
        self.database = InlineDatabase(clock=self.clock, ids=RandomIds(), origin="server")
        self.database.create_tables(all_tables())
        self.start()
        self.box = LocalCopy(EdgeFile(":memory:"))

    def start(self) -> None:
        self.database.write(begin_epoch)

    def zones(self, *names: str, free: int | None) -> None:
        for name in names:
            data = None if free is None else {"free": free, "capacity": 99}
            self.database.write(lambda uow, n=name, d=data: access_store.put_row(uow, "zone", n, d))  # type: ignore[misc]

    def next(self) -> CopyChange:
        asked = Asked(*self.box.position)
        return self.database.read(lambda conn: next_change(conn, "demo", asked))

    def catch_up(self) -> int:
        """Fetch until there is no news; the number of pages."""
        pages = 0
        while is_news(change := self.next(), Asked(*self.box.position)):
            self.box.apply(change)
            pages += 1
        self.box.apply(change)
        return pages


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.database.close()


def test_a_box_is_brought_up_to_date_by_what_has_changed(site: Site) -> None:
    site.zones("b1", "b2", free=4)
    assert (site.catch_up(), site.box.free()) == (1, 8)
    site.zones("b1", free=3)
    assert len(site.next().rows) == 1
    assert (site.catch_up(), site.box.free(), site.box.rebuilt) == (1, 7, 0)


def test_many_changes_come_in_pages_that_lead_to_one_version(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_store, "ROWS_MOST", 3)
    monkeypatch.setattr(access_store.rows_since, "__kwdefaults__", {"limit": 3})
    site.zones(*(f"b{n}" for n in range(8)), free=1)
    first = site.next()
    assert (len(first.rows), first.version, first.upto) == (3, 3, 8)
    assert (site.catch_up(), site.box.free(), site.box.version) == (3, 8, 8)


def test_a_restart_of_the_server_costs_nobody_a_new_copy(site: Site) -> None:
    site.zones("b1", free=4)
    site.catch_up()
    site.start()
    site.zones("b1", free=5)
    site.start()
    assert (site.catch_up(), site.box.free(), site.box.rebuilt) == (1, 5, 0)


def test_a_box_that_has_seen_what_a_restored_server_has_not_gets_everything_anew(site: Site) -> None:
    driver = site.database._connection.connection.dbapi_connection
    site.zones("b1", free=4)
    backup = driver.serialize()  # type: ignore[union-attr]
    site.zones("b1", "b2", free=9)
    site.catch_up()
    restored = InlineDatabase(clock=site.clock, ids=RandomIds(), origin="server")
    restored._connection.connection.dbapi_connection.deserialize(backup)  # type: ignore[union-attr]
    site.database.close()
    site.database = restored
    site.start()
    site.zones("b3", "b4", "b5", free=1)  # its numbers have overtaken the box's again
    assert site.next().since == 0
    site.catch_up()
    assert (site.box.free(), site.box.rebuilt) == (7, 1)


def test_a_box_that_is_ahead_of_every_past_is_noticed_even_in_the_same_epoch(site: Site) -> None:
    site.zones("b1", free=4)
    site.catch_up()
    epoch, version = site.box.position
    answer = site.database.read(lambda conn: next_change(conn, "demo", Asked(epoch, version + 5)))
    assert (answer.since, len(answer.rows)) == (0, 1)


def test_deletions_are_forgotten_after_their_time_and_who_was_away_longer_gets_everything_anew(site: Site) -> None:
    site.zones("b1", "b2", free=4)
    site.catch_up()
    away = LocalCopy(EdgeFile(":memory:"))
    away.apply(CopyChange("demo", 0, site.box.version, site.next().rows, site.box.position[0]))
    assert site.database.write(purge_tombstones) == 0
    site.zones("b2", free=None)
    site.catch_up()
    site.clock.advance(copy_feed.TOMBSTONES_KEPT + timedelta(minutes=1))
    assert site.database.write(purge_tombstones) == 0, "it was not there at the beginning of the time"
    site.clock.advance(copy_feed.TOMBSTONES_KEPT + timedelta(minutes=1))
    assert site.database.write(purge_tombstones) == 1
    assert (site.catch_up(), site.box.rebuilt) == (0, 0)
    site.box = away
    site.catch_up()
    assert (site.box.free(), site.box.rebuilt) == (4, 1)


def test_a_full_mall_begins_with_an_image_and_goes_on_with_changes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy_feed, "IMAGE_FROM", 5)
    maker = ImageMaker(site.database, "demo")
    site.zones("b1", "b2", free=1)
    fresh, other = Asked("", 0, copy_file.FORMAT), Asked("", 0, copy_file.FORMAT + 1)
    assert not site.database.read(lambda conn: maker.wanted(conn, fresh)), "so few come as rows"
    site.zones(*(f"b{n}" for n in range(10)), free=1)
    assert site.database.read(lambda conn: maker.wanted(conn, fresh))
    assert not site.database.read(lambda conn: maker.wanted(conn, other)), "a box of another release gets rows"
    site.box.take_image(maker.image())
    assert (site.box.free(), site.box.loaded) == (10, True)
    asked = Asked(*site.box.position, copy_file.FORMAT)
    assert not site.database.read(lambda conn: maker.wanted(conn, asked))
    site.zones("b0", free=7)
    assert (site.catch_up(), site.box.free()) == (1, 16)
    assert maker.image().version == 12, "one image is for all boxes, changes bring them up to date"


def test_there_is_no_image_of_nothing() -> None:
    with pytest.raises(ParkingError, match="no copy yet"):
        LocalCopy(EdgeFile(":memory:")).image()
