"""The money path on every database, with many hands at once: the rows themselves refuse what must not be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from parking.kernel.double_entry import transfer
from parking.kernel.errors import ParkingError
from parking.kernel.ids import StayId
from parking.plumbing.db import PostgresDatabase, UnitOfWork
from payments import ledger, ledger_store
from payments.model import Payment, PaymentState
from payments.providers.base import Notice
from payments.settling import Settled
from payments.webhooks import record
from tests.builders.payments import STAY_ID, Desk, Stay

T = TypeVar("T")
HANDS = 8


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    url = f"sqlite:///{tmp_path}/parking.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    built = Desk(url=url)
    built.park(hours=1)
    yield built
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


@pytest.mark.req("PAY-3")
def test_a_payment_lives_its_whole_life_and_the_ledger_verifies(desk: Desk) -> None:
    payment = desk.begin()
    desk.memory.approve(payment.number)
    desk.ask()
    assert desk.payment(payment).state is PaymentState.PAID
    assert desk.leave() == 0
    verdict = desk.database.read(ledger_store.verify)
    assert (verdict.holds, verdict.movements) == (True, 2)
    desk.check()


@pytest.mark.req("PAY-3")
def test_eight_screens_at_once_share_one_payment(desk: Desk) -> None:
    begun = at_once(lambda number: desk.begin(key=f"key-{number}"))
    assert len({p.payment_id for p in begun if isinstance(p, Payment)}) == 1
    assert not [p for p in begun if isinstance(p, ParkingError)]
    assert len(desk.memory.orders) == 1
    assert len(desk.payments()) == 1


@pytest.mark.req("PAY-3")
def test_eight_callbacks_at_once_are_one_capture(desk: Desk) -> None:
    payment = desk.begin()
    outcome = desk.memory.approve(payment.number)

    def deliver(number: int) -> Settled:
        def work(uow: UnitOfWork) -> Settled:
            return record(uow, "wallet", Notice(f"event-{number % 2}", outcome), b"{}")

        return desk.database.write(work)

    assert sorted(str(verdict) for verdict in at_once(deliver)) == ["changed", *["same"] * (HANDS - 1)]
    assert desk.captured() == 1
    desk.check()


@pytest.mark.req("PAY-5")
def test_eight_exits_at_once_book_one_due(desk: Desk) -> None:
    assert at_once(lambda _: desk.leave()) == [600] * HANDS
    assert desk.sums().debt == 600
    desk.check()


@pytest.mark.req("PAY-3")
def test_leaving_and_paying_at_once_never_lose_each_other(desk: Desk) -> None:
    payment = desk.begin()
    outcome = desk.memory.approve(payment.number)

    def either(number: int) -> object:
        if number % 2:
            return desk.leave()
        return desk.database.write(lambda uow: record(uow, "wallet", Notice("event", outcome), b"{}"))

    assert not [answer for answer in at_once(either) if isinstance(answer, ParkingError)]
    sums = desk.sums()
    assert (sums.due, sums.captured, sums.debt, sums.overpaid) == (600, 600, 0, 0)
    desk.check()


@pytest.mark.req("PAY-5")
def test_movements_of_many_hands_stand_in_one_line(desk: Desk) -> None:
    def book(number: int) -> bool:
        movement = transfer(f"m{number}", "CNY", number + 1, debit=ledger.clearing("x"), credit=ledger.REVENUE)
        return desk.database.write(lambda uow: ledger_store.book(uow.connection, movement, stay_id=STAY_ID, at=uow.now))

    assert at_once(book) == [True] * HANDS
    verdict = desk.database.read(ledger_store.verify)
    assert (verdict.holds, verdict.movements) == (True, HANDS)


@pytest.mark.req("PAY-5")
def test_those_who_book_at_once_wait_in_line_and_nobody_has_to_try_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(url=postgres_url)
    desk.park(hours=1)
    payments = [desk.begin(_stay(number), key="k") for number in range(HANDS)]
    outcomes = [desk.memory.approve(payment.number) for payment in payments]
    tries: list[object] = []
    write_once = PostgresDatabase._write_once

    def counted(database: PostgresDatabase, work: Callable[[UnitOfWork], T]) -> T:
        tries.append(work)
        return write_once(database, work)

    monkeypatch.setattr(PostgresDatabase, "_write_once", counted)
    at_once(lambda number: desk.cashier.collector.take_over(payments[number], outcomes[number]))
    at_once(lambda number: desk.leave(_stay(number)))
    assert [desk.sums(_stay(number).stay_id).due for number in range(HANDS)] == [600] * HANDS
    assert len(tries) <= 2 * HANDS + 2, "once each; the database may still see a conflict where there is none"
    desk.check()
    desk.database.close()


def _stay(number: int) -> Stay:
    return Stay(StayId(f"{STAY_ID[:-2]}{number:02d}"))
