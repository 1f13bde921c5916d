"""A mall where everybody has something, twice: two drivers, members, tills and kiosks, with stays, money and calls of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from httpx2 import Response

from parking.bootstrap.tables import all_tables
from parking.kernel.clock import ManualClock
from parking.kernel.money import Money
from parking.security.devices import enrol_app, enrol_kiosk, enrol_till
from payments.cash import machine_store
from payments.cash.machine_model import Session, SessionState
from payments.coupons import merchants
from payments.coupons.merchants import Merchant
from payments.invoices.loader import Platform
from payments.invoices.model import Policy
from payments.invoices.providers.memory import MemoryInvoices
from payments.invoices.store import invoice_table
from tests.builders.application import rows
from tests.builders.invoices import COMPANY_NUMBER
from tests.builders.journeys import MORNING, OTHER_PLATE, PLATE
from tests.builders.loyalty import Mall, Member, a_mall
from tests.builders.plumbing import eventually
from tests.builders.security import SET_UP

BUYER = {"kind": "company", "name": "上海某某贸易有限公司", "tax_number": COMPANY_NUMBER}
MISSING = "none"
_NOT_STATE = frozenset(
    [
        "security_look",
        "security_session",
        "security_challenge",
        "security_audit",
        "security_audit_head",
        "idempotency_key",
        "job",
        "outbox",
        "inbox",
        "delivery",
        "live_value",
    ]
)
"""What a refused request may write: that somebody looked, that a key was seen, that somebody tried; and what goes on by itself
meanwhile: jobs, and the device watch's word that a box which sends nothing is silent (an event, and what the live page shows)."""


@dataclass
class Everybody:
    """Who is who, what each has (`own[who][kind]`) and what the other of the same kind has (`foreign[who][kind]`)."""

    mall: Mall
    bearers: dict[str, str] = field(default_factory=dict)
    own: dict[str, dict[str, str]] = field(default_factory=dict)
    foreign: dict[str, dict[str, str]] = field(default_factory=dict)
    _asked: int = 0

    def ask(self, who: str, method: str, path: str, **how: Any) -> Response:
        """A request of somebody with a fresh Idempotency-Key; a full minute later where it came too fast."""
        server = self.mall.server
        for _ in range(3):
            self._asked += 1
            headers = {"Idempotency-Key": f"ask-{self._asked}", **self._shows(who)}
            reply = server.ask(method, path, headers=headers, **how)
            if reply.status_code != 429:
                break
            server.park(seconds=301)
        return reply

    def _shows(self, who: str) -> dict[str, str]:
        server = self.mall.server
        if who == "driver":
            return {"Authorization": f"Bearer {server.ticket(self.own[who]['stay_id'])}"}
        if who == "member":
            member = Member(self.mall, self.own[who]["member_id"])
            return {"Authorization": f"Bearer {member.token}"}
        return {"Authorization": f"Bearer {self.bearers[who]}"} if who in self.bearers else server.as_(who)

    def state(self) -> dict[str, str]:
        """A fingerprint of every table that holds what people have."""

        def read(conn: sa.Connection) -> dict[str, str]:
            return {
                table.name: hashlib.sha256(
                    "\n".join(sorted(map(repr, conn.execute(table.select())))).encode()
                ).hexdigest()
                for table in all_tables().sorted_tables
                if table.name not in _NOT_STATE
            }

        return self.mall.server.application.database.read(read)


@contextmanager
def everybody(folder: Path) -> Iterator[Everybody]:
    """Everybody at one running server; the objects of each kind exist before the first question."""
    clock = ManualClock(MORNING)
    with a_mall(folder, clock=clock, invoices=Platform(MemoryInvoices(clock), Policy()), cash=True) as mall:
        world = Everybody(mall)
        world.bearers = {"till": mall.till_token, "app": mall.app_token}
        _members(world)
        _drivers(world)
        _machines(world)
        _desk(world)
        _let_it_settle(world)
        yield world


def _let_it_settle(world: Everybody) -> None:
    """Every document is made out, so that nothing changes by itself while people ask."""
    server = world.mall.server
    last: list[dict[str, str]] = [{}]

    def quiet() -> bool:
        server.park(seconds=30)
        server.application.jobs.run_due()
        server.settle_down()
        invoices = rows(server, invoice_table)
        before, last[0] = last[0], world.state()
        return before == last[0] and all(row["state"] == "ISSUED" and row["has_pdf"] for row in invoices)

    eventually(quiet)


