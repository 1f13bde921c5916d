"""Every POST that moves money takes an Idempotency-Key: the same request again is answered again, another under its key is refused.

The list of routes is read from the API's own description, so that a new route is either tried here, or tried where it says, or is told
to move no money.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import kiosk_ui
from parking.kernel.clock import ManualClock
from parking.kernel.ids import RandomIds
from parking.web import idempotency
from payments.invoices.loader import Platform
from payments.invoices.model import Policy
from payments.invoices.providers.memory import MemoryInvoices
from tests.builders.application import Server, a_server, problem_of
from tests.builders.journeys import MORNING, PLATE
from tests.builders.plumbing import eventually
from tests.integration.test_server_cash import counted, yuan
from tests.integration.test_server_debts import agree, leave_owing
from tests.integration.test_server_invoices import COMPANY

pytestmark = pytest.mark.req("PAY-3")
TRIED_ELSEWHERE = {
    "/my/cards": "test_server_cards.py",
    "/kiosk/cash/sessions": "test_server_cash_machine.py",
    "/kiosk/cash/sessions/{cash_id}/cancel": "test_server_cash_machine.py",
    "/kiosk/cards/{payment_id}/cancel": "test_server_cash_machine.py",
    "/cash/slips/{slip}/hand-out": "test_server_cash_machine.py",
    "/me/exchanges": "test_loyalty_api.py",
    "/me/debts/{debt_id}/payments": "test_loyalty_api.py",
    "/me/invoices": "test_server_invoices.py, by the same function as /my/invoices",
    "/coupons/campaigns/{campaign_id}/issue": "test_loyalty_api.py",
    "/desk/cases/{case_id}/decide": "test_desk_api.py",
    "/desk/decisions/{decision_id}/undo": "test_desk_api.py",
    "/access/invitations": "test_access_rights_api.py",
    "/access/passes/import": "test_access_rights_api.py",
    "/access/list/import": "test_access_files.py",
    "/access/invitations/import": "test_access_files.py",
    "/zones/{zone_id}/adjustments": "test_guidance_api.py",
    "/tariffs/proposals": "test_server_tariffs.py",
    "/tariffs/ends": "test_server_tariffs.py",
    "/tariffs/proposals/{proposal_id}/approve": "test_server_tariffs.py",
    "/tariffs/proposals/{proposal_id}/refuse": "test_server_tariffs.py",
    "/emergency/begin": "test_server_calls.py",
    "/emergency/end": "test_server_calls.py",
    "/calls/{call_id}/open": "test_server_calls.py",
    **{f"/lanes/{{lane_id}}/{deed}": "test_server_actions.py" for deed in ("open", "hold-open", "take", "release")},
    "/lanes/{lane_id}/end-emergency": "test_server_actions.py",
    "/lanes/{lane_id}/visits/{visit_id}/name": "test_server_lane_visits.py",
}
NO_MONEY = {
    "/my/rating",  # once per stay, by the stay itself
    "/access/find",  # a question
    "/access/holders/{holder_id}/credentials",
    "/access/invitations/{invitation_id}/code",
    "/apps/{app}/events",  # each message has an id of its own, and counts once
    "/audit/export",  # a question each
    "/audit/search",
    "/auth/login",
    "/auth/logout",
    "/auth/passkey/challenge",  # each is for one answer
    "/auth/passkey/login",
    "/auth/passkeys",  # likewise
    "/auth/passkeys/challenge",
    "/auth/sessions/end-others",  # none is left to end
    "/auth/password",  # a second time the old one is no longer right
    "/auth/notices/read",  # nothing is left to read
    "/bays/reads",
    "/bays/way",  # a soft claim of some minutes; the same code gives it up
    "/overflow/ways",  # likewise: the same code counts once
    "/calls/{call_id}/end",
    "/calls/{call_id}/hand-back",
    "/calls/{call_id}/say",  # the same words again are shown again
    "/calls/{call_id}/take",
    "/cases/{case_id}/resolve",
    "/cash/shifts/{shift_id}/counts",  # a count is written down, nothing is booked
    "/desk/cases/{case_id}/give-back",
    "/desk/cases/{case_id}/rank",  # a question
    "/desk/find",  # likewise
    "/desk/questions",  # one open case a stay
    "/desk/cases/{case_id}/take",
    "/desk/lessons/{lesson_id}/switch",
    "/edge/events",  # numbered by the box
    "/edge/pictures/{name}",
    "/find",
    "/find/mark",
    "/find/way",
    "/given-up/{given_up_id}/again",  # it waits no more, or it was tried once more in vain
    "/given-up/{given_up_id}/let-be",
    "/lanes/{lane_id}/visits/{visit_id}/candidates",  # a question
    "/kiosk/calls",
    "/kiosk/calls/{call_id}/end",
    "/kiosk/stays/find",
    "/me/claims/{vehicle_id}/object",
    "/me/code",
    "/me/debts/{debt_id}/dispute",  # it stands still already
    "/me/stays/{stay_id}/code",
    "/me/vehicles",
    "/member-claims/{vehicle_id}/approve",
    "/member-claims/{vehicle_id}/refuse",
    "/members",
    "/members/{member_id}/token",
    "/my/calls",
    "/my/calls/{call_id}/end",
    "/my/coupons",  # a code gives one coupon, however often it is shown
    "/my/debts/{debt_id}/dispute",  # it stands still already
    "/payments/{channel}/callback",  # each has the provider's own id
    "/stays/{stay_id}/confirm",
    "/stays/{stay_id}/ticket",
    "/tariffs/check",  # a question each
    "/tariffs/compare",
    "/till/codes",
    "/till/purchases",  # the receipt's number is the key
    "/till/purchases/{receipt}/back",
}


@dataclass(frozen=True)
class Case:
    """A request that does something, and another that must not pass under its key."""

    who: str
    path: str
    body: dict[str, Any] | None
    other: dict[str, Any] | None = None
    other_path: str = ""
    stay: str = ""
    same: tuple[str, ...] = field(default=())
    """What must be the same in the answer; everything, if nothing is named."""


def a_stay(server: Server, plate: str | None = None) -> str:
    """A car that came two hours ago."""
    stay = server.enter(plate or a_plate(server))
    server.park(hours=2)
    return stay


def a_plate(server: Server) -> str:
    """One that looks like no other here: a pair that differs by one sign would be a person's to tell apart."""
    count = getattr(server, "_plates", 0) + 1
    server._plates = count  # type: ignore[attr-defined]  # only here
    return f"{PLATE[:2]}{count * 13_579 % 100_000:05d}"


