"""A cash machine from the first note to the last coin: what is stored is booked once, and whatever crashes or jams, no money is lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.kernel.device import DeviceFault
from parking.kernel.errors import ParkingError
from parking.kernel.ids import PaymentId
from parking.plumbing.db import UnitOfWork
from payments import ledger_store, store
from payments.cash import machine_books, machine_store, shift_store, shifts
from payments.cash.base import Heard, PaidOut
from payments.cash.box import CashBox
from payments.cash.change import as_much, change, takeable
from payments.cash.machine import CashMachine
from payments.cash.machine_model import Session, SessionState, Trouble, Why
from payments.cash.memory import MemoryHopper, MemoryNotes
from payments.cash.model import Report, Shift, drawer
from payments.model import Payment, PaymentState
from payments.providers.base import Provider
from tests.builders.payments import Desk

NOTES = (500, 1000, 2000, 5000, 10_000)
pytestmark = pytest.mark.req("PAY-2", "KIOSK-1")


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

    def __post_init__(self) -> None:
        self.notes, self.hopper = Crashing(), LossyHopper(100, self.coins if self.filled is None else self.filled)
        super().__post_init__()
        self.shift = self.database.write(self._open_shift)
        self.machine.step()

    def restart(self) -> None:
        others: dict[str, Provider] = {"cash": CashBox(self.database)}
        self.others = others
        super().restart()
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


@pytest.fixture
def kiosk() -> Machine:
    return Machine()


def test_notes_pay_the_fee_and_the_change_comes_in_coins(kiosk: Machine) -> None:
    session = kiosk.begins()  # two hours: ¥10
    assert session.due.minor == 1000
    assert kiosk.puts(500)
    assert (kiosk.now(session).stored, kiosk.now(session).left, kiosk.paid()) == (500, 500, False)
    assert kiosk.account("held:kiosk-1") == -500
    assert kiosk.puts(2000)
    kiosk.turns()
    over = kiosk.now(session)
    assert (over.state, over.why, over.to_give, over.given, over.owed) == (SessionState.OVER, Why.PAID, 1500, 1500, 0)
    assert kiosk.paid()
    assert (kiosk.notes.cashbox, kiosk.hopper.coins) == ([500, 2000], 5)
    assert kiosk.account("held:kiosk-1") == 0
    assert not kiosk.puts(500)  # nobody pays any more: nothing is drawn in
    kiosk.holds()
    assert kiosk.cases() == []


def test_a_note_whose_change_cannot_be_given_is_not_even_drawn_in() -> None:
    kiosk = Machine(coins=6)
    session = kiosk.begins()
    assert not kiosk.puts(2000)
    assert not kiosk.puts(10_000)
    assert kiosk.puts(500)
    assert not kiosk.puts(2000)  # fifteen coins
    assert kiosk.puts(1000)  # five
    kiosk.turns()
    assert (kiosk.now(session).given, kiosk.hopper.coins, kiosk.paid()) == (500, 1, True)
    kiosk.holds()


def test_whoever_cancels_gets_the_held_note_back_and_what_was_stored_in_coins_and_the_rest_on_a_slip(
    kiosk: Machine,
) -> None:
    session = kiosk.begins(minutes=60 * 6)  # ¥26
    assert kiosk.puts(2000)
    assert kiosk.puts(500)
    kiosk.notes.insert(500)
    kiosk.cancels(session)
    over = kiosk.now(session)
    assert kiosk.notes.cashbox == [2000, 500]
    assert (over.why, over.to_give, over.given, over.owed) == (Why.CANCELLED, 2500, 2000, 500)
    assert over.slip
    assert not kiosk.paid()
    assert kiosk.account("held:kiosk-1") == -500
    kiosk.holds()
    till = kiosk.database.write(
        lambda uow: shifts.open_shift(
            uow, "desk-1", "CNY", {100: 90}, brought=9000, reason=None, by="anna", key="o2", audit=kiosk.audit
        )
    ).till
    for _ in range(2):  # handed out once
        kiosk.database.write(
            lambda uow: machine_books.hand_out(uow, till, str(over.slip), by="anna", audit=kiosk.audit)
        )
    assert (kiosk.account("held:kiosk-1"), kiosk.account("drawer:desk-1")) == (0, 8500)
    assert kiosk.now(session).owed == 0
    assert ("cash.slip_handed_out", session.id, "5.00 CNY") in [(a, s, r) for a, s, r in kiosk.told]


def test_a_hopper_that_is_emptier_than_was_counted_leaves_a_slip_and_is_not_trusted_again(kiosk: Machine) -> None:
    kiosk = Machine(filled=3)
    session = kiosk.begins()
    assert kiosk.puts(2000)
    kiosk.turns()
    over = kiosk.now(session)
    assert (over.given, over.owed, kiosk.paid()) == (300, 700, True)
    kiosk.holds()
    stock = kiosk.database.read(lambda conn: machine_store.stock(conn, kiosk.shift, [100]))
    assert stock == {100: 0}


@pytest.mark.parametrize("how", ["before", "after"])
def test_an_order_whose_answer_is_lost_counts_its_note_once(kiosk: Machine, how: str) -> None:
    session = kiosk.begins()
    kiosk.notes.breaks = [how, how]
    assert kiosk.puts(1000)
    kiosk.turns(10)
    assert (kiosk.notes.cashbox, kiosk.now(session).stored, kiosk.paid()) == ([1000], 1000, True)
    kiosk.holds()


@pytest.mark.parametrize("after", range(6))
def test_a_server_that_dies_at_any_step_asks_the_devices_what_became_of_it(kiosk: Machine, after: int) -> None:
    session = kiosk.begins()
    kiosk.hopper.cut = 1
    kiosk.notes.insert(2000)
    for _ in range(after):
        kiosk.machine.step()
    kiosk.restart()
    kiosk.turns(12)
    over = kiosk.now(session)
    assert (over.state, over.stored, over.given, over.owed) == (SessionState.OVER, 2000, 1000, 0)
    assert (kiosk.notes.cashbox, kiosk.hopper.coins, kiosk.paid()) == ([2000], 10, True)
    kiosk.holds()
    assert kiosk.cases() == []


def test_a_note_that_was_stored_while_the_server_was_away_is_booked_when_it_is_back(kiosk: Machine) -> None:
    session = kiosk.begins()
    kiosk.notes.insert(1000)
    decided = kiosk.database.write(lambda uow: machine_books.take_over(uow, "kiosk-1", kiosk.notes.heard(0)))
    assert decided.held == 1000
    kiosk.database.write(lambda uow: machine_books.decide(uow, "kiosk-1", NOTES, [100]))
    kiosk.notes.route(store=True)  # and in this moment the power of the server fails
    kiosk.restart()
    kiosk.turns()
    assert kiosk.now(session).stored == 1000
    assert kiosk.paid()
    kiosk.holds()


def test_a_jam_asks_a_person_and_what_was_stored_before_it_goes_back(kiosk: Machine) -> None:
    session = kiosk.begins()
    assert kiosk.puts(500)
    kiosk.notes.insert(500)
    kiosk.notes.jams = True
    kiosk.turns(2)
    acceptor = kiosk.database.read(lambda conn: machine_store.acceptor(conn, "kiosk-1"))
    assert acceptor.trouble is Trouble.JAM
    assert kiosk.cases() == ["cash_note_unknown"]
    kiosk.cancels(session)
    over = kiosk.now(session)
    assert (over.stored, over.given, over.state) == (500, 500, SessionState.OVER)
    kiosk.holds()


def test_a_full_cashbox_still_counts_the_note_that_filled_it(kiosk: Machine) -> None:
    kiosk.notes.holds_most = 1
    session = kiosk.begins()
    assert kiosk.puts(1000)
    assert (kiosk.now(session).stored, kiosk.paid()) == (1000, True)
    acceptor = kiosk.database.read(lambda conn: machine_store.acceptor(conn, "kiosk-1"))
    assert acceptor.trouble is Trouble.FULL


def test_a_payment_that_was_made_by_phone_meanwhile_gives_the_notes_back(kiosk: Machine) -> None:
    session = kiosk.begins()
    assert kiosk.puts(500)
    by_phone = kiosk.begin(key="phone")  # the cash order is closed first
    assert by_phone.channel == "wallet"
    kiosk.turns()
    over = kiosk.now(session)
    assert (over.why, over.given, over.state) == (Why.NOT_DUE, 500, SessionState.OVER)
    kiosk.holds()


def test_whoever_walks_away_leaves_nothing_open(kiosk: Machine) -> None:
    session = kiosk.begins()
    assert kiosk.puts(500)
    kiosk.clock.advance(timedelta(seconds=61))
    kiosk.turns()
    assert (kiosk.now(session).why, kiosk.now(session).given) == (Why.EXPIRED, 500)
    kiosk.holds()


def test_one_conversation_at_a_machine_and_no_count_while_somebody_pays(kiosk: Machine) -> None:
    session = kiosk.begins()
    again = kiosk.database.write(lambda uow: machine_books.begin(uow, "kiosk-1", kiosk.paying, key="k1"))
    assert again.id == session.id
    kiosk.cancels(session)
    second = kiosk.database.write(lambda uow: machine_books.begin(uow, "kiosk-1", kiosk.paying, key="k2"))
    with pytest.raises(ParkingError, match="somebody is paying"):
        kiosk.database.write(
            lambda uow: shifts.close_shift(
                uow, kiosk.shift.id, {}, take_out=0, reason="home", by="anna", audit=kiosk.audit
            )
        )
    assert second.id != session.id


def test_a_coin_whose_payout_nobody_knows_of_is_a_persons_and_owed(kiosk: Machine) -> None:
    session = kiosk.begins()

    def dead(*_: int) -> Any:
        raise DeviceFault("nobody there")

    assert kiosk.notes.insert(2000)
    kiosk.hopper.give = dead  # type: ignore[method-assign,assignment]
    kiosk.turns(4)
    assert kiosk.now(session).state is SessionState.GIVING
    kiosk.clock.advance(timedelta(seconds=31))
    kiosk.turns(3)
    over = kiosk.now(session)
    assert (over.state, over.owed) == (SessionState.OVER, 1000)
    assert kiosk.cases() == ["cash_change_unknown"]
    kiosk.holds()


@given(
    st.integers(1, 300).map(lambda n: n * 100),
    st.sets(st.sampled_from(NOTES), min_size=1),
    st.integers(0, 12),
    st.data(),
)
@settings(max_examples=25)
def test_whoever_puts_in_only_notes_that_are_taken_always_comes_to_an_end_with_exact_change(
    due: int, notes: set[int], coins: int, data: st.DataObject
) -> None:
    left, there = due, {100: coins}
    taken = takeable(left, notes, there)
    if not taken:
        return
    while left > 0:
        left -= data.draw(st.sampled_from(sorted(taken)))
        taken = takeable(left, notes, there)
        assert taken or left <= 0  # no dead end
    assert change(-left, there) is not None


@settings(max_examples=40)
@given(st.integers(0, 60), st.dictionaries(st.sampled_from([1, 2, 5, 10]), st.integers(0, 4)))
def test_as_much_as_there_is_never_more_than_is_owed(minor: int, there: dict[int, int]) -> None:
    found = as_much(minor, there)
    total = sum(value * count for value, count in found.items())
    assert total <= minor
    assert all(count <= there[value] for value, count in found.items())
    assert total == minor or change(minor, there) is None
