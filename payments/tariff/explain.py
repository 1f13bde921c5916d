"""The explanation is the receipt: every line of a bill in Chinese and English, short enough for a phone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from parking.kernel.money import Money

_SIGNS = {"CNY": "¥", "HKD": "HK$", "MOP": "MOP$", "TWD": "NT$", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


def money_text(money: Money) -> str:
    """An amount as a bill shows it: ¥6.00, HK$55.00, else 6.00 CHF."""
    sign = _SIGNS.get(money.currency)
    number = str(money).removesuffix(f" {money.currency}")
    if sign is None:
        return str(money)
    return f"-{sign}{number[1:]}" if number.startswith("-") else f"{sign}{number}"


def explain(
    code: str, minutes: int, count: int, unit: Money | None, name: tuple[str, str] | None = None
) -> dict[str, str]:
    """The words of one line; `unit` is the price of one period, or the cap that took its place."""
    price = money_text(unit) if unit is not None else ""
    if code in _WHOLE:
        zh, en = (words.format(price=price) for words in _WHOLE[code])
        return {"zh": zh, "en": en} if name is None else _named(code, zh, en, name)
    each = minutes // count if count else minutes
    if code == "first":
        zh, en = f"首 {_span_zh(each)} {price}", f"First {_span_en(each)} {price}"
        if count > 1:
            zh, en = f"{zh} × {count}", f"{en} × {count}"
    elif code == "next":
        zh, en = f"其后 {_span_zh(each)} {price} × {count}", f"Next {_span_en(each)} {price} × {count}"
    elif code == "step":
        zh, en = f"每 {_span_zh(each)} {price} × {count}", f"Each {_span_en(each)} {price} × {count}"
    elif code in ("day_cap", "ticket"):
        days = "day" if count == 1 else "days"
        zh, en = f"每日封顶 {price} × {count} 天", f"Daily cap {price} × {count} {days}"
        if code == "ticket":
            zh, en = f"{price} × {count} 天", f"{price} × {count} {days}"
    elif code in _TIMES:
        zh, en = (f"{words} {price} × {count}" for words in _TIMES[code])
    else:
        zh, en = (words.format(zh=_span_zh(minutes), en=_span_en(minutes)) for words in _SPANS[code])
    return {"zh": zh, "en": en} if name is None else _named(code, zh, en, name)


_TIMES = {
    "entry": ("入场费", "Entry"),
    "band_cap": ("时段封顶", "Band cap"),
    "zone_cap": ("区域封顶", "Zone cap"),
}
_SPANS = {
    "free": ("免费 {zh}", "Free {en}"),
    "stopped": ("停止计费 {zh}", "Fee clock stopped for {en}"),
    "covered": ("月卡覆盖 {zh}", "Covered by a pass for {en}"),
}
_WHOLE = {
    "class": ("按此车型计费", "Priced as this class of vehicle"),
    "day_rest": ("每日封顶，扣除当日其他停车后 {price}", "Daily cap, less other stays of that day: {price}"),
    "booked": ("按离场时入账的金额，日历此后有更正", "As booked at the exit; calendars were put right since"),
    "minimum": ("最低收费 {price}", "Least price of a stay {price}"),
    "stay_cap": ("单次停车封顶 {price}", "Cap for one stay {price}"),
    "ticket_zone": (
        "{price} 不适用：车辆曾停在适用区域之外",
        "{price} does not hold: the vehicle stood outside its zones",
    ),
    "ticket_enter": ("{price} 不适用：不在规定的入场时间", "{price} does not hold: not entered in its hours"),
    "ticket_leave": ("{price} 不适用：不在规定的离场时间", "{price} does not hold: not left in its hours"),
}


def _named(code: str, zh: str, en: str, name: tuple[str, str]) -> dict[str, str]:
    if code.startswith("ticket"):
        return {"zh": f"{name[0]} {zh}", "en": f"{name[1]} {en}"}
    return {"zh": f"{name[0]}：{zh}", "en": f"{name[1]}: {en}"}


@lru_cache(4_096)
def from_then_on(clock: str, total: Money, later: Money) -> Mapping[str, str]:
    """What changes at a moment: the price up to it is the one that is shown. A day has 1,440 minutes and few steps: said once."""
    if total.minor == 0 < later.minor:
        much = money_text(later)
        return {"zh": f"{clock} 前免费，之后 {much}", "en": f"Free until {clock}, then {much}"}
    if later.minor >= total.minor:
        much = money_text(later - total)
        return {"zh": f"{clock} 起多付 {much}", "en": f"From {clock}: {much} more"}
    much = money_text(total - later)
    return {"zh": f"{clock} 起少付 {much}", "en": f"From {clock}: {much} less"}


def rule_words(code: str, minutes: int, unit: Money, name: tuple[str, str] | None, count: int = 1) -> dict[str, str]:
    """What a rule asks, before anybody has parked."""
    one = explain(code, minutes * count, count, unit, name)
    return {
        "zh": one["zh"].removesuffix(" 天").removesuffix(" × 1"),
        "en": one["en"].removesuffix(" day").removesuffix(" × 1"),
    }


def duration(minutes: int) -> dict[str, str]:
    """A span of time under `zh` and `en`."""
    return {"zh": _span_zh(minutes), "en": _span_en(minutes)}


def _span_zh(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} 分钟"
    return f"{hours} 小时 {rest} 分钟" if rest else f"{hours} 小时"


def _span_en(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
