"""The outputs and inputs of a Vzenith-style camera: orders travel in the answers to its polls, inputs come as pushes.

The camera times the pulse. It tells nothing of its outputs: what is known is that it took the order, because it asked for the next
one, and its coils are not told; an auxiliary contact wired to an input (`feedback`) makes it a real read-back. Comet polling has to
be on at the camera.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping
from types import MappingProxyType

from parking.gate.cameras.line import CameraLine
from parking.gate.cameras.vzenith_wire import INPUTS, OUTPUTS, IoOrder
from parking.gate.relays.base import ALWAYS, BoardState, RelayBoard, check_coil, check_duration
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, Health, HealthReport
from parking.kernel.errors import invalid

_OFF, _ON, _PULSE = 0, 1, 2
_FRESH_S = 2.0


class VzenithBoard:
    """One camera's outputs as coils; `feedback` maps a coil to the input that feels its contact.

    Inputs are told when they change, and not otherwise. What was never told, or not since the camera was away, is not known, and then
    nothing is read; `idle_off` takes it for what it was last, and for off where it never was told.
    """

    def __init__(
        self,
        settings: BoardSettings,
        line: CameraLine,
        clock: Clock,
        *,
        feedback: Mapping[int, int] = MappingProxyType({}),
        idle_off: bool = False,
    ) -> None:
        if settings.coils > OUTPUTS or settings.inputs > INPUTS:
            raise invalid(
                "relay.settings", f"this camera has at most {OUTPUTS} outputs and {INPUTS} inputs", field="coils"
            )
        self._settings = settings
        self._line = line
        self._clock = clock
        self._feedback = dict(feedback)
        self._idle_off = idle_off
        self._lock = threading.Lock()
        self._trouble = ""
        self._asked = False
        self._answered_s = float("-inf")

    def read(self) -> BoardState:
        try:
            read_s = self._line.asked_s(self._settings.timeout_s)
        except DeviceFault as fault:
            self._asked, self._trouble = True, str(fault)
            raise
        self._answered()
        inputs = []
        for source in range(self._settings.inputs):
            level = (self._line.last_inputs if self._idle_off else self._line.inputs)[source]
            if level is None and not self._idle_off:
                self._trouble = f"input {source} has not been told yet"
                raise DeviceFault(self._trouble)
            inputs.append(level is True)
        told = itertools.takewhile(lambda coil: coil in self._feedback, range(self._settings.coils))
        coils = tuple(self._line.inputs[self._feedback[coil]] is True for coil in told)
        return BoardState(tuple(inputs), coils, read_s)

    def pulse(self, coil: int, duration_ms: int, *, not_after_s: float = ALWAYS) -> bool:
        check_coil(coil, self._settings.coils)
        check_duration(duration_ms)
        return self._order(coil, IoOrder(coil, _PULSE, duration_ms), on=True, not_after_s=not_after_s)

    def hold(self, coil: int, on: bool) -> bool:
        check_coil(coil, self._settings.coils)
        return self._order(coil, IoOrder(coil, _ON if on else _OFF), on=on, not_after_s=ALWAYS)

    def health(self) -> HealthReport:
        seen_at = self._line.heard_at
        stale = self._asked and self._clock.monotonic_s() - self._answered_s > _FRESH_S
        if self._trouble or stale:
            return HealthReport(Health.SILENT, seen_at, self._trouble)
        if seen_at is None and not self._asked:
            return HealthReport(Health.UNKNOWN, None, "not asked yet")
        return HealthReport(Health.OK, seen_at, "" if self._feedback else "outputs are not read back")

    def close(self) -> None:
        """The line belongs to the push server; outputs stay as they are."""

    def _answered(self) -> None:
        self._asked, self._trouble, self._answered_s = True, "", self._clock.monotonic_s()

    def _order(self, coil: int, order: IoOrder, *, on: bool, not_after_s: float) -> bool:
        until = time.monotonic() + self._settings.timeout_s
        if not self._lock.acquire(timeout=self._settings.timeout_s):
            raise DeviceFault("the camera is busy with another order")
        try:
            try:
                self._line.order(order, max(0.0, until - time.monotonic()), not_after_s=not_after_s)
            except DeviceFault as fault:
                self._asked, self._trouble = True, str(fault)
                raise
            self._answered()
        finally:
            self._lock.release()
        source = self._feedback.get(coil)
        return True if source is None else self._line.wait_input(source, on, max(0.0, until - time.monotonic()))


_: type[RelayBoard] = VzenithBoard
