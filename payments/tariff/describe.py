"""A tariff in plain words, Chinese and English: its rules, then what usual stays cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from payments.tariff.explain import duration, explain, money_text
from payments.tariff.facts import Facts
from payments.tariff.hours_words import hours
from payments.tariff.model import Tariff
from payments.tariff.parse import document_of
from payments.tariff.price import price

Words = dict[str, str]
_USUAL_H = (0.5, 1, 2, 3, 5, 8, 12, 24, 72)
_PER = {
    "entry": ("每次入场", "at each entry"),
    "day": ("每日一次", "once a day"),
    "24h": ("24 小时一次", "once in 24 hours"),
    "cumulative": ("当日累计", "shared by all entries of a day"),
}


def rules(tariff: Tariff) -> Iterator[Words]:
    """The tariff's rules, one sentence each, and when they hold; those of a class of vehicles begin with its name."""
    yield from _rules(tariff)
    for _, own in tariff.classes:
        line = own.book.class_line()
        name = line.name if line is not None and line.name is not None else ("", "")
        for words in _rules(own):
            yield {"zh": f"{name[0]}：{words['zh']}", "en": f"{name[1]}: {words['en']}"}
    yield from hours(document_of(tariff.source, name="tariff"))


def _rules(tariff: Tariff) -> Iterator[Words]:
    for free in tariff.frees:
        minutes, per = duration(free.seconds // 60), _PER[free.per]
        name = free.name or ("", "")
        after = (
            ("超出部分计费", "then charged from there")
            if free.after_free
            else ("超时从入场起计费", "a longer stay is charged from its entry")
        )
        yield {
            "zh": f"{name[0]}免费 {minutes['zh']}（{per[0]}），{after[0]}",
            "en": f"{name[1] + ': ' if name[1] else ''}{minutes['en']} free {per[1]}, {after[1]}",
        }
    times = Counter(block.slot for rate in tariff.rates for block in rate.first)
    yield from tariff.book.words(times)
    if not tariff.round_up:
        yield {"zh": "不足一个计费周期不收费", "en": "Only completed periods are charged"}
    if tariff.sequential and len(tariff.frees) > 1:
        yield {"zh": "各免费时段依次计算", "en": "Free periods follow one after the other"}
    if tariff.each_band:
        yield {"zh": "每进入一个时段，首段价格重新开始", "en": "The first periods begin anew in each band"}
    if tariff.restart:
        yield {"zh": "每日重新开始计费周期", "en": "Periods begin anew with each day"}
    if tariff.aggregate:
        yield {"zh": "同一车辆当日各次停车共用每日封顶", "en": "All stays of a vehicle in one day share the daily cap"}
    if tariff.rolling and tariff.cap_minor is not None:
        yield {"zh": "一日为入场起 24 小时", "en": "A day is 24 hours from the entry"}
    for code, minor in (("minimum", tariff.minimum_minor or None), ("stay_cap", tariff.stay_cap_minor)):
        if minor is not None:
            yield explain(code, 0, 1, tariff.book.money(minor))
    if tariff.exit_minutes is not None:
        minutes = duration(tariff.exit_minutes)
        yield {"zh": f"缴费后 {minutes['zh']}内离场", "en": f"Leave within {minutes['en']} of paying"}


def usual(tariff: Tariff, entered_at: datetime, facts: Facts) -> Iterator[tuple[Words, str]]:
    """What stays of usual lengths cost that begin then: (how long, amount)."""
    for long_h in _USUAL_H:
        total = price(tariff, entered_at, entered_at + timedelta(hours=long_h), facts).total
        yield duration(int(long_h * 60)), money_text(total)
