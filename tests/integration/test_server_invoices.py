"""Invoices over HTTP: who may ask for what, what a driver reads, and what stays hidden from whoever only typed a plate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from parking.journeys import paying
from parking.kernel.clock import ManualClock
from parking.kernel.ids import StayId
from parking.security import store as security_store
from payments.invoices.loader import Platform
from payments.invoices.model import Policy
from payments.invoices.providers.memory import MemoryInvoices
from tests.builders.application import Server, a_server, problem_of
from tests.builders.invoices import COMPANY_NUMBER
from tests.builders.journeys import MORNING, OTHER_PLATE, PLATE
from tests.builders.plumbing import eventually

pytestmark = pytest.mark.req("INV-1")
COMPANY = {"kind": "company", "name": "上海某某贸易有限公司", "tax_number": COMPANY_NUMBER}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    clock = ManualClock(MORNING)
    platform = Platform(MemoryInvoices(clock), Policy())
    with a_server(tmp_path, clock=clock, invoices=platform) as running:
        yield running


def paid(server: Server, plate: str = PLATE) -> str:
    """A car has come and paid; its stay."""
    stay = server.enter(plate)
    server.park(hours=2)
    how: dict[str, Any] = {"json": {"channel": "wallet"}, "headers": {"Idempotency-Key": f"pay-{stay}"}}
    begun = server.ask("POST", "/my/payments", "driver", stay=stay, **how).json()
    server.approve(begun["pay_url"])
    eventually(
        lambda: server.ask("GET", f"/my/payments/{begun['payment_id']}", "driver", stay=stay).json()["state"] == "PAID"
    )
    return stay


def ask(server: Server, stay: str, key: str = "i1", buyer: Any = None, **more: Any) -> Any:
    body = {"buyer": buyer or COMPANY, **more}
    return server.ask("POST", "/my/invoices", "driver", stay=stay, json=body, headers={"Idempotency-Key": key})


def issued(server: Server, stay: str, invoice_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        return dict(server.ask("GET", f"/my/invoices/{invoice_id}", "driver", stay=stay).json())

    def there() -> bool:
        server.park(seconds=30)
        server.application.jobs.wake()
        return bool(look()["has_pdf"])

    eventually(there)
    return look()


@pytest.mark.req("PRIV-2")
def test_a_driver_gets_an_invoice_with_nothing_but_the_code_of_the_stay(server: Server) -> None:
    stay = paid(server)
    offer = server.ask("GET", "/my/invoices", "driver", stay=stay).json()
    assert (offer["offered"], [bill["why_not"] for bill in offer["bills"]]) == (True, [None])
    assert all(rule["zh"] and rule["en"] for rule in offer["rules"])
    asked = ask(server, stay)
    assert asked.status_code == 201, asked.text
    assert "正在开具" in asked.json()["text"]["zh"]
    view = issued(server, stay, asked.json()["invoice_id"])
    assert (view["state"], len(view["number"]), view["tax_number"]) == ("ISSUED", 20, COMPANY_NUMBER)
    pdf = server.ask("GET", f"/my/invoices/{view['invoice_id']}/pdf", "driver", stay=stay)
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.headers["content-type"] == "application/pdf"
    bills = server.ask("GET", "/my/invoices", "driver", stay=stay).json()["bills"]
    assert bills[0]["why_not"] == "already_invoiced"
    assert bills[0]["text"]["en"]


def test_the_same_key_is_the_same_invoice_and_another_title_under_it_is_refused(server: Server) -> None:
    stay = paid(server)
    first = ask(server, stay).json()
    assert ask(server, stay).json()["invoice_id"] == first["invoice_id"]
    other = {"kind": "person", "name": "王芳"}
    assert problem_of(ask(server, stay, buyer=other), 409)["code"] == "idempotency.reused"
    assert problem_of(ask(server, stay, key="i2", buyer=other), 409)["code"] == "invoice.already_invoiced"


def test_a_wrong_title_names_its_field(server: Server) -> None:
    stay = paid(server)
    wrong = problem_of(ask(server, stay, buyer={**COMPANY, "tax_number": COMPANY_NUMBER[:-1] + "A"}), 422)
    assert (wrong["code"], wrong["errors"][0]["field"]) == ("invoice.tax_number_check", "tax_number")
    assert problem_of(ask(server, server.enter(OTHER_PLATE)), 409)["code"] == "invoice.nothing_paid"


def test_several_stays_whose_codes_are_shown_stand_on_one_invoice(server: Server) -> None:
    first, second = paid(server), paid(server, OTHER_PLATE)
    asked = ask(server, first, tickets=[server.ticket(second)]).json()
    assert asked["amount"]["amount"] == 2 * 1000
    assert server.ask("GET", f"/my/invoices/{asked['invoice_id']}", "driver", stay=second).status_code == 200
    problem_of(ask(server, first, key="i2", tickets=["forged.code.here"]), 401)


@pytest.mark.req("PRIV-1")
def test_whoever_only_typed_the_plate_sees_nobodys_title(server: Server) -> None:
    stay = paid(server)
    asked = ask(server, stay).json()
    until = server.clock.now() + timedelta(minutes=5)
    weak = {"Authorization": f"Bearer {paying.ticket(StayId(stay), server.signer, until, at='kiosk')}"}
    shown = server.ask("GET", "/my/invoices", headers=weak).json()
    assert shown["invoices"] == []
    assert shown["bills"][0]["why_not"] == "already_invoiced"
    assert COMPANY["name"] not in server.ask("GET", "/my/invoices", headers=weak).text
    other = server.enter(OTHER_PLATE)
    problem_of(server.ask("GET", f"/my/invoices/{asked['invoice_id']}", "driver", stay=other), 404)


@pytest.mark.req("PAY-5")
def test_the_desk_takes_an_invoice_back_on_record_and_the_bill_may_have_another(server: Server) -> None:
    stay = paid(server)
    asked = ask(server, stay).json()
    issued(server, stay, asked["invoice_id"])
    how: dict[str, Any] = {"json": {"reason": "wrong company"}, "headers": {"Idempotency-Key": "rev"}}
    red = server.ask("POST", f"/invoices/{asked['invoice_id']}/reverse", "cashier", **how)
    assert red.status_code == 201, red.text
    assert (red.json()["colour"], red.json()["amount"]["amount"]) == ("red", -1000)
    again = server.ask("POST", f"/invoices/{asked['invoice_id']}/reverse", "cashier", **how)
    assert again.json()["invoice_id"] == red.json()["invoice_id"]

    def free() -> bool:
        server.park(seconds=30)
        server.application.jobs.wake()
        found = server.ask("GET", f"/stays/{stay}/invoices", "auditor").json()
        return found["bills"][0]["why_not"] is None

    eventually(free)
    both = server.ask("GET", f"/stays/{stay}/invoices", "auditor").json()["invoices"]
    assert [(one["colour"], one["takes_back"]) for one in both] == [("blue", None), ("red", asked["invoice_id"])]
    body = {"buyer": {"kind": "person"}, "stays": [stay]}
    desk = server.ask("POST", "/invoices", "cashier", json=body, headers={"Idempotency-Key": "d1"})
    assert desk.status_code == 201, desk.text
    entries = server.application.database.read(lambda conn: list(security_store.audit_entries(conn)))
    assert [e.action for e in entries if e.action.startswith("invoice.")] == ["invoice.reversed", "invoice.asked"]


def test_a_site_without_a_platform_says_so(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        stay = paid(server)
        assert server.ask("GET", "/my/invoices", "driver", stay=stay).json()["offered"] is False
        assert problem_of(ask(server, stay), 409)["code"] == "invoice.not_offered"
