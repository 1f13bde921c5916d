"""The ledger: two sides, one line, nothing edited; and for every stay, charged once or owed once (I1, I2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.kernel.clock import ManualClock
from parking.kernel.double_entry import Movement, Posting, transfer
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.ids import SeededIds, StayId
from parking.plumbing.db import Database, metadata, open_database
from parking.plumbing.ledger_book import Verdict
from payments import ledger, ledger_store
from payments.ledger_store import balance_table, head_table, movement_table, posting_table
from tests.builders.payments import START, STAY_ID

pytestmark = pytest.mark.req("PAY-5")


def a_ledger(*references: str) -> Database:
    """A ledger in memory with one movement of ¥6.00 for each reference."""
    database = open_database("sqlite://", clock=ManualClock(START), ids=SeededIds(1), origin="test")
    database.create_tables(metadata)
    for reference in references:
        book(database, capture(reference))
    return database


def capture(reference: str, amount: int = 600) -> Movement:
    return transfer(reference, "CNY", amount, debit=ledger.clearing("wallet"), credit=ledger.receivable(STAY_ID))


def book(database: Database, movement: Movement, stay_id: StayId | None = STAY_ID) -> bool:
    return database.write(lambda uow: ledger_store.book(uow.connection, movement, stay_id=stay_id, at=uow.now))


def verdict(database: Database) -> Verdict:
    return database.read(ledger_store.verify)


def test_an_empty_ledger_holds() -> None:
    assert verdict(a_ledger()).holds


def test_a_movement_is_booked_once_and_the_chain_holds() -> None:
    database = a_ledger("a", "b")
    assert book(database, capture("a")) is False
    found = verdict(database)
    assert found.holds
    assert found.movements == 2


def test_the_same_reference_with_another_amount_is_a_conflict_and_changes_nothing() -> None:
    database = a_ledger("a")
    with pytest.raises(ParkingError) as error:
        book(database, capture("a", 700))
    assert (error.value.kind, error.value.code) == (ErrorKind.CONFLICT, "ledger.reference_taken")
    assert verdict(database).movements == 1


def test_a_movement_that_does_not_sum_to_zero_cannot_be_written_down() -> None:
    with pytest.raises(ValueError, match="sum to zero"):
        Movement("x", "CNY", (Posting("a", 1), Posting("b", -2)))


def test_a_failed_work_leaves_no_trace_in_the_ledger() -> None:
    database = a_ledger("a")

    def fails(uow: Any) -> None:
        ledger_store.book(uow.connection, capture("b"), stay_id=STAY_ID, at=uow.now)
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        database.write(fails)
    assert verdict(database).movements == 1
    book(database, capture("c"))
    assert verdict(database).holds


def test_balances_show_stays_summed_up_and_sum_to_zero() -> None:
    database = a_ledger("a")
    other = StayId("0197f000-0000-7000-8000-000000000009")
    book(database, transfer("b", "CNY", 50, debit=ledger.debt(other), credit=ledger.REVENUE), other)
    book(database, transfer("c", "EUR", 7, debit=ledger.clearing("card"), credit=ledger.receivable(other)), other)
    assert database.read(ledger_store.balances) == [
        ("clearing:card", "EUR", 7),
        ("clearing:wallet", "CNY", 600),
        ("debt", "CNY", 50),
        ("receivable", "CNY", -600),
        ("receivable", "EUR", -7),
        ("revenue:parking", "CNY", -50),
    ]


TAMPERINGS: dict[str, tuple[Callable[[], list[sa.Executable]], int | None]] = {
    "an amount": (
        lambda: [
            posting_table.update()
            .where(posting_table.c.seq == 2)
            .values(amount=sa.case((posting_table.c.amount > 0, 5), else_=-5))
        ],
        2,
    ),
    "an account": (
        lambda: [
            posting_table.update().where(posting_table.c.seq == 2, posting_table.c.position == 0).values(account="x")
        ],
        2,
    ),
    "a reference": (lambda: [movement_table.update().where(movement_table.c.seq == 1).values(reference="z")], 1),
    "a stay": (lambda: [movement_table.update().where(movement_table.c.seq == 3).values(stay_id="z")], 3),
    "a time": (
        lambda: [movement_table.update().where(movement_table.c.seq == 2).values(booked_at=START.replace(year=2020))],
        2,
    ),
    "a link": (lambda: [movement_table.update().where(movement_table.c.seq == 2).values(link="0" * 64)], 2),
    "a movement taken out": (
        lambda: [
            posting_table.delete().where(posting_table.c.seq == 2),
            movement_table.delete().where(movement_table.c.seq == 2),
        ],
        2,
    ),
    "the end cut off": (
        lambda: [
            posting_table.delete().where(posting_table.c.seq == 3),
            movement_table.delete().where(movement_table.c.seq == 3),
        ],
        3,
    ),
    "a posting added": (lambda: [posting_table.insert().values(seq=2, position=2, account="gift", amount=1)], 2),
    "the head": (lambda: [head_table.update().values(seq=9)], 4),
    "a kept balance": (lambda: [balance_table.update().values(balance=balance_table.c.balance + 1)], None),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_whoever_changes_anything_is_found_out(what: str) -> None:
    database = a_ledger("a", "b", "c")
    statements, broken_at = TAMPERINGS[what]

    def tamper(uow: Any) -> None:
        for statement in statements():
            uow.connection.execute(statement)

    database.write(tamper)
    found = verdict(database)
    assert not found.holds
    assert found.first_broken == broken_at
    if what == "a posting added":
        assert found.unbalanced == ("b",)


SETTLEMENTS = st.lists(
    st.tuples(st.sampled_from(("capture", "coupon", "waive", "surplus")), st.integers(1, 3000)), max_size=6
)


@settings(max_examples=60, deadline=None)
@given(SETTLEMENTS, st.integers(0, 5000), SETTLEMENTS)
def test_a_stay_is_charged_once_or_owed_once_whatever_pays_for_it_and_when(
    before: list[tuple[str, int]], total: int, after: list[tuple[str, int]]
) -> None:
    database = a_ledger()
    sources = {"capture": ledger.clearing("wallet"), "coupon": ledger.COUPONS, "waive": ledger.WAIVED}

    def sums() -> ledger.StaySums:
        return database.read(lambda conn: ledger_store.stay_sums(conn, STAY_ID))

    def settle(kind: str, amount: int, reference: str) -> None:
        now = sums()
        movement = ledger.settlement(
            reference,
            "CNY",
            amount,
            source=sources.get(kind, ledger.clearing("wallet")),
            stay_id=STAY_ID,
            owed=None if now.due is None else now.debt,
            surplus=kind == "surplus",
        )
        book(database, movement)
        assert sums().holds

    for number, (kind, amount) in enumerate(before):
        settle(kind, amount, f"b{number}")
    book(database, ledger.due(STAY_ID, "CNY", total, settled=sums().settled))
    assert sums().holds
    for number, (kind, amount) in enumerate(after):
        settle(kind, amount, f"a{number}")
    end = sums()
    given_in_all = sum(amount for _, amount in before + after)
    payable = sum(amount for kind, amount in before + after if kind != "surplus")
    assert end.due == total
    assert end.captured + end.coupon + end.waived == given_in_all
    assert end.debt == max(0, total - payable)
    assert verdict(database).holds


def test_a_settlement_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        ledger.settlement("x", "CNY", 0, source=ledger.WAIVED, stay_id=STAY_ID, owed=None)
