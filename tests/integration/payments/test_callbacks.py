"""What comes to the provider's door: true, doubled, late, out of order, forged, stale, about something else (I24).

The simulated wallet signs and sends; the product's own routes answer. Whatever proves nothing changes nothing, and learns
nothing from the answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from hardware_sim.devices.qr_wallet_faults import CallbackFault
from parking.kernel.chain import canonical
from parking.kernel.clock import ManualClock
from parking.kernel.principal import Principal, Scope
from parking.web import errors
from payments import api, journal_api, ledger_store, store
from payments.model import Payment, PaymentState
from payments.providers import wire
from payments.webhooks import LARGEST_CALLBACK, Callbacks
from tests.builders.payments import START, STAY_ID, Desk, Key
from tests.builders.wallet import MERCHANT, WALLET_KEY, Wallet, a_wallet

PATH = "/api/v1/payments/wallet/callback"
pytestmark = pytest.mark.req("PAY-3")


@dataclass
class Door:
    """The whole chain: the wallet on its socket, our routes, the cashier behind them."""

    desk: Desk
    wallet: Wallet
    http: TestClient
    who: list[Principal]

    def pay(self) -> Payment:
        """An hour of parking, an order, a payer who pays; the callback is not yet delivered."""
        self.desk.park(hours=1)
        payment = self.desk.begin()
        assert self.wallet.approve(payment.number) == 200
        return payment

    def deliver(self) -> int:
        """The wallet sends what is due; returns how many of its callbacks we said yes to."""
        transport = _Forward(self.http)
        with httpx.Client(transport=transport) as client:
            return self.wallet.books.deliver_due(client)

    def post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return _answer(self.http.post(PATH, content=body, headers=headers))

    def stored(self) -> list[tuple[str, bytes, str]]:
        table = store.callback_table
        rows = self.desk.database.read(lambda conn: conn.execute(table.select().order_by(table.c.received_at)).all())
        return [(row.event_id, row.body, row.verdict) for row in rows]

    def everything(self) -> tuple[Any, ...]:
        """All that money could be: payments, ledger, balances, events."""
        return (
            self.desk.payments(),
            self.desk.sums(),
            self.desk.database.read(ledger_store.balances),
            self.desk.events(),
            self.stored(),
        )


def _answer(reply: Any) -> httpx.Response:
    return httpx.Response(reply.status_code, headers=list(reply.headers.items()), content=reply.content)


class _Forward(httpx.BaseTransport):
    """Carries the wallet's real requests to our application without a second socket."""

    def __init__(self, http: TestClient) -> None:
        self._http = http

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return _answer(self._http.post(request.url.path, content=request.read(), headers=dict(request.headers)))


@pytest.fixture
def door() -> Iterator[Door]:
    clock = ManualClock(START)
    with a_wallet(clock) as wallet:
        desk = Desk(clock=clock, provider=wallet.provider)
        desk.settings = type(desk.settings)(notify_base="http://mall.test/api/v1/payments")
        desk.restart()
        who: list[Principal] = []
        app = FastAPI()
        errors.install(app)
        app.include_router(api.router(Callbacks(desk.database, desk.providers)), prefix="/api/v1")

        app.include_router(journal_api.router(desk.database, ZoneInfo("Asia/Shanghai")), prefix="/api/v1")

        @app.middleware("http")
        async def recognise(request: Any, call_next: Callable[..., Any]) -> Any:
            if who:
                request.state.principal = who[0]
            return await call_next(request)

        with TestClient(app, raise_server_exceptions=False) as http:
            yield Door(desk, wallet, http, who)


def a_callback(payment: Payment, **changes: Any) -> dict[str, Any]:
    """A true callback's content, but for the changes."""
    order = {
        "merchant": MERCHANT,
        "number": payment.number,
        "state": "PAID",
        "amount": payment.amount.minor,
        "currency": payment.amount.currency,
        "pay_url": None,
        "paid_at": "2026-05-01T03:00:00Z",
        "transaction": "W1",
        **changes,
    }
    return {"id": f"{payment.number}-PAID", "event": "PAID", "order": order}


