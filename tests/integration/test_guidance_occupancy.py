"""The stored counters against the pure ones: once per event, right in any order, told only on change, never out of bounds."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from guidance import store
from guidance.advise import Advice
from guidance.counters import Count, Counters, fold
from guidance.service import Occupancy
from guidance.sign_board import BoardSign, SignBoard, publish_to, read_from
from guidance.signs.memory import MemorySign
from parking.kernel import codec
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.events import Envelope, Event, OccupancyChanged, RampPassed, SignShown, VehiclePassed
from parking.kernel.ids import SignId, ZoneId
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.tables import outbox
from tests.builders.guidance import NOON, entered, faulted, left, ramped, texts
from tests.builders.site import B1, B2, site

SMALL = site(b1=3, b2=2)


@pytest.fixture
def occupancy(database: Database) -> Occupancy:
    counted = Occupancy(SMALL)
    database.write(counted.open_zones)
    return counted


def hear(database: Database, occupancy: Occupancy, *envelopes: Envelope) -> None:
    """Handle the events; they happen ten years before the builders' noon, so that whatever a person states comes later."""
    for told in envelopes:
        envelope = replace(told, occurred_at=told.occurred_at - timedelta(days=3650))
        handle: Callable[[UnitOfWork, Envelope], None] = occupancy.lane_faulted
        if isinstance(envelope.event, VehiclePassed):
            handle = occupancy.vehicle_passed
        elif isinstance(envelope.event, RampPassed):
            handle = occupancy.ramp_passed
        database.write(lambda uow, handle=handle, envelope=envelope: handle(uow, envelope))  # type: ignore[misc] # a loop's lambda


def seen(database: Database, occupancy: Occupancy, zone_id: ZoneId = B1) -> tuple[int, int, bool]:
    view = database.read(occupancy.views)[zone_id]
    return view.occupied, view.free, view.known


def published(database: Database) -> list[Event]:
    def query(connection: sa.Connection) -> list[Event]:
        rows = connection.execute(sa.select(outbox).order_by(outbox.c.seq))
        stamp = {"at": "2026-01-01T00:00:00Z", "origin": "x", "id": "x"}
        return [codec.decode({**stamp, "type": r.type, "data": r.data}).event for r in rows]

    return database.read(query)


@pytest.mark.req("GUIDE-1")
def test_a_car_drives_in_down_the_ramp_and_out_again(database: Database, occupancy: Occupancy) -> None:
    hear(database, occupancy, entered("1", 0))
    assert seen(database, occupancy) == (1, 2, True)
    hear(database, occupancy, ramped("2", 1))
    assert (seen(database, occupancy), seen(database, occupancy, B2)) == ((0, 3, True), (1, 1, True))
    hear(database, occupancy, ramped("3", 2, source="b2", target="b1"), left("4", 3))
    assert (seen(database, occupancy), seen(database, occupancy, B2)) == ((0, 3, True), (0, 2, True))


def test_every_change_is_told_once_and_a_repetition_is_not(database: Database, occupancy: Occupancy) -> None:
    hear(database, occupancy, entered("1", 0), entered("1", 0))
    database.write(occupancy.open_zones)
    assert published(database) == [
        OccupancyChanged(B1, 3, 0, 3, True),
        OccupancyChanged(B2, 2, 0, 2, True),
        OccupancyChanged(B1, 3, 1, 2, True),
    ]


@pytest.mark.req("GUIDE-1")
def test_a_tailgater_without_a_plate_counts_like_everybody_else(database: Database, occupancy: Occupancy) -> None:
    hear(database, occupancy, entered("1", 0), entered("2", 0, authorised=False), left("3", 1, authorised=False))
    assert seen(database, occupancy) == (1, 2, True)


def test_a_vehicle_that_leaves_by_the_entry_is_taken_off(database: Database, occupancy: Occupancy) -> None:
    hear(database, occupancy, entered("1", 0), left("2", 1, lane="entry-1"))
    assert seen(database, occupancy) == (0, 3, True)


