"""A gate box in virtual time: the product's own lanes, journal and copy, on boards in memory and a camera that may misread."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from datetime import timedelta

from hardware_sim.virtual_time import Process, Timeline
from parking.access.facts import PlateEvidence
from parking.access.snapshot import CopyChange
from parking.gate.barrier import Barrier
from parking.gate.controller import Lane
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

STEP_S = 0.1
OPENING_S = 1.0
TURNS_BACK_AFTER_S = 5.0
FIRE_INPUT = 2
_BLIND = frozenset({Cause.CAMERA})
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Eyesight:
    """How well a simulated camera reads: the shares of passages misread, and not read at all."""

    misread: float = 0.0
    unread: float = 0.0


class SimulatedCamera:
    """Posts evidence a while after `begin`, about the car that really stands there, as well as it can see."""

    def __init__(self, timeline: Timeline, random_: random.Random, eyesight: Eyesight) -> None:
        self._timeline = timeline
        self._random = random_
        self._eyesight = eyesight
        self._visit: VisitId | None = None
        self.in_front: Plate | None = None
        self.blind = False
        """It sees nothing at all, and says so."""
        self.posted: deque[tuple[VisitId, PlateEvidence]] = deque()

    def begin(self, visit_id: VisitId) -> None:
        self._visit = visit_id
        self._timeline.start(self._read(visit_id))

    def end(self) -> None:
        self._visit = None

    def _read(self, visit_id: VisitId) -> Process:
        seen = self._seen()
        for agreeing in (1, 3):
            yield 0.4
            if self._visit != visit_id or seen is None:
                return
            now = self._timeline.clock.now()
            self.posted.append((visit_id, PlateEvidence(seen, 0.97, 6.0, agreeing, agreeing, now)))

    def _seen(self) -> Plate | None:
        if self.in_front is None or self.blind or self._random.random() < self._eyesight.unread:
            return None
        if self._random.random() >= self._eyesight.misread:
            return self.in_front
        text = self.in_front.text
        place = self._random.randrange(2, len(text))
        return Plate(text[:place] + self._random.choice(LETTERS.replace(text[place], "")) + text[place + 1 :])


class SimulatedLane:
    """One lane with its board, boom and camera; the car in it drives by yielding seconds."""

    def __init__(
        self,
        name: str,
        direction: Direction,
        timeline: Timeline,
        rows: OwnRows,
        ids: Ids,
        random_: random.Random,
        eyesight: Eyesight,
        fires: FireGroup,
    ) -> None:
        clock = timeline.clock
        self.name = name
        self.board = MemoryBoard(clock)
        self.camera = SimulatedCamera(timeline, random_, eyesight)
        self._timeline = timeline
        self._wiring = Wiring(presence=0, safety=1, fire=FIRE_INPUT)
        self._presented: list[Presented] = []
        self._boom_up_at: float | None = None
        self._random = random_
        self.busy = False
        self.lane = Lane(
            LaneConfig(LaneId(name), direction),
            Barrier(self.board, BarrierConfig(open_coil=0), clock),
            rows,
            rows.journal,
            self.camera,
            clock=clock,
            ids=ids,
            origin="edge-1",
            fire_group=fires,
        )
        self.settle()

    def settle(self) -> None:
        """Enough steps for the lane to know its loops."""
        for _ in range(3):
            self.step()
            self._timeline.clock.advance(timedelta(seconds=STEP_S))

    def step(self) -> None:
        """One turn of the product's lane, and of the boom's own hardware."""
        evidence, presented = tuple(self.camera.posted), tuple(self._presented)
        self.camera.posted.clear()
        self._presented.clear()
        now = self._timeline.clock.now()
        inputs = lane_inputs(self.board.read(), self._wiring, 0)
        self.lane.step(now, inputs, evidence, presented, _BLIND if self.camera.blind else frozenset())
        now_s = self._timeline.clock.monotonic_s()
        if self.board.coil_is_on(0) and self._boom_up_at is None:
            self._boom_up_at = now_s + OPENING_S

    def boom_is_up(self) -> bool:
        return self._boom_up_at is not None and self._timeline.clock.monotonic_s() >= self._boom_up_at

    def _steps(self, seconds: float) -> Process:
        for _ in range(max(1, round(seconds / STEP_S))):
            self.step()
            yield STEP_S

    def show_tag(self, tag: Credential) -> None:
        """The lane's reader hears a tag."""
        clock = self._timeline.clock
        self._presented.append(Presented(tag, clock.now(), DeviceId(f"{self.name}-uhf"), clock.monotonic_s()))

    def drive_through(
        self,
        plate: Plate,
        give_up_s: float,
        refused: list[float],
        *,
        tag: Credential | None = None,
        backs_out: bool = False,
    ) -> Process:
        """Drive up, wait, pass; afterwards `refused` holds the seconds waited, and the lane tells whether the car passed.

        Who `backs_out` leaves the lane the way he came, whatever the boom does.
        """
        while self.busy:
            yield 1.0
        self.busy = True
        self.camera.in_front = plate
        self.board.set_input(0, True)
        if tag is not None:
            self.show_tag(tag)
        waited = 0.0
        while not self.boom_is_up() and waited < (TURNS_BACK_AFTER_S if backs_out else give_up_s):
            self.step()
            waited += STEP_S
            refused[:] = [waited]
            yield STEP_S
        passes = self.boom_is_up() and not backs_out
        if passes:
            yield from self._steps(0.8)
            self.board.set_input(1, True)
            yield from self._steps(0.6)
        self.board.set_input(0, False)
        yield from self._steps(0.8)
        self.board.set_input(1, False)
        yield from self._steps(2.5)
        self._boom_up_at = None  # its own hardware lets it down when the safety loop is free
        self.camera.in_front = None
        refused[:] = [waited if passes else -1.0]
        self.busy = False


class SimulatedBox:
    """The gate box: lanes on one file in memory, and a link to the server that can be cut."""

    def __init__(self, timeline: Timeline, ids: Ids, random_: random.Random, eyesight: Eyesight) -> None:
        file = EdgeFile(":memory:")
        self.journal = FileJournal(file)
        self.copy = LocalCopy(file)
        rows = OwnRows(self.copy, self.journal)
        self.linked = True

        fires = FireGroup()

        def lane(name: str, direction: Direction) -> SimulatedLane:
            return SimulatedLane(name, direction, timeline, rows, ids, random_, eyesight, fires)

        self.entry = lane("entry-1", Direction.IN)
        self.exit = lane("exit-1", Direction.OUT)

    def unsent(self) -> tuple[Entry, ...]:
        """What the server has not acknowledged."""
        return self.journal.unacknowledged(200)

    def take(self, change: CopyChange) -> None:
        self.copy.apply(change)
