"""Saved cards and payments inside WeChat, over the real wires: consent on record, no card number here, one charge, told as it happens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

from hardware_sim.providers.faults import Fault
from hardware_sim.providers.stripe import StripeWire
from parking.journeys import paying, payment_feed
from parking.kernel.clock import ManualClock
from parking.kernel.events import Direction, ExitPromised
from parking.kernel.ids import RandomIds, StayId, VisitId
from parking.kernel.money import Money
from parking.security import store as security_store
from parking.web.frames import FrameProtocol
from payments.providers.channels import Channel
from payments.providers.registry import Method
from tests.builders.application import HOST, Server, a_server, problem_of
from tests.builders.journeys import EXIT, MORNING, OTHER_PLATE, PLATE, passage
from tests.builders.plumbing import eventually
from tests.builders.providers import Company, a_stripe, a_wechat


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name}


@contextmanager
def at(company: Company, kind: str, method: Method, folder: Path, clock: ManualClock) -> Iterator[Server]:
    channels = {kind: Channel(kind, kind, kind, method, company.provider)}
    with a_server(folder, clock=clock, channels=channels) as server:
        yield server


@pytest.mark.req("PAY-1", "PAY-2")
def test_a_driver_saves_a_card_leaves_first_and_is_charged_once(tmp_path: Path) -> None:
    clock = ManualClock(MORNING)
    with a_stripe(tmp_path, clock) as company, at(company, "stripe", Method.PAGE, tmp_path / "s", clock) as server:
        assert isinstance(company.wire, StripeWire)
        stay = server.enter()
        body = {"channel": "stripe", "agree": True}
        problem_of(server.ask("POST", "/my/cards", "driver", stay=stay, json={**body, "agree": False}), 422)
        company.switches.set(Fault.TIMEOUT_BEFORE)
        lost = server.ask("POST", "/my/cards", "driver", stay=stay, json=body, headers=key("c1"))
        assert problem_of(lost, 503)["code"] == "card.unknown"
        begun = server.ask("POST", "/my/cards", "driver", stay=stay, json=body, headers=key("c1")).json()
        assert begun["page_url"].startswith(company.books.base_url)
        assert server.ask("GET", "/my/cards", "driver", stay=stay).json()["stands"] is None
        (session,) = company.wire.setups
        company.wire.finish_setup(session)

        def saved() -> bool:  # the driver has closed the page: a job asks
            server.park(seconds=30)
            server.application.jobs.wake()
            return server.ask("GET", "/debts", "manager").status_code == 200 and _agreements(server) == ["stripe"]

        eventually(saved)
        cards = server.ask("GET", "/my/cards", "driver", stay=stay).json()
        assert (cards["stands"]["channel"], cards["tries"][0]["state"]) == ("stripe", "saved")
        server.park(hours=1)
        leave_first(server, stay, 600)

        def collected() -> bool:
            for trade in list(company.books.trades.values()):
                company.books.pay(trade.number)
            server.park(minutes=11)
            server.application.jobs.wake()
            return bool(server.ask("GET", "/debts?state=paid", "manager").json()["items"])

        eventually(collected)
        assert [trade.charges for trade in company.books.trades.values()] == [1]
        entries = server.application.database.read(lambda conn: list(security_store.audit_entries(conn)))
        assert [e.action for e in entries if e.action.startswith("card.")] == ["card.consent"]
        ended = server.ask("DELETE", f"/my/cards/{cards['stands']['agreement_id']}", "driver", stay=stay)
        assert ended.status_code == 204
        assert _agreements(server) == []
        server.park(days=2)  # the car is sold; its next owner agrees on his own, and the old ticket is found
        terms = {"per_stay_minor": 3000, "at_once_minor": 6000, "per_day_minor": 9000}
        new = {"plate": PLATE, "channel": "stripe", "reference": "cus_2/pm_2", **terms}
        theirs = server.ask("POST", "/agreements", "manager", json=new, headers=key("a2")).json()["agreement_id"]
        assert server.ask("GET", "/my/cards", "driver", stay=stay).json()["stands"] is None
        problem_of(server.ask("DELETE", f"/my/cards/{theirs}", "driver", stay=stay), 404)
        again = server.ask("POST", "/my/cards", "driver", stay=stay, json=body, headers=key("c2"))
        assert problem_of(again, 409)["code"] == "stay.not_open"
        assert _agreements(server) == ["stripe"]


def _agreements(server: Server) -> list[str]:
    return [one["channel"] for one in server.ask("GET", "/agreements", "manager").json()["items"]]


def leave_first(server: Server, stay: str, minor: int) -> None:
    visit = f"out-{stay}"
    limit = Money(10_000, "CNY")
    said = ExitPromised(EXIT, VisitId(visit), StayId(stay), Money(minor, "CNY"), limit, f"token-{stay[-20:]}")
    for event in (said, passage(Direction.OUT, visit, PLATE, stay=stay)):
        server.box.note(event, server.clock.now())
    server.box.send()
    server.settle_down()


@pytest.mark.req("PRIV-1")
def test_whoever_only_typed_the_plate_saves_no_card_for_it(tmp_path: Path) -> None:
    clock = ManualClock(MORNING)
    with a_stripe(tmp_path, clock) as company, at(company, "stripe", Method.PAGE, tmp_path / "s", clock) as server:
        stay = server.enter()
        until = clock.now() + timedelta(minutes=5)
        weak = {"Authorization": f"Bearer {paying.ticket(StayId(stay), server.signer, until, at='kiosk')}"}
        body = {"channel": "stripe", "agree": True}
        problem_of(server.ask("POST", "/my/cards", json=body, headers={**weak, **key("c1")}), 403)


@pytest.mark.req("PAY-2", "PRIV-2")
def test_inside_wechat_the_page_gets_what_its_app_confirms_and_the_openid_is_not_kept(tmp_path: Path) -> None:
    clock = ManualClock(MORNING)
    kind = "wechat_in_app"
    with a_wechat(tmp_path, clock, kind) as company, at(company, kind, Method.IN_APP, tmp_path / "s", clock) as server:
        stay = server.enter()
        server.park(hours=2)
        how: dict[str, Any] = {"json": {"channel": kind, "payer": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}
        missing = server.ask("POST", "/my/payments", "driver", stay=stay, json={"channel": kind}, headers=key("p0"))
        assert problem_of(missing, 422)["errors"][0]["field"] == "payer"
        company.switches.set(Fault.TIMEOUT_AFTER, operation="create")
        lost = server.ask("POST", "/my/payments", "driver", stay=stay, headers=key("p1"), **how)
        begun = server.ask("POST", "/my/payments", "driver", stay=stay, headers=key("p1"), **how)
        assert (lost.status_code, begun.status_code) == (503, 201), (lost.text, begun.text)
        said = begun.json()
        assert said["in_app"].keys() == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
        (trade,) = company.books.trades.values()
        company.books.pay(trade.number)
        path = f"/my/payments/{said['payment_id']}"

        def paid() -> bool:
            server.park(seconds=20)
            server.application.jobs.wake()
            return bool(server.ask("GET", path, "driver", stay=stay).json()["state"] == "PAID")

        eventually(paid)
        assert trade.charges == 1
        receipt = server.ask("GET", f"{path}/receipt", "driver", stay=stay).json()
        assert (receipt["amount"]["amount"], receipt["channel"], receipt["plate"]) == (1000, kind, "浙A***45")
        at_desk = server.ask("GET", f"/stays/{stay}/payments/{said['payment_id']}/receipt", "cashier").json()
        assert at_desk["number"] == receipt["number"] == trade.number
        assert b"oUpF8uMuAJO" not in (tmp_path / "s" / "server.db").read_bytes()
        other = server.enter(OTHER_PLATE)
        problem_of(server.ask("GET", f"{path}/receipt", "driver", stay=other), 404)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


def begun(server: Server) -> tuple[str, dict[str, Any]]:
    stay = server.enter()
    server.park(hours=2)
    reply = server.ask("POST", "/my/payments", "driver", stay=stay, json={"channel": "wallet"}, headers=key("p1"))
    return stay, reply.json()


@pytest.mark.req("PAY-2")
def test_a_payment_is_told_over_a_websocket_the_moment_it_is_made(server: Server) -> None:
    stay, payment = begun(server)
    at_address = f"/api/v1/my/payments/{payment['payment_id']}/live"
    with server.client.websocket_connect(at_address, headers={"Origin": HOST}) as socket:
        socket.send_json({"token": server.ticket(stay)})
        assert socket.receive_json()["state"] == "SENT"
        server.approve(payment["pay_url"])
        told = socket.receive_json()
        assert (told["state"], told["amount"]["amount"]) == ("PAID", 1000)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == 1000


@pytest.mark.req("PAY-2")
def test_who_listens_to_payments_and_shows_no_code_takes_nobodys_place(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payment_feed, "MOST_LISTENERS", 1)
    stay, payment = begun(server)
    with running(server.app) as (port, _):
        to = f"ws://127.0.0.1:{port}/api/v1/my/payments"
        own = f"{to}/{payment['payment_id']}/live"
        with connect(f"{to}/none/live", origin=Origin(HOST)), connect(own, origin=Origin(HOST)) as socket:
            socket.send(json.dumps({"token": server.ticket(stay)}))
            assert json.loads(socket.recv())["state"] == "SENT"


def test_a_server_that_stops_lets_go_of_whoever_listens_to_a_payment(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    stay, payment = begun(server)
    at = f"api/v1/my/payments/{payment['payment_id']}/live"
    with running(server.app) as (port, web), connect(f"ws://127.0.0.1:{port}/{at}", origin=Origin(HOST)) as socket:
        socket.send(json.dumps({"token": server.ticket(stay)}))
        assert json.loads(socket.recv())["state"] == "SENT"
        web.should_exit = True
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012  # service restart
    assert not [record for record in caplog.records if record.exc_info]


@contextmanager
def running(app: ASGIApp) -> Iterator[tuple[int, uvicorn.Server]]:
    """The application behind a real socket."""
    web = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, ws=FrameProtocol, lifespan="off", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=web.run)
    thread.start()
    eventually(lambda: web.started)
    yield web.servers[0].sockets[0].getsockname()[1], web
    web.should_exit = True
    thread.join()


@pytest.mark.req("PRIV-1")
@pytest.mark.parametrize("first", ['{"token": "forged.code.here"}', "[]", "no json", '{"token": 7}', "OTHER"])
def test_the_websocket_tells_nothing_to_whoever_does_not_show_the_stays_code(server: Server, first: str) -> None:
    _, payment = begun(server)
    said = first if first != "OTHER" else f'{{"token": "{server.ticket(server.enter(OTHER_PLATE))}"}}'
    with server.client.websocket_connect(f"/api/v1/my/payments/{payment['payment_id']}/live") as socket:
        socket.send_text(said)
        assert socket.receive_json() == {"type": "error", "code": "payment.unknown"}
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == 1008


@pytest.mark.req("PAY-2")
def test_the_receipt_of_an_earlier_payment_stays_as_it_was_whatever_is_paid_later(server: Server) -> None:
    stay = server.enter()

    def pays(name: str) -> str:
        begun = server.ask("POST", "/my/payments", "driver", stay=stay, json={}, headers=key(name)).json()
        server.approve(begun["pay_url"])
        server.settle_down()
        return str(begun["payment_id"])

    def sums_of(payment: str) -> tuple[int, ...]:
        told = server.ask("GET", f"/my/payments/{payment}/receipt", "driver", stay=stay).json()
        bill = told["bill"]
        assert sum(line["amount"]["amount"] for line in bill["lines"]) == bill["total"]["amount"]
        return (told["amount"]["amount"], *(bill[name]["amount"] for name in ("total", "paid", "due")))

    server.park(hours=2)
    first = pays("p1")
    at_once = sums_of(first)
    assert at_once == (1000, 1000, 1000, 0)
    server.park(hours=2)
    second = pays("p2")
    assert sums_of(second)[1:] == (1800, 1800, 0)
    assert sums_of(first) == at_once
    server.park(minutes=2)
    visit = RandomIds().new(server.clock.now())
    server.box.note(passage(Direction.OUT, visit, PLATE, stay=stay), server.clock.now())
    server.box.send()
    server.settle_down()
    assert server.ask("GET", f"/stays/{stay}", "manager").json()["state"] == "closed"
    assert sums_of(first) == at_once
    assert sums_of(second) == (800, 1800, 1800, 0)


def test_what_is_not_paid_has_no_receipt(server: Server) -> None:
    stay, payment = begun(server)
    reply = server.ask("GET", f"/my/payments/{payment['payment_id']}/receipt", "driver", stay=stay)
    assert problem_of(reply, 409)["code"] == "receipt.not_paid"
