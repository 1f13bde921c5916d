"""Several frames of one vehicle, one reading: of all vehicles in the pictures the nearest one counts; pure.

The sums are `lpr.tally`'s, who is who is `lpr.tracking`'s. The car behind is never mixed in, and one that has left no longer counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from lpr.frame import Frame, extent
from lpr.model import PassageReading, PlateRead
from lpr.settings import Settings
from lpr.tally import Glimpse
from lpr.tracking import Track, Tracker
from parking.kernel.votes import Votes

_PACE_S = 0.2
"""Frames that are told without a time are taken to be this far apart."""


class Ballot:
    """The frames of one passage; feed it every frame's reads, ask it at any time."""

    def __init__(self, settings: Settings | None = None, passage: str = "") -> None:
        self._settings = settings or Settings()
        self._passage = passage
        self._tracker = Tracker()
        self._frames = 0
        self._now_s = 0.0

    def add(self, reads: Iterable[PlateRead]) -> None:
        """Count one frame, with all plates read in it (or none), each at its full weight."""
        at_s = self._now_s + _PACE_S
        self.see([Glimpse(read, 1.0, at_s) for read in reads], at_s)

    def see(self, glimpses: Iterable[Glimpse], at_s: float, frame: Frame | None = None) -> None:
        """Count one frame, weighted; `frame` is kept where it is the best picture so far."""
        self._frames += 1
        self._now_s = max(self._now_s, at_s)
        self._tracker.see(glimpses, frame)

    def leader(self) -> Track | None:
        """The vehicle that counts: still there, near (its plate is wide), and seen in many frames."""
        tracks = self._tracker.tracks
        present = [track for track in tracks if self._now_s - track.last_s <= self._settings.gone_after_s]
        present = [track for track in present if not any(replaces(other, track, self._settings) for other in present)]
        if present:
            return max(present, key=lambda track: (_presence(track), -track.number))
        return max(tracks, key=lambda track: (track.last_s, _presence(track)), default=None)

    def lost_sight(self) -> bool:
        """Whether the newest frame did not show the vehicle that counts."""
        leader = self.leader()
        return leader is not None and leader.last_s < self._now_s

    def reading(self) -> PassageReading:
        """What the frames so far say of the vehicle that stands nearest; `plate` is None while nothing was read."""
        leader = self.leader()
        if leader is None:
            return PassageReading(None, None, None, 0.0, 0.0, 0, self._frames, None, passage=self._passage)
        return reading_of(leader, self._settings, passage=self._passage, frames=self._frames)


def reading_of(track: Track, settings: Settings, *, passage: str, frames: int, over: bool = False) -> PassageReading:
    """All that is known of one vehicle that has been seen; its time is when it was seen last itself, whoever else was seen since."""
    verdict = track.tally.verdict()
    assert verdict is not None, "a track begins with a vote"
    return PassageReading(
        plate=verdict.plate,
        kind=verdict.kind,
        colour=verdict.colour,
        confidence=verdict.confidence,
        margin=verdict.margin,
        agreeing=verdict.agreeing,
        frames=frames,
        captured_at=track.seen_at,
        passage=passage,
        heading=track.heading(),
        evidence=track.evidence,
        settled=is_settled(track, settings),
        over=over,
        votes=Votes.of(((plate.text, said) for plate, said in verdict.sums), verdict.colour, verdict.kind),
    )


def is_settled(track: Track, settings: Settings) -> bool:
    """Whether further frames are not needed: the margin is wide, and enough frames agree."""
    verdict = track.tally.verdict()
    return (
        verdict is not None
        and verdict.margin >= settings.settled_margin
        and verdict.agreeing >= settings.settled_frames
    )


def wants_frames(track: Track, settings: Settings) -> bool:
    """Whether another frame soon is worth its price: not settled, and the view has not been looked at to the end."""
    if is_settled(track, settings):
        return False
    since_s = track.view_since_s()
    return (
        track.tally.frames_of_view(track.corners) < settings.most_frames
        and track.last_s - since_s < settings.longest_reading_s
    )


def replaces(newer: Track, older: Track, settings: Settings) -> bool:
    """Whether a vehicle stands where the other stood, and has been read since the other was seen last."""
    verdict = newer.tally.verdict()
    return (
        newer is not older
        and verdict is not None
        and verdict.agreeing >= settings.settled_frames
        and newer.last_s > older.last_s
        and newer.first_s >= older.last_s
        and newer.apart(older.corners) <= 1.0
    )


def _presence(track: Track) -> float:
    """Width in pixels summed over the frames kept, each by its confidence."""
    return sum(extent(vote.read.corners)[0] * vote.read.confidence for vote in track.tally.votes)
