"""Whose doing it is that a coil is on: ours, a contact that does not open any more, or another master on the same board.

(A board that kept an order back and carries it out long after we gave it up looks like another master, and is as wrong.)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

REMEMBERED_S = 60.0
"""A foreign pulse is over in half a second; it is told for so long."""


class CoilTrouble(StrEnum):
    WELDED = "stays on"
    FOREIGN = "came on without an order of ours"


@dataclass(slots=True)
class _Coil:
    ours_from_s: float
    ours_until_s: float
    seen_on: bool | None = None
    foreign_s: float = float("-inf")
    stays_on: bool = False


class CoilWatch:
    """Fed with our orders and with what the board says; a coil may be on for `slack_s` longer than ordered. Times are monotonic seconds."""

    def __init__(self, now_s: float, *, slack_s: float = 1.0, before_s: float = 5.0) -> None:
        self._slack_s = slack_s
        self._before_until_s = (
            now_s + before_s
        )  # before our time there may have been a pulse of the program that we replace
        self._coils: dict[int, _Coil] = {}

    def ordered(self, coil: int, from_s: float, until_s: float) -> None:
        """We switched a coil on at `from_s`, or tried to, until `until_s` (infinity: held; `from_s`: let go)."""
        watched = self._coil(coil)
        watched.ours_from_s, watched.ours_until_s = from_s, max(until_s, from_s)
        watched.stays_on, watched.seen_on = False, None

    def saw(self, coil: int, on: bool, read_s: float) -> None:
        """The board said so in a reading that began at `read_s`."""
        watched = self._coil(coil)
        if watched.ours_from_s > read_s:
            return  # asked before our order: it says nothing about it
        if not on:
            watched.stays_on = False
        elif read_s > watched.ours_until_s + self._slack_s:
            if watched.seen_on is False or watched.foreign_s > watched.ours_from_s:
                watched.foreign_s = read_s
            else:
                watched.stays_on = True
        watched.seen_on = on

    def trouble(self, coil: int, now_s: float) -> CoilTrouble | None:
        """What is wrong with a coil; a foreign order is worse than a contact that sticks."""
        watched = self._coil(coil)
        if now_s - watched.foreign_s < REMEMBERED_S:
            return CoilTrouble.FOREIGN
        return CoilTrouble.WELDED if watched.stays_on else None

    def troubles(self, now_s: float) -> str:
        """All that is wrong, for a technician; empty when nothing is."""
        found = ((coil, self.trouble(coil, now_s)) for coil in sorted(self._coils))
        return "; ".join(f"coil {coil} {trouble}" for coil, trouble in found if trouble is not None)

    def _coil(self, coil: int) -> _Coil:
        return self._coils.setdefault(coil, _Coil(float("-inf"), self._before_until_s))
