"""The lane: drain the inputs, step the table, command the relay, write the journal. Synchronous, and the same online and offline.

It decides from its local copy alone, and again whenever copy or evidence changes. Nothing is opened before the journal has it on
disk; nothing counts as passed before the loops prove it. Time, ids and devices are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from parking.access.decide import decide
from parking.access.facts import PlateEvidence
from parking.access.snapshot import CommandAction, CommandRow
from parking.gate import machine
from parking.gate.answering import gather, told
from parking.gate.barrier import Barrier
from parking.gate.boom import Boom
from parking.gate.credentials.base import Presented
from parking.gate.faults import Faults
from parking.gate.inputs import NOTHING_KNOWN, Inputs, Signal
from parking.gate.loops import Loops
from parking.gate.machine import Command, Event, State
from parking.gate.model import Cause, LaneConfig
from parking.gate.ports import Camera, Copy, Journal
from parking.gate.record import LaneRecord
from parking.gate.visit import Visit
from parking.kernel.clock import Clock
from parking.kernel.events import BarrierPulsed, VehicleBackedAway, VehiclePassed
from parking.kernel.ids import Ids, VisitId

Sighting = tuple[VisitId, PlateEvidence]
"""A camera's evidence and the visit that it was asked about."""
_RETRY_LONGEST_S = 30.0
_WAITING = frozenset({State.READING, State.REFUSED, State.INTRUDING})


