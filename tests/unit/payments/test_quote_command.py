"""`parking quote`: the price of a stay on the terminal, and one line for a call that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parking.cli.__main__ import main
from tests.builders.payments import DEMO

pytestmark = pytest.mark.req("FEE-1")


@pytest.fixture
def tariff(tmp_path: Path) -> str:
    file = tmp_path / "tariff.yaml"
    file.write_text(DEMO, encoding="utf-8")
    return str(file)


def test_the_bill_is_shown_line_by_line_in_both_languages(tariff: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quote", "--tariff", tariff, "--in", "2026-05-01T10:00", "--out", "2026-05-01T13:00"]) == 0
    shown = capsys.readouterr().out
    assert "3 h 0 min" in shown
    assert " ¥6.00  首 1 小时 ¥6.00  First 1 h ¥6.00\n" in shown
    assert " ¥8.00  每 1 小时 ¥4.00 × 2  Each 1 h ¥4.00 × 2\n" in shown
    assert shown.endswith("¥14.00  合计  Total\n")


def test_json_is_one_object_whose_lines_sum_to_the_total(tariff: str, capsys: pytest.CaptureFixture[str]) -> None:
    times = ["--in", "2026-05-01T02:00:00Z", "--out", "2026-05-02T02:00:00+00:00"]
    assert main(["quote", "--tariff", tariff, *times, "--json"]) == 0
    bill = json.loads(capsys.readouterr().out)
    assert bill["total"] == {"amount": 8000, "currency": "CNY"}
    assert bill["minutes"] == 1440
    assert sum(line["amount"]["amount"] for line in bill["lines"]) == 8000
    assert bill["lines"][-1]["text"] == {"zh": "每日封顶 ¥40.00 × 1 天", "en": "Daily cap ¥40.00 × 1 day"}


@pytest.mark.parametrize(
    ("entered", "leaving", "said"),
    [
        ("yesterday", "2026-05-01T13:00", "--entry: 'yesterday' is no time"),
        ("2026-05-01T10:00", "2026-05-01T09:00", "--exit: is before --entry"),
        ("0001-01-01T00:00", "2026-05-01T09:00", "--entry: '0001-01-01T00:00' is no time"),
        ("2026-05-01T10:00", "9999-12-31T23:59-14:00", "--exit: '9999-12-31T23:59-14:00' is no time"),
    ],
)
def test_a_wrong_time_is_one_line_and_exit_code_2(
    tariff: str, capsys: pytest.CaptureFixture[str], entered: str, leaving: str, said: str
) -> None:
    assert main(["quote", "--tariff", tariff, "--in", entered, "--out", leaving]) == 2
    complaint = capsys.readouterr().err
    assert said in complaint
    assert complaint.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (DEMO.replace("CNY", "yuan").encode(), "tariff.yaml, line 3: `currency`"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"#" * 300_000, "longer than"),
        (None, "tariff.yaml"),
    ],
)
def test_a_wrong_file_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, said: str
) -> None:
    file = tmp_path / "tariff.yaml"
    if content is not None:
        file.write_bytes(content)
    times = ["--in", "2026-05-01T10:00", "--out", "2026-05-01T13:00"]
    assert main(["quote", "--tariff", str(file), *times]) == 2
    complaint = capsys.readouterr().err
    assert said in complaint
    assert complaint.count("\n") == 1


TIMES = ["--entry", "2026-05-01T10:00", "--exit", "2026-05-01T13:00"]


@pytest.mark.req("CPN-1", "PAY-4")
def test_coupons_and_a_members_tier_are_lines_of_the_bill_in_the_best_order(
    tariff: str, capsys: pytest.CaptureFixture[str]
) -> None:
    offers = ["--coupon", "Café=hours:1", "--coupon", "amount:30", "--member", "Gold=percent:10"]
    assert main(["quote", tariff, *TIMES, *offers, "--json"]) == 0
    bill = json.loads(capsys.readouterr().out)
    assert (bill["gross"]["amount"], bill["total"]["amount"]) == (1400, 0)
    assert sum(line["amount"]["amount"] for line in bill["lines"]) == 0
    assert [(one["name"]["en"], one["why"]) for one in bill["not_applied"]] == [("Café", "not_needed")]


@pytest.mark.req("CPN-1")
def test_what_leaving_later_adds_is_what_is_left_to_pay(tariff: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quote", tariff, *TIMES, "--coupon", "percent:50", "--what-if"]) == 0
    assert "From 05-01 13:01: ¥2.00 more" in capsys.readouterr().out


@pytest.mark.parametrize(
    "form", ["five", "percent:200", "hours:0", "amount:1.005", "percent:1.5", "free:1", "=hours:1:2"]
)
def test_a_coupon_that_there_is_not_is_named_with_what_there_is(
    tariff: str, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    assert main(["quote", tariff, *TIMES, "--coupon", form]) == 2
    complaint = capsys.readouterr().err
    assert "--coupon" in complaint
    assert complaint.count("\n") == 1


@pytest.mark.parametrize(
    ("entered", "said"),
    [
        ("2026-03-29T02:30", "'2026-03-29T02:30' is not on any clock"),
        (
            "2026-10-25T02:30",
            "is there twice: clocks go back then; write it with its offset, such as 2026-10-25T02:30+02:00",
        ),
    ],
)
def test_a_time_that_the_clock_leaps_over_or_shows_twice_is_asked_for_with_its_offset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], entered: str, said: str
) -> None:
    file = tmp_path / "berlin.yaml"
    file.write_text(DEMO.replace("Asia/Shanghai", "Europe/Berlin"), encoding="utf-8")
    assert main(["quote", str(file), "--entry", entered, "--exit", "2026-10-26T05:00"]) == 2
    assert said in capsys.readouterr().err
    assert main(["quote", str(file), "--entry", "2026-10-25T02:30+01:00", "--exit", "2026-10-25T04:30"]) == 0
    assert "3 h 0 min" not in capsys.readouterr().out


def test_a_word_that_the_tariff_does_not_know_is_remarked_upon(tariff: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quote", tariff, *TIMES, "--zone", "iner", "--class", "lorry"]) == 0
    shown = capsys.readouterr()
    assert "¥14.00" in shown.out
    assert "--zone: 'iner' makes no difference under this tariff; it names none" in shown.err
    assert "--class: 'lorry'" in shown.err


def test_a_database_that_is_none_is_one_line(tariff: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/none.db"
    for _ in range(2):
        assert main(["tariff", "compare", tariff, tariff, "--database", url, "--day", "2026-05-01"]) == 2
        assert "--database" in capsys.readouterr().err
        (tmp_path / "none.db").write_bytes(b"")
