"""The lane's side of help: calls, codes and blocked exits become events; what opens by policy is for the lane to open.

A call has an id of its own, so that a late answer never ends the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from parking.gate.help import Act, Help, Waiting
from parking.gate.model import LaneConfig
from parking.gate.visit import Visit
from parking.kernel.codec import from_plain, to_plain
from parking.kernel.errors import ParkingError
from parking.kernel.events import Direction, Event, LaneBlocked, LaneCalled, LaneCallEnded, LaneDecided
from parking.kernel.ids import LaneId, StayId, VisitId

_ENDS = frozenset({Act.END_ANSWERED, Act.END_OPENED, Act.END_GONE})


class CodeDisplay(Protocol):
    """A screen or a printer at the lane; `show` gives the driver a code with which he pays, or gets help, by himself."""

    def show(self, visit_id: VisitId, stay_id: StayId | None) -> None: ...

    def hide(self) -> None: ...


class Helping:
    """One lane's help, told as events through `tell`; `new_id` names calls, `picture` is the visit's best picture."""

    def __init__(
        self,
        config: LaneConfig,
        tell: Callable[[Event], None],
        new_id: Callable[[], str],
        picture: Callable[[], str | None],
        display: CodeDisplay | None,
    ) -> None:
        self._config = config
        self._tell = tell
        self._new_id = new_id
        self._picture = picture
        self._display = display
        self._help = Help(config, shows_codes=display is not None)
        self._blocked: LaneBlocked | None = None
        self.call_id: str | None = None
        """The call that is open now."""

    def follow(self, waiting: Waiting, visit: Visit | None, now_s: float) -> bool:
        """What the vehicle's waiting has come to; True when the lane shall open by policy now."""
        acts = self._help.follow(waiting, now_s)
        opens = self._carry_out(acts, visit)
        self._tell_blocked(visit)
        return opens

    @property
    def cause(self) -> str:
        """Why the vehicle is being helped; empty when it is not."""
        return self._help.cause.value if self._help.cause else ""

    def pressed(self, visit: Visit | None, now_s: float) -> None:
        """The driver's call button."""
        self._carry_out(self._help.pressed(now_s), visit)

    def answered(self, call_id: str, now_s: float) -> None:
        """A person has taken a call; one that is over is not this one."""
        if call_id == self.call_id:
            self._carry_out(self._help.answered(now_s), None)

    def give_ticket(self, visit: Visit) -> None:
        """A vehicle whose plate nobody could read is let in: what names its stay on the way out is this."""
        if self._display is not None:
            self._display.show(visit.id, None)

    def plain(self) -> dict[str, Any]:
        """What is going on, as JSON values."""
        return {"call": self.call_id, "blocked": to_plain(self._blocked)}

    def take_up(self, plain: object) -> None:
        """What was going on when the power went has ended with it."""
        for event in ended_by_restart(self._config.lane_id, plain):
            self._tell(event)

    def gone(self, now_s: float) -> None:
        """The visit is over."""
        self._carry_out(self._help.gone(now_s), None)
        self._tell_blocked(None)

    def _carry_out(self, acts: tuple[Act, ...], visit: Visit | None) -> bool:
        for act in acts:
            if act is Act.CALL:
                self.call_id = self._new_id()
                visit_id = visit.id if visit else None
                self._tell(LaneCalled(self._config.lane_id, self.call_id, visit_id, self.cause, self._picture()))
            elif act in _ENDS and self.call_id is not None:
                self._tell(LaneCallEnded(self._config.lane_id, self.call_id, act.value))
                self.call_id = None
            elif act is Act.SHOW_CODE and self._display is not None and visit is not None:
                self._display.show(visit.id, visit.answer.stay_id if visit.answer else None)
            elif act is Act.HIDE_CODE and self._display is not None:
                self._display.hide()
        return Act.OPEN in acts

    def _tell_blocked(self, visit: Visit | None) -> None:
        blocked = self._help.blocked and visit is not None and self._config.direction is Direction.OUT
        told = self._blocked
        if told is not None and (not blocked or visit is None or visit.id != told.visit_id):
            self._blocked = None
            here = visit.answer if visit is not None and visit.id == told.visit_id else None
            stay_id = here.stay_id if here is not None and here.stay_id is not None else told.stay_id
            self._tell(LaneBlocked(told.lane_id, told.visit_id, stay_id, told.cause, blocked=False))
        if blocked and self._blocked is None and visit is not None:
            stay_id = visit.answer.stay_id if visit.answer else visit.stay_id
            self._blocked = LaneBlocked(self._config.lane_id, visit.id, stay_id, self.cause, blocked=True)
            self._tell(self._blocked)


def ended_by_restart(lane_id: LaneId, plain: object) -> Iterator[Event]:
    """What ends what `Helping.plain` says was going on: no call stays open, and no fee clock stands still, for ever."""
    if not isinstance(plain, Mapping):
        return
    if isinstance(plain.get("call"), str):
        yield LaneCallEnded(lane_id, plain["call"], Act.END_GONE.value)
    with suppress(ParkingError):
        if plain.get("blocked"):
            yield replace(from_plain(LaneBlocked, plain["blocked"]), blocked=False)


def decided_by_policy(config: LaneConfig, visit: Visit, cause: str, picture_ref: str | None) -> LaneDecided:
    """The opening that nobody's rule but the help policy granted, with what is owed, as far as is known."""
    seen, answer = visit.evidence, visit.answer
    return LaneDecided(
        lane_id=config.lane_id,
        visit_id=visit.id,
        direction=config.direction,
        plate=visit.plate or (seen.plate if seen else None),
        confidence=seen.confidence if seen else 0.0,
        frames=seen.frames if seen else 0,
        allowed=True,
        rule="help_policy",
        reason=cause,
        stay_id=visit.stay(config.direction),
        due=answer.due if answer else None,
        credential=answer.credential if answer else None,
        picture_ref=picture_ref,
    )
