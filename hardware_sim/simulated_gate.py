"""A gate box in virtual time: the product's own lanes, journal and copy, on boards in memory and cameras that may misread.

A lane is stepped whenever something at it changes, again when its contacts have settled, and every second while a car waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from random import Random

from hardware_sim.eyesight import Eyesight, Sight
from hardware_sim.virtual_time import Process, Timeline
from parking.access.facts import LaneRules, NoPlate, PlateEvidence
from parking.access.snapshot import CopyChange
from parking.gate import machine
from parking.gate.barrier import Barrier
from parking.gate.controller import Lane, Sighting
from parking.gate.credentials.base import Presented
from parking.gate.edge_file import EdgeFile
from parking.gate.fire_group import FireGroup
from parking.gate.inputs import lane_inputs
from parking.gate.journal import Entry, FileJournal
from parking.gate.local_copy import LocalCopy
from parking.gate.model import BarrierConfig, Cause, LaneConfig, Wiring
from parking.gate.own_rows import OwnRows
from parking.gate.relays.memory import MemoryBoard
from parking.kernel.credential import Credential
from parking.kernel.events import Direction
from parking.kernel.ids import DeviceId, Ids, LaneId, VisitId
from parking.kernel.plate import Plate

SETTLED_S = 0.06  # a contact that has not moved for so long is believed
READ_AFTER_S = 0.8
OPENING_S = 1.0
WAITING_STEP_S = 1.0
TURNS_BACK_AFTER_S = 5.0
QUEUE_STEP_S = 2.0
FIRE_INPUT = 2
WhileWaiting = Callable[["Driving", "SimulatedLane"], None]


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
    give_up_s: float = 900.0
    waited_s: float = 0.0
    passed: bool = False
    by: str = "rule"
    """Who let it through: the lane's rules, its policy, or a person."""
    opened_at: datetime | None = None
    """When the lane said yes."""
    visits: list[VisitId] = field(default_factory=list)


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
    return PlateEvidence(Plate(sight.best), sight.confidence, sight.margin, 3, 3, timeline.clock.now())


