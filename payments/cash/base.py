"""The contract with a cash desk's devices. What a device did is known, or it is said to be unknown: never guessed.

`DeviceFault` is technical (no answer: what happened is unknown), `DeviceRefused` logical (empty, blocked). Counting what
ought to be in the drawer is the book-keeper's affair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class PaidOut:
    """How many coins of its one value a hopper gave; `wanted - given` are still owed to the payer."""

    wanted: int
    given: int


@runtime_checkable
class OpensDrawer(Protocol):
    """A drawer with a lock that a pulse opens."""

    def open_drawer(self) -> None: ...


@runtime_checkable
class SeesDrawer(Protocol):
    """Knows whether the drawer stands open."""

    def drawer_is_open(self) -> bool: ...


@runtime_checkable
class GivesCoins(Protocol):
    """A hopper of coins of one value, in minor units."""

    @property
    def coin_minor(self) -> int: ...

    def give(self, coins: int) -> PaidOut:
        """Give so many coins, 1 to 255; fewer when it runs empty. Never gives twice for one call, lost answers included."""
        ...
