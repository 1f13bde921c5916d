"""What every simulated payment company keeps: trades, refunds, cars that are enrolled or inside, and what is still to be told.

The payer's money is taken once at most for each of the merchant's numbers; `charges` counts it, so that a test can see.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from hardware_sim.providers.faults import Fault, Switches
from parking.kernel.clock import Clock
from parking.kernel.money import Money
from payments.providers.abilities import RefundState, Standing
from payments.providers.base import OrderState
from payments.providers.chinese_text import BEIJING

LADDER_S = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
_LATE_S = 600.0
_WRONG = (Fault.WRONG_AMOUNT, Fault.WRONG_CURRENCY, Fault.WRONG_NUMBER, Fault.WRONG_MERCHANT)


@dataclass
class Trade:
    """An order or a charge in the company's books."""

    number: str
    amount: Money
    subject: str
    notify_url: str
    kind: str
    state: OrderState = OrderState.WAITING
    expires_at: datetime | None = None
    paid_at: datetime | None = None
    transaction: str | None = None
    charges: int = 0
    advanced: bool = False
    repaid: bool | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class RefundEntry:
    """Money that went back."""

    number: str
    trade: Trade
    amount: Money
    at: datetime
    reference: str
    state: RefundState = RefundState.DONE
    notify_url: str = ""


@dataclass
class Parking:
    """A car inside, as the merchant told."""

    number: str
    reference: str
    plate: str
    colour: str
    notify_url: str
    standing: Standing
    started: str = ""
    charged: bool = False


@dataclass
class Announcement:
    """One thing to tell the merchant until it says yes or the ladder ends; `about` is as it was when it happened."""

    event_id: str
    kind: str
    about: Trade | RefundEntry | Parking
    url: str
    due_at: datetime
    fault: Fault | None = None
    attempts: int = 0


