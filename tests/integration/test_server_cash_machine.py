"""The cash machine by HTTP: told beforehand what is taken, notes, change, cancel, slips at the desk; keys answered once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parking.bootstrap.kiosks import kiosks_of
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.plumbing.db import UnitOfWork
from payments.cash import machine_store
from payments.cash.memory import MemoryHopper, MemoryNotes
from payments.providers.channels import Channel
from payments.providers.memory import MemoryProvider
from payments.providers.registry import Method
from tests.builders.application import Server, a_server, problem_of
from tests.builders.journeys import MORNING, OTHER_PLATE, PLATE, demo_settings
from tests.builders.plumbing import eventually

pytestmark = pytest.mark.req("PAY-2", "KIOSK-1")
KIOSKS = """
- id: kiosk-1
  card: bank
  acceptor: { kind: memory, notes: { 1: 500, 2: 1000, 3: 2000, 4: 5000 } }
  hoppers: [{ kind: memory, coin_minor: 100, coins: 12 }]
"""


def yuan(minor: int) -> dict[str, Any]:
    return {"amount": minor, "currency": "CNY"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One machine for all tests here, each with its own car."""
    folder, clock = tmp_path_factory.mktemp("machine"), ManualClock(MORNING)
    (folder / "kiosks.yaml").write_text(KIOSKS)
    wallet = MemoryProvider(clock)
    channels = {
        "wallet": Channel("wallet", "手机", "Phone", Method.QR, wallet),
        "bank": Channel("bank", "银行卡", "Card", Method.TERMINAL, MemoryProvider(clock)),
    }
    with a_server(folder, clock=clock, channels=channels, cash=True, kiosks_file=folder / "kiosks.yaml") as running:
        body = {"till": "kiosk-1", "counts": [{"value": 100, "pieces": 12}], "brought": 1200}
        eventually(lambda: ways(running)["cash"]["trouble"] == "no_shift")
        opened = running.ask("POST", "/cash/shifts", "cashier", json=body, headers=key("o1"))
        assert opened.status_code == 201, opened.text
        yield running


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name}


def ways(server: Server, due: int = 1000) -> Any:
    return server.ask("GET", f"/kiosk/ways?due={due}", "kiosk").json()


def machine(server: Server) -> tuple[MemoryNotes, MemoryHopper]:
    found = server.application.kiosks.machines["kiosk-1"]
    assert isinstance(found.acceptor, MemoryNotes)
    hopper = found.hoppers[100]
    assert isinstance(hopper, MemoryHopper)
    return found.acceptor, hopper


def begins(server: Server, plate: str, name: str) -> tuple[dict[str, Any], Any]:
    """A car of two hours at the machine: what was asked, and the answer."""
    stay = server.enter(plate)
    server.park(hours=2)
    eventually(lambda: ways(server)["cash"]["trouble"] == "")
    body = {"stay_token": server.ticket(stay), "due": yuan(1000)}
    return body, server.ask("POST", "/kiosk/cash/sessions", "kiosk", json=body, headers=key(name))


def now(server: Server, session: str) -> Any:
    return server.ask("GET", f"/kiosk/cash/sessions/{session}", "kiosk").json()


def test_notes_pay_the_change_falls_and_the_driver_may_leave(server: Server) -> None:
    said = ways(server)
    assert said["card"] == "bank"
    assert ([n["amount"] for n in said["cash"]["notes"]], said["cash"]["gives_change"]) == ([500, 1000, 2000], True)
    body, begun = begins(server, PLATE, "b1")
    assert begun.status_code == 201, begun.text
    session = begun.json()["session_id"]
    again = server.ask("POST", "/kiosk/cash/sessions", "kiosk", json=body, headers=key("b1"))
    assert again.json()["session_id"] == session
    other = {**body, "due": yuan(600)}
    refused = server.ask("POST", "/kiosk/cash/sessions", "kiosk", json=other, headers=key("b1"))
    assert problem_of(refused, 409)["code"] == "idempotency.reused"
    assert problem_of(server.ask("POST", "/kiosk/cash/sessions", "kiosk", json=body), 422)
    notes, hopper = machine(server)
    eventually(lambda: notes.insert(2000))
    eventually(lambda: now(server, session)["state"] == "over")
    over = now(server, session)
    assert (over["why"], over["inserted"]["amount"], over["given"]["amount"]) == ("paid", 2000, 1000)
    assert (over["owed"]["amount"], over["slip"], hopper.coins) == (0, None, 2)
    payment = server.ask("GET", f"/my/payments/{over['payment_id']}", headers=bearer(body))
    assert payment.json()["state"] == "PAID"
    claimed = {**body, "tendered": 1000}
    by_word = server.ask("POST", "/kiosk/cash/payments", "kiosk", json=claimed, headers=key("w1"))
    assert problem_of(by_word, 409)["code"] == "cash.counted_here"  # a page may say much
    late = server.ask("POST", f"/kiosk/cash/sessions/{session}/cancel", "kiosk", headers=key("c1"))
    assert late.json() == over  # what is paid stays paid


