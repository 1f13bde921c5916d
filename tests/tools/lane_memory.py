"""What the real lane stands on in the world of `lane_world.py`: ids, a copy and a camera in memory, plain enough to be saved whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from parking.access.queries import Queries
from parking.access.rows import CommandRow, Fact
from parking.access.snapshot import refs_of
from parking.gate.relays.base import ALWAYS
from parking.gate.relays.memory import MemoryBoard
from parking.kernel.clock import Clock
from parking.kernel.ids import LaneId, VisitId


class WorldIds:
    """Short ids in their order."""

    def __init__(self) -> None:
        self.given = 0

    def new(self, now: datetime) -> str:
        del now
        self.given += 1
        return f"id-{self.given}"


class MemoryCopy(Queries):
    """Rows in a list; `version` grows with every change."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Fact] = {}
        self.carried_out: set[str] = set()
        self.version = 0

    def put(self, kind: str, key: str, fact: Fact | None) -> None:
        if fact is None:
            self.rows.pop((kind, key), None)
        else:
            self.rows[kind, key] = fact
        self.version += 1

    def find(self, kind: str, *refs: str) -> Sequence[Fact]:
        meant = set(refs)
        return [fact for (known, _), fact in self.rows.items() if known == kind and not meant.isdisjoint(refs_of(fact))]

    def count(self, kind: str, ref: str) -> int:
        return len(self.find(kind, ref))

    def free(self) -> int | None:
        return None

    def orders(self, lane_id: LaneId) -> Sequence[CommandRow]:
        del lane_id
        rows = (fact for fact in self.rows.values() if isinstance(fact, CommandRow))
        return [row for row in rows if row.command_id not in self.carried_out]


class SilentCamera:
    """A camera that only knows whose visit it looks at."""

    def __init__(self) -> None:
        self.visit: VisitId | None = None

    def begin(self, visit_id: VisitId) -> None:
        self.visit = visit_id

    def end(self) -> None:
        self.visit = None


class PowerCut(BaseException):
    """The box loses its power at this very instant."""


class WatchedBoard(MemoryBoard):
    """A board in memory whose every order is checked; `cut` makes the power fail right before or after the next pulse."""

    def __init__(self, clock: Clock, ordered: Callable[[int, float], None], held: Callable[[], None]) -> None:
        super().__init__(clock)
        self._ordered = ordered
        self._held_open = held
        self.cut = ""

    def pulse(self, coil: int, duration_ms: int, *, not_after_s: float = ALWAYS) -> bool:
        self._ordered(coil, not_after_s)
        if self.cut == "before":
            raise PowerCut
        done = super().pulse(coil, duration_ms, not_after_s=not_after_s)
        if self.cut == "after":
            raise PowerCut
        return done

    def hold(self, coil: int, on: bool) -> bool:
        if coil == 0 and on:
            self._held_open()
        return super().hold(coil, on)
