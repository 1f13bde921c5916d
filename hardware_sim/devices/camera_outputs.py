"""A camera's own relay outputs with booms on them: pulses timed by the camera, contacts held, contacts that weld."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hardware_sim.devices.barrier import BarrierArm, BarrierWiring
from parking.kernel.clock import Clock

_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class OutputSwitched:
    """One order that was carried out: `what` is pulse, on or off."""

    at: datetime
    output: int
    what: str
    duration_ms: int | None


class CameraOutputs:
    """Contacts from 0 and the booms that hang on them; thread-safe."""

    def __init__(self, clock: Clock, count: int, barriers: Iterable[BarrierWiring] = ()) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._until_s = [-_NEVER] * count
        self._arms = {wiring.name: BarrierArm(wiring, self._teller(wiring.name)) for wiring in barriers}
        self.log: list[OutputSwitched] = []
        self.boom_log: list[tuple[datetime, str, str]] = []
        self.welded: set[int] = set()
        """Contacts that stay closed once they were closed."""
        self.jammed: set[str] = set()
        """Booms that do not move, whatever the contact does: locked, or broken."""

    def is_on(self, output: int) -> bool:
        """Whether the contact is closed."""
        with self._lock:
            ever = self._until_s[output] > -_NEVER
            return self._clock.monotonic_s() < self._until_s[output] or (output in self.welded and ever)

    def pulse(self, output: int, duration_ms: int) -> None:
        """Close the contact for a while."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            self._until_s[output] = now_s + duration_ms / 1000
            self.log.append(OutputSwitched(self._clock.now(), output, "pulse", duration_ms))
            self._contact(output, now_s, _NEVER if output in self.welded else self._until_s[output])

    def hold(self, output: int, *, on: bool) -> None:
        """Close or open the contact for good."""
        with self._lock:
            now_s, was_on = self._clock.monotonic_s(), self.is_on(output)
            self._until_s[output] = _NEVER if on else min(self._until_s[output], now_s)
            self.log.append(OutputSwitched(self._clock.now(), output, "on" if on else "off", None))
            if on:
                self._contact(output, now_s, _NEVER)
            elif was_on and not self.is_on(output):
                for arm in self._wired(output):
                    arm.release(now_s)

    def loop(self, index: int, *, on: bool) -> None:
        """An input that is a boom's own safety loop has changed."""
        with self._lock:
            for arm in self._arms.values():
                if arm.wiring.safety_input == index:
                    arm.loop(self._clock.monotonic_s(), on)

    def boom_position(self, name: str) -> float:
        """0 is down, 1 is up."""
        with self._lock:
            return self._arms[name].position(self._clock.monotonic_s())

    def lift(self, name: str) -> None:
        """Send a boom up without a contact, as a camera does that commands its barrier over a wire of its own."""
        with self._lock:
            if name not in self.jammed:
                now_s = self._clock.monotonic_s()
                self._arms[name].contact(now_s, now_s)

    def lower(self, name: str) -> None:
        """Likewise down; the barrier's own loop may refuse."""
        with self._lock:
            if name not in self.jammed:
                self._arms[name].close_contact(self._clock.monotonic_s())

    def keep_up(self, name: str, *, on: bool) -> None:
        """Hold a boom where it is up, or let its own logic have it again."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            if on:
                self._arms[name].contact(now_s, _NEVER)
            else:
                self._arms[name].release(now_s)

    def _contact(self, output: int, now_s: float, until_s: float) -> None:
        for arm in self._wired(output):
            arm.contact(now_s, until_s)
        for arm in self._arms.values():
            if arm.wiring.close_coil == output and arm.wiring.name not in self.jammed:
                arm.close_contact(now_s)

    def _wired(self, output: int) -> list[BarrierArm]:
        return [
            arm for arm in self._arms.values() if arm.wiring.open_coil == output and arm.wiring.name not in self.jammed
        ]

    def _teller(self, name: str) -> Callable[[float, str], None]:
        def tell(at_s: float, what: str) -> None:
            ago = timedelta(seconds=self._clock.monotonic_s() - at_s)
            self.boom_log.append((self._clock.now() - ago, name, what))

        return tell
