"""The card's figures are written by a command, between two marks; everything else in the card stays as it is."""

from __future__ import annotations

import re

import pytest

from tests.tools import model_card

pytestmark = pytest.mark.req("LPR-3")
MODEL = {
    "name": "plate_net", "file": "plate_net.onnx", "sha256": "ab" * 32, "bytes": 2_000_000, "parameters": 497_092, "seed": 3,
    "trained_minutes": 108.0, "command": "lpr train reader",
}  # fmt: skip
REPORT = {
    "n": 481, "exact": 0.9709, "exact_interval": [0.9517, 0.9826], "exact_folded": 0.9709, "without_province": 0.99, "accepted": 0.93,
    "wrong_accepted": 0.004, "colour_n": 0, "colour_right": 0.0, "boxed_n": 0, "detected": 0.0, "false_strings_per_100": 0.0,
    "latency_ms": 3.21, "latency_ms_p95": 30.0, "by_class": {"civil": {"n": 481, "exact": 0.97, "exact_interval": [0.95, 0.98]}},
}  # fmt: skip


def test_figures_stand_between_the_marks_and_the_rest_stays() -> None:
    card = f"# Card\n{model_card.BEGIN}\nold 12 %\n{model_card.END}\n## Limits\n"
    written = model_card.written(card, [MODEL], {"ccpd_crops": {"as shipped": REPORT}})
    assert written.startswith("# Card\n")
    assert written.endswith(f"{model_card.END}\n## Limits\n")
    assert "old 12 %" not in written
    assert "| 481 | **97.1 %** (95.2 to 98.3) |" in written
    assert "| `plate_net.onnx` | 0.50 M | 2.0 MB | 3 | 108 |" in written
    assert "not labelled" in written
    assert model_card.written(written, [MODEL], {"ccpd_crops": {"as shipped": REPORT}}) == written


def test_a_card_without_marks_is_not_overwritten() -> None:
    with pytest.raises(SystemExit, match="lost its marks"):
        model_card.written("# Card\n", [MODEL], {})


def test_the_committed_card_has_its_marks_and_a_line_for_every_net() -> None:
    card = model_card.CARD.read_text(encoding="utf-8")
    figures = card[card.index(model_card.BEGIN) : card.index(model_card.END)]
    assert re.search(r"plate_net\.onnx", figures)
