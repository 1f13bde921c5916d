"""Sending cars next door: never more than are free, never back, never on old news, and shared out by what will be free on arrival."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guidance.neighbours.base import Lot, LotState
from guidance.neighbours.choose import Memory, expected, hear, is_distrusted, offers, send, turned_away
from guidance.neighbours.feeds import datex2_light, own_api, park_api
from guidance.next_door import Feed, Neighbour, NextDoor
from parking.kernel.clock import ManualClock
from parking.kernel.ids import LotId, RandomIds
from parking.site.words import LocalName
from tests.builders.guidance import at
from tests.prove.overflow import BEST, World, is_better, table

NEAR, FAR = Lot(LotId("near"), 100, 120.0, 60.0), Lot(LotId("far"), 400, 600.0, 300.0)
TWIN = Lot(LotId("twin"), 100, 120.0, 60.0)
AT = "2026-03-02T12:00:00+08:00"  # is at(0)


def state(lot: Lot, free: int | None, minute: float = 0, *, is_open: bool = True) -> LotState:
    return LotState(lot.id, free, is_open, at(minute))


def told(*states: LotState) -> Memory:
    memory = Memory()
    for one in states:
        memory = hear(memory, [one])
    return memory


def left(lot: Lot, memory: Memory, minute: float = 0) -> int:
    found = expected(lot, memory, at(minute))
    assert found is not None
    return found.left


def send_all(lots: list[Lot], memory: Memory, cars: int) -> Counter[str]:
    sent: Counter[str] = Counter()
    for _ in range(cars):
        offer, memory = send(lots, memory, at(0))
        sent[offer.lot.id if offer else "nowhere"] += 1
    return sent


def sent_to(lots: list[Lot], memory: Memory, minute: float = 0, tried: Collection[LotId] = ()) -> Lot | None:
    offer, _ = send(lots, memory, at(minute), tried)
    return offer.lot if offer else None


@pytest.mark.req("OVER-1")
@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(0, 60), st.integers(0, 120))
def test_a_lot_is_never_promised_more_often_than_it_has_free_bays(near: int, far: int, cars: int) -> None:
    sent = send_all([NEAR, FAR], told(state(NEAR, near), state(FAR, far)), cars)
    assert sent["near"] <= near
    assert sent["far"] <= far
    assert sum(sent.values()) == cars


@pytest.mark.req("OVER-1")
def test_two_lots_as_near_share_the_cars_by_what_they_have() -> None:
    sent = send_all([NEAR, TWIN], told(state(NEAR, 80), state(TWIN, 40)), 60)
    assert 35 <= sent["near"] <= 45
    assert sent["nowhere"] == 0


@pytest.mark.req("OVER-1")
def test_cars_on_their_way_are_counted_until_the_feed_has_seen_them() -> None:
    memory = told(state(NEAR, 10))
    for _ in range(5):
        _, memory = send([NEAR], memory, at(0))
    assert left(NEAR, memory) == 10 - 5
    memory = hear(memory, [state(NEAR, 5, 3)])
    assert left(NEAR, memory, 3) == 5, "they have come, and are no trend of the lot's own guests"
    found = expected(NEAR, memory, at(3))
    assert found is not None
    assert found.on_arrival == 5


@pytest.mark.req("OVER-1")
def test_a_car_that_never_arrives_is_forgotten_and_one_that_changes_its_mind_counts_once() -> None:
    memory = told(state(NEAR, 10))
    _, memory = send([NEAR], memory, at(0), code="a")
    _, memory = send([NEAR], memory, at(0), code="a")
    assert left(NEAR, memory) == 9
    memory = hear(memory, [state(NEAR, 10, 1.9)])
    assert left(NEAR, memory, 1.9) == 9
    assert left(NEAR, memory, 3.1) == 10, "one and a half times its way"


@pytest.mark.req("OVER-1")
def test_a_lot_whose_own_guests_pour_in_is_counted_as_it_will_be() -> None:
    filling = told(*(state(NEAR, 40 - 4 * n, n) for n in range(8)))
    steady = told(*(state(NEAR, 12, n) for n in range(8)))
    soon, same = expected(NEAR, filling, at(7)), expected(NEAR, steady, at(7))
    assert soon is not None
    assert same is not None
    assert (soon.left, same.left) == (12, 12)
    assert soon.on_arrival < same.on_arrival
    assert soon.chance() < same.chance()


@pytest.mark.req("OVER-1")
def test_a_feed_that_says_plenty_while_cars_are_turned_away_is_not_believed_for_a_while() -> None:
    memory = turned_away(told(state(NEAR, 50), state(FAR, 50)), NEAR, at(0))
    assert not is_distrusted(memory, NEAR, at(1)), "one driver may be wrong, and the signs stand"
    assert sent_to([NEAR, FAR], memory, 1) is FAR, "those who are on the way have not told yet"
    assert sent_to([NEAR], memory, 1) is NEAR, "better than nowhere"
    assert sent_to([NEAR, FAR], memory, 3) is NEAR
    memory = hear(turned_away(memory, NEAR, at(3)), [state(NEAR, 50, 7), state(FAR, 50, 7)])
    assert sent_to([NEAR, FAR], memory, 8) is FAR
    memory = hear(memory, [state(NEAR, 50, 48)])
    assert expected(NEAR, memory, at(49)) is not None
    hasty = told(state(NEAR, 1))
    for minute in range(3):
        hasty = turned_away(hasty, NEAR, at(minute))
    assert not is_distrusted(hasty, NEAR, at(2)), "a bay or two is haste, no lie"


@pytest.mark.req("OVER-1")
@pytest.mark.parametrize("is_stuck", [True, False])
def test_a_feed_that_does_not_notice_who_arrives_has_few_on_the_way_to_it_at_once(is_stuck: bool) -> None:
    memory, free = Memory(), 60
    for minute in range(20):
        memory = hear(memory, [state(NEAR, free, minute), state(FAR, 300, minute)])
        free -= 0 if is_stuck else 1
        _, memory = send([NEAR, FAR], memory, at(minute))
    ten = []
    for _ in range(10):
        offer, memory = send([NEAR, FAR], memory, at(20))
        ten.append(offer.lot.id if offer else "")
    assert ten.count("near") == (2 if is_stuck else 10), "one is on the way already"


@pytest.mark.req("OVER-1")
def test_a_lot_much_farther_gets_nobody_while_the_near_one_is_sure() -> None:
    sent = send_all([NEAR, FAR], told(state(NEAR, 80), state(FAR, 400)), 40)
    assert sent == {"near": 40}


@pytest.mark.req("OVER-1")
@pytest.mark.parametrize("news", [state(NEAR, None), state(NEAR, 50, is_open=False), state(NEAR, 50, -6)])
def test_nobody_is_sent_on_news_that_is_old_silent_or_closed(news: LotState) -> None:
    assert expected(NEAR, told(news), at(0)) is None
    assert sent_to([NEAR], told(news)) is None


@pytest.mark.req("OVER-1")
def test_once_the_clock_was_put_back_the_feeds_are_believed_as_they_speak_again() -> None:
    clock = ManualClock(at(300))
    feed = Feed("f", "park_api", "http://feed", {"near": NEAR.id})
    door = NextDoor([Neighbour(NEAR, LocalName("近", "Near"))], [feed], clock, RandomIds())
    row = {"id": "near", "free": 50, "total": 100, "state": "open"}
    for _ in range(2):
        door.hear(feed, {"last_updated": clock.now().isoformat(), "lots": [row]})
        assert [one.state for one in door.story()] == ["free"]
        clock.jump(timedelta(hours=-5))


@pytest.mark.req("OVER-1")
def test_nobody_is_sent_back_to_where_he_was_turned_away() -> None:
    memory = told(state(NEAR, 50), state(FAR, 50))
    assert sent_to([NEAR, FAR], memory) is NEAR
    assert sent_to([NEAR, FAR], memory, tried={NEAR.id}) is FAR
    assert sent_to([NEAR, FAR], memory, tried={NEAR.id, FAR.id}) is None


@pytest.mark.req("OVER-1")
def test_a_lot_that_was_full_opens_again_only_with_clearly_more() -> None:
    memory = told(state(NEAR, 1))
    _, memory = offers([NEAR], memory, at(0))
    assert set(memory.closed) == {NEAR.id}
    for minute, free, is_promised in ((4, 40, False), (9, 5, False), (14, 40, True), (18, 30, True)):
        memory = hear(memory, [state(NEAR, free, minute)])
        found, memory = offers([NEAR], memory, at(minute))
        assert [o.promised for o in found] == [is_promised], minute


@pytest.mark.req("OVER-1")
def test_bays_that_come_free_in_a_shut_lot_go_to_one_driver_each_and_no_sign_sends_everybody_there() -> None:
    memory = told(state(NEAR, 1), state(FAR, 200))
    _, memory = offers([NEAR, FAR], memory, at(0))
    memory = hear(memory, [state(NEAR, 8, 2), state(FAR, 200, 2)])
    sent: list[str] = []
    for _ in range(8):
        found, memory = offers([NEAR, FAR], memory, at(2))
        assert [(o.lot, o.share) for o in found] == [(FAR, 1.0)]
        offer, memory = send([NEAR, FAR], memory, at(2))
        assert offer is not None
        assert offer.promised
        sent.append(offer.lot.id)
    assert sent == ["near"] * sent.count("near") + ["far"] * sent.count("far"), "as long as a bay is sure"
    assert 1 <= sent.count("near") <= 7
    assert memory.first == FAR.id


@pytest.mark.req("OVER-1")
def test_a_single_surge_is_never_sooner_over_than_in_hindsight() -> None:
    found = table(range(1), World(300.0))
    assert all(found[BEST].mean <= one.mean for one in found.values())
    assert found[BEST].turned == 0


def test_reserved_bays_are_nobodys() -> None:
    kept = Lot(LotId("near"), 100, 120.0, 60.0, kept_back=30)
    assert left(kept, told(state(kept, 31))) == 1
    assert send_all([kept], told(state(kept, 31)), 3) == {"near": 1, "nowhere": 2}


@pytest.mark.req("OVER-1")
def test_one_bad_row_of_a_feed_loses_nothing_else() -> None:
    lots: list[Any] = [
        {"id": "a", "free": 12, "total": 100, "state": "open"},
        {"id": "b", "free": 120, "total": 100, "state": "open"},
        {"id": "c", "free": "12", "total": 100, "state": "open"},
        {"free": 1, "total": 2},
        "nonsense",
        {"id": "d", "free": 0, "total": 50, "state": "closed"},
        {"id": "e", "free": 0, "total": 50, "state": "nodata"},
    ]
    good, bad = park_api({"last_updated": AT, "lots": lots})
    assert [(g.lot_id, g.free, g.is_open) for g in good] == [("a", 12, True), ("d", 0, False), ("e", None, True)]
    assert [b.row for b in bad] == ["lots[1]", "lots[2]", "lots[3]", "lots[4]"]
    assert "120" in bad[0].says


@pytest.mark.req("OVER-1")
def test_datex_says_vacant_spaces_and_our_own_sites_say_usable_bays() -> None:
    record = {"parkingRecordReference": {"id": "p1"}, "parkingOccupancy": {"parkingNumberOfVacantSpaces": 7},
              "parkingSiteOpeningStatus": "open", "parkingStatusOriginTime": AT}  # fmt: skip
    good, bad = datex2_light({"parkingRecordStatus": [record, {"parkingRecordReference": {}}]})
    assert [(g.lot_id, g.free, g.at) for g in good] == [("p1", 7, at(0))]
    assert len(bad) == 1
    zones = [{"known": True, "usable": 5}, {"known": True, "usable": 6}]
    assert own_api({"at": AT, "site": "west", "zones": zones})[0][0].free == 11
    assert own_api({"at": AT, "site": "west", "zones": [*zones, {"known": False}]})[0][0].free is None


@pytest.mark.parametrize("read", [park_api, datex2_light, own_api])
@pytest.mark.parametrize("said", [None, [], {}, {"lots": 1, "last_updated": "x"}, {"zones": [1], "at": AT}, "text", 7])
def test_a_feed_that_makes_no_sense_is_an_error_and_no_crash(read: Any, said: Any) -> None:
    good, bad = read(said)
    assert list(good) == []
    assert bad


@pytest.mark.req("OVER-1")
@pytest.mark.parametrize("world", [World(200.0), World(300.0, "slow", feed_s=240.0)])
def test_a_surge_parks_sooner_than_by_nearest_free_and_by_most_free(world: World) -> None:
    assert is_better(table(range(2), world), 2)
