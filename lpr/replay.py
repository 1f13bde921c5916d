"""Does the picture repeat itself? A sensor's noise never comes back: a look that has the noise of an earlier one was recorded. Pure.

Each look is kept as the signs of what differs from the average place, finely enough that only noise is left; that outlives being
compressed again (measured: 0.72 to 1.00 of the signs agree, 0.50 to 0.56 of independent looks). Codecs carry noise along for a few
seconds, a shaking camera repeats its edges: a match counts only when it has gone and come back, and when few others match as well.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from lpr.motion import Grey

LONGEST_S = 180.0
"""Recordings that repeat after longer than this are not found out here."""
_KEPT = 800
_SHORTEST_S = 4.0
_CARRIED_S = 2.0
"""So long a codec may carry the noise of a picture along."""
_ALIKE = 0.66
_UNLIKE = 0.60
_AS_ALIKE = 0.1
_LEAST_SIGNS = 140
_LEAST_LEVELS = 1.5
_NOISE_LEVELS = 4.0
"""Of a small grey picture: what differs by more is no noise."""
_STRANGERS = 2
_SAME_LAG_S, _SAME_LAG_SHARE = 0.15, 0.05
"""Two looks have the same lag when these differ by no more: a player does not keep time to the frame."""
_NEEDED = 3
_WITHIN_S = 5.0
_SUSPECTED_S = 2.0
_LEARN = 1 / 16
_FIRST_LOOKS = 4

Words = npt.NDArray[np.uint64]


class Replay:
    """Remembers the looks of one camera; `see` them in the order of time (monotonic seconds)."""

    def __init__(self) -> None:
        self._place: npt.NDArray[np.float32] | None = None
        self._looks = 0
        self._times = np.zeros(_KEPT)
        self._signs: Words | None = None
        self._valid: Words | None = None
        self._count = 0
        self._found: deque[tuple[float, float]] = deque(maxlen=64)
        self.suspected_s = float("-inf")
        """When a look last matched an earlier one: more looks soon settle it."""

    def see(self, grey: Grey, at_s: float) -> None:
        """Take one look, a small grey picture (height x width)."""
        fresh = self._fresh(grey)
        if fresh is None:
            return
        signs, valid = fresh
        if self._signs is None or self._valid is None or self._signs.shape[1] != signs.size:
            self._signs, self._valid = np.zeros((2, _KEPT, signs.size), dtype=np.uint64)
            self._count = 0
        lag_s = self._lag(signs, valid, at_s)
        if lag_s is not None:
            self._found.append((at_s, lag_s))
            self.suspected_s = at_s
        slot = self._count % _KEPT
        self._signs[slot], self._valid[slot], self._times[slot] = signs, valid, at_s
        self._count += 1

    def repeats_after_s(self, now_s: float) -> float | None:
        """How long the recording is that is shown again and again; None while nothing says so."""
        lately = [lag for at, lag in self._found if now_s - at <= _WITHIN_S]
        for lag in lately:
            if sum(abs(lag - other) <= _SAME_LAG_S + _SAME_LAG_SHARE * lag for other in lately) >= _NEEDED:
                return lag
        return None

    def is_suspected(self, now_s: float) -> bool:
        """Whether a closer look is worth its price."""
        return now_s - self.suspected_s <= _SUSPECTED_S

    def forget(self) -> None:
        """The camera was away: whatever comes now is compared with nothing before."""
        self._place, self._looks, self._count = None, 0, 0
        self._found.clear()
        self.suspected_s = float("-inf")

    def _fresh(self, grey: Grey) -> tuple[Words, Words] | None:
        now = grey.astype(np.float32)
        place = self._place
        if place is None or place.shape != now.shape:
            self._place, self._looks = now, 1
            return None
        self._looks += 1
        differs = now - place
        place += np.where(np.abs(differs) > _NOISE_LEVELS, differs, differs * np.float32(max(_LEARN, 1 / self._looks)))
        if self._looks <= _FIRST_LOOKS or min(now.shape) < 3:
            return None
        differs[np.abs(differs) > _NOISE_LEVELS] = 0.0  # something came or went there: its trace is no noise
        around = differs[:-2, 1:-1] + differs[2:, 1:-1] + differs[1:-1, :-2] + differs[1:-1, 2:]
        fine = (4 * differs[1:-1, 1:-1] - around)[::2, ::2]
        return _packed(fine > 0), _packed(np.abs(fine) > _LEAST_LEVELS)

    def _lag(self, signs: Words, valid: Words, at_s: float) -> float | None:
        """How long ago this very look was seen before."""
        kept = min(self._count, _KEPT)
        assert self._signs is not None
        assert self._valid is not None
        lags = at_s - self._times[:kept]
        old = np.flatnonzero((lags >= _SHORTEST_S) & (lags <= LONGEST_S))
        if old.size < 8:
            return None
        both = self._valid[:kept] & valid
        counted = np.bitwise_count(both).sum(axis=1, dtype=np.int32)
        alike = counted - np.bitwise_count((self._signs[:kept] ^ signs) & both).sum(axis=1, dtype=np.int32)
        share = np.where(counted >= _LEAST_SIGNS, alike / np.maximum(counted, 1), 0.5)
        likeliest = float(share[old].max())
        if likeliest < _ALIKE:
            return None
        lag = float(lags[old[share[old] >= max(_ALIKE, likeliest - _AS_ALIKE)]].min())  # not a multiple of it
        between = share[(lags > 1.0) & (lags < lag - 1.0)]
        if between.size < 4 or float((between < _UNLIKE).mean()) < 0.7:
            return None  # it never went away
        turns = lags / lag
        apart_s = np.abs(turns - np.maximum(1, np.round(turns))) * lag
        strangers = (share >= _ALIKE) & (lags > _CARRIED_S) & (apart_s > 0.5)
        return lag if int(strangers.sum()) <= _STRANGERS else None


def _packed(bits: npt.NDArray[np.bool_]) -> Words:
    packed = np.packbits(bits.ravel())
    return np.frombuffer(packed.tobytes() + b"\0" * (-packed.size % 8), dtype=np.uint64)
