"""A tariff ready to price, in whole seconds and whole minor units, and the bill that comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from parking.kernel.money import Money
from parking.kernel.price_facts import NOTHING_ASKED, Asked
from payments.tariff.calendar import Calendar
from payments.tariff.explain import explain, rule_words
from payments.tariff.facts import Facts

_KEPT = 4_096  # lines and amounts kept of one tariff
Name = tuple[str, str]  # zh, en


class BillLine(NamedTuple):
    """One line: `count` times `unit` for `minutes` in all is `amount`; the lines of a bill sum to its total.

    `code` is stopped, class, free, covered, entry, first, next, step, band_cap, zone_cap, ticket, day_cap, day_rest,
    ticket_zone, ticket_enter, ticket_leave (why a ticket does not hold), minimum, stay_cap or booked; `name` is that of the band,
    zone, class or ticket; `rule` is the key of the tariff file that speaks.
    """

    code: str
    minutes: int
    count: int  # type: ignore[assignment]  # the trade's word; the method that every tuple has is not missed here
    unit: Money | None
    amount: Money
    name: Name | None = None
    rule: str = ""

    @property
    def text(self) -> dict[str, str]:
        """The line in words, under `zh` and `en`."""
        return explain(self.code, self.minutes, self.count, self.unit, self.name)


class Bill(NamedTuple):
    """What a stay of `minutes` complete minutes costs under one tariff version, and why."""

    total: Money
    lines: tuple[BillLine, ...]
    minutes: int = 0
    tariff_version: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """One of the first periods; `slot` is where a tally counts it."""

    seconds: int
    minor: int
    slot: int


@dataclass(frozen=True, slots=True)
class Rate:
    """First blocks, then steps; `entry_slot` is None where an entry costs nothing by itself."""

    first: tuple[Block, ...]
    step_s: int
    step_minor: int
    step_slot: int
    entry_minor: int = 0
    entry_slot: int | None = None
    entry_each_day: bool = False


@dataclass(frozen=True, slots=True)
class Cap:
    """`slot` takes the place of what its members (slot, minor units each) come to above `minor`."""

    members: tuple[tuple[int, int], ...]
    minor: int
    slot: int


@dataclass(frozen=True, slots=True)
class Group:
    """A part of the site with its own calendar of rates; group 0 is everywhere else."""

    calendar: Calendar
    anew: bool = False
    zones: frozenset[str] = frozenset()
    bays: frozenset[str] = frozenset()

    def holds(self, zone: str, bay: str) -> bool:
        return (not self.zones or zone in self.zones) and (not self.bays or bay in self.bays)


@dataclass(frozen=True, slots=True)
class Who:
    """Which vehicles; an empty set leaves the matter open."""

    vehicles: frozenset[str]
    plates: frozenset[str]
    energy: frozenset[str]

    def is_meant(self, facts: Facts) -> bool:
        return (
            (not self.vehicles or facts.vehicle in self.vehicles)
            and (not self.plates or facts.plate_class in self.plates)
            and (not self.energy or facts.energy in self.energy)
        )


@dataclass(frozen=True, slots=True)
class Free:
    """Free seconds for some vehicles; `per` is entry, day, 24h or cumulative."""

    seconds: int
    per: str
    after_free: bool
    who: Who | None = None
    name: Name | None = None
    rule: str = "free_minutes"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A day for one price. The slots after `slot` count the days on which it fails: for its zones, its entry, its leaving."""

    minor: int
    slot: int
    zones: frozenset[str]
    enter: Calendar | None  # its rate is 1 where the window is
    leave: Calendar | None


class Kind(NamedTuple):
    """What one slot of a tally counts: code, minutes and minor units of one, name, key of the tariff file."""

    code: str
    minutes: int
    minor: int | None
    name: Name | None
    rule: str


