"""Who may leave with a debt, and what becomes of it. Pure.

Credit is set aside for one stay before its car comes to the exit, and counts as used from then on: however many lanes are cut off,
all debts of an agreement together never exceed its limit. What was set aside is never given to another stay until this one has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from parking.kernel.errors import invalid
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate


@dataclass(frozen=True, slots=True)
class Terms:
    """How much one plate may owe, in minor units: for one stay, at any one time, and for all stays that end on one day."""

    per_stay_minor: int
    at_once_minor: int
    per_day_minor: int

    def __post_init__(self) -> None:
        for field in ("per_stay_minor", "at_once_minor", "per_day_minor"):
            value = getattr(self, field)
            if type(value) is not int or not 0 <= value <= 10_000_000:
                raise invalid("credit.terms", "should be a whole number from 0 to 10,000,000", field=field)
        if self.per_stay_minor > self.at_once_minor:
            raise invalid("credit.terms", "should be at most at_once_minor", field="per_stay_minor")


@dataclass(frozen=True, slots=True)
class Agreement:
    """Somebody has agreed that a plate's stays are collected afterwards through `channel`, under the provider's `reference`."""

    id: str
    plate: Plate
    channel: str
    reference: str
    terms: Terms
    since: datetime

    @property
    def limits(self) -> tuple[int, int, int]:
        """In minor units: per stay, at once, per day."""
        return self.terms.per_stay_minor, self.terms.at_once_minor, self.terms.per_day_minor


@dataclass(frozen=True, slots=True)
class Use:
    """What of an agreement is used already, in minor units; `late`: a debt that policy says must be paid first."""

    owed_minor: int = 0
    set_aside_minor: int = 0  # for other stays that are still inside
    today_minor: int = 0
    late: bool = False


def credit(terms: Terms, use: Use) -> int:
    """How much may be set aside for one more stay, in minor units."""
    if use.late:
        return 0
    at_once = terms.at_once_minor - use.owed_minor - use.set_aside_minor
    today = terms.per_day_minor - use.today_minor - use.set_aside_minor
    return max(0, min(terms.per_stay_minor, at_once, today))


class PromiseState(StrEnum):
    OPEN = "open"
    KEPT = "kept"  # the passage is proven: what is unpaid is a debt
    TAKEN_BACK = "taken_back"  # the car backed away, or another stay was meant


class DebtState(StrEnum):
    OPEN = "open"
    DISPUTED = "disputed"  # it does not age, and is not collected
    PAID = "paid"
    WRITTEN_OFF = "written_off"


@dataclass(frozen=True, slots=True)
class Debt:
    """What a stay that has left still owes; how much that is says the ledger (`debt:<stay>`), at the beginning it was `amount`."""

    stay_id: StayId
    plate: Plate | None
    amount: Money
    since: datetime
    state: DebtState
    agreement_id: str | None
    tries: int = 0
    next_try_at: datetime | None = None
    reminded: int = 0
    blocked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done about a debt, by its age: collected again, its driver reminded, its plate kept out; times since the car left."""

    collect: tuple[timedelta, ...] = (
        timedelta(0),
        timedelta(minutes=10),
        timedelta(hours=1),
        timedelta(hours=6),
        timedelta(days=1),
        timedelta(days=3),
        timedelta(days=7),
        timedelta(days=14),
        timedelta(days=30),
    )
    remind: tuple[timedelta, ...] = (timedelta(days=3), timedelta(days=10))
    late_after: timedelta = timedelta(days=7)
    """From then on the plate gets no new credit."""
    block_after: timedelta | None = timedelta(days=30)
    """From then on it does not come in; None: it always may."""

    def next_try_at(self, debt: Debt) -> datetime | None:
        """When to collect for the next time; None when the ladder has ended and a person decides."""
        return debt.since + self.collect[debt.tries] if debt.tries < len(self.collect) else None

    def wants_reminder(self, debt: Debt, now: datetime) -> bool:
        return debt.reminded < len(self.remind) and now >= debt.since + self.remind[debt.reminded]

    def is_late(self, debt: Debt, now: datetime) -> bool:
        return debt.state is DebtState.OPEN and now >= debt.since + self.late_after

    def wants_block(self, debt: Debt, now: datetime) -> bool:
        if self.block_after is None or debt.state is not DebtState.OPEN or debt.blocked_at is not None:
            return False
        return now >= debt.since + self.block_after
