"""What lanes and operators say about calls, blocked exits and emergencies, on a site's story."""

from __future__ import annotations

from collections.abc import Sequence

from parking.emergency import emergencies, emergency_store, service, store
from parking.emergency.model import CallStep, HelpCall, ManualOpening
from parking.emergency.reach import Reach
from parking.kernel.events import BarrierPulsed, LaneBlocked, LaneCalled, LaneCallEnded, LaneFaulted
from parking.kernel.ids import LaneId, StayId, VisitId
from parking.kernel.principal import Principal, Scope
from tests.builders.journeys import ENTRY, EXIT, SiteStory

WANG = Principal("operator", "wang", frozenset({Scope.LANES_OPEN}))
ZHAO = Principal("operator", "zhao", frozenset({Scope.LANES_OPEN}))
PICTURE = "exit-1/2026-03-07/visit-1.jpg"


class Help:
    """The calls and emergencies of a site's story."""

    def __init__(self, site: SiteStory) -> None:
        self.site = site

    @property
    def reach(self) -> Reach:
        return self.site.application.reach

    # --- what lanes say ----------------------------------------------------------------------------------------------

    def ring(
        self, call_id: str = "call-1", *, lane: LaneId = EXIT, visit: str | None = None, cause: str = "camera"
    ) -> str:
        self.site.hear(LaneCalled(lane, call_id, VisitId(visit) if visit else None, cause, PICTURE))
        return call_id

    def rings_no_more(self, how: str, call_id: str = "call-1", *, lane: LaneId = EXIT) -> None:
        self.site.hear(LaneCallEnded(lane, call_id, how))

    def pulse(
        self, *, lane: LaneId = EXIT, who: Principal = WANG, read_back: bool = True, picture: str | None = None
    ) -> None:
        visit = VisitId(self.site.visit())
        self.site.hear(BarrierPulsed(lane, visit, read_back, f"operator:{who.subject}", "as ordered", picture))

    def block(self, visit: str, stay_id: StayId | None, *, blocked: bool = True, lane: LaneId = EXIT) -> None:
        self.site.hear(LaneBlocked(lane, VisitId(visit), stay_id, "relay", blocked))

    def fire(self, lane: LaneId = ENTRY, *, cleared: bool = False, ordered: bool = False, **how: object) -> None:
        detail = emergencies.ORDERED if ordered else "fire input"
        self.site.hear(LaneFaulted(lane, "fire", detail, cleared), **how)  # type: ignore[arg-type]

    # --- what people do ----------------------------------------------------------------------------------------------

    def take(self, who: Principal = WANG, call_id: str = "call-1") -> HelpCall:
        taken = self.site.database.write(lambda uow: service.take(uow, self.reach, call_id, who))
        self.site.application.drain()
        return taken

    def open_lane(self, who: Principal = WANG, reason: str = "paid in cash", call_id: str = "call-1") -> str:
        _, command_id = self.site.database.write(lambda uow: service.open_lane(uow, self.reach, call_id, who, reason))
        self.site.application.drain()
        return command_id

    def hand_back(self, who: Principal = WANG, call_id: str = "call-1") -> HelpCall:
        given = self.site.database.write(lambda uow: service.hand_back(uow, self.reach, call_id, who))
        self.site.application.drain()
        return given

    def end_call(self, who: Principal = WANG, note: str = "explained the machine", call_id: str = "call-1") -> HelpCall:
        return self.site.database.write(lambda uow: service.end(uow, self.reach, call_id, who, note))

    def end_emergency(self, who: Principal = WANG, reason: str = "false alarm, checked by the fire brigade") -> None:
        self.site.database.write(lambda uow: emergencies.end(uow, self.reach, who, reason))
        self.site.application.drain()

    # --- what is written down ----------------------------------------------------------------------------------------

    def call(self, call_id: str = "call-1") -> HelpCall:
        found = self.site.database.read(lambda conn: store.call(conn, call_id))
        assert found is not None, "there is no such call"
        return found

    def open_calls(self) -> list[str]:
        return [call.id for call in self.site.database.read(lambda conn: store.open_calls(conn, 100))]

    def log(self, call_id: str = "call-1") -> list[CallStep]:
        return list(self.site.database.read(lambda conn: store.steps_of(conn, call_id)))

    def openings(self) -> Sequence[ManualOpening]:
        return self.site.database.read(lambda conn: emergency_store.openings(conn, "", 50))

    def stands(self) -> bool:
        return self.site.database.read(emergency_store.standing) is not None

    def orders(self, action: str) -> list[str]:
        """The lanes that have an order of this kind in their copies now."""
        return sorted(row["lane_id"] for row in self.site.copy_rows("command") if row["action"] == action)
