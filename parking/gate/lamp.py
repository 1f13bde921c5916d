"""The lamp at a lane: on while the lane does not work wholly by itself, so that whoever stands there sees why nothing opens.

It is told again every minute, because a board that lost its power forgets it; a lamp that cannot be told never keeps a lane waiting.
"""

from __future__ import annotations

from parking.gate.mode import NORMAL, Mode
from parking.gate.relays.base import RelayBoard
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused

AGAIN_S, RETRY_S = 60.0, 10.0


class Lamp:
    """One lamp on a coil of the lane's board; call `show` after every step of the lane."""

    def __init__(self, board: RelayBoard, coil: int, clock: Clock) -> None:
        self._board = board
        self._coil = coil
        self._clock = clock
        self._shown: bool | None = None
        self._again_s = float("-inf")

    def show(self, mode: Mode) -> None:
        """Light it for every mode but the normal one; a board that fails is asked again later."""
        on, now_s = mode.name != NORMAL, self._clock.monotonic_s()
        if now_s < self._again_s and self._shown in (on, None):
            return
        try:
            self._board.hold(self._coil, on)
            self._shown, self._again_s = on, now_s + AGAIN_S
        except (DeviceFault, DeviceRefused):
            self._shown, self._again_s = None, now_s + RETRY_S
