"""Results as plain objects for JSON, and as one line for people. The keys are documented in docs/lpr.md and kept."""

from __future__ import annotations

from typing import Any

from lpr.evaluate import Evaluation
from lpr.model import PassageReading, PlateRead


def read_object(read: PlateRead) -> dict[str, Any]:
    """One plate in one picture."""
    return {
        "plate": read.plate.text,
        "kind": read.kind.value,
        "colour": read.colour.value if read.colour else None,
        "confidence": round(read.confidence, 4),
        "margin": round(read.margin, 3),
        "corners": [[round(float(x), 1), round(float(y), 1)] for x, y in read.corners],
    }


def read_line(read: PlateRead) -> str:
    """One plate in one picture, for people."""
    ground = read.colour or "colour unknown"
    return f"{read.plate.text} ({ground} {read.kind}, confidence {read.confidence:.2f}, margin {read.margin:.1f})"


def passage_object(reading: PassageReading) -> dict[str, Any]:
    """What all frames of one vehicle say."""
    return {
        "plate": reading.plate.text if reading.plate else None,
        "kind": reading.kind.value if reading.kind else None,
        "colour": reading.colour.value if reading.colour else None,
        "confidence": round(reading.confidence, 4),
        "margin": round(reading.margin, 3),
        "agreeing": reading.agreeing,
        "frames": reading.frames,
        "passage": reading.passage,
        "heading": reading.heading.value if reading.heading else None,
        "at": reading.captured_at.isoformat() if reading.captured_at else None,
        "settled": reading.settled,
        "over": reading.over,
    }


def passage_line(reading: PassageReading) -> str:
    """What all frames of one vehicle say, for people."""
    plate = reading.plate.text if reading.plate else "?"
    counted = f"{reading.agreeing} of {reading.frames} frames"
    state = "gone" if reading.over else reading.heading or "there"
    return f"{plate} ({state}, confidence {reading.confidence:.2f}, margin {reading.margin:.1f}, {counted})"


def summary(evaluation: Evaluation) -> str:
    """An evaluation in some lines for people."""
    report = evaluation.report()
    timing = f"{report['latency_ms']} ms a picture (median), {report['latency_ms_p95']} ms (95 %), one thread"
    lines = [f"{report['n']} plates in {report['pictures']} pictures, {timing}"]
    lines += [_share_line(report, name) for name in ("exact", "without_province", "accepted", "wrong_accepted")]
    if report["colour_n"]:
        lines.append(f"{'colour right':17} {report['colour_right']:7.1%}   of {report['colour_n']} with a known colour")
    if report["boxed_n"]:
        low, high = report["detected_interval"]
        lines.append(f"{'plate detected':17} {report['detected']:7.1%}   95 % interval {low:.1%} to {high:.1%}")
        lines.append(f"{'exact of those':17} {report['exact_of_detected']:7.1%}")
    lines.append(f"strings that are no labelled plate: {report['false_strings_per_100']} per 100 pictures")
    if report["passages"]:
        lines.append(f"{report['passages']} passages, all frames together")
        lines += [_share_line(report, f"passage_{name}") for name in ("exact", "accepted", "wrong_accepted")]
    for group in ("by_set", "by_class", "by_note", "by_colour", "by_light"):
        if len(report.get(group, {})) > 1:
            lines += [group.replace("_", " "), *(_group_line(name, one) for name, one in report[group].items())]
    return "\n".join(lines)


def _share_line(report: dict[str, Any], name: str) -> str:
    low, high = report[f"{name}_interval"]
    words = name.removeprefix("passage_").replace("_", " ")
    return f"{words:17} {report[name]:7.1%}   95 % interval {low:.1%} to {high:.1%}"


def _group_line(name: str, measured: dict[str, Any]) -> str:
    low, high = measured["exact_interval"]
    return (
        f"  {name:18} n {measured['n']:5}   exact {measured['exact']:7.1%} ({low:.1%} to {high:.1%})"
        f"   without province {measured['without_province']:7.1%}"
    )
