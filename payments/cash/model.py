"""The words of a cash desk: a till with its drawer, the shift of whoever answers for it, and what was counted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parking.kernel.errors import invalid
from parking.kernel.money import Money

MOST_PIECES = 100_000
CHANNEL = "cash"


class ShiftState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class MoveKind(StrEnum):
    """What has changed the content of a drawer."""

    SALE = "sale"
    REFUND = "refund"
    BROUGHT = "brought"  # from the safe
    TAKEN_OUT = "taken_out"  # to the safe
    DIFFERENCE = "difference"  # counted, and not what the ledger says
    NOTE = "note"  # a machine has stored it
    CHANGE = "change"  # coins that a machine gave
    OWED = "owed"  # what a machine could not give, handed out by a person


@dataclass(frozen=True, slots=True)
class Shift:
    """One person answers for one drawer; `expected` is what the ledger said of it when it was counted at the end."""

    id: str
    till: str
    state: ShiftState
    currency: str
    opened_by: str
    opened_at: datetime
    opening: Money
    closed_by: str | None = None
    closed_at: datetime | None = None
    closing: Money | None = None
    expected: Money | None = None

    @property
    def difference(self) -> Money | None:
        """What the last count had more than the ledger; None while the shift is open."""
        return self.closing - self.expected if self.closing is not None and self.expected is not None else None


@dataclass(frozen=True, slots=True)
class Move:
    """One change of a drawer's content; `amount` below zero went out. `number` is the payment's or refund's, or the caller's key."""

    id: str
    shift_id: str
    kind: MoveKind
    number: str
    amount: Money
    at: datetime
    by: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """What somebody counted (value -> pieces), beside what the ledger said then."""

    at: datetime
    by: str
    total: Money
    expected: Money
    counts: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Report:
    """A shift from its first count to its last."""

    shift: Shift
    moves: Sequence[Move]
    counts: Sequence[Count]
    in_drawer: Money

    @property
    def sums(self) -> dict[MoveKind, Money]:
        """What each kind of move came to."""
        found: dict[MoveKind, Money] = {}
        for one in self.moves:
            found[one.kind] = found.get(one.kind, Money(0, self.shift.currency)) + one.amount
        return found

    @property
    def adds_up(self) -> bool:
        """Whether what was in it at first, with every move since, is what the ledger says: at the end, or now."""
        shift = self.shift
        edges = {shift.id, f"{shift.id}:open", f"{shift.id}:close"}
        during = sum(one.amount.minor for one in self.moves if one.number not in edges)
        end = shift.expected if shift.expected is not None else self.in_drawer
        return shift.opening.minor + during == end.minor


def drawer(till: str) -> str:
    """The account of what is in a till's drawer."""
    return f"drawer:{till}"


def total_of(counts: Mapping[int, int]) -> int:
    """What value -> pieces come to, in minor units; ParkingError for what cannot be counted."""
    for value, pieces in counts.items():
        if not 1 <= value <= 1_000_000 or not 0 <= pieces <= MOST_PIECES:
            raise invalid("cash.count", f"should be values above zero and 0 to {MOST_PIECES} pieces", field="counts")
    return sum(value * pieces for value, pieces in counts.items())
