"""By how much a camera's clock is off, measured only by what proves it: a heart-beat that tells its time. Pure.

A late push and a slow clock look the same, so pushes teach nothing; where no heart-beat tells the time, the camera's clock is taken
at its word, and a read that then seems too old, or from the future, decides nothing.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

_KEPT = 8
_LONGEST_S = 366 * 86_400.0


class ClockOffset:
    """Samples of one device; the least of the newest few, because a network only ever adds."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=_KEPT)

    def heard(self, told_at: datetime, received_at: datetime) -> None:
        """A heart-beat said `told_at` and came at `received_at`."""
        behind_s = (received_at - told_at).total_seconds()
        if abs(behind_s) > _LONGEST_S:
            behind_s = _LONGEST_S if behind_s > 0 else -_LONGEST_S
        if self._samples and abs(behind_s - min(self._samples)) > 5.0:
            self._samples.clear()  # somebody has set the clock
        self._samples.append(behind_s)

    @property
    def seconds(self) -> float | None:
        """What is to be added to the device's time; None before any heart-beat told it."""
        return min(self._samples) if self._samples else None

    def corrected(self, captured_at: datetime) -> datetime:
        """The same moment by our clock."""
        try:
            return captured_at + timedelta(seconds=self.seconds or 0.0)
        except OverflowError:
            return captured_at
