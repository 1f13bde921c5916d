"""The lane: drain the inputs, step the table, command the relay, write the journal. Synchronous, and the same online and offline.

It decides from its local copy alone, and again whenever copy or evidence changes. Nothing is opened before the journal has it on
disk; nothing counts as passed before the loops prove it. Time, ids and devices are handed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from parking.access.facts import PlateEvidence
from parking.access.rows import CommandAction, CommandRow
from parking.gate import machine
from parking.gate.credentials.base import Presented
from parking.gate.help import Waiting, cause_of
from parking.gate.helping import decided_by_policy
from parking.gate.inputs import Inputs, Signal
from parking.gate.lane_commands import Commanded
from parking.gate.machine import Command, Event, State
from parking.gate.mode import mode_of
from parking.gate.model import Cause
from parking.kernel.decision import Refused
from parking.kernel.events import LaneModeChanged
from parking.kernel.ids import VisitId

Sighting = tuple[VisitId, PlateEvidence]
"""A camera's evidence and the visit that it was asked about."""
_RETRY_LONGEST_S = 30.0
_CLOCK_SET = timedelta(seconds=1)
"""By so much the time of day never is ahead of the seconds that have passed, unless somebody has set it."""
_WAITING = frozenset({State.READING, State.REFUSED, State.INTRUDING})


