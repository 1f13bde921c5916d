"""What a person decides about money reaches the debt: given up it reminds nobody and keeps nobody out, confirmed it can be paid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parking.access import store as access_store
from parking.access.rows import ListedAs
from parking.journeys import owing, paying_at_desk
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from payments import ledger_store
from payments.later.model import DebtState
from tests.builders.application import Server, a_server
from tests.builders.journeys import PLATE
from tests.integration.test_desk_decisions import booked, decide, leaves, leaves_after_forty_days, one, undo


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A fresh server; whatever was decided there, its books hold in the end."""
    with a_server(tmp_path) as running:
        yield running
        assert running.application.database.read(ledger_store.verify).holds


def leaves_unpaid(server: Server) -> StayId:
    """A visit of an hour, ¥6, of whom nobody has taken money."""
    stay_id = server.enter(PLATE)
    server.drop_session("attendant")
    server.park(hours=1)
    leaves(server, PLATE)
    return StayId(stay_id)


def debt(server: Server, stay_id: str) -> tuple[DebtState, Money] | None:
    cashier = server.application.cashier
    found = server.application.database.read(lambda conn: cashier.later.debt(conn, StayId(stay_id)))
    return None if found is None else (DebtState(found[0].state), found[1])


def asked(server: Server) -> list[str]:
    server.drop_session("manager")
    return [case["reason"] for case in server.ask("GET", "/desk/cases", "manager").json()["items"]]


def manager_waives(server: Server, reason: str) -> dict[str, Any]:
    case = one(server, reason)
    server.ask("POST", f"/desk/cases/{case['id']}/give-back", "attendant")
    taken = server.ask("POST", f"/desk/cases/{case['id']}/take", "manager").json()
    return decide(server, taken, "manager", choice="waive", reason="goodwill")


def is_kept_out(server: Server) -> bool:
    entry = server.application.database.read(lambda conn: access_store.listed(conn, Plate(PLATE)))
    return entry is not None and entry.listed_as is ListedAs.BLOCK


def months_pass(server: Server) -> None:
    for _ in range(4):
        server.park(days=20)
        owing.age(server.application.database, server.application.cashier)
        server.settle_down()


@pytest.mark.req("PAY-1", "ID-1")
def test_what_a_person_gives_up_is_owed_no_more_and_keeps_nobody_out(server: Server) -> None:
    stay_id = leaves_unpaid(server)
    manager_waives(server, "left_without_paying")
    assert debt(server, stay_id) == (DebtState.PAID, Money(0, "CNY"))
    months_pass(server)
    assert not is_kept_out(server)


@pytest.mark.req("PAY-1", "ID-1")
def test_a_plate_that_its_debt_kept_out_is_let_in_when_a_person_gives_the_debt_up(server: Server) -> None:
    leaves_unpaid(server)
    months_pass(server)
    assert is_kept_out(server)
    server.drop_session("attendant")
    server.drop_session("manager")
    manager_waives(server, "left_without_paying")
    assert not is_kept_out(server)


@pytest.mark.req("PAY-1", "ID-1")
def test_who_takes_back_that_a_debt_was_given_up_has_it_owed_again(server: Server) -> None:
    stay_id = leaves_unpaid(server)
    undo(server, manager_waives(server, "left_without_paying"))
    assert debt(server, stay_id) == (DebtState.OPEN, Money(600, "CNY"))
    assert asked(server) == ["left_without_paying"]


@pytest.mark.req("PAY-1", "ID-1")
def test_a_held_bill_that_is_true_is_a_debt_that_its_driver_can_pay_and_the_question_goes_with_it(
    server: Server,
) -> None:
    stay_id = StayId(leaves_after_forty_days(server))
    decide(server, one(server, "charge_over_bound"), choice="confirm", reason="checked_on_video")
    owed = booked(server, stay_id).debt
    assert debt(server, stay_id) == (DebtState.OPEN, Money(owed, "CNY"))
    assert asked(server) == ["left_without_paying"]
    a = server.application
    payment = paying_at_desk.begin(a.database, a.cashier, stay_id, server.clock.now(), "wallet", "at the till")
    known = a.database.read(lambda conn: a.cashier.payment(conn, payment.payment_id))
    assert known is not None
    a.cashier.collector.take_over(known, server.wallet.approve(known.number))
    server.settle_down()
    assert debt(server, stay_id) == (DebtState.PAID, Money(0, "CNY"))
    assert asked(server) == []


@pytest.mark.req("PAY-1", "PAY-5")
def test_a_confirmed_debt_beyond_what_is_collected_unseen_can_be_paid(tmp_path: Path) -> None:
    with a_server(tmp_path, hold_above_minor=10_000) as server:
        stay_id = StayId(leaves_after_forty_days(server))
        decide(server, one(server, "charge_over_bound"), choice="confirm", reason="checked_on_video")
        a = server.application
        begun = paying_at_desk.begin(a.database, a.cashier, stay_id, server.clock.now(), "wallet", "at the till")
        assert begun.amount == Money(booked(server, stay_id).debt, "CNY")
        assert asked(server) == ["left_without_paying"]


@pytest.mark.req("PAY-1", "ID-1")
def test_a_bill_that_is_taken_back_leaves_no_debt_and_no_question_about_it(server: Server) -> None:
    stay_id = leaves_after_forty_days(server)
    made = decide(server, one(server, "charge_over_bound"), choice="confirm", reason="checked_on_video")
    undo(server, made)
    assert debt(server, stay_id) == (DebtState.PAID, Money(0, "CNY"))
    assert asked(server) == ["charge_over_bound"]


@pytest.mark.req("PAY-1", "ID-1")
def test_a_dispute_about_what_has_been_given_up_asks_nobody_any_more(server: Server) -> None:
    stay_id = leaves_unpaid(server)
    a = server.application
    a.database.write(lambda uow: owing.dispute(uow, a.cashier, stay_id))
    manager_waives(server, "left_without_paying")
    assert asked(server) == []
