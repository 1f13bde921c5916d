"""A simulated platform for digital (数电) invoices that speaks 诺诺's wire: signed calls, issuing that takes its time, red-letter forms.

An order is in hand (20) for `issue_s` seconds of the company's clock, then issued (2) with a number of 20 digits and a document, or
failed (22). A number that was used is refused (E9106). A red letter is a form first; one that needs no confirmation is issued by itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from hardware_sim.providers.books import Announcement, Books
from hardware_sim.providers.faults import Fault
from hardware_sim.providers.invoice_papers import pdf
from hardware_sim.providers.server import Request, Response

ISSUE_S = 3.0
_PATH = "/open/v1/services"
_OPERATIONS = {
    "nuonuo.OpeMplatform.requestBillingNew": "issue",
    "nuonuo.OpeMplatform.queryInvoiceResult": "query",
    "nuonuo.OpeMplatform.saveInvoiceRedConfirm": "reverse",
    "nuonuo.OpeMplatform.queryInvoiceRedConfirm": "query_form",
}
_QUOTA = "开票预扣授信额度失败，授信额度不足"
_WRONG_TAX_NUMBER = "购买方纳税人识别号有误"


@dataclass
class Paper:
    """An invoice in the company's books; `cents` is below zero for a red one. `done_at` None: its buyer has to confirm it first."""

    order_no: str
    serial: str
    cents: int
    buyer: str
    buyer_tax_number: str
    done_at: datetime | None
    fail_cause: str = ""
    number: str = ""
    blue_number: str = ""
    form: str = ""
    tax_cents: int = 0