def a_paid_stay(server: Server) -> tuple[str, str]:
    """A stay and the payment that was made for it."""
    stay = a_stay(server)
    headers = {"Idempotency-Key": f"pay-{stay}"}
    begun = server.ask("POST", "/my/payments", "driver", stay=stay, json={"channel": "wallet"}, headers=headers).json()
    server.approve(begun["pay_url"])
    path = f"/my/payments/{begun['payment_id']}"
    eventually(lambda: server.ask("GET", path, "driver", stay=stay).json()["state"] == "PAID")
    return stay, str(begun["payment_id"])


def a_debt(server: Server) -> str:
    plate = a_plate(server)
    assert agree(server, plate).status_code == 201
    debt = leave_owing(server, plate)
    eventually(
        lambda: debt in [one["stay_id"] for one in server.ask("GET", "/debts?limit=200", "manager").json()["items"]]
    )
    return debt


def an_open_shift(server: Server, till: str) -> str:
    body = {"till": till, "counts": counted(50_000), "brought": 50_000}
    headers = {"Idempotency-Key": RandomIds().new(server.clock.now())}
    return str(server.ask("POST", "/cash/shifts", "cashier", json=body, headers=headers).json()["shift_id"])


def paying(server: Server) -> Case:
    stay = a_stay(server)
    return Case("driver", "/my/payments", {"channel": "wallet"}, {"channel": "any"}, stay=stay, same=("payment_id",))


def paying_a_debt(server: Server) -> Case:
    plate = a_plate(server)
    agree(server, plate)
    debt = leave_owing(server, plate)
    stay, path = server.enter(plate), f"/my/debts/{debt}/payments"
    return Case("driver", path, {"channel": "wallet"}, {"channel": "any"}, stay=stay, same=("payment_id",))


def refunding(server: Server) -> Case:
    path = f"/payments/{a_paid_stay(server)[1]}/refunds"
    body = {"amount": yuan(100), "reason": "goodwill"}
    return Case("manager", path, body, {**body, "amount": yuan(200)}, same=("refund_id", "amount"))


def giving_coupons_back(server: Server) -> Case:
    first, second = a_paid_stay(server)[1], a_paid_stay(server)[1]
    return Case("manager", f"/payments/{first}/coupons/return", None, other_path=f"/payments/{second}/coupons/return")


