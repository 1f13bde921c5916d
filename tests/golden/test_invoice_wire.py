"""The invoice platform's wire, to the byte: what is signed, what is sent, what an answer means."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.kernel.money import Money
from payments.invoices.model import Trouble
from payments.invoices.providers import nuonuo_wire as wire
from payments.invoices.providers.base import BlueOrder, RedOrder, Standing
from tests.builders.invoices import COMPANY, PERSON
from tests.builders.payments import START

pytestmark = pytest.mark.req("INV-1")
SELLER = wire.Seller("91310000MA1FL3J80X", "示范商场有限公司", "王芳")
ORDER = BlueOrder("IAAAAAAAAAAAAAAAAAA1", COMPANY, Money(1090, "CNY"), 900, START, "停车费 1")
CALL = wire.Call("60000001", "0" * 16, senid="1" * 32, nonce="12345678", timestamp="1777600800")


def test_the_signature_is_over_the_very_bytes_that_are_sent() -> None:
    body = wire.dump(wire.issue_body(ORDER, SELLER))
    text = b"a=services&l=v1&p=open&k=60000001&i=" + b"1" * 32 + b"&n=12345678&t=1777600800&f=" + body
    by_hand = base64.b64encode(hmac.new(b"0" * 16, text, hashlib.sha1).digest()).decode()
    assert CALL.sign(body) == by_hand
    assert CALL.sign(body + b" ") != by_hand
    assert CALL.query == f"senid={'1' * 32}&nonce=12345678&timestamp=1777600800&appkey=60000001"
    assert "0" * 16 not in repr(CALL)


def test_a_blue_order_as_it_is_sent() -> None:
    assert wire.dump(wire.issue_body(ORDER, SELLER)).decode() == (
        '{"order":{"orderNo":"IAAAAAAAAAAAAAAAAAA1","invoiceDate":"2026-05-01 10:00:00","invoiceType":"1",'
        '"invoiceLine":"pc","buyerName":"上海某某贸易有限公司","salerTaxNum":"91310000MA1FL3J80X","clerk":"王芳",'
        '"pushMode":"-1","remark":"停车费 1","invoiceDetail":[{"goodsName":"停车费","goodsCode":"3040502020200000000",'
        '"withTaxFlag":"1","num":"1","price":"10.90","taxRate":"0.09","tax":"0.90","taxExcludedAmount":"10.00",'
        '"taxIncludedAmount":"10.90","invoiceLineProperty":"0"}],"buyerTaxNum":"91310000MA1FL3J80T"}}'
    )


def test_a_person_has_no_number_and_nobody_is_written_to() -> None:
    order = wire.issue_body(BlueOrder("I1", PERSON, Money(100, "CNY"), 900, START), SELLER)["order"]
    assert "buyerTaxNum" not in order
    assert not {"buyerPhone", "email", "buyerTel"} & set(order)


def test_part_of_an_invoice_is_taken_back_with_its_line_and_all_of_it_without() -> None:
    whole = RedOrder("IRED", "26312000000000000001", COMPANY, Money(1090, "CNY"), Money(1090, "CNY"), 900)
    part = RedOrder("IRED", "26312000000000000001", COMPANY, Money(109, "CNY"), Money(1090, "CNY"), 900)
    assert "detail" not in wire.red_body(whole, SELLER)
    (line,) = wire.red_body(part, SELLER)["detail"]
    assert (line["taxExcludedAmount"], line["taxAmount"], line["blueDetailIndex"]) == ("-1.00", "-0.09", "1")
    assert wire.red_body(part, SELLER)["blueElecInvoiceNumber"] == "26312000000000000001"


ISSUED = {
    "orderNo": "I1",
    "status": "2",
    "allElectronicInvoiceNumber": "26312000000000000001",
    "invoiceTime": 1777600800000,
    "orderAmount": "10.9",
    "pdfUrl": "https://documents.example/1.pdf",
}


def test_what_an_answer_means() -> None:
    said = wire.issued_of("I1", [ISSUED])
    assert (said.standing, said.amount, said.issued_at) == (Standing.ISSUED, Money(1090, "CNY"), START)
    assert wire.issued_of("I1", [{**ISSUED, "orderAmount": "-10.90"}]).amount == Money(1090, "CNY")
    for status in ("20", "21", "24"):
        assert wire.issued_of("I1", [{"orderNo": "I1", "status": status}]).standing is Standing.PENDING
    failed = wire.issued_of("I1", [{"orderNo": "I1", "status": "22", "failCause": "授信额度不足"}])
    assert (failed.standing, failed.trouble) == (Standing.FAILED, Trouble.QUOTA)


@pytest.mark.parametrize(
    "changes",
    [
        {"orderNo": "I2"},
        {"status": "99"},
        {"allElectronicInvoiceNumber": "123"},
        {"invoiceTime": "yesterday"},
        {"invoiceTime": True},
        {"orderAmount": "ten"},
        {"orderAmount": "1e9"},
    ],
)
def test_an_answer_that_does_not_fit_is_not_believed(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".*"):
        wire.issued_of("I1", [{**ISSUED, **changes}])


@given(st.binary(max_size=64))
def test_no_bytes_break_the_reading_of_an_answer(body: bytes) -> None:
    try:
        code, said, _ = wire.answer(body)
    except (ValueError, RecursionError):
        return
    assert isinstance(code, str)
    assert isinstance(said, str)
