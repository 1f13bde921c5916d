"""A drawer and a hopper in memory, for tests and simulations: the same promises."""

from __future__ import annotations

from parking.kernel.device import DeviceRefused
from payments.cash.base import GivesCoins, OpensDrawer, PaidOut, SeesDrawer


class MemoryDrawer:
    """Counts its openings; `shut` is the cashier's hand."""

    def __init__(self) -> None:
        self.opened = 0
        self._open = False

    def open_drawer(self) -> None:
        self.opened += 1
        self._open = True

    def shut(self) -> None:
        self._open = False

    def drawer_is_open(self) -> bool:
        return self._open


class MemoryHopper:
    """Holds coins of one value."""

    def __init__(self, coin_minor: int, coins: int) -> None:
        self._coin_minor = coin_minor
        self.coins = coins

    @property
    def coin_minor(self) -> int:
        return self._coin_minor

    def give(self, coins: int) -> PaidOut:
        if not 1 <= coins <= 255:
            raise DeviceRefused("a hopper gives 1 to 255 coins at once")
        given = min(coins, self.coins)
        self.coins -= given
        return PaidOut(coins, given)


_: type[OpensDrawer] = MemoryDrawer
_sees: type[SeesDrawer] = MemoryDrawer
_gives: type[GivesCoins] = MemoryHopper
