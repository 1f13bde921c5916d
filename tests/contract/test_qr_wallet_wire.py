"""The wallet's wire: pinned bytes, answers that prove nothing, and what a client must never believe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import respx

from hardware_sim.devices.qr_wallet_faults import AnswerFault
from parking.kernel.clock import ManualClock
from parking.kernel.money import Money
from payments.providers import wire
from payments.providers.base import Order, OrderState, ProviderFault, ProviderRefused
from payments.providers.qr_wallet import QrWallet
from tests.builders.payments import START, Key, nonces
from tests.builders.wallet import MERCHANT, MERCHANT_KEY, WALLET_KEY, a_provider, a_wallet

BASE = "https://wallet.test"
ORDER = Order("PNUMBER1", Money(600, "CNY"), "Parking", "http://127.0.0.1:9/callback", START + timedelta(minutes=5))
ANSWER: dict[str, Any] = {
    "merchant": MERCHANT,
    "number": ORDER.number,
    "state": "WAITING",
    "amount": 600,
    "currency": "CNY",
    "pay_url": "https://wallet.test/payer/PNUMBER1",
    "paid_at": None,
    "transaction": None,
}


def test_the_signed_text_and_the_signature_are_pinned() -> None:
    head = wire.request_head("POST", "/v1/orders")
    text = wire.signed_text(head, "1777600800", "n-1", b'{"a":1}')
    assert text == b'REQUEST\nPOST\n/v1/orders\n1777600800\nn-1\n{"a":1}'
    assert wire.signed_text(wire.answer_head(200, "n-1"), "5", "n-2", b"x") == b"ANSWER\n200\nn-1\n5\nn-2\nx"
    assert wire.signed_text(wire.callback_head(), "5", "n-2", b"x") == b"CALLBACK\n5\nn-2\nx"
    assert wire.sign(Key("k", 1), head, b'{"a":1}', now=START, nonce="n-1") == {
        "wallet-key": "k",
        "wallet-timestamp": "1777600800",
        "wallet-nonce": "n-1",
        "wallet-signature": "Uh5JOvXcNLiYHnEytDzBGAjbVbXzU3-OiRfPayjUsl7qcpQYoYhMWG1Ns2lE-VxyJi2jRZoSwMKvnnIMKmQ7Dw",
    }


def test_an_order_message_reads_back_as_it_was_written() -> None:
    message = wire.OrderMessage(MERCHANT, "P1", OrderState.PAID, Money(600, "CNY"), paid_at=START, transaction="W1")
    plain = json.loads(json.dumps(message.to_plain()))
    assert wire.OrderMessage.from_plain(plain) == message


@pytest.mark.parametrize("key", sorted(ANSWER))
@pytest.mark.parametrize("value", [[], {}, True, 1.5, -0.0])
def test_an_order_message_with_a_value_of_the_wrong_kind_is_no_order(key: str, value: Any) -> None:
    with pytest.raises(ValueError, match="not an order"):
        wire.OrderMessage.from_plain({**ANSWER, key: value})


@pytest.mark.parametrize("plain", [None, [], "order", {}, {"merchant": "x"}])
def test_anything_else_is_no_order(plain: Any) -> None:
    with pytest.raises(ValueError, match="not an order"):
        wire.OrderMessage.from_plain(plain)


@pytest.fixture
def network() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=BASE, assert_all_called=False) as router:
        yield router


@pytest.fixture
def provider() -> Iterator[QrWallet]:
    with httpx.Client(base_url=BASE) as client:
        yield a_provider(client, ManualClock(START))


def signed(
    body: bytes | dict[str, Any], *, status: int = 200, key: Key = WALLET_KEY, age_s: int = 0, nonce: str | None = None
) -> Callable[[httpx.Request], httpx.Response]:
    """An answer of the wallet, signed for the request that comes (or for another nonce)."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(request: httpx.Request) -> httpx.Response:
        head = wire.answer_head(status, nonce or request.headers[wire.NONCE])
        headers = wire.sign(key, head, raw, now=START - timedelta(seconds=age_s), nonce="w-1")
        return httpx.Response(status, content=raw, headers=headers)

    return answer


def test_a_true_answer_is_believed_and_the_request_carries_our_signature(
    network: respx.MockRouter, provider: QrWallet
) -> None:
    route = network.post("/v1/orders").mock(side_effect=signed(ANSWER))
    assert provider.create(ORDER).pay_url == ANSWER["pay_url"]
    request = route.calls.last.request
    head = wire.request_head("POST", "/v1/orders")
    wire.check(MERCHANT_KEY, request.headers, head, request.content, now=START)
    assert json.loads(request.content) == {
        "merchant": MERCHANT,
        "number": "PNUMBER1",
        "amount": 600,
        "currency": "CNY",
        "subject": "Parking",
        "notify_url": ORDER.notify_url,
        "expires_at": "2026-05-01T02:05:00Z",
    }