def signed(door: Door, content: Any, *, key: Key = WALLET_KEY, age_s: float = 0) -> tuple[bytes, dict[str, str]]:
    body = content if isinstance(content, bytes) else canonical(content)
    now = door.desk.clock.now() - timedelta(seconds=age_s)
    return body, wire.sign(key, wire.callback_head(), body, now=now, nonce="n")


def is_problem(reply: httpx.Response, status: int, code: str, payment: Payment | None = None) -> None:
    """A problem+json that names the failure in general words and nothing of ours."""
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json")
    problem = reply.json()
    assert (problem["status"], problem["code"]) == (status, code)
    if payment is not None:
        shown = {key: value for key, value in problem.items() if key not in ("trace_id", "instance")}
        for secret in (payment.number, payment.stay_id, str(payment.amount.minor), "CNY", MERCHANT, "signature"):
            assert secret not in json.dumps(shown)


def test_a_true_callback_settles_the_payment_and_is_kept_as_it_came(door: Door) -> None:
    payment = door.pay()
    assert door.deliver() == 1
    assert door.desk.payment(payment).state is PaymentState.PAID
    [(event_id, body, verdict)] = door.stored()
    assert (event_id, verdict) == (f"{payment.number}-PAID", "changed")
    assert json.loads(body)["order"]["number"] == payment.number
    assert door.desk.captured() == 1
    door.desk.check()


def test_the_answer_to_a_true_callback_is_204_without_a_body(door: Door) -> None:
    payment = door.pay()
    reply = door.post(*signed(door, a_callback(payment)))
    assert (reply.status_code, reply.content) == (204, b"")


def test_the_same_callback_twice_is_one_capture_and_two_times_yes(door: Door) -> None:
    door.wallet.faults.callbacks.append(CallbackFault.TWICE)
    door.pay()
    assert door.deliver() == 2
    assert door.desk.captured() == 1
    assert (door.desk.sums().captured, door.desk.sums().overpaid, door.desk.cases()) == (600, 0, [])
    assert len(door.stored()) == 1
    door.desk.check()


def test_a_replay_of_the_very_bytes_changes_nothing(door: Door) -> None:
    payment = door.pay()
    body, headers = signed(door, a_callback(payment))
    assert door.post(body, headers).status_code == 204
    before = door.everything()
    assert door.post(body, headers).status_code == 204
    assert door.everything() == before
    door.desk.park(seconds=301)
    is_problem(door.post(body, headers), 401, "callback.unverified", payment)
    assert door.everything() == before


def test_a_callback_that_never_comes_is_no_loss_because_we_ask(door: Door) -> None:
    door.wallet.faults.callbacks.append(CallbackFault.NEVER)
    payment = door.pay()
    assert door.deliver() == 0
    door.desk.ask()
    assert door.desk.payment(payment).state is PaymentState.PAID
    door.desk.check()


def test_a_callback_that_comes_late_after_we_asked_changes_nothing(door: Door) -> None:
    door.wallet.faults.callbacks.append(CallbackFault.LATE)
    door.pay()
    door.desk.ask()
    before = door.desk.events()
    door.desk.park(minutes=15)
    assert door.deliver() == 1
    assert door.desk.events() == before
    door.desk.check()


def test_a_callback_may_be_faster_than_the_answer_to_our_order(door: Door) -> None:
    door.desk.park(hours=1)
    raced: list[int] = []
    true_create = door.wallet.provider.create

    def create(order: Any) -> Any:
        outcome = true_create(order)
        door.wallet.approve(order.number)
        raced.append(door.deliver())
        return outcome

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(door.wallet.provider, "create", create)
        payment = door.desk.begin()
    assert raced == [1]
    assert payment.state is PaymentState.PAID
    assert door.desk.captured() == 1
    door.desk.check()


def test_callbacks_out_of_order_end_in_the_same_books(door: Door) -> None:
    door.wallet.faults.newest_first = True
    first = door.pay()
    door.desk.ask()  # we know of the first; its callback is still under way
    door.desk.park(hours=1)
    second = door.desk.begin(key="key-2")
    door.wallet.approve(second.number)
    assert door.deliver() == 2
    assert [door.desk.payment(p).state for p in (first, second)] == [PaymentState.PAID, PaymentState.PAID]
    assert door.desk.sums().captured == 1000
    door.desk.check()


