"""What an owner should know of a tariff that is valid: where staying longer is cheaper, what never speaks, what has no end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from payments.tariff.explain import money_text
from payments.tariff.facts import Facts
from payments.tariff.model import Tariff
from payments.tariff.price import price

_TRIED = timedelta(hours=36)
_FIRST, _LAST = date(2000, 1, 3), date(2999, 1, 7)
"""A tariff may say that it holds since or until for ever; it is tried on days that a calendar has."""


class Warned(NamedTuple):
    """A remark with a stable code, in words under `zh` and `en`."""

    code: str
    text: dict[str, str]


def warnings(tariff: Tariff, monday: date) -> tuple[Warned, ...]:
    """Everything worth a remark; prices are tried on entries of the week that begins on `monday`."""
    found, monday = [], min(max(monday, _FIRST), _LAST)
    for facts, rules in [(Facts(), tariff), *((_facts_of(tariff, i), c) for i, (_, c) in enumerate(tariff.classes))]:
        found += _falls(tariff, rules, facts, monday)
        found += _tickets(rules)
        found += _no_end(tariff, rules, facts, monday)
    return tuple({(one.code, one.text["en"]): one for one in found}.values())


def _facts_of(tariff: Tariff, index: int) -> Facts:
    """A vehicle of this class."""
    who = tariff.classes[index][0]
    vehicle, plate_class, energy = (min(words, default="") for words in (who.vehicles, who.plates, who.energy))
    return Facts(0, vehicle, plate_class, energy)


def _falls(tariff: Tariff, rules: Tariff, facts: Facts, monday: date) -> list[Warned]:
    """The first stay that is found to become cheaper by waiting; only a ticket for who leaves in its hours can do that."""
    if not any(ticket.leave is not None for ticket in rules.tickets):
        return []
    zone, opens = ZoneInfo(tariff.timezone), _openings(rules, tariff.timezone, monday)
    for hour in range(0, 7 * 24, 2):
        entry = datetime(monday.year, monday.month, monday.day, tzinfo=zone) + timedelta(hours=hour)
        for until in (one.astimezone(zone) for one in opens if entry < one < entry + _TRIED):
            due, later = (price(tariff, entry, at, facts).total for at in (until - timedelta(seconds=1), until))
            if later.minor < due.minor:
                came, gone = (f"{moment:%a %H:%M}" for moment in (entry, until))
                much, less = money_text(due), money_text(later)
                return [
                    Warned(
                        "falls",
                        {
                            "zh": f"停得更久反而更便宜：{came} 进场，{gone} 前离场 {much}，之后 {less}",
                            "en": f"Staying longer becomes cheaper: enter {came}, leave before {gone} for {much}, then for {less}",
                        },
                    )
                ]
    said = {
        "zh": "票的离场时段可能使停得更久更便宜",
        "en": "A ticket for who leaves in its hours can make staying longer cheaper",
    }
    return [Warned("falls", said)]


def _openings(rules: Tariff, timezone: str, monday: date) -> list[datetime]:
    """When the hours for leaving of a ticket begin in this week and after: prices fall then or never."""
    begin = int(datetime(monday.year, monday.month, monday.day, tzinfo=ZoneInfo(timezone)).timestamp())
    minutes = range(begin, begin + int((timedelta(days=8) + _TRIED).total_seconds()), 60)
    windows = [ticket.leave for ticket in rules.tickets if ticket.leave is not None]
    found = {at for leave in windows for last, at in pairwise(minutes) if leave.rate_at(at) and not leave.rate_at(last)}
    return [datetime.fromtimestamp(at, UTC) for at in sorted(found)]


def _tickets(rules: Tariff) -> list[Warned]:
    """Tickets that are never better than the day's cap."""
    found = []
    for number, ticket in enumerate(rules.tickets):
        if rules.cap_minor is not None and ticket.minor >= rules.cap_minor:
            price_of, cap = money_text(rules.book.money(ticket.minor)), money_text(rules.book.money(rules.cap_minor))
            text = {
                "zh": f"tickets.{number} 售价 {price_of} 不低于每日封顶 {cap}，永远用不上",
                "en": f"tickets.{number} costs {price_of}, no less than the daily cap {cap}: it is never used",
            }
            found.append(Warned("ticket_unused", text))
    return found


def _no_end(tariff: Tariff, rules: Tariff, facts: Facts, monday: date) -> list[Warned]:
    """A tariff without any cap: what a forgotten car will owe."""
    if rules.cap_minor is not None or rules.stay_cap_minor is not None:
        return []
    entry = datetime(monday.year, monday.month, monday.day, 9, tzinfo=ZoneInfo(tariff.timezone))
    day, month = (price(tariff, entry, entry + timedelta(days=n), facts).total for n in (1, 30))
    if month.minor <= day.minor:
        return []
    text = {
        "zh": f"没有封顶：24 小时 {money_text(day)}，30 天 {money_text(month)}",
        "en": f"There is no cap: 24 h cost {money_text(day)}, 30 days {money_text(month)}",
    }
    return [Warned("no_cap", text)]
