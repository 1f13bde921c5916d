"""What a membership is worth: a tier by the points of a year, one ledger over all merchants, points that end, and nothing without a yes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.journeys import shopping
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.plate import Plate
from parking.kernel.standing import Benefit, Effect, OffKind
from parking.members import points, service, store
from parking.members.model import (
    POINTS_LAST,
    TIER_COUNTS,
    Level,
    Member,
    Proof,
    Purpose,
    Vehicle,
    VehicleState,
    next_tier,
    tier_of,
)
from parking.plumbing.db import Database, UnitOfWork

pytestmark = pytest.mark.req("MEM-1")
PLATE = Plate("浙A12345")
START = datetime(2026, 3, 7, 2, 0, tzinfo=UTC)
HOUR = Benefit("tier:gold:0", "金卡首小时", "Gold first hour", Effect(OffKind.FIRST_HOUR, minutes=60))
SHORT = Benefit("credit:good:0", "守信", "Good standing", Effect(OffKind.PERCENT, percent=10))
LEVELS = (
    Level("silver", "tier", "银卡", "Silver", 100),
    Level("gold", "tier", "金卡", "Gold", 500, (HOUR,)),
    Level("good", "credit", "守信", "Good", 0, (SHORT,)),
)


class Club:
    """One member whose car is active, the levels, and time."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock = database, ManualClock(START)
        database.clock = self.clock
        self.member = database.write(self._found).member_id

    def _found(self, uow: UnitOfWork) -> Member:
        for level in LEVELS:
            store.save_level(uow.connection, level)
        member = service.join(uow, "app", "customer-1")
        car = Vehicle("v1", member.member_id, PLATE, VehicleState.ACTIVE, Proof.LANE_QR, uow.now, uow.now)
        assert store.insert_vehicle(uow.connection, car)
        return member

    def agree(self, **wishes: bool) -> None:
        said = {Purpose(name): given for name, given in wishes.items()}
        self.database.write(lambda uow: service.consent(uow, self.member, said, by="member"))

    def earn(self, amount: int, merchant: str = "cafe", reference: str = "r1") -> bool:
        return self.database.write(
            lambda uow: points.earn(uow, self.member, amount, merchant_id=merchant, reference=reference)
        )

    def spend(self, amount: int, merchant: str = "mall", reference: str = "x1") -> bool:
        return self.database.write(
            lambda uow: points.spend(uow, self.member, amount, merchant_id=merchant, reference=reference)
        )

    def balance(self) -> int:
        return self.database.read(lambda conn: points.balance(conn, self.member))

    def recognised(self) -> list[str]:
        """The benefits that count for the car."""
        found = self.database.read(lambda conn: service.recognised(conn, PLATE, self.clock.now()))
        return [benefit.key for benefit in found.benefits] if found is not None else ["nobody"]

    def after(self, **span: float) -> int:
        """Time passes and old points end; how many lots did."""
        self.clock.advance(timedelta(**span))
        return self.database.write(points.expire)


@pytest.fixture
def club(memory_database: Database) -> Club:
    return Club(memory_database)


def test_a_tier_brings_its_parking_benefits_the_moment_its_points_are_earned_and_a_standing_its_own(club: Club) -> None:
    club.agree(recognise=True)
    club.earn(499)
    assert club.recognised() == []
    club.earn(1, reference="r2")
    assert club.recognised() == ["tier:gold:0"]
    club.database.write(lambda uow: store.change_member(uow.connection, club.member, credit="good"))
    assert club.recognised() == ["tier:gold:0", "credit:good:0"]
    club.spend(500)
    assert club.recognised() == ["tier:gold:0", "credit:good:0"], "what was spent was earned all the same"
    club.clock.advance(TIER_COUNTS + timedelta(seconds=1))
    assert club.recognised() == ["credit:good:0"], "a tier is told by the points of a year"