class Refused(Exception):
    """The company says no, with its code."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


class Books:
    """The books of one company; thread-safe through `turn`. Nothing here looks at the real clock."""

    def __init__(self, *, clock: Clock, nonces: Callable[[], str], at_once: bool = False) -> None:
        self.clock = clock
        self.nonces = nonces
        self.at_once = at_once
        self.switches = Switches()
        self.trades: dict[str, Trade] = {}
        self.refunds: dict[str, RefundEntry] = {}
        self.standings: dict[str, Standing] = {}
        self.inside: dict[str, Parking] = {}
        self.waiting: list[Announcement] = []
        self.base_url = ""
        self.turn = threading.RLock()

    def wall(self) -> datetime:
        """What the company's own clock says."""
        skew = self.switches.look(Fault.CLOCK_SKEW)
        return self.clock.now() + timedelta(seconds=skew.seconds if skew else 0.0)

    def page_url(self, number: str) -> str:
        """Where a payer goes."""
        return f"{self.base_url}/_sim/payer/{number}"

    # --- trades ------------------------------------------------------------------------------------------------------

    def open(self, new: Trade) -> Trade:
        """The trade of this number: the one that is there, if its content is the same, else this one. Raises Refused."""
        with self.turn:
            known = self.trades.get(new.number)
            if known is None:
                known = self.trades[new.number] = new
                if self.at_once:
                    self.pay(new.number)
            elif (known.amount, known.kind) != (new.amount, new.kind):
                raise Refused("PARAM_MISMATCH", 409)
            return self.current(known)

    def find(self, number: str) -> Trade | None:
        with self.turn:
            known = self.trades.get(number)
            return None if known is None else self.current(known)

    def current(self, trade: Trade) -> Trade:
        """The trade after its expiry was looked at."""
        if trade.state is OrderState.WAITING and trade.expires_at and self.clock.now() >= trade.expires_at:
            trade.state = OrderState.CLOSED
        return trade

    def pay(self, number: str) -> Trade | None:
        """The payer pays, or the company collects; a second time takes nothing. None: there is no such trade."""
        with self.turn:
            trade = self.find(number)
            if trade is None:
                return None
            late = trade.state is OrderState.CLOSED and self.switches.take(Fault.LATE_SUCCESS) is not None
            if trade.state not in (OrderState.WAITING, OrderState.ACCEPTED) and not late:
                return trade
            if self.switches.take(Fault.DECLINED):
                return self.fail(number)
            trade.state, trade.charges = OrderState.PAID, trade.charges + 1
            trade.paid_at, trade.transaction = self.clock.now(), f"42{trade.number}"[:32]
            self.announce("paid", trade, trade.notify_url, f"{trade.number}-paid")
            return trade

    def fail(self, number: str) -> Trade | None:
        """The payer's bank says no."""
        with self.turn:
            trade = self.find(number)
            if trade is not None and trade.state in (OrderState.WAITING, OrderState.ACCEPTED):
                trade.state = OrderState.FAILED
                self.announce("failed", trade, trade.notify_url, f"{trade.number}-failed")
            return trade

    def repay(self, number: str) -> Trade | None:
        """The driver pays an advance back to the company."""
        with self.turn:
            trade = self.trades.get(number)
            if trade is not None and trade.advanced and not trade.repaid:
                trade.repaid = True
                self.announce("paid_back", trade, trade.notify_url, f"{trade.number}-back")
            return trade

    def close(self, number: str) -> Trade | None:
        with self.turn:
            trade = self.find(number)
            if trade is not None and trade.state is OrderState.WAITING:
                trade.state = OrderState.CLOSED
            return trade

    def refund(self, number: str, order_number: str, amount: Money, notify_url: str) -> RefundEntry:
        """Give back; the same number again is the same refund. Raises Refused."""
        with self.turn:
            known = self.refunds.get(number)
            if known is not None:
                if known.trade.number != order_number:
                    raise Refused("PARAM_MISMATCH", 409)
                return known
            trade = self.trades.get(order_number)
            if trade is None or trade.state is not OrderState.PAID:
                raise Refused("ORDER_NOT_PAID")
            if amount.minor <= 0 or self.refunded(trade) + amount.minor > trade.amount.minor:
                raise Refused("REFUND_TOO_MUCH")
            if self.switches.take(Fault.PARTIAL_REFUND):
                amount = Money(amount.minor - 1, amount.currency)
            entry = RefundEntry(number, trade, amount, self.clock.now(), f"50{number}"[:32], notify_url=notify_url)
            self.refunds[number] = entry
            self.announce("refunded", entry, notify_url, f"{number}-refunded"[:64])
            return entry

    def refunded(self, trade: Trade) -> int:
        """Minor units that went back already."""
        return sum(entry.amount.minor for entry in self.refunds.values() if entry.trade is trade)

    # --- telling the merchant ----------------------------------------------------------------------------------------

    def announce(self, kind: str, about: Trade | RefundEntry | Parking, url: str, event_id: str) -> None:
        """Have the merchant told, unless a switch says otherwise."""
        if not url:
            return
        switch = self.switches.take(
            Fault.CALLBACK_NEVER,
            Fault.CALLBACK_LATE,
            Fault.CALLBACK_TWICE,
            Fault.CALLBACK_FORGED,
            Fault.CALLBACK_WRONG_AMOUNT,
        )
        fault = switch.fault if switch else None
        if fault is Fault.CALLBACK_NEVER:
            return
        late_s = (switch.seconds or _LATE_S) if switch and fault is Fault.CALLBACK_LATE else 0.0
        due_at = self.clock.now() + timedelta(seconds=late_s)
        for _ in range(2 if fault is Fault.CALLBACK_TWICE else 1):
            self.waiting.append(Announcement(event_id[:64], kind, replace(about), url, due_at, fault))

    def take_due(self) -> list[Announcement]:
        """What is to be told now, in the order in which it happened unless a switch says otherwise."""
        with self.turn:
            now = self.clock.now()
            due = sorted((a for a in self.waiting if a.due_at <= now), key=lambda a: a.due_at)
            self.waiting = [a for a in self.waiting if a.due_at > now]
            return due[::-1] if due and self.switches.take(Fault.CALLBACK_OUT_OF_ORDER) else due

    def tell_again(self, announcement: Announcement) -> None:
        with self.turn:
            if announcement.attempts < len(LADDER_S):
                announcement.due_at = self.clock.now() + timedelta(seconds=LADDER_S[announcement.attempts])
                announcement.attempts += 1
                self.waiting.append(announcement)

    # --- the file of the day -----------------------------------------------------------------------------------------

    def of_day(self, day: date) -> tuple[list[Trade], list[RefundEntry]]:
        """What was taken and what went back on a day of Beijing time, spoiled as the switches say."""
        with self.turn:
            trades = [replace(t) for t in self.trades.values() if t.paid_at and _day(t.paid_at) == day]
            refunds = [replace(r) for r in self.refunds.values() if _day(r.at) == day]
        if trades and self.switches.take(Fault.STATEMENT_MISSING_LINE):
            trades.pop()
        if trades and self.switches.take(Fault.STATEMENT_EXTRA_LINE):
            trades.append(replace(trades[0], number=f"X{trades[0].number}"[:32], transaction="42EXTRA"))
        if trades and self.switches.take(Fault.STATEMENT_WRONG_AMOUNT):
            trades[0].amount = Money(trades[0].amount.minor + 1, trades[0].amount.currency)
        return trades, refunds


def _day(at: datetime) -> date:
    return at.astimezone(BEIJING).date()


def spoiled(trade: Trade, fault: Fault | None) -> Trade:
    """The trade as a faulty company would show it; the books themselves stay right."""
    if fault in (Fault.WRONG_AMOUNT, Fault.CALLBACK_WRONG_AMOUNT):
        return replace(trade, amount=Money(trade.amount.minor + 1, trade.amount.currency))
    if fault is Fault.WRONG_CURRENCY:
        return replace(trade, amount=Money(trade.amount.minor, "XXX"))
    if fault is Fault.WRONG_NUMBER:
        return replace(trade, number=f"X{trade.number}"[:32])
    return trade


def answer_fault(switches: Switches, operation: str) -> Fault | None:
    """How the next answer is to be spoiled."""
    switch = switches.take(Fault.FORGED_ANSWER, *_WRONG, operation=operation)
    return switch.fault if switch else None
