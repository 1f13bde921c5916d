"""The last vehicles of a lane by script, in the shapes of the real answer, and the words of the live feed when one comes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends

from parking.journeys.lane_visits_api import LaneVisits, LaneVisitView, PulseView, ReadView, SpellingView
from parking.journeys.schemas import Ordered
from parking.journeys.whose_car_api import AskWhose, NameCar, WhoseCar
from parking.kernel.errors import conflict, not_found
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.sessions.desk.schemas import CandidateView
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey

if TYPE_CHECKING:
    from tests.browser.fake_server import FakeServer

Reader = Annotated[Principal, Depends(require(Scope.LANES_READ))]
Opener = Annotated[Principal, Depends(require(Scope.LANES_OPEN))]


class FakeLane:
    """What lanes saw; plates are told masked, but for who asks for them in clear or has taken the vehicle's call."""

    def __init__(self, fake: FakeServer) -> None:
        self._fake = fake
        self._visits: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[tuple[str, bool]] = []
        self.candidates: list[CandidateView] = []
        self.typed: list[str | None] = []
        self.named: list[tuple[str, str, str]] = []
        self.keys: list[str] = []
        self.away = False

    def visit(
        self,
        lane_id: str,
        visit_id: str,
        plate: str | None,
        *,
        ago_s: float = 0,
        allowed: bool = True,
        rule: str = "nothing_is_due",
        reason: str = "",
        others: tuple[tuple[str, float], ...] = (),
        confidence: float = 0.97,
        **more: Any,
    ) -> None:
        """A vehicle comes and is decided about; `others` are further spellings with their shares."""
        at = self._fake.now() - timedelta(seconds=ago_s)
        known = self._visits.setdefault(lane_id, [])
        for before in known:
            if before["standing"] == "here":
                before |= {"standing": "passed", "ended_at": at}
        read = {"at": at, "text": plate, "others": others, "confidence": confidence, "frames": 6}
        said = {"allowed": allowed, "rule": rule, "reason": reason}
        empty = dict.fromkeys(("ended_at", "stay_id", "called"))
        new = {"visit_id": visit_id, "began_at": at, "direction": "out", "standing": "here", "pulses": []}
        known.insert(0, empty | new | {"reads": [read | said]} | more)
        self._fake.event("LaneDecided", lane_id=lane_id, allowed=allowed, reason=reason or None, ago_s=ago_s)

    def pulse(self, lane_id: str, by: str, reason: str = "", *, person: bool = False, sure: bool = True) -> None:
        """The boom goes up for the newest vehicle."""
        told = PulseView(at=self._fake.now(), by=by, by_person=person, reason=reason, read_back=sure)
        self._visits[lane_id][0]["pulses"].append(told)
        self._fake.event("BarrierPulsed", lane_id=lane_id)

    def shown(self, lane_id: str, *, clear: bool) -> list[LaneVisitView]:
        mine = {call["visit_id"] for call in self._fake.help.calls.values() if call["mine"]}
        return [_view(one, clear=clear or one["visit_id"] in mine) for one in self._visits.get(lane_id, [])]


def _view(one: dict[str, Any], *, clear: bool) -> LaneVisitView:
    return LaneVisitView(**{**one, "clear": clear, "reads": [_read(read, clear=clear) for read in one["reads"]]})


def _read(read: dict[str, Any], *, clear: bool) -> ReadView:
    def told(text: str) -> str:
        return text if clear else Plate(text).masked

    best, others = read["text"], dict(read["others"])
    shares = {best: 1 - sum(others.values()), **others} if best else {}
    spellings = [
        SpellingView(plate=told(text), share=share, differs=[n for n, s in enumerate(text) if s != best[n]])
        for text, share in shares.items()
    ]
    at: datetime = read["at"]
    said = {name: read[name] for name in ("confidence", "frames", "allowed", "rule", "reason")}
    plate = told(best) if best else None
    return ReadView(at=at, plate=plate, spellings=spellings, colour="blue", kind="civil", right=None, **said)


def install(routes: APIRouter, fake: FakeServer) -> None:
    """The route of a lane's last vehicles."""

    @routes.get("/lanes/{lane_id}/visits")
    async def visits(lane_id: str, who: Reader, clear: bool = False) -> LaneVisits:
        if lane_id not in fake.lanes or fake.lane_visits.away:
            raise not_found("lane.unknown", "there is no such lane")
        fake.lane_visits.asked.append((lane_id, clear))
        items = fake.lane_visits.shown(lane_id, clear=clear)
        return LaneVisits(lane_id=lane_id, may_clear=who.may(Scope.PLATES_READ), now=fake.now(), items=items)

    @routes.post("/lanes/{lane_id}/visits/{visit_id}/candidates")
    async def candidates(lane_id: str, visit_id: str, body: AskWhose, _: Opener) -> WhoseCar:
        fake.lane_visits.typed.append(body.plate)
        found = fake.lane_visits.candidates
        return WhoseCar(clear=True, candidates=sorted(found, key=lambda one: one.plate != body.plate))

    @routes.post("/lanes/{lane_id}/visits/{visit_id}/name", status_code=202)
    async def name(lane_id: str, visit_id: str, body: NameCar, _: Opener, idempotency_key: IdempotencyKey) -> Ordered:
        if fake.lane_visits.away:
            raise conflict("visit.gone", "this vehicle does not wait at this exit any more")
        fake.lane_visits.named.append((lane_id, visit_id, body.stay_id))
        fake.lane_visits.keys.append(idempotency_key)
        return Ordered(command_id="c1")
