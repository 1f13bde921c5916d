"""How long to leave a silent board alone: twice as long each time, up to a bound, and never all boards at the same moment."""

from __future__ import annotations

from collections.abc import Callable


class Backoff:
    """`failed` and `answered` tell it what happened; `waits(now_s)` says whether it is too early to try again."""

    def __init__(self, first_s: float, most_s: float, jitter: Callable[[], float]) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._jitter = jitter
        self._span_s = 0.0
        self._not_before_s = float("-inf")

    def waits(self, now_s: float) -> bool:
        """Whether the board is still to be left alone."""
        return now_s < self._not_before_s

    def failed(self, now_s: float) -> None:
        """One more failure: wait for half to all of a span that doubles each time."""
        self._span_s = min(self._most_s, max(self._first_s, 2 * self._span_s))
        self._not_before_s = now_s + self._span_s * (0.5 + self._jitter() / 2)

    def answered(self) -> None:
        """The board is well: the next failure starts from the first span."""
        self._span_s, self._not_before_s = 0.0, float("-inf")
