"""What a vehicle's earlier stays leave to this one: free minutes that are given once a day, a day's cap that is partly used.

Earlier stays are priced as if under the same tariff and in the order in which they began; they never cost this one more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from payments.tariff.calendar import DAY_S
from payments.tariff.days import Stay, parts
from payments.tariff.facts import Facts
from payments.tariff.model import Free, Name, Tariff


class Allowance(NamedTuple):
    """Until how long a stay costs nothing, and how much of a longer one is free; both in seconds."""

    nothing_s: int
    after_s: int
    name: Name | None = None
    rule: str = "free_minutes"


@dataclass
class _Given:
    """What of one free period was used so far."""

    last_s: int | None = None
    day: int | None = None
    used: dict[int, int] = field(default_factory=dict)


@dataclass
class History:
    """Free periods and caps of one vehicle, as far as its stays have used them."""

    tariff: Tariff
    facts: Facts
    spent: dict[int, int] = field(default_factory=dict)
    anchor_s: int | None = None

    def __post_init__(self) -> None:
        meant = (free for free in self.tariff.frees if free.who is None or free.who.is_meant(self.facts))
        self._frees = [(free, _Given()) for free in meant]
        self._last_key: int | None = None

    def allowance(self, entry_s: int) -> Allowance:
        """What a stay that begins now gets free."""
        left = [(self._left(free, given, entry_s), free) for free, given in self._frees]
        nothing = [seconds for seconds, _ in left]
        after = [(seconds, free) for seconds, free in left if free.after_free and seconds]
        longest = max(after, key=lambda one: one[0])[1] if after else None
        together = sum if self.tariff.sequential else max
        return Allowance(
            together(nothing) if nothing else 0,
            together(seconds for seconds, _ in after) if after else 0,
            longest.name if longest else None,
            longest.rule if longest else "free_minutes",
        )

    def _left(self, free: Free, given: _Given, entry_s: int) -> int:
        if free.per == "entry":
            return free.seconds
        if free.per == "24h":
            return free.seconds if given.last_s is None or entry_s >= given.last_s + DAY_S else 0
        day = self.tariff.calendar.day_of(entry_s)
        if free.per == "day":
            return 0 if given.day == day else free.seconds
        return free.seconds - given.used.get(day, 0)

    def anchor(self, entry_s: int) -> int:
        """From when the rolling days of a stay that begins now are counted: its entry, unless a day still runs."""
        if (
            self.tariff.aggregate
            and self.anchor_s is not None
            and self._last_key is not None
            and entry_s < self._last_key + DAY_S
        ):
            return self.anchor_s
        return entry_s

    def add(self, entry_s: int, counted_s: int) -> None:
        """An earlier stay of so many counted seconds."""
        allowed, anchor_s = self.allowance(entry_s), self.anchor(entry_s)
        day, wholly_free = self.tariff.calendar.day_of(entry_s), counted_s <= allowed.nothing_s
        for free, given in self._frees:
            left = self._left(free, given, entry_s)
            if left and free.per == "24h":
                given.last_s = entry_s
            given.day = day
            if wholly_free or free.after_free:
                given.used[day] = given.used.get(day, 0) + min(left, counted_s)
        if not self.tariff.aggregate:
            return
        self.anchor_s = anchor_s
        self._last_key = anchor_s + max(0, entry_s + counted_s - 1 - anchor_s) // DAY_S * DAY_S
        if wholly_free:
            return
        at_s, end_s = entry_s + allowed.after_s, entry_s + counted_s
        stay = Stay(entry_s, at_s, end_s, anchor_s, end_s, ((entry_s, 0, ""),), self.spent)
        for part in list(parts(self.tariff, stay)):
            self.spent[part.key] = self.spent.get(part.key, 0) + part.amount


def recall(tariff: Tariff, facts: Facts, counted_minutes: Sequence[tuple[datetime, int]]) -> History:
    """The history of the vehicle's earlier stays: (entered_at, counted minutes), oldest first."""
    history = History(tariff, facts)
    for entered_at, minutes in counted_minutes:
        history.add(int(entered_at.timestamp() // 1), minutes * 60)
    return history
