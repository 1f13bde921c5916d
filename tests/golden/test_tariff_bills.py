"""Bills that people have held in their hands, and their like: total, lines, words."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from parking.kernel.codec import parse_time
from payments.tariff import parse
from payments.tariff.model import Tariff
from payments.tariff.price import price
from tests.builders.tariff_oracle import oracle

HERE = Path(__file__).with_name("tariff")
ROOT = Path(__file__).parents[2]
DEMO = ROOT / "hardware_sim" / "sites" / "demo" / "tariff.yaml"
with (HERE / "bills.csv").open(encoding="utf-8", newline="") as file:
    BILLS = list(csv.DictReader(file))


def text_of(name: str) -> str:
    return (DEMO if name == "demo" else HERE / f"{name}.yaml").read_text(encoding="utf-8")


def tariff_of(name: str) -> Tariff:
    return parse.load(text_of(name), name=f"{name}.yaml")


@pytest.mark.req("FEE-1")
@pytest.mark.parametrize("bill", BILLS, ids=[f"{b['tariff']} {b['in'][:16]} to {b['out'][:16]}" for b in BILLS])
def test_a_bill_says_what_it_always_said(bill: dict[str, str]) -> None:
    entered_at, leaving_at = parse_time(bill["in"]), parse_time(bill["out"])
    worked_out = price(tariff_of(bill["tariff"]), entered_at, leaving_at)
    lines = " | ".join(f"{line.text['zh']} = {line.amount.minor}" for line in worked_out.lines)
    assert (worked_out.total.minor, lines) == (int(bill["total"]), bill["lines"])
    scale = 100 if worked_out.total.currency == "JPY" else 1  # the oracle knows two decimals only
    assert oracle(text_of(bill["tariff"]), entered_at, leaving_at) == worked_out.total.minor * scale


def test_the_published_schema_is_that_of_the_model() -> None:
    published = json.loads((ROOT / "payments" / "tariff" / "tariff.schema.json").read_text(encoding="utf-8"))
    assert published == parse.schema()


def test_the_version_of_the_demo_tariff_is_pinned_because_stays_are_frozen_to_it() -> None:
    assert tariff_of("demo").version == "8960b543b2fb"