def writing_off(server: Server) -> Case:
    return Case("manager", f"/debts/{a_debt(server)}/write-off", {"reason": "goodwill"}, {"reason": "an outage"})


def disputing(server: Server) -> Case:
    body = {"reason": "says so on the phone"}
    return Case("manager", f"/debts/{a_debt(server)}/dispute", body, {"reason": "at the desk"})


def deciding(server: Server) -> Case:
    debt = a_debt(server)
    body = {"owed": False, "reason": "two cars on one plate"}
    return Case("manager", f"/debts/{debt}/decide", body, {**body, "owed": True})


def agreeing(server: Server) -> Case:
    body = {"plate": a_plate(server), "channel": "wallet", "reference": "c1", "per_stay_minor": 3000}
    body |= {"at_once_minor": 6000, "per_day_minor": 9000}
    return Case("manager", "/agreements", body, {**body, "per_stay_minor": 1})


def closing(server: Server) -> Case:
    return Case("attendant", f"/stays/{a_stay(server)}/close", {"reason": "gone by now"}, {"reason": "never came in"})


def asking_for_an_invoice(server: Server) -> Case:
    other = {"buyer": {"kind": "person", "name": "王芳"}}
    stay = a_paid_stay(server)[0]
    return Case("driver", "/my/invoices", {"buyer": COMPANY}, other, stay=stay, same=("invoice_id",))


def asking_at_the_desk(server: Server) -> Case:
    body = {"buyer": COMPANY, "stays": [a_paid_stay(server)[0]]}
    other = {**body, "buyer": {"kind": "person"}}
    return Case("cashier", "/invoices", body, other, same=("invoice_id",))


def reversing(server: Server) -> Case:
    stay, headers = a_paid_stay(server)[0], {"Idempotency-Key": RandomIds().new(server.clock.now())}
    asked = server.ask("POST", "/my/invoices", "driver", stay=stay, json={"buyer": COMPANY}, headers=headers).json()
    path = f"/invoices/{asked['invoice_id']}"

    def issued() -> bool:
        server.park(seconds=30)
        server.application.jobs.wake()
        return bool(server.ask("GET", path, "auditor").json()["state"] == "ISSUED")

    eventually(issued)
    return Case(
        "cashier", f"{path}/reverse", {"reason": "wrong company"}, {"reason": "wrong number"}, same=("invoice_id",)
    )


def opening_a_shift(_: Server) -> Case:
    body = {"till": "desk-a", "counts": counted(1000), "brought": 1000}
    return Case("cashier", "/cash/shifts", body, {**body, "till": "desk-b"})


def closing_a_shift(server: Server) -> Case:
    path = f"/cash/shifts/{an_open_shift(server, 'desk-c')}/close"
    return Case("cashier", path, {"counts": counted(50_000)}, {"counts": counted(40_000), "reason": "lost"})


def moving_cash(server: Server) -> Case:
    path = f"/cash/shifts/{an_open_shift(server, 'desk-d')}/moves"
    body = {"amount": yuan(-10_000), "reason": "to the safe"}
    return Case("cashier", path, body, {**body, "amount": yuan(-20_000)})


def taking_cash(server: Server) -> Case:
    an_open_shift(server, "desk-e")
    body = {"till": "desk-e", "stay_id": a_stay(server), "due": yuan(1000), "tendered": 2000}
    return Case("cashier", "/cash/payments", body, {**body, "tendered": 5000})


def taking_cash_at_a_machine(server: Server) -> Case:
    an_open_shift(server, "kiosk-1")
    stay = a_stay(server)
    body = {"stay_token": server.ticket(stay), "due": yuan(1000), "tendered": 1000}
    return Case("kiosk", "/kiosk/cash/payments", body, {**body, "tendered": 5000})


def a_refund_at_the_desk(server: Server, till: str) -> str:
    an_open_shift(server, till)
    body = {"till": till, "stay_id": a_stay(server), "due": yuan(1000), "tendered": 1000}
    headers = {"Idempotency-Key": RandomIds().new(server.clock.now())}
    taken = server.ask("POST", "/cash/payments", "cashier", json=body, headers=headers).json()
    said = {"amount": yuan(100), "reason": "goodwill"}
    path = f"/payments/{taken['payment_id']}/refunds"
    refund = server.ask("POST", path, "manager", json=said, headers=headers).json()

    def at_the_desk() -> bool:
        server.park(seconds=30)
        server.application.jobs.wake()
        return bool(server.ask("GET", path, "auditor").json()[0]["state"] == "SENT")

    eventually(at_the_desk)
    return f"/cash/refunds/{refund['refund_id']}"


