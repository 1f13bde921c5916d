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
        ("yesterday", "2026-05-01T13:00", "--in: 'yesterday' is no time"),
        ("2026-05-01T10:00", "2026-05-01T09:00", "--out: is before --in"),
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
