"""A tariff as people write it. The JSON Schema that we publish is generated from these models, so the two cannot drift apart.

A key that came later than the first release names itself in `LATER`: while it says nothing, it is no part of the meaning,
and the versions to which stays are frozen stay what they were.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

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
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Words = Annotated[tuple[Word, ...], Field(max_length=32)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DayWord = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "workday", "holiday"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ChargeFrom = Annotated[
    Literal["entry", "after_free"],
    Field(description="Whether a longer stay is charged from the entry, or only from the end of the free minutes."),
]
FreePer = Annotated[
    Literal["entry", "day", "24h", "cumulative"],
    Field(
        description="How often the free minutes are given to one vehicle: at each entry, once a calendar day, once in 24 hours, "
        "or shared by all its entries of one day."
    ),
]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    LATER: ClassVar[frozenset[str]] = frozenset()


class NameText(Strict):
    """A name in the two languages of every bill."""

    zh: Annotated[str, Field(min_length=1, max_length=60)]
    en: Annotated[str, Field(min_length=1, max_length=60)]


class BlockText(Strict):
    """A stretch of time and its price; a begun stretch is charged whole unless `rounding` is `down`."""

    minutes: Minutes
    amount: Amount


class OpeningText(BlockText):
    """One of the first periods, or several alike."""

    LATER = frozenset({"count"})
    count: Annotated[int, Field(ge=1, le=100, description="How many periods of this kind follow each other.")] = 1


First = Annotated[
    OpeningText | Annotated[tuple[OpeningText, ...], Field(min_length=1, max_length=24)] | None,
    Field(description="The first period or periods, if they differ from the steps."),
]
Step = Annotated[BlockText | None, Field(description="Every further period; none where only the entry is charged.")]


class EntryText(Strict):
    """What an entry costs by itself, however long the stay; it counts towards the day's cap."""

    amount: Amount
    each: Annotated[Literal["stay", "day"], Field(description="Once for the stay, or again on each of its days.")] = (
        "stay"
    )


class ForText(Strict):
    """Which vehicles are meant; every list that is there must name the vehicle's own word."""

    vehicles: Annotated[Words, Field(description="Vehicle classes, such as small, large, motorcycle.")] = ()
    plates: Annotated[Words, Field(description="Plate classes, such as blue, yellow, green, police.")] = ()
    energy: Annotated[Words, Field(description="Kinds of drive, such as electric, hybrid.")] = ()


class FreeText(Strict):
    """Free minutes besides `free_minutes`, such as those of new-energy vehicles."""

    name: NameText
    minutes: Annotated[int, Field(ge=1, le=44_640)]
    per: FreePer = "entry"
    charge_from: ChargeFrom = "after_free"
    who: Annotated[ForText, Field(alias="for")] = ForText()


class DayText(Strict):
    """What a day is, and what it may cost at most."""

    LATER = frozenset({"limit"})
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
    limit: Annotated[
        Literal["single", "aggregate"],
        Field(description="Whether the cap holds for each stay alone, or for all stays of a vehicle in one such day."),
    ] = "single"


class DatesText(Strict):
    """Days of the calendar, the first and the last one included."""

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]


class WindowText(Strict):
    """Times of the day, on some days."""

    days: Annotated[tuple[DayWord, ...], Field(min_length=1)] = DAYS
    start: Annotated[Clock, Field(alias="from")]
    end: Annotated[Clock, Field(alias="to", description="At or before `from`: on the next morning.")]


class BandText(Strict):
    """Another price between two times of the day; a step belongs to the band in which it begins.

    A band with dates (an event) goes before one of workdays or holidays, and that before one of days of the week.
    """

    LATER = frozenset({"entry", "dates"})
    name: NameText
    days: Annotated[tuple[DayWord, ...], Field(min_length=1, description="The days on which the band begins.")] = DAYS
    dates: Annotated[
        tuple[DatesText, ...], Field(max_length=60, description="Only on these dates: an event, a season.")
    ] = ()
    start: Annotated[Clock, Field(alias="from")]
    end: Annotated[Clock, Field(alias="to", description="At or before `from`: on the next morning.")]
    entry: EntryText | None = None
    first: First = None
    step: Step = None
    cap: Annotated[Amount | None, Field(description="The most that this band costs in one day.")] = None


class ZoneText(Strict):
    """Prices of their own for a part of the site: a zone, a kind of bay, or a lot within the lot."""

    name: NameText
    zones: Annotated[Words, Field(description="Zones or inner lots; none: wherever the bays are.")] = ()
    bays: Annotated[Words, Field(description="Kinds of bays, such as ev, large, vip; none: every kind.")] = ()
    anew: Annotated[bool, Field(description="Whether the first periods begin anew when the vehicle comes here.")] = (
        False
    )
    entry: EntryText | None = None
    first: First = None
    step: Step = None
    cap: Annotated[Amount | None, Field(description="The most that this part of the site costs in one day.")] = None
    bands: Annotated[tuple[BandText, ...], Field(max_length=24)] = ()