class Lane:
    """One lane with a barrier; call `step` every 20 ms or so, from one thread."""

    def __init__(
        self,
        config: LaneConfig,
        barrier: Barrier,
        copy: Copy,
        journal: Journal,
        camera: Camera,
        *,
        clock: Clock,
        ids: Ids,
        origin: str,
    ) -> None:
        self.config = config
        self._copy = copy
        self._camera = camera
        self._clock = clock
        self._ids = ids
        self._record = LaneRecord(config.lane_id, journal, ids, origin)
        self.faults = Faults(config.lane_id, self._record.add)
        self._boom = Boom(barrier, self.faults, config.timings, clock)
        self._loops = Loops(config.timings.debounce_s)
        self.state = State.UNKNOWN
        self.visit: Visit | None = None
        self._suspended: tuple[Visit, float] | None = None
        self._orders: tuple[CommandRow, ...] = ()
        self._order: CommandRow | None = None
        self._copy_seen = -1
        self._now = clock.now()
        self._inputs = NOTHING_KNOWN
        self._since_s = self._known_s = clock.monotonic_s()
        self._asked_s = float("-inf")
        self._take_up_record()

    # --- one step ----------------------------------------------------------------------------------------------------

    def step(
        self,
        now: datetime,
        inputs: Inputs,
        evidence: Iterable[Sighting] = (),
        presented: Iterable[Presented] = (),
        troubles: frozenset[Cause] = frozenset(),
    ) -> None:
        """Work off everything that is new at `now`; never raises for a device or a disk that fails.

        `troubles` is what the box knows to be wrong around the lane: camera, network, payment, person_away.
        """
        now_s = self._clock.monotonic_s()
        self._troubles, self._presented = troubles, tuple(presented)
        self._now = self._record.now = now
        self._inputs = inputs.unless_older_than(self.config.timings.stale_after_s, now_s)
        if self._inputs.fire is Signal.ON and not machine.is_fire(self.state):
            self.faults.set("fire", wrong=True, detail="fire input")
            self._feed(Event.FIRE_ON)
        changed = False
        for visit_id, seen in evidence:
            if self.visit is not None and self.visit.id == visit_id:
                changed |= self.visit.take(seen, self.config.rules)
        self._follow_loops(now_s)
        self._follow_time(now_s)
        if self._copy.version != self._copy_seen:
            self._copy_seen = self._copy.version
            self._orders = tuple(self._copy.orders(self.config.lane_id))
            changed = True
        if changed or self._asks_again(now_s):
            self._feed(Event.ASK)
        self._carry_out_orders()
        self._watch(now_s)
        self._save()

    def end_emergency(self, by: str, *, carried_out: str | None = None) -> bool:
        """A person ends the emergency; False while the fire input still says fire, or when there is none to end."""
        if not machine.is_fire(self.state) or self._inputs.fire is not Signal.OFF:
            return False
        self._record.now = self._now
        self.faults.set("fire", wrong=False)
        self.faults.alarm("fire_ended", by)
        self._feed(Event.FIRE_ENDED)
        return self._save(carried_out=carried_out)

    def _follow_loops(self, now_s: float) -> None:
        knew = self._loops.levels is not None
        edges = self._loops.feed(self._inputs, now_s)
        levels = self._loops.levels
        if levels is None:
            if knew and not machine.is_lost(self.state):
                self._feed(Event.INPUTS_LOST)
        elif not knew or machine.is_lost(self.state):
            self._feed(self._found(*levels, now_s))
        else:
            for edge in edges:
                if machine.is_lost(self.state):
                    break  # the rest of this step's edges says nothing certain any more
                self._feed(edge)

    def _found(self, presence: bool, safety: bool, now_s: float) -> Event:
        if self._suspended is not None and safety and self.state is State.UNKNOWN:
            visit, since_s = self._suspended
            if 0 <= now_s - since_s <= self.config.timings.resume_s:
                self.visit, self._suspended = visit, None
                return Event.RESUME_PASSING if presence else Event.RESUME_CLEARING
        if safety:
            return Event.FOUND_BOTH if presence else Event.FOUND_UNDER
        return Event.FOUND_WAITING if presence else Event.FOUND_EMPTY

    def _follow_time(self, now_s: float) -> None:
        timings = self.config.timings
        dwell_s = {
            State.GAP: timings.gap_s,
            State.ALLOWED: timings.permit_s,
            State.EXPECTED: timings.permit_s,
            State.REVERSED: timings.reversed_s,
            State.NO_RELAY: min(_RETRY_LONGEST_S, timings.relay_retry_s * 2 ** max(0, self._boom.failures - 1)),
        }.get(self.state)
        if dwell_s is not None and now_s - self._since_s >= dwell_s:
            self._feed(Event.TIMEOUT)
        safety = self._loops.safety
        if machine.is_fire(self.state):
            if self._boom.needs_holding(self._inputs):
                self._feed(Event.FIRE_ON)
        elif safety.level is Signal.OFF and self._boom.may_come_down(self._inputs, safety.raw_since_s):
            self._feed(Event.CLEAR)

    def _asks_again(self, now_s: float) -> bool:
        if self.state not in _WAITING or self.visit is None:
            return False
        return self.visit.answer is None or now_s - self._asked_s >= self.config.timings.ask_again_s

    def _carry_out_orders(self) -> None:
        left = []
        for order in self._orders:
            if order.expires_at < self._now:
                continue
            if order.action is CommandAction.END_EMERGENCY:
                if not self.end_emergency(f"operator:{order.actor}", carried_out=order.command_id):
                    left.append(order)
            elif Command.OPEN in machine.step(self.state, Event.ORDERED).commands:
                self._order = order
                self._feed(Event.ORDERED)
            else:
                left.append(order)
        self._orders = tuple(left)

    def _watch(self, now_s: float) -> None:
        timings = self.config.timings
        if self._loops.levels is not None:
            self._known_s = now_s
        lost = now_s - self._known_s >= timings.lost_after_s
        self.faults.set("inputs_lost", lost, "the board does not tell the loops")
        for name, loop in (("presence", self._loops.presence), ("safety", self._loops.safety)):
            stuck = loop.level is Signal.ON and now_s - loop.level_since_s >= timings.stuck_after_s
            self.faults.set(f"{name}_loop_stuck", stuck, f"on for {timings.stuck_after_s:.0f} s and more")
        self.faults.set("journal_full", bool(self._record.trouble), self._record.trouble)
        if not machine.is_fire(self.state) and self._inputs.open_coil is not Signal.UNKNOWN:
            self.faults.set("relay_welded", self._boom.is_welded(self._inputs), "the open coil stays on")

    # --- the table and its commands ----------------------------------------------------------------------------------

    def _feed(self, event: Event) -> None:
        taken = machine.step(self.state, event)
        if taken.state is not self.state:
            self._since_s = self._clock.monotonic_s()
        self.state = taken.state
        for command in taken.commands:
            act = _ACTIONS.get(command)
            if act is None:
                self.faults.alarm(command.value, self.visit.id if self.visit else "")
            else:
                act(self)

    def _begin(self) -> None:
        self.faults.clear_alarms()
        self.visit = self._new_visit()
        self._camera.begin(self.visit.id)

    def _new_visit(self) -> Visit:
        visit_id = VisitId(self._ids.new(self._now))
        return Visit.arrive(visit_id, self._now, self._clock.monotonic_s(), self.config.rules)

    def _read_again(self) -> None:
        assert self.visit is not None
        self.visit.read_again(self._now, self._clock.monotonic_s())
        self._camera.begin(self.visit.id)

    def _decide(self) -> None:
        visit = self.visit
        assert visit is not None
        self._asked_s = self._clock.monotonic_s()
        facts = gather(visit, self.config, self._copy, self._now, self._asked_s)
        if facts is None:
            return
        answer = decide(facts)
        news, visit.answer = answer != visit.answer, answer
        visit.stay_id, visit.authorised = answer.stay_id, answer.allowed
        visit.by, visit.reason = "rule", answer.decision.rule
        if news:
            self._record.add(told(visit, facts, answer))
        self._feed(Event.ADMIT if answer.allowed else Event.REFUSE)

    def _open(self) -> None:
        order, self._order = self._order, None
        visit = self.visit or self._new_visit()  # where nobody stands, the pulse still has a name
        if order is not None:
            visit.by, visit.reason, visit.authorised = f"operator:{order.actor}", order.reason, True
        opening = self._boom.order(visit.id)
        visit.opened += 1
        if not self._save(carried_out=order.command_id if order else None):
            self._feed(Event.PULSE_FAILED)
            return
        read_back = self._boom.open(opening)
        if read_back is not None:
            self._record.add(BarrierPulsed(self.config.lane_id, visit.id, read_back, visit.by, visit.reason))
        if not read_back:
            self._feed(Event.PULSE_FAILED)
        elif visit.plate is not None:
            self._camera.end()

    def _let_go(self) -> None:
        self._boom.let_go()
        self._loops.levels = None  # look afresh at what stands in the lane

    def _tell_passage(self, *, authorised: bool) -> None:
        visit = self.visit
        assert visit is not None
        self._record.add(
            VehiclePassed(
                lane_id=self.config.lane_id,
                visit_id=visit.id,
                direction=self.config.direction,
                plate=visit.plate,
                confidence=visit.confidence,
                stay_id=visit.stay(self.config.direction),
                authorised=authorised,
            )
        )
        self._end()

    def _backed_away(self) -> None:
        assert self.visit is not None
        self._record.add(VehicleBackedAway(self.config.lane_id, self.visit.id))
        self._end()

    def _end(self) -> None:
        self.visit = None
        self._camera.end()

    def _suspend(self) -> None:
        if self.visit is not None:
            self._suspended = (self.visit, self._clock.monotonic_s())
        self._end()

    def _drop(self) -> None:
        lost = self.visit or (self._suspended[0] if self._suspended else None)
        self._suspended = None
        if lost is not None and lost.authorised and lost.opened:
            self.faults.alarm("passage_unproven", lost.id)
        self._end()

    def _save(self, *, carried_out: str | None = None) -> bool:
        visit = self.visit or (self._suspended[0] if self._suspended else None)
        return self._record.save(self.state, visit, carried_out=carried_out)

    def _take_up_record(self) -> None:
        """What the lane was doing when the power went: a fire is still a fire, a passage may be finished, nothing closes."""
        stored = self._record.stored()
        if stored is None:
            return
        if machine.is_fire(stored.state):
            self.state = State.FIRE
        elif stored.visit is not None and stored.visit.authorised and stored.visit.opened:
            age_s = max(0.0, (self._now - stored.at).total_seconds())
            self._suspended = (stored.visit, self._clock.monotonic_s() - age_s)


_ACTIONS: dict[Command, Callable[[Lane], None]] = {
    Command.BEGIN: Lane._begin,
    Command.DECIDE: Lane._decide,
    Command.READ_AGAIN: Lane._read_again,
    Command.OPEN: Lane._open,
    Command.CLOSE: lambda lane: lane._boom.close(lane._inputs),
    Command.HOLD_OPEN: lambda lane: lane._boom.hold_open(),
    Command.LET_GO: Lane._let_go,
    Command.PASSED: lambda lane: lane._tell_passage(authorised=True),
    Command.INTRUDED: lambda lane: lane._tell_passage(authorised=False),
    Command.BACKED_AWAY: Lane._backed_away,
    Command.SUSPEND: Lane._suspend,
    Command.DROP: Lane._drop,
    Command.END: Lane._end,
}
