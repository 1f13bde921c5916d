"""Who parks by right owes nothing: the bill says what it would have cost, and a last line that takes what is due off again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parking.journeys.ports import Account, BillLine, NotApplied
from parking.kernel.money import Money

_WORDS = {"zh": "月卡、邀请或名单免费", "en": "Covered by a pass, an invitation or a list"}


@dataclass(frozen=True, slots=True)
class CoveredLine:
    """What a right takes off a bill."""

    amount: Money
    code: str = "right"
    minutes: int = 0
    count: int = 1
    unit: Money | None = None

    @property
    def text(self) -> Mapping[str, str]:
        return _WORDS


@dataclass(frozen=True, slots=True)
class CoveredAccount:
    """An account of which nothing is due; its lines sum to its total."""

    total: Money
    paid: Money
    due: Money
    settled: Money
    lines: Sequence[BillLine]
    not_applied: tuple[NotApplied, ...] = ()
    is_open: bool = False
    counting: frozenset[str] = frozenset()

    @property
    def unsettled(self) -> Money:
        return self.due

    def discreet(self) -> CoveredAccount:
        return self


def covered(account: Account) -> Account:
    """The same account, of which nothing else was taken off, with what is due taken off."""
    currency, due = account.due.currency, account.due.minor
    line = CoveredLine(Money(-due, currency))
    return CoveredAccount(
        total=Money(account.total.minor - due, currency),
        paid=account.paid,
        due=Money(0, currency),
        settled=account.settled,
        lines=[*account.lines, line],
    )
