"""How somebody behaves at a lane: standing about, turning back again and again, being too long. Pure; each is told once a visit."""

from __future__ import annotations

from collections import deque

from parking.gate.model import Alarms
from parking.gate.states import State
from parking.kernel.ids import VisitId

LOITERING = "loitering"
STANDING_OPEN = "standing_open"
LONG_PASSAGE = "long_passage"
TURNING_BACK = "turning_back"
_UNDECIDED = frozenset({State.READING, State.REFUSED, State.REVERSED})
_OPEN = frozenset({State.ALLOWED, State.EXPECTED})
_UNDER = frozenset(
    {
        State.PASSING, State.CLEARING, State.FOLLOWED, State.INTRUDING, State.INTRUDED, State.INTRUDED_NEXT,
        State.OBSTRUCTED, State.REVERSING, State.STRADDLING,
    }
)  # fmt: skip
_REMEMBERED = 64


class Behaviour:
    """Watches one lane; times are monotonic seconds."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._visit: VisitId | None = None
        self._told: set[str] = set()
        self._doing = ""
        self._since_s = 0.0
        self._turned: deque[tuple[float, str]] = deque(maxlen=_REMEMBERED)

    def watch(self, state: State, visit: VisitId | None, now_s: float) -> tuple[str, ...]:
        """The alarms that are due now."""
        if visit != self._visit:
            self._visit, self._told = visit, set()
            self._doing = ""
        doing, limit_s = self._limit(state)
        if doing != self._doing:
            self._doing, self._since_s = doing, now_s
            if doing == LONG_PASSAGE:
                self._told.discard(doing)
        if limit_s is None or doing in self._told or now_s - self._since_s < limit_s:
            return ()
        self._told.add(doing)
        return (doing,)

    def _limit(self, state: State) -> tuple[str, float | None]:
        if state in _UNDECIDED:
            return LOITERING, self._alarms.loiter_undecided_s
        if state in _OPEN:
            return STANDING_OPEN, self._alarms.loiter_allowed_s
        return (LONG_PASSAGE, self._alarms.long_passage_s) if state in _UNDER else ("", None)

    def turned_back(self, who: str, now_s: float) -> bool:
        """A vehicle backed away; whether `who` (its plate; empty when unread) has now done so too often."""
        limit = self._alarms.turn_backs
        if limit <= 0:
            return False
        self._turned.append((now_s, who))
        oldest_s = now_s - self._alarms.turn_back_window_s
        times = [at_s for at_s, name in self._turned if name == who and at_s >= oldest_s]
        if len(times) < limit:
            return False
        self._turned = deque((turn for turn in self._turned if turn[1] != who), maxlen=_REMEMBERED)
        return True
