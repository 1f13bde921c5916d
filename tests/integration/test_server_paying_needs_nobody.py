"""Paying needs no account, no follow, no phone number: what a payer may be asked for over HTTP, and what is kept of one who paid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from parking.members.tables import member_table
from payments.providers.base import Order
from tests.builders.application import Server, a_server, rows
from tests.builders.journeys import PLATE
from tests.builders.plumbing import eventually

pytestmark = pytest.mark.req("PRIV-2")
_PERSONAL = re.compile(
    r"phone|mobile|mail|account|user|login|password|follow|subscri|member|contact|birth|id_card|address"
)
"""Words that the name of a field would have if it asked for a person; `payer` is what WeChat's own page hands over, and is optional."""
_PAYING = re.compile(r"^/api/v1/(my/(stay|quote|payments|debts|coupons|invoices)|kiosk/(stays|cash)|payments/channels)")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path, cash=True) as running:
        yield running


def _named(schema: Any, every: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Every field that a body of this schema may have, however deep, and whether it must."""
    if "$ref" in schema:
        yield from _named(every[schema["$ref"].rpartition("/")[2]], every)
    for part in [*schema.get("anyOf", ()), *schema.get("allOf", ()), *([schema["items"]] if "items" in schema else ())]:
        yield from _named(part, every)
    for name, of in schema.get("properties", {}).items():
        yield name, name in schema.get("required", ())
        yield from _named(of, every)


def test_no_way_to_pay_has_a_field_for_a_person(server: Server) -> None:
    described = server.app.openapi()
    every, seen = described["components"]["schemas"], set()
    for path, methods in described["paths"].items():
        if not _PAYING.match(path):
            continue
        for method, said in methods.items():
            body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            asked = {*_named(body, every), *((p["name"], p.get("required", False)) for p in said.get("parameters", ()))}
            seen.add(path)
            assert not [name for name, _ in asked if _PERSONAL.search(name.lower())], (method, path)
            assert ("payer", True) not in asked, "an id of an app is never a condition"
    assert {"/api/v1/my/payments", "/api/v1/my/debts/{debt_id}/payments", "/api/v1/kiosk/cash/payments"} <= seen


def test_an_order_has_no_place_for_who_pays() -> None:
    assert not [one.name for one in fields(Order) if _PERSONAL.search(one.name) or one.name in ("plate", "payer")]


def test_whoever_has_paid_is_nobody_afterwards(server: Server) -> None:
    stay = server.enter()
    server.park(hours=2)
    bare = {"Authorization": f"Bearer {server.ticket(stay)}", "Idempotency-Key": "k1"}  # all that the payer shows
    begun = server.client.post("/api/v1/my/payments", headers=bare, json={"channel": "any"})
    assert (begun.status_code, "set-cookie" in begun.headers) == (201, False)
    server.approve(begun.json()["pay_url"])
    path = f"/api/v1/my/payments/{begun.json()['payment_id']}"
    eventually(lambda: server.client.get(path, headers=bare).json()["state"] == "PAID")
    receipt = server.client.get(f"{path}/receipt", headers=bare)
    assert receipt.status_code == 200
    assert PLATE not in receipt.text
    order = next(iter(server.wallet.orders.values())).order
    assert PLATE not in json.dumps(str(order), ensure_ascii=False)
    assert rows(server, member_table) == []
