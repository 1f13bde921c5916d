"""What every simulated relay board has inside: coils that time their own pulses, inputs, booms on the coils, and their faults.

The world switches the loops and asks where the booms are; a board's wire reads inputs and writes coils. Faults are attributes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hardware_sim.devices.barrier import BarrierArm, BarrierWiring
from parking.kernel.clock import Clock

_NEVER = float("inf")
DEMO_BARRIERS = (
    BarrierWiring("entry-1", open_coil=0, close_coil=1, safety_input=1),
    BarrierWiring("exit-1", open_coil=2, close_coil=3, safety_input=3),
)
"""As `parking demo` is wired: inputs 0 entry presence, 1 entry safety, 2 exit presence, 3 exit safety, 4 and 5 the ramp."""


@dataclass(frozen=True, slots=True)
class RelayWritten:
    """One order that was carried out: `what` is pulse, on or off."""

    at: datetime
    coil: int
    what: str
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class LoopChanged:
    at: datetime
    input: int
    on: bool


@dataclass(frozen=True, slots=True)
class BoomMoved:
    """`what` is opening, open, closing, closed or refused_to_close."""

    at: datetime
    barrier: str
    what: str


class CoilMissing(ValueError):
    """The board has no such coil."""


class RelayCoils:
    """The inside of a board; a wire of its own makes it a device."""

    def __init__(self, clock: Clock, barriers: Iterable[BarrierWiring], *, coils: int, inputs: int) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._inputs = [False] * inputs
        self._stuck: dict[int, bool] = {}
        self._until_s = [-_NEVER] * coils
        self._arms = {w.name: BarrierArm(w, self._boom_teller(w.name)) for w in barriers}
        self.relay_log: list[RelayWritten] = []
        self.loop_log: list[LoopChanged] = []
        self.boom_log: list[BoomMoved] = []
        self.mute = False
        """Connections stay open, but nothing is carried out and nothing is answered."""
        self.lost_answers = 0
        """So many coming orders are carried out, but not answered."""
        self.unconfirmed: set[int] = set()
        """Coils that read back as off whatever they do."""
        self.welded: set[int] = set()
        """Coils whose contact, once closed, stays closed."""
        self._gone = False

    # --- the world's side --------------------------------------------------------------------------------------------

    def set_input(self, index: int, on: bool) -> None:
        """Metal comes onto a loop, or leaves it; a stuck loop does not notice."""
        with self._lock:
            before = self.input_is_on(index)
            self._inputs[index] = on
            self._input_changed(index, before)

    def stick_input(self, index: int, on: bool | None) -> None:
        """The loop says `on` whatever stands there; None mends it."""
        with self._lock:
            before = self.input_is_on(index)
            if on is None:
                self._stuck.pop(index, None)
            else:
                self._stuck[index] = on
            self._input_changed(index, before)

    def input_is_on(self, index: int) -> bool:
        """What the board says of an input: a limit switch of a boom, or a loop."""
        with self._lock:
            for arm in self._arms.values():
                if index in (arm.wiring.up_input, arm.wiring.down_input) and index not in self._stuck:
                    end = 1.0 if index == arm.wiring.up_input else 0.0
                    return arm.position(self._clock.monotonic_s()) == end
            return self._stuck.get(index, self._inputs[index])

    def jam(self, barrier: str, jammed: bool = True) -> None:
        """Something holds a boom where it is."""
        with self._lock:
            self._arms[barrier].jam(self._clock.monotonic_s(), jammed)

    def coil_is_on(self, coil: int) -> bool:
        """Whether the contact is closed."""
        with self._lock:
            ever = self._until_s[coil] > -_NEVER
            return self._clock.monotonic_s() < self._until_s[coil] or (coil in self.welded and ever)

    def boom_is_up(self, barrier: str) -> bool:
        """Whether a car may drive."""
        return self.boom_position(barrier) >= 1.0

    def boom_position(self, barrier: str) -> float:
        """0 is down, 1 is up."""
        with self._lock:
            return self._arms[barrier].position(self._clock.monotonic_s())

    @property
    def gone(self) -> bool:
        """Whether the board has no power: connections break, new ones are cut."""
        return self._gone

    @gone.setter
    def gone(self, gone: bool) -> None:
        self._gone = gone
        if gone:
            self._cut_connections()

    def _cut_connections(self) -> None:
        """What a power cut does to whoever is connected; a board with a socket has something to do."""

    # --- the wire's side ---------------------------------------------------------------------------------------------

    def reads_on(self, coil: int) -> bool:
        """What the board says of a coil."""
        with self._lock:
            return self.coil_is_on(coil) and coil not in self.unconfirmed

    def inputs_read(self) -> list[bool]:
        """What the board says of all its inputs."""
        with self._lock:
            return [self.input_is_on(index) for index in range(len(self._inputs))]

    def coils_read(self) -> list[bool]:
        """What the board says of all its coils."""
        with self._lock:
            return [self.reads_on(coil) for coil in range(len(self._until_s))]

    def pulse_coil(self, coil: int, duration_ms: int) -> None:
        """Close a contact for a time; CoilMissing for a coil that is not there."""
        self._check(coil)
        with self._lock:
            now_s = self._clock.monotonic_s()
            self._until_s[coil] = now_s + duration_ms / 1000
            self.relay_log.append(RelayWritten(self._clock.now(), coil, "pulse", duration_ms))
            self._contact(coil, now_s, _NEVER if coil in self.welded else self._until_s[coil])

    def hold_coil(self, coil: int, *, on: bool) -> None:
        """Close or open a contact for good."""
        self._check(coil)
        with self._lock:
            now_s = self._clock.monotonic_s()
            was_on, self._until_s[coil] = self.coil_is_on(coil), _NEVER if on else min(self._until_s[coil], now_s)
            self.relay_log.append(RelayWritten(self._clock.now(), coil, "on" if on else "off", None))
            if on:
                self._contact(coil, now_s, _NEVER)
            elif was_on and not self.coil_is_on(coil):
                for arm in self._arms.values():
                    if arm.wiring.open_coil == coil:
                        arm.release(now_s)

    def _check(self, coil: int) -> None:
        if not 0 <= coil < len(self._until_s):
            raise CoilMissing(f"there is no coil {coil}")

    def _contact(self, coil: int, now_s: float, until_s: float) -> None:
        for arm in self._arms.values():
            if arm.wiring.open_coil == coil:
                arm.contact(now_s, until_s)
            elif arm.wiring.close_coil == coil:
                arm.close_contact(now_s)

    def _input_changed(self, index: int, before: bool) -> None:
        after = self.input_is_on(index)
        if after is before:
            return
        self.loop_log.append(LoopChanged(self._clock.now(), index, after))
        for arm in self._arms.values():
            if arm.wiring.safety_input == index:
                arm.loop(self._clock.monotonic_s(), after)

    def _boom_teller(self, barrier: str) -> Callable[[float, str], None]:
        def tell(at_s: float, what: str) -> None:
            ago = timedelta(seconds=self._clock.monotonic_s() - at_s)
            self.boom_log.append(BoomMoved(self._clock.now() - ago, barrier, what))

        return tell
