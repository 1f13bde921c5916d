"""How common systems pair: the exit's best spelling, exactly, with the earliest entry of that plate that is still open.

It runs on the same events as the product, bills nobody, and its answers are judged by the same truth.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime

from parking.kernel.ids import VisitId


@dataclass(frozen=True, slots=True)
class Pair:
    """An exit and the entry that it was billed from."""

    entry: VisitId
    exit: VisitId
    entered_at: datetime
    exited_at: datetime


class NaivePairing:
    """Entries wait under the text that was read; what is not found goes to a person."""

    def __init__(self) -> None:
        self._open: defaultdict[str, deque[tuple[VisitId, datetime]]] = defaultdict(deque)
        self.pairs: list[Pair] = []
        self.not_found = 0

    def came(self, visit_id: VisitId, text: str | None, at: datetime) -> None:
        if text is not None:
            self._open[text].append((visit_id, at))

    def left(self, visit_id: VisitId, text: str | None, at: datetime) -> None:
        waiting = self._open.get(text) if text is not None else None
        if not waiting:
            self.not_found += 1
            return
        entry, entered_at = waiting.popleft()
        self.pairs.append(Pair(entry, visit_id, entered_at, at))

    def still_open(self) -> int:
        """Entries that nobody left by."""
        return sum(len(waiting) for waiting in self._open.values())
