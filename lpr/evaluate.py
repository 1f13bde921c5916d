"""How well a pipeline reads labelled folders, picture by picture and passage by passage, said honestly.

One thread, the site's own province unknown, no tuning. What was missed counts as wrong; failures are kept for a contact sheet.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lpr import labels, pictures, scoring
from lpr.confusion import NOTHING, Confusion, Counting
from lpr.contact_sheet import Failure, failure_of, stray
from lpr.frame import Frame, Image
from lpr.labels import Label
from lpr.model import PlateRead
from lpr.pipeline import Pipeline
from lpr.scoring import Outcome, Truth, wilson
from lpr.sharpness import glimpses
from lpr.vote import Ballot
from parking.kernel.errors import invalid

__all__ = ["Evaluation", "accepted", "evaluate", "wilson"]

_NIGHT = 60.0  # of 255 mean brightness
_PACE_S = 0.2  # between two pictures of a passage
_SCENE_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # pictures have no time of their own; a read needs one


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that was measured on one folder, or on several; latencies in milliseconds per picture, decoding not counted.

    `strays` are reads with no labelled plate behind them, `doubles` second reads of a labelled plate, `passages` one outcome per
    vehicle of whose pictures the labels say that they belong together.
    """

    outcomes: tuple[Outcome, ...]
    passages: tuple[Outcome, ...]
    failures: tuple[Failure, ...]
    pictures: int
    strays: int
    accepted_strays: int
    doubles: int
    latencies_ms: tuple[float, ...]
    sets: dict[str, Evaluation] = field(default_factory=dict)

    def report(self) -> dict[str, Any]:
        """One flat object for scripts; docs/lpr.md lists the keys."""
        report = {
            **scoring.measured(self.outcomes),
            "accepted_with_wrong": scoring.accepted_with_wrong(self.outcomes),
            **scoring.detection_measured(self.outcomes),
            "pictures": self.pictures,
            "false_strings": self.strays,
            "false_strings_per_100": round(100 * self.strays / max(1, self.pictures), 2),
            "false_strings_accepted": self.accepted_strays,
            "second_strings": self.doubles,
            "latency_ms": round(statistics.median(self.latencies_ms), 2),
            "latency_ms_p95": round(float(np.percentile(self.latencies_ms, 95)), 2),
            "by_class": scoring.by(self.outcomes, lambda o: o.truth.kind),
            "by_colour": scoring.by(self.outcomes, lambda o: o.truth.colour.value if o.truth.colour else "unlabelled"),
            "by_province": scoring.by(self.outcomes, lambda o: o.truth.province),
            "by_light": scoring.by(self.outcomes, lambda o: o.truth.light),
            "by_note": scoring.by(self.outcomes, lambda o: o.label.word),
            "passages": len(self.passages),
        }
        if self.passages:
            of_passages = scoring.measured(self.passages)
            report |= {f"passage_{name}": value for name, value in of_passages.items() if name != "n"}
            report["passage_by_class"] = scoring.by(self.passages, lambda o: o.truth.kind)
            report["passage_by_light"] = scoring.by(self.passages, lambda o: o.truth.light)
        if self.sets:
            report["by_set"] = {name: one.report() for name, one in self.sets.items()}
        return report

    def confusion(self, measured: dict[str, str]) -> Confusion:
        """What was taken for what, per picture and per passage; `measured` says how."""
        return Confusion(measured, _counted(self.outcomes), _counted(self.passages))


def evaluate(
    folder: Path, pipeline: Pipeline, *, most: int | None = None, elapsed: Callable[[], float] = time.perf_counter
) -> Evaluation:
    """Read every picture of a labelled folder (the first `most` of them); ParkingError names what cannot be used."""
    by_file: dict[Path, list[Label]] = {}
    for label in labels.load(folder):
        by_file.setdefault(label.file, []).append(label)
    run = _Run(folder, pipeline, elapsed)
    with _one_thread():
        for file, wanted in list(by_file.items())[:most]:
            run.read(file, wanted)
    return run.evaluation()


def evaluate_all(folders: Sequence[Path], pipeline: Pipeline, *, most: int | None = None) -> Evaluation:
    """Several folders as one, each also on its own under its name in `sets`."""
    sets: dict[str, Evaluation] = {}
    for folder in folders:
        name = folder.resolve().name
        if name in sets:
            raise invalid("evaluate.twice", "there are two folders of this name", field=str(folder))
        sets[name] = evaluate(folder, pipeline, most=most)
    if len(sets) == 1:
        return next(iter(sets.values()))
    parts = list(sets.values())
    return Evaluation(
        outcomes=tuple(o for part in parts for o in part.outcomes),
        passages=tuple(o for part in parts for o in part.passages),
        failures=tuple(f for part in parts for f in part.failures),
        pictures=sum(part.pictures for part in parts),
        strays=sum(part.strays for part in parts),
        accepted_strays=sum(part.accepted_strays for part in parts),
        doubles=sum(part.doubles for part in parts),
        latencies_ms=tuple(ms for part in parts for ms in part.latencies_ms),
        sets=sets,
    )


