"""The bytes of every payment company's wire, both ways: what we write, and what we read of theirs."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from parking.kernel.money import Money
from payments.providers import (
    alipay_wire,
    chinese_text,
    keyed_wire,
    stripe_wire,
    terminal_wire,
    wechat_parking_wire,
    wechat_wire,
)
from payments.providers.abilities import LineKind, RefundState, Standing
from payments.providers.base import OrderState
from tests.builders.payments import START
from tests.builders.providers import CAR, ENTRY, ORDER, REFUND, a_charge, pair

pytestmark = pytest.mark.req("PAY-2")
API_KEY = b"0123456789abcdef0123456789abcdef"
SEALED = {
    "algorithm": "AEAD_AES_256_GCM",
    "ciphertext": "Eu69zaqBCIwQaJNlb7tiHQ9k+Fz80zx5YzOYHKwl/geBbi9ljwuu9FA=",
    "nonce": "abcdefghijkl",
    "associated_data": "transaction",
}


class Takes:
    """A key that takes one text with one signature."""

    def __init__(self, text: bytes, signature: str = "c2ln") -> None:
        self.text, self.signature = text, signature

    def verify(self, message: bytes, signature: str) -> bool:
        return (message, signature) == (self.text, self.signature)


# --- WeChat Pay v3 ---------------------------------------------------------------------------------------------------


def test_wechat_signs_five_lines_that_each_end() -> None:
    text = wechat_wire.request_text("POST", "/v3/pay/transactions/native", "1777600800", "593BEC0C930BF1AF", b'{"a":1}')
    assert text == b'POST\n/v3/pay/transactions/native\n1777600800\n593BEC0C930BF1AF\n{"a":1}\n'
    empty = wechat_wire.request_text("GET", "/v3/certificates?x=1", "1777600800", "n", b"")
    assert empty == b"GET\n/v3/certificates?x=1\n1777600800\nn\n\n"
    assert wechat_wire.answer_text("1777600800", "n", b"") == b"1777600800\nn\n\n"


def test_wechat_names_merchant_nonce_time_serial_and_signature() -> None:
    header = wechat_wire.authorization(merchant="1230000109", serial="4A", timestamp="17", nonce="n", signature="c2ln")
    assert header == (
        'WECHATPAY2-SHA256-RSA2048 mchid="1230000109",nonce_str="n",timestamp="17",serial_no="4A",signature="c2ln"'
    )


def test_wechat_seals_with_the_tag_at_the_end_and_opens_the_same() -> None:
    plain = b'{"trade_state":"SUCCESS"}'
    assert wechat_wire.seal(API_KEY, plain, nonce="abcdefghijkl", associated="transaction") == SEALED
    assert wechat_wire.unseal(API_KEY, SEALED) == plain
    for name, value in {
        "nonce": "abcdefghijkm",
        "associated_data": "x",
        "algorithm": "NONE",
        "ciphertext": "AAAA",
    }.items():
        with pytest.raises(wechat_wire.Unproven):
            wechat_wire.unseal(API_KEY, {**SEALED, name: value})


def test_wechat_orders_refunds_entries_and_collections_as_bytes() -> None:
    order = wechat_wire.order_body(ORDER, appid="wx1", merchant="123")
    assert wechat_wire.dump(order).decode() == (
        '{"appid":"wx1","mchid":"123","description":"停车费 Parking","out_trade_no":"PNUMBER1",'
        '"time_expire":"2026-05-01T10:05:00+08:00","notify_url":"http://127.0.0.1:9/callback",'
        '"amount":{"total":600,"currency":"CNY"}}'
    )
    assert wechat_wire.order_body(ORDER, appid="wx1", merchant="123", payer="oUp")["payer"] == {"openid": "oUp"}
    assert wechat_wire.dump(wechat_wire.refund_body(REFUND)).decode() == (
        '{"out_trade_no":"PNUMBER1","out_refund_no":"RNUMBER1","reason":"价格更正",'
        '"notify_url":"http://127.0.0.1:9/callback","amount":{"refund":200,"total":600,"currency":"CNY"}}'
    )
    assert wechat_wire.dump(wechat_parking_wire.entry_body(ENTRY)).decode() == (
        '{"out_parking_no":"S1NUMBER","plate_number":"京A12345","plate_color":"BLUE",'
        '"notify_url":"http://127.0.0.1:9/callback","start_time":"2026-05-01T08:00:00+08:00","parking_name":"示范商场",'
        '"free_duration":900}'
    )
    assert wechat_wire.dump(wechat_parking_wire.charge_body(a_charge(), appid="wx1")).decode() == (
        '{"appid":"wx1","description":"停车费 Parking","out_trade_no":"CNUMBER1","trade_scene":"PARKING",'
        '"notify_url":"http://127.0.0.1:9/callback","amount":{"total":1000,"currency":"CNY"},'
        '"parking_info":{"parking_id":"5KS1NUMBER","plate_number":"京A12345","plate_color":"BLUE",'
        '"start_time":"2026-05-01T08:00:00+08:00","end_time":"2026-05-01T10:00:00+08:00","parking_name":"示范商场",'
        '"charging_duration":7200}}'
    )
    assert wechat_parking_wire.find_target(CAR, appid="wx1") == (
        "/v3/vehicle/parking/services/find?appid=wx1&plate_number=%E4%BA%ACA12345&plate_color=BLUE"
    )


@pytest.mark.parametrize("wrong", [{"reference": None}, {"car": None}])
def test_wechat_is_never_asked_to_collect_without_car_or_entry(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a collection names"):
        wechat_parking_wire.charge_body(a_charge(**wrong), appid="wx1")


def test_wechat_transactions_say_who_advanced_and_who_paid_back() -> None:
    plain = {
        "appid": "wx1", "mchid": "123", "out_trade_no": "C1", "transaction_id": "4200", "trade_state": "SUCCESS",
        "bank_type": "BPA", "user_repaid": "N", "success_time": "2026-05-01T10:00:00+08:00",
        "amount": {"total": 1000, "payer_total": 900, "currency": "CNY"},
    }  # fmt: skip
    outcome = wechat_wire.outcome_of(plain, merchant="123", appid="wx1")
    assert (outcome.state, outcome.amount, outcome.paid_at) == (OrderState.PAID, Money(1000, "CNY"), START)
    assert (outcome.advanced, outcome.repaid, outcome.transaction) == (True, False, "4200")
    back = wechat_wire.outcome_of({**plain, "user_repaid": "Y"}, merchant="123", appid="wx1")
    assert back.repaid is True
    wrongs: list[dict[str, Any]] = [{"mchid": "124"}, {"appid": "wx2"}, {"trade_state": "??"}, {"amount": {}}]
    for wrong in [*wrongs, {"amount": {"total": "1000"}}]:
        with pytest.raises(ValueError, match=r"merchant|transaction|amount"):
            wechat_wire.outcome_of({**plain, **wrong}, merchant="123", appid="wx1")


def test_wechat_tells_of_a_parking_that_was_blocked() -> None:
    resource = {
        "out_parking_no": "S1", "parking_id": "5K", "parking_state": "BLOCKED",
        "state_update_time": "2026-05-01T10:00:00+08:00", "plate_number": "京A12345",
    }  # fmt: skip
    told = wechat_parking_wire.standing_changed(resource)
    assert (told.number, told.reference, told.standing, told.at) == ("S1", "5K", Standing.PAUSED, START)


BILL = """\
交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,微信退款单号,商户退款单号,退款金额,手续费
`2026-05-01 10:00:00,`wx1,`123,`4200,`P1,`SUCCESS,`CNY,`6.00,`0,`0,`0.00,`0.03600
`2026-05-01 11:00:00,`wx1,`123,`4200,`P1,`REFUND,`CNY,`0.00,`5000,`R1,`2.00,`-0.01200
总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额
`2,`6.00,`2.00,`0.00,`0.02400,`6.00,`2.00
"""


@pytest.mark.req("PAY-5")
def test_wechat_bills_are_read_line_by_line_and_a_short_one_is_refused() -> None:
    paid, back = wechat_wire.bill_lines(("\ufeff" + BILL).encode())
    assert (paid.kind, paid.number, paid.amount, paid.fee_minor) == (LineKind.PAYMENT, "P1", Money(600, "CNY"), 4)
    assert (back.kind, back.refund_number, back.amount, back.fee_minor) == (
        LineKind.REFUND,
        "R1",
        Money(200, "CNY"),
        -1,
    )
    short = "\n".join(line for line in BILL.splitlines() if "REFUND" not in line)
    with pytest.raises(ValueError, match="cut short"):
        wechat_wire.bill_lines(short.encode())
    with pytest.raises(ValueError, match="row 3 of the bill"):
        wechat_wire.bill_lines(BILL.replace("`2.00,`-0.01200", "`2,00,`-0.01200").encode())


# --- Alipay ----------------------------------------------------------------------------------------------------------


def test_alipay_signs_what_is_not_empty_sorted() -> None:
    assert alipay_wire.signed_text({"b": "2", "sign": "x", "a": "1", "empty": ""}) == b"a=1&b=2"
    assert alipay_wire.signed_notice_text({"b": "2", "sign_type": "RSA2", "sign": "x"}) == b"b=2"


def test_alipay_requests_as_bytes() -> None:
    signed: list[bytes] = []

    def sign(text: bytes) -> str:
        signed.append(text)
        return "c2ln"

    form = alipay_wire.request("alipay.trade.query", {"out_trade_no": "P1"}, app_id="2021", now=START, sign=sign)
    assert signed == [
        b'app_id=2021&biz_content={"out_trade_no":"P1"}&charset=utf-8&format=JSON&method=alipay.trade.query'
        b"&sign_type=RSA2&timestamp=2026-05-01 10:00:00&version=1.0"
    ]
    assert form == (
        b"app_id=2021&method=alipay.trade.query&format=JSON&charset=utf-8&sign_type=RSA2"
        b"&timestamp=2026-05-01+10%3A00%3A00&version=1.0&biz_content=%7B%22out_trade_no%22%3A%22P1%22%7D&sign=c2ln"
    )
    assert alipay_wire.order_content(ORDER, seller_id="2088") == {
        "out_trade_no": "PNUMBER1",
        "total_amount": "6.00",
        "subject": "停车费 Parking",
        "seller_id": "2088",
        "time_expire": "2026-05-01 10:05:00",
    }


@pytest.mark.parametrize(
    "inner",
    ['{"code":"10000"}', '{ "code" : "10000" , "msg":"中\\u6587" }', '{"code":"10000","sign":"}\\"","a":{"b":[1]}}'],
    ids=["short", "with blanks", "with braces in texts"],
)
def test_alipay_answers_are_proven_by_their_very_text(inner: str) -> None:
    body = f'{{"alipay_trade_query_response":{inner},"sign":"c2ln"}}'.encode()
    assert alipay_wire.answer("alipay.trade.query", body, Takes(inner.encode()))["code"] == "10000"
    with pytest.raises(alipay_wire.Unproven):
        alipay_wire.answer("alipay.trade.query", body, Takes(inner.encode() + b" "))
    swapped = f'{{"sign":"c2ln","alipay_trade_query_response":{inner}}}'.encode()
    with pytest.raises(alipay_wire.Unproven):
        alipay_wire.answer("alipay.trade.query", swapped, Takes(inner.encode()))


def test_alipay_codes_mean_done_no_or_nobody_knows() -> None:
    assert alipay_wire.failure({"code": "10000"}) is None
    assert alipay_wire.failure({"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"}) == alipay_wire.Refused(
        "ACQ.TRADE_NOT_EXIST"
    )
    for unknown in ({"code": "20000"}, {"code": "10003"}, {"code": "40004", "sub_code": "ACQ.SYSTEM_ERROR"}, {}):
        with pytest.raises(ValueError, match="answered"):
            alipay_wire.failure(unknown)


def test_an_alipay_trade_that_was_closed_by_its_full_refund_was_paid() -> None:
    plain = {
        "out_trade_no": "P1", "trade_no": "2026", "trade_status": "TRADE_CLOSED", "total_amount": "6.00",
        "gmt_payment": "2026-05-01 10:00:00",
    }  # fmt: skip
    assert alipay_wire.outcome_of(plain).state is OrderState.CLOSED
    back = alipay_wire.outcome_of({**plain, "refund_fee": "6.00"})
    assert (back.state, back.paid_at) == (OrderState.PAID, START)


# --- Stripe ----------------------------------------------------------------------------------------------------------


def test_stripe_forms_have_brackets() -> None:
    plain = {"amount": 600, "off_session": True, "metadata": {"order_number": "P1"}, "items": [{"q": 1}], "none": None}
    assert stripe_wire.form(plain) == (
        b"amount=600&off_session=true&metadata%5Border_number%5D=P1&items%5B0%5D%5Bq%5D=1"
    )


def test_stripe_signs_time_and_body() -> None:
    body, at = b'{"id":"evt_1"}', 1_777_600_800
    value = "f40512f44eff66775f9e7b9ea8c230b3d4bb9d7f5f70fd05eb3aa263e706d565"
    assert stripe_wire.signature("whsec_test", at, body) == value
    now = datetime.fromtimestamp(at, UTC)
    stripe_wire.check(("old", "whsec_test"), {"stripe-signature": f"t={at},v1=00,v1={value},v0=1"}, body, now=now)
    for wrong, code in {
        "": "unsigned",
        f"v1={value}": "unsigned",
        f"t={at}": "unsigned",
        f"t={at},t={at},v1={value}": "unsigned",
        f"t=now,v1={value}": "timestamp",
        f"t={at + 1},v1={value}": "signature",
        f"t={at},v0={value}": "unsigned",
    }.items():
        with pytest.raises(stripe_wire.Unproven, match=code):
            stripe_wire.check(("whsec_test",), {"stripe-signature": wrong}, body, now=now)
    for seconds in (301, -301):
        later = now + timedelta(seconds=seconds)
        with pytest.raises(stripe_wire.Unproven, match="age"):
            stripe_wire.check(("whsec_test",), {"stripe-signature": f"t={at},v1={value}"}, body, now=later)


# --- shared secrets, terminals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("digest", "value"),
    [
        (keyed_wire.Digest.SHA256, "E7C3AAA2CB715D9876C0ADA0AF5B2BD5141D4481CAE7581261053655B3BF767D"),
        (keyed_wire.Digest.MD5, "2DA2786979C1A046D264DD140AFACAF6"),
    ],
)
def test_a_shared_secret_signs_sorted_lower_case_pairs(digest: keyed_wire.Digest, value: str) -> None:
    keyed = keyed_wire.Keyed(digest, "secret")
    fields = {"orderNo": "P1", "merId": "M1", "amt": 600, "rand": "r1", "timestamp": 1_777_600_800, "empty": ""}
    assert keyed.text(fields) == b"amt=600&merid=M1&orderno=P1&rand=r1&timestamp=1777600800&key=secret"
    assert keyed.sign(fields) == value
    now = datetime.fromtimestamp(1_777_600_800, UTC)
    assert keyed.open(keyed.body(fields), now=now, rand="r1")["orderNo"] == "P1"
    assert "secret" not in repr(keyed)
    with pytest.raises(keyed_wire.Unproven, match="another request"):
        keyed.open(keyed.body(fields), now=now, rand="r2")
    with pytest.raises(keyed_wire.Unproven, match="age"):
        keyed.open(keyed.body(fields), now=now + timedelta(seconds=301))


FRAME = bytes.fromhex(
    "00387b226964223a226e31222c226f70223a225155455259227d"
    "56eb9dd18de80360ee9e780b727bd037c10d6b1502a56ef616e6e1c5980e1dc4"
)


def test_terminal_frames_both_ways() -> None:
    assert terminal_wire.encode(b"k", {"op": "QUERY", "id": "n1"}) == FRAME
    assert terminal_wire.decode(b"k", FRAME + b"\x00") == ({"op": "QUERY", "id": "n1"}, len(FRAME))
    assert all(terminal_wire.decode(b"k", FRAME[:length]) == (None, 0) for length in range(len(FRAME)))
    for place in range(2, len(FRAME)):
        bent = FRAME[:place] + bytes([FRAME[place] ^ 1]) + FRAME[place + 1 :]
        with pytest.raises(terminal_wire.Unproven):
            terminal_wire.decode(b"k", bent)


def test_a_card_number_has_no_way_in() -> None:
    paid = {"number": "P1", "state": "PAID", "amount": 600, "currency": "CNY", "paid_at": 1_777_600_800}
    good = terminal_wire.outcome_of({**paid, "transaction": "000123456789"}, page="terminal://T1", raw=b"")
    assert good.transaction == "000123456789"
    for field in ("transaction", "number"):
        with pytest.raises(ValueError, match="card number"):
            terminal_wire.outcome_of({**paid, "transaction": "1", field: "4242424242424242"}, page="", raw=b"")
    dropped = terminal_wire.outcome_of({**paid, "transaction": "1", "pan": "4242424242424242"}, page="", raw=b"")
    assert "4242" not in repr(dropped)


def test_yuan_have_two_decimals_and_nothing_else() -> None:
    assert [chinese_text.yuan(Money(m, "CNY")) for m in (0, 5, 600, 123456)] == ["0.00", "0.05", "6.00", "1234.56"]
    assert chinese_text.from_yuan("1234.56") == Money(123456, "CNY")
    for wrong in ("6", "6.0", "6.000", "-6.00", "6.00 ", "６.00", "1e2", "", None, 6.0):
        with pytest.raises(ValueError, match="not yuan"):
            chinese_text.from_yuan(wrong)
    with pytest.raises(ValueError, match="CNY"):
        chinese_text.yuan(Money(1, "USD"))
    assert chinese_text.wall(START) == "2026-05-01 10:00:00"
    assert chinese_text.from_wall("2026-05-01 10:00:00") == START
    assert date(2026, 5, 1) == START.astimezone(chinese_text.BEIJING).date()


def test_a_signature_has_one_spelling() -> None:
    signature = pair(1).signer.sign(b"text")
    assert signature.endswith("==")
    assert pair(1).verifier.verify(b"text", signature)
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    respelt = signature[:-3] + last[last.index(signature[-3]) ^ 1] + "=="
    assert base64.b64decode(respelt) == base64.b64decode(signature)
    assert not pair(1).verifier.verify(b"text", respelt)


def test_the_goldens_above_are_made_by_nobody_of_ours() -> None:
    body = b'{"id":"n1","op":"QUERY"}'
    assert FRAME[2:] == body + hmac.new(b"k", body, hashlib.sha256).digest()
    assert len(base64.b64decode(SEALED["ciphertext"])) == len(b'{"trade_state":"SUCCESS"}') + 16
    assert wechat_wire.refund_of(
        {"out_refund_no": "R", "out_trade_no": "P", "status": "ABNORMAL", "amount": {"refund": 1}, "refund_id": "5"}
    ).state is RefundState.FAILED  # fmt: skip
