"""How well a pipeline reads a labelled folder, said honestly: shares with their 95 % intervals, and what it got wrong with confidence.

Shares are of labelled plates. A plate that was never found counts as wrong, never as left out. No site prior, no tuning.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lpr import labels, pictures, rectify
from lpr.frame import Frame, Image
from lpr.labels import Label
from lpr.model import PlateRead
from lpr.pipeline import Pipeline

_NIGHT = 60.0  # of 255 mean brightness
_SCENE_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # pictures have no time of their own; a read needs one


@dataclass(frozen=True, slots=True)
class Outcome:
    """One labelled plate and what came of it; `read` is what the pipeline said at its place, if anything."""

    label: Label
    read: PlateRead | None
    kind: str
    region: str
    light: str
    exact: bool
    without_region: bool
    accepted: bool

    @property
    def colour(self) -> str:
        """The ground as read; a data set rarely labels it."""
        return self.read.colour.value if self.read is not None and self.read.colour is not None else "unknown"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that was measured on one folder; latencies in milliseconds per picture, decoding not counted."""

    outcomes: tuple[Outcome, ...]
    pictures: int
    unlabelled_reads: int
    latencies_ms: tuple[float, ...]

    def report(self) -> dict[str, Any]:
        """One flat object for scripts; the keys are documented in `lpr evaluate --help`."""
        return {
            **_measured(self.outcomes),
            "found": _share(o.read is not None for o in self.outcomes),
            "pictures": self.pictures,
            "unlabelled_reads": self.unlabelled_reads,
            "latency_ms": round(statistics.median(self.latencies_ms), 2),
            "latency_ms_p95": round(float(np.percentile(self.latencies_ms, 95)), 2),
            "by_class": self._by(lambda o: o.kind),
            "by_colour": self._by(lambda o: o.colour),
            "by_province": self._by(lambda o: o.region),
            "by_light": self._by(lambda o: o.light),
        }

    def _by(self, key: Callable[[Outcome], str]) -> dict[str, dict[str, Any]]:
        groups: dict[str, list[Outcome]] = {}
        for outcome in self.outcomes:
            groups.setdefault(key(outcome), []).append(outcome)
        return {name: _measured(groups[name]) for name in sorted(groups, key=lambda n: (-len(groups[n]), n))}


def _measured(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The shares of these plates, each with its interval."""
    n = len(outcomes)
    return {
        **_shares(outcomes),
        "exact_interval": list(wilson(sum(o.exact for o in outcomes), n)),
        "without_province_interval": list(wilson(sum(o.without_region for o in outcomes), n)),
        "wrong_accepted_interval": list(wilson(sum(o.accepted and not o.exact for o in outcomes), n)),
    }


def evaluate(
    folder: Path, pipeline: Pipeline, *, most: int | None = None, elapsed: Callable[[], float] = time.perf_counter
) -> Evaluation:
    """Read every picture of a labelled folder (the first `most` of them); ParkingError names what cannot be used."""
    by_file: dict[Path, list[Label]] = {}
    for label in labels.load(folder):
        by_file.setdefault(label.file, []).append(label)
    chosen = list(by_file.items())[:most]
    outcomes: list[Outcome] = []
    latencies, unlabelled = [], 0
    for number, (file, wanted) in enumerate(chosen):
        image = pictures.load(file)
        started = elapsed()
        reads = pipeline.read(Frame(image, str(folder), _SCENE_TIME, number))
        latencies.append((elapsed() - started) * 1000)
        matched = match(wanted, reads, pipeline)
        outcomes += [_outcome(label, read, image, pipeline) for label, read in matched]
        used = {id(read) for _, read in matched}
        unlabelled += sum(accepted(read, pipeline) for read in reads if id(read) not in used)
    return Evaluation(tuple(outcomes), len(chosen), unlabelled, tuple(latencies))


def accepted(read: PlateRead, pipeline: Pipeline) -> bool:
    """Whether a single frame would be believed: clear of the second candidate, and likely enough to be a plate at all."""
    settings = pipeline.settings
    return read.margin >= settings.accept_margin and read.log_probability >= settings.accept_log_probability


def match(
    wanted: Sequence[Label], reads: Sequence[PlateRead], pipeline: Pipeline
) -> list[tuple[Label, PlateRead | None]]:
    """Each label with the read that answers it: the same plate first, then the same place, then whatever is left."""
    left = list(reads)
    answers: dict[int, PlateRead] = {}
    for fits in (
        lambda label, read: _text(label, pipeline) == read.plate.text,
        lambda label, read: label.box is not None and _inside(label.box, read),
        lambda label, _read: label.box is None,
    ):
        for number, label in enumerate(wanted):
            found = next((read for read in left if number not in answers and fits(label, read)), None)
            if found is not None:
                answers[number] = found
                left = [read for read in left if read is not found]
    return [(label, answers.get(number)) for number, label in enumerate(wanted)]


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); (0, 1) where nothing was measured."""
    if n == 0:
        return 0.0, 1.0
    z = 1.959964
    middle = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(hits * (n - hits) / n + z * z / 4)
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


def _text(label: Label, pipeline: Pipeline) -> str:
    return pipeline.grammar.spelled(label.plate.text)


def _outcome(label: Label, read: PlateRead | None, image: Image, pipeline: Pipeline) -> Outcome:
    text, grammar = _text(label, pipeline), pipeline.grammar
    kind = grammar.kind_of(text)
    rest = grammar.without_region(text)
    said = read.plate.text if read is not None else ""
    return Outcome(
        label=label,
        read=read,
        kind=kind.value if kind is not None else "other",
        region=text[: len(text) - len(rest)] or "none",
        light="night" if float(image[::4, ::4].mean()) < _NIGHT else "day",
        exact=said == text,
        without_region=bool(said) and grammar.without_region(said) == rest,
        accepted=read is not None and accepted(read, pipeline),
    )


def _inside(box: tuple[float, float, float, float], read: PlateRead) -> bool:
    x, y, width, height = box
    centre_x, centre_y = read.corners.mean(axis=0)
    read_width = rectify.size(read.corners)[0]
    near = x <= centre_x <= x + width and y <= centre_y <= y + height
    return bool(near and 0.4 * width <= read_width <= 2.5 * width)


def _shares(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "n": len(outcomes),
        "exact": _share(o.exact for o in outcomes),
        "without_province": _share(o.without_region for o in outcomes),
        "accepted": _share(o.accepted for o in outcomes),
        "wrong_accepted": _share(o.accepted and not o.exact for o in outcomes),
    }


def _share(hits: Iterable[bool]) -> float:
    counted = list(hits)
    return round(sum(counted) / len(counted), 4) if counted else 0.0
