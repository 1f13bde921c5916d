"""People at the desk: they hear the lanes' calls and work through the queue, one thing at a time, each after a while.

A person sees what the desk shows, pictures among it: he knows the car that he sees, and errs now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from hardware_sim.scenario import Scenario
from hardware_sim.simulated_gate import SimulatedLane
from hardware_sim.site_under_test import Answer, KnownCase, SiteUnderTest
from hardware_sim.truth import Truth
from hardware_sim.virtual_time import Process
from parking.kernel.events import Direction
from parking.kernel.ids import CaseId, LaneId, StayId, VisitId

LOOKS_EVERY_S = 5.0
CALL_S = 25.0
"""So long, on average, until a call is answered and the picture looked at."""
REASON = "seen on the picture"


class Desk:
    """The people who work while the simulation runs: nobody does what another has taken, and what one could not decide is left alone."""

    def __init__(
        self,
        scenario: Scenario,
        site: SiteUnderTest,
        lanes: Sequence[SimulatedLane],
        truth: Truth,
        dice: Random,
        *,
        pass_on: Callable[[], None],
    ) -> None:
        """`pass_on` brings what was ordered to the boxes at once."""
        self._scenario = scenario
        self._site = site
        self._lanes = lanes
        self._truth = truth
        self._dice = dice
        self._pass_on = pass_on
        self._taken: set[str] = set()
        self._named: set[VisitId] = set()
        self._refused: set[CaseId] = set()
        self._queue: list[KnownCase] = []
        self._stale = True

    def news(self) -> None:
        """Something was handled since the queue was last looked at."""
        self._stale = True

    def work(self, who: str) -> Process:
        """One person's day; a process that never ends by itself."""
        while True:
            called = self._called()
            if called is not None:
                lane, call_id = called
                self._taken.add(call_id)
                yield 5.0 + self._dice.expovariate(1.0 / CALL_S)
                if lane.lane.calling == call_id and lane.linked and not self._names(lane):
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
            self._decide(case, who)
            self._taken.discard(case.id)

    def _called(self) -> tuple[SimulatedLane, str] | None:
        for lane in self._lanes:
            call_id = lane.lane.calling if lane.linked and lane.powered else None
            if call_id is not None and call_id not in self._taken:
                return lane, call_id
        return None

    def _names(self, lane: SimulatedLane) -> bool:
        """Whether he knows the car that stands at this exit among the stays that its plate brings up, and says so; once for each."""
        visit, car = lane.lane.visit, lane.car
        if lane.direction is Direction.IN or visit is None or car is None or visit.id in self._named:
            return False
        if not self._scenario.names or self._dice.random() >= self._scenario.names:
            return False
        shown = self._site.may_be(LaneId(lane.name), visit.id, car.plate)
        said = next((one for one in shown if (came := self._truth.came_as(one)) and came.number == car.number), None)
        if said is not None and self._errs(warned=self._site.plate_of(said) == car.plate):
            said = next((one for one in shown if one != said), said)
        if said is not None:
            self._named.add(visit.id)
            self._site.name_car(LaneId(lane.name), visit.id, said)
            self._pass_on()
        return said is not None

    def _errs(self, *, warned: bool) -> bool:
        """Whether he takes another one; where the plate that he has typed is the right one's, the page asks him once more."""
        errs = self._dice.random() < self._scenario.desk_errors
        return errs and (not warned or self._dice.random() < self._scenario.desk_errors)

    def _next_case(self) -> KnownCase | None:
        if self._stale:
            self._queue = list(self._site.cases())
            self._stale = False
        return next((one for one in self._queue if one.id not in self._taken and one.id not in self._refused), None)

    def _decide(self, case: KnownCase, who: str) -> None:
        """By the pictures. Who errs takes another stay than the right one where several are shown."""
        shown = self._site.candidates(case) if "match" in case.choices else ()
        answer = self._answer(case, shown)
        if shown and self._dice.random() < self._scenario.desk_errors:
            wrong = next((one for one in shown if one != answer.stay_id), None)
            answer = Answer("match", wrong) if wrong is not None else answer
        if not self._site.decide(case, answer, who):
            self._refused.add(case.id)
        elif answer.choice == "no_stay" and case.visit_id is not None and (car := self._truth.who(case.visit_id)):
            car.said_unknown = True
        self._stale = True

    def _answer(self, case: KnownCase, shown: tuple[StayId, ...]) -> Answer:
        """What is true, in the words of the case: pictures of both passages show which cars they were, and their plates."""
        here = self._truth.who(case.visit_id) if case.visit_id is not None else None
        before = self._truth.came_as(case.stay_id) if case.stay_id is not None else None
        if "match" in case.choices and here is not None:
            own = next((one for one in shown if self._truth.came_as(one) is here), None)
            if own is None:  # he types what he reads on the picture, and knows his car among those that come of it
                again = self._site.candidates(case, typed=here.plate)
                own = next((one for one in again if self._truth.came_as(one) is here), None)
            return Answer("match", own) if own is not None else Answer("no_stay")
        if "split" in case.choices and before is not None and here is not None:
            if before is here:
                return Answer("merge")
            if before.exited_at is not None:
                return Answer("split")
        if "plate" in case.choices and here and before and here is not before and case.visit_id is not None:
            later = StayId(case.visit_id)  # one of both pictures says another plate than was read
            misread = (later, here) if self._site.plate_of(later) != here.plate else (case.stay_id, before)
            return Answer("plate", misread[0], misread[1].plate)
        car = here or before
        if "plate" in case.choices and car is not None:
            return Answer("plate", plate=car.plate)
        return Answer("done")
