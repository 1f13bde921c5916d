"""The wire of 诺诺's open platform (诺税通 SaaS, digital invoices): signed requests, orders, red-letter forms, what answers say. Pure.

A request is a POST of JSON to `/open/v1/services?senid&nonce&timestamp&appkey` with the method's name in a header; it is signed by
HMAC-SHA1 with the application's secret over `a=services&l=v1&p=open&k=…&i=…&n=…&t=…&f=<body>`. Answers are not signed: TLS vouches
for them, and what they say is believed only as far as it fits our own order.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from parking.kernel.money import Money
from payments.invoices.model import Trouble
from payments.invoices.providers.base import BlueOrder, Issued, RedOrder, Standing
from payments.invoices.tax import part, rate_text, split
from payments.invoices.words import trouble_of
from payments.providers.chinese_text import from_yuan, wall, yuan

PATH = "/open/v1/services"
ISSUE = "nuonuo.OpeMplatform.requestBillingNew"
QUERY = "nuonuo.OpeMplatform.queryInvoiceResult"
RED_FORM = "nuonuo.OpeMplatform.saveInvoiceRedConfirm"
RED_QUERY = "nuonuo.OpeMplatform.queryInvoiceRedConfirm"
DONE, NOT_FOUND, DUPLICATE = "E0000", "E9500", "E9106"
DONE_STATUS, FAILED_STATUS, PENDING_STATUSES = "2", "22", frozenset({"20", "21", "24"})
"""20 being issued, 21 and 24 issued and being sealed (the document comes later)."""
_FORM_FAILED = frozenset({"05", "06", "07", "08", "09", "10", "16"})
_FORM_WAITS_FOR_BUYER = "02"
_SALES_ALLOWANCE, _WRONGLY_ISSUED = "4", "2"


@dataclass(frozen=True, slots=True)
class Seller:
    """Whose invoices they are, and what stands on their one line. `favoured` is the bureau's word for a lower rate, such as 09."""

    tax_number: str
    name: str
    clerk: str
    goods_name: str = "停车费"
    goods_code: str = "3040502020200000000"
    favoured: str = ""
    line: str = "pc"
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """Everything of one request that is signed; the secret is never printed."""

    app_key: str
    app_secret: str = field(repr=False)
    senid: str = ""
    nonce: str = ""
    timestamp: str = ""

    @property
    def query(self) -> str:
        return f"senid={self.senid}&nonce={self.nonce}&timestamp={self.timestamp}&appkey={self.app_key}"

    def sign(self, body: bytes) -> str:
        """The signature of exactly these bytes."""
        head = f"a=services&l=v1&p=open&k={self.app_key}&i={self.senid}&n={self.nonce}&t={self.timestamp}&f="
        digest = hmac.new(self.app_secret.encode(), head.encode() + body, hashlib.sha1).digest()
        return base64.b64encode(digest).decode()


def dump(plain: Mapping[str, Any]) -> bytes:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


def issue_body(order: BlueOrder, seller: Seller) -> dict[str, Any]:
    """An order with one line: amount with tax, one piece; nobody is written to, as nobody's address is known."""
    parts = split(order.amount.minor, order.tax_rate)
    line = {
        "goodsName": seller.goods_name,
        "goodsCode": seller.goods_code,
        "withTaxFlag": "1",
        "num": "1",
        "price": yuan(order.amount),
        "taxRate": rate_text(order.tax_rate),
        "tax": _text(parts.tax),
        "taxExcludedAmount": _text(parts.net),
        "taxIncludedAmount": yuan(order.amount),
        "invoiceLineProperty": "0",
    }
    if seller.favoured:
        line["favouredPolicyFlag"] = seller.favoured
    content: dict[str, Any] = {
        "orderNo": order.order_no,
        "invoiceDate": wall(order.at),
        "invoiceType": "1",
        "invoiceLine": seller.line,
        "buyerName": order.buyer.name,
        "salerTaxNum": seller.tax_number,
        "clerk": seller.clerk,
        "pushMode": "-1",
        "remark": order.remark[:200],
        "invoiceDetail": [line],
    }
    if order.buyer.tax_number:
        content["buyerTaxNum"] = order.buyer.tax_number
    if seller.extension:
        content["extensionNumber"] = seller.extension
    return {"order": content}


