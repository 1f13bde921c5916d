"""Who is called after how long: a ladder of roles and seconds, and nothing but arithmetic.

Whoever was called stays called: a higher rung adds people, it never takes the first ones off. A call that somebody took and forgot
goes back to everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from parking.kernel.errors import invalid


@dataclass(frozen=True, slots=True)
class Rung:
    """From `after_s` seconds of waiting on, everybody with this role is called too."""

    role: str
    after_s: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs from the first second on; `held_s` is how long one person may hold a call, `unanswered_s` when it becomes a case."""

    rungs: tuple[Rung, ...]
    held_s: int = 180
    unanswered_s: int = 300

    def __post_init__(self) -> None:
        waits = [rung.after_s for rung in self.rungs]
        if not waits or waits[0] != 0:
            raise invalid("ladder.first", "the first rung is called at once: after_s 0", field="rungs")
        if any(later <= earlier for earlier, later in pairwise(waits)):
            raise invalid("ladder.order", "each rung should come later than the one before it", field="rungs")
        if any(not rung.role.strip() for rung in self.rungs):
            raise invalid("ladder.role", "each rung should name a role", field="rungs")
        if self.held_s <= 0 or self.unanswered_s < waits[-1]:
            raise invalid("ladder.times", "held_s is above 0, unanswered_s not before the last rung", field="held_s")


USUAL = Ladder((Rung("attendant", 0), Rung("manager", 30), Rung("technician", 90)))


def level_at(ladder: Ladder, waited_s: float) -> int:
    """How many rungs have been called after so many seconds; at least the first."""
    return max(1, sum(1 for rung in ladder.rungs if rung.after_s <= waited_s))


def called(ladder: Ladder, level: int) -> tuple[str, ...]:
    """The roles that have been called at this level, first rung first."""
    return tuple(rung.role for rung in ladder.rungs[: max(1, level)])


def next_look(ladder: Ladder, called_at: datetime, taken_at: datetime | None, now: datetime) -> datetime | None:
    """When something falls due for this call next; None when nothing will."""
    if taken_at is not None:
        return max(now, taken_at + timedelta(seconds=ladder.held_s))
    waits = [rung.after_s for rung in ladder.rungs] + [ladder.unanswered_s]
    coming = (called_at + timedelta(seconds=wait) for wait in waits)
    return next((moment for moment in coming if moment > now), None)


def is_forgotten(ladder: Ladder, taken_at: datetime, now: datetime) -> bool:
    """Whether whoever took the call has held it for too long."""
    return now - taken_at >= timedelta(seconds=ladder.held_s)


def is_unanswered(ladder: Ladder, called_at: datetime, now: datetime) -> bool:
    """Whether so long a wait needs a case of its own."""
    return now - called_at >= timedelta(seconds=ladder.unanswered_s)
