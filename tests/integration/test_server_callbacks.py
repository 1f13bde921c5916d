"""What a wallet says counts when its key says so, fits the order, and is new: anything else changes nothing (invariant I24)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parking.kernel.chain import canonical
from parking.kernel.clock import ManualClock
from parking.kernel.ids import StayId
from payments import ledger_store
from payments import store as payments_store
from payments.ledger import StaySums
from payments.providers import wire
from tests.builders.application import Server, a_server, problem_of, rows
from tests.builders.journeys import MORNING
from tests.builders.payments import Key
from tests.builders.plumbing import eventually
from tests.builders.wallet import WALLET_KEY, Wallet, a_wallet


class Shop:
    """A server that takes money by a wallet on a real socket; a stay of an hour has an order there. Callbacks come by hand."""

    def __init__(self, server: Server, wallet: Wallet) -> None:
        self.server = server
        self.wallet = wallet
        self.stay_id = server.enter()
        server.park(hours=1)
        key = {"Idempotency-Key": "k"}
        begun = server.ask(
            "POST", "/my/payments", "driver", stay=self.stay_id, json={"channel": "wallet"}, headers=key
        ).json()
        assert begun["state"] == "SENT"
        self.payment_id = begun["payment_id"]
        self.number = str(rows(server, payments_store.payment_table)[0]["number"])

    def approve(self) -> dict[str, Any]:
        """The payer pays; what the wallet would say of it."""
        assert self.wallet.approve(self.number) == 200
        return self.wallet.books.orders[self.number].message.to_plain()

    def call(self, order: Any, *, event: str = "n1", key: Key = WALLET_KEY) -> Any:
        """A callback about `order`, signed with `key`."""
        return self.send(canonical({"id": event, "event": "ORDER", "order": order}), key=key)

    def send(self, body: bytes, *, key: Key = WALLET_KEY, signed: bytes | None = None) -> Any:
        signature = wire.sign(
            key, wire.callback_head(), signed or body, now=self.server.clock.now(), nonce="nonce-of-it"
        )
        return self.server.ask("POST", "/payments/wallet/callback", content=body, headers=signature)

    @property
    def state(self) -> str:
        return str(rows(self.server, payments_store.payment_table)[0]["state"])

    @property
    def sums(self) -> StaySums:
        return self.server.application.database.read(lambda conn: ledger_store.stay_sums(conn, StayId(self.stay_id)))

    def nothing_changed(self) -> bool:
        return self.state == "SENT" and self.sums.captured == 0


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    clock = ManualClock(MORNING)
    with (
        a_wallet(clock) as wallet,
        a_server(tmp_path, providers={"wallet": wallet.provider}, clock=clock) as server,
    ):
        yield Shop(server, wallet)


@pytest.mark.req("PAY-2", "PAY-3")
def test_a_true_callback_captures_once_however_often_it_comes(shop: Shop) -> None:
    order = shop.approve()
    assert [shop.call(order).status_code for _ in range(3)] == [204, 204, 204]
    assert shop.call(order, event="n2").status_code == 204
    assert (shop.state, shop.sums.captured) == ("PAID", 600)
    shop.server.settle_down()
    shown = shop.server.ask("GET", f"/my/payments/{shop.payment_id}", "driver", stay=shop.stay_id).json()
    assert (shown["state"], shown["leave_by"] is not None) == ("PAID", True)
    assert shop.server.ask("GET", "/cases", "manager").json()["items"] == []


@pytest.mark.req("PAY-3")
@pytest.mark.parametrize("forged", ["another key", "an unknown key", "another body", "old", "no signature", "empty"])
def test_a_forged_callback_changes_nothing_and_is_told_nothing(shop: Shop, forged: str) -> None:
    order = shop.approve()
    body = canonical({"id": "n1", "event": "ORDER", "order": order})
    if forged == "another key":
        reply = shop.send(body, key=Key("wallet-1", 9))
    elif forged == "an unknown key":
        reply = shop.send(body, key=Key("wallet-9", 9))
    elif forged == "another body":
        reply = shop.send(body, signed=body + b" ")
    elif forged == "old":
        signature = wire.sign(WALLET_KEY, wire.callback_head(), body, now=shop.server.clock.now(), nonce="n")
        shop.server.park(minutes=20)
        reply = shop.server.ask("POST", "/payments/wallet/callback", content=body, headers=signature)
    elif forged == "no signature":
        reply = shop.server.ask("POST", "/payments/wallet/callback", content=body)
    else:
        reply = shop.server.ask("POST", "/payments/wallet/callback")
    assert problem_of(reply, 401)["code"] == "callback.unverified"
    assert rows(shop.server, payments_store.callback_table) == []
    assert shop.sums.captured == (0 if forged != "old" else shop.sums.captured)


@pytest.mark.req("PAY-3")
@pytest.mark.parametrize("changes", [{"amount": 1}, {"amount": 601}, {"currency": "USD"}])
def test_a_true_signature_over_another_amount_is_a_case_and_no_money(shop: Shop, changes: dict[str, Any]) -> None:
    order = shop.approve()
    problem_of(shop.call({**order, **changes}), 422)
    assert shop.nothing_changed()
    shop.server.settle_down()
    assert [c["reason"] for c in shop.server.ask("GET", "/cases", "manager").json()["items"]] == ["payment_mismatch"]
    assert shop.call(order, event="n2").status_code == 204
    assert (shop.state, shop.sums.captured) == ("PAID", 600)


def test_another_merchants_callback_is_not_ours_whoever_signed_it(shop: Shop) -> None:
    order = shop.approve()
    problem_of(shop.call({**order, "merchant": "another mall"}), 401)
    assert shop.nothing_changed()


def test_a_payment_for_an_order_that_was_never_placed_is_a_case(shop: Shop) -> None:
    order = shop.approve()
    problem_of(shop.call({**order, "number": "P0NEVER"}), 422)
    assert shop.nothing_changed()
    shop.server.settle_down()
    reasons = [c["reason"] for c in shop.server.ask("GET", "/cases", "manager").json()["items"]]
    assert reasons == ["payment_unknown_number"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"id": 5, "order": {}}', b'{"id": "n", "order": null}'])
def test_signed_garbage_is_refused(shop: Shop, body: bytes) -> None:
    problem_of(shop.send(body), 401)
    assert shop.nothing_changed()


def test_an_endless_callback_is_refused(shop: Shop) -> None:
    problem_of(shop.send(b" " * 20_000), 413)
    problem_of(shop.server.ask("POST", "/payments/shells/callback", content=b"{}"), 404)
    problem_of(shop.server.ask("POST", "/payments/UPPER/callback", content=b"{}"), 422)
    assert shop.nothing_changed()


def test_a_paid_order_whose_callback_never_comes_is_asked_for(shop: Shop) -> None:
    shop.approve()
    shop.server.park(seconds=15)
    shop.server.application.jobs.wake()
    eventually(lambda: shop.state == "PAID")
    assert shop.sums.captured == 600
