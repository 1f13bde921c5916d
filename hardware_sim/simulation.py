"""A seeded stretch of a mall's life against the product's own code on a virtual clock, with faults, and a verdict on every visit.

The application is handed in; this module knows cars, drivers, an attendant and the truth. Same seed, same trace.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from hardware_sim.simulated_gate import FIRE_INPUT, Eyesight, SimulatedBox, SimulatedLane
from hardware_sim.traffic import Arrival, arrivals
from hardware_sim.virtual_time import Process, Timeline
from parking.access.snapshot import CopyChange
from parking.gate.journal import Entry
from parking.kernel.credential import Credential
from parking.kernel.ids import Ids
from parking.kernel.plate import Plate

SYNC_BUSY_S = 0.5
SYNC_IDLE_S = 20.0
LOOK_EVERY_S = 60.0  # how often the server gets to do what only the passing of time makes due
LONGEST_STAY_S = 20 * 3600.0
ATTENDANT_AFTER_S = 45.0
PATIENCE_S = 900.0
FIRE_ENDS_S = 60  # for so long after its end the lanes are still watched


class SiteUnderTest(Protocol):
    """The application as a simulation needs it; every call is synchronous and on the virtual clock."""

    def take_events(self, epoch: str, entries: Sequence[Entry]) -> int:
        """Take a box's events in and handle all that follows; returns the acknowledged number."""
        ...

    def copy_since(self, version: int) -> CopyChange | None:
        """What changed for the lanes, None for nothing."""
        ...

    def pay(self, plate: Plate) -> int | None:
        """Find the stay by its plate, pay what is due with the wallet: minor units, None when it is not found or nothing is due."""
        ...

    def open_by_hand(self, lane_id: str, reason: str) -> None: ...

    def end_emergency(self, reason: str) -> None:
        """A person ends an emergency, at every lane."""
        ...

    def enrol_member(self, plate: Plate) -> Credential:
        """A holder with a pass for this car; the tag on its windscreen."""
        ...

    def advance(self) -> None:
        """Do what has become due by the passing of time."""
        ...

    def broken_invariants(self) -> list[str]:
        """Every invariant that does not hold now, in words."""
        ...

    def closed_stays(self) -> Sequence[ClosedVisit]: ...

    def trace(self) -> Sequence[bytes]:
        """Everything that happened, in order, in a canonical spelling."""
        ...


@dataclass(frozen=True, slots=True)
class ClosedVisit:
    """A closed stay as the system has it: the plate, its times, minor units due and captured, whether a person helped."""

    plate: Plate | None
    entered_at: datetime
    exited_at: datetime
    due: int
    captured: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens: `hours` of traffic at `per_hour` cars, shares of misread and unread passages, minutes without a link.

    `lost_answers` is the share of the server's acknowledgements that never arrive, so that the box sends everything again; `members`
    is the share of cars with a pass and a tag, `backs_out` of those that turn back before the boom; for `blind_min` minutes the exit's
    camera sees nothing, for `fire_min` minutes the exit's fire input is on.
    """

    seed: int
    start: datetime
    hours: float = 2.0
    per_hour: float = 60.0
    misread: float = 0.0
    unread: float = 0.0
    offline_min: float = 0.0
    lost_answers: float = 0.0
    pays_ahead: float = 0.7
    members: float = 0.0
    backs_out: float = 0.0
    blind_min: float = 0.0
    fire_min: float = 0.0


@dataclass(slots=True)
class Visit:
    """What really happened to one car."""

    plate: Plate
    tag: Credential | None = None
    turned_back: bool = False
    entered_at: datetime | None = None
    exited_at: datetime | None = None
    paid: int = 0
    helped: bool = False


@dataclass(slots=True)
class Report:
    """The verdict: visits `right` by themselves, `by_person`, `wrong`, still `inside`, `turned_back`; and the trace's hash."""

    seed: int
    visits: int = 0
    right: int = 0
    by_person: int = 0
    wrong: int = 0
    inside: int = 0
    gave_up: int = 0
    turned_back: int = 0
    captured_minor: int = 0
    events: int = 0
    trace_hash: str = ""
    violations: list[str] = field(default_factory=list)

    def as_object(self) -> dict[str, Any]:
        """One flat object for scripts."""
        closed = self.right + self.by_person + self.wrong
        return {
            "seed": self.seed,
            "ok": not self.violations,
            "visits": self.visits,
            "closed_right": self.right,
            "closed_by_person": self.by_person,
            "closed_wrong": self.wrong,
            "share_right": round(self.right / closed, 4) if closed else None,
            "inside": self.inside,
            "gave_up": self.gave_up,
            "turned_back": self.turned_back,
            "captured_minor": self.captured_minor,
            "events": self.events,
            "violations": self.violations,
            "trace_hash": self.trace_hash,
        }