@pytest.mark.req("PAY-3")
@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(httpx.ConnectError("no route"), id="no connection"),
        pytest.param(httpx.ReadTimeout("slow"), id="time-out"),
        pytest.param(httpx.RemoteProtocolError("cut"), id="cut off"),
        pytest.param(httpx.Response(502, text="bad gateway"), id="an unsigned 502"),
        pytest.param(httpx.Response(200, json=ANSWER), id="unsigned"),
        pytest.param(signed(ANSWER, key=Key("wallet-1", 9)), id="forged"),
        pytest.param(signed(ANSWER, key=Key("wallet-2", 1)), id="signed under an unknown key"),
        pytest.param(signed(ANSWER, age_s=301), id="too old"),
        pytest.param(signed(ANSWER, age_s=-301), id="from the future"),
        pytest.param(signed(ANSWER, nonce="another"), id="the answer to another request"),
        pytest.param(signed({**ANSWER, "amount": 1}), id="another amount"),
        pytest.param(signed({**ANSWER, "currency": "JPY"}), id="another currency"),
        pytest.param(signed({**ANSWER, "merchant": "mall-2"}), id="another merchant"),
        pytest.param(signed({**ANSWER, "number": "PNUMBER2"}), id="another number"),
        pytest.param(signed(b"<html>"), id="not JSON"),
        pytest.param(signed(b"[" * 15_000), id="absurdly deep"),
        pytest.param(signed(b"1" * 20_000), id="absurdly long"),
        pytest.param(signed([]), id="no order"),  # type: ignore[arg-type]  # the wrong kind is the point
        pytest.param(signed({"code": "BUSY"}, status=503), id="a signed 503"),
    ],
)
def test_an_answer_that_proves_nothing_leaves_the_outcome_unknown(
    network: respx.MockRouter, provider: QrWallet, reply: Any
) -> None:
    network.post("/v1/orders").mock(side_effect=[reply] if isinstance(reply, httpx.Response) else reply)
    with pytest.raises(ProviderFault) as error:
        provider.create(ORDER)
    assert ORDER.number not in str(error.value)


@pytest.mark.parametrize("code", ["PARAM_MISMATCH", "NO_AUTH", "ORDER_CLOSED"])
def test_a_signed_no_is_a_refusal_with_its_code(network: respx.MockRouter, provider: QrWallet, code: str) -> None:
    network.post("/v1/orders").mock(side_effect=signed({"code": code, "message": "x"}, status=409))
    with pytest.raises(ProviderRefused) as error:
        provider.create(ORDER)
    assert error.value.code == code


def test_an_unsigned_not_found_is_not_believed(network: respx.MockRouter, provider: QrWallet) -> None:
    network.get("/v1/orders/P1").mock(return_value=httpx.Response(404, json={"code": "ORDER_NOT_EXIST"}))
    with pytest.raises(ProviderFault):
        provider.query("P1")


def test_a_real_time_out_after_the_payer_was_charged_is_unknown_until_asked() -> None:
    with a_wallet(ManualClock(START), timeout_s=0.3, approve_at_once=True) as wallet:
        wallet.faults.answers.append(("create", AnswerFault.HANGS_AFTER))
        with pytest.raises(ProviderFault, match="Timeout"):
            wallet.provider.create(ORDER)
        assert wallet.provider.query(ORDER.number).state is OrderState.PAID
        assert wallet.books.orders[ORDER.number].charges == 1


@pytest.mark.parametrize("fault", [f for f in AnswerFault if f is not AnswerFault.HANGS_AFTER])
def test_every_spoiled_answer_of_the_simulator_is_noticed(fault: AnswerFault) -> None:
    with a_wallet(ManualClock(START)) as wallet:
        wallet.faults.answers.append(("create", fault))
        with pytest.raises(ProviderFault):
            wallet.provider.create(ORDER)
        assert wallet.provider.create(ORDER).state is OrderState.WAITING


def test_the_wallet_refuses_a_request_that_is_forged_replayed_or_for_another_merchant() -> None:
    with a_wallet(ManualClock(START)) as wallet:
        head = wire.request_head("GET", "/v1/orders/P1")
        forged = wire.sign(Key(MERCHANT_KEY.key_id, 9), head, b"", now=START, nonce="x-1")
        assert wallet.client.get("/v1/orders/P1", headers=forged).json()["code"] == "SIGN_ERROR"
        true = wire.sign(MERCHANT_KEY, head, b"", now=START, nonce="x-2")
        assert wallet.client.get("/v1/orders/P1", headers=true).json()["code"] == "ORDER_NOT_EXIST"
        assert wallet.client.get("/v1/orders/P1", headers=true).json()["code"] == "REPLAYED"
        impostor = QrWallet(
            wallet.client,
            merchant="mall-2",
            signer=MERCHANT_KEY,
            verifier=WALLET_KEY,
            clock=ManualClock(START),
            nonces=nonces(),
        )
        with pytest.raises(ProviderRefused, match="PARAM_ERROR"):
            impostor.create(ORDER)


def test_the_payer_sees_the_amount_presses_once_and_is_told_that_it_is_paid() -> None:
    with a_wallet(ManualClock(START)) as wallet:
        url = wallet.provider.create(ORDER).pay_url
        assert url is not None
        assert "¥6.00" in wallet.client.get(url).text
        assert "已支付 · Paid" in wallet.client.post(f"{url}/approve").text
        assert "<button>" not in wallet.client.get(url).text
        assert wallet.client.get("/payer/PNOBODY").status_code == 404


def test_an_order_cannot_be_paid_after_its_expiry() -> None:
    clock = ManualClock(START)
    with a_wallet(clock) as wallet:
        wallet.provider.create(ORDER)
        clock.advance(timedelta(minutes=5))
        wallet.approve(ORDER.number)
        assert wallet.provider.query(ORDER.number).state is OrderState.CLOSED
