"""The real lane in a small world that can be saved, restored and asked whether anything unsafe has happened.

Nothing here decides: the lane, its barrier and its board in memory are the product's own. The world switches loops, cameras, faults
and people; `Ghost` remembers what truly was delivered to the lane and checks every order that reaches the board, and every event.
Orders and readings take no time; only a tick does (half a second), so that a situation is the same however it came about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from parking.access.facts import LaneRules, PlateEvidence
from parking.access.rows import (
    CommandAction,
    CommandRow,
    HolderRow,
    InvitationRow,
    PriceStep,
    StayRow,
    UsedCodeRow,
)
from parking.gate import free_flow, machine
from parking.gate.barrier import Barrier
from parking.gate.controller import Lane
from parking.gate.credentials.base import Presented
from parking.gate.credentials.codes import CodeUse, VerifiedCode
from parking.gate.fire_group import FireGroup
from parking.gate.inputs import NOTHING_KNOWN, Inputs, Signal, lane_inputs
from parking.gate.machine import State
from parking.gate.model import BarrierConfig, Cause, Closing, HelpAction, HelpRule, LaneConfig, Wiring
from parking.gate.relays.base import BoardState
from parking.kernel.clock import ManualClock
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.device import DeviceFault, DeviceRefused
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.events import CodeUsed, Direction, Envelope
from parking.kernel.ids import DeviceId, LaneId, StayId
from parking.kernel.plate import Plate
from tests.tools.lane_ghost import TIMINGS, Ghost, Unsafe
from tests.tools.lane_memory import MemoryCopy, PowerCut, SilentCamera, WatchedBoard, WorldIds

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
LANE = LaneId("lane-1")
PLATE, OTHER_PLATE = Plate.parse("苏A12345"), Plate.parse("苏B54321")
TAG = Credential(CredentialKind.UHF, "E200111122223333")
CODE = VerifiedCode("code-0001", CodeUse.INVITATION, "main", START, START + timedelta(hours=9), invitation_id="inv-1")
PRESENCE, SAFETY, FIRE, KEY, BUTTON = range(5)
OPEN_COIL, CLOSE_COIL = 0, 1
TICK = timedelta(seconds=0.5)
WIRING = Wiring(PRESENCE, SAFETY, fire=FIRE, manual=KEY, call_button=BUTTON)
BARRIER = BarrierConfig(OPEN_COIL, CLOSE_COIL, 500, Closing.SOFTWARE, hardware_interlock=True)
RULES = LaneRules(read_deadline_s=1.0, evidence_lead_s=0.5)
_CALL, _DEBT = HelpRule(HelpAction.CALL, 0.5, 5.0), HelpRule(HelpAction.OPEN_WITH_DEBT, 1.0)
EXIT_HELP = {cause: _DEBT if cause in (Cause.NETWORK, Cause.PERSON_AWAY) else _CALL for cause in Cause}
ENTRY_HELP = {cause: HelpRule(HelpAction.CALL, 0.5) for cause in Cause}


class World:
    """One lane with everything around it, from power-up on."""

    def __init__(self, direction: Direction = Direction.OUT, board: Callable[[World], Any] | None = None) -> None:
        self.clock = ManualClock(START)
        self.direction = direction
        self.ids = WorldIds()
        self.copy = MemoryCopy()
        self.camera = SilentCamera()
        self.ghost = Ghost()
        self.board: Any = board(self) if board else WatchedBoard(self.clock, self.ordered, self.ghost.goes_up)
        self.metal = [False] * 5
        """What lies on the inputs, whatever the board tells of it."""
        self.stored: Mapping[str, Any] | None = None
        self.disk_full = False
        self.frozen: BoardState | None = None
        self.troubles: frozenset[Cause] = frozenset()
        self.orders = 0
        self.others_fire = False
        self.paid: bool | None = None
        help_ = EXIT_HELP if direction is Direction.OUT else ENTRY_HELP
        self.config = LaneConfig(LANE, direction, RULES, TIMINGS, help_, opens_in_fire=True)
        self.power_up()

    # --- the box -----------------------------------------------------------------------------------------------------

    def power_up(self) -> None:
        """A fresh controller on the same disk and the same board; what a full disk could not keep is lost."""
        self.ghost.restart()
        self.ghost.fire_unsure = self.disk_full or self.ghost.order_unsaved
        self.camera.end()
        self.fires = FireGroup()
        self.fires.join(LaneId("lane-2"))
        barrier = Barrier(self.board, BARRIER, self.clock)
        self.lane = Lane(
            self.config, barrier, self.copy, self, self.camera,
            clock=self.clock, ids=self.ids, origin="edge-1", fire_group=self.fires,
        )  # fmt: skip

    def append(
        self,
        lane_id: LaneId,
        envelopes: Sequence[Envelope],
        lane_state: Mapping[str, Any],
        *,
        carried_out: str | None = None,
    ) -> None:
        """The journal: on disk, all of it, or not at all."""
        del lane_id
        if self.disk_full:
            raise ParkingError(ErrorKind.UNAVAILABLE, "edge.disk_full", "the disk is full")
        self.stored = lane_state
        if carried_out is not None:
            self._carried_out(carried_out)
        for envelope in envelopes:
            free = self.lane.state in free_flow.OF
            self.ghost.hears(envelope.event, free=free)
            if isinstance(envelope.event, CodeUsed):
                if self.copy.used(envelope.event.code_id):
                    raise Unsafe("a code is used up twice")
                used = UsedCodeRow(CODE.code_id, LANE, self.clock.now(), CODE.expires)
                self.copy.put("used_code", CODE.code_id, used)

    def _carried_out(self, command_id: str) -> None:
        if command_id in self.copy.carried_out:
            raise Unsafe("I15: an order is carried out twice")
        self.copy.carried_out.add(command_id)
        order = next(f for f in self.copy.rows.values() if isinstance(f, CommandRow) and f.command_id == command_id)
        if order.expires_at < self.clock.now():
            raise Unsafe("I15: a late order is carried out")
        if order.action is CommandAction.OPEN and self.lane.visit is not None:
            self.ghost.permitted.add(self.lane.visit.id)

    def lane_state(self, lane_id: LaneId) -> Mapping[str, Any] | None:
        del lane_id
        return self.stored

    def ordered(self, coil: int, not_after_s: float) -> None:
        """An order of the lane has reached the board."""
        now_s = self.clock.monotonic_s()
        if coil == CLOSE_COIL:
            self.ghost.closes(self.lane, now_s)
        else:
            self.ghost.opens(self.lane, self.stored, now_s, not_after_s)

    # --- one step, and what must be true after it --------------------------------------------------------------------

    def inputs(self) -> Inputs:
        try:
            state = self.frozen or self.board.read()
            inputs = lane_inputs(state, WIRING, OPEN_COIL)
        except (DeviceFault, DeviceRefused):
            inputs = NOTHING_KNOWN
        self.ghost.deliver(inputs, self.clock.monotonic_s())
        return inputs

    def step(self, seen: Sequence[PlateEvidence] = (), held_up: Sequence[Presented] = ()) -> None:
        visit = self.camera.visit
        evidence = [(visit, one) for one in seen] if visit is not None else []
        self.fires.note(LaneId("lane-2"), Signal.of(self.others_fire), in_emergency=False)
        if self.others_fire and not self.ghost.fire:
            self.ghost.fire, self.ghost.fire_s = True, self.clock.monotonic_s()
        try:
            self.lane.step(self.clock.now(), self.inputs(), evidence, held_up, self.troubles)
        except PowerCut:
            self.board.cut = ""
            self.power_up()
            self.step()
            return
        self.board.log.clear()
        self.check()

    def check(self) -> None:
        """The properties that hold after every step, whatever happened."""
        ghost, state, now_s = self.ghost, self.lane.state, self.clock.monotonic_s()
        if state is State.FAULT:
            raise Unsafe("two loops and people cannot make an impossible lane")
        reachable = not self.board.gone and self.frozen is None and self.board.lost_answers == 0
        if not reachable:
            ghost.quiet_s = now_s
        if ghost.fire:
            if not machine.is_fire(state) and ghost.fire_unsure:
                ghost.fire = False
            elif not machine.is_fire(state):
                raise Unsafe(f"I17: a fire has ended by itself: {state}")
            late = now_s - max(ghost.fire_s, ghost.quiet_s) > 2 * TIMINGS.relay_retry_s
            if late and machine.is_fire(state) and not self.board.coil_is_on(OPEN_COIL):
                raise Unsafe("I17: in a fire the open contact is not closed")
        if machine.is_fire(state) and not ghost.fire and ghost.fire_unsure:
            ghost.fire, ghost.fire_s = True, now_s
        elif machine.is_fire(state) and not ghost.fire:
            raise Unsafe("an emergency out of nothing")

    # --- what happens in the world -----------------------------------------------------------------------------------

    def restart(self) -> None:
        """The box loses its power, and has it again at once."""
        self.power_up()
        self.step()

    def wait(self, ticks: int) -> None:
        for _ in range(ticks):
            self.tick()

    def tick(self) -> None:
        self.clock.advance(TICK)
        self.step()

    def toggle(self, index: int) -> None:
        self.metal[index] = not self.metal[index]
        self.board.set_input(index, self.metal[index])
        self.step()

    def read(self, plate: Plate = PLATE, margin: float = 6.0, age_s: float = 0.0) -> None:
        at = self.clock.now() - timedelta(seconds=age_s)
        self.step([PlateEvidence(plate, 0.97, margin, 5, 6, at)])

    def hold_up(self, credential: Credential, code: VerifiedCode | None = None) -> None:
        now_s = self.clock.monotonic_s()
        shown = Presented(credential, self.clock.now(), DeviceId("r"), now_s, code=code, proven=code is not None)
        self.step(held_up=[shown])

    def order(self, action: CommandAction, *, valid_s: float = 1.0, reason: str = "r") -> None:
        self.orders += 1
        self.ghost.order_unsaved |= self.disk_full
        expires = self.clock.now() + timedelta(seconds=valid_s)
        name = f"c{self.orders}"
        if action is CommandAction.EMERGENCY and not self.ghost.fire:
            self.ghost.fire, self.ghost.fire_s = True, self.clock.monotonic_s()
        self.copy.put("command", "newest", CommandRow(name, LANE, action, "li", reason, expires))
        self.step()

    def end_fire(self) -> None:
        if self.lane.end_emergency("operator:li"):
            self.ghost.fire = False
            if self.others_fire or (self.metal[FIRE] and self.frozen is None):
                raise Unsafe("I17: a fire was ended while it burns")
        self.step()

    def repeat(self) -> None:
        """The newest order comes once more, as after a reconnect."""
        self.copy.version += 1
        self.step()

    def answer(self) -> None:
        """A person answers the call that is open, or one that never was."""
        self.order(CommandAction.ANSWER, reason=self.lane.calling or "another-call")

    def pay(self, paid: bool) -> None:
        self.paid = paid
        until = START + timedelta(hours=3) if paid else None
        prices = (PriceStep(START + timedelta(days=1), 500),)
        stay = StayRow(StayId("s1"), PLATE, START, until, "CNY", prices, 500 if paid else 0, 0)
        self.copy.put("stay", "s1", stay)
        self.step()

    def know(self) -> None:
        """The copy knows whose tag it is, and an invitation."""
        self.copy.put("holder", TAG.ref, HolderRow(TAG, "h1", (PLATE,)))
        valid = (START - timedelta(hours=1), START + timedelta(hours=9))
        self.copy.put("invitation", "inv-1", InvitationRow("inv-1", "h2", *valid, entries=None))
        self.step()

    def switch(self, name: str, value: Any) -> None:
        """Switch a fault of the world, and let the lane notice."""
        setattr(self, name, value)
        self.step()

    def break_board(self, name: str, value: Any) -> None:
        """Switch a fault of the board, and let the lane notice."""
        setattr(self.board, name, value)
        self.step()

    def freeze(self) -> None:
        """The board's last reading comes again and again, ever older; or it is told afresh again."""
        try:
            self.frozen = self.board.read() if self.frozen is None else None
        except DeviceFault:
            self.frozen = None
        self.step()

    # --- I18: once the faults stop, nobody is trapped ----------------------------------------------------------------

    def heal(self) -> None:
        """All faults stop, every person's mode ends, and one vehicle stands before the boom."""
        self.board.gone, self.board.lost_answers, self.board.cut = False, 0, ""
        self.board.welded.clear()
        self.board.unconfirmed.clear()
        self.disk_full, self.frozen, self.others_fire, self.troubles = False, None, False, frozenset()
        for index in (FIRE, KEY, BUTTON, SAFETY):
            if self.metal[index]:
                self.toggle(index)
        self.tick()
        self.end_fire()
        self.order(CommandAction.RELEASE)
        if not self.metal[PRESENCE]:
            self.toggle(PRESENCE)

    def serves_within(self, seconds: float) -> bool:
        """Whether the vehicle before the boom is let through, or handed to a person, in time."""
        opened = self.ghost.pulses
        for _ in range(round(seconds / TICK.total_seconds())):
            if self.lane.state is State.ALLOWED or self.ghost.pulses > opened or self.lane.calling:
                return True
            self.tick()
        return False
