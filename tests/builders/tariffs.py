"""Tariffs and stays of any shape, from a seed: for the tests, and by the hundred thousand for the proof."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from payments.tariff.facts import Facts, Place, Visit
from tests.builders.tariff_oracle import Known

ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Asia/Beirut",  # its summer begins at midnight: that day has no 00:00
    "America/Havana",  # its summer ends at 01:00: that day has midnight to one twice
    "Asia/Kathmandu",
    "UTC",
)
MINUTES = (1, 7, 30, 60, 90, 720, 1440, 2000)
AMOUNTS = ("0", "0.5", "2.50", "6", "13.37")
CHANGES = [  # leap day and the clock changes of the zones above
    datetime(2024, 2, 29, tzinfo=UTC),
    *(datetime(2025, month, day, tzinfo=UTC) for month, day in ((3, 9), (3, 30), (4, 6), (10, 5), (10, 26), (11, 2))),
]
START = datetime(2024, 1, 1, tzinfo=UTC)
STAYS_EACH = 10
PER = ("entry", "day", "24h", "cumulative")


@dataclass(frozen=True)
class Case:
    """One (tariff, stay) pair; `facts` and `known` say the same to the engine and to the oracle."""

    text: str
    entered_at: datetime
    leaving_at: datetime
    facts: Facts
    known: Known


@lru_cache(maxsize=4)
def _text(seed: int) -> str:
    chance = Random(f"tariff {seed}")
    return json.dumps(a_document(chance, rich=chance.random() < 0.67), ensure_ascii=False)


def a_case(seed: int) -> Case:
    """The pair of this number; ten pairs that follow each other have the same tariff."""
    text = _text(seed // STAYS_EACH)
    chance = Random(seed)
    if chance.random() < 0.5:
        entered_at = START + timedelta(seconds=chance.randrange(63_000_000))
    else:
        entered_at = chance.choice(CHANGES) + timedelta(
            minutes=chance.randint(-1500, 1500), seconds=chance.choice((0, 0, 31))
        )
    short, day, days = chance.randint(-100, 4000), chance.randrange(90_000), 60 * chance.randrange(4 * 1440)
    length_s = chance.choices((short, day, days), (8, 3, 1))[0]
    known = _known(chance, entered_at)
    facts = Facts(
        known.stopped_minutes,
        known.vehicle,
        known.plate_class,
        known.energy,
        tuple(Place(*place) for place in known.places),
        tuple(known.covered),
        tuple(Visit(*visit) for visit in known.earlier),
    )
    return Case(text, entered_at, entered_at + timedelta(seconds=length_s), facts, known)


def _known(chance: Random, entered_at: datetime) -> Known:
    if chance.random() < 0.3:
        return Known(chance.choice((0, 0, 30)))

    def moment() -> datetime:
        return entered_at + timedelta(seconds=chance.randint(-600, 100_000))

    places = sorted({moment() for _ in range(chance.choice((0, 0, 1, 3)))})
    covered = [(begin, chance.choice((None, begin + timedelta(minutes=chance.randrange(900))))) for begin in [moment()]]
    earlier, at = [], entered_at - timedelta(minutes=chance.randrange(4000))
    for _ in range(chance.choice((0, 0, 1, 3))):
        out = at + timedelta(seconds=chance.choice((600, 5000, 40_000)))
        if out <= entered_at:
            earlier.append((at, out))
        at = out + timedelta(minutes=chance.choice((0, 50, 700)))
    return Known(
        chance.choice((0, 0, 0, 30)),
        chance.choice(("", "small", "large")),
        chance.choice(("", "blue", "green")),
        chance.choice(("", "electric")),
        [(since, chance.choice(("", "a", "b")), chance.choice(("", "ev"))) for since in places],
        covered if chance.random() < 0.25 else [],
        earlier,
    )


def a_document(chance: Random, *, rich: bool) -> dict[str, Any]:
    """A tariff of any shape (JSON is YAML); if not `rich`, of the plain kind that the short walk serves."""
    document: dict[str, Any] = {
        "tariff": 1,
        "name": {"zh": "测试", "en": "Test"},
        "currency": "EUR",
        "timezone": chance.choice(ZONES),
        "free_minutes": chance.choice((0, 0, 15, 61, 1500)),
        "charge_from": chance.choice(("entry", "after_free")),
        "rounding": chance.choice(("up", "up", "down")),
        "day": {"kind": chance.choice(("calendar_day", "rolling_24h")), "restart": chance.random() < 0.5},
        "first_period": chance.choice(("once", "once", "each_band")),
        **_rate(chance, rich),
    }
    if chance.random() < 0.5:
        document["day"]["cap"] = chance.choice(("2", "10", "40.5"))
    if chance.random() < 0.3:
        document["stay_cap"] = chance.choice(("12", "100"))
    with_holidays = rich and chance.random() < 0.5
    if with_holidays:
        days = {(START + timedelta(days=chance.randrange(730))).date() for _ in range(20)}
        days |= {(change + timedelta(days=chance.randint(-1, 1))).date() for change in CHANGES}
        rows = [{"on": day.isoformat(), "is": chance.choice(("workday", "holiday"))} for day in sorted(days)]
        document["holidays"] = {"mode": "calendar", "overrides": rows}
    document["bands"] = _bands(chance, rich, with_holidays)
    if rich:
        _enrich(chance, document)
    return document


def _rate(chance: Random, rich: bool) -> dict[str, Any]:
    rate: dict[str, Any] = {"step": _block(chance)}
    draw = chance.random()
    if draw < 0.3:
        rate["first"] = _block(chance)
    elif draw < 0.5:
        rate["first"] = [{**_block(chance), "count": chance.choice((1, 2, 3))} for _ in range(chance.choice((1, 2)))]
    if rich and chance.random() < 0.25:
        rate["entry"] = {"amount": chance.choice(AMOUNTS), "each": chance.choice(("stay", "day"))}
        if chance.random() < 0.5:
            del rate["step"]
    return rate


def _block(chance: Random) -> dict[str, Any]:
    return {"minutes": chance.choice(MINUTES), "amount": chance.choice(AMOUNTS)}


def _band(chance: Random, name: str, hours: tuple[str, str], rich: bool) -> dict[str, Any]:
    band = {"name": {"zh": name, "en": name}, "from": hours[0], "to": hours[1], **_rate(chance, rich)}
    if chance.random() < 0.4:
        band["cap"] = chance.choice(("5", "8.88"))
    return band


def _bands(chance: Random, rich: bool, with_holidays: bool) -> list[dict[str, Any]]:
    night = chance.choice((None, ("20:00", "08:00"), ("22:30", "06:15"), ("00:00", "24:00")))
    noon = chance.choice((None, ("08:30", "12:00"))) if night != ("00:00", "24:00") else None
    bands = []
    for name, hours in (("Night", night), ("Noon", noon)):
        if hours is not None:
            bands.append(_band(chance, name, hours, rich))
            if chance.random() < 0.5:
                bands[-1]["days"] = chance.sample(("mon", "fri", "sun"), chance.choice((1, 2)))
    if with_holidays:
        for word in ("holiday", "workday"):
            if chance.random() < 0.6:
                hours = chance.choice((("00:00", "24:00"), ("18:00", "03:00"), ("09:00", "21:30")))
                bands.append({**_band(chance, word, hours, rich), "days": [word]})
    if rich and chance.random() < 0.3:
        first = chance.choice(CHANGES).date()
        dates = [{"from": first.isoformat(), "to": (first + timedelta(days=chance.choice((0, 2)))).isoformat()}]
        bands.append(
            {**_band(chance, "Event", chance.choice((("17:00", "01:00"), ("00:00", "24:00"))), rich), "dates": dates}
        )
    return bands


def _enrich(chance: Random, document: dict[str, Any]) -> None:
    if chance.random() < 0.5:
        document["free_per"] = chance.choice(PER)
    if chance.random() < 0.4:
        document["free"] = [
            {
                "name": {"zh": "新能源", "en": "Electric"},
                "minutes": chance.choice((10, 120, 1000)),
                "per": chance.choice(PER),
                "charge_from": chance.choice(("entry", "after_free")),
                "for": {"energy": ["electric"]},
            }
        ]
        document["free_start"] = chance.choice(("concurrent", "sequential"))
    if "cap" in document["day"] and chance.random() < 0.4:
        document["day"]["limit"] = "aggregate"
    elif chance.random() < 0.2:
        document["minimum"] = chance.choice(("0.5", "2"))
    if chance.random() < 0.5:
        document["zones"] = [
            {
                "name": {"zh": "内", "en": "Inner"},
                "zones": ["a"],
                "anew": chance.random() < 0.5,
                **_rate(chance, True),
                "bands": [_band(chance, "Late", ("19:00", "02:00"), True)] if chance.random() < 0.5 else [],
                **({"cap": "7"} if chance.random() < 0.5 else {}),
            },
            {"name": {"zh": "充电", "en": "Charging"}, "bays": ["ev"], **_rate(chance, True)},
        ]
    if chance.random() < 0.4:
        document["tickets"] = [_ticket(chance) for _ in range(chance.choice((1, 2)))]
    if chance.random() < 0.3:
        own: dict[str, Any] = {
            "name": {"zh": "大型", "en": "Large"},
            "for": {"vehicles": ["large"]},
            **_rate(chance, True),
        }
        if chance.random() < 0.5:
            own |= {"free_minutes": 30, "bands": []}
        document["classes"] = [own]


def _ticket(chance: Random) -> dict[str, Any]:
    ticket: dict[str, Any] = {"name": {"zh": "日票", "en": "Day ticket"}, "amount": chance.choice(("3", "6", "9.9"))}
    if chance.random() < 0.5:
        ticket["zones"] = chance.choice((["a"], ["a", "b"], ["a", "b", ""][:2]))
    if chance.random() < 0.3:
        ticket["enter"] = {"from": "05:00", "to": "13:00"}
    if chance.random() < 0.3:
        ticket["leave"] = {"from": "14:00", "to": "02:00", "days": ["mon", "tue", "sun"]}
    return ticket
