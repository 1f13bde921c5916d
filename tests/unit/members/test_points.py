"""Points: earned and spent at once, once for each fact, never below zero, and the books balance whatever happens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.ids import SeededIds
from parking.members import points
from parking.members.model import Level, tier_of
from parking.plumbing.db import Database, metadata, open_database

pytestmark = pytest.mark.req("MEM-1")
START = datetime(2026, 5, 1, tzinfo=UTC)
ACTS = st.lists(
    st.tuples(st.sampled_from(["earn", "spend", "back", "wait", "expire"]), st.integers(1, 5), st.integers(0, 9)),
    max_size=30,
)


@settings(max_examples=30, deadline=None)
@given(ACTS)
def test_in_any_order_of_anything_the_points_balance(acts: list[tuple[str, int, int]]) -> None:
    clock = ManualClock(START)
    database = open_database("sqlite://", clock=clock, ids=SeededIds(3), origin="test")
    database.create_tables(metadata)
    refused: set[str] = set()
    for act, amount, fact in acts:

        def work(uow, act=act, amount=amount, fact=fact):  # type: ignore[no-untyped-def]  # bound per turn
            merchant, reference = f"m{fact % 3}", f"{act}:{fact}"
            if act == "earn":
                points.earn(
                    uow, "a", 100 * amount, merchant_id=merchant, reference=reference, lasting=timedelta(days=9)
                )
            elif act == "spend":
                points.spend(uow, "a", 70 * amount, merchant_id=merchant, reference=reference)
            elif act == "back":
                points.take_back(uow, "a", 100 * amount, of=f"earn:{fact}", merchant_id=merchant, reference=reference)
            else:
                points.expire(uow)

        clock.advance(timedelta(days=amount if act == "wait" else 0))
        try:
            database.write(work)
        except ParkingError as error:
            refused.add(error.code)
        assert database.read(points.faults) == []
        assert database.read(lambda conn: points.balance(conn, "a")) >= 0
        sums = database.read(points.settlement)
        assert sum(value for merchant in sums.values() for value in merchant.values()) == 0
    assert refused <= {"points.short", "ledger.reference_taken"}


def test_many_who_spend_the_same_points_at_once_spend_them_once(database: Database) -> None:
    database.write(lambda uow: points.earn(uow, "a", 100, merchant_id="m", reference="r"))

    def spend(number: int) -> bool:
        for _ in range(20):  # a busy database says so
            try:
                return database.write(lambda uow: points.spend(uow, "a", 60, merchant_id="m", reference=f"s{number}"))
            except ParkingError as error:
                if error.code != "storage.busy":
                    return False
        raise AssertionError("the database was busy for ever")

    hands = 1 if database.__class__.__name__ == "InlineDatabase" else 8
    with ThreadPoolExecutor(hands) as pool:
        assert sum(pool.map(spend, range(8))) == 1
    assert database.read(lambda conn: points.balance(conn, "a")) == 40
    assert database.read(points.faults) == []


def test_a_tier_is_the_highest_that_the_points_reach_unless_the_mall_says_otherwise() -> None:
    levels = [Level(name, "tier", name, name, least) for name, least in (("silver", 100), ("gold", 500))]
    assert [getattr(tier_of(n, levels), "level_id", "") for n in (99, 100, 499, 500)] == [
        "",
        "silver",
        "silver",
        "gold",
    ]
    assert getattr(tier_of(0, levels, "gold"), "level_id", "") == "gold"
