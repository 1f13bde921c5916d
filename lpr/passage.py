"""From frames to passages: which frames are worth reading, which vehicles they show, when one has gone; pure.

A vehicle that stands is read again slowly, and its passage lasts as long as it stands. A passage that ends and another that begins in
the same place are two. `ToldPassage` is one that somebody else begins and ends (a loop); `SeenPassages` are told by the picture alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from lpr.frame import Frame
from lpr.model import PassageReading
from lpr.motion import Stir
from lpr.settings import Settings
from lpr.tally import Glimpse
from lpr.tracking import Track, Tracker
from lpr.vote import Ballot, reading_of, replaces, wants_frames

_PATIENCE_S = 4.0
"""So long a vehicle whose plate cannot be read is looked at eagerly."""
_AROUND_ACROSS, _AROUND_UP = 0.5, 1.5
"""The part of the vehicle round the plate that tells whether it still stands there, in plate widths."""


class Follower(Protocol):
    """What a worker asks while it runs: how often to read, and what a frame that was read says."""

    def pace(self, stir: Stir | None, at_s: float) -> float:
        """Frames per second worth reading now, 0 for none; `stir` is what the last look showed, where there was one."""
        ...

    def see(
        self, glimpses: Iterable[Glimpse], frame: Frame, stir: Stir | None, at_s: float
    ) -> tuple[PassageReading, ...]:
        """Take the plates of one frame; what is to be told now."""
        ...

    def close(self) -> tuple[PassageReading, ...]:
        """No frame will follow; what is left to be told."""
        ...


class ToldPassage:
    """One vehicle that stands on a loop: every frame is told, and the vehicle is the nearest."""

    def __init__(self, name: str, settings: Settings) -> None:
        self._settings = settings
        self._ballot = Ballot(settings, name)
        self._since_s: float | None = None

    def pace(self, stir: Stir | None, at_s: float) -> float:  # noqa: ARG002 - the loop knows better than the picture
        settings = self._settings
        if self._since_s is None:
            self._since_s = at_s
        leader = self._ballot.leader()
        eager = at_s - self._since_s < _PATIENCE_S
        if leader is not None:
            eager = wants_frames(leader, settings) or self._ballot.lost_sight()
        return settings.frames_per_second if eager else settings.standing_frames_per_second

    def see(
        self,
        glimpses: Iterable[Glimpse],
        frame: Frame,
        stir: Stir | None,  # noqa: ARG002
        at_s: float,
    ) -> tuple[PassageReading, ...]:
        self._ballot.see(glimpses, at_s, frame)
        return (self._ballot.reading(),)

    def close(self) -> tuple[PassageReading, ...]:
        return ()  # whoever began it ends it


class SeenPassages:
    """All vehicles before one camera; each is told when its plate is known, when that changes, and once more when it is over."""

    def __init__(self, camera: str, settings: Settings) -> None:
        self._camera = camera
        self._settings = settings
        self._tracker = Tracker()
        self._told: dict[int, PassageReading] = {}
        self._stirred_s: float | None = None
        self._read_s = float("-inf")

    @property
    def holds(self) -> bool:
        """Whether some vehicle is there, so that the picture is not the empty place."""
        return bool(self._tracker.tracks)

    def pace(self, stir: Stir | None, at_s: float) -> float:
        settings = self._settings
        if stir is None or stir.moves or stir.is_there:
            self._stirred_s = at_s if self._stirred_s is None else self._stirred_s
        else:
            self._stirred_s = None
        tracks = self._tracker.tracks
        doubtful = any(wants_frames(track, settings) or track.last_s < self._read_s for track in tracks)
        news = self._stirred_s is not None and at_s - self._stirred_s < _PATIENCE_S
        if doubtful or (news and (not tracks or (stir is not None and stir.moves))):
            return settings.frames_per_second
        return settings.standing_frames_per_second if tracks or self._stirred_s is not None else 0.0

    def see(
        self, glimpses: Iterable[Glimpse], frame: Frame, stir: Stir | None, at_s: float
    ) -> tuple[PassageReading, ...]:
        self._read_s = at_s
        before = len(self._tracker.tracks)
        seen = self._tracker.see(glimpses, frame)
        if len(self._tracker.tracks) > before:
            self._stirred_s = at_s  # where one comes, another may follow
        readings = [self._end(track) for track in self._gone(frame, stir, at_s)]
        readings += [self._news(track) for track in seen if track in self._tracker.tracks]
        return tuple(reading for reading in readings if reading is not None)

    def close(self) -> tuple[PassageReading, ...]:
        readings = [self._end(track) for track in tuple(self._tracker.tracks)]
        return tuple(reading for reading in readings if reading is not None)

    def _gone(self, frame: Frame, stir: Stir | None, at_s: float) -> list[Track]:
        settings, tracks = self._settings, self._tracker.tracks
        gone = []
        for track in tracks:
            unseen_s = at_s - track.last_s
            stands = unseen_s < settings.hidden_at_most_s and stir is not None and _still_there(track, frame, stir)
            if any(replaces(other, track, settings) for other in tracks) or (
                unseen_s >= settings.gone_after_s and not stands
            ):
                gone.append(track)
        return gone

    def _news(self, track: Track) -> PassageReading | None:
        """What is to be told of a vehicle just seen: nothing before enough frames agree, and nothing twice."""
        reading = self._reading(track)
        told = self._told.get(track.number)
        if told is None and reading.agreeing < self._settings.settled_frames:
            return None
        if told is not None and (told.plate, told.settled) == (reading.plate, reading.settled):
            return None
        self._told[track.number] = reading
        return reading

    def _end(self, track: Track) -> PassageReading | None:
        """The last word on a vehicle; none where it was a bad look at another one."""
        self._tracker.end(track)
        told = self._told.pop(track.number, None)
        others = self._tracker.tracks
        if told is None and any(
            other.first_s <= track.last_s and track.first_s <= other.last_s and other.was_at(track) for other in others
        ):
            return None
        return self._reading(track, over=True)

    def _reading(self, track: Track, *, over: bool = False) -> PassageReading:
        return reading_of(
            track,
            self._settings,
            passage=f"{self._camera}-{track.number}",
            frames=track.frames,
            over=over,
        )


def _still_there(track: Track, frame: Frame, stir: Stir) -> bool:
    """Whether the picture still shows something where the vehicle was read last."""
    height, width = frame.image.shape[:2]
    low, high = track.corners.min(axis=0), track.corners.max(axis=0)
    across = float(high[0] - low[0])
    return stir.is_taken(
        (float(low[0]) - _AROUND_ACROSS * across) / width,
        (float(low[1]) - _AROUND_UP * across) / height,
        (float(high[0]) + _AROUND_ACROSS * across) / width,
        float(high[1]) / height,
    )
