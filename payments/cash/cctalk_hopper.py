"""A coin hopper by ccTalk behind a serial server (TCP). Its event counter says whether a payout was begun, so that a lost answer
never makes it give twice: it is asked before, and asked again after, until it has finished. A counter that stands at zero says nothing:
it does so before the first payout, and again when the power was lost after it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from parking.kernel.device import DeviceFault, DeviceRefused
from payments.cash import wire
from payments.cash.base import GivesCoins, PaidOut, RemembersPayouts
from payments.cash.cctalk_line import CcTalkLine
from payments.cash.wire import HopperStatus

_MOST_LOOKS = 600
"""So often it is looked at while no coin falls; as long as coins do, it is waited for: a slow one needs minutes for what another gives
in seconds."""


@dataclass(frozen=True, slots=True)
class HopperSettings:
    """Where the serial server is, the hopper's address on the line, and the value of its coins in minor units."""

    host: str
    port: int
    coin_minor: int
    address: int = wire.HOPPER
    answer_s: float = 2.0
    look_s: float = 0.05


class CcTalkHopper:
    """One hopper."""

    def __init__(self, settings: HopperSettings) -> None:
        self._settings = settings
        self._ask = CcTalkLine(settings.host, settings.port, settings.address, settings.answer_s).ask

    @property
    def coin_minor(self) -> int:
        return self._settings.coin_minor

    def give(self, coins: int) -> PaidOut:
        if not 1 <= coins <= 255:
            raise DeviceRefused("a hopper gives 1 to 255 coins at once")
        before = self._finished()
        serial = self._ask(wire.SERIAL_NUMBER)
        self._ask(wire.ENABLE, wire.ENABLED)
        try:
            self._ask(wire.DISPENSE, serial[:3] + bytes([coins]))
        except DeviceFault:  # it may have heard us: its counter tells
            if self._status().event == before.event:
                raise
        after = self._finished()
        if after.event == before.event:
            raise DeviceFault("the hopper did not begin")
        return PaidOut(coins, after.paid)

    def mark(self) -> int:
        return self._finished().event

    def gave_since(self, mark: int, coins: int) -> PaidOut | None:
        after = self._finished()
        if after.event == mark == 0:
            raise DeviceFault("the hopper's counter was not moved, or has lost its power since")
        if after.event == mark:
            return None
        if after.event != mark % wire.HIGHEST + 1 or after.paid + after.unpaid != coins:
            raise DeviceFault("the hopper's counter is not where this payout would have left it")
        return PaidOut(coins, after.paid)

    def _finished(self) -> HopperStatus:
        """The status once no coin is under way."""
        remaining, looks = -1, 0
        while looks < _MOST_LOOKS:
            status = self._status()
            if status.remaining == 0:
                return status
            looks = looks + 1 if status.remaining == remaining else 0
            remaining = status.remaining
            time.sleep(self._settings.look_s)
        raise DeviceFault("the hopper does not finish")

    def _status(self) -> HopperStatus:
        try:
            return wire.status_of(self._ask(wire.STATUS))
        except ValueError:
            raise DeviceFault("the hopper said something else") from None


_: type[GivesCoins] = CcTalkHopper
_remembers: type[RemembersPayouts] = CcTalkHopper
