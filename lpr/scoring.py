"""What came of each labelled plate, and the shares of a group of them with 95 % intervals. A plate that was never found is wrong.

Shares are of labelled plates unless their name says otherwise; nothing is left out, nothing is tuned here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lpr import rectify
from lpr.frame import Corners, extent
from lpr.grammars.base import Grammar
from lpr.labels import Label
from lpr.model import PassageReading, PlateColour, PlateKind, PlateRead, Region

_MOST_WRONG = (0, 1, 2)
_NEAREST_SHARE, _WIDEST_SHARE = 0.4, 2.5  # a read's width as a share of its label's
_FOLD = str.maketrans("OI", "01")  # who labels abroad writes them as they look
_GROUND = {  # of the classes that have only one; the yellow and green of large new-energy cars counts as green
    **dict.fromkeys((PlateKind.NEW_ENERGY_SMALL, PlateKind.NEW_ENERGY_LARGE), PlateColour.GREEN),
    **dict.fromkeys((PlateKind.LEARNER, PlateKind.TRAILER), PlateColour.YELLOW),
    **dict.fromkeys(
        (PlateKind.POLICE, PlateKind.ARMED_POLICE, PlateKind.MILITARY, PlateKind.EMERGENCY), PlateColour.WHITE
    ),
    **dict.fromkeys((PlateKind.HONG_KONG, PlateKind.MACAU, PlateKind.CONSULATE, PlateKind.EMBASSY), PlateColour.BLACK),
}
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a label, in the words of a grammar; `colour` is None where neither note nor class tells it."""

    text: str
    rest: str  # without the province
    kind: str
    province: str
    colour: PlateColour | None
    light: str

    @classmethod
    def of(cls, label: Label, grammar: Grammar, *, bright: bool) -> Truth:
        """The truth of a label; `bright` says whether its picture looks like day, for a note that does not."""
        text = grammar.spelled(label.plate.text)
        rest = grammar.without_region(text)
        kind = grammar.kind_of(text)
        return cls(
            text=text,
            rest=rest,
            kind=kind.value if kind is not None else "other",
            province=text[: len(text) - len(rest)] or "none",
            colour=label.colour or (_GROUND.get(kind) if kind is not None else None),
            light=label.light or ("day" if bright else "night"),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """One labelled plate in one picture; `read` is what the pipeline said at its place, if anything, `detected` None without a box.

    `corner_error` is the mean distance of the detector's corners from the labelled ones, as a share of the plate's width.
    """

    label: Label
    truth: Truth
    read: PlateRead | PassageReading | None
    exact: bool
    exact_folded: bool
    without_province: bool
    accepted: bool
    detected: bool | None = None
    corner_error: float | None = None

    @property
    def wrong_accepted(self) -> bool:
        """Believed, and wrong."""
        return self.accepted and not self.exact

    @property
    def colour_right(self) -> bool | None:
        """Whether the ground was told rightly; None where the label does not know it."""
        if self.truth.colour is None:
            return None
        return self.read is not None and self.read.colour is self.truth.colour


def outcome(
    label: Label, truth: Truth, read: PlateRead | PassageReading | None, grammar: Grammar, *, accepted: bool
) -> Outcome:
    """The outcome of one label and the read that answers it."""
    said = read.plate.text if read is not None and read.plate is not None else ""
    return Outcome(
        label=label,
        truth=truth,
        read=read if said else None,
        exact=said == truth.text,
        exact_folded=said.translate(_FOLD) == truth.text.translate(_FOLD),
        without_province=bool(said) and grammar.without_region(said) == truth.rest,
        accepted=bool(said) and accepted,
    )


def answers(
    wanted: Sequence[tuple[Label, str]], reads: Sequence[PlateRead]
) -> tuple[list[PlateRead | None], list[PlateRead]]:
    """For each label (and its text) the read that answers it, and the reads left over.

    The same plate answers first, then the same place, then, for a label without a box, whatever is left.
    """
    left = list(reads)
    found: dict[int, PlateRead] = {}
    for fits in (
        lambda _label, text, read: text == read.plate.text,
        lambda label, _text, read: label.box is not None and inside(label.box, read.corners),
        lambda label, _text, _read: label.box is None,
    ):
        for number, (label, text) in enumerate(wanted):
            fitting = next((read for read in left if number not in found and fits(label, text, read)), None)
            if fitting is not None:
                found[number] = fitting
                left = [read for read in left if read is not fitting]
    return [found.get(number) for number in range(len(wanted))], left


def inside(box: Box, corners: Corners) -> bool:
    """Whether these corners are those of the plate in the box: their centre within, their width of the same order."""
    x, y, width, height = box
    centre_x, centre_y = corners.mean(axis=0)
    share = extent(corners)[0] / width
    near = x <= centre_x <= x + width and y <= centre_y <= y + height
    return bool(near and _NEAREST_SHARE <= share <= _WIDEST_SHARE)


def region_of(label: Label, regions: Sequence[Region]) -> Region | None:
    """The region that a detector found at a label's box, the one with the nearest corners where the label knows them."""
    fitting = [region for region in regions if label.box is not None and inside(label.box, region.corners)]
    return min(fitting, key=lambda region: corner_error(label, region) or 0.0, default=None)


def corner_error(label: Label, region: Region) -> float | None:
    """The mean distance of a region's corners from the labelled ones, as a share of the plate's width; None where those are not known."""
    if label.corners is None:
        return None
    true = rectify.order(label.corners)
    off = float(np.linalg.norm(rectify.order(region.corners) - true, axis=1).mean())
    return off / max(extent(true)[0], 1.0)


def measured(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The shares of these plates, with intervals where they decide something."""
    n = len(outcomes)
    flags: dict[str, list[bool]] = {
        "exact": [o.exact for o in outcomes],
        "exact_folded": [o.exact_folded for o in outcomes],
        "without_province": [o.without_province for o in outcomes],
        "accepted": [o.accepted for o in outcomes],
        "wrong_accepted": [o.wrong_accepted for o in outcomes],
        "found": [o.read is not None for o in outcomes],
    }
    colours = [o.colour_right for o in outcomes if o.colour_right is not None]
    return {
        "n": n,
        **{name: share(hits) for name, hits in flags.items()},
        **{f"{name}_interval": interval(hits) for name, hits in flags.items() if name not in ("found", "exact_folded")},
        "colour_n": len(colours),
        "colour_right": share(colours),
        "colour_wrong": share(
            o.read is not None and o.read.colour not in (None, o.truth.colour) for o in outcomes if o.truth.colour
        ),
    }


def detection_measured(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Finding told from reading, for labels with a box; `corner_error` is the median, None where no label has corners."""
    boxed = [o for o in outcomes if o.detected is not None]
    detected = [o for o in boxed if o.detected]
    errors = [o.corner_error for o in boxed if o.corner_error is not None]
    return {
        "boxed_n": len(boxed),
        "detected": share(bool(o.detected) for o in boxed),
        "detected_interval": interval(bool(o.detected) for o in boxed),
        "exact_of_detected": share(o.exact for o in detected),
        "corner_error": round(float(np.median(errors)), 4) if errors else None,
    }


def accepted_with_wrong(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The largest share that some threshold of confidence (of margin, among equals) accepts with at most 0, 1 and 2 of them wrong."""
    ranked = sorted((o for o in outcomes if o.read is not None), key=_sureness, reverse=True)
    best = dict.fromkeys(map(str, _MOST_WRONG), 0.0)
    wrong = 0
    for number, current in enumerate(ranked, start=1):
        wrong += not current.exact
        if number < len(ranked) and _sureness(ranked[number]) == _sureness(current):
            continue  # a threshold cannot part equals
        for most in _MOST_WRONG:
            if wrong <= most:
                best[str(most)] = round(number / len(outcomes), 4)
    return best


def by(outcomes: Sequence[Outcome], key: Callable[[Outcome], str]) -> dict[str, dict[str, Any]]:
    """The same shares for each group, largest group first; outcomes with an empty key are in none."""
    groups: dict[str, list[Outcome]] = {}
    for one in outcomes:
        if name := key(one):
            groups.setdefault(name, []).append(one)
    return {name: measured(groups[name]) for name in sorted(groups, key=lambda n: (-len(groups[n]), n))}


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); (0, 1) where nothing was measured."""
    if n == 0:
        return 0.0, 1.0
    z = 1.959964
    middle = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(hits * (n - hits) / n + z * z / 4)
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


def interval(hits: Iterable[bool]) -> list[float]:
    """Wilson's interval as JSON has it."""
    counted = list(hits)
    return list(wilson(sum(counted), len(counted)))


def share(hits: Iterable[bool]) -> float:
    """The share of hits, 0 of nothing."""
    counted = list(hits)
    return round(sum(counted) / len(counted), 4) if counted else 0.0


def _sureness(one: Outcome) -> tuple[float, float]:
    return (one.read.confidence, one.read.margin) if one.read is not None else (0.0, 0.0)
