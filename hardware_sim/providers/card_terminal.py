"""A simulated card terminal: frames over TCP, a card that somebody holds to it through the side door, one payment at a time."""

from __future__ import annotations

import contextlib
import secrets
import socketserver
import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import httpx

from hardware_sim.providers.books import Announcement, Books, RefundEntry, Refused, Trade, answer_fault, spoiled
from hardware_sim.providers.faults import Fault
from hardware_sim.providers.server import ProviderServer, Request, Response
from hardware_sim.providers.side_door import side_door
from parking.kernel.errors import ParkingError
from parking.kernel.money import Money
from payments.providers import terminal_wire as wire
from payments.providers.base import OrderState

_OPERATIONS = {
    "PAY": "create",
    "QUERY": "query",
    "CANCEL": "close",
    "REFUND": "refund",
    "REFUND_QUERY": "query_refund",
    "BATCH": "statement",
}


class CardTerminalWire:
    """One terminal; over HTTP it has only its side door."""

    name = "card_terminal"

    def __init__(self, books: Books, *, terminal: str = "T1", key: str | None = None) -> None:
        self.books = books
        self.terminal = terminal
        self.key = key or secrets.token_hex(16)
        self.port = 0

    def rotate_keys(self) -> None:
        self.key = secrets.token_hex(16)

    def papers(self) -> dict[str, str]:
        return {"terminal": self.terminal, "key": self.key, "port": str(self.port)}

    def operation(self, request: Request) -> str:  # noqa: ARG002  # it listens on TCP
        return "other"

    def answer(self, request: Request, fault: Fault | None) -> Response:  # noqa: ARG002  # it listens on TCP
        return Response(404, b"{}")

    def callback(self, announcement: Announcement) -> tuple[dict[str, str], bytes]:
        raise AssertionError(f"a terminal calls nobody: {announcement.kind}")

    def heard(self, response: httpx.Response) -> bool:
        return response.is_success

    def reply(self, plain: Mapping[str, Any]) -> bytes | None:
        """The frame that answers a request; None: the line is cut."""
        operation = _OPERATIONS.get(str(plain.get("op")), "other")
        switches = self.books.switches
        if switches.take(Fault.TIMEOUT_BEFORE, Fault.ERROR_500, operation=operation):
            return None
        if switches.take(Fault.KEY_ROTATION):
            self.rotate_keys()
        fault = answer_fault(switches, operation)
        try:
            with self.books.turn:
                fields = self._do(operation, plain, fault)
        except Refused as refused:
            fields = {"refused": refused.code}
        except (ValueError, KeyError, TypeError, ParkingError):
            fields = {"refused": "PARAM_ERROR"}
        if switches.take(Fault.TIMEOUT_AFTER, operation=operation):
            return None
        at = int(self.books.wall().timestamp())
        terminal = "T9" if fault is Fault.WRONG_MERCHANT else self.terminal
        answer = {**fields, "v": 1, "id": plain.get("id"), "terminal": terminal, "at": at}
        return wire.encode(b"forged" if fault is Fault.FORGED_ANSWER else self.key.encode(), answer)

    def _do(self, operation: str, plain: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
        if plain.get("terminal") != self.terminal:
            raise Refused("NO_AUTH")
        if operation == "create":
            return self._shown(self._pay(plain), fault)
        if operation in ("query", "close"):
            number = str(plain["number"])
            trade = self.books.find(number)
            if trade is None and operation == "query":
                return {"number": number, "state": OrderState.ABSENT.value}
            if trade is None:  # the number is taken, so that a late creation finds it closed
                trade = Trade(number, Money(1, "XXX"), "", "", "terminal", OrderState.CLOSED, extra={"never": True})
                self.books.trades[number] = trade
            if operation == "close":
                self.books.close(number)
            return self._shown(trade, fault)
        if operation == "refund":
            amount = Money(plain["amount"], plain["currency"])
            return self._refund(self.books.refund(plain["number"], plain["order_number"], amount, ""))
        if operation == "query_refund":
            known = self.books.refunds.get(plain["number"])
            absent = {"number": plain["number"], "order_number": plain["order_number"], "state": "ABSENT"}
            return absent if known is None else self._refund(known)
        if operation == "statement":
            lines = self._lines(date.fromisoformat(plain["day"]))
            return {"lines": lines, "count": len(lines)}
        raise Refused("NO_SUCH_WORD")

    def _pay(self, plain: Mapping[str, Any]) -> Trade:
        number, expires_at = plain["number"], datetime.fromtimestamp(plain["expires_at"], UTC)
        known = self.books.find(number)
        if known is not None and known.extra.get("never"):
            return known
        others = (self.books.current(t) for t in self.books.trades.values() if t.number != number)
        if known is None and any(t.state is OrderState.WAITING for t in others):
            raise Refused("BUSY")
        amount = Money(plain["amount"], plain["currency"])
        return self.books.open(Trade(number, amount, plain["subject"], "", "terminal", expires_at=expires_at))

    def _shown(self, trade: Trade, fault: Fault | None) -> dict[str, Any]:
        shown = spoiled(trade, fault)
        plain: dict[str, Any] = {"number": shown.number, "state": trade.state.value}
        if not trade.extra.get("never"):
            plain |= {"amount": shown.amount.minor, "currency": shown.amount.currency}
        if trade.paid_at is not None:
            plain |= {"paid_at": int(trade.paid_at.timestamp()), "transaction": trade.transaction, "scheme": "debit"}
        return plain

    def _refund(self, entry: RefundEntry) -> dict[str, Any]:
        plain: dict[str, Any] = {"number": entry.number, "order_number": entry.trade.number, "state": entry.state.value}
        return plain | {"amount": entry.amount.minor, "currency": entry.amount.currency, "transaction": entry.reference}

    def _lines(self, day: date) -> list[dict[str, Any]]:
        trades, refunds = self.books.of_day(day)
        lines: list[dict[str, Any]] = [
            {"number": t.number, "amount": t.amount.minor, "currency": t.amount.currency}
            | {"at": int((t.paid_at or self.books.clock.now()).timestamp()), "transaction": t.transaction}
            for t in trades
        ]
        return lines + [
            {"number": r.trade.number, "refund_number": r.number, "amount": r.amount.minor}
            | {"currency": r.amount.currency, "at": int(r.at.timestamp()), "transaction": r.trade.transaction}
            for r in refunds
        ]


class CardTerminalServer(ProviderServer):
    """The terminal's TCP port beside its side door."""

    def __init__(self, wire_of: CardTerminalWire, *, port: int = 0, tcp_port: int = 0) -> None:
        super().__init__(wire_of, side_door, port=port)
        self._terminal = wire_of
        self._tcp = _Tcp(("127.0.0.1", tcp_port), wire_of)
        wire_of.port = self._tcp.server_address[1]
        self._tcp_thread = threading.Thread(target=lambda: self._tcp.serve_forever(0.05), name="terminal", daemon=True)

    def start(self, *, callbacks: bool = True) -> str:
        self._tcp_thread.start()
        return super().start(callbacks=callbacks)

    def stop(self) -> None:
        self._tcp.shutdown()
        self._tcp.server_close()
        self._tcp_thread.join()
        super().stop()


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], wire_of: CardTerminalWire) -> None:
        self.wire_of = wire_of
        super().__init__(address, _Frames)


class _Frames(socketserver.BaseRequestHandler):
    server: _Tcp

    def handle(self) -> None:
        data = b""
        with contextlib.suppress(OSError, wire.Unproven):  # who does not know the key gets no answer
            self.request.settimeout(60)
            while piece := self.request.recv(4096):
                data += piece
                plain, taken = wire.decode(self.server.wire_of.key.encode(), data)
                if plain is None:
                    continue
                data = data[taken:]
                answer = self.server.wire_of.reply(plain)
                if answer is None:
                    return
                self.request.sendall(answer)
