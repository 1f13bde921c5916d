"""A mistake in a tariff is said in both languages, from one code with its values."""

from __future__ import annotations

import re
from datetime import date
from string import Formatter
from typing import Any

import pytest

from payments.tariff import check
from payments.tariff.mistakes import SENTENCES, WrongTariff
from payments.tariff.model import Bill
from payments.tariff.parse import _CODES, _SHAPES, load
from payments.tariff.price import price
from tests.builders.payments import DEMO, a_tariff

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_mistake_has_a_sentence_in_both_languages() -> None:
    for code, (zh, en) in SENTENCES.items():
        assert CHINESE.search(zh), code
        assert not CHINESE.search(en), code
    assert {*_CODES.values(), *_SHAPES.values()} <= SENTENCES.keys()


@pytest.mark.parametrize(
    ("change", "code", "zh"),
    [
        (("amount: 6.00", "amount: six"), "amount", "请以货币单位写金额"),
        (("free_minutes: 15", "free_minutes: soon"), "not_whole", "`free_minutes` 有误：应为整数"),
        (("free_minutes: 15", "free_minutes: -1"), "too_small", "`free_minutes` 有误：至少为 0"),
        (("currency: CNY", "currency: yuan"), "currency", "请写 ISO 4217 代码"),
        (("currency: CNY", "colour: red"), "missing", "缺少 `currency`"),
        (("timezone: Asia/Shanghai", "timezone: Asia/Nowhere"), "timezone", "“Asia/Nowhere”不是 IANA 时区"),
        (("currency: CNY", "currency: CNY\nvalid: { from: 2026-05-02, to: 2026-05-01 }"), "valid_backwards", "早于"),
        (("currency: CNY", "currency: CNY\nvalid: { from: soon }"), "not_a_date", "请写日期"),
        (("currency: CNY", "currency: CNY\nrounding: sideways"), "one_of", "应为 'up' or 'down' 之一"),
        (("currency: CNY", "currency: CNY\ncurrency: CNY"), "key_twice", "键“currency”写了两次"),
        (("currency: CNY", "currency: [CNY"), "not_yaml", "不是有效的 YAML"),
        (("amount: 6.00", "amount: 6.005"), "decimals", "的小数位多于 CNY 的 2 位"),
    ],
)
def test_what_is_wrong_is_said_in_chinese_and_english(change: tuple[str, str], code: str, zh: str) -> None:
    assert change[0] in DEMO
    with pytest.raises(WrongTariff) as wrong:
        load(DEMO.replace(*change, 1), name="tariff")
    found = {one.code: one for one in wrong.value.mistakes}
    assert zh in found[code].zh
    assert found[code].en in wrong.value.message
    assert not CHINESE.search(wrong.value.message)


@pytest.mark.parametrize(("text", "code"), [("", "empty"), ("- 1", "not_a_tariff"), ("x" * 70_000, "too_long")])
def test_what_is_no_tariff_at_all_is_said_too(text: str, code: str) -> None:
    with pytest.raises(WrongTariff) as wrong:
        load(text, name="tariff")
    (only,) = wrong.value.mistakes
    assert (only.code, only.line) in [(code, None), (code, 1)]
    for sentence in SENTENCES[code]:
        assert {name for _, name, _, _ in Formatter().parse(sentence) if name} <= only.values.keys()


@pytest.mark.req("FEE-1")
def test_a_check_looks_where_prices_can_fall_and_not_at_every_minute_of_a_week(monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = 'tickets: [{ name: { zh: 晚, en: Late }, amount: 900, leave: { from: "20:00", to: "02:00" } }]\n'
    one = "{{ name: {{ zh: 车{0}, en: C{0} }}, for: {{ vehicles: [v{0}] }}, free_minutes: {0} }}"
    classes = f"classes: [{', '.join(one.format(number) for number in range(24))}]\n"
    asked: list[object] = []

    def counted(*about: Any) -> Bill:
        asked.append(about)
        return price(*about)

    monkeypatch.setattr(check, "price", counted)
    said = check.warnings(a_tariff(DEMO.replace("day:", f"{ticket}{classes}day:")), date(2026, 6, 1))
    assert {one.code for one in said} == {"falls", "ticket_unused"}
    assert len(asked) < 24 * 7 * 24 * 4
