"""Clients that use the product's coupons and ledger on one PostgreSQL at the same time, and write down what each transaction saw and did.

Nothing is read for the record that the product does not read itself: its own functions are listened to. A record is written before the
commit and confirmed after it, so that of a client that was killed in between the database alone knows; `judged` asks it.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from parking.kernel.clock import SystemClock
from parking.kernel.double_entry import Movement
from parking.kernel.errors import ParkingError
from parking.kernel.ids import PaymentId, RandomIds, StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.kernel.standing import Effect, OffKind
from parking.plumbing.db import PostgresDatabase, UnitOfWork, metadata
from parking.plumbing.ledger_book import Book
from payments import ledger_store, refunding, store
from payments.cashier import Cashier, CashierSettings
from payments.coupons import issuing
from payments.coupons import store as coupon_store
from payments.coupons.model import Use, UseState
from payments.coupons.tables import use_table
from payments.model import Payment, PaymentState
from payments.providers.abilities import RefundOutcome, RefundState
from payments.providers.base import Notice, Order, OrderState, Outcome
from payments.tariff_book import TariffBook
from payments.webhooks import record
from tests.builders.coupons import a_campaign
from tests.builders.payments import Stay, a_tariff
from tests.builders.plumbing import PLATES_KEY

T = TypeVar("T")
WINDOW, PLATES = 24, 12
"""So many stays are fought for at a time, by so few plates that two stays want the same coupon."""
_BASE = struct.Struct("=q")
STEPS = {UseState.RESERVED: 1, UseState.REDEEMED: 2, UseState.RELEASED: 2, UseState.RETURNED: 3}


@dataclass
class Note:
    """One transaction: the ledger's number that it read, the movements that it added, the steps of coupons that it took."""

    name: str
    began: float
    head: int | None = None
    booked: list[tuple[int, str]] = field(default_factory=list)
    steps: list[tuple[str, str, str]] = field(default_factory=list)  # coupon, use, state
    sums: list[tuple[str, int, dict[str, int]]] = field(default_factory=list)  # stay, at which number, what was seen
    coupons: list[tuple[str, int]] = field(default_factory=list)  # coupon, version

    def plain(self, word: str) -> dict[str, Any]:
        return {"is": word, "at": time.monotonic(), **{name: getattr(self, name) for name in self.__dataclass_fields__}}


class RecordingDatabase(PostgresDatabase):
    """Every transaction leaves a note."""

    def __init__(self, url: str, file: Path, client: str) -> None:
        super().__init__(url, clock=SystemClock(), ids=RandomIds(), origin=client)
        self.pseudonyms.open([PLATES_KEY])
        self.note: Note | None = None
        self.write_into(file, client)

    def write_into(self, file: Path, client: str) -> None:
        """From now on these are the notes of this client."""
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._client, self._count = client, 0

    def hang_up(self) -> None:
        """No connection is left open that a child would inherit; what was compiled is kept."""
        self._engine.dispose()

    def _write_once(self, work: Callable[[UnitOfWork], T]) -> T:
        self._count += 1
        note = self.note = Note(f"{self._client}.{self._count}", time.monotonic())

        def and_tell(uow: UnitOfWork) -> T:
            result = work(uow)
            self.tell(note, "try")
            return result

        try:
            result = super()._write_once(and_tell)
        except ParkingError:
            self.tell(note, "refused")
            raise
        except BaseException:
            self.tell(note, "no")
            raise
        finally:
            self.note = None
        self.tell(note, "yes")
        return result

    def look(self, query: Callable[[sa.Connection, Note], object]) -> None:
        """A snapshot of several things at once."""
        self._count += 1
        note = Note(f"{self._client}.{self._count}", time.monotonic())
        self.read(lambda conn: query(conn, note))
        self.tell(note, "yes")

    def tell(self, note: Note, word: str) -> None:
        os.write(
            self._file, (json.dumps(note.plain(word), separators=(",", ":")) + "\n").encode()
        )  # outlives this process


