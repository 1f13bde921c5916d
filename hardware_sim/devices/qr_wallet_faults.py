"""Everything that can go wrong with a wallet, as switches that each spoil one thing once."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class AnswerFault(StrEnum):
    """What may happen to one answer; the `_AFTER` kinds happen when the work is done already."""

    LOST_BEFORE = "lost_before"
    LOST_AFTER = "lost_after"
    HANGS_AFTER = "hangs_after"
    ERROR_500 = "500"
    FORGED = "forged"
    STALE = "stale"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_NUMBER = "wrong_number"


class CallbackFault(StrEnum):
    """What may happen to the callback of one payment."""

    TWICE = "twice"
    NEVER = "never"
    LATE = "late"
    FORGED = "forged"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_CURRENCY = "wrong_currency"
    WRONG_MERCHANT = "wrong_merchant"
    WRONG_NUMBER = "wrong_number"


@dataclass
class Faults:
    """Switches. `answers` holds (operation, fault) for create, query or close; the first that fits is used up.

    `newest_first` delivers callbacks in the wrong order; `pays_closed_orders` lets payers pay what was closed.
    """

    answers: list[tuple[str, AnswerFault]] = field(default_factory=list)
    callbacks: list[CallbackFault] = field(default_factory=list)
    newest_first: bool = False
    pays_closed_orders: bool = False

    def take_answer(self, operation: str) -> AnswerFault | None:
        for index, (of, fault) in enumerate(self.answers):
            if of == operation:
                del self.answers[index]
                return fault
        return None

    def take_callback(self) -> CallbackFault | None:
        return self.callbacks.pop(0) if self.callbacks else None