@pytest.mark.req("PRIV-2", "MEM-2")
def test_without_a_yes_a_member_is_nobody_to_the_lane(club: Club) -> None:
    club.earn(900)
    assert club.recognised() == ["nobody"]
    club.agree(recognise=True)
    assert club.recognised() == ["tier:gold:0"]
    club.agree(recognise=False)
    assert club.recognised() == ["nobody"]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2_000), st.sampled_from(["", "silver", "gold", "none"]))
def test_the_next_tier_is_the_lowest_that_more_points_would_bring(earned: int, by_hand: str) -> None:
    held, following = tier_of(earned, LEVELS, by_hand), next_tier(earned, LEVELS, by_hand)
    least = max(earned, held.from_points if held else 0)
    above = [level for level in LEVELS if level.kind == "tier" and level.from_points > least]
    assert following == (above[0] if above else None)


def test_what_is_earned_at_one_merchant_is_spent_at_another_at_once_and_they_settle_by_the_sums(club: Club) -> None:
    club.earn(100, "cafe", "r1")
    club.earn(50, "books", "r2")
    assert club.spend(120, "cinema", "x1")
    assert not club.spend(120, "cinema", "x1"), "told again"
    assert club.balance() == 30
    with pytest.raises(ParkingError, match="there are 30 points, 31 are needed"):
        club.spend(31, "cinema", "x2")
    sums = club.database.read(points.settlement)
    assert {name: dict(one) for name, one in sums.items()} == {
        "cafe": {"issued": 100},
        "books": {"issued": 50},
        "cinema": {"spent": -120},
        "members": {"member": -30},
    }
    assert club.database.read(points.faults) == []


class Offers:
    """Coupons for points by campaign, one for each origin."""

    def __init__(self, **prices: int) -> None:
        self.prices, self.given = prices, set[tuple[str, str]]()

    def price_of(self, conn: object, campaign_id: str) -> SimpleNamespace:
        return SimpleNamespace(points=self.prices[campaign_id], issuer="mall")

    def issue(self, uow: object, campaign_id: str, origin: str, *, member_id: str) -> None:
        self.given.add((campaign_id, origin))


def test_the_key_of_a_cheap_exchange_buys_nothing_dear_once_its_reply_is_forgotten(club: Club) -> None:
    club.earn(100)
    offers: Any = Offers(cheap=1, dear=80)

    def exchange(uow: UnitOfWork) -> None:
        for campaign in ("cheap", "cheap", "dear", "dear"):
            shopping.exchange(uow, offers, club.member, campaign, "key")

    club.database.write(exchange)
    assert (club.balance(), len(offers.given)) == (19, 2)


def test_the_oldest_points_are_spent_first_and_what_is_left_of_them_ends_at_its_time(club: Club) -> None:
    club.earn(100, reference="old")
    club.clock.advance(timedelta(days=100))
    club.earn(40, reference="new")
    club.spend(70)
    month = timedelta(days=30)
    soon = club.database.read(lambda conn: points.ending(conn, club.member, START + POINTS_LAST - month, month))
    assert soon == (30, START + POINTS_LAST)
    assert club.after(days=POINTS_LAST.days - 100) == 1
    assert club.balance() == 40
    assert club.after(days=100) == 1
    assert club.balance() == 0
    told = club.database.read(lambda conn: points.history(conn, club.member, None, 10))
    assert [(move.points, move.kind) for move in told] == [
        (-40, "expired"), (-30, "expired"), (-70, "spent"), (40, "issued"), (100, "issued"),
    ]  # fmt: skip
    assert sum(move.points for move in told) == 0
    assert club.database.read(points.faults) == []


def test_the_history_comes_in_pages_without_a_gap_or_a_repeat(club: Club) -> None:
    for number in range(5):
        club.earn(10 + number, reference=f"r{number}")
    seen: list[int] = []
    before = None
    while page := club.database.read(lambda conn, before=before: points.history(conn, club.member, before, 2)):  # type: ignore[misc]  # bound per turn
        seen += [move.points for move in page]
        before = page[-1].seq
    assert seen == [14, 13, 12, 11, 10]
