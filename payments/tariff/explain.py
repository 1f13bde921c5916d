"""The explanation is the receipt: every line of a bill in Chinese and English, short enough for a phone."""

from __future__ import annotations

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
    each = minutes // count if count else minutes
    if code == "free":
        zh, en = f"免费 {_span_zh(minutes)}", f"Free {_span_en(minutes)}"
    elif code == "stopped":
        zh, en = f"停止计费 {_span_zh(minutes)}", f"Fee clock stopped for {_span_en(minutes)}"
    elif code == "first":
        zh, en = f"首 {_span_zh(each)} {price}", f"First {_span_en(each)} {price}"
        if count > 1:
            zh, en = f"{zh} × {count}", f"{en} × {count}"
    elif code == "step":
        zh, en = f"每 {_span_zh(each)} {price} × {count}", f"Each {_span_en(each)} {price} × {count}"
    elif code == "day_cap":
        zh, en = f"每日封顶 {price} × {count} 天", f"Daily cap {price} × {count} {'day' if count == 1 else 'days'}"
    elif code == "band_cap":
        zh, en = f"时段封顶 {price} × {count}", f"Band cap {price} × {count}"
    else:
        zh, en = f"单次停车封顶 {price}", f"Cap for one stay {price}"
    if name is not None:
        zh, en = f"{name[0]}：{zh}", f"{name[1]}: {en}"
    return {"zh": zh, "en": en}


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
