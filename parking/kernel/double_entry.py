"""Every movement has two sides and sums to zero. Debits are positive. Money and points both stand on this."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a movement: `amount` minor units onto `account` (colon-separated path), debit positive."""

    account: str
    amount: int


@dataclass(frozen=True, slots=True)
class Movement:
    """Postings in one unit that sum to zero; anything else cannot be built. `reference` is unique: the same fact is booked once."""

    reference: str
    unit: str
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        if len(self.postings) < 2 or sum(p.amount for p in self.postings) != 0:
            raise ValueError(f"{self.reference}: a movement needs two sides that sum to zero")

    def reversed(self, reference: str) -> Movement:
        """The movement that undoes this one; entries are never edited."""
        return Movement(reference, self.unit, tuple(Posting(p.account, -p.amount) for p in self.postings))


def transfer(reference: str, unit: str, amount: int, *, debit: str, credit: str) -> Movement:
    """The commonest movement: `amount` to `debit` from `credit`."""
    return Movement(reference, unit, (Posting(debit, amount), Posting(credit, -amount)))
