"""How late a stream's pictures come, told by its own clock: what arrives later than the promptest picture of the last minutes. Pure.

A stream that was late from its first picture on looks prompt here; that one is found by what stands on the loop and is not shown.
"""

from __future__ import annotations

from collections import deque

_REMEMBERED_S = 300.0
"""Clocks drift: what was prompt longer ago than this says nothing any more (50 ppm: 15 ms)."""
_JUMP_S = 30.0


class LagMeter:
    """Feed it each picture's place in the stream (s) and when it arrived (monotonic s)."""

    def __init__(self) -> None:
        self._least: deque[tuple[float, float]] = deque()
        """Arrival less place, rising; the first is the promptest of all that are remembered."""
        self._place_s: float | None = None

    def late_s(self, place_s: float, arrived_s: float) -> float:
        """By how much this picture is late."""
        if self._place_s is not None and not 0 <= place_s - self._place_s <= _JUMP_S:
            self._least.clear()  # the stream began anew, or its clock was set
        self._place_s = place_s
        behind = arrived_s - place_s
        while self._least and self._least[-1][1] >= behind:
            self._least.pop()
        self._least.append((arrived_s, behind))
        while arrived_s - self._least[0][0] > _REMEMBERED_S:
            self._least.popleft()
        return behind - self._least[0][1]

    def forget(self) -> None:
        """A new connection begins."""
        self._least.clear()
        self._place_s = None
