"""A lane in memory with everything around it: a board, a file, a copy, a camera that says what it is told, and a clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from parking.access.facts import LaneRules, PlateEvidence
from parking.access.snapshot import CopyChange, CopyRow
from parking.gate.barrier import Barrier
from parking.gate.controller import Lane, Sighting
from parking.gate.credentials.base import Presented
from parking.gate.edge_file import EdgeFile
from parking.gate.fire_group import FireGroup
from parking.gate.helping import CodeDisplay
from parking.gate.inputs import NOTHING_KNOWN, Inputs, lane_inputs
from parking.gate.journal import FileJournal
from parking.gate.local_copy import LocalCopy
from parking.gate.model import BarrierConfig, Cause, LaneConfig, Timings, Wiring
from parking.gate.ports import Journal
from parking.gate.relays.memory import MemoryBoard
from parking.kernel.clock import ManualClock
from parking.kernel.codec import decode, to_plain
from parking.kernel.credential import Credential
from parking.kernel.device import DeviceFault
from parking.kernel.events import Direction, Event
from parking.kernel.ids import DeviceId, LaneId, SeededIds, VisitId
from parking.kernel.plate import Plate

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PLATE = "苏A12345"
PRESENCE, SAFETY, FIRE, BOOM_UP, BOOM_DOWN, KEY, MAINS_LOST, BUTTON = range(8)
STEP = timedelta(milliseconds=20)
LONG_S, LONG_STEP = 10.0, timedelta(milliseconds=200)
E = TypeVar("E")


def seen(plate: str | None = PLATE, *, at: datetime = NOON, **changes: Any) -> PlateEvidence:
    """A good read of `plate`, unless told otherwise."""
    values: dict[str, Any] = {"confidence": 0.97, "margin": 6.0, "agreeing": 5, "frames": 6, "captured_at": at}
    return PlateEvidence(plate=Plate.parse(plate) if plate else None, **{**values, **changes})


def stay_data(plate: str = PLATE, *, entered_at: datetime = NOON, **changes: Any) -> dict[str, Any]:
    """An open stay that owes 5.00 within a day, unless told otherwise."""
    values: dict[str, Any] = {
        "plate": plate,
        "entered_at": to_plain(entered_at),
        "paid_until": None,
        "currency": "CNY",
        "prices": [[to_plain(entered_at + timedelta(days=1)), 500]],
        "paid_minor": 0,
        "credit_minor": 0,
    }
    return {**values, **changes}


def order_data(lane_id: str = "lane-1", *, expires_at: datetime, **changes: Any) -> dict[str, Any]:
    """An order of operator li to open."""
    values = {"lane_id": lane_id, "action": "open", "actor": "li", "reason": "intercom"}
    return {**values, "expires_at": to_plain(expires_at), **changes}


class SpokenCamera:
    """A camera that remembers what it was asked; the story says what it saw."""

    def __init__(self) -> None:
        self.visit: VisitId | None = None
        self.asked: list[VisitId] = []

    def begin(self, visit_id: VisitId) -> None:
        self.visit = visit_id
        self.asked.append(visit_id)

    def end(self) -> None:
        self.visit = None


class LaneStory:
    """One lane from power-up on; each verb moves the world and steps the lane until it has noticed."""

    def __init__(
        self,
        direction: Direction = Direction.IN,
        *,
        barrier: Mapping[str, Any] | None = None,
        rules: Mapping[str, Any] | None = None,
        timings: Mapping[str, Any] | None = None,
        file: EdgeFile | None = None,
        wiring: Mapping[str, Any] | None = None,
        clock: ManualClock | None = None,
        lane_id: str = "lane-1",
        seed: int = 1,
        **config: Any,
    ) -> None:
        self.clock = clock or ManualClock(NOON)
        self.ids = SeededIds(seed)
        self.board = MemoryBoard(self.clock)
        self.file = file or EdgeFile(":memory:")
        self.journal = FileJournal(self.file)
        self.copy = LocalCopy(self.file)
        self.camera = SpokenCamera()
        self.barrier_config = BarrierConfig(open_coil=0, **(barrier or {}))
        self.config = LaneConfig(
            LaneId(lane_id), direction, LaneRules(**(rules or {})), Timings(**(timings or {})), **config
        )
        self.wiring = Wiring(PRESENCE, SAFETY, fire=FIRE, **(wiring or {}))
        self.troubles: frozenset[Cause] = frozenset()
        self.fire_group = FireGroup()
        self.display: CodeDisplay | None = None
        self._held_up: list[Presented] = []
        self.power_up()
        self.wait(0.2)

    def power_up(self, journal: Journal | None = None) -> None:
        """A fresh controller on the same file and the same board, as after a power cut."""
        self.barrier = Barrier(self.board, self.barrier_config, self.clock)
        self.lane = Lane(
            self.config, self.barrier, self.copy, journal or self.journal, self.camera,
            clock=self.clock, ids=self.ids, origin="edge-1", fire_group=self.fire_group, display=self.display,
        )  # fmt: skip

    def step(self, *evidence: Sighting, pace: timedelta = STEP) -> None:
        held_up, self._held_up = self._held_up, []
        self.lane.step(self.clock.now(), self.inputs(), evidence, held_up, self.troubles)
        self.clock.advance(pace)

    def hold_up(self, credential: Credential, **changes: Any) -> None:
        """A reader of the lane sees this now."""
        values = {"read_at": self.clock.now(), "reader": DeviceId("reader-1"), "seen_s": self.clock.monotonic_s()}
        self._held_up.append(Presented(credential, **{**values, **changes}))
        self.step()

    def inputs(self) -> Inputs:
        try:
            return lane_inputs(self.board.read(), self.wiring, self.barrier_config.open_coil)
        except DeviceFault:
            return NOTHING_KNOWN

    def wait(self, seconds: float) -> None:
        """Let time pass; where it is long, the lane is stepped less often than a real one, to save the test's own time."""
        pace = STEP if seconds < LONG_S else LONG_STEP
        for _ in range(max(1, round(seconds / pace.total_seconds()))):
            self.step(pace=pace)

    def presence(self, on: bool) -> None:
        self.board.set_input(PRESENCE, on)
        self.wait(0.1)

    def safety(self, on: bool) -> None:
        self.board.set_input(SAFETY, on)
        self.wait(0.1)

    def fire(self, on: bool) -> None:
        self.switch(FIRE, on)

    def switch(self, index: int, on: bool) -> None:
        self.board.set_input(index, on)
        self.wait(0.1)

    def order(self, action: str = "open", *, reason: str = "intercom", valid_s: float = 20, **more: str) -> None:
        """Operator li orders something; the lane has it with its next step."""
        expires_at = self.clock.now() + timedelta(seconds=valid_s)
        command_id = f"c{self.copy.version + 1}"
        self.copy_row("command", command_id, order_data(expires_at=expires_at, action=action, reason=reason, **more))
        self.wait(0.1)

    def name(self, stay_id: str) -> None:
        """Operator li has seen on the picture whose car stands here."""
        assert self.lane.visit is not None, "nobody stands here"
        self.order("name", stay_id=stay_id, visit_id=self.lane.visit.id)

    def drive_up(self, evidence: PlateEvidence | None = None) -> None:
        """A vehicle comes onto the presence loop and, unless told otherwise, its plate is read well."""
        self.presence(True)
        self.see(evidence or seen(at=self.clock.now()))

    def see(self, evidence: PlateEvidence) -> None:
        assert self.camera.visit is not None, "the lane did not ask the camera"
        self.step((self.camera.visit, evidence))

    def drive_through(self) -> None:
        """The vehicle goes on over both loops, in their order."""
        self.safety(True)
        self.presence(False)
        self.safety(False)

    def copy_row(self, kind: str, key: str, data: Mapping[str, Any] | None) -> None:
        """The server's copy gets a row; the lane has it with its next step."""
        version = self.copy.version + 1
        self.copy.apply(CopyChange("mall", self.copy.version, version, (CopyRow(kind, key, version, data),)))

    def events(self) -> list[Event]:
        """Everything in the journal, oldest first."""
        rows = self.file.read(lambda conn: conn.execute("SELECT body FROM entry ORDER BY seq").fetchall())
        return [decode(json.loads(body)).event for (body,) in rows]

    def told(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [event for event in self.events() if isinstance(event, kind)]

    def faults(self) -> list[str]:
        """The codes of the faults that are open now."""
        return list(self.lane.faults.open)

    def pulses(self) -> int:
        """How many open pulses reached the board."""
        return sum(1 for order in self.board.log if order.coil == 0 and order.duration_ms)