class LineBook:
    """The lines that the bills of one tariff are made of. They never change, so that each is made once and then shared."""

    def __init__(self, currency: str, kinds: Sequence[Kind], name: Name | None) -> None:
        self.made: dict[tuple[int, int], BillLine | None] = {}  # (slot of the walk's tally, count)
        self.bills: dict[
            tuple[tuple[int, int], ...], tuple[Money, tuple[BillLine, ...]]
        ] = {}  # of short walks, by tally
        self.courses: dict[int, object] = {}  # of prices ahead, by when a stay begins (`outlook`)
        self._currency = currency
        self._amounts: dict[int, Money] = {}
        self._kinds = tuple(kinds)
        self._class = name

    def make(self, slot: int, count: int) -> BillLine | None:
        """The line of `count` things of one slot; None where the tariff has no words for it (a step that costs nothing)."""
        if len(self.made) >= _KEPT:
            self.made.clear()
        code, minutes, minor, name, rule = self._kinds[slot]
        if code == "silent":
            return self.made.setdefault((slot, count), None)
        unit = None if minor is None else self.money(minor)
        amount = self.money(0 if code.startswith("ticket_") else count * (minor or 0))
        return self.made.setdefault((slot, count), BillLine(code, count * minutes, count, unit, amount, name, rule))

    def lines(self, tally: dict[int, int]) -> list[BillLine]:
        """A line for each slot of the tally, in the order of the slots."""
        found = (self.made.get((slot, tally[slot])) or self.make(slot, tally[slot]) for slot in sorted(tally))
        return [line for line in found if line is not None]

    def money(self, minor: int) -> Money:
        """An amount in the tariff's currency."""
        known = self._amounts.get(minor)
        if known is None:
            if len(self._amounts) >= _KEPT:
                self._amounts.clear()
            known = self._amounts[minor] = Money(minor, self._currency)
        return known

    def single(
        self,
        code: str,
        *,
        unit: int | None = None,
        amount: int = 0,
        minutes: int = 0,
        name: Name | None = None,
        rule: str,
    ) -> BillLine:
        """A line that stands once on a bill, such as free minutes or the cap of one stay."""
        price = None if unit is None else self.money(unit)
        return BillLine(code, minutes, 1, price, self.money(amount), name, rule)

    def words(self, times: Mapping[int, int]) -> Iterator[dict[str, str]]:
        """What each rule asks, once, as a line would say it; `times`: how many periods of a slot follow each other."""
        for slot, (code, minutes, minor, name, _) in enumerate(self._kinds):
            if minor is not None and code != "silent" and not code.startswith("ticket_"):
                yield rule_words(code, minutes, self.money(minor), name, times.get(slot, 1))

    def class_line(self) -> BillLine | None:
        """By the rules of which class the stay is priced; None where by those for everybody."""
        return None if self._class is None else self.single("class", name=self._class, rule="classes")


@dataclass(frozen=True, slots=True)
class Tariff:
    """A tariff ready to price: whole seconds, whole minor units. `version` names its content for ever.

    `classes` are the same tariff as it holds for some vehicles. `simple`: one group, no entry price, no tickets, one free
    period, no memory of earlier stays; most tariffs are, and their walk is the short one.
    """

    version: str
    name: Name
    currency: str
    timezone: str
    valid_from: date | None
    valid_to: date | None
    free_s: int
    charge_after_free: bool
    frees: tuple[Free, ...]
    sequential: bool
    exit_minutes: int | None
    rates: tuple[Rate, ...]  # rates[0] holds outside every band and zone
    groups: tuple[Group, ...]
    caps: tuple[Cap, ...]  # of bands, then of zones
    each_band: bool
    round_up: bool
    rolling: bool
    restart: bool
    aggregate: bool
    cap_minor: int | None
    day_slot: int
    covered_slot: int
    tickets: tuple[Ticket, ...]
    minimum_minor: int
    stay_cap_minor: int | None
    simple: bool
    calendar: Calendar
    book: LineBook
    source: str  # the file's text, so that the version can be kept with the stays that it prices
    classes: tuple[tuple[Who, Tariff], ...] = ()
    asks: Asked = NOTHING_ASKED
    """What its prices depend on that only the site itself can know."""

    def for_vehicle(self, facts: Facts) -> Tariff:
        """The tariff as it holds for this vehicle: the first class that means it, else the rules for everybody."""
        return next((rules for who, rules in self.classes if who.is_meant(facts)), self)

    @property
    def every(self) -> tuple[Tariff, ...]:
        """The rules for everybody and those of each class."""
        return (self, *(rules for _, rules in self.classes))

    @property
    def may_fall(self) -> bool:
        """Whether staying longer can be cheaper, because a ticket asks when somebody leaves."""
        return any(ticket.leave is not None for rules in self.every for ticket in rules.tickets)

    @property
    def asks_who(self) -> bool:
        """Whether its prices depend on what vehicle it is."""
        return bool(self.classes) or any(free.who is not None for free in self.frees)

    def holds_on(self, day: date) -> bool:
        """Whether a vehicle that enters on this local day is priced by this tariff."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)
