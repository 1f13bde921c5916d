"""The simulated day of a mall: repeatable, in order, of cars that could exist."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

import pytest

from hardware_sim.traffic import CarKind, arrivals

MORNING = datetime(2026, 3, 7, 1, 0, tzinfo=UTC)  # nine o'clock in Hangzhou
DAY = list(arrivals(1, MORNING, 13, 300))
_TRACE = (
    "import hashlib; from datetime import UTC, datetime; from hardware_sim.traffic import arrivals;"
    "cars = arrivals(1, datetime(2026, 3, 7, 1, 0, tzinfo=UTC), 13, 300);"
    "print(hashlib.sha256(repr([(c, c.plate.text) for c in cars]).encode()).hexdigest())"
)


@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_the_same_seed_gives_the_same_day_whatever_the_hash_seed(hash_seed: str) -> None:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(p or "." for p in sys.path)}
    run = subprocess.run([sys.executable, "-c", _TRACE], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == hashlib.sha256(repr([(c, c.plate.text) for c in DAY]).encode()).hexdigest()


def test_another_seed_gives_another_day() -> None:
    assert [c.plate.text for c in arrivals(2, MORNING, 1, 300)] != [c.plate.text for c in arrivals(1, MORNING, 1, 300)]


def test_cars_come_in_order_within_the_span_and_about_as_many_as_asked_for() -> None:
    assert all(a.at <= b.at for a, b in pairwise(DAY))
    assert all(MORNING <= c.at <= MORNING + timedelta(hours=13) for c in DAY)
    assert abs(len(DAY) - 3900) < 4 * 3900**0.5


@pytest.mark.parametrize("start_hour", [0, 6, 13, 20])
def test_the_average_holds_at_any_hour_of_the_day(start_hour: int) -> None:
    cars = list(arrivals(3, MORNING.replace(hour=start_hour), 2, 500))
    assert abs(len(cars) - 1000) < 4 * 1000**0.5


def test_the_evening_is_busier_than_the_morning() -> None:
    def between(first: int, last: int) -> int:
        return sum(first <= (c.at.hour + 8) % 24 < last for c in DAY)

    assert between(18, 20) > 2 * between(9, 11)


def test_every_plate_could_exist_and_comes_once() -> None:
    blue = re.compile(r"[\u4e00-\u9fff][A-HJ-NP-Z][0-9A-HJ-NP-Z]{5}")
    green = re.compile(r"[\u4e00-\u9fff][A-HJ-NP-Z][DABCEFGHJK][0-9A-HJ-NP-Z][0-9]{4}")
    assert len({c.plate for c in DAY}) == len(DAY)
    for car in DAY:
        pattern = green if car.kind is CarKind.GREEN else blue
        assert pattern.fullmatch(car.plate.text), car.kind
        assert sum(c.isalpha() for c in car.plate.text[2:]) <= 2
    assert 0.25 < sum(c.kind is CarKind.GREEN for c in DAY) / len(DAY) < 0.35
    assert len({c.plate.text[0] for c in DAY}) > 10


def test_stays_and_patience_are_those_of_shoppers() -> None:
    stays = [c.dwell for c in DAY]
    assert timedelta(minutes=3) <= min(stays) < max(stays) <= timedelta(hours=14)
    assert timedelta(minutes=70) < timedelta(seconds=median(s.total_seconds() for s in stays)) < timedelta(minutes=150)
    assert all(timedelta(minutes=2) <= c.patience <= timedelta(hours=1) for c in DAY)


def test_the_nearest_level_is_liked_best_and_all_are_used() -> None:
    near = sum(c.level == "b1" for c in DAY)
    assert len(DAY) / 2 < near < len(DAY) * 0.8
    assert {c.level for c in arrivals(1, MORNING, 5, 60, levels=("up", "down", "roof"))} == {"up", "down", "roof"}


def test_no_demand_and_no_time_bring_nobody() -> None:
    assert list(arrivals(1, MORNING, 0, 300)) == []
    assert list(arrivals(1, MORNING, 5, 0)) == []


@pytest.mark.parametrize(("hours", "per_hour"), [(-1, 1), (1, -1), (float("nan"), 1), (1, float("inf"))])
def test_a_span_or_rate_that_cannot_be_is_refused_at_once(hours: float, per_hour: float) -> None:
    with pytest.raises(ValueError, match="not below zero"):
        arrivals(1, MORNING, hours, per_hour)
    with pytest.raises(ValueError, match="aware"):
        arrivals(1, MORNING.replace(tzinfo=None), 1, 1)
