"""People at the desk: they hear the lanes' calls and work through the queue, one thing at a time, each after a while.

A person sees what the desk shows, pictures among it: he knows the car that he sees, and errs now and then.
"""

from __future__ import annotations

from random import Random

from hardware_sim.scenario import Scenario
from hardware_sim.simulated_gate import SimulatedBox, SimulatedLane
from hardware_sim.site_under_test import KnownCase, SiteUnderTest
from hardware_sim.truth import Truth
from hardware_sim.virtual_time import Process
from parking.kernel.ids import CaseId, StayId, VisitId

LOOKS_EVERY_S = 5.0
CALL_S = 25.0
"""So long, on average, until a call is answered and the picture looked at."""
REASON = "seen on the picture"


class Desk:
    """The people who work while the simulation runs; `helped` are the visits of the lanes that they let through."""

    def __init__(self, scenario: Scenario, site: SiteUnderTest, box: SimulatedBox, truth: Truth, dice: Random) -> None:
        self._scenario = scenario
        self._site = site
        self._box = box
        self._truth = truth
        self._dice = dice
        self._taken: set[str] = set()
        self._refused: set[CaseId] = set()
        self._queue: list[KnownCase] = []
        self._stale = True

    def news(self) -> None:
        """Something was handled since the queue was last looked at."""
        self._stale = True

    def work(self) -> Process:
        """One person's day; a process that never ends by itself."""
        while True:
            called = self._called()
            if called is not None:
                lane, call_id = called
                self._taken.add(call_id)
                yield 5.0 + self._dice.expovariate(1.0 / CALL_S)
                if lane.lane.calling == call_id and self._box.linked:
                    self._site.open_by_hand(lane.name, REASON)
                self._taken.discard(call_id)
                yield 3.0
                continue
            case = self._next_case()
            if case is None:
                yield LOOKS_EVERY_S
                continue
            self._taken.add(case.id)
            yield 5.0 + self._dice.expovariate(1.0 / max(1.0, self._scenario.desk_s))
            self._decide(case)
            self._taken.discard(case.id)

    def _called(self) -> tuple[SimulatedLane, str] | None:
        if not self._box.linked:
            return None
        for lane in self._box.lanes.values():
            call_id = lane.lane.calling if lane.powered else None
            if call_id is not None and call_id not in self._taken:
                return lane, call_id
        return None

    def _next_case(self) -> KnownCase | None:
        if self._stale:
            self._queue = list(self._site.cases())
            self._stale = False
        return next((one for one in self._queue if one.id not in self._taken and one.id not in self._refused), None)

    def _decide(self, case: KnownCase) -> None:
        """By the pictures: which of the offered stays is this car's. Who errs takes the first that is offered."""
        answer = self._right_answer(case)
        if self._dice.random() < self._scenario.desk_errors and case.candidates:
            answer = next((one for one in case.candidates if one != answer), answer)
        if not self._site.decide(case, answer):
            self._refused.add(case.id)
        self.news()

    def _right_answer(self, case: KnownCase) -> StayId | None:
        about = case.visit_id or (VisitId(case.stay_id) if case.stay_id else None)
        car = self._truth.who(about) if about is not None else None
        if car is None:
            return None
        return next((one for one in case.candidates if self._truth.came_as(one) is car), None)