class TicketText(Strict):
    """A day (as `day.kind` says) for one price, if all conditions hold; the bill says so where one does not."""

    name: NameText
    amount: Amount
    zones: Annotated[Words, Field(description="It holds while the vehicle stands in these zones only.")] = ()
    enter: Annotated[WindowText | None, Field(description="It holds for who enters then, on the first day.")] = None
    leave: Annotated[
        WindowText | None, Field(description="It holds for who leaves then: staying longer can become cheaper.")
    ] = None


class OverrideText(Strict):
    """What a day is, whatever the calendar of holidays says."""

    on: date
    kind: Annotated[Literal["workday", "holiday"], Field(alias="is")]


class HolidaysText(Strict):
    """Which days are holidays: weekends and public holidays without shifted working days; the table below has the last word."""

    mode: Annotated[
        Literal["legal", "calendar", "financial"],
        Field(description="legal: as the country's law says; calendar: weekends only; financial: as the market says."),
    ] = "legal"
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166 code, such as CN.")] = "CN"
    region: Annotated[str | None, Field(pattern=r"^[A-Z0-9]{1,6}$", description="Its part, such as BY.")] = None
    market: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,6}$", description="ISO 10383 code of the market.")] = "XSHG"
    overrides: Annotated[tuple[OverrideText, ...], Field(max_length=400)] = ()


class _RulesText(Strict):
    """What a class of vehicles may have of its own."""

    free_minutes: Annotated[int, Field(ge=0, le=44_640, description="A stay of at most this long costs nothing.")] = 0
    free_per: FreePer = "entry"
    charge_from: ChargeFrom = "entry"
    entry: EntryText | None = None
    first: First = None
    first_period: Annotated[
        Literal["once", "each_band"], Field(description="Whether the first periods begin anew in each band.")
    ] = "once"
    step: Step = None
    rounding: Annotated[
        Literal["up", "down"], Field(description="up: a begun period is charged; down: only a completed one.")
    ] = "up"
    day: DayText = DayText()
    minimum: Annotated[Amount | None, Field(description="The least that a stay costs which costs anything.")] = None
    stay_cap: Annotated[Amount | None, Field(description="The most that one stay costs.")] = None
    bands: Annotated[tuple[BandText, ...], Field(max_length=24)] = ()
    zones: Annotated[tuple[ZoneText, ...], Field(max_length=24)] = ()
    tickets: Annotated[tuple[TicketText, ...], Field(max_length=24)] = ()


class ClassText(_RulesText):
    """Rules of their own for some vehicles; what is not said here is as for everybody."""

    name: NameText
    who: Annotated[ForText, Field(alias="for")]


class ValidText(Strict):
    """The days on which a vehicle must enter to be priced by this tariff, the last one included."""

    first: Annotated[date | None, Field(alias="from")] = None
    last: Annotated[date | None, Field(alias="to")] = None


class TariffText(_RulesText):
    """A tariff file. Minutes count once they are complete, from the second of the entry; a stay has at least one."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["step"]}, {"required": ["entry"]}]})
    LATER = frozenset(
        {"free_per", "free", "free_start", "free_exit_minutes", "entry", "first_period", "minimum", "zones", "tickets"}
        | {"classes", "valid", "holidays"}
    )

    tariff: Annotated[
        Literal["1"], WithJsonSchema({"enum": ["1", 1]}), Field(description="The version of this format.")
    ]
    name: NameText
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code.")]
    timezone: Annotated[str, Field(min_length=1, max_length=60, description="IANA name, such as Asia/Shanghai.")]
    valid: ValidText = ValidText()
    holidays: HolidaysText | None = None
    free: Annotated[tuple[FreeText, ...], Field(max_length=12)] = ()
    free_start: Annotated[
        Literal["concurrent", "sequential"],
        Field(
            description="Whether several free periods run at the same time (the longest counts), or one after the other."
        ),
    ] = "concurrent"
    free_exit_minutes: Annotated[
        int | None, Field(ge=0, le=1440, description="The time to leave after paying; none: as the site is set.")
    ] = None
    classes: Annotated[tuple[ClassText, ...], Field(max_length=24)] = ()


def meaning(model: BaseModel) -> dict[str, Any]:
    """What a document says, without the later keys that say nothing: the content that a version is the hash of."""
    later: frozenset[str] = getattr(model, "LATER", frozenset())
    said = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if name not in later or value != field.get_default(call_default_factory=True):
            said[field.alias or name] = _plain(value)
    return said


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return meaning(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
