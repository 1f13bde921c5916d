"""A kiosk with an acceptor that can break in every way, a hopper of coins, and an open shift: on any database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from parking.kernel.device import DeviceFault
from parking.kernel.ids import PaymentId
from parking.plumbing.db import UnitOfWork
from payments import ledger_store, store
from payments.cash import machine_books, machine_store, shift_store, shifts
from payments.cash.base import Heard, PaidOut
from payments.cash.box import CashBox
from payments.cash.machine import CashMachine
from payments.cash.machine_model import Session, Why
from payments.cash.memory import MemoryHopper, MemoryNotes
from payments.cash.model import Report, Shift, drawer
from payments.model import Payment, PaymentState
from payments.providers.base import Provider
from tests.builders.payments import Desk

NOTES = (500, 1000, 2000, 5000, 10_000)


class Crashing(MemoryNotes):
    """Its line breaks when it is told to: before the order is heard, or after it was done."""

    def __init__(self) -> None:
        super().__init__(NOTES)
        self.breaks: list[str] = []
        self.silent = False

    def heard(self, since: int | None) -> Heard:
        if self.silent:
            raise DeviceFault("nobody there")
        return super().heard(since)

    def route(self, *, store: bool) -> bool:
        how = self.breaks.pop(0) if self.breaks else ""
        if how == "before":
            raise DeviceFault("it did not hear us")
        done = super().route(store=store)
        if how == "after":
            raise DeviceFault("its answer was lost")
        return done


class LossyHopper(MemoryHopper):
    """Gives, and then the line is cut."""

    cut = 0

    def give(self, coins: int) -> PaidOut:
        paid = super().give(coins)
        if self.cut:
            self.cut -= 1
            raise DeviceFault("its answer was lost")
        return paid


@dataclass
class Machine(Desk):
    """A kiosk with an acceptor and a hopper of ¥1 coins, its shift open with so many of them."""

    coins: int = 20
    filled: int | None = None
    """What is truly in the hopper, where it is not what was counted."""
    machine: CashMachine = field(init=False)

    def __post_init__(self) -> None:
        self.notes, self.hopper = Crashing(), LossyHopper(100, self.coins if self.filled is None else self.filled)
        super().__post_init__()
        self.shift = self.database.write(self._open_shift)
        self.machine.step()

    def restart(self) -> None:
        others: dict[str, Provider] = {"cash": CashBox(self.database)}
        self.others = others
        super().restart()
        if hasattr(self, "machine"):
            self.machine.let_go()  # with a process that ends, its connections do
        self.machine = CashMachine("kiosk-1", self.notes, {100: self.hopper}, self.database, self.clock)

    def _open_shift(self, uow: UnitOfWork) -> Shift:
        counts, brought = {100: self.coins, 5000: 1}, self.coins * 100 + 5000
        said: Any = {"brought": brought, "reason": None, "by": "anna", "key": "o1", "audit": self.audit}
        return shifts.open_shift(uow, "kiosk-1", "CNY", counts, **said)

    def audit(self, *said: str) -> None:
        self.told = [*getattr(self, "told", []), said]

    def begins(self, minutes: int = 120, key: str = "k1") -> Session:
        """A driver who has parked so long chooses cash."""
        self.park(minutes=minutes)
        self.paying: Payment = self.begin(key=key, channel="cash")
        session = self.database.write(lambda uow: machine_books.begin(uow, "kiosk-1", self.paying, key=key))
        self.machine.step()
        return session

    def puts(self, note: int) -> bool:
        """A note is put in, and the machine looks; whether it was drawn in."""
        drawn = self.notes.insert(note)
        self.turns(3)
        return drawn

    def turns(self, count: int = 6) -> None:
        for _ in range(count):
            self.machine.step()
            self.clock.advance(timedelta(seconds=1))

    def cancels(self, session: Session) -> None:
        self.database.write(lambda uow: machine_books.end(uow, session.id, Why.CANCELLED))
        self.turns()

    def now(self, session: Session) -> Session:
        found = self.database.read(lambda conn: machine_store.session(conn, session.id))
        assert found is not None
        return found

    def paid(self) -> bool:
        payment = self.database.read(lambda conn: store.get(conn, PaymentId(self.paying.payment_id)))
        return payment is not None and payment.state is PaymentState.PAID

    def account(self, name: str) -> int:
        return self.database.read(lambda conn: ledger_store.BOOK.balance(conn, name, "CNY"))

    def holds(self) -> None:
        """The books say what the metal holds: the drawer's account is cashbox and coins, what is held is what is owed."""
        opened = self.coins * 100 + 5000
        given = (self.hopper_at_first - self.hopper.coins) * 100
        assert self.account(drawer("kiosk-1")) == opened + sum(self.notes.cashbox) - given
        assert self.database.read(ledger_store.verify).holds
        assert sum(amount for _, _, amount in self.database.read(ledger_store.balances)) == 0
        report = self.database.read(
            lambda conn: Report(self.shift, shift_store.moves(conn, self.shift), [], self.paying.amount)
        )
        assert 5000 + self.coins * 100 + sum(m.amount.minor for m in report.moves[1:]) == self.account("drawer:kiosk-1")

    @property
    def hopper_at_first(self) -> int:
        return self.coins if self.filled is None else self.filled

    def cases(self) -> list[str]:
        return [one for one in super().cases() if one.startswith("cash_")]
