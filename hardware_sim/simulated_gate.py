"""A gate box in virtual time: the product's own lanes, journal and copy, on boards in memory and cameras that may misread.

A lane is stepped whenever something at it changes, again when its contacts have settled, and every second while a car waits.
"""

from __future__ import annotations

from collections.abc import Callable

from hardware_sim.simulated_camera import READ_AFTER_S, Driving, Manner, SimulatedCamera, SimulatedPrinter
from hardware_sim.virtual_time import Process, Timeline
from parking.access.facts import LaneRules, NoPlate
from parking.access.snapshot import CopyChange
from parking.gate import machine
from parking.gate.barrier import Barrier
from parking.gate.controller import Lane
from parking.gate.credentials.base import Presented
from parking.gate.credentials.codes import SKEW, CodeRefusal, VerifiedCode
from parking.gate.edge_file import EdgeFile
from parking.gate.fire_group import FireGroup
from parking.gate.inputs import lane_inputs
from parking.gate.journal import Entry, FileJournal
from parking.gate.local_copy import LocalCopy
from parking.gate.model import BarrierConfig, Cause, LaneConfig, Wiring
from parking.gate.own_rows import OwnRows
from parking.gate.relays.memory import MemoryBoard
from parking.gate.sync import BATCH_MOST
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.events import Direction
from parking.kernel.ids import DeviceId, Ids, LaneId
from parking.sessions.costs import Costs

SETTLED_S = 0.06  # a contact that has not moved for so long is believed
OPENING_S = 1.0
WAITING_STEP_S = 1.0
TURNS_BACK_AFTER_S = 5.0
QUEUE_STEP_S = 2.0
SHOWS_AFTER_S = 8.0
FIRE_INPUT = 2
WhileWaiting = Callable[["Driving", "SimulatedLane"], None]


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
        self.box = box
        self._timeline = box.timeline
        self._clock = box.timeline.clock
        self.board = MemoryBoard(self._clock)
        self._wiring = Wiring(presence=0, safety=1, fire=FIRE_INPUT)
        self._presented: list[Presented] = []
        self._printer = SimulatedPrinter()
        self._boom_up_at: float | None = None
        self.lane = self._built()

    def _built(self) -> Lane:
        rules = LaneRules(no_plate=NoPlate.ADMIT) if self.direction is Direction.IN else LaneRules()
        return Lane(
            LaneConfig(LaneId(self.name), self.direction, rules),
            Barrier(self.board, BarrierConfig(open_coil=0), self._clock),
            self.box.rows,
            self.box.rows.journal,
            self.camera,
            clock=self._clock,
            ids=self.box.ids,
            origin=self.box.name,
            fire_group=self.box.fires,
            costs=self.box.costs,
            display=self._printer if self.direction is Direction.IN else None,
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
                here = self.lane.visit
                self._car.by = (here.named_by or here.by) if here is not None else self._car.by
        elif self._car is None and not self.board.coil_is_on(0):
            self._boom_up_at = None  # nothing holds it up any more, as after a fire
        self.box.stepped(self)

    @property
    def linked(self) -> bool:
        """Whether the server hears this lane, and it the server."""
        return self.box.linked

    @property
    def car(self) -> Driving | None:
        """The one that stands here, as a person sees it on the picture."""
        return self._car

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

    def show_code(self, code: VerifiedCode) -> None:
        """The lane's reader is shown a genuine code, which may have run out while its driver stood in the queue."""
        shown, now, now_s = Credential(CredentialKind.CODE, code.code_id), self._clock.now(), self._clock.monotonic_s()
        device = DeviceId(f"{self.name}-qr")
        if now > code.expires + SKEW:
            self._presented.append(Presented(shown, now, device, now_s, refused=CodeRefusal.EXPIRED.value))
        else:
            self._presented.append(Presented(shown, now, device, now_s, proven=True, code=code))

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

    @property
    def can_be_followed(self) -> bool:
        """Whether a car stands here that nobody follows yet and that the lane has not let in yet."""
        return self._car is not None and self._car.follower is None and self._car.opened_at is None

    def follow(self, car: Driving) -> Process:
        """Stay right behind the car that is here; whether that let it through, `car` says."""
        ahead = self._car
        assert ahead is not None
        ahead.follower = car
        while self._car is ahead:
            yield QUEUE_STEP_S

    def _arrive(self, car: Driving) -> Process:
        self.camera.in_front = self._printer.car = car
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
            if car.shows is not None and car.waited_s >= SHOWS_AFTER_S and not opening:
                self.show_code(car.shows)
                car.shows = None
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
            yield from self._bumper_to_bumper(car.follower)
        self.board.set_input(1, False)
        yield from self.settle()

    def _bumper_to_bumper(self, car: Driving) -> Process:
        """The next one drives onto the first loop while the other is still under the boom, and through before anybody asks."""
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
    """A gate box: lanes on one file in memory, and a link to the server that can be cut."""

    def __init__(self, name: str, timeline: Timeline, ids: Ids, costs: Costs) -> None:
        file = EdgeFile(":memory:")
        self.name = name
        self.timeline = timeline
        self.costs = costs
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
        return self.journal.unacknowledged(BATCH_MOST)

    def take(self, change: CopyChange) -> None:
        self.copy.apply(change)