def red_body(order: RedOrder, seller: Seller) -> dict[str, Any]:
    """A red-letter form that needs nobody's confirmation is issued by itself, under our order number; part of it names its line."""
    content: dict[str, Any] = {
        "billId": order.order_no,
        "orderNo": order.order_no,
        "blueInvoiceLine": seller.line,
        "applySource": "0",
        "blueElecInvoiceNumber": order.blue_number,
        "sellerTaxNo": seller.tax_number,
        "sellerName": seller.name,
        "buyerName": order.buyer.name,
        "redReason": _WRONGLY_ISSUED if order.is_whole else _SALES_ALLOWANCE,
        "autoInvoice": "1",
    }
    if order.buyer.tax_number:
        content["buyerTaxNo"] = order.buyer.tax_number
    if seller.extension:
        content["extensionNumber"] = seller.extension
    if not order.is_whole:
        parts = part(order.gone_minor, order.amount.minor, order.tax_rate)
        content["detail"] = [
            {
                "blueDetailIndex": "1",
                "goodsName": seller.goods_name,
                "goodsCode": seller.goods_code,
                "taxRate": rate_text(order.tax_rate),
                "taxExcludedAmount": f"-{_text(parts.net)}",
                "taxAmount": f"-{_text(parts.tax)}",
            }
        ]
    return content


def question(order_no: str) -> dict[str, Any]:
    return {"orderNos": [order_no], "isOfferInvoiceDetail": "0"}


def form_question(order_no: str) -> dict[str, Any]:
    return {"identity": "0", "billId": order_no}


def answer(body: bytes) -> tuple[str, str, Any]:
    """Code, sentence and result; ValueError if it is no answer."""
    plain = json.loads(body)
    if not isinstance(plain, dict) or not isinstance(plain.get("code"), str):
        raise ValueError("no answer")
    return plain["code"], str(plain.get("describe") or "")[:200], plain.get("result")


def issued_of(order_no: str, result: Any) -> Issued:
    """What a query's result says of this order; ValueError when it is about another, or is not understood."""
    entry = result[0] if isinstance(result, list) and result else result
    if not isinstance(entry, dict) or entry.get("orderNo") != order_no:
        raise ValueError("about another order")
    status = str(entry.get("status") or "")
    detail = str(entry.get("failCause") or entry.get("statusMsg") or "")[:200]
    if status == FAILED_STATUS:
        return Issued(order_no, Standing.FAILED, trouble=trouble_of(detail), detail=detail)
    if status in PENDING_STATUSES:
        return Issued(order_no, Standing.PENDING, detail=detail)
    if status != DONE_STATUS:
        raise ValueError(f"a status {status[:8]!r} that is not known")
    number = str(entry.get("allElectronicInvoiceNumber") or entry.get("invoiceNo") or "")
    if len(number) != 20 or not (number.isascii() and number.isdecimal()):
        raise ValueError("an invoice without its number")
    at = entry.get("invoiceTime")
    if type(at) is not int or not 0 <= at < 253_402_300_800_000:
        raise ValueError("an invoice without its time")
    url = entry.get("pdfUrl")
    return Issued(
        order_no,
        Standing.ISSUED,
        fiscal_number=number,
        issued_at=datetime.fromtimestamp(at / 1000, UTC),
        amount=_amount(entry),
        pdf_url=url if isinstance(url, str) and url else None,
    )


def form_of(order_no: str, result: Any) -> Issued:
    """What a red-letter form's state says while its invoice is not there."""
    listed = result.get("list") if isinstance(result, dict) else None
    forms = listed if isinstance(listed, list) else []
    form = next((f for f in forms if isinstance(f, dict) and f.get("billId") == order_no), None)
    if form is None:
        return Issued(order_no, Standing.ABSENT)
    status, detail = str(form.get("billStatus") or ""), str(form.get("billMessage") or "")[:200]
    if status in _FORM_FAILED:
        return Issued(order_no, Standing.FAILED, trouble=Trouble.OTHER, detail=detail)
    waits = Trouble.WAITS_FOR_BUYER if status == _FORM_WAITS_FOR_BUYER else None
    return Issued(order_no, Standing.PENDING, trouble=waits, detail=detail)


def _amount(entry: Mapping[str, Any]) -> Money:
    text = str(entry.get("orderAmount") or "").lstrip("-")
    if "." not in text:
        text += ".00"
    return from_yuan(text if len(text.partition(".")[2]) == 2 else text + "0")


def _text(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"
