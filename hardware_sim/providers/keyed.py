"""Two simulated companies that share a secret with their merchant: UnionPay's plate pay, and an aggregator of ETC payments."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Protocol

import httpx

from hardware_sim.providers.books import Announcement, Books, RefundEntry, Refused, Trade, spoiled
from hardware_sim.providers.faults import Fault
from hardware_sim.providers.server import Request, Response
from parking.kernel.errors import ParkingError
from parking.kernel.money import Money
from payments.providers import etc_aggregator as etc
from payments.providers import unionpay_plate as unionpay
from payments.providers.abilities import Standing
from payments.providers.base import OrderState
from payments.providers.chinese_text import BEIJING, from_yuan, yuan
from payments.providers.keyed_wire import Digest, Keyed, Unproven


class Company(Protocol):
    """What is one company's own: how its fields are signed, what its calls are named, and what it answers to them."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> Digest: ...

    @property
    def names(self) -> Mapping[str, str]:
        """The operation behind each path."""
        ...

    def refusal(self, code: str) -> dict[str, Any]:
        """The fields of a no."""
        ...

    def do(self, operation: str, plain: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
        """The fields of the answer, spoiled as the fault says; raises Refused."""
        ...

    def told(self, announcement: Announcement) -> dict[str, Any]:
        """The fields of a callback."""
        ...


class KeyedWire:
    """What both share: signatures by a common secret around a company's fields."""

    def __init__(self, books: Books, company: Company, *, own: Mapping[str, str], key: str | None = None) -> None:
        self.books = books
        self.own = dict(own)
        self.key = key or secrets.token_hex(16)
        self._company = company

    @property
    def name(self) -> str:
        return self._company.name

    @property
    def keyed(self) -> Keyed:
        return Keyed(self._company.digest, self.key)

    def rotate_keys(self) -> None:
        self.key = secrets.token_hex(16)

    def papers(self) -> dict[str, str]:
        return {**self.own, "key": self.key}

    def operation(self, request: Request) -> str:
        return self._company.names.get(request.path, "other")

    def answer(self, request: Request, fault: Fault | None) -> Response:
        try:
            plain = self.keyed.open(request.body, now=self.books.clock.now())
        except Unproven:
            return self._signed(self._company.refusal("A0"), "", fault)
        try:
            with self.books.turn:
                fields = self._company.do(self.operation(request), plain, fault)
        except Refused as refused:
            fields = self._company.refusal(refused.code)
            fields |= {k: v for k, v in plain.items() if k in ("orderNo", "order_id")}
        except (ValueError, KeyError, TypeError, ParkingError):
            fields = self._company.refusal("30")
        return self._signed(fields, str(plain.get("rand", "")), fault)

    def _signed(self, fields: Mapping[str, Any], rand: str, fault: Fault | None) -> Response:
        own = dict.fromkeys(self.own, "X") if fault is Fault.WRONG_MERCHANT else self.own
        body = self._body({**own, **fields, "rand": rand}, forged=fault is Fault.FORGED_ANSWER)
        return Response(200, body)

    def _body(self, fields: Mapping[str, Any], *, forged: bool) -> bytes:
        keyed = Keyed(self._company.digest, "forged") if forged else self.keyed
        return keyed.body({**fields, "timestamp": int(self.books.wall().timestamp())})

    def callback(self, announcement: Announcement) -> tuple[dict[str, str], bytes]:
        if self.books.switches.take(Fault.KEY_ROTATION):
            self.rotate_keys()
        forged = announcement.fault is Fault.CALLBACK_FORGED
        fields = {**self.own, **self._company.told(announcement), "rand": self.books.nonces()}
        return {"content-type": "application/json"}, self._body(fields, forged=forged)

    def heard(self, response: httpx.Response) -> bool:
        try:
            return response.status_code == 200 and json.loads(response.content) in ({"respCode": "00"}, {"state": 1})
        except ValueError:
            return False


class UnionpayWire(KeyedWire):
    """UnionPay's plate pay."""

    def __init__(self, books: Books, *, own: Mapping[str, str], key: str | None = None) -> None:
        super().__init__(books, Unionpay(books), own=own, key=key)


class EtcWire(KeyedWire):
    """An aggregator of ETC payments."""

    def __init__(self, books: Books, *, own: Mapping[str, str], key: str | None = None) -> None:
        super().__init__(books, Etc(books), own=own, key=key)


class Unionpay:
    """UnionPay's own words."""

    name = "unionpay_plate"
    digest = Digest.SHA256
    names = {  # noqa: RUF012  # read only
        unionpay.PAY: "charge",
        unionpay.QUERY: "query",
        unionpay.REFUND: "refund",
        unionpay.REFUND_QUERY: "query_refund",
        unionpay.ENROLLED: "agreement",
        unionpay.BILL: "statement",
    }

    def __init__(self, books: Books) -> None:
        self.books = books

    def refusal(self, code: str) -> dict[str, Any]:
        return {"respCode": {"PARAM_MISMATCH": unionpay.DUPLICATE}.get(code, code)}

    def do(self, operation: str, plain: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
        done = {"respCode": unionpay.DONE}
        if operation == "agreement":
            return done if _enrolled(self.books, plain["plateNo"]) else self.refusal(unionpay.NOT_ENROLLED)
        if operation == "charge":
            return done | self._order(self._charge(plain), fault)
        if operation == "query":
            trade = self.books.find(plain["orderNo"])
            return done | ({"orderNo": plain["orderNo"], "status": "N"} if trade is None else self._order(trade, fault))
        if operation == "refund":
            amount = Money(plain["refundAmt"], "CNY")
            entry = self.books.refund(plain["refundNo"], plain["orderNo"], amount, plain.get("notifyUrl", ""))
            return done | self._refund(entry)
        if operation == "query_refund":
            known = self.books.refunds.get(plain["refundNo"])
            absent = {"refundNo": plain["refundNo"], "orderNo": plain["orderNo"], "status": "N"}
            return done | (absent if known is None else self._refund(known))
        if operation == "statement":
            day = datetime.strptime(plain["billDate"], "%Y%m%d").replace(tzinfo=BEIJING).date()
            rows = self._rows(day)
            return done | {"content": "\n".join(rows), "count": len(rows)}
        raise Refused("30")

    def _charge(self, plain: Mapping[str, Any]) -> Trade:
        number, amount = plain["orderNo"], Money(plain["txnAmt"], "CNY")
        known = self.books.find(number)
        if known is not None:
            raise Refused(unionpay.ALREADY_PAID if known.state is OrderState.PAID else unionpay.DUPLICATE)
        if not _enrolled(self.books, plain["plateNo"]):
            raise Refused(unionpay.NOT_ENROLLED)
        trade = Trade(number, amount, "", plain.get("notifyUrl", ""), "parking", OrderState.ACCEPTED)
        return self.books.open(trade)

    def _order(self, trade: Trade, fault: Fault | None) -> dict[str, Any]:
        shown = spoiled(trade, fault)
        letter = {OrderState.PAID: "S", OrderState.ACCEPTED: "P"}.get(trade.state, "F")
        plain: dict[str, Any] = {"orderNo": shown.number, "txnAmt": shown.amount.minor, "status": letter}
        if trade.paid_at is not None:
            plain |= {"payTime": unionpay.stamp(trade.paid_at), "traceNo": trade.transaction}
        return plain

    def _refund(self, entry: RefundEntry) -> dict[str, Any]:
        plain = {"refundNo": entry.number, "orderNo": entry.trade.number, "refundAmt": entry.amount.minor}
        return plain | {"status": "S", "traceNo": entry.reference}

    def _rows(self, day: date) -> list[str]:
        trades, refunds = self.books.of_day(day)
        rows = [
            f"P|{t.number}||{t.amount.minor}|{unionpay.stamp(t.paid_at)}|{t.transaction}|{t.amount.minor * 6 // 1000}"
            for t in trades
            if t.paid_at
        ]
        return rows + [
            f"R|{r.trade.number}|{r.number}|{r.amount.minor}|{unionpay.stamp(r.at)}|{r.trade.transaction}|0"
            for r in refunds
        ]

    def told(self, announcement: Announcement) -> dict[str, Any]:
        about = announcement.about
        if isinstance(about, RefundEntry):
            fields = self._refund(about)
        else:
            assert isinstance(about, Trade)
            fields = self._order(about, announcement.fault)
        return fields | {"eventId": announcement.event_id}


class Etc:
    """An ETC aggregator's own words."""

    name = "etc_aggregator"
    digest = Digest.MD5
    names = {etc.PAY: "charge", etc.QUERY: "query", etc.BILL: "statement"}  # noqa: RUF012  # read only

    def __init__(self, books: Books) -> None:
        self.books = books

    def refusal(self, code: str) -> dict[str, Any]:
        return {"state": 0, "errmsg": code}

    def do(self, operation: str, plain: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
        if operation == "charge":
            if not _enrolled(self.books, plain["car_number"]):
                raise Refused("NO_ETC")
            number, amount = plain["order_id"], from_yuan(plain["total"])
            trade = Trade(number, amount, "", plain.get("notify_url", ""), "etc", OrderState.ACCEPTED)
            return self._order(self.books.open(trade), fault)
        if operation == "query":
            known = self.books.find(plain["order_id"])
            if known is None:
                raise Refused("ORDER_NOT_EXIST")
            return self._order(known, fault)
        if operation == "statement":
            trades, _ = self.books.of_day(date.fromisoformat(plain["date"]))
            rows = [
                f"{t.number},{yuan(t.amount)},{int(t.paid_at.timestamp())},{t.transaction},0.00"
                for t in trades
                if t.paid_at
            ]
            return {"state": 1, "lines": "\n".join(rows), "count": len(rows)}
        raise Refused("NO_SUCH_CALL")

    def _order(self, trade: Trade, fault: Fault | None) -> dict[str, Any]:
        shown = spoiled(trade, fault)
        state = {OrderState.PAID: 1, OrderState.ACCEPTED: 2}.get(trade.state, 0)
        total = f"{shown.amount.minor // 100}.{shown.amount.minor % 100:02d}"
        if shown.amount.currency != "CNY":
            total += f" {shown.amount.currency}"
        plain: dict[str, Any] = {"order_id": shown.number, "total": total, "state": state}
        if trade.paid_at is not None:
            plain |= {"pay_time": int(trade.paid_at.timestamp()), "trade_no": trade.transaction}
        return plain

    def told(self, announcement: Announcement) -> dict[str, Any]:
        assert isinstance(announcement.about, Trade)
        return self._order(announcement.about, announcement.fault) | {"event_id": announcement.event_id}


def _enrolled(books: Books, plate: str) -> bool:
    return books.standings.get(plate) is Standing.ENROLLED


_unionpay: type[Company] = Unionpay
_etc: type[Company] = Etc
