"""Bays in the book: told once, unknown when silent; counters put right by what is seen, on record; usable is not free."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from guidance import store
from guidance.bay_api import Bays
from guidance.bay_store import SinceStated, since_stated
from guidance.bay_ways import BayWays
from guidance.bays import Fault, Reading
from guidance.healing import HEALER, BayBook, Healer, UsableView, signs_see
from guidance.service import Occupancy
from parking.bootstrap.sensors import SensorDesk
from parking.bootstrap.tables import all_tables
from parking.kernel.clock import ManualClock
from parking.kernel.codec import decode
from parking.kernel.errors import ParkingError
from parking.kernel.events import BaySeen, Event, OccupancyChanged
from parking.kernel.ids import BayId, DeviceId, RandomIds, ZoneId
from parking.plumbing.db import Database, UnitOfWork, open_database
from parking.plumbing.tables import outbox
from parking.site.graph import drive_graph, walk_graph
from parking.site.loader import load
from parking.site.model import SiteMap
from tests.builders.guidance import NOON, entered
from tests.builders.plans import SMALL, small_site

SITE = small_site()
Z1, Z2 = ZoneId("z1"), ZoneId("z2")


class Mall:
    """The small drawn mall with its counters and its book."""

    def __init__(self, database: Database, clock: ManualClock, site: SiteMap) -> None:
        self.database, self.clock = database, clock
        self.occupancy = Occupancy(site)
        self.book = BayBook(site)
        self.healer = Healer(self.occupancy, self.book)
        database.write(self.occupancy.open_zones)

    def say(self, *bays: tuple[str, bool], source: str = "sensor") -> None:
        now = self.clock.now()
        readings = [Reading(BayId(b), taken, now, now, source, DeviceId("s")) for b, taken in bays]
        self.database.write(lambda uow: self.book.hear(uow, readings))

    def all_of(self, zone: ZoneId, taken: int) -> None:
        bays = [b for b in SITE.zone(zone).bays if b not in SITE.zone(zone).not_usable]
        self.say(*((b, n < taken) for n, b in enumerate(bays)))

    def heal(self) -> list[ZoneId]:
        found: list[ZoneId] = []

        def work(uow: UnitOfWork) -> None:
            self.book.look(uow)
            found.extend(self.healer.heal(uow))

        self.database.write(work)
        return found

    def views(self) -> dict[ZoneId, UsableView]:
        now = self.clock.now()
        return dict(self.database.read(lambda conn: self.healer.views(conn, now)))


@contextmanager
def a_mall(folder: Path, site: SiteMap = SITE) -> Iterator[Mall]:
    clock = ManualClock(NOON)
    database = open_database(f"sqlite:///{folder / 'mall.db'}", clock=clock, ids=RandomIds(), origin="server")
    database.create_tables(all_tables())
    try:
        yield Mall(database, clock, site)
    finally:
        database.close()


@pytest.fixture
def mall(tmp_path: Path) -> Iterator[Mall]:
    with a_mall(tmp_path) as running:
        yield running


def published(mall: Mall) -> list[Event]:
    rows = mall.database.read(lambda conn: conn.execute(sa.select(outbox).order_by(outbox.c.seq)).mappings().all())
    plain = [
        {
            "id": r["event_id"],
            "at": r["occurred_at"].isoformat(),
            "origin": "server",
            "type": r["type"],
            "data": r["data"],
        }
        for r in rows
    ]
    return [decode(one).event for one in plain]


def seen(mall: Mall) -> list[tuple[str, bool | None]]:
    return [(e.bay_id, e.occupied) for e in published(mall) if isinstance(e, BaySeen)]


@pytest.mark.req("GUIDE-1")
def test_a_bay_follows_its_sensor_though_the_servers_clock_was_put_back_by_a_day(mall: Mall) -> None:
    desk = SensorDesk(mall.database, mall.book)

    def say(taken: bool) -> bool | None:
        now = mall.clock.now()
        desk.take([Reading(BayId("A-01"), taken, now, now, "sensor", DeviceId("s"))])
        desk.write()
        return mall.database.read(lambda conn: mall.book.views(conn, now))[BayId("A-01")].occupied

    assert say(False) is False
    mall.clock.jump(timedelta(days=-1))
    assert say(False) is False
    mall.clock.jump(timedelta(days=-1))
    assert say(True) is True


@pytest.mark.req("GUIDE-1")
def test_a_bay_is_told_when_it_changes_and_not_with_every_heart_beat(mall: Mall) -> None:
    for _ in range(3):
        mall.say(("A-01", True))
        mall.clock.advance(timedelta(minutes=5))
    mall.say(("A-01", False))
    assert seen(mall) == [("A-01", True), ("A-01", False)]


@pytest.mark.req("GUIDE-1")
def test_a_bay_that_falls_silent_is_told_as_unknown_once(mall: Mall) -> None:
    mall.say(("A-01", True))
    mall.clock.advance(timedelta(minutes=16))
    mall.heal()
    mall.heal()
    assert seen(mall) == [("A-01", True), ("A-01", None)]
    now = mall.clock.now()
    assert mall.database.read(lambda conn: mall.book.views(conn, now))[BayId("A-01")].fault is Fault.SILENT


@pytest.mark.req("GUIDE-1")
def test_bays_that_the_site_has_no_more_keep_nobody_from_looking_at_the_others(mall: Mall) -> None:
    mall.say(("A-01", True), ("A-02", True))
    zones = [replace(zone, bays=tuple(bay for bay in zone.bays if bay != "A-01")) for zone in SITE.zones]
    mall.book = BayBook(replace(SITE, zones=tuple(zones)))
    mall.clock.advance(timedelta(minutes=16))
    mall.heal()
    assert seen(mall)[2:] == [("A-02", None)]


def test_a_bay_that_there_is_not_is_refused_by_name_and_nothing_is_taken_in(mall: Mall) -> None:
    with pytest.raises(ParkingError, match="no bay 'Z-99'"):
        mall.say(("A-01", True), ("Z-99", True))
    assert seen(mall) == []


@pytest.mark.req("GUIDE-1")
@pytest.mark.req("DATA-2")
def test_a_counter_that_lost_cars_is_put_right_by_the_bays_on_record_and_without_a_morning(mall: Mall) -> None:
    mall.all_of(Z1, 6)  # six stand there; the counter has seen one come in
    mall.database.write(lambda uow: mall.occupancy.vehicle_passed(uow, entered()))
    assert mall.heal() == []
    mall.clock.advance(timedelta(minutes=11))
    mall.all_of(Z1, 6)
    assert mall.heal() == [Z1]
    (made,) = mall.database.read(lambda c: store.adjustments(c, Z1))
    assert (made.actor, made.before, made.after) == (HEALER, 1, 6)
    assert made.reason == "bays say 6, passages said 1"
    told = [e for e in published(mall) if isinstance(e, OccupancyChanged) and e.zone_id == Z1]
    assert (told[-1].occupied, told[-1].known) == (6, True)
    assert mall.heal() == []


@pytest.mark.req("GUIDE-1")
def test_what_passed_since_somebody_said_what_is_there_is_told_from_what_the_bays_said(mall: Mall) -> None:
    def since() -> SinceStated:
        late_from = mall.clock.now() - timedelta(minutes=3)
        return mall.database.read(lambda conn: since_stated(conn, Z1, late_from, HEALER))

    def passes(number: int) -> None:
        event = entered(f"e{number}", (mall.clock.now() - NOON) / timedelta(minutes=1))
        mall.database.write(lambda uow: mall.occupancy.vehicle_passed(uow, event))
        mall.clock.advance(timedelta(minutes=1))

    def says(actor: str) -> None:
        mall.database.write(lambda uow: mall.occupancy.adjust(uow, Z1, actor=actor, reason="looked", occupied=3))
        mall.clock.advance(timedelta(minutes=1))

    passes(1)
    assert since() == SinceStated(1, 1, None)
    says("anna")
    assert since() == SinceStated(0, 0, "anna")
    passes(2)
    says(HEALER)
    assert since() == SinceStated(0, 1, HEALER), "whoever was on the move then still is"
    passes(3)
    passes(4)
    mall.clock.advance(timedelta(minutes=1))
    assert since() == SinceStated(2, 1, HEALER)


@pytest.mark.req("GUIDE-1")
def test_a_counter_that_nobody_vouches_for_is_put_right_at_once(tmp_path: Path) -> None:
    never_stated = replace(SITE, zones=tuple(replace(z, opens_empty=False) for z in SITE.zones))
    with a_mall(tmp_path, never_stated) as mall:
        mall.all_of(Z1, 3)
        assert mall.heal() == [Z1]
        assert mall.database.read(mall.occupancy.views)[Z1].occupied == 3


@pytest.mark.req("GUIDE-3")
def test_free_bays_that_are_not_for_everybody_or_coned_off_are_not_usable(mall: Mall) -> None:
    mall.all_of(Z1, 4)  # 11 bays, one of them accessible, four taken
    mall.database.write(lambda uow: mall.book.cone(uow, BayId("A-10"), off=True))
    view = mall.views()[Z1]
    assert (view.zone.free, view.usable, view.zone.known) == (7, 5, True)
    assert {k.value: n for k, n in view.usable_by_kind.items()} == {"ordinary": 5, "accessible": 1}
    assert signs_see({Z1: view})[Z1].free == 5


@pytest.mark.req("GUIDE-3")
def test_nobody_is_led_to_a_free_bay_that_the_site_file_says_is_not_usable(tmp_path: Path) -> None:
    site = load(
        SMALL.replace("level: b1, opens_empty: true", "level: b1, opens_empty: true, not_usable: [A-01]"), "small"
    )
    with a_mall(tmp_path, site) as mall:
        mall.say(("A-01", False), ("A-02", False), ("A-03", True))
        now = mall.clock.now()
        bays, zones = mall.database.read(lambda conn: mall.book.views(conn, now)), mall.views()
        ways = BayWays(site, drive_graph(site.plan), walk_graph(site.plan), RandomIds())
        assert [ways.lead(bays, zones, now).bay_id for _ in range(2)] == ["A-02", "A-02"], "there is no other"


@pytest.mark.req("GUIDE-1")
def test_without_sensors_the_counters_stand_as_they_stood(mall: Mall) -> None:
    mall.database.write(lambda uow: mall.occupancy.vehicle_passed(uow, entered()))
    view = mall.views()[Z2]
    assert (view.zone.free, view.zone.known, view.seen) == (9, True, 0)


@pytest.mark.req("GUIDE-2")
def test_what_days_look_like_is_known_again_after_a_restart(mall: Mall) -> None:
    def bays() -> Bays:
        return Bays(mall.database, mall.book, mall.healer, lambda *_: None, lambda: 0.0)

    before = bays()
    for _ in range(5):  # from twelve on the site's clock (four, UTC) until the third quarter is over
        mall.all_of(Z1, taken=7)
        before.see()
        mall.clock.advance(timedelta(minutes=10))
    after = bays()
    after.see()
    usual = after.trends[Z1].usual.at(4 * 60 + 15)
    assert usual is not None
    assert usual == before.trends[Z1].usual.at(4 * 60 + 15)
    assert after.trends[Z1].usual.at(5 * 60) is None, "nobody has seen that yet"
