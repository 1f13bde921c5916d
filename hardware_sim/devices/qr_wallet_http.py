"""The wallet's socket: a real HTTP server in a thread, the payer's page, and a thread that calls merchants back."""

from __future__ import annotations

import html
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hardware_sim.company_threads import CompanyThreads
from hardware_sim.devices.qr_wallet import Answer, QrWalletBooks, WalletOrder
from hardware_sim.devices.qr_wallet_faults import AnswerFault
from parking.kernel.chain import canonical
from payments.providers import wire
from payments.providers.base import OrderState
from payments.tariff.explain import money_text

_ORDER = re.compile(r"/v1/orders/([A-Za-z0-9]{1,32})(/close)?")
_PAYER = re.compile(r"/payer/([A-Za-z0-9]{1,32})(/approve)?")

_PAGE = """<!doctype html>
<html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wallet</title><style>
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 24rem; margin: 12vh auto; padding: 0 1rem; text-align: center }}
strong {{ display: block; font-size: 3rem; margin: 1rem }} button {{ font: inherit; padding: .8rem 2.5rem; border: 0;
border-radius: .6rem; background: #0a7d4f; color: #fff }}
</style><h1>模拟钱包 · Simulated wallet</h1><p>{subject}</p><strong>{amount}</strong>{rest}</html>
"""
_BUTTON = '<form method="post" action="/payer/{number}/approve"><button>确认支付 · Pay</button></form>'
_ENDS = {OrderState.PAID: "已支付 · Paid", OrderState.CLOSED: "已关闭 · Closed", OrderState.FAILED: "失败 · Failed"}


class QrWalletServer:
    """The wallet on a port of this machine; `start` returns its base address, `stop` ends its threads."""

    def __init__(self, books: QrWalletBooks, *, port: int = 0) -> None:
        self.books = books
        self._port = port
        self._threads = CompanyThreads("wallet")

    def start(self, *, callbacks: bool = True) -> str:
        """Serve; without `callbacks` somebody else calls `deliver`, so that tests choose the moment."""
        server = _Socket(self._port, self.books, self._threads.stopping)
        self.books.base_url = f"http://127.0.0.1:{server.server_address[1]}"
        self._threads.start(server, self.deliver if callbacks else None)
        return self.books.base_url

    def stop(self) -> None:
        self._threads.stop()

    def deliver(self) -> int:
        """Send the callbacks that are due by the wallet's clock, in this thread."""
        return self.books.deliver_due(self._threads.client)


class _Socket(ThreadingHTTPServer):
    """The listening socket; its handlers find the wallet on it."""

    daemon_threads = True

    def __init__(self, port: int, books: QrWalletBooks, stopping: threading.Event) -> None:
        self.books = books
        self.stopping = stopping
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: _Socket

    def do_GET(self) -> None:
        payer = _PAYER.fullmatch(self.path)
        if payer and not payer[2]:
            self._page(payer[1])
        else:
            self._order("GET")

    def do_POST(self) -> None:
        payer = _PAYER.fullmatch(self.path)
        if payer and payer[2]:
            self._body()
            self.server.books.approve(payer[1])
            self._page(payer[1])
        else:
            self._order("POST")

    def log_message(self, *_: object) -> None:
        """Nothing: the demo's terminal belongs to the cars."""

    def _body(self) -> bytes:
        length = self.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > wire.LARGEST_BODY:
            self.close_connection = True
            return b""
        return self.rfile.read(int(length))

    def _order(self, method: str) -> None:
        body = self._body()
        order = _ORDER.fullmatch(self.path)
        operation = "query" if method == "GET" else "close" if order and order[2] else "create"
        fault = self.server.books.faults.take_answer(operation)
        if fault is AnswerFault.LOST_BEFORE:
            self.close_connection = True
            return
        if fault is AnswerFault.ERROR_500:
            self._reply(500, {}, b"<h1>oops</h1>", "text/html")
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self._answer(method, operation, order, headers, body)
        if fault is AnswerFault.HANGS_AFTER:
            self.server.stopping.wait(10)
        if fault in (AnswerFault.LOST_AFTER, AnswerFault.HANGS_AFTER):
            self.close_connection = True
            return
        signed, raw = self.server.books.sign_answer(answer, headers.get(wire.NONCE, ""), fault)
        self._reply(answer.status, signed, raw, "application/json")

    def _answer(
        self, method: str, operation: str, order: re.Match[str] | None, headers: dict[str, str], body: bytes
    ) -> Answer:
        merchant = self.server.books.merchant_of(method, self.path, headers, body)
        if isinstance(merchant, Answer):
            return merchant
        if operation == "create" and self.path == "/v1/orders":
            return self.server.books.create(merchant, body)
        if order is None or (operation == "query") == bool(order[2]):
            return Answer(404, {"code": "NO_SUCH_PAGE", "message": "no such address"})
        return (
            self.server.books.query(merchant, order[1])
            if operation == "query"
            else self.server.books.close(merchant, order[1])
        )

    def _page(self, number: str) -> None:
        order = self.server.books.orders.get(number)
        if order is None:
            self._reply(404, {}, canonical({"code": "ORDER_NOT_EXIST"}), "application/json")
            return
        self._reply(200, {}, page(order).encode(), "text/html; charset=utf-8")

    def _reply(self, status: int, headers: dict[str, str], body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-type": kind, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def page(order: WalletOrder) -> str:
    """What the payer sees after scanning."""
    message = order.message
    rest = _ENDS.get(message.state) or _BUTTON.format(number=message.number)
    return _PAGE.format(subject=html.escape(order.subject), amount=html.escape(money_text(message.amount)), rest=rest)