def accepted(read: PlateRead, pipeline: Pipeline) -> bool:
    """Whether a single frame would be believed: clear of the second candidate, and likely enough to be a plate at all."""
    settings = pipeline.settings
    return read.margin >= settings.accept_margin and read.confidence >= settings.accept_confidence


@dataclass(slots=True)
class _Passage:
    """One vehicle's frames so far; label and truth are those of its first picture."""

    ballot: Ballot
    label: Label
    truth: Truth
    at_s: float = 0.0


class _Run:
    """One folder on its way through a pipeline."""

    def __init__(self, folder: Path, pipeline: Pipeline, elapsed: Callable[[], float]) -> None:
        self._folder = folder
        self._pipeline = pipeline
        self._elapsed = elapsed
        self._outcomes: list[Outcome] = []
        self._failures: list[Failure] = []
        self._latencies: list[float] = []
        self._passages: dict[str, _Passage] = {}
        self._strays = self._accepted_strays = self._doubles = 0

    def read(self, file: Path, wanted: Sequence[Label]) -> None:
        """One picture and everything that is known to be on it."""
        image = pictures.load(file)
        frame = Frame(image, str(self._folder), _SCENE_TIME, len(self._latencies))
        started = self._elapsed()
        reads = self._pipeline.read(frame)
        self._latencies.append((self._elapsed() - started) * 1000)
        grammar = self._pipeline.grammar
        bright = float(image[::4, ::4].mean()) >= _NIGHT
        truths = [Truth.of(label, grammar, bright=bright) for label in wanted]
        answers, left = scoring.answers([(label, t.text) for label, t in zip(wanted, truths, strict=True)], reads)
        regions = self._pipeline.regions(frame) if any(label.box for label in wanted) else ()
        for label, truth, answer in zip(wanted, truths, answers, strict=True):
            believed = answer is not None and accepted(answer, self._pipeline)
            one = scoring.outcome(label, truth, answer, grammar, accepted=believed)
            if label.box is not None:
                region = scoring.region_of(label, regions)
                error = scoring.corner_error(label, region) if region is not None else None
                one = replace(one, detected=region is not None, corner_error=error)
            else:
                region = None
            self._outcomes.append(one)
            self._failures += failure_of(one, answer, image, region)
            self._vote(label, truth, frame, reads)
        for read in left:
            self._unasked(file, wanted, read, image)

    def evaluation(self) -> Evaluation:
        """All that was read so far."""
        return Evaluation(
            outcomes=tuple(self._outcomes),
            passages=tuple(self._outcome_of(passage) for passage in self._passages.values()),
            failures=tuple(self._failures),
            pictures=len(self._latencies),
            strays=self._strays,
            accepted_strays=self._accepted_strays,
            doubles=self._doubles,
            latencies_ms=tuple(self._latencies),
        )

    def _unasked(self, file: Path, wanted: Sequence[Label], read: PlateRead, image: Image) -> None:
        """A read that answers no label: of a plate that has its answer already, or of nothing that is a plate."""
        if any(label.box is not None and scoring.inside(label.box, read.corners) for label in wanted):
            self._doubles += 1
            return
        self._strays += 1
        self._accepted_strays += accepted(read, self._pipeline)
        self._failures.append(stray(file, read, image))

    def _vote(self, label: Label, truth: Truth, frame: Frame, reads: Sequence[PlateRead]) -> None:
        """Hand a frame to its passage, weighted by sharpness as at a gate; frames have no time of their own, so they get a pace."""
        if label.passage:
            passage = self._passages.setdefault(
                label.passage, _Passage(Ballot(self._pipeline.settings, label.passage), label, truth)
            )
            passage.at_s += _PACE_S
            passage.ballot.see(glimpses(frame, reads, passage.at_s), passage.at_s)

    def _outcome_of(self, passage: _Passage) -> Outcome:
        """Believed as at a gate: clear of the second candidate, and more than one frame agrees where there was more than one."""
        settings, reading = self._pipeline.settings, passage.ballot.reading()
        agreeing = min(settings.settled_frames, reading.frames)
        believed = reading.margin >= settings.passage_margin and reading.agreeing >= agreeing
        return scoring.outcome(passage.label, passage.truth, reading, self._pipeline.grammar, accepted=believed)


def _counted(outcomes: Sequence[Outcome]) -> Any:
    counting = Counting()
    for one in outcomes:
        said = one.read.plate.text if one.read is not None and one.read.plate is not None else None
        read_as = one.read.kind.value if one.read is not None and one.read.kind is not None else NOTHING
        counting.add(one.truth.kind, one.truth.text, said, read_as=read_as, accepted=one.accepted)
        if one.truth.colour is not None and one.read is not None:
            counting.add_colour(one.truth.colour.value, one.read.colour.value if one.read.colour else NOTHING)
    return counting.tally()


@contextmanager
def _one_thread() -> Iterator[None]:
    """OpenCV on one thread, as the models are, so that latencies are those of one core."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