def test_a_closing_that_is_told_after_the_payment_does_not_undo_it(door: Door) -> None:
    payment = door.pay()
    door.deliver()
    before = door.desk.payments()
    stale = a_callback(payment, state="CLOSED", paid_at=None, transaction=None)
    assert door.post(*signed(door, {**stale, "id": "another"})).status_code == 204
    assert door.desk.payments() == before
    door.desk.check()


def test_a_payment_after_the_closing_is_booked_and_shown_to_a_person(door: Door) -> None:
    door.wallet.faults.pays_closed_orders = True
    door.desk.park(hours=1)
    payment = door.desk.begin()
    door.desk.ask(minutes=5)
    door.deliver()
    assert door.desk.payment(payment).state is PaymentState.CLOSED
    door.wallet.approve(payment.number)
    assert door.deliver() == 1
    assert door.desk.payment(payment).state is PaymentState.PAID
    assert door.desk.cases() == ["payment_late"]
    assert door.desk.due() == 0 + 400, "an hour and five minutes cost ten; six are paid"
    door.desk.check()


@pytest.mark.parametrize("fault", [f for f in CallbackFault if f.startswith(("forged", "wrong"))])
def test_what_the_wallet_sends_spoiled_is_refused_and_our_asking_finds_the_truth(
    door: Door, fault: CallbackFault
) -> None:
    door.wallet.faults.callbacks.append(fault)
    payment = door.pay()
    assert door.deliver() == 0
    assert door.desk.payment(payment).is_live
    assert door.desk.sums().captured == 0
    door.desk.ask()
    assert door.desk.payment(payment).state is PaymentState.PAID
    door.desk.check()


@pytest.mark.parametrize(
    "changes",
    [{"amount": 601}, {"amount": 0}, {"amount": -600}, {"currency": "JPY"}, {"number": "P" + "A" * 26}],
    ids=["a fen more", "nothing", "less than nothing", "another currency", "another number"],
)
def test_a_signed_callback_that_does_not_fit_our_order_moves_no_money(door: Door, changes: dict[str, Any]) -> None:
    payment = door.pay()
    reply = door.post(*signed(door, a_callback(payment, **changes)))
    is_problem(reply, 422, "callback.mismatch", payment)
    assert door.desk.payment(payment).is_live
    assert door.desk.sums().captured == 0
    assert [verdict for _, _, verdict in door.stored()] == ["mismatch"]
    assert len(door.desk.cases()) == 1, "a signed contradiction is for a person"
    door.post(*signed(door, a_callback(payment, **changes)))
    assert len(door.desk.cases()) == 1
    door.desk.check()


def _flipped(raw: bytes, place: int) -> bytes:
    return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]


UNPROVEN: dict[str, Callable[[Door, Payment], tuple[bytes, dict[str, str]]]] = {
    "another key": lambda door, p: signed(door, a_callback(p), key=Key("wallet-1", 9)),
    "an unknown key id": lambda door, p: signed(door, a_callback(p), key=Key("wallet-9", 1)),
    "too old": lambda door, p: signed(door, a_callback(p), age_s=301),
    "from the future": lambda door, p: signed(door, a_callback(p), age_s=-301),
    "another merchant": lambda door, p: signed(door, a_callback(p, merchant="mall-2")),
    "not JSON": lambda door, p: signed(door, b"<xml>"),
    "absurdly deep": lambda door, p: signed(door, b"[" * 10_000),
    "no order": lambda door, p: signed(door, {"id": "x"}),
    "no id": lambda door, p: signed(door, {**a_callback(p), "id": 7}),
    "an endless id": lambda door, p: signed(door, {**a_callback(p), "id": "x" * 65}),
    "an amount as text": lambda door, p: signed(door, a_callback(p, amount="600")),
    "an amount as a float": lambda door, p: signed(door, a_callback(p, amount=600.0)),
    "unsigned": lambda door, p: (canonical(a_callback(p)), {}),
    "a changed body": lambda door, p: (
        _flipped(signed(door, a_callback(p))[0], 40),
        signed(door, a_callback(p))[1],
    ),
    "another nonce": lambda door, p: (
        signed(door, a_callback(p))[0],
        {**signed(door, a_callback(p))[1], wire.NONCE: "m"},
    ),
    "a later timestamp": lambda door, p: (
        signed(door, a_callback(p))[0],
        {**signed(door, a_callback(p))[1], wire.TIMESTAMP: str(int(door.desk.clock.now().timestamp()) + 1)},
    ),
    "a timestamp in words": lambda door, p: (
        signed(door, a_callback(p))[0],
        {**signed(door, a_callback(p))[1], wire.TIMESTAMP: "now"},
    ),
    "a signed answer passed off as a callback": lambda door, p: (
        canonical(a_callback(p)),
        wire.sign(
            WALLET_KEY, wire.answer_head(200, "n"), canonical(a_callback(p)), now=door.desk.clock.now(), nonce="n"
        ),
    ),
}


