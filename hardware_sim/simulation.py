"""A seeded stretch of a mall's life against the product's own code on a virtual clock, with faults, and a verdict on every visit.

The application is handed in; this module knows cars, drivers, the people at the desk and the truth. Same seed, same trace.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle
from random import Random

from hardware_sim.eyesight import Eyesight
from hardware_sim.faults import Faults
from hardware_sim.naive import NaivePairing
from hardware_sim.people import Desk
from hardware_sim.scenario import Scenario
from hardware_sim.simulated_camera import Driving, Manner, SimulatedCamera
from hardware_sim.simulated_gate import SimulatedBox, SimulatedLane
from hardware_sim.site_under_test import SiteUnderTest
from hardware_sim.traffic import Arrival, arrivals
from hardware_sim.truth import Paid, Passage, Truth, Visit
from hardware_sim.verdict import Report, judge
from hardware_sim.virtual_time import Process, Timeline
from parking.gate.credentials.codes import CodeUse, VerifiedCode
from parking.gate.journal import Entry
from parking.gate.sync import BATCH_MOST
from parking.kernel.codec import parse_time
from parking.kernel.credential import Credential
from parking.kernel.decision import Refused
from parking.kernel.events import Direction
from parking.kernel.ids import Ids, LaneId, StayId, VisitId
from parking.kernel.plate import Plate

SYNC_S = 0.5  # how soon a box tells what it has written down
ANSWER_LOST_S = 5.0
LOOK_EVERY_S = 60.0  # how often the server gets to do what only the passing of time makes due
LONGEST_STAY_S = 20 * 3600.0
WALK_S = 60.0  # from the kiosk to the car
PAYS_AFTER_S = 5.0
PATROL_S = 900.0
CODE_HOLDS = timedelta(minutes=15)


class Simulation:
    """One run of a scenario."""

    def __init__(self, scenario: Scenario, site: SiteUnderTest, timeline: Timeline, ids: Ids) -> None:
        self._scenario = scenario
        self._site = site
        self._timeline = timeline
        self._dice = Random(scenario.seed)  # noqa: S311 - repeatability is the point
        self._boxes = [SimulatedBox(name, timeline, ids, site.costs) for name in scenario.box_names()]
        self.truth = Truth()
        self.naive = NaivePairing()
        boxes = cycle(self._boxes)
        self._entries = [self._lane(next(boxes), name, Direction.IN) for name in scenario.entry_names()]
        self._exits = [self._lane(next(boxes), name, Direction.OUT) for name in scenario.exit_names()]
        self._lanes = {lane.name: lane for lane in (*self._entries, *self._exits)}
        dice = Random(f"{scenario.seed} desk")  # noqa: S311 - repeatability is the point
        self._desk = Desk(scenario, site, [*self._lanes.values()], self.truth, dice, pass_on=self._refresh)
        self._talking: set[str] = set()
        self._tags: dict[Plate, Credential | None] = {}
        self._under_way = 0
        self._violations: list[str] = []
        for box in self._boxes:
            box.stepped = self._stepped
        for lane in self._lanes.values():
            for _ in range(3):
                lane.step()
            timeline.start(lane.settle())

    def _lane(self, box: SimulatedBox, name: str, direction: Direction) -> SimulatedLane:
        s = self._scenario
        dice = Random(f"{s.seed} {name}")  # noqa: S311 - repeatability is the point
        camera = SimulatedCamera(self._timeline, dice, Eyesight(s.misread), s.unread + s.missed / 2)
        return box.add(name, direction, camera)

    def run(self) -> Report:
        """Let everything happen, then judge."""
        s = self._scenario
        for arrival in arrivals(s.seed, s.start, s.hours, s.per_hour, mix=s.mix, count=s.stays):
            self._under_way += 1
            if s.members and not arrival.is_twin:
                self._enrol(arrival.plate)
            after_s = (arrival.at - self._timeline.clock.now()).total_seconds()
            self._timeline.start(self._visit(arrival), after_s=max(0.0, after_s))
        self._refresh()
        self._timeline.start(self._look())
        for number in range(s.people):
            self._timeline.start(self._desk.work(f"attendant-{number + 1}"))
        faults = Faults(s, self._site, self._boxes, self._timeline, self._soon)
        self.truth.fires = faults.fires
        faults.start()
        self._timeline.run(s.hours * 3600 + LONGEST_STAY_S, until=lambda: not self._under_way)
        if s.patrol:  # when the mall has closed
            self._timeline.start(self._patrol(), after_s=PATROL_S)
        self._timeline.run(self._timeline.clock.monotonic_s() + 3600.0)  # the desk's last hour
        return self._judge()

    def _enrol(self, plate: Plate) -> None:
        """A share of the cars has a pass and a tag, every time that they come: it was given to them before the day begins."""
        if plate not in self._tags:
            is_member = self._dice.random() < self._scenario.members
            self._tags[plate] = self._site.enrol_member(plate) if is_member else None

    # --- the boxes and the server ------------------------------------------------------------------------------------

    def _stepped(self, lane: SimulatedLane) -> None:
        lane.offline = not lane.linked
        if lane.box.journal.appended.is_set():
            lane.box.journal.appended.clear()
            self._soon(lane.box)

    def _soon(self, box: SimulatedBox, after_s: float = SYNC_S) -> None:
        if box.name not in self._talking and box.linked:
            self._talking.add(box.name)
            self._timeline.start(self._exchange(box), after_s=after_s)

    def _exchange(self, box: SimulatedBox) -> Process:
        self._talking.discard(box.name)
        if not box.linked:
            return
        if entries := box.unsent():
            self._note(entries)
            acked = self._site.take_events(box.name, box.journal.epoch, entries, is_all=len(entries) < BATCH_MOST)
            lost = self._scenario.lost_answers
            if not (lost and self._dice.random() < lost):
                box.journal.acknowledge(acked)
            self._desk.news()
            self._check()
        self._refresh()
        if box.unsent():
            self._soon(box, ANSWER_LOST_S)
        yield from ()

    def _greet(self) -> None:
        """Boxes that have nothing to tell say so, and nobody waits for them."""
        for box in self._boxes:
            if box.linked and not box.unsent():
                self._site.take_events(box.name, box.journal.epoch, (), is_all=True)

    def _refresh(self) -> None:
        for box in self._boxes:
            change = self._site.copy_since(box.name, box.copy.version) if box.linked else None
            if change is not None:
                box.take(change)

    def _check(self, *, at_last: bool = False) -> None:
        self._violations += self._site.broken_invariants(at_last=at_last)

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
            lane = self._lanes[said["lane_id"]]
            plate = Plate(said["plate"]) if said["plate"] else None
            self.truth.told(Passage(visit_id, LaneId(lane.name), lane.direction, at, plate))
            sight = lane.camera.sights.pop(visit_id, None)
            pairing = self.naive.came if lane.direction is Direction.IN else self.naive.left
            pairing(visit_id, sight.best if sight else None, at)

    def _look(self) -> Process:
        while True:
            self._greet()
            self._site.advance()
            self._desk.news()
            self._refresh()
            yield LOOK_EVERY_S

    # --- one car -----------------------------------------------------------------------------------------------------

    def _visit(self, arrival: Arrival) -> Process:
        chance, s = self._dice.random, self._scenario
        visit = self.truth.add(arrival.plate)
        visit.tag = None if arrival.is_twin else self._tags.get(arrival.plate)
        turns_back = s.backs_out > 0 and chance() < s.backs_out
        yield from self._come_and_go(arrival, visit, turns_back=turns_back)
        self._under_way -= 1

    def _come_and_go(self, arrival: Arrival, visit: Visit, *, turns_back: bool) -> Process:
        car = self._driving(visit, turns_back=turns_back)
        tailgates = self._scenario.tailgates > 0 and self._dice.random() < self._scenario.tailgates
        ahead = next((lane for lane in self._entries if tailgates and lane.can_be_followed), None)
        if ahead is not None:
            yield from ahead.follow(car)
        if not car.passed:
            yield from self._shortest(self._entries).drive_through(car)
        self.truth.belongs(visit, car.visits, Direction.IN)
        visit.helped |= car.by != "rule"
        if not car.passed:
            visit.turned_back = turns_back
            return
        visit.entered_at = self._timeline.clock.now()
        ticket = StayId(car.ticket) if car.ticket is not None else None
        yield arrival.dwell.total_seconds()
        self._shop(visit)
        if self._dice.random() < self._scenario.pays_ahead:
            stay_id = ticket or self._site.find(visit.plate)
            if stay_id is not None:
                self._pay(visit, stay_id)
        yield WALK_S
        car = self._driving(visit)
        car.shows = self._code(visit, ticket)
        yield from self._shortest(self._exits).drive_through(car, self._at_the_boom(visit))
        self.truth.belongs(visit, car.visits, Direction.OUT)
        visit.helped |= car.by != "rule"
        visit.decided_at = car.opened_at
        if car.passed:
            visit.exited_at = self._timeline.clock.now()

    def _shop(self, visit: Visit) -> None:
        """A purchase on the way to the car, by a member of the mall's every second time."""
        s = self._scenario
        if s.shops and self._dice.random() < s.shops:
            is_member, brings_back = self._dice.random() < 0.5, self._dice.random() < s.goods_back
            visit.coupon = self._site.shop(visit.number, is_member=is_member, gives_back=brings_back)

    def _code(self, visit: Visit, ticket: StayId | None) -> VerifiedCode | None:
        """What a driver can hold up: the paper from the entry, or the phone with which he paid."""
        now, days = self._timeline.clock.now(), timedelta(days=1)
        if ticket is not None:
            return VerifiedCode(f"ticket-{ticket}", CodeUse.TICKET, "demo", now - days, now + days, stay_id=ticket)
        if visit.payments:
            paid = visit.payments[-1]
            name = f"exit-{paid.stay_id}"
            return VerifiedCode(name, CodeUse.EXIT, "demo", paid.at, paid.at + CODE_HOLDS, stay_id=paid.stay_id)
        return None

    def _patrol(self) -> Process:
        """A vehicle that drives round and reads every plate in the bays, as well as any camera."""
        began = self._timeline.clock.now()
        yield PATROL_S
        eyes, seen = Eyesight(self._scenario.misread), []
        for visit in self.truth.visits:
            if visit.entered_at is not None and visit.entered_at <= began and visit.exited_at is None:
                seen.append(eyes.look(visit.plate.text, self._dice))
        self._site.patrol(began, self._timeline.clock.now(), seen)
        self._refresh()

    def _driving(self, visit: Visit, *, turns_back: bool = False) -> Driving:
        missed = self._scenario.missed / 2
        unfelt = missed > 0 and self._dice.random() < missed
        visit.missed |= unfelt
        manner = Manner.BACKS_OUT if turns_back else Manner.UNFELT if unfelt else Manner.THROUGH
        return Driving(visit.plate, visit.tag, manner, number=visit.number)

    def _shortest(self, lanes: list[SimulatedLane]) -> SimulatedLane:
        open_lanes = [lane for lane in lanes if lane.name not in self._scenario.closed_lanes]
        return min(open_lanes, key=lambda lane: lane.queue + lane.busy)

    def _at_the_boom(self, visit: Visit) -> Callable[[Driving, SimulatedLane], None]:
        """Whoever has not paid pays the stay that the lane shows him, once."""
        paid = False

        def waiting(car: Driving, lane: SimulatedLane) -> None:
            nonlocal paid
            if visit.held_at is None and lane.lane.calling is not None:
                visit.held_at = self._timeline.clock.now()
            standing = lane.lane.visit
            answer = standing.answer if standing is not None else None
            if paid or car.waited_s < PAYS_AFTER_S or answer is None or answer.stay_id is None:
                return
            if isinstance(answer.decision, Refused) and answer.decision.reason == "payment_due":
                paid = True
                self._pay(visit, answer.stay_id)

        return waiting

    def _pay(self, visit: Visit, stay_id: StayId) -> None:
        if visit.coupon is not None:
            visit.off_minor = self._site.show_coupon(visit.coupon, stay_id)
            visit.coupon = None
        minor = self._site.pay(stay_id)
        if minor:
            visit.payments.append(Paid(self._timeline.clock.now(), stay_id, minor))
        self._refresh()

    # --- the verdict -------------------------------------------------------------------------------------------------

    def _judge(self) -> Report:
        report = Report(self._scenario.seed, events=self._site.events(), trace_hash=self._site.trace_hash())
        self._check(at_last=True)
        report.violations = sorted(set(self._violations))
        judge(report, self.truth, self._site, self.naive)
        return report