def _members(world: Everybody) -> None:
    mall, found = world.mall, []
    for ref, plate in (("one", PLATE), ("two", OTHER_PLATE)):
        member = mall.join(ref)
        vehicle = member.own(plate)
        stay = mall.server.enter(plate)  # the first stay of the bound car: what was before is not the member's
        mall.server.park(minutes=90)
        payment = mall.pay(stay, f"m-{ref}")
        mall.leave(stay, plate)
        asked = member.ask(
            "POST", "/me/invoices", json={"buyer": BUYER, "stays": [stay]}, headers={"Idempotency-Key": f"mi-{ref}"}
        )
        assert asked.status_code == 201, asked.text
        found.append(
            {
                "member_id": member.member_id,
                "vehicle_id": vehicle,
                "invoice_id": asked.json()["invoice_id"],
                "stay": stay,
                "stay_id": stay,
                "payment_id": str(payment["payment_id"]),
            }
        )
    world.own["member"], world.foreign["member"] = found


def _drivers(world: Everybody) -> None:
    server, found = world.mall.server, []
    for plate in (PLATE, OTHER_PLATE):
        agreement = world.mall.agree(plate)
        found.append({"debt_id": world.mall.leave_owing(plate), "agreement_id": agreement})
    for plate, has in zip((PLATE, OTHER_PLATE), found, strict=True):
        stay = has["stay_id"] = server.enter(plate)
        server.park(hours=2)
        has["payment_id"] = world.mall.pay(stay, f"d-{stay}")["payment_id"]
        world.own["driver"] = has
        asked = world.ask("driver", "POST", "/my/invoices", json={"buyer": BUYER})
        assert asked.status_code == 201, asked.text
        has["invoice_id"] = asked.json()["invoice_id"]
        has["call_id"] = world.ask("driver", "POST", "/my/calls", json={}).json()["call_id"]
    world.own["driver"], world.foreign["driver"] = found
    for whose, has in zip((world.own, world.foreign), found, strict=True):  # the members' own vehicles left them
        whose["member"] |= {name: has[name] for name in ("debt_id", "agreement_id")}


def _machines(world: Everybody) -> None:
    database = world.mall.server.application.database

    def enrol(uow: Any) -> tuple[str, str]:
        merchants.save(uow, Merchant("bakery", "Bakery", points_per_unit=1))
        till = enrol_till(uow, SET_UP, device_id="till-2")
        merchants.place_till(uow, "till-2", "bakery")
        return enrol_kiosk(uow, SET_UP, device_id="kiosk-2"), till

    other_kiosk, other_till = database.write(enrol)
    joined = world.mall.bearing(database.write(_other_app), "POST", "/members", json={"ref": "one"})
    world.own["app"] = {"member_id": world.own["member"]["member_id"]}
    world.foreign["app"] = {"member_id": str(joined.json()["member_id"])}
    pairs = {"till": (world.mall.till_token, other_till), "kiosk": (world.mall.server.kiosk_token, other_kiosk)}
    for kind, tokens in pairs.items():
        for at, token in enumerate(tokens):
            has = (world.own, world.foreign)[at].setdefault(kind, {})
            if kind == "kiosk":
                rung = world.mall.bearing(
                    token, "POST", "/kiosk/calls", json={}, headers={"Idempotency-Key": f"k-{at}"}
                )
                has["call_id"] = rung.json()["call_id"]
                has["cash_id"] = f"cash-{at}"
                database.write(partial(_pays_with_notes, till=f"kiosk-{at + 1}", session_id=has["cash_id"]))
            else:
                has["receipt"] = f"r-{at}"
                body = {"receipt": has["receipt"], "amount": 10_000, "currency": "CNY", "plate": PLATE}
                assert world.mall.bearing(token, "POST", "/till/purchases", json=body).status_code == 201


def _pays_with_notes(uow: Any, *, till: str, session_id: str) -> None:
    due, end = Money(1000, "CNY"), uow.now + timedelta(days=30)
    session = Session(session_id, till, MISSING, MISSING, due, SessionState.OPEN, uow.now, end)
    machine_store.insert_session(uow.connection, session, key=session_id)


def _other_app(uow: Any) -> str:
    return enrol_app(uow, SET_UP, device_id="app-2", key_id="app-2", public_key=bytes(32))


def _desk(world: Everybody) -> None:
    """What operators work on is the site's: each finds the objects of the one and of the other."""
    ids = {}
    for at, who in enumerate(("cashier", "manager")):
        body = {"till": f"desk-{at}", "counts": [{"value": 100, "pieces": 200}], "brought": 20_000}
        opened = world.ask(who, "POST", "/cash/shifts", json=body)
        assert opened.status_code == 201, opened.text
        ids[who] = str(opened.json()["shift_id"])
    lists = (world.own, world.foreign)
    for at, has in enumerate(lists):
        every = {**has["till"], **has["member"], **has["kiosk"], **has["driver"]}
        every |= {"shift_id": list(ids.values())[at], "merchant_id": ("cafe", "bakery")[at]}
        has["operator"] = every
