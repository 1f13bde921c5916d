"""Invoices and the cash desk on every database, with many hands at once: one invoice, one open shift, one note in one drawer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.ids import SeededIds
from parking.plumbing.db import UnitOfWork, open_database
from payments import ledger_store, refund_store
from payments.cash import shift_store, shifts
from payments.cash.box import CashBox
from payments.cash.machine import CashMachine
from payments.cash.model import Shift, drawer
from payments.invoices.model import Invoice, InvoiceState
from payments.model import Payment, PaymentState
from payments.providers.base import Provider
from tests.builders.cash_machine import Machine
from tests.builders.invoices import OTHER_STAY, PERSON, InvoiceDesk
from tests.builders.payments import START, STAY_ID
from tests.builders.plumbing import eventually

T = TypeVar("T")
HANDS = 8


@dataclass
class Till(InvoiceDesk):
    """A desk that takes cash as well; `said` is what was put on record."""

    said: list[tuple[str, str, str]] = field(default_factory=list)

    def restart(self) -> None:
        others: dict[str, Provider] = {"cash": CashBox(self.database)}
        self.others = others
        super().restart()

    def audit(self, action: str, subject: str, reason: str) -> None:
        self.said.append((action, subject, reason))

    def open(
        self, counted: int = 50_000, *, brought: int = 50_000, key: str = "o1", reason: str | None = None
    ) -> Shift:
        return self.database.write(
            lambda uow: shifts.open_shift(
                uow,
                "desk-1",
                "CNY",
                {100: counted // 100},
                brought=brought,
                reason=reason,
                by="anna",
                key=key,
                audit=self.audit,
            )
        )

    def close(self, shift: Shift, counted: int, *, reason: str | None = None, take_out: int = 0) -> Shift:
        return self.database.write(
            lambda uow: shifts.close_shift(
                uow, shift.id, {100: counted // 100}, take_out=take_out, reason=reason, by="anna", audit=self.audit
            )
        )

    def take(self, payment: Payment, tendered: int = 5000) -> int:
        """The change."""
        return self.database.write(lambda uow: shifts.take(uow, "desk-1", payment, tendered, by="anna")).minor

    def in_drawer(self) -> int:
        return self.database.read(lambda conn: ledger_store.BOOK.balance(conn, drawer("desk-1"), "CNY"))


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Till]:
    url = f"sqlite:///{tmp_path}/parking.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    built = Till(url=url)
    yield built
    built.check()
    built.database.close()


def at_once(work: Callable[[int], T]) -> list[T | ParkingError]:
    """`work` in eight threads; what each returned or was told."""

    def one(number: int) -> T | ParkingError:
        try:
            return work(number)
        except ParkingError as error:
            return error

    with ThreadPoolExecutor(HANDS) as pool:
        return list(pool.map(one, range(HANDS)))


@pytest.mark.req("INV-1")
def test_eight_phones_that_ask_at_once_get_one_invoice(desk: Till) -> None:
    desk.paid()
    found = at_once(lambda n: desk.invoice(key=f"phone-{n}", buyer=PERSON))
    (made,) = [one for one in found if isinstance(one, Invoice)]
    assert {one.code for one in found if isinstance(one, ParkingError)} == {"invoice.already_invoiced"}
    desk.work()
    assert desk.now(made).state is InvoiceState.ISSUED
    assert [held.issues for held in desk.fake.orders.values()] == [1]


@pytest.mark.req("INV-1")
def test_two_workers_issue_each_invoice_once(desk: Till) -> None:
    desk.paid()
    asked = desk.invoice()
    for _ in range(8):
        at_once(lambda _: desk.jobs.run_due())
        desk.park(seconds=10)
    assert desk.now(asked).state is InvoiceState.ISSUED
    assert [held.issues for held in desk.fake.orders.values()] == [1]


@pytest.mark.req("PAY-2")
def test_one_till_has_one_open_shift_however_many_open_it(desk: Till) -> None:
    found = at_once(lambda n: desk.open(key=f"o{n}"))
    assert [type(one) for one in found].count(Shift) == 1
    assert {one.code for one in found if isinstance(one, ParkingError)} == {"cash.shift_open"}
    assert desk.in_drawer() == 50_000


@pytest.mark.req("PAY-2", "PAY-3")
def test_a_note_that_is_taken_at_eight_screens_is_in_the_drawer_once(desk: Till) -> None:
    desk.open()
    desk.park(hours=2)
    payment = desk.begin(channel="cash")
    assert at_once(lambda _: desk.take(payment)) == [4000] * HANDS
    assert desk.payment(payment).state is PaymentState.PAID
    assert (desk.in_drawer(), desk.captured()) == (51_000, 1)
    assert desk.sums().settled == 1000
    for till, tendered in (("desk-2", 5000), ("desk-1", 1000)):  # somebody is about to pay it a second time
        with pytest.raises(ParkingError, match="take nothing"):
            desk.database.write(partial(shifts.take, till=till, payment=payment, tendered=tendered, by="bo"))


@pytest.mark.req("PAY-2")
def test_a_shift_is_opened_counted_and_closed_against_the_ledger(desk: Till) -> None:
    shift = desk.open()
    desk.park(hours=2)
    desk.take(desk.begin(channel="cash"))
    with pytest.raises(ParkingError, match="say why"):
        desk.close(shift, 50_900)
    closed = desk.close(shift, 50_900, reason="a coin rolled away", take_out=40_000)
    assert closed.difference is not None
    assert (closed.difference.minor, desk.in_drawer()) == (-100, 10_900)
    told = ["cash.shift_opened", "cash.count_differs", "cash.difference", "cash.shift_closed"]
    assert [one[0] for one in desk.said] == told
    moves = desk.database.read(lambda conn: shift_store.moves(conn, closed))
    assert sum(move.amount.minor for move in moves) == desk.in_drawer()
    balances = {name: balance for name, _, balance in desk.database.read(ledger_store.balances)}
    assert (balances["clearing:cash"], balances["cash_over_short"], balances["safe:cash"]) == (0, 100, -10_000)
    assert desk.open(10_900, brought=0, key="o2").opening.minor == 10_900


@pytest.mark.req("PAY-2")
def test_cash_that_another_channel_was_faster_than_is_not_taken(desk: Till) -> None:
    desk.open()
    desk.park(hours=2)
    at_desk = desk.begin(channel="cash")
    by_phone = desk.begin(key="phone")  # the driver pays by phone after all: the desk's order is closed first
    desk.memory.approve(by_phone.number)
    desk.ask()
    with pytest.raises(ParkingError, match="not to be made"):
        desk.take(at_desk)
    assert desk.in_drawer() == 50_000


@pytest.mark.req("PAY-2", "KIOSK-1")
def test_a_cash_machine_that_dies_between_note_and_change_is_square_on_postgresql_too(postgres_url: str) -> None:
    kiosk = Machine(url=postgres_url)
    session = kiosk.begins()
    kiosk.hopper.cut = 1
    kiosk.notes.insert(2000)
    kiosk.turns(3)
    kiosk.restart()
    kiosk.turns(8)
    over = kiosk.now(session)
    assert (over.stored, over.given, over.owed, kiosk.paid()) == (2000, 1000, 0, True)
    kiosk.holds()
    kiosk.database.close()


@pytest.mark.req("PAY-2", "KIOSK-1")
def test_of_two_processes_one_looks_after_a_machine_and_the_other_goes_on_where_it_died(postgres_url: str) -> None:
    kiosk = Machine(url=postgres_url)
    other = CashMachine("kiosk-1", kiosk.notes, {100: kiosk.hopper}, kiosk.database, kiosk.clock)
    session = kiosk.begins()
    kiosk.notes.insert(2000)
    assert not other.step()
    kiosk.turns(2)
    assert not other.step()
    assert kiosk.now(session).stored == 2000
    assert kiosk.hopper.coins == 20
    kiosk.machine.let_go()
    assert other.step()
    assert not kiosk.machine.step()
    for _ in range(3):
        other.step()
    assert (kiosk.hopper.coins, kiosk.now(session).given, kiosk.paid()) == (10, 1000, True)
    kiosk.holds()
    other.let_go()
    kiosk.database.close()


@pytest.mark.req("PAY-2")
def test_a_claim_is_lost_with_its_connection_and_taken_by_the_next(postgres_url: str) -> None:
    database = open_database(postgres_url, clock=ManualClock(START), ids=SeededIds(1), origin="test")
    mine, yours = database.claim("a machine"), database.claim("a machine")
    assert mine.is_ours()
    assert mine.is_ours()
    assert not yours.is_ours()
    assert database.claim("another machine").is_ours()
    cut = sa.text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
    database.write(lambda uow: uow.connection.execute(cut).all())
    eventually(yours.is_ours)
    assert not mine.is_ours()
    yours.let_go()
    assert mine.is_ours()
    mine.let_go()
    database.close()


@pytest.mark.req("PAY-5")
def test_a_refund_is_handed_out_once(desk: Till) -> None:
    shift = desk.open()
    desk.park(hours=2)
    payment = desk.begin(channel="cash")
    desk.take(payment)
    desk.refund(desk.payment(payment), 400)
    desk.ask()
    (refund,) = desk.database.read(lambda conn: refund_store.of_payment(conn, payment.payment_id))

    def hand_out(_: int) -> str:
        def work(uow: UnitOfWork) -> str:
            return shifts.hand_out(uow, "desk-1", refund.id, by="anna", audit=desk.audit).state.value

        return desk.database.write(work)

    found = at_once(hand_out)
    assert found.count("REFUNDED") == 1  # one hand gives, seven are told not to
    assert {one.code for one in found if isinstance(one, ParkingError)} == {"cash.handed_out"}
    assert desk.in_drawer() == 50_600
    moves = desk.database.read(lambda conn: shift_store.moves(conn, shift))
    assert [move.amount.minor for move in moves] == [50_000, 1000, -400]
    assert desk.sums(STAY_ID).holds


@pytest.mark.req("PAY-5")
def test_the_ledger_is_told_by_account_and_day_and_line_by_line(desk: Till) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    desk.open()
    first_day = desk.clock.now()
    desk.park(hours=2)
    desk.take(desk.begin(channel="cash"))
    desk.leave()
    desk.park(days=1)
    desk.paid(OTHER_STAY)
    end = desk.clock.now() + timedelta(days=1)
    midnight = datetime.combine(first_day.astimezone(zone).date() + timedelta(days=1), time(), zone)

    def balances(until: datetime) -> dict[str, int]:
        found = desk.database.read(lambda conn: ledger_store.balances_until(conn, until))
        assert sum(balance for _, _, balance in found) == 0
        return {account: balance for account, _, balance in found}

    kept = {name: balance for name, _, balance in desk.database.read(ledger_store.balances)}
    assert balances(end) == kept
    assert balances(midnight)["drawer:desk-1"] == 51_000
    assert "clearing:wallet" not in balances(midnight)
    days = desk.database.read(lambda conn: ledger_store.days_of(conn, "receivable", first_day, end, zone))
    assert [(debit, credit) for _, _, debit, credit in days] == [(1000, 1000), (0, kept["clearing:wallet"])]
    lines = desk.database.read(lambda conn: ledger_store.journal(conn, first_day, end, 0, 100))
    assert sum(line.amount for line in lines) == 0
    again = desk.database.read(lambda conn: ledger_store.journal(conn, first_day, end, lines[-1].seq, 100))
    assert again == []
    page = desk.database.read(lambda conn: ledger_store.journal(conn, first_day, end, 0, 2))
    assert {line.seq for line in page} == {1, 2}
