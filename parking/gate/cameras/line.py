"""Orders to a camera that calls us and not we it: they travel in the answers to its pushes and polls.

An order that nobody fetches in time is withdrawn and never leaves; one that left counts as taken only when the camera asks again,
because it asks again the moment it has an answer. Nothing is sent twice.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from parking.gate.cameras.vzenith_wire import INPUTS, IoOrder, SerialOrder
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused

_MESSAGES_MOST = 16


class _State(Enum):
    WAITING = 1
    TAKEN = 2
    SENT = 3
    CONFIRMED = 4
    LOST = 5


@dataclass(slots=True, eq=False)
class _Order:
    io: IoOrder
    not_after_s: float
    state: _State = _State.WAITING


@dataclass(slots=True, eq=False)
class Cargo:
    """What one answer takes along; `settle` tells whether the answer went out."""

    io: tuple[IoOrder, ...] = ()
    serial: tuple[SerialOrder, ...] = ()
    voice: str = ""
    settle: Callable[[bool], None] = lambda _sent: None


class CameraLine:
    """Between the lanes' threads, which order, and the server's, which answer a camera; safe to share."""

    def __init__(self, clock: Clock, *, comet_hold_s: float = 0.25, forget_after_s: float = 3.0) -> None:
        self._clock = clock
        self._forget_after_s = forget_after_s
        self._comet_hold_s = comet_hold_s
        self._changed = threading.Condition()
        self._order: _Order | None = None
        self._ordering = threading.Lock()  # one order at a time: never two contacts of a gate at once
        self._messages: deque[SerialOrder | str] = deque(maxlen=_MESSAGES_MOST)
        self._pushes_waiting = self._comets_waiting = 0
        self._polls = 0
        self._nudged = 0
        self._heard_s = float("-inf")
        self.heard_at: datetime | None = None
        self.inputs: list[bool | None] = [None] * INPUTS
        """As last told; None before that, and again when it has been away for `forget_after_s`: it tells changes, nothing else."""
        self.last_inputs: list[bool | None] = [None] * INPUTS
        """As last told, however long ago."""
        self.closed = False

    # --- the lane's side ---------------------------------------------------------------------------------------------

    def order(self, io: IoOrder, within_s: float, *, not_after_s: float = float("inf")) -> None:
        """Have an output switched; DeviceFault when the camera does not fetch the order in time, or does not come back for more."""
        with self._ordering, self._changed:
            self._check_due(not_after_s)
            order = self._order = _Order(io, not_after_s)
            self._changed.notify_all()
            self._changed.wait_for(lambda: order.state in (_State.CONFIRMED, _State.LOST) or self.closed, within_s)
            self._order = None
            if order.state is _State.WAITING:
                self._check_due(not_after_s)
                raise DeviceFault("the camera does not ask for orders")
            if order.state is not _State.CONFIRMED:
                raise DeviceFault("the camera did not confirm the order")

    def _check_due(self, not_after_s: float) -> None:
        if not self._clock.monotonic_s() <= not_after_s:
            raise DeviceRefused("the order is older than its deadline and was not sent")

    def send(self, message: SerialOrder | str) -> None:
        """Give bytes to a sign on a serial line, or a sentence to the loudspeaker, with the next answer; the oldest unsent is dropped."""
        with self._changed:
            self._messages.append(message)
            self._changed.notify_all()

    def asked_s(self, within_s: float) -> float:
        """When the camera began to ask what it still asks (monotonic s), waited for at most `within_s`; DeviceFault when it is away."""
        with self._changed:
            asks = self._changed.wait_for(lambda: self._comets_waiting > 0 or self.closed, within_s)
            if not asks or self.closed:
                raise DeviceFault("the camera does not poll")
            return self._heard_s

    def wait_input(self, source: int, on: bool, within_s: float) -> bool:
        """Whether an input is told to be `on` within that time."""
        with self._changed:
            return self._changed.wait_for(lambda: self.inputs[source] is on or self.closed, within_s)

    # --- the camera's side -------------------------------------------------------------------------------------------

    def heard(self) -> None:
        """The camera has called: it lives."""
        with self._changed:
            now_s = self._clock.monotonic_s()
            if now_s - self._heard_s > self._forget_after_s:
                self.inputs = [None] * INPUTS
            self._heard_s, self.heard_at = now_s, self._clock.now()

    def told_input(self, source: int, on: bool) -> None:
        """An input has changed."""
        with self._changed:
            self.inputs[source] = self.last_inputs[source] = on
            self._changed.notify_all()

    def expect_push(self) -> None:
        """A plate push is about to wait for an order: polls leave it to that one. `carry_push` has to follow."""
        with self._changed:
            self._pushes_waiting += 1

    def carry_push(self, wait_s: float) -> Cargo:
        """What goes with the answer to a plate push: an order, if one comes within the camera's patience."""
        with self._changed:
            self._changed.wait_for(lambda: self._takeable() or self.closed, wait_s)
            self._pushes_waiting -= 1
            return self._load(nudges=True)

    def carry_poll(self) -> Cargo:
        """What goes with the answer to a poll: held for a moment, so that an order finds it waiting."""
        with self._changed:
            nudged, self._polls = self._nudged, self._polls + 1
            self._comets_waiting += 1
            if self._order is not None and self._order.state is _State.SENT:
                self._order.state = _State.CONFIRMED  # it polls again because it has taken what it was sent
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: (
                    (self._takeable() and not self._pushes_waiting)
                    or self._messages
                    or nudged != self._nudged
                    or self.closed
                ),
                self._comet_hold_s,
            )
            self._comets_waiting -= 1
            return self._load(nudges=False) if not self._pushes_waiting else Cargo()

    def _takeable(self) -> bool:
        order = self._order
        if order is None or order.state is not _State.WAITING:
            return False
        return self._clock.monotonic_s() <= order.not_after_s

    def _load(self, *, nudges: bool) -> Cargo:
        cargo = Cargo()
        order = self._order
        if order is not None and self._takeable():
            order.state = _State.TAKEN
            cargo.io = (order.io,)
            cargo.settle = lambda sent: self._settle(order, sent, nudges)
        serial = [m for m in self._messages if isinstance(m, SerialOrder)]
        voices = [m for m in self._messages if isinstance(m, str)]
        cargo.serial, cargo.voice = tuple(serial), voices[-1] if voices else ""
        self._messages.clear()
        return cargo

    def _settle(self, order: _Order, sent: bool, nudges: bool) -> None:
        with self._changed:
            order.state = _State.SENT if sent else _State.LOST
            if sent and nudges:
                if self._polls == 0:
                    order.state = (
                        _State.CONFIRMED
                    )  # a camera that never polls says no more than that it took the answer
                self._nudged += 1  # polls that wait are answered, so that the camera has to ask anew
            self._changed.notify_all()

    def close(self) -> None:
        """Let everybody go who waits."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()