class NuonuoWire:
    """The platform, for one seller."""

    name = "nuonuo"

    def __init__(self, books: Books, *, tax_number: str = "91310000MA1FL3J80X", issue_s: float = ISSUE_S) -> None:
        self.books = books
        self.tax_number = tax_number
        self.issue_s = issue_s
        self.app_key, self.secret, self.token = "60000001", secrets.token_hex(16), secrets.token_hex(16)
        self.papers_by_order: dict[str, Paper] = {}
        self.quota_cents: int | None = None

    def papers(self) -> dict[str, str]:
        named = {"app_key": self.app_key, "app_secret": self.secret, "access_token": self.token}
        return {**named, "tax_number": self.tax_number}

    def rotate_keys(self) -> None:
        self.secret = secrets.token_hex(16)

    def operation(self, request: Request) -> str:
        if request.path.startswith("/pdf/"):
            return "pdf"
        return _OPERATIONS.get(request.headers.get("method", ""), "other")

    def answer(self, request: Request, fault: Fault | None) -> Response:
        if request.path.startswith("/pdf/"):
            return self._pdf(request.path.removeprefix("/pdf/").removesuffix(".pdf"))
        if request.method != "POST" or request.path != _PATH or not self._signed(request):
            return _say("070304", "签名校验失败")
        try:
            content = json.loads(request.body)
            with self.books.turn:
                return self._do(self.operation(request), content, fault)
        except (ValueError, KeyError, TypeError, IndexError):
            return _say("E9000", "参数错误")

    def callback(self, announcement: Announcement) -> tuple[dict[str, str], bytes]:
        raise ValueError(f"this platform announces nothing ({announcement.event_id})")

    def heard(self, response: httpx.Response) -> bool:
        return response.status_code == 200

    def confirm(self, order_no: str) -> None:
        """The buyer agrees to a red letter."""
        with self.books.turn:
            self.papers_by_order[order_no].done_at = self.books.wall()

    def issued(self) -> list[Paper]:
        """Every invoice that stands in the tax bureau's books, in the order of their numbers."""
        for paper in self.papers_by_order.values():
            self._status(paper)
        return sorted((p for p in self.papers_by_order.values() if p.number), key=lambda p: p.number)

    def _signed(self, request: Request) -> bool:
        query = request.query
        text = (
            f"a=services&l=v1&p=open&k={query.get('appkey', '')}&i={query.get('senid', '')}"
            f"&n={query.get('nonce', '')}&t={query.get('timestamp', '')}&f="
        ).encode() + request.body
        right = base64.b64encode(hmac.new(self.secret.encode(), text, hashlib.sha1).digest()).decode()
        stamp = query.get("timestamp", "")
        fresh = stamp.isdecimal() and abs(int(stamp) - self.books.wall().timestamp()) <= 300
        ours = (request.headers.get("accesstoken"), request.headers.get("usertax")) == (self.token, self.tax_number)
        form = len(query.get("senid", "")) == 32 and query.get("nonce", "").isdecimal()
        return form and ours and fresh and hmac.compare_digest(right, request.headers.get("x-nuonuo-sign", ""))

    def _do(self, operation: str, content: dict[str, Any], fault: Fault | None) -> Response:
        if operation == "issue":
            return self._issue(content["order"])
        if operation == "reverse":
            return self._reverse(content)
        if operation == "query":
            paper = self.papers_by_order.get(content["orderNos"][0])
            there = paper is not None and paper.done_at is not None  # a form that waits for its buyer is no invoice
            return _done([self._shown(paper, fault)]) if there and paper else _say("E9500", "未查询到发票")
        if operation == "query_form":
            paper = self.papers_by_order.get(content["billId"])
            forms = [] if paper is None or not paper.form else [self._form(paper)]
            return _done({"total": len(forms), "list": forms})
        return _say("E9001", "没有此接口")

    def _issue(self, order: dict[str, Any]) -> Response:
        number = order["orderNo"]
        if not isinstance(number, str) or not 1 <= len(number) <= 20:
            return _say("E9011", "订单号有误")
        if number in self.papers_by_order:
            return _say("E9106", "订单编号不能重复")
        cents = sum(_cents(line["taxIncludedAmount"]) for line in order["invoiceDetail"])
        parts = sum(_cents(line["tax"]) + _cents(line["taxExcludedAmount"]) for line in order["invoiceDetail"])
        if cents <= 0 or parts != cents or order["salerTaxNum"] != self.tax_number:
            return _say("E9012", "金额或销方税号有误")
        paper = self._hand_in(number, cents, order["buyerName"], order.get("buyerTaxNum", ""))
        paper.tax_cents = sum(_cents(line["tax"]) for line in order["invoiceDetail"])
        if self._is_on(Fault.INVOICE_WRONG_TAX_NUMBER):
            paper.fail_cause = _WRONG_TAX_NUMBER
        used = sum(p.cents for p in self.papers_by_order.values() if not p.fail_cause)
        if self._is_on(Fault.INVOICE_QUOTA) or (self.quota_cents is not None and used > self.quota_cents):
            paper.fail_cause = f"{_QUOTA}，本次开票金额：{cents / 100:.2f}"
        return _done({"invoiceSerialNum": paper.serial})

    def _reverse(self, form: dict[str, Any]) -> Response:
        number = form["orderNo"]
        if number in self.papers_by_order:
            return _say("E9106", "红字确认单申请号不能重复")
        blue = next((p for p in self.issued() if p.number == form["blueElecInvoiceNumber"] and p.cents > 0), None)
        if blue is None:
            return _say("E9501", "未查询到蓝票")
        reds = [p for p in self.papers_by_order.values() if p.blue_number == blue.number and not p.fail_cause]
        left, tax_left = blue.cents + sum(p.cents for p in reds), blue.tax_cents + sum(p.tax_cents for p in reds)
        detail = form.get("detail") or []
        tax = -sum(_cents(d["taxAmount"]) for d in detail) if detail else blue.tax_cents
        cents = tax - sum(_cents(d["taxExcludedAmount"]) for d in detail) if detail else blue.cents
        fits = 0 < cents <= left and tax <= tax_left and cents - tax <= left - tax_left
        if not fits or form["buyerName"] != blue.buyer:
            return _say("E9502", "冲红金额或购方名称有误")
        paper = self._hand_in(number, -cents, blue.buyer, blue.buyer_tax_number)
        paper.tax_cents = -tax
        paper.blue_number, paper.form = blue.number, form["billId"]
        if self._is_on(Fault.INVOICE_BUYER_CONFIRMS):
            paper.done_at = None
        return _done(form["billId"])

    def _hand_in(self, number: str, cents: int, buyer: str, tax_number: str) -> Paper:
        now = self.books.wall()
        serial = f"{now:%y%m%d}{len(self.papers_by_order) + 1:014d}"
        slow = self.books.switches.take(Fault.INVOICE_SLOW)
        wait_s = slow.seconds if slow is not None else self.issue_s
        done_at = datetime.fromtimestamp(now.timestamp() + wait_s, now.tzinfo)
        paper = Paper(number, serial, cents, buyer, tax_number, done_at)
        self.papers_by_order[number] = paper
        return paper

    def _is_on(self, fault: Fault) -> bool:
        return self.books.switches.take(fault) is not None

    def _status(self, paper: Paper) -> str:
        if paper.done_at is None or self.books.wall() < paper.done_at:
            return "20"
        if paper.fail_cause:
            return "22"
        if not paper.number:
            used = sum(bool(p.number) for p in self.papers_by_order.values())
            paper.number = f"26312000{used + 1:012d}"
        return "2"

    def _shown(self, paper: Paper, fault: Fault | None) -> dict[str, Any]:
        status = self._status(paper)
        plain: dict[str, Any] = {"serialNo": paper.serial, "orderNo": paper.order_no, "status": status}
        if status == "22":
            return plain | {"statusMsg": "开票失败", "failCause": paper.fail_cause}
        if status == "20" or paper.done_at is None:
            return plain | {"statusMsg": "开票中"}
        cents = paper.cents + (100 if fault is Fault.WRONG_AMOUNT else 0)
        without = self._is_on(Fault.INVOICE_NO_DOCUMENT)
        return plain | {
            "statusMsg": "开票完成",
            "allElectronicInvoiceNumber": paper.number,
            "invoiceTime": int(paper.done_at.timestamp() * 1000),
            "orderAmount": _yuan(cents),
            "payerName": paper.buyer,
            "payerTaxNo": paper.buyer_tax_number,
            "oldEleInvoiceNumber": paper.blue_number,
            "pdfUrl": "" if without else f"{self.books.base_url}/pdf/{paper.number}.pdf",
        }

    def _form(self, paper: Paper) -> dict[str, Any]:
        waits = paper.done_at is None
        return {"billId": paper.form, "billStatus": "02" if waits else "01", "billMessage": ""}

    def _pdf(self, number: str) -> Response:
        paper = next((p for p in self.issued() if p.number == number), None)
        if paper is None:
            return Response(404, b"", {"content-type": "text/plain"})
        lines = [f"Fapiao {paper.number}", f"Buyer {paper.buyer_tax_number or '-'}", f"CNY {_yuan(paper.cents)}"]
        if paper.blue_number:
            lines.append(f"Takes back {paper.blue_number}")
        return Response(200, pdf(lines), {"content-type": "application/pdf"})


def _say(code: str, sentence: str, result: Any = None) -> Response:
    plain = {"code": code, "describe": sentence, "result": result}
    return Response(200, json.dumps(plain, ensure_ascii=False).encode())


def _done(result: Any) -> Response:
    return _say("E0000", "成功", result)


def _cents(text: str) -> int:
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    whole, _, part = digits.partition(".")
    return sign * (int(whole) * 100 + int(part.ljust(2, "0")))


def _yuan(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