class Lane(Commanded):
    """One lane with a barrier; call `step` every 20 ms or so, from one thread."""

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
        set_by = now - self._now - timedelta(seconds=now_s - self._stepped_s)
        if self.visit is not None and abs(set_by) > _CLOCK_SET:
            self.visit.clock_was_set(set_by)
        self._now = self._record.now = now
        self._stepped_s = now_s
        before, self._inputs = self._inputs, inputs.unless_older_than(self.config.timings.stale_after_s, now_s)
        on_battery = frozenset({Cause.POWER} if self._inputs.mains_lost is Signal.ON else ())
        self._troubles = troubles | on_battery
        self._boom.watch(self._inputs)
        self._follow_fire()
        changed = False
        for visit_id, seen in evidence:
            if self.visit is not None and self.visit.id == visit_id:
                changed |= self.visit.take(seen, self.config.rules)
        self._presenting.hear(presented, now_s)
        self._follow_loops(now_s)
        self._follow_key()
        self._follow_time(now_s)
        if self.visit is not None and not machine.is_lost(self.state):
            changed |= self.visit.hold_up(self._presenting.add_to(self.visit.presented, self.visit.presented_from_s))
        if self._copy.version != self._copy_seen:
            self._copy_seen = self._copy.version
            self._orders.take(self._copy.orders(self.config.lane_id))
            changed = True
        if changed or self._asks_again(now_s):
            self._feed(Event.ASK)
        self._orders.carry_out(self._now, self._carry_out)
        self._help(now_s, pressed=self._inputs.call_button is Signal.ON and before.call_button is Signal.OFF)
        self._watch(now_s)
        self._save()

    def end_emergency(self, by: str, *, carried_out: str | None = None) -> bool:
        """A person ends the emergency; False while a fire input of the box still says fire, or when there is none to end."""
        if not machine.is_fire(self.state) or self._inputs.fire is not Signal.OFF or self._fires.burns:
            return False
        self._record.now = self._now
        self.faults.set("fire", wrong=False)
        self.faults.alarm("fire_ended", by)
        self._feed(Event.FIRE_ENDED)
        self._save(carried_out=carried_out)
        return True

    def _follow_fire(self) -> None:
        """The lane's own fire input, and those of the other lanes of its box."""
        own = self._inputs.fire
        self._fires.note(self.config.lane_id, own, in_emergency=machine.is_fire(self.state))
        elsewhere = self._fires.raised != self._fires_seen and self.config.joins_in_fire
        self._fires_seen = self._fires.raised
        if (own is Signal.ON or elsewhere) and not machine.is_fire(self.state):
            self._start_emergency("fire input" if own is Signal.ON else "fire input of another lane")

    def _start_emergency(self, detail: str) -> None:
        self.faults.set("fire", wrong=True, detail=detail)
        self._feed(Event.FIRE_ON)

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

    def _follow_key(self) -> None:
        """The key switch at the cabinet wins over everything but a fire, for as long as it is turned."""
        if self._inputs.manual is Signal.ON and not machine.is_fire(self.state) and not machine.is_manual(self.state):
            self._taken_by = "key"
            self._feed(Event.TAKEN)
        elif self._inputs.manual is Signal.OFF and machine.is_manual(self.state) and self._taken_by == "key":
            self._taken_by = ""
            self._feed(Event.RELEASED)

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
        if machine.is_fire(self.state) or machine.is_held(self.state):
            if self._boom.needs_holding(self._inputs):
                self._feed(Event.FIRE_ON if machine.is_fire(self.state) else Event.HOLD)
        elif safety.level is Signal.OFF and self._boom.may_come_down(self._inputs, safety.raw_since_s):
            self._feed(Event.CLEAR)

    def _asks_again(self, now_s: float) -> bool:
        if self.state not in _WAITING or self.visit is None:
            return False
        return self.visit.answer is None or now_s - self._asked_s >= self.config.timings.ask_again_s

    def _carry_out(self, order: CommandRow) -> bool:
        """Do what a person ordered; False when it cannot be done now."""
        by = f"operator:{order.actor}"
        match order.action:
            case CommandAction.OPEN:
                if order.visit_id is not None and (self.visit is None or self.visit.id != order.visit_id):
                    return False  # the vehicle that was meant is gone; the next one is another question
                if Command.OPEN not in machine.step(self.state, Event.ORDERED).commands:
                    return False
                self._order = order
                self._feed(Event.ORDERED)
                return True
            case CommandAction.END_EMERGENCY:
                return self.end_emergency(by, carried_out=order.command_id)
            case CommandAction.EMERGENCY:
                if not machine.is_fire(self.state):
                    self._start_emergency("ordered")
            case CommandAction.ANSWER:
                self._helping.answered(order.reason, self._clock.monotonic_s())
            case CommandAction.HOLD_OPEN | CommandAction.MANUAL:
                event = Event.HOLD if order.action is CommandAction.HOLD_OPEN else Event.TAKEN
                if machine.is_fire(self.state) or self._inputs.manual is Signal.ON:
                    return False
                self._taken_by = by
                self._feed(event)
            case CommandAction.NAME:
                if self.visit is None or self.visit.id != order.visit_id or self.state not in _WAITING:
                    return False
                self.visit.named, self.visit.named_by = order.stay_id, order.actor
                self._feed(Event.ASK)
            case CommandAction.RELEASE:
                if self._inputs.manual is Signal.ON:
                    return False
                self._feed(Event.RELEASED)
            case _:
                return False
        self._save(carried_out=order.command_id)
        return True

    def _help(self, now_s: float, *, pressed: bool) -> None:
        visit, state = self.visit, self.state
        reason, calls = "", False
        if visit is not None and visit.answer is not None and isinstance(visit.answer.decision, Refused):
            reason, calls = visit.answer.decision.reason, visit.answer.calls_person
        if pressed:
            self._helping.pressed(visit, now_s)
        waiting = Waiting(
            cause=cause_of(state, reason, self._troubles, self.config.direction, calls_person=calls),
            troubles=self._troubles,
            can_open=state in _WAITING,
            relay_fails=self._pulse_failed,
            by=visit.by if visit is not None else "rule",
        )
        if self._helping.follow(waiting, visit, now_s) and visit is not None:
            visit.by, visit.reason, visit.authorised = "policy", self._helping.cause, True
            self._record.add(decided_by_policy(self.config, visit, visit.reason, self._picture()))
            self._feed(Event.ADMIT)

    def _watch(self, now_s: float) -> None:
        self._watching.loops(self._loops, now_s)
        self._watching.coil(self._boom, self.state, self._inputs, now_s)
        if not self._watching.boom(self.state, self._inputs, now_s):
            self._feed(Event.PULSE_FAILED)
        self.faults.set("journal_full", bool(self._record.trouble), self._record.trouble)
        for code in self._behaviour.watch(self.state, self.visit.id if self.visit else None, now_s):
            self.faults.alarm(code, self.visit.id if self.visit else "")
        mode = mode_of(self.state, self._taken_by, self.faults.open, self._troubles)
        if mode != self.mode:
            self.mode = mode
            self._record.add(LaneModeChanged(self.config.lane_id, mode.name, mode.causes))
