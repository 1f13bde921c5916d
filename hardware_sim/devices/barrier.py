"""A boom as physics: it takes time, it is closed by its own hardware, and it never closes on an occupied safety loop.

It knows nothing of the parking system; contacts and its own loop move it. Positions run from 0 (down) to 1 (up), times in seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class BarrierWiring:
    """Which contacts and which loop a barrier has, and how fast it is; `closes_after_s` None leaves it open until a car passed."""

    name: str
    open_coil: int
    safety_input: int
    close_coil: int | None = None
    travel_s: float = 1.0
    closes_after_s: float | None = 15.0
    up_input: int | None = None
    down_input: int | None = None
    """Where its limit switches are wired to, if it has any."""


class BarrierArm:
    """One boom; the board tells it of its contacts and its loop, in the order of time. `tell` hears each change of motion."""

    def __init__(self, wiring: BarrierWiring, tell: Callable[[float, str], None]) -> None:
        self.wiring = wiring
        self._tell = tell
        self._at_s = 0.0
        self._position = 0.0
        self._up = False
        self._occupied = False
        self._contact_until_s = -_NEVER
        self._close_at_s = _NEVER
        self._jammed = False

    def jam(self, at_s: float, jammed: bool) -> None:
        """Something holds the boom where it is, whatever its motor does."""
        self._advance(at_s)
        self._jammed = jammed

    def position(self, at_s: float) -> float:
        """How far up the boom is."""
        self._advance(at_s)
        return self._position

    def contact(self, at_s: float, until_s: float) -> None:
        """The open contact is closed until `until_s` (infinity: held); the boom goes up whatever else is the matter."""
        self._advance(at_s)
        self._contact_until_s = until_s
        self._move(at_s, up=True)
        self._schedule_timer()

    def release(self, at_s: float) -> None:
        """A held open contact is let go: the barrier closes by its own logic."""
        self._advance(at_s)
        self._contact_until_s = at_s
        self._close_at_s = at_s if not self._occupied else _NEVER
        self._advance(at_s)

    def close_contact(self, at_s: float) -> None:
        """The close contact is pulsed; on an occupied loop the barrier refuses."""
        self._advance(at_s)
        if self._occupied:
            self._tell(at_s, "refused_to_close")
        elif self._up:
            self._close_at_s = max(at_s, self._contact_until_s)
            self._advance(at_s)

    def loop(self, at_s: float, occupied: bool) -> None:
        """The safety loop under the boom: it stops a closing boom, and closes an open one when it clears."""
        self._advance(at_s)
        before, self._occupied = self._occupied, occupied
        if occupied:
            self._close_at_s = _NEVER
            if not self._up and self._position > 0:
                self._move(at_s, up=True)
        elif before and self._up:
            self._close_at_s = max(at_s, self._contact_until_s)
            self._advance(at_s)

    def _schedule_timer(self) -> None:
        after_s = self.wiring.closes_after_s
        timed = after_s is not None and not self._occupied
        self._close_at_s = self._contact_until_s + after_s if timed and after_s is not None else _NEVER

    def _move(self, at_s: float, *, up: bool) -> None:
        if up is not self._up:
            self._up = up
            self._tell(at_s, "opening" if up else "closing")

    def _advance(self, to_s: float) -> None:
        if self._up and self._close_at_s <= to_s:
            self._travel(self._close_at_s)
            closing_s, self._close_at_s = self._close_at_s, _NEVER
            self._move(closing_s, up=False)
        self._travel(to_s)

    def _travel(self, to_s: float) -> None:
        before = self._position
        way = 0.0 if self._jammed else max(0.0, to_s - self._at_s) / self.wiring.travel_s
        self._position = min(1.0, before + way) if self._up else max(0.0, before - way)
        end = 1.0 if self._up else 0.0
        if before != end and self._position == end:
            reached_s = self._at_s + abs(end - before) * self.wiring.travel_s
            self._tell(reached_s, "open" if self._up else "closed")
        self._at_s = max(self._at_s, to_s)