def listen(database: RecordingDatabase) -> None:
    """From now on what the product reads and changes in this process goes into the note of its transaction."""
    take_head, book, booked_about = Book.take_head, Book.book, Book.booked_about
    insert_use, end_use = coupon_store.insert_use, coupon_store.end_use

    def heard_head(self: Book, conn: sa.Connection) -> tuple[int, str]:
        found = take_head(self, conn)
        if database.note is not None and self is ledger_store.BOOK and database.note.head is None:
            database.note.head = found[0]
        return found

    def heard_book(self: Book, conn: sa.Connection, movement: Movement, *, subject: str | None, at: datetime) -> bool:
        is_new = book(self, conn, movement, subject=subject, at=at)
        note = database.note
        if note is not None and is_new and self is ledger_store.BOOK:
            assert note.head is not None
            note.booked.append((note.head + len(note.booked) + 1, movement.reference))
        return is_new

    def heard_sums(self: Book, conn: sa.Connection, subject: str) -> tuple[set[str], dict[str, int]]:
        found = booked_about(self, conn, subject)
        note = database.note
        if note is not None and note.head is not None and self is ledger_store.BOOK:
            note.sums.append((subject, note.head + len(note.booked), dict(found[1])))
        return found

    def heard_insert(conn: sa.Connection, new: Use) -> bool:
        done = insert_use(conn, new)
        if done and database.note is not None and new.coupon_id is not None:
            database.note.steps.append((new.coupon_id, new.use_id, UseState.RESERVED.value))
        return done

    def heard_end(
        conn: sa.Connection, use_id: str, only_from: UseState, to: UseState, at: datetime, **values: Any
    ) -> bool:
        done = end_use(conn, use_id, only_from, to, at, **values)
        if done and database.note is not None:
            coupon = conn.execute(sa.select(use_table.c.coupon_id).where(use_table.c.id == use_id)).scalar_one()
            if coupon is not None:
                database.note.steps.append((coupon, use_id, to.value))
        return done

    Book.take_head, Book.book, Book.booked_about = heard_head, heard_book, heard_sums  # type: ignore[method-assign]
    coupon_store.insert_use, coupon_store.end_use = heard_insert, heard_end


class Willing:
    """A company that takes every order and knows nothing afterwards; what becomes of an order is `fate`."""

    def create(self, order: Order) -> Outcome:
        return Outcome(order.number, OrderState.WAITING, pay_url=f"memory://{order.number}")

    def query(self, number: str) -> Outcome:
        return Outcome(number, OrderState.WAITING)

    def close(self, order: Order) -> Outcome:
        return fate(order.number, order.amount)


def fate(number: str, amount: Money) -> Outcome:
    """One order in four is never paid, whoever asks; the others are."""
    if sum(number.encode()) % 4 == 0:
        return Outcome(number, OrderState.CLOSED)
    return Outcome(number, OrderState.PAID, amount=amount, paid_at=datetime.now(UTC), transaction=f"t-{number}")


def prepare(url: str) -> None:
    """An empty mall with one campaign."""
    database = PostgresDatabase(url, clock=SystemClock(), ids=RandomIds(), origin="prepare")
    try:
        database.create_tables(metadata)
        database.write(TariffBook(a_tariff()).keep)
        campaign = a_campaign(
            effect=Effect(OffKind.AMOUNT, minor=300),
            valid_from=datetime.now(UTC) - timedelta(days=1),
            valid_until=datetime.now(UTC) + timedelta(days=9),
        )
        database.write(lambda uow: coupon_store.save_campaign(uow.connection, campaign))
        database.write(lambda uow: ledger_store.take_head(uow.connection))
    finally:
        database.close()


