"""When the parts of a tariff hold, in words: hours and days of bands, what tickets ask for, which days are holidays, its validity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from payments.tariff.text import DAYS, BandText, HolidaysText, NameText, TariffText, TicketText, ValidText, WindowText

Words = dict[str, str]
_WORDS = (*DAYS, "workday", "holiday")
_ZH = dict(zip(_WORDS, ("周一", "周二", "周三", "周四", "周五", "周六", "周日", "工作日", "节假日"), strict=True))
_EN = dict(zip(_WORDS, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "workdays", "days off"), strict=True))


def hours(document: TariffText) -> Iterator[Words]:
    """A sentence each for what holds at some times only."""
    yield from _of_rules(document.bands, document.tickets)
    for zone in document.zones:
        for one in _of_rules(zone.bands, ()):
            yield _led(zone.name, one)
    for own in document.classes:
        said = own.model_fields_set
        for one in _of_rules(own.bands if "bands" in said else (), own.tickets if "tickets" in said else ()):
            yield _led(own.name, one)
    if document.holidays is not None:
        yield _holidays(document.holidays)
    if document.valid.first is not None or document.valid.last is not None:
        yield _valid(document.valid)


def _of_rules(bands: Sequence[BandText], tickets: Sequence[TicketText]) -> Iterator[Words]:
    for band in bands:
        when = _window(band, dated=bool(band.dates))
        spans = [f"{one.first} – {one.last}" if one.first != one.last else str(one.first) for one in band.dates]
        dates = {"zh": "、".join(spans) + " " if spans else "", "en": ", ".join(spans) + " " if spans else ""}
        yield _led(band.name, {word: dates[word] + when[word] for word in when})
    for ticket in tickets:
        asked = [
            _asked(*pair) for pair in ((ticket.enter, "入场", "enter"), (ticket.leave, "离场", "leave")) if pair[0]
        ]
        if ticket.zones:
            zones = ", ".join(ticket.zones)
            asked.append({"zh": f"只停在 {zones}", "en": f"stand in {zones} only"})
        if asked:
            yield _led(
                ticket.name, {"zh": "，".join(one["zh"] for one in asked), "en": ", ".join(one["en"] for one in asked)}
            )


def _asked(window: WindowText | None, zh: str, en: str) -> Words:
    assert window is not None, "the caller has looked"
    when = _window(window)
    return {"zh": f"{when['zh']} {zh}", "en": f"{en} {when['en']}"}


def _window(window: BandText | WindowText, *, dated: bool = False) -> Words:
    late = window.end <= window.start
    days = {"zh": "", "en": ""} if dated and set(window.days) >= set(DAYS) else _days(window.days)
    zh = f"{days['zh']} {window.start} 至{'次日 ' if late else ' '}{window.end}"
    en = f"{days['en']} {window.start} to {window.end}{' next morning' if late else ''}"
    return {"zh": zh.strip(), "en": en.strip()}


def _days(days: Sequence[str]) -> Words:
    if set(days) >= set(DAYS):
        return {"zh": "每日", "en": "every day"}
    week = [DAYS.index(day) for day in DAYS if day in days]
    others = [day for day in dict.fromkeys(days) if day not in DAYS]
    if len(week) > 2 and week[-1] - week[0] == len(week) - 1:
        row = (DAYS[week[0]], DAYS[week[-1]])
        zh, en = [f"{_ZH[row[0]]}至{_ZH[row[1]]}"], [f"{_EN[row[0]]}–{_EN[row[1]]}"]
    else:
        zh, en = [_ZH[DAYS[day]] for day in week], [_EN[DAYS[day]] for day in week]
    return {"zh": "、".join(zh + [_ZH[day] for day in others]), "en": ", ".join(en + [_EN[day] for day in others])}


def _holidays(table: HolidaysText) -> Words:
    where = table.country + (f"-{table.region}" if table.region else "")
    zh, en = {
        "legal": (
            f"节假日按 {where} 的法定安排（含调休）",
            f"Days off are those of {where} by law, shifted days included",
        ),
        "calendar": ("节假日为周六、周日", "Days off are Saturdays and Sundays"),
        "financial": (f"节假日按 {table.market} 休市日", f"Days off are those of the market {table.market}"),
    }[table.mode]
    many = len(table.overrides)
    if not many:
        return {"zh": zh, "en": en}
    return {"zh": f"{zh}，另定 {many} 天", "en": f"{en}; {many} set otherwise"}


def _valid(valid: ValidText) -> Words:
    since, until = valid.first, valid.last
    if since is None:
        return {"zh": f"入场至 {until} 为止有效", "en": f"For who enters until {until}"}
    if until is None:
        return {"zh": f"自 {since} 起入场有效", "en": f"For who enters from {since} on"}
    return {"zh": f"{since} 至 {until} 入场有效", "en": f"For who enters from {since} to {until}"}


def _led(name: NameText, words: Words) -> Words:
    return {"zh": f"{name.zh}：{words['zh']}", "en": f"{name.en}: {words['en']}"}