def bearer(body: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {body['stay_token']}"}


def coins_may_have_fallen(uow: UnitOfWork, session: str) -> None:
    said: dict[str, Any] = {"id": "p1", "session_id": session, "till": "kiosk-1", "at": uow.now}
    machine_store.begin_payout(uow.connection, coin=100, wanted=3, mark=0, **said)
    machine_store.end_payout(uow.connection, "p1", given=None)


def test_a_cancelled_payment_goes_back_in_coins_and_the_rest_by_a_slip_at_the_desk(server: Server) -> None:
    _, begun = begins(server, OTHER_PLATE, "b2")
    session, (notes, _) = begun.json()["session_id"], machine(server)
    assert [n["amount"] for n in begun.json()["notes"]] == [500, 1000]  # two coins are left
    eventually(lambda: notes.insert(500))
    eventually(lambda: now(server, session)["inserted"]["amount"] == 500)
    path = f"/kiosk/cash/sessions/{session}/cancel"
    assert problem_of(server.ask("POST", path, "kiosk"), 422)["code"] == "idempotency.missing"
    assert server.ask("POST", path, "kiosk", headers=key("c2")).status_code == 200
    elsewhere = server.ask("POST", "/kiosk/cash/sessions/none/cancel", "kiosk", headers=key("c2"))
    assert problem_of(elsewhere, 404)["code"] == "cash.no_session"
    eventually(lambda: now(server, session)["state"] == "over")
    over = now(server, session)
    assert (over["why"], over["given"]["amount"], over["owed"]["amount"]) == ("cancelled", 200, 300)
    assert ways(server, 700)["cash"]["trouble"] == "no_change"  # no note comes to seven yuan any more
    (slip,) = server.ask("GET", "/cash/slips", "cashier").json()["items"]
    assert (slip["slip"], slip["amount"], slip["till"]) == (over["slip"], yuan(300), "kiosk-1")
    assert slip["in_doubt"] is False
    server.application.database.write(lambda uow: coins_may_have_fallen(uow, session))
    assert server.ask("GET", "/cash/slips", "cashier").json()["items"][0]["in_doubt"] is True
    path, body = f"/cash/slips/{slip['slip']}/hand-out", {"till": "desk-1"}
    refused = server.ask("POST", path, "cashier", json=body, headers=key("h1"))
    assert problem_of(refused, 409)["code"] == "cash.no_open_shift"
    drawer = {"till": "desk-1", "counts": [{"value": 100, "pieces": 50}], "brought": 5000}
    server.ask("POST", "/cash/shifts", "cashier", json=drawer, headers=key("o2"))
    for _ in range(2):  # the answer was lost, and she asks again
        done = server.ask("POST", path, "cashier", json=body, headers=key("h2"))
        assert (done.status_code, done.json()["handed_out"], done.json()["amount"]) == (200, True, yuan(300))
    for who in ("cashier", "manager"):  # a photograph of the slip, at another window
        again = server.ask("POST", path, who, json=body, headers=key("h3"))
        assert problem_of(again, 409)["code"] == "cash.handed_out"
    assert server.ask("GET", "/cash/slips", "cashier").json()["items"] == []
    wrong = server.ask("POST", path, "cashier", json={"till": "desk-2"}, headers=key("h2"))
    assert problem_of(wrong, 409)["code"] == "idempotency.reused"


def test_whoever_leaves_the_card_terminal_leaves_nothing_there_to_be_paid_by_another(server: Server) -> None:
    stay = server.enter("浙A55555")
    server.park(hours=2)
    bearing = {"Authorization": f"Bearer {server.ticket(stay)}"}
    begun = server.ask("POST", "/my/payments", json={"channel": "bank"}, headers={**key("p1"), **bearing}).json()
    path = f"/kiosk/cards/{begun['payment_id']}/cancel"
    assert problem_of(server.ask("POST", path, "kiosk"), 422)["code"] == "idempotency.missing"
    for _ in range(2):
        assert server.ask("POST", path, "kiosk", headers=key("l1")).status_code == 204
    told = server.ask("GET", f"/my/payments/{begun['payment_id']}", headers=bearing)
    assert told.json()["state"] == "CLOSED"
    by_phone = server.ask("POST", "/my/payments", json={"channel": "wallet"}, headers={**key("p2"), **bearing}).json()
    other = f"/kiosk/cards/{by_phone['payment_id']}/cancel"
    assert problem_of(server.ask("POST", other, "kiosk", headers=key("l2")), 404)["code"] == "payment.unknown"
    again = server.ask("POST", "/my/payments", json={"channel": "bank"}, headers={**key("p3"), **bearing}).json()
    elsewhere = server.ask("POST", f"/kiosk/cards/{again['payment_id']}/cancel", "kiosk", headers=key("l1"))
    assert problem_of(elsewhere, 409)["code"] == "idempotency.reused"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("- { id: kiosk-1, card: wallet }", "kiosks.yaml: [0].card"),
        ("- { id: kiosk-1, acceptor: { kind: gone } }", "kiosks.yaml: [0].acceptor.kind"),
        ("- { id: kiosk-1, acceptor: { kind: cctalk, host: a } }", "kiosks.yaml: [0].acceptor"),
        (KIOSKS.replace("coin_minor: 100", "coin_minor: 500"), "kiosks.yaml: [0].hoppers.0.coin_minor"),
        ("- { name: kiosk-1 }", "kiosks.yaml: [0].id"),
        ("kiosk-1", "kiosks.yaml"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_row_and_field(
    server: Server, tmp_path: Path, text: str, field: str
) -> None:
    (tmp_path / "kiosks.yaml").write_text(text)
    settings = demo_settings(cash=True, kiosks_file=tmp_path / "kiosks.yaml")
    with pytest.raises(ParkingError) as wrong:
        kiosks_of(settings, server.application.database, server.clock, server.application.channels)
    assert wrong.value.field == field