def handing_out(server: Server) -> Case:
    return Case("cashier", a_refund_at_the_desk(server, "desk-f") + "/hand-out", {"till": "desk-f"}, {"till": "desk-a"})


def withdrawing(server: Server) -> Case:
    path = a_refund_at_the_desk(server, "desk-g") + "/withdraw"
    return Case("cashier", path, {"reason": "nobody came"}, {"reason": "another reason"})


CASES: dict[str, Callable[[Server], Case]] = {
    "/my/payments": paying,
    "/my/debts/{debt_id}/payments": paying_a_debt,
    "/payments/{payment_id}/refunds": refunding,
    "/payments/{payment_id}/coupons/return": giving_coupons_back,
    "/debts/{stay_id}/write-off": writing_off,
    "/debts/{stay_id}/decide": deciding,
    "/debts/{stay_id}/dispute": disputing,
    "/agreements": agreeing,
    "/stays/{stay_id}/close": closing,
    "/my/invoices": asking_for_an_invoice,
    "/invoices": asking_at_the_desk,
    "/invoices/{invoice_id}/reverse": reversing,
    "/cash/shifts": opening_a_shift,
    "/cash/shifts/{shift_id}/close": closing_a_shift,
    "/cash/shifts/{shift_id}/moves": moving_cash,
    "/cash/payments": taking_cash,
    "/kiosk/cash/payments": taking_cash_at_a_machine,
    "/cash/refunds/{refund_id}/hand-out": handing_out,
    "/cash/refunds/{refund_id}/withdraw": withdrawing,
}


def posts() -> dict[str, bool]:
    """Every POST of the described API, and whether it takes an Idempotency-Key."""
    described = json.loads((Path(kiosk_ui.__file__).parent / "openapi.json").read_text())
    found = {}
    for path, methods in described["paths"].items():
        if "post" in methods:
            names = {one["name"].lower() for one in methods["post"].get("parameters", [])}
            found[path.removeprefix("/api/v1")] = "idempotency-key" in names
    return found


def test_every_post_either_takes_a_key_or_moves_no_money() -> None:
    found = posts()
    assert {path for path, keyed in found.items() if not keyed} == NO_MONEY
    assert {path for path, keyed in found.items() if keyed} == set(CASES) | set(TRIED_ELSEWHERE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    clock = ManualClock(MORNING)
    platform = Platform(MemoryInvoices(clock), Policy())
    with a_server(tmp_path_factory.mktemp("keys"), clock=clock, invoices=platform, cash=True) as running:
        yield running


@pytest.mark.parametrize("route", CASES)
def test_a_key_answers_the_same_request_for_a_day_and_no_other(server: Server, route: str) -> None:
    case = CASES[route](server)
    headers = {"Idempotency-Key": f"key-of-{route}"}

    def ask(path: str, body: dict[str, Any] | None) -> Any:
        more = {} if body is None else {"json": body}
        return server.ask("POST", path, case.who, stay=case.stay, headers=headers, **more)

    first = ask(case.path, case.body)
    assert first.status_code in (200, 201), first.text
    again = ask(case.path, case.body)
    assert again.status_code == first.status_code
    assert shown(again.json(), case.same) == shown(first.json(), case.same)
    refused = problem_of(ask(case.other_path or case.path, case.other if case.other is not None else case.body), 409)
    assert refused["code"] == "idempotency.reused"
    missing = server.ask("POST", case.path, case.who, stay=case.stay, **({"json": case.body} if case.body else {}))
    assert problem_of(missing, 422)["code"] == "idempotency.missing"
    if case.who == "kiosk":
        return  # the code of the stay that it shows is itself no older than an hour
    server.park(hours=25)
    server.application.database.write(idempotency.forget)
    server.drop_session(case.who)
    later = ask(case.path, case.body)
    assert shown(later.json(), case.same) == shown(first.json(), case.same)
    assert problem_of(ask(case.other_path or case.path, case.other or case.body), 409)["code"] == "idempotency.reused"


def shown(answer: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: answer[name] for name in names} if names else answer


def test_a_key_is_kept_for_more_than_a_day() -> None:
    assert timedelta(hours=24) <= idempotency.KEPT
