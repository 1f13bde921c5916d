"""What a sign shows: a number that a driver can count on, FULL, or `----`. Pure.

Down at once, up with hesitation: rounded down, never up; full a little early; after FULL a number returns only when it will last.
"""

from __future__ import annotations

from dataclasses import dataclass

from guidance.model import ZoneView
from guidance.signs.base import UNKNOWN_FACE, VOUCHED_FOR_S, Colour, Face, FaceKind

STALE_AFTER_S = VOUCHED_FOR_S


@dataclass(frozen=True, slots=True)
class Advice:
    """How cautiously one zone is advertised; bays unless the name says otherwise."""

    full_at: int  # this many free bays or fewer are not promised
    reopen_at: int  # after FULL, a number returns at this many
    near_full: int  # yellow at this many or fewer
    step: int  # numbers are multiples of it, rounded down
    stale_after_s: float = STALE_AFTER_S

    @classmethod
    def for_capacity(cls, capacity: int, *, stale_after_s: float = STALE_AFTER_S) -> Advice:
        """The usual caution: 1 % of the bays kept back, 2 % (at least 2 bays) to reopen, steps of at most 1 %."""
        full_at = capacity // 100
        step = max(s for s in (1, 2, 5, 10, 20, 50, 100) if s == 1 or s * 100 <= capacity)
        return cls(full_at, full_at + max(2, capacity // 50), max(1, capacity // 10), step, stale_after_s)


def face(view: ZoneView | None, age_s: float, before: Face | None, advice: Advice, full_text: str = "FULL") -> Face:
    """The face for a zone seen `age_s` seconds ago, after the face `before`; no view, an unknown or a stale one is `----`."""
    if view is None or not view.known or age_s > advice.stale_after_s:
        return UNKNOWN_FACE
    full = Face(FaceKind.FULL, full_text, Colour.RED)
    was_full = before is not None and before.kind is FaceKind.FULL
    if view.free <= advice.full_at or (was_full and view.free < min(advice.reopen_at, view.capacity)):
        return full
    shown = view.free - view.free % advice.step
    if shown == 0:
        return full
    colour = Colour.YELLOW if view.free <= advice.near_full else Colour.GREEN
    return Face(FaceKind.NUMBER, str(shown), colour, shown)
