"""A tariff in two shapes: the document that people write, and the integers that `price` works on.

The JSON Schema that we publish is generated from the document's model, so the two cannot drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from parking.kernel.money import Money
from payments.tariff.calendar import Calendar
from payments.tariff.explain import explain

Amount = Annotated[
    str,
    Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?$"),
    WithJsonSchema(
        {
            "type": ["string", "number"],
            "minimum": 0,
            "pattern": r"^[0-9]{1,9}(\.[0-9]{1,3})?$",
            "description": "An amount in whole units of the currency, such as 6 or 4.50; never more decimals than it has.",
        }
    ),
]
Clock = Annotated[
    str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", description="Local wall-clock time, HH:MM.")
]
Minutes = Annotated[int, Field(ge=1, le=44_640)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_KEPT = 4_096  # lines and amounts kept of one tariff
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NameText(_Strict):
    """A name in the two languages of every bill."""

    zh: Annotated[str, Field(min_length=1, max_length=60)]
    en: Annotated[str, Field(min_length=1, max_length=60)]


class BlockText(_Strict):
    """A stretch of time and its price; a begun stretch is charged whole unless `rounding` is `down`."""

    minutes: Minutes
    amount: Amount


class DayText(_Strict):
    """What a day is, and what it may cost at most."""

    kind: Annotated[
        Literal["calendar_day", "rolling_24h"],
        Field(
            description="calendar_day: midnight to midnight at the site; rolling_24h: every 24 hours after the entry."
        ),
    ] = "calendar_day"
    cap: Annotated[Amount | None, Field(description="The most that one such day costs.")] = None
    restart: Annotated[
        bool, Field(description="Whether the first period and the steps begin anew with each day; else they run on.")
    ] = False


class BandText(_Strict):
    """Another price between two times of the day; a step belongs to the band in which it begins."""

    name: NameText
    days: Annotated[tuple[Day, ...], Field(min_length=1, description="The days on which the band begins.")] = DAYS
    start: Annotated[Clock, Field(alias="from")]
    end: Annotated[Clock, Field(alias="to", description="At or before `from`: on the next morning.")]
    first: BlockText | None = None
    step: BlockText
    cap: Annotated[Amount | None, Field(description="The most that this band costs in one day.")] = None


class TariffText(_Strict):
    """A tariff file. Minutes count once they are complete, from the second of the entry; a stay has at least one."""

    tariff: Annotated[
        Literal["1"], WithJsonSchema({"enum": ["1", 1]}), Field(description="The version of this format.")
    ]
    name: NameText
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code.")]
    timezone: Annotated[str, Field(min_length=1, max_length=60, description="IANA name, such as Asia/Shanghai.")]
    free_minutes: Annotated[int, Field(ge=0, le=44_640, description="A stay of at most this long costs nothing.")] = 0
    charge_from: Annotated[
        Literal["entry", "after_free"],
        Field(description="Whether a longer stay is charged from the entry, or only from the end of the free minutes."),
    ] = "entry"
    first: Annotated[BlockText | None, Field(description="The first period, if it differs from the steps.")] = None
    step: Annotated[BlockText, Field(description="Every further period.")]
    rounding: Annotated[
        Literal["up", "down"], Field(description="up: a begun period is charged; down: only a completed one.")
    ] = "up"
    day: DayText = DayText()
    stay_cap: Annotated[Amount | None, Field(description="The most that one stay costs.")] = None
    bands: Annotated[tuple[BandText, ...], Field(max_length=24)] = ()


class Facts(NamedTuple):
    """What else a price depends on: minutes for which the fee clock stood still (a blocked exit, an outage)."""

    stopped_minutes: int = 0


class BillLine(NamedTuple):
    """One line: `count` times `unit` for `minutes` in all is `amount`; the lines of a bill sum to its total.

    `code` is free, stopped, first, step, band_cap, day_cap or stay_cap; `name` is the band's (zh, en), if it is one's.
    """

    code: str
    minutes: int
    count: int  # type: ignore[assignment]  # the trade's word; the method that every tuple has is not missed here
    unit: Money | None
    amount: Money
    name: tuple[str, str] | None = None

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
class Rate:
    """A first block (or none: 0 s) and a step, in seconds and minor units; `name` is None for the tariff's own rate."""

    first_s: int
    first_minor: int
    step_s: int
    step_minor: int
    cap_minor: int | None
    name: tuple[str, str] | None  # zh, en


class LineBook:
    """The lines that the bills of one tariff are made of. They never change, so that each is made once and then shared."""

    def __init__(self, currency: str, rates: tuple[Rate, ...], day_cap: int | None) -> None:
        self.made: dict[tuple[int, int], BillLine] = {}  # (slot of the walk's tally, count)
        self._currency = currency
        self._amounts: dict[int, Money] = {}
        self._kinds: list[tuple[str, int, int, tuple[str, str] | None]] = []  # code, minutes, minor units, band
        for rate in rates:
            self._kinds.append(("first", rate.first_s // 60, rate.first_minor, rate.name))
            self._kinds.append(("step", rate.step_s // 60, rate.step_minor, rate.name))
            self._kinds.append(("band_cap", 0, rate.cap_minor or 0, rate.name))
        self._kinds.append(("day_cap", 0, day_cap or 0, None))

    def make(self, slot: int, count: int) -> BillLine:
        """The line of `count` things of one slot."""
        if len(self.made) >= _KEPT:
            self.made.clear()
        code, minutes, minor, name = self._kinds[slot]
        line = BillLine(code, count * minutes, count, self.money(minor), self.money(count * minor), name)
        return self.made.setdefault((slot, count), line)

    def money(self, minor: int) -> Money:
        """An amount in the tariff's currency."""
        known = self._amounts.get(minor)
        if known is None:
            if len(self._amounts) >= _KEPT:
                self._amounts.clear()
            known = self._amounts[minor] = Money(minor, self._currency)
        return known

    def free_line(self, minutes: int) -> BillLine:
        return BillLine("free", minutes, 1, None, self.money(0))

    def stopped_line(self, minutes: int) -> BillLine:
        return BillLine("stopped", minutes, 1, None, self.money(0))

    def stay_cap_line(self, cap: int, total: int) -> BillLine:
        """What the cap of one stay takes off."""
        return BillLine("stay_cap", 0, 1, self.money(cap), self.money(cap - total))


@dataclass(frozen=True, slots=True)
class Tariff:
    """A tariff ready to price: whole seconds, whole minor units. `version` names its content for ever."""

    version: str
    name: tuple[str, str]  # zh, en
    currency: str
    timezone: str
    free_s: int
    charge_after_free: bool
    rates: tuple[Rate, ...]  # rates[0] holds outside every band
    band_caps: tuple[
        tuple[int, int], ...
    ]  # (first slot of the rate in a tally, minor units) of the bands that have one
    round_up: bool
    rolling: bool
    restart: bool
    cap_minor: int | None
    stay_cap_minor: int | None
    calendar: Calendar
    book: LineBook
    source: str  # the file's text, so that the version can be kept with the stays that it prices

    @property
    def day_slot(self) -> int:
        """Where a tally counts days at the day's cap; the slots before it belong to the rates."""
        return 3 * len(self.rates)
