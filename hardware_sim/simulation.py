"""A seeded stretch of a mall's life against the product's own code on a virtual clock, with faults, and a verdict on every visit.

The application is handed in; this module knows cars, drivers, the people at the desk and the truth. Same seed, same trace.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from hardware_sim.eyesight import Eyesight
from hardware_sim.naive import NaivePairing
from hardware_sim.people import Desk
from hardware_sim.scenario import Scenario
from hardware_sim.simulated_gate import FIRE_INPUT, Driving, Manner, SimulatedBox, SimulatedCamera, SimulatedLane
from hardware_sim.site_under_test import SiteUnderTest
from hardware_sim.traffic import Arrival, arrivals
from hardware_sim.truth import Paid, Passage, Truth, Visit
from hardware_sim.verdict import Report, judge
from hardware_sim.virtual_time import Process, Timeline
from parking.gate.journal import Entry
from parking.kernel.codec import parse_time
from parking.kernel.decision import Refused
from parking.kernel.events import Direction
from parking.kernel.ids import Ids, LaneId, VisitId
from parking.kernel.plate import Plate

SYNC_S = 0.5  # how soon a box tells what it has written down
ANSWER_LOST_S = 5.0
LOOK_EVERY_S = 60.0  # how often the server gets to do what only the passing of time makes due
LONGEST_STAY_S = 20 * 3600.0
WALK_S = 60.0  # from the kiosk to the car
PAYS_AFTER_S = 5.0
CUT_S = 60.0
FIRE_ENDS_S = 60  # for so long after its end the lanes are still watched


class Simulation:
    """One run of a scenario."""

    def __init__(self, scenario: Scenario, site: SiteUnderTest, timeline: Timeline, ids: Ids) -> None:
        self._scenario = scenario
        self._site = site
        self._timeline = timeline
        self._dice = Random(scenario.seed)  # noqa: S311 - repeatability is the point
        self._box = SimulatedBox(timeline, ids)
        self.truth = Truth()
        self.naive = NaivePairing()
        self._entries = [self._lane(name, Direction.IN) for name in scenario.entry_names()]
        self._exits = [self._lane(name, Direction.OUT) for name in scenario.exit_names()]
        self._desk = Desk(scenario, site, self._box, self.truth, Random(f"{scenario.seed} desk"))  # noqa: S311
        self._box.stepped = self._stepped
        self._exchanging = False
        self._under_way = 0
        self._violations: list[str] = []
        for lane in self._box.lanes.values():
            for _ in range(3):
                lane.step()
            timeline.start(lane.settle())

    def _lane(self, name: str, direction: Direction) -> SimulatedLane:
        s = self._scenario
        dice = Random(f"{s.seed} {name}")  # noqa: S311 - repeatability is the point
        camera = SimulatedCamera(self._timeline, dice, Eyesight(s.misread), s.unread + s.missed / 2)
        return self._box.add(name, direction, camera)

    def run(self) -> Report:
        """Let everything happen, then judge."""
        s = self._scenario
        for arrival in arrivals(s.seed, s.start, s.hours, s.per_hour, mix=s.mix, count=s.stays):
            self._under_way += 1
            after_s = (arrival.at - self._timeline.clock.now()).total_seconds()
            self._timeline.start(self._visit(arrival), after_s=max(0.0, after_s))
        self._timeline.start(self._look())
        for _ in range(s.people):
            self._timeline.start(self._desk.work())
        for minutes, happens, at in (
            (s.offline_min, self._cut_the_link, 0.25),
            (s.blind_min, self._blind_the_exit, 1 / 3),
            (s.fire_min, self._burn, 0.5),
        ):
            if minutes:
                self._timeline.start(happens(), after_s=s.hours * 3600 * at)
        for cut in range(s.power_cuts):
            self._timeline.start(self._cut_the_power(), after_s=s.hours * 3600 * (cut + 1) / (s.power_cuts + 1))
        self._timeline.run(s.hours * 3600 + LONGEST_STAY_S, until=lambda: not self._under_way)
        self._timeline.run(self._timeline.clock.monotonic_s() + 3600.0)  # the desk's last hour
        return self._judge()

    # --- the box and the server --------------------------------------------------------------------------------------

    def _stepped(self, lane: SimulatedLane) -> None:
        lane.offline = not self._box.linked
        if self._box.journal.appended.is_set():
            self._box.journal.appended.clear()
            self._soon()

    def _soon(self, after_s: float = SYNC_S) -> None:
        if not self._exchanging and self._box.linked:
            self._exchanging = True
            self._timeline.start(self._exchange(), after_s=after_s)

    def _exchange(self) -> Process:
        self._exchanging = False
        if not self._box.linked:
            return
        entries = self._box.unsent()
        if entries:
            self._note(entries)
            acked = self._site.take_events(self._box.journal.epoch, entries)
            lost = self._scenario.lost_answers
            if not (lost and self._dice.random() < lost):
                self._box.journal.acknowledge(acked)
            self._desk.news()
            self._check()
        self._refresh()
        if self._box.unsent():
            self._soon(ANSWER_LOST_S)
        yield from ()

    def _refresh(self) -> None:
        if self._box.linked:
            change = self._site.copy_since(self._box.copy.version)
            if change is not None:
                self._box.take(change)

    def _check(self) -> None:
        self._violations += self._site.broken_invariants()

    def _note(self, entries: tuple[Entry, ...]) -> None:
        """What the lanes tell of passages, for the truth and for the naive pairing."""
        for entry in entries:
            if '"VehiclePassed"' not in entry.body:
                continue
            plain = json.loads(entry.body)
            said, at = plain["data"], parse_time(plain["at"])
            visit_id = VisitId(said["visit_id"])
            if visit_id in self.truth.passages:
                continue
            lane = self._box.lanes[said["lane_id"]]
            plate = Plate(said["plate"]) if said["plate"] else None
            self.truth.told(Passage(visit_id, LaneId(lane.name), lane.direction, at, plate))
            sight = lane.camera.sights.pop(visit_id, None)
            pairing = self.naive.came if lane.direction is Direction.IN else self.naive.left
            pairing(visit_id, sight.best if sight else None, at)

    def _look(self) -> Process:
        while True:
            if self._box.linked:
                self._site.advance()
                self._refresh()
            yield LOOK_EVERY_S

    # --- faults ------------------------------------------------------------------------------------------------------

    def _cut_the_link(self) -> Process:
        self._box.linked = False
        yield self._scenario.offline_min * 60
        self._box.linked = True
        self._soon()

    def _cut_the_power(self) -> Process:
        for lane in self._box.lanes.values():
            lane.powered = False
        yield CUT_S
        self._box.restart()
        for lane in self._box.lanes.values():
            for _ in range(3):
                lane.step()
                yield 0.06
        self._soon()

    def _blind_the_exit(self) -> Process:
        camera = self._exits[0].camera
        camera.blind = True
        yield self._scenario.blind_min * 60
        camera.blind = False

    def _burn(self) -> Process:
        """The fire contact closes, opens again, and then a person has to end what it began."""
        self._exits[0].board.set_input(FIRE_INPUT, True)
        for second in range(round(self._scenario.fire_min * 60) + FIRE_ENDS_S):
            if second == round(self._scenario.fire_min * 60):
                self._exits[0].board.set_input(FIRE_INPUT, False)
                self._site.end_emergency("the fire brigade is gone")
                self._refresh()
            for lane in self._box.lanes.values():
                if not lane.busy:
                    lane.step()
            yield 1.0

    # --- one car -----------------------------------------------------------------------------------------------------

    def _visit(self, arrival: Arrival) -> Process:
        chance, s = self._dice.random, self._scenario
        visit = self.truth.add(arrival.plate)
        if s.members and chance() < s.members:
            visit.tag = self._site.enrol_member(arrival.plate)
            self._refresh()
        turns_back = s.backs_out > 0 and chance() < s.backs_out
        yield from self._come_and_go(arrival, visit, turns_back=turns_back)
        self._under_way -= 1

    def _come_and_go(self, arrival: Arrival, visit: Visit, *, turns_back: bool) -> Process:
        car = self._driving(visit, turns_back=turns_back)
        lane = self._shortest(self._entries)
        yield from lane.drive_through(car)
        self.truth.belongs(visit, car.visits, Direction.IN)
        visit.helped |= car.by != "rule"
        if not car.passed:
            visit.turned_back = turns_back
            return
        visit.entered_at = self._timeline.clock.now()
        yield arrival.dwell.total_seconds()
        if self._dice.random() < self._scenario.pays_ahead:
            stay_id = self._site.find(visit.plate)
            if stay_id is not None:
                self._pay(visit, stay_id)
        yield WALK_S
        car = self._driving(visit)
        yield from self._shortest(self._exits).drive_through(car, self._at_the_boom(visit))
        self.truth.belongs(visit, car.visits, Direction.OUT)
        visit.helped |= car.by != "rule"
        visit.decided_at = car.opened_at
        if car.passed:
            visit.exited_at = self._timeline.clock.now()

    def _driving(self, visit: Visit, *, turns_back: bool = False) -> Driving:
        missed = self._scenario.missed / 2
        unfelt = missed > 0 and self._dice.random() < missed
        visit.missed |= unfelt
        manner = Manner.BACKS_OUT if turns_back else Manner.UNFELT if unfelt else Manner.THROUGH
        return Driving(visit.plate, visit.tag, manner)

    def _shortest(self, lanes: list[SimulatedLane]) -> SimulatedLane:
        open_lanes = [lane for lane in lanes if lane.name not in self._scenario.closed_lanes]
        return min(open_lanes, key=lambda lane: lane.queue + lane.busy)

    def _at_the_boom(self, visit: Visit) -> Callable[[Driving, SimulatedLane], None]:
        """Whoever has not paid pays the stay that the lane shows him, once."""
        paid = False

        def waiting(car: Driving, lane: SimulatedLane) -> None:
            nonlocal paid
            standing = lane.lane.visit
            answer = standing.answer if standing is not None else None
            if paid or car.waited_s < PAYS_AFTER_S or answer is None or answer.stay_id is None:
                return
            if isinstance(answer.decision, Refused) and answer.decision.reason == "payment_due":
                paid = True
                self._pay(visit, answer.stay_id)

        return waiting

    def _pay(self, visit: Visit, stay_id: Any) -> None:
        minor = self._site.pay(stay_id)
        if minor:
            visit.payments.append(Paid(self._timeline.clock.now(), stay_id, minor))
        self._refresh()

    # --- the verdict -------------------------------------------------------------------------------------------------

    def _judge(self) -> Report:
        report = Report(self._scenario.seed, events=self._site.events(), trace_hash=self._site.trace_hash())
        self._check()
        report.violations = sorted(set(self._violations))
        judge(report, self.truth, self._site, self.naive)
        return report