class SimulatedLane:
    """One lane with its board, boom and camera; the car in it drives by yielding seconds."""

    def __init__(self, name: str, direction: Direction, box: SimulatedBox, camera: SimulatedCamera) -> None:
        self.name = name
        self.direction = direction
        self.camera = camera
        self.busy = False
        self.queue = 0
        self.powered = True
        self.offline = False
        self._car: Driving | None = None
        self._box = box
        self._timeline = box.timeline
        self._clock = box.timeline.clock
        self.board = MemoryBoard(self._clock)
        self._wiring = Wiring(presence=0, safety=1, fire=FIRE_INPUT)
        self._presented: list[Presented] = []
        self._boom_up_at: float | None = None
        self.lane = self._built()

    def _built(self) -> Lane:
        rules = LaneRules(no_plate=NoPlate.ADMIT) if self.direction is Direction.IN else LaneRules()
        return Lane(
            LaneConfig(LaneId(self.name), self.direction, rules),
            Barrier(self.board, BarrierConfig(open_coil=0), self._clock),
            self._box.rows,
            self._box.rows.journal,
            self.camera,
            clock=self._clock,
            ids=self._box.ids,
            origin=self._box.name,
            fire_group=self._box.fires,
        )

    def restart(self) -> None:
        """The power is back: the lane begins with what its file says."""
        self.lane = self._built()
        self.powered = True

    def step(self) -> None:
        """One turn of the product's lane, and of the boom's own hardware."""
        if not self.powered:
            return
        presented = tuple(self._presented)
        self._presented.clear()
        inputs = lane_inputs(self.board.read(), self._wiring, 0)
        wrong = (Cause.CAMERA, self.camera.blind), (Cause.NETWORK, self.offline)
        troubles = frozenset(cause for cause, is_so in wrong if is_so)
        self.lane.step(self._clock.now(), inputs, self.camera.drain(), presented, troubles)
        if self._boom_up_at is None and self.board.coil_is_on(0):
            self._boom_up_at = self._clock.monotonic_s() + OPENING_S
            if self._car is not None:
                self._car.opened_at = self._clock.now()
                self._car.by = self.lane.visit.by if self.lane.visit is not None else self._car.by
        self._box.stepped(self)

    def boom_is_up(self) -> bool:
        return self._boom_up_at is not None and self._clock.monotonic_s() >= self._boom_up_at - 1e-6

    def settle(self) -> Process:
        """Something has changed: step now, and once more when the contacts are believed."""
        self.step()
        yield SETTLED_S
        self.step()

    def show_tag(self, tag: Credential) -> None:
        """The lane's reader hears a tag."""
        self._presented.append(
            Presented(tag, self._clock.now(), DeviceId(f"{self.name}-uhf"), self._clock.monotonic_s())
        )

    def drive_through(self, car: Driving, while_waiting: WhileWaiting | None = None) -> Process:
        """Queue, drive up, wait, pass; `car` says afterwards what came of it."""
        self.queue += 1
        while self.busy:
            yield QUEUE_STEP_S
        self.queue -= 1
        self.busy, self._car = True, car
        yield from self._arrive(car)
        yield from self._wait(car, while_waiting)
        car.passed = self.boom_is_up() and car.manner is not Manner.BACKS_OUT
        if machine.is_fire(self.lane.state):
            car.by = "emergency"
        if car.passed and car.manner is Manner.THROUGH:
            yield from self._go_under(car)
        else:
            self.board.set_input(0, False)
            yield from self.settle()
            yield 1.6
            self.step()
        self.camera.in_front = None
        yield 1.2
        self.step()
        self._boom_up_at = None  # its own hardware lets it down when the safety loop is free
        self.busy, self._car = False, None

    def _arrive(self, car: Driving) -> Process:
        self.camera.in_front = car
        self.board.set_input(0, True)
        if car.tag is not None:
            self.show_tag(car.tag)
        yield from self.settle()
        yield READ_AFTER_S
        self.step()

    def _wait(self, car: Driving, while_waiting: WhileWaiting | None) -> Process:
        patience = TURNS_BACK_AFTER_S if car.manner is Manner.BACKS_OUT else car.give_up_s
        while not self.boom_is_up() and car.waited_s < patience:
            opening = self._boom_up_at is not None
            pause = OPENING_S if opening else WAITING_STEP_S
            yield pause
            car.waited_s += pause
            if not self.boom_is_up():
                self.step()
            if while_waiting is not None and not opening:
                while_waiting(car, self)
        if car.manner is Manner.BACKS_OUT and self.boom_is_up():
            yield TURNS_BACK_AFTER_S

    def _go_under(self, car: Driving) -> Process:
        yield 0.8
        self.board.set_input(1, True)
        yield from self.settle()
        yield 0.5
        self.board.set_input(0, False)
        yield from self.settle()
        yield 0.7
        if car.follower is not None:
            yield from self._follow(car.follower)
        self.board.set_input(1, False)
        yield from self.settle()

    def _follow(self, car: Driving) -> Process:
        """Bumper to bumper: onto the first loop while the other is still under the boom, and through before anybody asks."""
        self.camera.in_front = car
        self.board.set_input(0, True)
        yield from self.settle()
        yield 0.3
        self.board.set_input(1, False)
        yield from self.settle()
        yield 0.2
        self.board.set_input(1, True)
        yield from self.settle()
        yield 0.6
        self.step()  # the camera may have seen it by now
        self.board.set_input(0, False)
        yield from self.settle()
        yield 0.7
        car.passed = True


class SimulatedBox:
    """The gate box: lanes on one file in memory, and a link to the server that can be cut."""

    name = "edge-1"

    def __init__(self, timeline: Timeline, ids: Ids) -> None:
        file = EdgeFile(":memory:")
        self.timeline = timeline
        self.ids = ids
        self.journal = FileJournal(file)
        self.copy = LocalCopy(file)
        self.rows = OwnRows(self.copy, self.journal)
        self.fires = FireGroup()
        self.linked = True
        self.lanes: dict[str, SimulatedLane] = {}
        self.stepped: Callable[[SimulatedLane], None] = lambda _: None
        """Called after each step of a lane."""

    def add(self, name: str, direction: Direction, camera: SimulatedCamera) -> SimulatedLane:
        lane = self.lanes[name] = SimulatedLane(name, direction, self, camera)
        return lane

    def restart(self) -> None:
        """The power has been away: what is not on disk is forgotten."""
        self.fires = FireGroup()
        self.rows = OwnRows(self.copy, self.journal)
        for lane in self.lanes.values():
            lane.restart()

    def unsent(self) -> tuple[Entry, ...]:
        """What the server has not acknowledged."""
        return self.journal.unacknowledged(200)

    def take(self, change: CopyChange) -> None:
        self.copy.apply(change)
