"""A drawer, a hopper and a note acceptor in memory, for tests and simulations: the same promises."""

from __future__ import annotations

from collections.abc import Collection

from parking.kernel.device import DeviceFault, DeviceRefused
from payments.cash.base import (
    GivesCoins,
    Heard,
    NoteEvent,
    NoteWord,
    OpensDrawer,
    PaidOut,
    RemembersPayouts,
    SeesDrawer,
    TakesNotes,
)


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
        self._payouts: list[PaidOut] = []

    @property
    def coin_minor(self) -> int:
        return self._coin_minor

    def give(self, coins: int) -> PaidOut:
        if not 1 <= coins <= 255:
            raise DeviceRefused("a hopper gives 1 to 255 coins at once")
        given = min(coins, self.coins)
        self.coins -= given
        self._payouts.append(PaidOut(coins, given))
        return self._payouts[-1]

    def mark(self) -> int:
        return len(self._payouts)

    def gave_since(self, mark: int, coins: int) -> PaidOut | None:
        since = self._payouts[mark:]
        if len(since) > 1 or any(one.wanted != coins for one in since):
            raise DeviceFault("the counter is not where this payout would have left it")
        return since[0] if since else None


class MemoryNotes:
    """Remembers everything; `insert` is the payer's hand, `jams` and `holds_most` are what goes wrong."""

    def __init__(self, notes: Collection[int]) -> None:
        self._notes = tuple(sorted(notes))
        self._said: list[NoteEvent] = []
        self._admitted: frozenset[int] = frozenset()
        self._held = 0
        self.cashbox: list[int] = []
        self.jams = False
        self.holds_most = 600

    def insert(self, note: int) -> bool:
        """Whether the note was drawn in; it stays in the hand where it was not."""
        if self._held or self.jams or note not in self._admitted:
            self._said += [] if self._held or self.jams else [NoteEvent(NoteWord.REFUSED)]
            return False
        self._held = note
        self._said.append(NoteEvent(NoteWord.ESCROW, note))
        return True

    @property
    def notes(self) -> tuple[int, ...]:
        return self._notes

    def heard(self, since: int | None) -> Heard:
        return Heard(len(self._said), () if since is None else tuple(self._said[since:]))

    def admit(self, notes: Collection[int]) -> None:
        if not set(notes) <= set(self._notes):
            raise DeviceRefused("these are not the values that it knows")
        self._admitted = frozenset(notes)

    def route(self, *, store: bool) -> bool:
        if not self._held:
            return False
        held, self._held = self._held, 0
        if store and self.jams:
            self._said.append(NoteEvent(NoteWord.JAM))
            return False
        self._said.append(NoteEvent(NoteWord.STORED if store else NoteWord.RETURNED, held if store else 0))
        if store:
            self.cashbox.append(held)
            if len(self.cashbox) >= self.holds_most:
                self._said.append(NoteEvent(NoteWord.FULL))
        return True


_: type[OpensDrawer] = MemoryDrawer
_sees: type[SeesDrawer] = MemoryDrawer
_gives: type[GivesCoins] = MemoryHopper
_remembers: type[RemembersPayouts] = MemoryHopper
_takes: type[TakesNotes] = MemoryNotes
