"""What the commands of a lane's table do: visits begin and end, answers are asked for, the boom is told, passages are put on record.

Nothing is opened before the journal has it on disk, the code that it uses up included. What was being opened when the power went
is told after it, so that no opening of a person's is ever without its record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from parking.access.decide import Answer, decide
from parking.access.rows import CommandRow
from parking.gate import machine
from parking.gate.answering import gather, promised, told
from parking.gate.barrier import Barrier
from parking.gate.behaviour import TURNING_BACK, Behaviour
from parking.gate.boom import Boom
from parking.gate.faults import Faults
from parking.gate.fire_group import FireGroup
from parking.gate.helping import CodeDisplay, Helping
from parking.gate.inputs import NOTHING_KNOWN
from parking.gate.loops import Loops
from parking.gate.machine import Command, Event, State
from parking.gate.mode import Mode, mode_from
from parking.gate.model import Cause, LaneConfig
from parking.gate.orders import Orders
from parking.gate.pictures import picture_of
from parking.gate.ports import Camera, Copy, Journal
from parking.gate.presenting import Presenting
from parking.gate.record import LaneRecord
from parking.gate.visit import Visit
from parking.gate.watching import Watching
from parking.kernel.clock import Clock
from parking.kernel.codec import from_plain, to_plain
from parking.kernel.decision import Refused
from parking.kernel.errors import ParkingError
from parking.kernel.events import BarrierPulsed, CodeUsed, Direction, VehicleBackedAway, VehiclePassed
from parking.kernel.ids import DeviceId, Ids, VisitId
from parking.sessions.costs import Costs

_EMERGENCY = Answer(Refused("site_is_calm", "emergency"), None, None)
"""What an entry says while another lane of its box is open for a fire."""
_TAILGATING = frozenset({Command.ALARM_TAILGATE, Command.ALARM_FOLLOWED})


class Commanded:
    """A lane's parts, and its table's commands; `controller.Lane` drives it."""

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
        fire_group: FireGroup | None = None,
        display: CodeDisplay | None = None,
        costs: Costs | None = None,
    ) -> None:
        self.config = config
        self._copy = copy
        self._costs = costs
        self._camera = camera
        self._clock = clock
        self._ids = ids
        self._now, now_s = clock.now(), clock.monotonic_s()
        self._device = DeviceId(origin)
        self._record = LaneRecord(config.lane_id, journal, ids, origin)
        self._record.now = self._now
        self.faults = Faults(config.lane_id, self._record.add)
        self._boom = Boom(barrier, self.faults, config.timings, clock)
        self._loops = Loops(config.timings.debounce_s)
        self._presenting = Presenting(config.timings)
        self._behaviour = Behaviour(config.alarms)
        self._watching = Watching(self.faults, config.timings, now_s)
        self._helping = Helping(config, self._record.add, self._new_id, self._picture, display)
        self._fires = fire_group if fire_group is not None else FireGroup()
        self._fires.join(config.lane_id)
        self._fires_seen = 0
        self.state = State.UNKNOWN
        self.visit: Visit | None = None
        self._suspended: tuple[Visit, float] | None = None
        self._orders = Orders()
        self._order: CommandRow | None = None
        self._opening: BarrierPulsed | None = None
        self._taken_by = ""
        self.mode = Mode()
        self._troubles: frozenset[Cause] = frozenset()
        self._copy_seen = -1
        self._inputs = NOTHING_KNOWN
        self._since_s = self._stepped_s = now_s
        self._asked_s = float("-inf")
        self._pulse_failed = False
        self._take_up_record()

    @property
    def calling(self) -> str | None:
        """The call to which a person has not answered yet."""
        return self._helping.call_id

    # --- the table and its commands ----------------------------------------------------------------------------------

    def _feed(self, event: Event) -> None:
        taken = machine.step(self.state, event)
        if taken.state is not self.state:
            self._since_s = self._clock.monotonic_s()
        self.state = taken.state
        self._pulse_failed |= event is Event.PULSE_FAILED
        for command in taken.commands:
            act = _ACTIONS.get(command)
            if act is not None:
                act(self)
            elif command not in _TAILGATING or self.config.alarms.tailgating:
                self.faults.alarm(command.value, self.visit.id if self.visit else "")

    def _new_id(self) -> str:
        return self._ids.new(self._now)

    def _picture(self) -> str | None:
        return picture_of(self._camera, self.visit.id) if self.visit is not None else None

    def _begin(self) -> None:
        self.faults.clear_alarms()
        self.visit = self._new_visit()
        self._camera.begin(self.visit.id)

    def _new_visit(self) -> Visit:
        lead_s = self.config.timings.credential_lead_s
        now_s = self._clock.monotonic_s()
        return Visit.arrive(VisitId(self._new_id()), self._now, now_s, self.config.rules, credential_lead_s=lead_s)

    def _read_again(self) -> None:
        assert self.visit is not None
        self.visit.read_again(self._now, self._clock.monotonic_s())
        self._camera.begin(self.visit.id)

    def _decide(self) -> None:
        visit = self.visit
        assert visit is not None
        self._asked_s = self._clock.monotonic_s()
        unheard = self.config.direction is Direction.OUT and self._copy.others_unheard(
            self._device, cut_off=Cause.NETWORK in self._troubles
        )
        facts = gather(visit, self.config, self._copy, self._now, self._asked_s, self._costs, unheard=unheard)
        if facts is None:
            return
        if facts.named is None:
            visit.named = visit.named_by = None  # that stay has ended meanwhile: what was said of it holds no more
        shut = self._fires.emergency and not self.config.joins_in_fire
        answer = _EMERGENCY if shut else decide(facts)
        if visit.answered(answer):
            self._record.add(replace(told(visit, facts, answer), picture_ref=self._picture()))
            if answer.allowed and answer.decision.rule == "no_plate":
                self._helping.give_ticket(visit)
        self._feed(Event.ADMIT if answer.allowed else Event.REFUSE)

    def _open(self) -> None:
        order, self._order = self._order, None
        visit = self.visit or self._new_visit()  # where nobody stands, the pulse still has a name
        if order is not None:
            visit.by, visit.reason, visit.authorised = f"operator:{order.actor}", order.reason, True
        before = visit.code_used, visit.promised
        code_id = visit.answer.code_id if visit.answer is not None and visit.by == "rule" else None
        if code_id is not None and visit.code_used != code_id:
            visit.code_used = code_id
            self._record.add(CodeUsed(code_id, self.config.lane_id, visit.id))
        if (promise := promised(visit, self.config, self._new_id)) is not None:
            visit.promised = promise.stay_id
            self._record.add(promise)
        lane_id = self.config.lane_id
        self._opening = BarrierPulsed(lane_id, visit.id, False, visit.by, visit.reason, self._picture())
        opening = self._boom.order(visit.id)
        visit.opened += 1
        if not self._save(carried_out=order.command_id if order else None):
            self._opening = None
            self._feed(Event.PULSE_FAILED)
            if not self._record.trouble:
                visit.code_used, visit.promised = before
                self._since_s = float("-inf")  # what it asks anew is answered at once
            return
        read_back = self._boom.open(opening)
        if read_back is not None:
            self._record.add(replace(self._opening, read_back=read_back))
        self._opening = None
        if not read_back:
            self._feed(Event.PULSE_FAILED)
            return
        self._pulse_failed = False
        self._watching.pulsed(self._clock.monotonic_s())
        if visit.plate is not None:
            self._camera.end()

    def _let_go(self) -> None:
        self._boom.let_go()
        self._look()

    def _look(self) -> None:
        self._loops.levels = None

    def _tell_passage(self, *, authorised: bool) -> None:
        visit, rules = self.visit, self.config.rules
        assert visit is not None
        self._record.add(
            VehiclePassed(
                lane_id=self.config.lane_id,
                visit_id=visit.id,
                direction=self.config.direction,
                plate=visit.plate,
                confidence=visit.confidence,
                # A lane between two lots opens no stay: the vehicle is in one already.
                stay_id=visit.stay_id if rules.outer_lot_id else visit.stay(self.config.direction),
                authorised=authorised,
                credential=visit.credential,
                picture_ref=self._picture(),
                right=visit.right,
                lot_id=rules.lot_id,
                outer_lot_id=rules.outer_lot_id,
                votes=visit.votes,
                named_by=visit.named_by,
            )
        )
        self._presenting.went_through(visit.credential, self._clock.monotonic_s())
        self._end()

    def _backed_away(self) -> None:
        visit = self.visit
        assert visit is not None
        self._record.add(VehicleBackedAway(self.config.lane_id, visit.id))
        plate = visit.plate or (visit.evidence.plate if visit.evidence else None)
        too_often = self._behaviour.turned_back(plate.text if plate else "", self._clock.monotonic_s())
        if too_often:
            self.faults.alarm(TURNING_BACK, visit.id)
        self._end()

    def _end(self) -> None:
        self._helping.gone(self._clock.monotonic_s())
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

    # --- what outlives a power cut -----------------------------------------------------------------------------------

    def _save(self, *, carried_out: str | None = None) -> bool:
        if not self._record.waiting and carried_out is None:
            return True
        visit = self.visit or (self._suspended[0] if self._suspended else None)
        memory = {
            "taken_by": self._taken_by,
            "mode": to_plain(self.mode),
            "faults": self.faults.plain(),
            "opening": to_plain(self._opening),
            "help": self._helping.plain(),
        }
        return self._record.save(self.state, visit, carried_out=carried_out, memory=memory)

    def _take_up_record(self) -> None:
        """What the lane was doing when the power went: a fire is still a fire, a passage may be finished, nothing closes."""
        stored = self._record.stored()
        if stored is None:
            return
        self.faults.take_up(stored.memory.get("faults"))
        self.mode = mode_from(stored.memory.get("mode"))
        self._taken_by = str(stored.memory.get("taken_by") or "")
        self._tell_opening(stored.memory.get("opening"))
        self._helping.take_up(stored.memory.get("help"))
        if machine.is_fire(stored.state):
            self.state = State.FIRE
        elif machine.is_held(stored.state):
            self.state = State.HELD
        elif machine.is_manual(stored.state):
            self.state = State.MANUAL
        elif stored.visit is not None and stored.visit.authorised and stored.visit.opened:
            age_s = max(0.0, (self._now - stored.at).total_seconds())
            self._suspended = (stored.visit, self._clock.monotonic_s() - age_s)

    def _tell_opening(self, plain: object) -> None:
        """An opening that the power cut fell into: whether the boom moved nobody knows, who wanted it is on record."""
        try:
            opening = from_plain(BarrierPulsed, plain) if plain is not None else None
        except ParkingError:
            return
        if opening is not None:
            self._record.add(opening)


_ACTIONS: dict[Command, Callable[[Commanded], None]] = {
    Command.BEGIN: Commanded._begin,
    Command.DECIDE: Commanded._decide,
    Command.READ_AGAIN: Commanded._read_again,
    Command.OPEN: Commanded._open,
    Command.CLOSE: lambda lane: lane._boom.close(lane._inputs),
    Command.HOLD_OPEN: lambda lane: lane._boom.hold_open(),
    Command.LET_GO: Commanded._let_go,
    Command.LOOK: Commanded._look,
    Command.PASSED: lambda lane: lane._tell_passage(authorised=True),
    Command.INTRUDED: lambda lane: lane._tell_passage(authorised=False),
    Command.BACKED_AWAY: Commanded._backed_away,
    Command.SUSPEND: Commanded._suspend,
    Command.DROP: Commanded._drop,
    Command.END: Commanded._end,
}
