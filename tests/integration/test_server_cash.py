"""The cash desk: no cash without an open shift, every note against the ledger, every difference with a name and a reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parking.security import store as security_store
from payments import ledger_store, store
from payments.providers.base import ProviderRefused
from tests.builders.application import Server, a_server, problem_of
from tests.builders.finding import kiosk_code
from tests.builders.journeys import OTHER_PLATE, PLATE
from tests.builders.plumbing import eventually

pytestmark = pytest.mark.req("PAY-2")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path, cash=True) as running:
        yield running


def yuan(minor: int) -> dict[str, Any]:
    return {"amount": minor, "currency": "CNY"}


def post(server: Server, path: str, body: dict[str, Any], key: str, who: str = "cashier") -> Any:
    return server.ask("POST", path, who, json=body, headers={"Idempotency-Key": key})


def counted(minor: int) -> list[dict[str, int]]:
    return [{"value": 100, "pieces": minor // 100}]


def open_shift(server: Server, *, till: str = "desk-1", brought: int = 20_000, key: str = "o1") -> str:
    body = {"till": till, "counts": counted(brought), "brought": brought}
    opened = post(server, "/cash/shifts", body, key)
    assert opened.status_code == 201, opened.text
    return str(opened.json()["shift_id"])


def parked(server: Server, plate: str = PLATE) -> str:
    stay = server.enter(plate)
    server.park(hours=2)
    return stay


def pay(
    server: Server, stay: str, *, due: int = 1000, tendered: int = 5000, key: str = "p1", till: str = "desk-1"
) -> Any:
    body = {"till": till, "stay_id": stay, "due": yuan(due), "tendered": tendered}
    return post(server, "/cash/payments", body, key)


def actions(server: Server) -> list[tuple[str, str, str]]:
    entries = server.application.database.read(lambda conn: list(security_store.audit_entries(conn)))
    return [(e.action, e.actor, e.reason) for e in entries if e.action.startswith("cash.")]


def report(server: Server, shift: str) -> dict[str, Any]:
    return dict(server.ask("GET", f"/cash/shifts/{shift}", "auditor").json())


def test_no_cash_is_taken_without_an_open_shift(server: Server) -> None:
    stay = parked(server)
    assert problem_of(pay(server, stay), 409)["code"] == "cash.no_open_shift"
    open_shift(server, till="desk-2")
    assert problem_of(pay(server, stay), 409)["code"] == "cash.no_open_shift"
    open_shift(server, key="o2")
    assert pay(server, stay).status_code == 201


def test_a_driver_pays_cash_gets_change_and_may_leave(server: Server) -> None:
    stay = parked(server)
    shift = open_shift(server)
    taken = pay(server, stay).json()
    assert (taken["amount"]["amount"], taken["change"]["amount"]) == (1000, 4000)
    assert pay(server, stay).json() == taken
    server.settle_down()
    assert server.ask("GET", "/my/stay", "driver", stay=stay).json()["state"] == "settled"
    told = report(server, shift)
    assert (told["in_drawer"]["amount"], told["sums"]["sale"]["amount"], told["adds_up"]) == (21_000, 1000, True)
    assert told["shift"]["expected"] is None


def test_the_amount_the_payer_was_told_is_the_amount_that_is_taken(server: Server) -> None:
    stay = parked(server)
    open_shift(server)
    assert problem_of(pay(server, stay, due=600), 409)["code"] == "cash.amount_changed"
    assert problem_of(pay(server, stay, tendered=900, key="p2"), 422)["code"] == "cash.tendered"
    assert problem_of(pay(server, stay, due=700, key="p2"), 409)["code"] == "idempotency.reused"
    assert pay(server, stay, key="p3").status_code == 201
    assert problem_of(pay(server, stay, key="p4"), 409)["code"] == "stay.nothing_due"


def test_a_count_that_fits_closes_the_shift_and_the_next_one_begins_with_what_is_left(server: Server) -> None:
    stay = parked(server)
    shift = open_shift(server)
    pay(server, stay)
    body = {"counts": counted(21_000), "take_out": 16_000}
    closed = post(server, f"/cash/shifts/{shift}/close", body, "c1").json()
    assert (closed["difference"]["amount"], closed["state"]) == (0, "closed")
    assert post(server, f"/cash/shifts/{shift}/close", body, "c1").json() == closed
    again = post(server, f"/cash/shifts/{shift}/close", {"counts": counted(100)}, "c2")
    assert problem_of(again, 409)["code"] == "cash.shift_closed"
    assert problem_of(pay(server, parked(server, OTHER_PLATE), key="p2"), 409)["code"] == "cash.no_open_shift"
    following = post(server, "/cash/shifts", {"till": "desk-1", "counts": counted(5000)}, "o2")
    assert following.status_code == 201, following.text
    assert [action for action, _, _ in actions(server)].count("cash.difference") == 0


def test_each_difference_needs_a_reason_and_is_on_record_with_its_name(server: Server) -> None:
    shift = open_shift(server)
    path = f"/cash/shifts/{shift}/close"
    assert problem_of(post(server, path, {"counts": counted(19_900)}, "c1"), 422)["code"] == "cash.reason"
    assert report(server, shift)["shift"]["state"] == "open"
    closed = post(server, path, {"counts": counted(19_900), "reason": "a note was torn"}, "c2").json()
    assert (closed["difference"]["amount"], closed["expected"]["amount"]) == (-100, 20_000)
    (difference,) = [entry for entry in actions(server) if entry[0] == "cash.difference"]
    assert difference[2] == "-1.00 CNY: a note was torn"
    account = server.application.database.read(lambda conn: security_store.credentials(conn, "cashier"))
    assert account is not None
    assert (difference[1], closed["closed_by"]) == (account[0].id, "Cashier")
    balances = {b["account"]: b["balance"] for b in server.ask("GET", "/ledger/balances", "auditor").json()}
    assert (balances["drawer:desk-1"], balances["cash_over_short"]) == (19_900, 100)
    found_later = {"till": "desk-1", "counts": counted(20_000)}
    assert problem_of(post(server, "/cash/shifts", found_later, "o2"), 422)["code"] == "cash.reason"
    reopened = post(server, "/cash/shifts", {**found_later, "reason": "it was under the drawer"}, "o3")
    assert reopened.status_code == 201, reopened.text
    assert server.application.database.read(ledger_store.verify).holds


def test_who_has_a_shift_open_is_not_told_what_is_to_be_found_in_its_drawer(server: Server) -> None:
    """Nor a colleague, who could tell; nor may anybody work it out from the accounts, which sum to zero."""
    shift = open_shift(server)
    pay(server, parked(server))
    post(server, f"/cash/shifts/{shift}/counts", {"counts": counted(21_000)}, "n1")

    def told(who: str) -> dict[str, Any]:
        return dict(server.ask("GET", f"/cash/shifts/{shift}", who).json())

    own, others = told("cashier"), told("manager")
    assert (own["blind"], own["in_drawer"], own["sums"], own["counts"][-1]["expected"]) == (True, None, {}, None)
    assert [move["kind"] for move in own["moves"]] == ["brought"]
    assert (others["blind"], others["in_drawer"]["amount"], others["counts"][-1]["expected"]["amount"]) == (
        False,
        21_000,
        21_000,
    )
    post(server, f"/cash/shifts/{shift}/close", {"counts": counted(21_000)}, "c1")
    assert told("cashier")["in_drawer"]["amount"] == 21_000


def test_the_ledger_is_closed_to_a_cashier_and_to_whoever_has_a_drawer_to_count(server: Server) -> None:
    span = "since=2026-03-07&until=2026-03-07"
    books = [
        "/ledger/balances",
        "/ledger/days/2026-03-07/balances",
        f"/ledger/account?account=drawer:desk-1&{span}",
        f"/ledger/account?account=safe:cash&{span}",
        f"/ledger/journal.csv?{span}",
    ]
    body = {"till": "desk-1", "counts": counted(20_000), "brought": 20_000}
    shift = post(server, "/cash/shifts", body, "o1", "manager").json()["shift_id"]
    for path in books:
        problem_of(server.ask("GET", path, "cashier"), 403)
        assert problem_of(server.ask("GET", path, "manager"), 409)["code"] == "ledger.shift_open"
        assert server.ask("GET", path, "auditor").status_code == 200
    assert server.ask("GET", f"/cash/shifts/{shift}", "cashier").json()["blind"]
    post(server, f"/cash/shifts/{shift}/close", {"counts": counted(20_000)}, "c1", "manager")
    assert {server.ask("GET", path, "manager").status_code for path in books} == {200}


def test_nobody_finds_out_by_guessing_unseen_what_the_books_say(server: Server) -> None:
    shift = open_shift(server)
    for key, guess in (("c1", 19_500), ("c2", 19_000)):
        refused = post(server, f"/cash/shifts/{shift}/close", {"counts": counted(guess)}, key)
        assert problem_of(refused, 422)["code"] == "cash.reason"
    out = {"amount": yuan(-20_100), "reason": "to the safe"}
    assert problem_of(post(server, f"/cash/shifts/{shift}/moves", out, "m1"), 409)["code"] == "cash.not_there"
    assert post(server, f"/cash/shifts/{shift}/close", {"counts": counted(20_000)}, "c3").status_code == 200
    kept = [count["total"]["amount"] for count in report(server, shift)["counts"]]
    assert sorted(kept) == [19_000, 19_500, 20_000, 20_000]
    tries = {
        (action, said) for action, _, said in actions(server) if action in ("cash.count_differs", "cash.not_there")
    }
    assert tries == {
        ("cash.count_differs", "counted 195.00 CNY"),
        ("cash.count_differs", "counted 190.00 CNY"),
        ("cash.not_there", "wanted 201.00 CNY"),
    }
    assert server.application.database.read(ledger_store.verify).holds


def test_money_goes_between_drawer_and_safe_with_a_reason(server: Server) -> None:
    shift = open_shift(server)
    out = {"amount": yuan(-15_000), "reason": "to the safe at noon"}
    moved = post(server, f"/cash/shifts/{shift}/moves", out, "m1")
    assert post(server, f"/cash/shifts/{shift}/moves", out, "m1").json() == moved.json()
    more = {"amount": yuan(-6000), "reason": "to the safe at noon"}
    assert problem_of(post(server, f"/cash/shifts/{shift}/moves", more, "m2"), 409)["code"] == "cash.not_there"
    assert report(server, shift)["in_drawer"]["amount"] == 5000
    assert post(server, f"/cash/shifts/{shift}/counts", {"counts": counted(5000)}, "n1").json() == {"total": yuan(5000)}


@pytest.mark.req("PAY-5")
def test_a_refund_of_cash_is_handed_out_at_a_desk_with_an_open_shift(server: Server) -> None:
    stay = parked(server)
    shift = open_shift(server)
    taken = pay(server, stay).json()
    body = {"amount": yuan(400), "reason": "wrong class"}
    refund = post(server, f"/payments/{taken['payment_id']}/refunds", body, "r1", "manager").json()
    path = f"/cash/refunds/{refund['refund_id']}/hand-out"
    eventually(lambda: _wake(server) and post(server, path, {"till": "desk-1"}, "h1").status_code == 200)
    assert post(server, path, {"till": "desk-1"}, "h1").json()["state"] == "REFUNDED"
    assert problem_of(post(server, path, {"till": "desk-1"}, "h2"), 409)["code"] == "cash.handed_out"
    told = report(server, shift)
    assert (told["in_drawer"]["amount"], told["sums"]["refund"]["amount"], told["adds_up"]) == (20_600, -400, True)
    balances = {b["account"]: b["balance"] for b in server.ask("GET", "/ledger/balances", "auditor").json()}
    assert balances["clearing:cash"] == 0


@pytest.mark.req("PAY-5", "INV-1")
def test_a_refund_in_cash_that_nobody_fetches_is_withdrawn_and_nobody_has_to_look_at_it(server: Server) -> None:
    stay = parked(server)
    shift = open_shift(server)
    taken = pay(server, stay).json()
    refunds = f"/payments/{taken['payment_id']}/refunds"
    refund = post(server, refunds, {"amount": yuan(400), "reason": "wrong class"}, "r1", "manager").json()
    path = f"/cash/refunds/{refund['refund_id']}"
    problem_of(post(server, f"{path}/withdraw", {"reason": "  "}, "w0"), 422)
    how = {"reason": "nobody came"}
    eventually(lambda: _wake(server) and post(server, f"{path}/withdraw", how, "w1").status_code == 200)
    withdrawn = post(server, f"{path}/withdraw", how, "w1").json()
    assert (withdrawn["state"], withdrawn["failure"]) == ("FAILED", "WITHDRAWN")
    assert problem_of(post(server, f"{path}/withdraw", how, "w2"), 409)["code"] == "refund.over"
    assert problem_of(post(server, f"{path}/hand-out", {"till": "desk-1"}, "h1"), 409)["code"] == "refund.over"
    assert _wake(server)
    server.application.jobs.run_due()
    assert server.application.database.read(lambda conn: conn.execute(store.flag_table.select()).all()) == []
    told = report(server, shift)
    assert (told["in_drawer"]["amount"], told["adds_up"]) == (21_000, True)
    assert server.application.database.read(ledger_store.verify).holds
    again = post(server, refunds, {"amount": yuan(1000), "reason": "wrong class"}, "r2", "manager")
    assert again.status_code == 201, "all of it may go back still"


def _wake(server: Server) -> bool:
    server.park(seconds=20)
    server.application.jobs.wake()
    return True


def test_a_cash_machine_takes_cash_into_its_own_till_alone(server: Server) -> None:
    stay = parked(server)
    found = server.ask("POST", "/kiosk/stays/find", "kiosk", json={"plate": PLATE}).json()
    body = {"stay_token": found["stay_token"], "due": yuan(1000), "tendered": 1000}
    refused = post(server, "/kiosk/cash/payments", body, "k1", "kiosk")
    assert problem_of(refused, 409)["code"] == "cash.no_open_shift"
    open_shift(server, till="kiosk-1")
    assert post(server, "/kiosk/cash/payments", body, "k2", "kiosk").status_code == 201
    server.settle_down()
    assert server.ask("GET", "/my/stay", "driver", stay=stay).json()["state"] == "settled"


def test_cash_is_offered_as_a_way_to_pay_with_our_staff(server: Server) -> None:
    (cash,) = [c for c in server.ask("GET", "/payments/channels").json() if c["name"] == "cash"]
    assert (cash["method"], cash["attended"]) == ("cash", True)


def test_nobody_begins_cash_by_a_code_on_a_phone_or_at_a_kiosk(server: Server) -> None:
    stay = parked(server)

    def begun(channel: str, **who: Any) -> Any:
        headers = {"Idempotency-Key": f"{channel}-{len(who)}", **who.pop("headers", {})}
        return server.ask("POST", "/my/payments", headers=headers, json={"channel": channel}, **who)

    for who in ({"who": "driver", "stay": stay}, {"headers": {"Authorization": f"Bearer {kiosk_code(server, stay)}"}}):
        problem = problem_of(begun("cash", **who), 422)
        assert (problem["code"], problem["errors"][0]["field"]) == ("payment.channel", "channel")
    assert server.ask("GET", f"/stays/{stay}", "manager").json()["payments"] == []
    assert begun("wallet", who="driver", stay=stay).status_code == 201


def test_a_closed_shift_does_not_tell_what_the_next_is_to_find_in_the_same_drawer(server: Server) -> None:
    first = open_shift(server)
    post(server, f"/cash/shifts/{first}/close", {"counts": counted(20_000)}, "c1")
    post(server, "/cash/shifts", {"till": "desk-1", "counts": counted(20_000)}, "o2")
    pay(server, parked(server))
    own = server.ask("GET", f"/cash/shifts/{first}", "cashier").json()
    assert (own["blind"], own["in_drawer"], own["sums"]["brought"]["amount"]) == (False, None, 20_000)
    assert report(server, first)["in_drawer"]["amount"] == 21_000


def is_now(server: Server, refunds: str, state: str) -> None:
    """Wait until the last refund of a payment is in this state; the server's own thread may be the one that asks."""

    def look() -> bool:
        server.application.jobs.run_due()
        return bool(server.ask("GET", refunds, "manager").json()[-1]["state"] == state)

    eventually(look)