@pytest.mark.parametrize("how", UNPROVEN)
def test_what_proves_nothing_changes_nothing_and_learns_nothing(door: Door, how: str) -> None:
    payment = door.pay()
    before = door.everything()
    reply = door.post(*UNPROVEN[how](door, payment))
    is_problem(reply, 401, "callback.unverified", payment)
    assert door.everything() == before


def test_every_single_bit_of_body_and_signature_counts(door: Door) -> None:
    payment = door.pay()
    body, headers = signed(door, a_callback(payment))
    before = door.everything()
    for place in range(0, len(body), 7):
        assert door.post(_flipped(body, place), headers).status_code == 401
    for place in range(0, 80, 9):
        letter = "A" if headers[wire.SIGNATURE][place] != "A" else "B"
        forged = headers[wire.SIGNATURE][:place] + letter + headers[wire.SIGNATURE][place + 1 :]
        assert door.post(body, {**headers, wire.SIGNATURE: forged}).status_code == 401
    assert door.everything() == before


def test_refusals_look_alike_whatever_the_reason(door: Door) -> None:
    payment = door.pay()

    def shown(how: str) -> dict[str, Any]:
        problem = door.post(*UNPROVEN[how](door, payment)).json()
        return {key: value for key, value in problem.items() if key not in ("trace_id", "instance")}

    first, *others = (shown(how) for how in UNPROVEN)
    assert all(other == first for other in others)


def test_a_callback_of_absurd_length_and_one_for_no_channel_are_turned_away(door: Door) -> None:
    payment = door.pay()
    is_problem(door.post(b"x" * (LARGEST_CALLBACK + 1), {}), 413, "callback.too_large")
    reply = _answer(door.http.post(PATH.replace("wallet", "seashells"), content=b"{}"))
    is_problem(reply, 404, "callback.channel", payment)


def test_the_wallet_tries_again_until_we_have_said_yes(door: Door) -> None:
    payment = door.pay()
    true_write = door.desk.database.awrite

    async def full(work: Any) -> Any:
        raise RuntimeError("the disk is full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(door.desk.database, "awrite", full)
        assert door.deliver() == 0
    assert door.desk.payment(payment).is_live
    assert door.desk.database.awrite == true_write
    door.desk.park(seconds=15)
    assert door.deliver() == 1
    assert door.desk.payment(payment).state is PaymentState.PAID


@pytest.mark.req("PAY-5")
def test_balances_are_for_those_who_may_read_the_ledger(door: Door) -> None:
    door.pay()
    door.deliver()
    url = "/api/v1/ledger/balances"
    assert door.http.get(url).status_code == 401
    door.who.append(Principal("operator", "lin", frozenset({Scope.BILLS_READ})))
    assert door.http.get(url).status_code == 403
    door.who[0] = Principal("operator", "lin", frozenset({Scope.LEDGER_READ}))
    assert door.http.get(url).json() == [
        {"account": "clearing:wallet", "unit": "CNY", "balance": 600},
        {"account": "receivable", "unit": "CNY", "balance": -600},
    ]
    assert STAY_ID not in door.http.get(url).text
