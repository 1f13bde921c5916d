"""The rules on the wall, one by one: who comes in, who goes out, and which rule spoke."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from parking.access.decide import decide
from parking.access.facts import Facts, LaneRules, NoPlate, SecondEntry
from parking.access.snapshot import ListedAs, ListRow, PriceStep, StayRow
from parking.kernel.decision import Allowed, Refused
from parking.kernel.events import Direction
from parking.kernel.ids import LaneId, StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from tests.builders.gate import NOON, PLATE, seen

HOUR = timedelta(hours=1)


def facts(direction: Direction = Direction.OUT, **changes: Any) -> Facts:
    """A well-read vehicle with nothing known about it, unless told otherwise."""
    values: dict[str, Any] = {
        "now": NOON,
        "lane_id": LaneId("lane-1"),
        "direction": direction,
        "rules": LaneRules(),
        "not_before": NOON - timedelta(seconds=3),
        "waited_s": 1.0,
        "evidence": seen(),
        "listed": None,
        "stay": None,
        "free": None,
    }
    return Facts(**{**values, **changes})


def stay(**changes: Any) -> StayRow:
    """A stay of an hour that owes 5.00 for up to two hours and 8.00 for up to three."""
    values: dict[str, Any] = {
        "stay_id": StayId("stay-1"),
        "plate": Plate.parse(PLATE),
        "entered_at": NOON - HOUR,
        "paid_until": None,
        "currency": "CNY",
        "prices": (PriceStep(NOON + HOUR, 500), PriceStep(NOON + 2 * HOUR, 800)),
        "paid_minor": 0,
        "credit_minor": 0,
    }
    return StayRow(**{**values, **changes})


def listed(listed_as: ListedAs, **changes: Any) -> ListRow:
    return ListRow(Plate.parse(PLATE), listed_as, "", changes.get("valid_from"), changes.get("valid_until"))


ENTRIES: list[tuple[str, dict[str, Any], Allowed | Refused]] = [
    ("a stranger comes in while there is room", {"free": 1}, Allowed("site_has_room")),
    ("a count nobody vouches for turns nobody away", {"free": None}, Allowed("site_has_room")),
    ("a full site turns strangers away", {"free": 0}, Refused("site_has_room", "site_full")),
    ("the allow list comes in when it is full", {"free": -1, "listed": listed(ListedAs.ALLOW)}, Allowed("allow_list")),
    ("the block list stays out", {"listed": listed(ListedAs.BLOCK)}, Refused("plate_is_not_blocked", "blocked")),
    (
        "a listing that is over is no listing",
        {"listed": listed(ListedAs.BLOCK, valid_until=NOON)},
        Allowed("site_has_room"),
    ),
    (
        "a listing that has not begun is none either",
        {"free": 0, "listed": listed(ListedAs.ALLOW, valid_from=NOON + HOUR)},
        Refused("site_has_room", "site_full"),
    ),
    ("a plate that is inside comes in again, for the server to look at", {"stay": stay()}, Allowed("site_has_room")),
    (
        "unless the lane keeps the pass back",
        {"stay": stay(), "rules": LaneRules(second_entry=SecondEntry.HELP)},
        Refused("plate_is_not_inside", "second_entry"),
    ),
    ("nothing read is nothing", {"evidence": None}, Refused("plate_is_read", "no_plate")),
    ("one doubtful read is not enough", {"evidence": seen(margin=1.9)}, Refused("plate_is_read", "doubtful_read")),
    ("one frame is not enough", {"evidence": seen(agreeing=1)}, Refused("plate_is_read", "doubtful_read")),
    ("an old frame shows somebody else", {"evidence": seen(at=NOON - HOUR)}, Refused("plate_is_read", "doubtful_read")),
    (
        "without a plate only where the lane admits it",
        {"evidence": None, "waited_s": 4.0, "rules": LaneRules(no_plate=NoPlate.ADMIT)},
        Allowed("no_plate"),
    ),
    (
        "and only once for one visit",
        {"evidence": None, "waited_s": 4.0, "rules": LaneRules(no_plate=NoPlate.ADMIT), "opened_before": True},
        Refused("plate_is_read", "no_plate"),
    ),
]
EXITS: list[tuple[str, dict[str, Any], Allowed | Refused]] = [
    ("who paid and is in time goes", {"stay": stay(paid_until=NOON)}, Allowed("paid")),
    (
        "who paid and is late owes again",
        {"stay": stay(paid_until=NOON - HOUR)},
        Refused("nothing_is_due", "payment_due"),
    ),
    ("who paid all of today's price goes", {"stay": stay(paid_minor=500)}, Allowed("paid")),
    ("free minutes are free", {"stay": stay(prices=(PriceStep(NOON + HOUR, 0),))}, Allowed("free_minutes")),
    ("who owes pays first", {"stay": stay()}, Refused("nothing_is_due", "payment_due")),
    ("who may owe that much leaves first and pays later", {"stay": stay(credit_minor=500)}, Allowed("pay_later")),
    (
        "who would owe more than that pays first",
        {"stay": stay(credit_minor=499)},
        Refused("nothing_is_due", "payment_due"),
    ),
    ("what is paid already is not owed", {"stay": stay(paid_minor=300, credit_minor=200)}, Allowed("pay_later")),
    (
        "without a price nobody owes later",
        {"stay": stay(prices=(), credit_minor=9999)},
        Refused("nothing_is_due", "price_unknown"),
    ),
    (
        "a doubtful read leaves on nobody's credit",
        {"evidence": seen(margin=1.9), "stay": stay(credit_minor=9999)},
        Refused("plate_is_read", "doubtful_read"),
    ),
    ("beyond the horizon nobody prices here", {"stay": stay(prices=())}, Refused("nothing_is_due", "price_unknown")),
    ("an unknown plate needs a person", {}, Refused("stay_is_known", "stay_not_found")),
    ("the allow list goes, known or not", {"listed": listed(ListedAs.ALLOW)}, Allowed("allow_list")),
    (
        "a blocked plate is not locked in",
        {"listed": listed(ListedAs.BLOCK), "stay": stay(paid_minor=500)},
        Allowed("paid"),
    ),
    (
        "a doubtful read opens no exit, whoever paid",
        {"evidence": seen(confidence=0.4), "stay": stay(paid_minor=500)},
        Refused("plate_is_read", "doubtful_read"),
    ),
    (
        "an exit never admits without a plate that owes",
        {"evidence": None, "waited_s": 9.0, "rules": LaneRules(no_plate=NoPlate.ADMIT)},
        Refused("stay_is_known", "stay_not_found"),
    ),
]


@pytest.mark.parametrize(("changes", "expected"), [row[1:] for row in ENTRIES], ids=[row[0] for row in ENTRIES])
@pytest.mark.req("GATE-5")
def test_entering(changes: dict[str, Any], expected: Allowed | Refused) -> None:
    assert decide(facts(Direction.IN, **changes)).decision == expected


@pytest.mark.parametrize(("changes", "expected"), [row[1:] for row in EXITS], ids=[row[0] for row in EXITS])
@pytest.mark.req("GATE-5")
def test_leaving(changes: dict[str, Any], expected: Allowed | Refused) -> None:
    assert decide(facts(**changes)).decision == expected


def test_what_is_due_is_told_with_the_refusal_and_only_then() -> None:
    owing = decide(facts(stay=stay(paid_minor=200)))
    assert (owing.due, owing.stay_id) == (Money(300, "CNY"), "stay-1")
    assert decide(facts(stay=stay(paid_minor=500))).due is None


def test_a_doubtful_plate_names_no_stay() -> None:
    assert decide(facts(evidence=seen(margin=0.0), stay=stay())).stay_id is None


@pytest.mark.parametrize(
    ("minutes", "minor"), [(0, 500), (59, 500), (60, 800), (119, 800), (120, None), (100_000, None)]
)
def test_a_price_holds_until_its_time_and_not_a_second_longer(minutes: int, minor: int | None) -> None:
    due = stay().due(NOON + timedelta(minutes=minutes))
    assert due == (None if minor is None else Money(minor, "CNY"))