@pytest.mark.req("PAY-5")
def test_what_its_own_channel_does_not_give_back_is_handed_out_in_cash_once(server: Server) -> None:
    stay = parked(server)
    begun = server.ask("POST", "/my/payments", "driver", stay=stay, json={}, headers={"Idempotency-Key": "w"}).json()
    server.approve(begun["pay_url"])
    server.settle_down()
    refunds = f"/payments/{begun['payment_id']}/refunds"
    wanted = {"amount": yuan(1000), "reason": "the lift was broken", "in_cash": True}
    assert problem_of(post(server, refunds, wanted, "r1", "manager"), 409)["code"] == "refund.own_way"
    server.wallet.fail_next("refund", "before", lambda: ProviderRefused("ACCOUNT_CLOSED"))
    post(server, refunds, {**wanted, "in_cash": False}, "r2", "manager")
    is_now(server, refunds, "FAILED")
    shift = open_shift(server)
    refund = post(server, refunds, wanted, "r3", "manager").json()
    is_now(server, refunds, "SENT")
    path = f"/cash/refunds/{refund['refund_id']}/hand-out"
    handed = post(server, path, {"till": "desk-1"}, "h1").json()
    assert (handed["state"], handed["channel"]) == ("REFUNDED", "cash")
    assert problem_of(post(server, path, {"till": "desk-1"}, "h2"), 409)["code"] == "cash.handed_out"
    assert problem_of(post(server, refunds, wanted, "r4", "manager"), 409)["code"] == "refund.too_much"
    told = report(server, shift)
    assert (told["in_drawer"]["amount"], told["adds_up"]) == (19_000, True)
    balances = {b["account"]: b["balance"] for b in server.ask("GET", "/ledger/balances", "auditor").json()}
    assert (balances["clearing:wallet"], balances["clearing:cash"], balances["waived"]) == (1000, 0, 1000)
    server.park(days=1)
    server.application.reconciler.look()
    assert server.ask("GET", "/statements", "auditor").json()["open"] == [], "the wallet has given nothing back"
    assert server.application.database.read(ledger_store.verify).holds


@pytest.mark.req("PAY-5")
def test_no_cash_is_handed_out_where_none_is_taken(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        asked = {"amount": yuan(1000), "reason": "the lift was broken", "in_cash": True}
        assert problem_of(post(server, "/payments/p1/refunds", asked, "r1", "manager"), 409)["code"] == "refund.no_cash"
