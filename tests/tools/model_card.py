"""`make card`: the figures of docs/model-card.md, from the shipped nets and from what `make prove NAME=lpr_accuracy` measured last.

Only what stands between the two marks is written; the rest of the card is a person's. Numbers never pass through anybody's hands.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CARD = ROOT / "docs" / "model-card.md"
FIGURES = ROOT / ".cache" / "lpr_accuracy.json"
MODELS = ROOT / "lpr" / "models" / "models.json"
BEGIN, END = "<!-- figures: begin (make card) -->", "<!-- figures: end -->"

_SETS = {
    "ccpd_crops": "hard hand-held crops (CCPD)",
    "ccpd_full": "whole photographs (CCPD)",
    "easypr_full": "whole photographs (EasyPR)",
    "special_cn": "rare kinds, whole pictures",
    "openalpr_eu": "European photographs",
}


def main() -> int:
    """Write the figures into the card; 2 where nothing has been measured yet."""
    if not FIGURES.is_file():
        sys.stderr.write("model card: nothing is measured yet: make prove NAME=lpr_accuracy\n")
        return 2
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    models = json.loads(MODELS.read_text(encoding="utf-8"))["models"]
    CARD.write_text(written(CARD.read_text(encoding="utf-8"), models, figures), encoding="utf-8")
    return 0


def written(card: str, models: list[dict[str, Any]], figures: Mapping[str, Mapping[str, dict[str, Any]]]) -> str:
    """The card with new figures between its marks."""
    before, begin, rest = card.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"model card: {CARD.name} has lost its marks {BEGIN} and {END}")
    body = "\n\n".join((_nets(models), _accuracy(figures), _classes(figures)))
    return f"{before}{BEGIN}\n\n{body}\n\n{END}{after}"


def _nets(models: list[dict[str, Any]]) -> str:
    rows = [
        f"| `{m['file']}` | {m['parameters'] / 1e6:.2f} M | {m['bytes'] / 1e6:.1f} MB | {m['seed']} | "
        f"{m['trained_minutes']:.0f} | `{m['command']}` | `{m['sha256'][:12]}…` |"
        for m in models
    ]
    head = "| file | parameters | size | seed | minutes trained | command | SHA-256 |\n|---|---|---|---|---|---|---|"
    return "\n".join((head, *rows))


def _accuracy(figures: Mapping[str, Mapping[str, dict[str, Any]]]) -> str:
    head = (
        "| set | read by | n | exact (95 % interval) | O as 0, I as 1 | without the province | accepted | accepted and "
        "wrong | colour right | plate detected | false strings per 100 | ms, median / p95 |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|"
    )
    rows = [
        f"| {_SETS.get(name, name)} | {way} | {r['n']} | **{_percent(r['exact'])}** ({_span(r['exact_interval'])}) | "
        f"{_percent(r['exact_folded'])} | {_percent(r['without_province'])} | "
        f"{_percent(r['accepted'])} | {_percent(r['wrong_accepted'])} | "
        f"{_of(r['colour_right'], r['colour_n'])} | {_of(r['detected'], r['boxed_n'])} | {r['false_strings_per_100']} | "
        f"{r['latency_ms']:.1f} / {r['latency_ms_p95']:.1f} |"
        for name, ways in figures.items()
        for way, r in ways.items()
    ]
    return "\n".join((head, *rows))


def _classes(figures: Mapping[str, Mapping[str, dict[str, Any]]]) -> str:
    head = "| class, as shipped | set | n | exact (95 % interval) |\n|---|---|---|---|"
    rows = [
        f"| {kind.replace('_', ' ')} | {_SETS.get(name, name)} | {r['n']} | "
        f"{_percent(r['exact'])} ({_span(r['exact_interval'])}) |"
        for name, ways in figures.items()
        for kind, r in ways.get("as shipped", {}).get("by_class", {}).items()
    ]
    return "\n".join((head, *rows))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _span(interval: list[float]) -> str:
    low, high = interval
    return f"{100 * low:.1f} to {100 * high:.1f}"


def _of(share: float, n: int) -> str:
    return f"{_percent(share)} of {n}" if n else "not labelled"


if __name__ == "__main__":
    raise SystemExit(main())
