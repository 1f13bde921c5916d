"""Everything that can go wrong with a payment company, as switches of a side door; each spoils a stated number of things."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """The failure modes. Those from `callback_…` spoil what is sent, the others what is answered or done."""

    TIMEOUT_BEFORE = "timeout_before"  # nothing done, no answer
    TIMEOUT_AFTER = "timeout_after"  # all done, no answer
    ERROR_500 = "error_500"  # nothing done, an unsigned page of a proxy
    SLOW = "slow"  # done and answered after `seconds`
    FORGED_ANSWER = "forged_answer"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_CURRENCY = "wrong_currency"
    WRONG_NUMBER = "wrong_number"
    WRONG_MERCHANT = "wrong_merchant"
    DECLINED = "declined"  # the payer's bank says no
    LATE_SUCCESS = "late_success"  # an order can be paid although it was closed
    PARTIAL_REFUND = "partial_refund"  # a refund gives back one minor unit less than was asked for
    CLOCK_SKEW = "clock_skew"  # the company's clock is off by `seconds`
    KEY_ROTATION = "key_rotation"  # from the next signature on with a new key
    CALLBACK_TWICE = "callback_twice"
    CALLBACK_LATE = "callback_late"  # by `seconds`, ten minutes if none are given
    CALLBACK_OUT_OF_ORDER = "callback_out_of_order"
    CALLBACK_NEVER = "callback_never"
    CALLBACK_FORGED = "callback_forged"
    CALLBACK_WRONG_AMOUNT = "callback_wrong_amount"
    STATEMENT_MISSING_LINE = "statement_missing_line"
    STATEMENT_EXTRA_LINE = "statement_extra_line"
    STATEMENT_WRONG_AMOUNT = "statement_wrong_amount"
    INVOICE_SLOW = "invoice_slow"  # an invoice is in hand for `seconds`
    INVOICE_QUOTA = "invoice_quota"  # the seller's quota is used up
    INVOICE_WRONG_TAX_NUMBER = "invoice_wrong_tax_number"
    INVOICE_BUYER_CONFIRMS = "invoice_buyer_confirms"  # a red letter waits for the buyer
    INVOICE_NO_DOCUMENT = "invoice_no_document"  # issued, but its PDF is not there yet


@dataclass
class Switch:
    """A fault that is on: `times` more times (below zero: until it is taken back), for one `operation` or for all."""

    fault: Fault
    times: int = 1
    operation: str | None = None
    seconds: float = 0.0


class Switches:
    """Thread-safe. The first switch that fits is used."""

    def __init__(self) -> None:
        self._on: list[Switch] = []
        self._turn = threading.Lock()

    def set(self, fault: Fault, *, times: int = 1, operation: str | None = None, seconds: float = 0.0) -> None:
        """Turn a fault on."""
        with self._turn:
            self._on.append(Switch(fault, times, operation, seconds))

    def clear(self) -> None:
        """Everything works again."""
        with self._turn:
            self._on.clear()

    def take(self, *faults: Fault, operation: str | None = None) -> Switch | None:
        """Use up the first switch of one of these faults that fits; None if none is on."""
        with self._turn:
            for switch in self._on:
                if switch.fault in faults and switch.operation in (None, operation):
                    if switch.times > 0:
                        switch.times -= 1
                    if switch.times == 0:
                        self._on.remove(switch)
                    return switch
        return None

    def look(self, fault: Fault) -> Switch | None:
        """A switch that stays on while it is looked at, such as a clock that is off."""
        with self._turn:
            return next((switch for switch in self._on if switch.fault is fault), None)

    def on(self) -> list[Switch]:
        """What is on now."""
        with self._turn:
            return list(self._on)
