"""The last vehicles at a lane over HTTP, for its panel. Plates are masked; whoever has taken a vehicle's call sees that one in clear,
and by right one sees all of them: each such look is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection

from parking.emergency import store as calls
from parking.journeys import lane_visits
from parking.journeys.lane_visits import LaneRead, LaneVisit, Pulse, Spelt
from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError, not_found
from parking.kernel.ids import LaneId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.security import looks
from parking.sessions import visit_notes
from parking.sessions.desk.schemas import shown
from parking.web.deps import require
from parking.web.schemas import Strict

MOST = 20
Reader = Annotated[Principal, Depends(require(Scope.LANES_READ))]
SEEN = "lane.plates"
"""In the audit: plates of this vehicle were seen in clear on its lane's panel; once an hour and person."""


class SpellingView(Strict):
    """A plate as it may be, its share among the spellings (0 to 1), and the places, from 0, in which it differs from the likeliest."""

    plate: str
    share: float
    differs: list[int]

    @classmethod
    def of(cls, one: Spelt, *, clear: bool) -> SpellingView:
        text = one.text if clear else Plate(one.text).masked
        return cls(plate=text, share=round(one.share, 4), differs=list(one.differs))


class ReadView(Strict):
    """What the camera made of the plate (`confidence` 0 to 1, from `frames` pictures), and what the rules said to it."""

    at: datetime
    plate: str | None
    confidence: float
    frames: int
    spellings: list[SpellingView]
    colour: str | None
    kind: str | None
    allowed: bool
    rule: str
    reason: str
    right: str | None

    @classmethod
    def of(cls, one: LaneRead, *, clear: bool) -> ReadView:
        return cls(
            at=one.at,
            plate=shown(one.plate, clear=clear),
            confidence=one.confidence,
            frames=one.frames,
            spellings=[SpellingView.of(spelling, clear=clear) for spelling in one.spellings],
            colour=one.colour,
            kind=one.kind,
            allowed=one.allowed,
            rule=one.rule,
            reason=one.reason,
            right=one.right,
        )


class PulseView(Strict):
    """The boom was ordered up; `by` is a person's name where `by_person`, else `rule` or `policy`; `read_back`: the board confirmed it."""

    at: datetime
    by: str
    by_person: bool
    reason: str
    read_back: bool

    @classmethod
    def of(cls, one: Pulse, name: str) -> PulseView:
        return cls(at=one.at, by=name, by_person=one.by_person, reason=one.reason, read_back=one.read_back)


class LaneVisitView(Strict):
    """One vehicle: `standing` is here, passed, backed_away or untold; `clear` says whether its plates stand in clear."""

    visit_id: str
    began_at: datetime
    ended_at: datetime | None
    direction: str | None
    standing: str
    stay_id: str | None
    called: str | None
    clear: bool
    reads: list[ReadView]
    pulses: list[PulseView]


class LaneVisits(Strict):
    """The last vehicles at a lane, newest first; `may_clear` says whether the asker may see all plates in clear."""

    lane_id: str
    may_clear: bool
    now: datetime
    items: list[LaneVisitView]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is shown to whom: `clear` is what the asker wants, `mine` the vehicles whose call he has taken."""

    who: Principal
    found: Sequence[LaneVisit]
    mine: frozenset[VisitId]
    clear: bool

    def sees(self, visit: LaneVisit) -> bool:
        return self.clear or visit.visit_id in self.mine

    @property
    def seen(self) -> list[LaneVisit]:
        """Those with a plate that stands in clear."""
        return [one for one in self.found if self.sees(one) and any(read.plate for read in one.reads)]


def router(
    database: Database,
    lanes: frozenset[LaneId],
    clock: Clock,
    audit: Audit,
    name_of: Callable[[Connection, str], str],
) -> APIRouter:
    """The route; `lanes` are those of the site, `name_of` says what people call an operator with this id."""
    routes = APIRouter(tags=["lanes"])

    def read(conn: Connection, lane_id: LaneId, who: Principal, *, clear: bool, limit: int) -> _Asked:
        notes = visit_notes.of_visits(conn, visit_notes.latest_at(conn, lane_id, limit))
        taken = [one.visit_id for one in calls.open_calls_at(conn, lane_id) if one.taken_by == who.subject]
        here = [
            note for note in notes if note.lane_id == lane_id
        ]  # a stay's id is its visit's: other lanes may know it
        return _Asked(who, lane_visits.visits(here), frozenset(one for one in taken if one), clear)

    def shown_to(conn: Connection, lane_id: LaneId, asked: _Asked) -> LaneVisits:
        return LaneVisits(
            lane_id=lane_id,
            may_clear=asked.who.may(Scope.PLATES_READ),
            now=clock.now(),
            items=[_view(conn, one, asked, name_of) for one in asked.found],
        )

    @routes.get("/lanes/{lane_id}/visits")
    async def last_visits(
        lane_id: str,
        who: Reader,
        clear: Annotated[bool, Query()] = False,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 8,
    ) -> LaneVisits:
        if clear and not who.may(Scope.PLATES_READ):
            raise ParkingError(ErrorKind.FORBIDDEN, "auth.forbidden", f"this needs the right {Scope.PLATES_READ}")
        lane = LaneId(lane_id)
        if lane not in lanes:
            raise not_found("lane.unknown", "there is no such lane")

        def look(conn: Connection) -> tuple[LaneVisits, list[str]]:
            asked = read(conn, lane, who, clear=clear, limit=limit)
            return shown_to(conn, lane, asked), [one.stay_id or one.visit_id for one in asked.seen]

        page, seen = await database.aread(look)
        if seen:

            def note(uow: UnitOfWork) -> None:
                for subject in seen:
                    if looks.note(uow, who, "plates", subject):
                        audit(uow, who, SEEN, subject, "")

            await database.awrite(note)
        return page

    return routes


def _view(conn: Connection, one: LaneVisit, asked: _Asked, name_of: Callable[[Connection, str], str]) -> LaneVisitView:
    clear = asked.sees(one)
    return LaneVisitView(
        visit_id=one.visit_id,
        began_at=one.began_at,
        ended_at=one.ended_at,
        direction=one.direction,
        standing=one.standing.value,
        stay_id=one.stay_id if asked.who.may(Scope.STAYS_READ) else None,
        called=one.called,
        clear=clear,
        reads=[ReadView.of(read, clear=clear) for read in one.reads],
        pulses=[PulseView.of(pulse, name_of(conn, pulse.by) if pulse.by_person else pulse.by) for pulse in one.pulses],
    )
