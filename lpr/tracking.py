"""Which plates of successive frames are one vehicle: near enough to have driven there, and not clearly another plate; pure.

A plate never joins a vehicle that it cannot be. The next car in the same place is another vehicle; a bad look at the same car is not.
Frames are told in the order of time; within a frame, the order of the plates means nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from lpr.evidence import Evidence
from lpr.frame import Corners, Frame, extent
from lpr.model import Heading, PlateRead
from lpr.tally import Glimpse, Tally, same_view

_NEAR = 1.5
"""A plate is found again within so many of its widths of where it was seen last,"""
_NEAR_PER_S = 3.0
"""and this much further for each second since,"""
_FARTHEST = 4.0
"""but never further than this."""
_GROWS = 1.5
"""Its width changes by this factor at most from look to look, and by it again for each second."""
_ALIKE = 2
"""Plates that differ in no more signs than this may be one plate, read badly."""
_SURE_MARGIN, _SURE_CONFIDENCE = 2.0, 0.6
_PATH = 32
_MOST_TRACKS = 8
_MOVES = 0.06
"""A plate that grew or moved less than this share of its width has been standing."""


@dataclass(slots=True, eq=False)
class Track:
    """One vehicle as seen from frame to frame; times are monotonic seconds, corners pixels of the frame."""

    number: int
    corners: Corners
    first_s: float
    last_s: float
    tally: Tally = field(default_factory=Tally)
    frames: int = 0
    seen_at: datetime | None = None
    evidence: Evidence | None = None
    path: deque[tuple[float, Corners]] = field(default_factory=lambda: deque(maxlen=_PATH))
    _best: float = -1.0

    def reaches(self, glimpse: Glimpse) -> bool:
        """Whether this vehicle can be where the plate was seen, and of that size."""
        width, seen_width = extent(self.corners)[0], extent(glimpse.read.corners)[0]
        passed_s = max(0.0, glimpse.at_s - self.last_s)
        grows = _GROWS ** (1 + passed_s)
        near = min(_FARTHEST, _NEAR + _NEAR_PER_S * passed_s)
        return self.apart(glimpse.read.corners) <= near and 1 / grows <= seen_width / max(width, 1.0) <= grows

    def apart(self, corners: Corners) -> float:
        """Distance from where it was seen last, in plate widths."""
        away = np.linalg.norm(corners.mean(axis=0) - self.corners.mean(axis=0))
        return float(away) / max(1.0, extent(self.corners)[0], extent(corners)[0])

    def was_at(self, other: Track) -> bool:
        """Whether it has been seen, at some time, where the other was seen last."""
        near = _NEAR * extent(other.corners)[0]
        places = [*(corners for _, corners in self.path), self.corners]
        return any(float(np.linalg.norm(c.mean(axis=0) - other.corners.mean(axis=0))) <= near for c in places)

    def contradicts(self, read: PlateRead) -> bool:
        """Whether both are clear, and are different plates."""
        verdict = self.tally.verdict()
        if verdict is None or not _is_clear(verdict.margin, verdict.confidence):
            return False
        if not _is_clear(read.margin, read.confidence):
            return False
        return min(differing(verdict.plate.text, c.plate.text) for c in read.candidates) > _ALIKE

    def is_same_plate(self, read: PlateRead) -> bool:
        """Whether both say the same, and clearly: wherever it is seen, a plate is the same vehicle's."""
        verdict = self.tally.verdict()
        return (
            verdict is not None
            and verdict.plate == read.plate
            and _is_clear(read.margin, read.confidence)
            and _is_clear(verdict.margin, verdict.confidence)
        )

    def add(self, glimpse: Glimpse, frame: Frame | None) -> None:
        """See it once more; of all its pictures it keeps the best."""
        self.corners, self.last_s = glimpse.read.corners, glimpse.at_s
        self.seen_at = glimpse.read.captured_at
        self.frames += 1
        self.path.append((glimpse.at_s, glimpse.read.corners))
        self.tally.add(glimpse)
        worth = glimpse.weight * glimpse.read.confidence
        if frame is not None and worth > self._best:
            self._best = worth
            self.evidence = Evidence(frame.image, glimpse.read.corners, frame.camera, frame.captured_at, glimpse.weight)

    def view_since_s(self) -> float:
        """Since when it has been seen as it is seen now, without having moved."""
        since_s = self.last_s
        for at_s, corners in reversed(self.path):
            if not same_view(corners, self.corners):
                break
            since_s = at_s
        return since_s

    def heading(self) -> Heading | None:
        """Growing is approaching; where the size says little, moving down the picture is. None after a single look."""
        if len(self.path) < 2:
            return None
        widths = np.array([extent(corners)[0] for _, corners in self.path])
        heights = np.array([corners[:, 1].mean() for _, corners in self.path]) / max(1.0, float(widths.mean()))
        third = max(1, len(widths) // 3)
        grown = float(np.log(widths[-third:].mean() / max(1.0, widths[:third].mean())))
        sunk = float(heights[-third:].mean() - heights[:third].mean())
        if abs(grown) < _MOVES and abs(sunk) < _MOVES:
            return Heading.STANDING
        towards = grown if abs(grown) >= _MOVES else sunk
        return Heading.APPROACHING if towards > 0 else Heading.LEAVING


class Tracker:
    """The vehicles before one camera; a bounded number of them, the longest unseen forgotten first."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self._count = 0

    def see(self, glimpses: Iterable[Glimpse], frame: Frame | None = None) -> list[Track]:
        """One frame's plates, each joined to its vehicle or the first of a new one; the vehicles seen, in the order of their numbers."""
        waiting = sorted((glimpse for glimpse in glimpses if glimpse.weight > 0), key=_canonical)
        pairs = sorted(
            (
                (self._cost(track, glimpse), track.number, number)
                for track in self.tracks
                for number, glimpse in enumerate(waiting)
                if _may_be(track, glimpse)
            )
        )
        by_number = {track.number: track for track in self.tracks}
        joined: dict[int, Track] = {}
        for _, track_number, number in pairs:
            track = by_number[track_number]
            if number not in joined and track not in joined.values():
                joined[number] = track
        for number, glimpse in enumerate(waiting):
            if number not in joined:
                joined[number] = self._begin(glimpse)
            joined[number].add(glimpse, frame)
        seen = sorted(joined.values(), key=lambda track: track.number)
        self._forget()
        return seen

    def end(self, track: Track) -> None:
        """Follow it no more."""
        self.tracks.remove(track)

    def _begin(self, glimpse: Glimpse) -> Track:
        self._count += 1
        track = Track(self._count, glimpse.read.corners, glimpse.at_s, glimpse.at_s)
        self.tracks.append(track)
        return track

    def _forget(self) -> None:
        while len(self.tracks) > _MOST_TRACKS:
            self.tracks.remove(min(self.tracks, key=lambda track: (track.last_s, track.frames, -track.number)))

    @staticmethod
    def _cost(track: Track, glimpse: Glimpse) -> float:
        verdict = track.tally.verdict()
        signs = (
            0 if verdict is None else min(differing(verdict.plate.text, c.plate.text) for c in glimpse.read.candidates)
        )
        return track.apart(glimpse.read.corners) + signs


def _may_be(track: Track, glimpse: Glimpse) -> bool:
    if track.is_same_plate(glimpse.read):
        return True
    return track.reaches(glimpse) and not track.contradicts(glimpse.read)


def _is_clear(margin: float, confidence: float) -> bool:
    return margin >= _SURE_MARGIN and confidence >= _SURE_CONFIDENCE


def _canonical(glimpse: Glimpse) -> tuple[float, str, tuple[float, ...]]:
    read = glimpse.read
    return -read.confidence, read.plate.text, tuple(read.corners.ravel().tolist())


def differing(one: str, other: str) -> int:
    """How many signs must be changed, added or taken away to make one of the other."""
    row = list(range(len(other) + 1))
    for above, sign in enumerate(one, 1):
        diagonal, row[0] = row[0], above
        for place, against in enumerate(other, 1):
            diagonal, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, diagonal + (sign != against))
    return row[-1]
