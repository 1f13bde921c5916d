"""What is said about coupons, in Chinese and English: their lines on a bill, and why one was not applied."""

from __future__ import annotations

from parking.kernel.money import Money
from parking.kernel.standing import Effect, OffKind
from payments.coupons.best import Refused
from payments.coupons.model import LeftOut
from payments.tariff.explain import money_text

_WHY: dict[LeftOut, tuple[str, str]] = {
    LeftOut.NOT_YET: ("尚未生效", "It is not valid yet"),
    LeftOut.EXPIRED: ("已过期", "It has expired"),
    LeftOut.IN_USE: ("正在另一笔付款中使用", "Another payment is using it at this moment"),
    LeftOut.BILL_TOO_SMALL: ("停车费未达到使用门槛", "The fee is below the least for which it may be used"),
    LeftOut.DAY_LIMIT: ("今日使用次数已满", "It has been used as often as it may be in one day"),
    LeftOut.BUDGET_SPENT: ("活动额度已用完", "The campaign's budget is used up"),
    LeftOut.TAKES_NOTHING_OFF: ("对本次费用不起作用", "It takes nothing off this bill"),
    LeftOut.NOT_NEEDED: ("无需使用，已为您留存", "It is not needed now and stays in your wallet"),
    LeftOut.ONLY_ALONE: ("不能与其他优惠同时使用", "It cannot be combined with other discounts"),
    LeftOut.SAME_GROUP: ("同类优惠每次只能用一张", "Only one of its kind counts on one bill"),
    LeftOut.OTHERS_SAVE_MORE: ("已选用更省钱的优惠", "Other discounts save more"),
}
DISCREET = {"zh": "优惠抵扣", "en": "Discounts"}
"""What a bill says of coupons to somebody who only stands before a machine and knows a plate."""


def why_not(refused: Refused) -> dict[str, str]:
    """One sentence, under `zh` and `en`."""
    zh, en = _WHY[refused.why]
    other = refused.because_of
    if other is not None:
        zh, en = f"{zh}（已用：{other.zh}）", f"{en} (used: {other.en})"
    return {"zh": zh, "en": en}


def line_text(zh: str, en: str, effect: Effect, currency: str) -> dict[str, str]:
    """A coupon's line on a bill: its name and how it reckons."""
    if effect.kind is OffKind.FREE:
        how = ("全免", "free")
    elif effect.kind is OffKind.HOURS:
        how = (f"抵扣 {_hours(effect.minutes, 'zh')}", f"{_hours(effect.minutes, 'en')} off the clock")
    elif effect.kind is OffKind.FIRST_HOUR:
        how = (f"前 {_hours(effect.minutes, 'zh')}免费", f"first {_hours(effect.minutes, 'en')} free")
    elif effect.kind is OffKind.PERCENT:
        how = (f"减 {effect.percent}%", f"{effect.percent}% off")
    else:
        off = money_text(Money(effect.minor, currency))
        how = (f"减 {off}", f"{off} off")
    if effect.most_minor is not None:
        most = money_text(Money(effect.most_minor, currency))
        how = (f"{how[0]}，最多 {most}", f"{how[1]}, at most {most}")
    return {"zh": f"{zh}（{how[0]}）", "en": f"{en} ({how[1]})"}


def _hours(minutes: int, language: str) -> str:
    hours, rest = divmod(minutes, 60)
    parts = {"zh": [f"{hours} 小时", f"{rest} 分钟"], "en": [f"{hours} h", f"{rest} min"]}[language]
    return " ".join(part for part, count in zip(parts, (hours, rest), strict=True) if count)
