"""The ledger for the mall's bookkeeping over HTTP: any day, any account, every line; and debts told to whoever has agreed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parking.journeys import owing
from tests.builders.application import Server, a_server, problem_of
from tests.builders.journeys import OTHER_PLATE, TARIFF
from tests.builders.loyalty import Mall, a_mall
from tests.integration.test_server_cash import open_shift, parked, pay
from tests.integration.test_server_debts import leave_owing


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path, cash=True) as running:
        yield running


@pytest.mark.req("PAY-5", "FEE-1")
@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_at_the_end_of_all_years_is_refused_by_name_wherever_a_day_is_asked_for(server: Server, day: str) -> None:
    span = f"since={day}&until={day}"
    for path in (
        f"/ledger/days/{day}/balances",
        f"/ledger/account?account=waived&{span}",
        f"/ledger/journal.csv?{span}",
        f"/figures/revenue?{span}",
    ):
        problem_of(server.ask("GET", path, "auditor"), 422)
    source = TARIFF.read_text()
    problem_of(server.ask("POST", "/tariffs/compare", "manager", json={"source": source, "day": day}), 422)
    ends = {"version": "a" * 12, "last_day": day, "note": "no more"}
    problem_of(server.ask("POST", "/tariffs/ends", "manager", json=ends, headers={"Idempotency-Key": "e"}), 422)
    months = "since=9999-12-01T00:00:00Z&until=9999-12-31T00:00:00Z"
    assert server.ask("GET", f"/coupons/merchants/cafe/statement?{months}", "manager").status_code == 200


@pytest.mark.req("PAY-5")
def test_the_books_of_a_day_are_told_by_account_and_as_a_journal(server: Server) -> None:
    open_shift(server)
    pay(server, parked(server))
    server.park(days=1)
    pay(server, parked(server, OTHER_PLATE), key="p2")
    span = "since=2026-03-07&until=2026-03-08"
    first: dict[str, int] = {
        one["account"]: one["balance"]
        for one in server.ask("GET", "/ledger/days/2026-03-07/balances", "auditor").json()
    }
    assert (first["drawer:desk-1"], sum(first.values())) == (21_000, 0)
    days: list[dict[str, Any]] = server.ask("GET", f"/ledger/account?account=drawer:desk-1&{span}", "auditor").json()
    assert [(d["day"], d["debit"], d["credit"], d["balance"]) for d in days] == [
        ("2026-03-07", 21_000, 0, 21_000),
        ("2026-03-08", 1000, 0, 22_000),
    ]
    told = server.ask("GET", f"/ledger/journal.csv?{span}", "auditor")
    lines = list(csv.DictReader(io.StringIO(told.text)))
    assert sum(int(line["debit"] or 0) for line in lines) == sum(int(line["credit"] or 0) for line in lines) > 0
    assert {line["account"] for line in lines} >= {"clearing:cash", "drawer:desk-1", "safe:cash"}
    wrong = server.ask("GET", "/ledger/journal.csv?since=2026-03-08&until=2026-03-07", "auditor")
    assert problem_of(wrong, 422)["errors"][0]["field"] == "until"
    problem_of(server.ask("GET", f"/ledger/journal.csv?{span}", "attendant"), 403)


@pytest.fixture
def mall(tmp_path: Path) -> Iterator[Mall]:
    with a_mall(tmp_path) as running:
        yield running


@pytest.mark.req("PAY-1", "PRIV-1")
def test_a_member_who_has_agreed_reads_a_reminder_of_his_debt_and_nobody_else_is_told(mall: Mall) -> None:
    server = mall.server
    member = mall.join()
    member.own()
    debt = leave_owing(server)
    stranger = leave_owing(server, OTHER_PLATE)
    server.park(days=4)
    owing.age(server.application.database, server.application.cashier)
    server.settle_down()
    notices = member.ask("GET", "/me/notices").json()
    assert [(n["kind"], n["about"]) for n in notices if n["kind"] == "debt"] == [("debt", debt)]
    assert stranger not in str(notices)
