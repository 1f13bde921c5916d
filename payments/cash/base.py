"""The contract with a cash desk's devices. What a device did is known, or it is said to be unknown: never guessed.

`DeviceFault` is technical (no answer: what happened is unknown), `DeviceRefused` logical (empty, blocked). Counting what
ought to be in the drawer is the book-keeper's affair.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
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


@runtime_checkable
class RemembersPayouts(Protocol):
    """A hopper that can be asked about its last payout by whoever was not there for its answer: a server that has just started."""

    def mark(self) -> int:
        """Where its counter stands; written down before `give`, it is what `gave_since` is asked with."""
        ...

    def gave_since(self, mark: int, coins: int) -> PaidOut | None:
        """What the payout of so many coins, begun after this mark, gave; None where surely none was begun.

        DeviceFault where it cannot tell.
        """
        ...


class NoteWord(StrEnum):
    """What an acceptor says."""

    ESCROW = "escrow"  # a good note is held: it waits to be stored or given back
    STORED = "stored"  # a note has gone into the cashbox
    RETURNED = "returned"  # the note that was held is in the payer's hand again
    REFUSED = "refused"  # not a good one, or not one that is admitted
    JAM = "jam"
    FULL = "full"  # the cashbox
    NO_BOX = "no_box"  # it was taken out
    READY = "ready"  # the cashbox is in its place, what was wrong has been mended
    FAULT = "fault"  # broken


@dataclass(frozen=True, slots=True)
class NoteEvent:
    """One thing that has happened; `note` is its value in minor units, 0 where it is about none, or about an unknown one."""

    word: NoteWord
    note: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """What has happened since a counter, oldest first; `missed`: more than is told, it remembers no further (or has lost its power)."""

    counter: int
    events: tuple[NoteEvent, ...] = ()
    missed: bool = False


@runtime_checkable
class TakesNotes(Protocol):
    """A note acceptor with one place of escrow. Nothing is stored but by `route`, and each note that is stored is told once."""

    @property
    def notes(self) -> tuple[int, ...]:
        """The values that it knows, in minor units, smallest first."""
        ...

    def heard(self, since: int | None) -> Heard:
        """All since the counter of an earlier answer; None asks for the counter alone. Asking again tells the same again."""
        ...

    def admit(self, notes: Collection[int]) -> None:
        """Take these values and no other from now on; none of them: take nothing. DeviceRefused for a value that it does not know."""
        ...

    def route(self, *, store: bool) -> bool:
        """Store the note that is held, or give it back; False where none is. What became of it is told by `heard` alone."""
        ...
