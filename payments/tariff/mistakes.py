"""What can be wrong with a tariff's text: a stable code and its values, and the sentence that they make in each language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from parking.kernel.errors import ErrorKind, ParkingError

SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # the whole of it
        "too_long": (
            "超过 {most} 个字符，收费规则只需一两页",
            "is longer than {most} characters; a tariff is a page or two",
        ),
        "not_yaml": ("不是有效的 YAML，请检查缩进、冒号和引号：{why}", "is not YAML: {why}"),
        "not_yaml_at_all": (
            "不是有效的 YAML：含有不该有的字符，或层数过多",
            "is not YAML: it has characters or a depth that no tariff needs",
        ),
        "empty": ("没有内容，可参照示例", "is empty; see the demo tariff for an example"),
        "too_much": (
            "内容超出收费规则所需（或别名引用了自身）",
            "holds more than a tariff needs (or an alias that repeats itself)",
        ),
        "not_a_tariff": (
            "不是收费规则：应是一组键和值",
            "`the file` is wrong: it should be a group of keys with values",
        ),
        "odd_key": ("有一个键不是文字", "has a key that is not a word"),
        "key_twice": ("键“{key}”写了两次，请只留一个", "has the key {key!r} twice; keep one of them"),
        # one key
        "missing": ("缺少 `{key}`，请补上", "`{key}` is missing; add it"),
        "unknown_key": (
            "`{key}` 不是收费规则的键，请删除或改正拼写",
            "`{key}` is not a key of a tariff; remove it or mend its spelling",
        ),
        "not_a_group": (
            "`{key}` 有误：应是一组键和值",
            "`{key}` is wrong: it should be a group of keys with values",
        ),
        "currency": (
            "`{key}` 有误：请写 ISO 4217 代码，如 CNY",
            "`{key}` is wrong: write the ISO 4217 code, such as CNY",
        ),
        "clock": (
            "`{key}` 有误：请写时刻 HH:MM",
            "`{key}` is wrong: write a time of the day as HH:MM",
        ),
        "amount": (
            "`{key}` 有误：请以货币单位写金额，如 6 或 4.50",
            "`{key}` is wrong: write an amount in whole units of the currency, such as 6 or 4.50",
        ),
        "one_of": ("`{key}` 有误：应为 {expected} 之一", "`{key}` is wrong: {said}"),
        "not_whole": ("`{key}` 有误：应为整数", "`{key}` is wrong: {said}"),
        "not_text": ("`{key}` 有误：应为文字", "`{key}` is wrong: {said}"),
        "not_a_list": ("`{key}` 有误：应为列表", "`{key}` is wrong: {said}"),
        "not_a_date": ("`{key}` 有误：请写日期，如 2026-05-01", "`{key}` is wrong: {said}"),
        "not_yes_or_no": ("`{key}` 有误：应为 true 或 false", "`{key}` is wrong: {said}"),
        "too_small": ("`{key}` 有误：至少为 {least}", "`{key}` is wrong: {said}"),
        "too_large": ("`{key}` 有误：至多为 {most}", "`{key}` is wrong: {said}"),
        "too_short": ("`{key}` 有误：至少要有 {least} 个", "`{key}` is wrong: {said}"),
        "too_many": ("`{key}` 有误：至多 {most} 个", "`{key}` is wrong: {said}"),
        "wrong": ("`{key}` 有误：{said}", "`{key}` is wrong: {said}"),
        # what no key alone can be told of
        "timezone": (
            "`timezone` “{zone}”不是 IANA 时区，如 Asia/Shanghai",
            "`timezone` {zone!r} is not an IANA zone, such as Asia/Shanghai",
        ),
        "valid_backwards": (
            "`valid.to` 早于 `valid.from`，应先开始后结束",
            "`valid.to` is before `valid.from`; a tariff ends after it begins",
        ),
        "override_twice": (
            "`holidays.overrides` 同一天写了两次，请只留一个",
            "`holidays.overrides` names a day twice; keep one of them",
        ),
        "holidays": (
            "`holidays`：没有这个国家、地区或市场的节假日历，请改正 `country`、`region` 或 `market`",
            "`holidays`: {why}; mend `country`, `region` or `market`",
        ),
        "for_nobody": (
            "`for` 没有指明车辆，请写 `vehicles`、`plates` 或 `energy`",
            "`for` names nobody; write `vehicles`, `plates` or `energy`",
        ),
        "limit_without_cap": (
            "`day.limit` 为 aggregate，但没有 `day.cap`，请补上",
            "`day.limit` is aggregate, but there is no `day.cap`; add one",
        ),
        "decimals": (
            "`{key}` 的小数位多于 {currency} 的 {places} 位",
            "`{key}` has more decimals than {currency} ({places})",
        ),
        "minimum_above": (
            "`minimum` 大于 `{key}`，一次停车不能同时满足两者",
            "`minimum` is more than `{key}`; a stay cannot cost both",
        ),
        "minimum_and_limit": (
            "`minimum` 不能与 `day.limit: aggregate` 同用，当日封顶可能已用完",
            "`minimum` does not go with `day.limit: aggregate`; the day's cap may be used up",
        ),
        "costs_nothing": (
            "`{key}` 既无 `step` 也无 `entry`，请写明按时或按次的费用",
            "`{key}` has neither `step` nor `entry`; add what its time or its entry costs",
        ),
        "whole_costs_nothing": (
            "收费规则既无 `step` 也无 `entry`，请写明按时或按次的费用",
            "`the tariff` has neither `step` nor `entry`; add what its time or its entry costs",
        ),
        "zone_nowhere": (
            "区域“{zone_zh}”没有范围，请写 `zones` 或 `bays`",
            "the zone {zone!r} is nowhere; write `zones` or `bays`",
        ),
        "bands_overlap": (
            "时段“{band_zh}”与“{other_zh}”重叠，请调整 `from`、`to` 或 `days`",
            "the band {band!r} overlaps {other!r}; move `from`, `to` or `days`",
        ),
        "dates_backwards": (
            "日期的结束早于开始，请对调 `from` 和 `to`",
            "these dates end before they begin; swap `from` and `to`",
        ),
        "days_without_holidays": (
            "`days` 写了 {word}，但没有 `holidays`，请补上",
            "`days` says {word}, but the tariff has no `holidays`; add them",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong: `code` names a sentence, `values` fill it; `line` counts from 1, None for the whole text."""

    code: str
    values: Mapping[str, str]
    line: int | None = None

    @property
    def zh(self) -> str:
        return SENTENCES[self.code][0].format_map(self.values)

    @property
    def en(self) -> str:
        return SENTENCES[self.code][1].format_map(self.values)


def mistake(code: str, **values: object) -> Mistake:
    """A mistake whose line is not known yet."""
    return Mistake(code, {name: str(value) for name, value in values.items()})


class WrongTariff(ParkingError):
    """All that was found wrong with the text called `name`: its sentence is English, the first mistake's line in front."""

    def __init__(self, name: str, mistakes: Sequence[Mistake]) -> None:
        first, *others = mistakes
        more = "".join(f"; line {one.line}: {one.en}" for one in others)
        where = f"{name}, line {first.line}" if first.line else name
        super().__init__(ErrorKind.INVALID, "tariff.malformed", first.en + more, field=where)
        self.mistakes = tuple(mistakes)
