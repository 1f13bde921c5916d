"""Two tariffs on the same recorded stays: what changes, and for whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from parking.kernel.errors import invalid
from payments.tariff.facts import NO_FACTS, Facts, Visit
from payments.tariff.model import Tariff
from payments.tariff.price import price

_LENGTHS = ((60, "up to 1 h"), (180, "1 to 3 h"), (360, "3 to 6 h"), (1440, "6 to 24 h"), (None, "over 24 h"))


class Recorded(NamedTuple):
    """A stay that was; `name` is how the file calls it, `vehicle` joins the stays of one vehicle and is never shown."""

    name: str
    entered_at: datetime
    left_at: datetime
    facts: Facts = NO_FACTS
    vehicle: str = ""


class Change(NamedTuple):
    """One stay under both tariffs, in minor units."""

    stay: Recorded
    before: int
    after: int


@dataclass
class Sum:
    """Stays, how many become dearer or cheaper, and what they come to, in minor units."""

    stays: int = 0
    dearer: int = 0
    cheaper: int = 0
    before: int = 0
    after: int = 0

    def add(self, change: Change) -> None:
        self.stays += 1
        self.dearer += change.after > change.before
        self.cheaper += change.after < change.before
        self.before += change.before
        self.after += change.after


@dataclass
class Compared:
    """All of it, and by whom: `by` is a heading such as `length: 1 to 3 h` or `vehicle: large`."""

    currency: str
    whole: Sum = field(default_factory=Sum)
    by: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    changes: list[Change] = field(default_factory=list)

    def most(self, count: int) -> list[Change]:
        """The stays that change most, those that become dearer first among equals."""
        moved = [change for change in self.changes if change.after != change.before]
        return sorted(moved, key=lambda c: (-abs(c.after - c.before), c.before - c.after, c.stay.name))[:count]


def compare(before: Tariff, after: Tariff, stays: Iterable[Recorded]) -> Compared:
    """Price every stay under both; a vehicle's earlier stays are remembered for what is free or capped by the day."""
    if before.currency != after.currency:
        raise invalid("tariff.currencies", f"{before.currency} and {after.currency} cannot be compared")
    found = Compared(before.currency)
    visits: dict[str, list[Visit]] = defaultdict(list)
    for stay in sorted(stays, key=lambda one: one.entered_at):
        earlier = (
            [v for v in visits[stay.vehicle] if v.left_at > stay.entered_at - timedelta(days=2)] if stay.vehicle else []
        )
        facts = stay.facts._replace(earlier=tuple(earlier))
        totals = [price(tariff, stay.entered_at, stay.left_at, facts).total.minor for tariff in (before, after)]
        change = Change(stay, *totals)
        if stay.vehicle:
            visits[stay.vehicle] = [*earlier, Visit(stay.entered_at, stay.left_at)]
        found.whole.add(change)
        for heading in _headings(stay):
            found.by[heading].add(change)
        found.changes.append(change)
    return found


def _headings(stay: Recorded) -> Iterable[str]:
    minutes = (stay.left_at - stay.entered_at) / timedelta(minutes=1)
    yield f"length: {next(words for most, words in _LENGTHS if most is None or minutes <= most)}"
    for key, word in (
        ("vehicle", stay.facts.vehicle),
        ("plate", stay.facts.plate_class),
        ("energy", stay.facts.energy),
    ):
        if word:
            yield f"{key}: {word}"
    for place in stay.facts.places[:1]:
        if place.zone:
            yield f"zone: {place.zone}"