@pytest.mark.req("GUIDE-1")
def test_an_impossible_exit_makes_the_zone_not_known_until_a_person_states_what_is_there(
    database: Database, occupancy: Occupancy
) -> None:
    hear(database, occupancy, left("1", 0), entered("2", 1))
    assert seen(database, occupancy) == (1, 2, False)
    view = database.write(lambda uow: occupancy.adjust(uow, B1, actor="operator:li", reason="walked the level", free=1))
    assert (view.occupied, view.free, view.known) == (2, 1, True)
    (made,) = database.read(lambda c: store.adjustments(c, B1))
    assert (made.actor, made.reason, made.before, made.after, made.was_known) == (
        "operator:li",
        "walked the level",
        1,
        2,
        False,
    )
    assert published(database)[-1] == OccupancyChanged(B1, 3, 2, 1, True)


@pytest.mark.parametrize(
    ("said", "field"),
    [({}, "free"), ({"free": 1, "occupied": 1}, "free"), ({"free": 4}, "free"), ({"occupied": -1}, "occupied")],
)
def test_a_statement_that_cannot_be_true_changes_nothing(
    database: Database, occupancy: Occupancy, said: dict[str, int], field: str
) -> None:
    with pytest.raises(ParkingError) as refused:
        database.write(lambda uow: occupancy.adjust(uow, B1, actor="operator:li", reason="counted", **said))
    assert (refused.value.kind, refused.value.field) == (ErrorKind.INVALID, field)
    assert database.read(lambda c: store.adjustments(c, B1)) == []


def test_a_statement_needs_a_reason_and_a_zone_that_exists(database: Database, occupancy: Occupancy) -> None:
    with pytest.raises(ParkingError, match="say why"):
        database.write(lambda uow: occupancy.adjust(uow, B1, actor="operator:li", reason="  ", free=1))
    with pytest.raises(ParkingError, match="no zone"):
        database.write(lambda uow: occupancy.adjust(uow, ZoneId("b9"), actor="operator:li", reason="counted", free=1))


@pytest.mark.req("GUIDE-1")
@pytest.mark.parametrize("fault", ["inputs_lost", "first_loop_stuck", "second_loop_stuck"])
def test_while_a_ramp_cannot_see_its_zones_are_not_known(database: Database, occupancy: Occupancy, fault: str) -> None:
    first = faulted("f1", 1, lane="ramp-1", fault=fault)
    hear(database, occupancy, entered("1", 0), first)
    assert (seen(database, occupancy)[2], seen(database, occupancy, B2)[2]) == (False, False)
    hear(database, occupancy, faulted("f2", 3, lane="ramp-1", cleared=True, fault=fault), first)
    assert (seen(database, occupancy), seen(database, occupancy, B2)) == ((1, 2, True), (0, 2, True))


def test_a_fault_that_does_not_blind_the_lane_changes_nothing(database: Database, occupancy: Occupancy) -> None:
    hear(database, occupancy, faulted("f1", 1, fault="tailgate"))
    assert seen(database, occupancy) == (0, 3, True)


def test_a_passage_through_a_lane_that_the_site_has_not_is_an_error_and_counts_nothing(
    database: Database, occupancy: Occupancy
) -> None:
    with pytest.raises(ParkingError, match="no lane"):
        hear(database, occupancy, entered("1", 0, lane="entry-9"))
    assert seen(database, occupancy) == (0, 3, True)


def test_a_changed_capacity_is_taken_over_and_told(database: Database, occupancy: Occupancy) -> None:
    hear(database, occupancy, entered("1", 0))
    larger = Occupancy(site(b1=10, b2=2))
    database.write(larger.open_zones)
    assert seen(database, larger) == (1, 9, True)
    assert published(database)[-1] == OccupancyChanged(B1, 10, 1, 9, True)


def test_a_garage_that_was_never_counted_is_not_known_until_somebody_says(database: Database) -> None:
    lived_in = Occupancy(site(opens_empty=False))
    hear(database, lived_in, entered("1", 0))
    assert not seen(database, lived_in)[2]
    database.write(lambda uow: lived_in.adjust(uow, B1, actor="operator:li", reason="first count", occupied=20))
    hear(database, lived_in, entered("2", 60 * 24 * 7300))
    assert seen(database, lived_in) == (21, 9, True)