class Client:
    """One hand among many; whatever it is in the middle of when it is killed, others go on with."""

    def __init__(self, url: str, file: Path, name: str, shared: mmap.mmap) -> None:
        self._database = RecordingDatabase(url, file, name)
        listen(self._database)
        book = TariffBook(a_tariff())
        self._cashier = Cashier(
            self._database, book, {"pay": Willing()}, SystemClock(), CashierSettings("http://mall.test")
        )
        self._tariff = book.current(datetime.now(UTC)).version
        self._dice, self._shared, self._name = random.Random(name), shared, name
        self._began = datetime.fromtimestamp(_BASE.unpack_from(shared, 8)[0], UTC)

    def become(self, file: Path, name: str) -> None:
        """The child that was forked from the warm one."""
        self._database.write_into(file, name)
        self._dice, self._name = random.Random(name), name

    def warm_up(self) -> None:
        """Do everything once, so that nothing has to be compiled by a client that is soon to be killed."""
        for do in (self._give, self._begin, self._look, self._settle, self._refund, self._leave):
            with suppress(ParkingError):
                do()
        self._database.hang_up()

    def live(self) -> None:
        ways: Sequence[tuple[int, Callable[[], None]]] = (
            (40, self._look), (18, self._begin), (18, self._settle), (9, self._give), (11, self._leave), (4, self._refund),
        )  # fmt: skip
        while True:
            (do,) = self._dice.choices([way for _, way in ways], [weight for weight, _ in ways])
            with suppress(ParkingError):  # busy, gone, nothing due: it has been told
                do()

    def _stay(self) -> Stay:
        """One of those that are fought for now."""
        number = _BASE.unpack_from(self._shared)[0] + self._dice.randrange(WINDOW)
        stay_id = StayId(f"0197f000-0000-7000-8000-{number:012d}")
        return Stay(stay_id, self._began - timedelta(minutes=90), self._tariff, plate=self._plate(number))

    def _plate(self, number: int) -> Plate:
        return Plate(f"浙A{number % PLATES:05d}")

    def _payments(self, stay: Stay) -> Sequence[Payment]:
        return self._database.read(lambda conn: store.of_stay(conn, stay.stay_id))

    def _begin(self) -> None:
        stay = self._stay()
        self._cashier.begin_payment(stay, datetime.now(UTC), "pay", f"k{self._dice.randrange(3)}")

    def _settle(self) -> None:
        """The company's word, by a callback or by asking; the same one again and again."""
        for payment in self._payments(self._stay()):
            if payment.is_live or self._dice.random() < 0.2:
                outcome = fate(payment.number, payment.amount)
                if self._dice.random() < 0.5:
                    self._cashier.collector.take_over(payment, outcome)
                else:
                    notice = Notice(f"{payment.number}-{outcome.state}", outcome)
                    self._database.write(lambda uow, notice=notice: record(uow, "pay", notice, b"{}"))  # type: ignore[misc] # bound now
                return

    def _give(self) -> None:
        number = self._dice.randrange(PLATES)
        origin = f"{self._name}-{self._dice.getrandbits(48)}"
        self._database.write(lambda uow: issuing.issue(uow, "hour", origin, plate=self._plate(number)))

    def _leave(self) -> None:
        """The oldest stay is over; the window moves on before it is booked, so that those who wait in line end stays of their own."""
        base = _BASE.unpack_from(self._shared)[0]
        _BASE.pack_into(self._shared, 0, base + 1)
        stay_id = StayId(f"0197f000-0000-7000-8000-{base:012d}")
        stay = Stay(stay_id, self._began - timedelta(minutes=90), self._tariff, plate=self._plate(base))
        self._database.write(lambda uow: self._cashier.post_due(uow, stay, uow.now))

    def _refund(self) -> None:
        for payment in self._payments(self._stay()):
            if payment.state is PaymentState.PAID and payment.amount.minor:
                self._give_back(payment.payment_id, payment.amount)
                return

    def _give_back(self, payment_id: PaymentId, amount: Money) -> None:
        refund = self._database.write(
            lambda uow: refunding.begin(uow, payment_id, amount, reason="lift", actor="anna", key=f"r-{payment_id}")
        )
        done = RefundOutcome(refund.number, "x", RefundState.DONE, refund.amount, "b")
        self._database.write(lambda uow: refunding.take_over(uow, done))

    def _look(self) -> None:
        """Several stays and coupons in one snapshot."""
        stays = [self._stay().stay_id for _ in range(2)]
        plate = self._plate(self._dice.randrange(PLATES))

        def query(conn: sa.Connection, note: Note) -> None:
            head = ledger_store.head_table
            note.head = int(conn.execute(sa.select(head.c.seq)).scalar_one())
            for stay_id in stays:
                note.sums.append((stay_id, note.head, ledger_store.BOOK.booked_about(conn, stay_id)[1]))
            wallet = coupon_store.wallet(conn, stay_id="", plate=plate, member_id=None, at=self._began, limit=5)
            for coupon in wallet:
                note.coupons.append((coupon.coupon_id, version_of(conn, coupon.coupon_id)))
            if sum(balance for _, _, balance in ledger_store.balances(conn)):
                raise AssertionError("the ledger was not zero")

        self._database.look(query)


def version_of(conn: sa.Connection, coupon_id: str) -> int:
    """How many steps a coupon has taken."""
    states = conn.execute(sa.select(use_table.c.state).where(use_table.c.coupon_id == coupon_id)).scalars()
    return sum(STEPS[UseState(state)] for state in states)
