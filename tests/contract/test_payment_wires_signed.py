"""What leaves for a payment company is signed over exactly the bytes that leave; what comes back is believed when it is proven.

The verifier here is written from the companies' own rules and shares no line with the product.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import respx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from parking.kernel.clock import ManualClock
from parking.kernel.money import Money
from payments.providers.base import NotSent, OrderState, OutcomeUnknown, ProviderRefused
from tests.builders.payments import START
from tests.builders.providers import (
    CAR,
    ENTRY,
    ORDER,
    REFUND,
    a_charge,
    a_stripe_wire,
    a_wechat_wire,
    an_alipay_wire,
    built,
    pair,
    papers_of,
)

pytestmark = pytest.mark.req("PAY-2", "PAY-3")
HOST = "https://company.test"
AT = str(int(START.timestamp()))


def is_signed(pem: str, text: bytes, signature: str) -> bool:
    """RSASSA-PKCS1-v1_5 with SHA-256, by the library alone."""
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, RSAPublicKey)
    try:
        key.verify(base64.b64decode(signature), text, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def sign(pem: str, text: bytes) -> str:
    key = load_pem_private_key(pem.encode(), None)
    return base64.b64encode(key.sign(text, PKCS1v15(), SHA256())).decode()  # type: ignore[union-attr,call-arg,arg-type]


@pytest.fixture
def network() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=HOST, assert_all_called=False) as router:
        yield router


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def wechat(tmp_path: Path, clock: ManualClock) -> Iterator[Any]:
    settings, files = papers_of(a_wechat_wire(clock), "wechat", HOST)
    with built(tmp_path, clock, "wechat", {**settings, "platform_keys": {"PUB_KEY_ID_1": "platform.pem"}}, files) as it:
        yield it


@pytest.fixture
def wechat_parking(tmp_path: Path, clock: ManualClock) -> Iterator[Any]:
    settings, files = papers_of(a_wechat_wire(clock), "wechat_parking", HOST)
    known = {"platform_keys": {"PUB_KEY_ID_1": "platform.pem"}}
    with built(tmp_path, clock, "wechat_parking", {**settings, **known}, files) as it:
        yield it


def wechat_says(
    body: bytes, status: int = 200, *, at: str = AT, pem: str | None = None, serial: str = "PUB_KEY_ID_1"
) -> httpx.Response:
    text = f"{at}\nn1\n".encode() + body + b"\n"
    headers = {
        "Wechatpay-Timestamp": at,
        "Wechatpay-Nonce": "n1",
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature": sign(pem or pair(1).private_pem, text),
    }
    return httpx.Response(status, content=body, headers=headers)


CODE = b'{"code_url":"weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}'


def assert_wechat_signed(request: httpx.Request) -> dict[str, Any]:
    scheme, _, rest = request.headers["authorization"].partition(" ")
    assert scheme == "WECHATPAY2-SHA256-RSA2048"
    fields = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    assert (fields["mchid"], fields["timestamp"], fields["serial_no"]) == ("1230000109", AT, "4A5B6C7D")
    target = request.url.raw_path.decode()
    text = (
        f"{request.method}\n{target}\n{fields['timestamp']}\n{fields['nonce_str']}\n".encode() + request.content + b"\n"
    )
    assert is_signed(pair(2).public_pem, text, fields["signature"])
    assert not is_signed(pair(2).public_pem, text + b" ", fields["signature"])
    return json.loads(request.content) if request.content else {}


def test_a_wechat_order_is_signed_over_the_very_bytes_that_leave(network: respx.MockRouter, wechat: Any) -> None:
    route = network.post("/v3/pay/transactions/native").mock(return_value=wechat_says(CODE))
    outcome = wechat.create(ORDER)
    assert (outcome.state, outcome.pay_url) == (OrderState.WAITING, "weixin://wxpay/bizpayurl?pr=p4lpSuKzz")
    sent = assert_wechat_signed(route.calls.last.request)
    assert len(sent["out_trade_no"]) <= 32
    assert sent["amount"] == {"total": 600, "currency": "CNY"}


def test_wechat_queries_and_plates_in_a_query_are_signed_as_they_are_written(
    network: respx.MockRouter, wechat_parking: Any
) -> None:
    found = network.get("/v3/vehicle/parking/services/find").mock(
        return_value=wechat_says(b'{"service_state":"NORMAL"}')
    )
    assert wechat_parking.agreement(CAR).scenes == {"PLATE_PAY"}
    assert_wechat_signed(found.calls.last.request)
    assert b"%E4%BA%AC" in found.calls.last.request.url.raw_path


def test_the_parameters_of_a_wechat_page_are_signed(network: respx.MockRouter, wechat: Any) -> None:
    network.post("/v3/pay/transactions/jsapi").mock(return_value=wechat_says(b'{"prepay_id":"wx26"}'))
    page = wechat.create_in_app(ORDER, "oUpF8uMuAJO").parameters
    text = f"{page['appId']}\n{page['timeStamp']}\n{page['nonceStr']}\n{page['package']}\n".encode()
    assert page["package"] == "prepay_id=wx26"
    assert is_signed(pair(2).public_pem, text, page["paySign"])


WECHAT_UNPROVEN: dict[str, Callable[[], httpx.Response]] = {
    "unsigned": lambda: httpx.Response(200, content=CODE),
    "an unsigned no": lambda: httpx.Response(401, json={"code": "SIGN_ERROR"}),
    "forged": lambda: wechat_says(CODE, pem=pair(2).private_pem),
    "an unknown serial": lambda: wechat_says(CODE, serial="PUB_KEY_ID_9"),
    "stale": lambda: wechat_says(CODE, at=str(int(AT) - 301)),
    "from the future": lambda: wechat_says(CODE, at=str(int(AT) + 301)),
    "a signed 500": lambda: wechat_says(b'{"code":"SYSTEM_ERROR"}', 500),
    "a signed system error": lambda: wechat_says(b'{"code":"SYSTEM_ERROR"}', 400),
    "not JSON": lambda: wechat_says(b"<html>"),
    "no code": lambda: wechat_says(b"{}"),
    "too long": lambda: wechat_says(b'"' + b"x" * 70_000 + b'"'),
    "absurdly deep": lambda: wechat_says(b"[" * 60_000),
}


@pytest.mark.parametrize("how", WECHAT_UNPROVEN)
def test_a_wechat_answer_that_proves_nothing_leaves_the_outcome_unknown(
    network: respx.MockRouter, wechat: Any, how: str
) -> None:
    network.get("/v3/certificates").mock(return_value=httpx.Response(404))
    network.post("/v3/pay/transactions/native").mock(return_value=WECHAT_UNPROVEN[how]())
    with pytest.raises(OutcomeUnknown) as error:
        wechat.create(ORDER)
    assert ORDER.number not in str(error.value)


def test_a_signed_no_of_wechat_is_a_refusal(network: respx.MockRouter, wechat: Any) -> None:
    network.post("/v3/pay/transactions/native").mock(return_value=wechat_says(b'{"code":"NO_AUTH"}', 403))
    with pytest.raises(ProviderRefused) as error:
        wechat.create(ORDER)
    assert error.value.code == "NO_AUTH"


def test_no_connection_is_told_from_no_answer(network: respx.MockRouter, wechat: Any) -> None:
    network.post("/v3/pay/transactions/native").mock(side_effect=[httpx.ConnectError("x"), httpx.ReadTimeout("x")])
    with pytest.raises(NotSent):
        wechat.create(ORDER)
    with pytest.raises(OutcomeUnknown):
        wechat.create(ORDER)


def test_the_standby_host_is_tried_when_the_first_got_nothing_and_never_after_it_may_have(
    tmp_path: Path, clock: ManualClock
) -> None:
    settings, files = papers_of(a_wechat_wire(clock), "wechat", "https://first.test")
    settings |= {"standby_url": "https://second.test", "platform_keys": {"PUB_KEY_ID_1": "platform.pem"}}
    with respx.mock() as router, built(tmp_path, clock, "wechat", settings, files) as provider:
        first = router.post("https://first.test/v3/pay/transactions/native")
        second = router.post("https://second.test/v3/pay/transactions/native").mock(return_value=wechat_says(CODE))
        first.mock(side_effect=httpx.ConnectError("x"))
        assert provider.create(ORDER).state is OrderState.WAITING
        first.mock(side_effect=httpx.ReadTimeout("x"))
        with pytest.raises(OutcomeUnknown):
            provider.create(ORDER)
        assert second.call_count == 1


def test_wechat_collects_only_after_accepted_and_a_blocked_entry_says_so(
    network: respx.MockRouter, wechat_parking: Any
) -> None:
    blocked = b'{"id":"5K1","out_parking_no":"S1NUMBER","state":"BLOCKED","block_reason":"OVERDUE"}'
    network.post("/v3/vehicle/parking/parkings").mock(return_value=wechat_says(blocked))
    assert wechat_parking.enter(ENTRY).standing == "OVERDUE"
    network.get("/v3/vehicle/transactions/out-trade-no/CNUMBER1").mock(
        return_value=wechat_says(b'{"code":"ORDER_NOT_EXIST"}', 404)
    )
    no = network.post("/v3/vehicle/transactions/parking").mock(
        return_value=wechat_says(b'{"code":"INVALID_REQUEST"}', 400)
    )
    with pytest.raises(ProviderRefused):
        wechat_parking.charge(a_charge())
    assert_wechat_signed(no.calls.last.request)


# --- Alipay ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def alipay(tmp_path: Path, clock: ManualClock) -> Iterator[Any]:
    settings, files = papers_of(an_alipay_wire(clock), "alipay", HOST)
    with built(tmp_path, clock, "alipay", settings, files) as provider:
        yield provider


@pytest.fixture
def alipay_parking(tmp_path: Path, clock: ManualClock) -> Iterator[Any]:
    settings, files = papers_of(an_alipay_wire(clock), "alipay_parking", HOST)
    with built(tmp_path, clock, "alipay_parking", settings, files) as provider:
        yield provider


def alipay_says(answers: dict[str, dict[str, Any]], seen: list[str], *, pem: str | None = None) -> Callable[..., Any]:
    def answer(request: httpx.Request) -> httpx.Response:
        form = assert_alipay_signed(request)
        seen.append(form["method"])
        inner = json.dumps({"code": "10000", "msg": "Success", **answers[form["method"]]}, ensure_ascii=False)
        name = form["method"].replace(".", "_") + "_response"
        signature = sign(pem or pair(1).private_pem, inner.encode())
        return httpx.Response(200, content=f'{{"{name}":{inner},"sign":"{signature}"}}'.encode())

    return answer


def assert_alipay_signed(request: httpx.Request) -> dict[str, str]:
    form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
    text = "&".join(f"{name}={form[name]}" for name in sorted(form) if name != "sign" and form[name])
    assert is_signed(pair(2).public_pem, text.encode(), form["sign"])
    assert (form["sign_type"], form["timestamp"], form["version"]) == ("RSA2", "2026-05-01 10:00:00", "1.0")
    return form


def test_an_alipay_order_is_signed_over_its_sorted_parameters(network: respx.MockRouter, alipay: Any) -> None:
    seen: list[str] = []
    answer = {"alipay.trade.precreate": {"out_trade_no": ORDER.number, "qr_code": "https://qr.alipay.com/bax1"}}
    route = network.post("/gateway.do").mock(side_effect=alipay_says(answer, seen))
    assert alipay.create(ORDER).pay_url == "https://qr.alipay.com/bax1"
    content = json.loads(dict(parse_qsl(route.calls.last.request.content.decode()))["biz_content"])
    assert content["total_amount"] == "6.00"


def test_an_agreement_is_asked_right_before_every_alipay_collection(
    network: respx.MockRouter, alipay_parking: Any
) -> None:
    family = "alipay.eco.mycar.parking"
    seen: list[str] = []
    paid = {"out_trade_no": "CNUMBER1", "trade_no": "2026", "total_fee": "10.00", "gmt_payment": "2026-05-01 10:00:00"}
    answers = {
        "alipay.trade.query": {"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"},
        f"{family}.agreement.query": {"agreement_scene": "ETC_PAY", "agreement_status": "1"},
        f"{family}.order.pay": {**paid, "advance_amount": "10.00"},
    }
    route = network.post("/gateway.do").mock(side_effect=alipay_says(answers, seen))
    outcome = alipay_parking.charge(a_charge())
    assert seen == ["alipay.trade.query", f"{family}.agreement.query", f"{family}.order.pay"]
    assert (outcome.state, outcome.amount, outcome.advanced) == (OrderState.PAID, Money(1000, "CNY"), True)
    content = json.loads(dict(parse_qsl(route.calls.last.request.content.decode()))["biz_content"])
    assert (content["total_fee"], content["pay_scene"], content["after_pay_order"]) == ("10.00", "ETC_PAY", "true")


@pytest.mark.parametrize("scene", ["NO_AGREEMENT_SCENE", "NSF_CHECK_FAILED", "", "PLATE_PAYX"])
def test_no_agreement_is_no_collection(network: respx.MockRouter, alipay_parking: Any, scene: str) -> None:
    seen: list[str] = []
    answers = {
        "alipay.trade.query": {"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"},
        "alipay.eco.mycar.parking.agreement.query": {"agreement_scene": scene, "agreement_status": "0"},
    }
    network.post("/gateway.do").mock(side_effect=alipay_says(answers, seen))
    with pytest.raises(ProviderRefused):
        alipay_parking.charge(a_charge())
    assert not any("order.pay" in method for method in seen)


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "20000", "sub_code": "isp.unknow-error"},
        {"code": "40004", "sub_code": "ACQ.SYSTEM_ERROR"},
        {"out_trade_no": "PNUMBER2", "qr_code": "https://qr.alipay.com/bax1"},
        {"out_trade_no": "PNUMBER1"},
    ],
    ids=["20000", "a system error", "another number", "no code"],
)
def test_what_alipay_does_not_know_is_unknown(network: respx.MockRouter, alipay: Any, answer: dict[str, Any]) -> None:
    network.post("/gateway.do").mock(side_effect=alipay_says({"alipay.trade.precreate": answer}, []))
    with pytest.raises(OutcomeUnknown):
        alipay.create(ORDER)


def test_a_forged_alipay_answer_is_unknown(network: respx.MockRouter, alipay: Any) -> None:
    answer = {"alipay.trade.precreate": {"out_trade_no": ORDER.number, "qr_code": "https://qr.alipay.com/bax1"}}
    network.post("/gateway.do").mock(side_effect=alipay_says(answer, [], pem=pair(2).private_pem))
    with pytest.raises(OutcomeUnknown):
        alipay.create(ORDER)


# --- Stripe ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def stripe(tmp_path: Path, clock: ManualClock) -> Iterator[Any]:
    settings, files = papers_of(a_stripe_wire(clock), "stripe", HOST)
    with built(tmp_path, clock, "stripe", settings, files) as provider:
        yield provider


def by_card() -> Any:
    from payments.providers.abilities import Agreement

    return a_charge(car=None, reference=None, agreement=Agreement("cus_1", "pm_1"))


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_stripe_is_asked_again_under_the_same_key(network: respx.MockRouter, stripe: Any, status: int) -> None:
    intent = {
        "id": "pi_1", "amount": 1000, "amount_received": 1000, "currency": "cny", "status": "succeeded",
        "created": int(AT), "metadata": {"order_number": "CNUMBER1"},
    }  # fmt: skip
    answers = [httpx.Response(status, json={"error": {"type": "api_error"}}), httpx.Response(200, json=intent)]
    route = network.post("/v1/payment_intents").mock(side_effect=answers)
    with pytest.raises(OutcomeUnknown):
        stripe.charge(by_card())
    assert stripe.charge(by_card()).state is OrderState.PAID
    assert [call.request.headers["idempotency-key"] for call in route.calls] == ["CNUMBER1", "CNUMBER1"]
    form = dict(parse_qsl(route.calls.last.request.content.decode()))
    assert (form["off_session"], form["confirm"], form["customer"]) == ("true", "true", "cus_1")


@pytest.mark.parametrize("code", ["authentication_required", "card_declined"])
def test_a_402_of_stripe_is_the_end_of_this_number(network: respx.MockRouter, stripe: Any, code: str) -> None:
    error = {"error": {"type": "card_error", "code": code, "payment_intent": {"status": "requires_payment_method"}}}
    network.post("/v1/payment_intents").mock(return_value=httpx.Response(402, json=error))
    assert stripe.charge(by_card()).state is OrderState.FAILED


def test_no_secret_is_in_any_text_of_a_channel(tmp_path: Path, clock: ManualClock, stripe: Any, wechat: Any) -> None:
    for provider, secret in ((stripe._account, "sk_test"), (wechat.line.account, "0123456789abcdef")):
        assert secret not in repr(provider)
    assert CAR.plate not in repr(CAR)
    assert CAR.plate not in repr(a_charge())
    assert CAR.plate not in repr(ENTRY)
    assert REFUND.number in repr(REFUND)
