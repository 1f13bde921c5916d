"""One presentation is told once, and again at a steady pace while it lasts: a tag in the field is read fifty times a second, but a
car that comes nearer must be seen afresh. Nothing but such repetition is left out.
"""

from __future__ import annotations

from dataclasses import replace

from parking.gate.credentials.conversation import Seen
from parking.kernel.errors import invalid


class Presentations:
    """Which sightings are news. `again_s` is the pace at which a lasting one is told again; at most `most` are remembered."""

    def __init__(self, again_s: float = 1.0, most: int = 512) -> None:
        if not 0 < again_s <= 60 or most < 1:
            raise invalid("reader.pace", "should be above 0 and at most 60 seconds", field="again_s")
        self._again_s = again_s
        self._most = most
        self._told_s: dict[Seen, float] = {}

    def is_news(self, seen: Seen, now_s: float) -> bool:
        """Whether this sighting is to be told at `now_s` (monotonic seconds)."""
        key = replace(seen, rssi_dbm=None)  # heard louder is no news; a plate, a proof or a refusal is
        told_s = self._told_s.get(key)
        if told_s is not None and 0 <= now_s - told_s < self._again_s:
            return False
        self._told_s.pop(key, None)  # to the end: the dict is ordered by the time of telling
        self._told_s[key] = now_s
        self._forget(now_s)
        return True

    def _forget(self, now_s: float) -> None:
        while self._told_s:
            oldest = next(iter(self._told_s))
            if len(self._told_s) <= self._most and now_s - self._told_s[oldest] < self._again_s:
                return
            del self._told_s[oldest]
