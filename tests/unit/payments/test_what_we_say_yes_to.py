"""A yes is a promise: to a company's callback, to a job, about whose order a word is, and about a debt that is disputed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from parking.kernel.errors import ParkingError
from parking.kernel.plate import Plate
from parking.plumbing.db import metadata
from payments.later import agreements, debts
from payments.later import store as later_store
from payments.later.model import Terms
from payments.model import PaymentState
from payments.providers.abilities import Standing
from payments.providers.base import Notice, Outcome
from payments.providers.memory import MemoryProvider
from payments.settling import Settled
from payments.webhooks import Callbacks, record
from tests.builders.faulty_site import DONE, UNDONE, Crash, MortalDatabase, Reaper
from tests.builders.payments import STAY_ID, Desk, Stay


class Telling:
    """A company whose callbacks say what a test wants."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def read_callback(self, headers: Mapping[str, str], body: bytes) -> Notice:  # it is believed
        return Notice("event-1", self._outcome)


@pytest.mark.req("PAY-3")
@pytest.mark.parametrize("point", [Reaper(UNDONE, "Callbacks.take"), Reaper(DONE, "Callbacks.take")], ids=str)
def test_a_callback_that_could_not_be_kept_is_never_answered_with_yes(point: Reaper) -> None:
    desk = Desk()
    mortal = MortalDatabase(Reaper())
    mortal.clock = desk.clock
    mortal.create_tables(metadata)
    desk.database = mortal
    desk.restart()
    desk.park(hours=1)
    payment = desk.begin()
    callbacks = Callbacks(mortal, {"wallet": Telling(desk.memory.approve(payment.number))})
    mortal.reaper = point
    with pytest.raises(Crash):
        asyncio.run(callbacks.take("wallet", {}, b"{}"))
    assert asyncio.run(callbacks.take("wallet", {}, b"{}")) is None, "told again, and taken"
    assert desk.payment(payment).state is PaymentState.PAID
    desk.check()


@pytest.mark.req("PAY-3")
def test_a_job_whose_process_dies_is_done_by_the_next() -> None:
    desk = Desk()
    desk.park(hours=1)
    payment = desk.begin()
    desk.memory.approve(payment.number)
    desk.memory.fail_next("query", "after", Crash)
    with pytest.raises(Crash):
        desk.ask()
    desk.restart()
    desk.ask(minutes=2)
    assert desk.payment(payment).state is PaymentState.PAID


@pytest.mark.req("PAY-3")
def test_one_companys_word_about_anothers_order_moves_no_money() -> None:
    desk = Desk()
    desk.others["card"] = MemoryProvider(desk.clock)
    desk.restart()
    desk.park(hours=1)
    payment = desk.begin()
    notice = Notice("event-1", desk.memory.approve(payment.number))
    assert desk.database.write(lambda uow: record(uow, "card", notice, b"{}")) is Settled.MISMATCH
    assert (desk.captured(), desk.cases()) == (0, ["payment_unknown_number"])


def owing_under_an_agreement(desk: Desk) -> Stay:
    """A car has left on its promise and owes for an hour."""
    plate = Plate("浙A12345")
    stay, later = Stay(plate=plate), desk.cashier.later
    assert isinstance(desk.provider, MemoryProvider)
    desk.provider.standings[plate.text] = Standing.ENROLLED

    def work(uow: Any) -> None:
        agreements.agree(uow, plate, "wallet", "contract-1", Terms(5000, 5000, 5000))
        later.set_aside(uow, STAY_ID, plate)
        row = {"token": "t1", "visit_id": "v1", "stay_id": STAY_ID, "amount": 600, "limit": 5000, "currency": "CNY"}
        row |= {"promised_at": uow.now, "state": "kept"}
        uow.connection.execute(later_store.promise_table.insert().values(row))

    desk.database.write(work)
    desk.park(hours=1)
    desk.leave(stay)
    desk.database.write(lambda uow: later.left(uow, STAY_ID, plate))
    return stay


@pytest.mark.req("PAY-1", "PAY-5")
def test_a_disputed_debt_is_not_collected() -> None:
    desk = Desk(provider=None)
    owing_under_an_agreement(desk)
    desk.database.write(lambda uow: debts.dispute(uow, STAY_ID))
    desk.ask(hours=2)
    assert (desk.memory.orders, desk.sums().debt) == ({}, 600)
    desk.database.write(lambda uow: debts.stand(uow, STAY_ID))
    desk.memory._approve_at_once = True
    desk.ask(minutes=1)
    assert desk.sums().debt == 0
    desk.check()


def test_who_disputes_what_is_paid_is_told_that_it_is_over() -> None:
    desk = Desk(provider=None)
    owing_under_an_agreement(desk)
    desk.memory._approve_at_once = True
    desk.ask(minutes=1)
    desk.database.write(lambda uow: debts.follow(uow, STAY_ID))
    with pytest.raises(ParkingError, match="this debt is paid"):
        desk.database.write(lambda uow: debts.dispute(uow, STAY_ID))
    desk.clock.advance(timedelta(days=1))
    desk.check()
