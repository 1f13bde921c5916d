"""What stands at a simulated lane besides its loops: the car with its driver, a camera that may misread it, a printer for tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from random import Random

from hardware_sim.eyesight import Eyesight, Sight
from hardware_sim.virtual_time import Timeline
from parking.access.facts import PlateEvidence
from parking.gate.controller import Sighting
from parking.gate.credentials.codes import VerifiedCode
from parking.kernel.credential import Credential
from parking.kernel.ids import StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes

READ_AFTER_S = 0.8


class Manner(StrEnum):
    """How a car goes through a lane."""

    THROUGH = "through"
    BACKS_OUT = "backs_out"  # it leaves the lane the way it came, whatever the boom does
    UNFELT = "unfelt"  # the loop under the boom does not feel it


@dataclass(slots=True)
class Driving:
    """One car at one lane, and what becomes of it: `waited_s` at the boom, whether it `passed`, under which visit of the lane's."""

    plate: Plate
    tag: Credential | None = None
    manner: Manner = Manner.THROUGH
    follower: Driving | None = None
    """A car right behind, that goes through under the same boom without being asked."""
    shows: VerifiedCode | None = None
    """The code on its driver's phone or ticket, held up where the lane cannot tell who this is."""
    ticket: VisitId | None = None
    """The paper that the lane gave it for want of a plate."""
    give_up_s: float = 900.0
    waited_s: float = 0.0
    passed: bool = False
    by: str = "rule"
    """Who let it through: the lane's rules, its policy, or a person."""
    opened_at: datetime | None = None
    """When the lane said yes."""
    visits: list[VisitId] = field(default_factory=list)
    number: int = 0
    """Of its visit to the mall, as the truth counts them."""


class SimulatedPrinter:
    """Gives the car in the lane its paper."""

    def __init__(self) -> None:
        self.car: Driving | None = None

    def show(self, visit_id: VisitId, stay_id: StayId | None) -> None:
        if self.car is not None and stay_id is None:
            self.car.ticket = visit_id

    def hide(self) -> None: ...


class SimulatedCamera:
    """Reads the car that really stands there, once per visit, as well as it can see."""

    def __init__(self, timeline: Timeline, dice: Random, eyesight: Eyesight, unread: float) -> None:
        self._timeline = timeline
        self._dice = dice
        self._eyesight = eyesight
        self._unread = unread
        self.blind = False
        """It sees nothing at all, and says so."""
        self.in_front: Driving | None = None
        self.sights: dict[VisitId, Sight | None] = {}
        self._sight: tuple[Driving, Sight | None] | None = None
        self._due: tuple[float, VisitId] | None = None

    def begin(self, visit_id: VisitId) -> None:
        self._due = (self._timeline.clock.monotonic_s() + READ_AFTER_S, visit_id)
        if self.in_front is not None:
            self.in_front.visits.append(visit_id)

    def end(self) -> None:
        self._due = None

    def drain(self) -> Sequence[Sighting]:
        """What has been read by now."""
        if self._due is None or self._timeline.clock.monotonic_s() < self._due[0] - 1e-6:
            return ()
        _, visit_id = self._due
        self._due = None
        sight = self._look()
        self.sights[visit_id] = sight
        return () if sight is None else ((visit_id, evidence_of(sight, self._timeline)),)

    def _look(self) -> Sight | None:
        """A car that stands there is seen once: its dirt does not go away by looking again."""
        car = self.in_front
        if car is None or self.blind:
            return None
        if self._sight is None or self._sight[0] is not car:
            unread = self._dice.random() < self._unread
            self._sight = (car, None if unread else self._eyesight.look(car.plate.text, self._dice))
        return self._sight[1]


def evidence_of(sight: Sight, timeline: Timeline) -> PlateEvidence:
    """A sight as the lane takes it."""
    votes = Votes.of(sight.spellings, sight.colour, sight.kind)
    return PlateEvidence(Plate(sight.best), sight.confidence, sight.margin, 3, 3, timeline.clock.now(), votes)