def a_day(seed: int, events: int = 80) -> list[Envelope]:
    dice = random.Random(seed)
    made: list[Envelope] = []
    for number in range(events):
        minute = dice.randrange(40)
        kind = dice.randrange(5)
        ident = f"e{number:03d}"
        if kind < 2:
            made.append(entered(ident, minute))
        elif kind == 2:
            made.append(left(ident, minute))
        else:
            source, target = ("b1", "b2") if kind == 3 else ("b2", "b1")
            made.append(ramped(ident, minute, source=source, target=target))
    return made


def expected(day: list[Envelope]) -> dict[ZoneId, Count]:
    pure = Counters({B1: Count(3, stated=True), B2: Count(2, stated=True)})
    for e in day:
        if isinstance(e.event, RampPassed):
            pure.apply(e.id, e.occurred_at, e.event.from_zone, e.event.to_zone)
        elif isinstance(e.event, VehiclePassed):
            way = (None, B1) if e.event.direction == "in" else (B1, None)
            pure.apply(e.id, e.occurred_at, *way)
    return {B1: pure.count(B1), B2: pure.count(B2)}


def stored(database: Database) -> dict[ZoneId, Count]:
    return {row.zone_id: row.count for row in database.read(store.zones)}


@pytest.mark.req("GUIDE-1")
@pytest.mark.parametrize("seed", range(3))
def test_events_late_out_of_order_and_repeated_lead_to_the_very_counts_of_a_faultless_day(
    database: Database, occupancy: Occupancy, seed: int
) -> None:
    day = a_day(seed)
    heard = day + random.Random(seed).sample(day, 15)
    random.Random(seed + 100).shuffle(heard)
    hear(database, occupancy, *heard)
    assert stored(database) == expected(day)
    for zone_id, capacity in ((B1, 3), (B2, 2)):  # and a replay of the stored log equals the stored state
        log = database.read(lambda c, z=zone_id: store.movements_from(c, z, datetime(2000, 1, 1, tzinfo=UTC)))  # type: ignore[misc] # a loop's lambda
        assert fold(Count(capacity, stated=True), log) == stored(database)[zone_id]


def test_a_long_recount_waits_marks_the_zone_and_is_made_up_by_the_board(database: Database) -> None:
    occupancy = Occupancy(SMALL, recount_at_once=5)
    database.write(occupancy.open_zones)
    day = a_day(7)
    random.Random(1).shuffle(day)
    hear(database, occupancy, *day)
    assert database.read(occupancy.views_unless_stale) is None
    assert not any(v.known for v in database.read(occupancy.views).values())
    views = read_from(database, occupancy)()
    assert database.read(occupancy.views_unless_stale) is not None
    assert stored(database) == expected(day)
    assert views == database.read(occupancy.views)


@pytest.mark.req("GUIDE-1")
def test_a_passage_reaches_the_sign_and_the_sign_says_so(database: Database, occupancy: Occupancy) -> None:
    sign, clock = MemorySign(), ManualClock(NOON)
    spec = BoardSign(SignId("sign-b1"), B1, sign, Advice.for_capacity(3))
    board = SignBoard([spec], read_from(database, occupancy), publish_to(database), clock)
    board.step()
    hear(database, occupancy, entered("1", 0))
    clock.advance(timedelta(seconds=1))
    board.step()
    assert texts(sign.log) == ["3", "2"]
    assert [e.text for e in published(database) if isinstance(e, SignShown)] == ["3", "2"]


def test_what_is_worked_on_is_all_or_nothing(database: Database, occupancy: Occupancy) -> None:
    def fails_halfway(uow: UnitOfWork) -> None:
        occupancy.ramp_passed(uow, ramped("1", 0))
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        database.write(fails_halfway)
    assert seen(database, occupancy) == (0, 3, True)
    assert len(published(database)) == 2