class Simulation:
    """One run of a scenario."""

    def __init__(self, scenario: Scenario, site: SiteUnderTest, timeline: Timeline, ids: Ids) -> None:
        self._scenario = scenario
        self._site = site
        self._timeline = timeline
        self._random = random.Random(scenario.seed)  # noqa: S311 - repeatability is the point
        eyesight = Eyesight(scenario.misread, scenario.unread)
        self._box = SimulatedBox(timeline, ids, self._random, eyesight)
        self.visits: list[Visit] = []
        self._under_way = 0
        self._advanced_s = 0.0
        self._burning = False
        self._violations: list[str] = []

    def run(self) -> Report:
        """Let everything happen, then judge."""
        s = self._scenario
        for arrival in arrivals(s.seed, s.start, s.hours, s.per_hour):
            self._under_way += 1
            after_s = (arrival.at - self._timeline.clock.now()).total_seconds()
            self._timeline.start(self._visit(arrival), after_s=max(0.0, after_s))
        self._timeline.start(self._sync())
        if s.offline_min:
            self._timeline.start(self._cut_the_link(), after_s=s.hours * 900)
        if s.blind_min:
            self._timeline.start(self._blind_the_exit(), after_s=s.hours * 1200)
        if s.fire_min:
            self._timeline.start(self._burn(), after_s=s.hours * 1800)
        self._timeline.run(s.hours * 3600 + LONGEST_STAY_S)
        return self._judge()

    # --- processes ---------------------------------------------------------------------------------------------------

    def _sync(self) -> Process:
        while self._under_way or not self._box.linked or self._box.unsent():
            if self._box.linked:
                self._exchange()
            busy = self._box.entry.busy or self._box.exit.busy
            yield SYNC_BUSY_S if busy else SYNC_IDLE_S

    def _exchange(self) -> None:
        entries = self._box.unsent()
        if entries:
            acked = self._site.take_events(self._box.journal.epoch, entries)
            lost = self._scenario.lost_answers
            if not (lost and self._random.random() < lost):
                self._box.journal.acknowledge(acked)
            self._violations += self._site.broken_invariants()
        elif self._timeline.clock.monotonic_s() - self._advanced_s >= LOOK_EVERY_S:
            self._advanced_s = self._timeline.clock.monotonic_s()
            self._site.advance()
        change = self._site.copy_since(self._box.copy.version)
        if change is not None:
            self._box.take(change)

    def _cut_the_link(self) -> Process:
        self._box.linked = False
        yield self._scenario.offline_min * 60
        self._box.linked = True

    def _blind_the_exit(self) -> Process:
        camera = self._box.exit.camera
        camera.blind = True
        yield self._scenario.blind_min * 60
        camera.blind = False

    def _burn(self) -> Process:
        """The fire contact closes, opens again, and then a person has to end what it began."""
        lanes = (self._box.entry, self._box.exit)
        self._box.exit.board.set_input(FIRE_INPUT, True)
        self._burning = True
        for second in range(round(self._scenario.fire_min * 60) + FIRE_ENDS_S):
            if second == round(self._scenario.fire_min * 60):
                self._box.exit.board.set_input(FIRE_INPUT, False)
                self._site.end_emergency("the fire brigade is gone")
            for lane in lanes:
                if not lane.busy:
                    lane.step()
            yield 1.0
        self._burning = False

    def _visit(self, arrival: Arrival) -> Process:
        chance, scenario = self._random, self._scenario
        is_member = scenario.members > 0 and chance.random() < scenario.members
        visit = Visit(arrival.plate, self._site.enrol_member(arrival.plate) if is_member else None)
        visit.turned_back = scenario.backs_out > 0 and chance.random() < scenario.backs_out
        self.visits.append(visit)
        yield from self._come_and_go(arrival, visit)
        self._under_way -= 1

    def _come_and_go(self, arrival: Arrival, visit: Visit) -> Process:
        if not (yield from self._through(self._box.entry, visit)):
            return
        visit.entered_at = self._timeline.clock.now()
        yield arrival.dwell.total_seconds()
        if self._random.random() < self._scenario.pays_ahead:
            visit.paid += self._site.pay(visit.plate) or 0
        yield 60.0
        if (yield from self._through(self._box.exit, visit)):
            visit.exited_at = self._timeline.clock.now()

    def _through(self, lane: SimulatedLane, visit: Visit) -> Any:
        waited: list[float] = [0.0]
        drive = lane.drive_through(visit.plate, PATIENCE_S, waited, tag=visit.tag, backs_out=visit.turned_back)
        paid, helped_at = False, 0.0
        for pause in drive:
            if waited[0] > 5.0 and not paid and lane is self._box.exit:
                paid = True
                visit.paid += self._site.pay(visit.plate) or 0
            if waited[0] - helped_at > ATTENDANT_AFTER_S and self._box.linked:
                helped_at = waited[0]
                visit.helped = True
                self._site.open_by_hand(lane.name, "nobody came through for a while")
            yield pause
            visit.helped |= self._burning or lane.camera.blind  # whoever left then left by the lane's policy
        return waited[0] >= 0

    # --- the verdict -------------------------------------------------------------------------------------------------

    def _judge(self) -> Report:
        trace = self._site.trace()
        report = Report(self._scenario.seed, visits=len(self.visits), events=len(trace))
        report.violations = sorted(set(self._violations + self._site.broken_invariants()))
        report.trace_hash = hashlib.sha256(b"\n".join(trace)).hexdigest()
        closed = self._site.closed_stays()
        for visit in self.visits:
            if visit.turned_back:
                report.turned_back += 1
            elif visit.exited_at is None or visit.entered_at is None:
                report.inside += visit.entered_at is not None
                report.gave_up += visit.entered_at is None
            elif visit.helped:
                report.by_person += 1
            elif any(_is_same(visit, stay) for stay in closed):
                report.right += 1
            else:
                report.wrong += 1
        report.captured_minor = sum(v.paid for v in self.visits)
        return report


def _is_same(visit: Visit, stay: ClosedVisit) -> bool:
    """Right plate, right times (to the seconds that a boom takes), and nothing owed or taken too much."""
    assert visit.entered_at is not None
    assert visit.exited_at is not None
    return (
        stay.plate == visit.plate
        and abs((stay.entered_at - visit.entered_at).total_seconds()) < 10
        and abs((stay.exited_at - visit.exited_at).total_seconds()) < 10
        and stay.due == stay.captured == visit.paid
    )
