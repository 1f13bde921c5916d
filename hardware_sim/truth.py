"""What really happened, kept apart from everything that the system may know: cars, their passages, what their drivers paid for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from parking.kernel.credential import Credential
from parking.kernel.events import Direction
from parking.kernel.ids import LaneId, StayId, VisitId
from parking.kernel.plate import Plate


@dataclass(frozen=True, slots=True)
class Paid:
    """A driver paid `minor` for the stay that he was shown."""

    at: datetime
    stay_id: StayId
    minor: int


@dataclass(slots=True)
class Visit:
    """One car's visit: when it really came in and went out, under which visits of the lanes, and what was paid."""

    number: int
    plate: Plate
    tag: Credential | None = None
    entered_at: datetime | None = None
    exited_at: datetime | None = None
    entry_visits: list[VisitId] = field(default_factory=list)
    exit_visits: list[VisitId] = field(default_factory=list)
    held_at: datetime | None = None
    """When its exit called a person, not knowing what to do: nobody pays for the wait from then on."""
    decided_at: datetime | None = None
    """When the exit lane said yes."""
    payments: list[Paid] = field(default_factory=list)
    coupon: str | None = None
    """The code of a coupon that its driver carries."""
    off_minor: int = 0
    """What that coupon takes off his bill at most, from when he has shown it."""
    turned_back: bool = False
    missed: bool = False
    """One of its passages was not felt by the loops."""
    helped: bool = False
    """A person, or a lane's policy for want of one, let it through."""
    said_unknown: bool = False
    """A person said of its exit that none of the stays was its."""

    @property
    def paid(self) -> int:
        return sum(payment.minor for payment in self.payments)


@dataclass(frozen=True, slots=True)
class Passage:
    """What a lane told: somebody went through."""

    visit_id: VisitId
    lane_id: LaneId
    direction: Direction
    at: datetime
    plate: Plate | None


class Truth:
    """All visits, and which of the lanes' visits belong to which."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self.passages: dict[VisitId, Passage] = {}
        self.fires: Sequence[tuple[datetime, datetime]] = ()
        self._by_place: dict[tuple[LaneId, datetime], VisitId] = {}
        self._came: dict[VisitId, Visit] = {}
        self._left: dict[VisitId, Visit] = {}

    def add(self, plate: Plate) -> Visit:
        visit = Visit(len(self.visits), plate)
        self.visits.append(visit)
        return visit

    def calm_after(self, came: datetime, until: datetime) -> datetime:
        """When somebody would have come who stayed as long, but for the emergencies meanwhile."""
        spans = ((max(began, came), min(ended, until)) for began, ended in self.fires)
        return came + sum((ended - began for began, ended in spans if ended > began), timedelta())

    def told(self, passage: Passage) -> None:
        """A lane has told a passage; told again, it is the same one."""
        self.passages[passage.visit_id] = passage
        self._by_place[passage.lane_id, passage.at] = passage.visit_id

    def belongs(self, visit: Visit, visit_ids: list[VisitId], direction: Direction) -> None:
        """These visits of a lane were this car's."""
        known, mine = (self._came, visit.entry_visits) if direction is Direction.IN else (self._left, visit.exit_visits)
        for visit_id in visit_ids:
            known[visit_id] = visit
            mine.append(visit_id)

    def came_as(self, stay_id: StayId) -> Visit | None:
        """Whose entry opened a stay."""
        return self._came.get(VisitId(stay_id))

    def left_as(self, lane_id: LaneId, at: datetime) -> Visit | None:
        """Who went out there and then."""
        visit_id = self._by_place.get((lane_id, at))
        return self._left.get(visit_id) if visit_id is not None else None

    def who(self, visit_id: VisitId) -> Visit | None:
        """Whose visit of a lane this was, in or out."""
        return self._came.get(visit_id) or self._left.get(visit_id)

    def entry_of(self, visit: Visit) -> Passage | None:
        """Its way in, as the lane told it."""
        return next((self.passages[one] for one in visit.entry_visits if one in self.passages), None)

    def exit_of(self, visit: Visit) -> Passage | None:
        return next((self.passages[one] for one in visit.exit_visits if one in self.passages), None)
