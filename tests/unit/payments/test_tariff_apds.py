"""A tariff goes into a rate table of APDS and comes back with the same meaning; what it cannot say is named."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.kernel.errors import ParkingError
from payments.tariff.apds import from_apds, to_apds
from payments.tariff.parse import document_of, load
from payments.tariff.price import price
from tests.builders.payments import DEMO, START
from tests.builders.tariffs import a_document

pytestmark = pytest.mark.req("FEE-1")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9))
def test_what_a_rate_table_can_say_comes_back_with_the_same_prices(seed: int) -> None:
    chance = Random(seed)
    document = a_document(chance, rich=False)
    document |= {"rounding": "up", "first_period": "once"}
    document.pop("stay_cap", None)
    text = json.dumps(document)
    there = to_apds(document_of(text, name="t"))
    assert [loss for loss in there.lossy if not loss.startswith("day.restart")] == []
    back = from_apds(json.loads(json.dumps(there.value)), name="t.json")
    assert back.lossy == ()
    ours, theirs = load(text, name="t"), load(json.dumps(back.value), name="t")
    for _ in range(10):
        entered_at = START + timedelta(minutes=chance.randrange(500_000))
        leaving_at = entered_at + timedelta(minutes=chance.randrange(5000))
        assert price(ours, entered_at, leaving_at).total == price(theirs, entered_at, leaving_at).total


def test_the_demo_tariff_as_a_rate_table() -> None:
    found = to_apds(document_of(DEMO, name="t"))
    assert found.lossy == ()
    assert found.value["rateLineCollections"] == [
        {
            "sequence": 1,
            "applicableCurrency": "CNY",
            "rateLines": [
                {
                    "rateLineType": "flatRateTier",
                    "durationStart": "PT0M",
                    "durationEnd": "PT15M",
                    "value": 0.0,
                    "usageCondition": "fixedDuration",
                    "sequence": 1,
                },
                {
                    "rateLineType": "incrementingRate",
                    "durationStart": "PT0M",
                    "durationEnd": "PT60M",
                    "incrementPeriod": "PT60M",
                    "value": 6.0,
                    "sequence": 2,
                },
                {
                    "rateLineType": "incrementingRate",
                    "durationStart": "PT60M",
                    "incrementPeriod": "PT60M",
                    "value": 4.0,
                    "sequence": 3,
                },
            ],
            "maxValueCollection": 40.0,
            "relativeTimes": False,
            "resetTime": "00:00:00",
        }
    ]


RICH = (
    DEMO
    + """\
rounding: down
stay_cap: 100
free_exit_minutes: 15
holidays: { country: CN }
classes: [{ name: { zh: 大, en: L }, for: { vehicles: [large] }, step: { minutes: 60, amount: 9 } }]
tickets: [{ name: { zh: 票, en: Ticket }, amount: 30 }]
bands:
  - { name: { zh: 休, en: Off }, days: [holiday], from: "08:00", to: "20:00", step: { minutes: 60, amount: 1 } }
"""
)


def test_what_a_rate_table_cannot_say_is_named() -> None:
    lost = {loss.split(":")[0] for loss in to_apds(document_of(RICH, name="t")).lossy}
    assert lost == {"rounding", "stay_cap", "free_exit_minutes", "holidays", "classes", "tickets", "bands.0.days"}


TABLE = to_apds(document_of(DEMO, name="t")).value


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rateLineCollections": []}, "`rateLineCollections` is empty"),
        ({"rateLineCollections": [1]}, "`rateLineCollections` should be a list of objects"),
        ({"rateLineCollections": TABLE["rateLineCollections"] * 2}, "one collection without `validityPeriod`"),
        ({"rateLineCollections": [{"rateLines": [{"value": "4"}]}]}, "rateLines.0, value: should be an amount"),
        (
            {"rateLineCollections": [{"rateLines": [{"rateLineType": "incrementingRate", "value": 4}]}]},
            "`incrementPeriod` is missing; write a duration",
        ),
        (
            {"rateLineCollections": [{"rateLines": [{"value": 4, "durationEnd": "an hour"}]}]},
            "durationEnd: should be a duration of whole minutes, such as PT90M",
        ),
    ],
)
def test_a_wrong_rate_table_is_refused_with_its_row(change: dict[str, object], said: str) -> None:
    with pytest.raises(ParkingError) as error:
        from_apds({**TABLE, **change}, name="rates.json")
    assert said in str(error.value)
    assert str(error.value).startswith("rates.json")


def test_what_a_tariff_cannot_say_is_named() -> None:
    line = {"rateLineType": "perUnit", "value": 1.5, "maxValue": 9}
    collection = {**TABLE["rateLineCollections"][0], "resetTime": "02:00:00"}
    collection["rateLines"] = [*collection["rateLines"], line]
    table = {**TABLE, "rateLineCollections": [collection], "availability": "always"}
    found = from_apds(table, name="r")
    assert [loss.split(":")[0] for loss in found.lossy] == [
        "resetTime",
        "r, rateLineCollections.0.rateLines.0",
        "r, rateLineCollections.0.rateLines.0.maxValue",
        "availability",
    ]
