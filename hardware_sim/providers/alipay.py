"""A simulated Alipay: one gateway with trades, the car-owner parking service, refunds and bills.

Its quirks are the real one's: a code that nobody has scanned is no trade yet, and an answer to a refund sums up all refunds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx

from hardware_sim.providers.alipay_rendering import OPERATIONS, bill_of, digits, trade_of
from hardware_sim.providers.books import Announcement, Books, Parking, RefundEntry, Refused, Trade, spoiled
from hardware_sim.providers.faults import Fault
from hardware_sim.providers.keys import RsaPair
from hardware_sim.providers.server import Request, Response
from parking.kernel.errors import ParkingError
from payments.providers import alipay_wire as wire
from payments.providers.abilities import Standing
from payments.providers.base import OrderState
from payments.providers.chinese_text import from_wall, from_yuan, wall, yuan

_SCENES = {Standing.ENROLLED: "PLATE_PAY,ETC_PAY", Standing.OVERDUE: "NSF_CHECK_FAILED"}
_CODES = {"PARAM_MISMATCH": "ACQ.CONTEXT_INCONSISTENT", "REFUND_TOO_MUCH": "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"}


class AlipayWire:
    """One merchant's Alipay; the keys may be handed in, so that tests need not make new ones.

    `cancels_unscanned` False plays a gateway that does not cancel what nobody has scanned.
    """

    name = "alipay"

    def __init__(
        self,
        books: Books,
        *,
        app_id: str = "2021000000000001",
        seller_id: str = "2088102147948060",
        keys: RsaPair | None = None,
        merchant_keys: RsaPair | None = None,
        make_pair: Callable[[], RsaPair] = RsaPair,
    ) -> None:
        self.books = books
        self.app_id, self.seller_id, self.parking_id = app_id, seller_id, "PI1501317472942184881"
        self.keys, self.merchant_keys = keys or make_pair(), merchant_keys or make_pair()
        self.cancels_unscanned = True
        self.scanned: set[str] = set()
        self.calls: list[str] = []
        self._make_pair = make_pair
        self._bills: dict[str, bytes] = {}

    def rotate_keys(self) -> None:
        self.keys = self._make_pair()

    def papers(self) -> dict[str, str]:
        return {
            "app_id": self.app_id,
            "seller_id": self.seller_id,
            "parking_id": self.parking_id,
            "merchant_key": self.merchant_keys.private_pem,
            "alipay_key": self.keys.public_pem,
        }

    def operation(self, request: Request) -> str:
        return OPERATIONS.get(_form(request.body).get("method", ""), "download")

    def answer(self, request: Request, fault: Fault | None) -> Response:
        if request.path.startswith("/bill/"):
            return Response(200, self._bills[request.path], {"content-type": "application/zip"})
        if request.path != "/gateway.do":
            return Response(404, b"{}")
        form = _form(request.body)
        method = form.get("method", "")
        if not self._known(form):
            return self._signed(
                method, {"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.invalid-signature"}, fault
            )
        self.calls.append(method)
        try:
            with self.books.turn:
                plain = self._do(method, json.loads(form["biz_content"]), form.get("notify_url", ""), fault)
        except Refused as refused:
            code = _CODES.get(refused.code, refused.code)
            return self._signed(method, {"code": "40004", "msg": "Business Failed", "sub_code": code}, fault)
        except (ValueError, KeyError, TypeError, ParkingError):
            plain = {"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.INVALID_PARAMETER"}
            return self._signed(method, plain, fault)
        return self._signed(method, {"code": "10000", "msg": "Success", **plain}, fault)

    def _known(self, form: Mapping[str, str]) -> bool:
        """Whether our merchant has signed this just now."""
        try:
            fresh = abs((self.books.clock.now() - from_wall(form["timestamp"])).total_seconds()) <= 900
            true = self.merchant_keys.verifier.verify(wire.signed_text(form), form["sign"])
        except (KeyError, ValueError):
            return False
        return fresh and true and form.get("app_id") == self.app_id

    def _do(self, method: str, content: Mapping[str, Any], notify_url: str, fault: Fault | None) -> dict[str, Any]:
        operation = OPERATIONS.get(method)
        if operation == "create":
            return self._precreate(content, notify_url)
        if operation == "query":
            return trade_of(spoiled(self._found(content), fault))
        if method == "alipay.trade.cancel":
            return self._cancel(content["out_trade_no"])
        if operation == "close":
            return self._close(self._found(content))
        if operation == "refund":
            return self._refund(content)
        if operation == "query_refund":
            return self._asked_refund(content)
        if operation == "statement":
            return {"bill_download_url": self._bill(date.fromisoformat(content["bill_date"]))}
        if operation == "agreement":
            return self._agreement(content["car_number"])
        if operation == "enter":
            return self._enter(content)
        if operation == "leave":
            return {}
        if operation == "charge":
            return self._charge(content, notify_url, fault)
        raise Refused("isv.invalid-method")

    # --- trades ------------------------------------------------------------------------------------------------------

    def scan(self, number: str) -> None:
        """The payer scans the code: from now on there is a trade."""
        self.scanned.add(number)

    def _found(self, content: Mapping[str, Any]) -> Trade:
        trade = self.books.find(content["out_trade_no"])
        seen = trade is not None and (trade.number in self.scanned or trade.state is OrderState.PAID)
        if trade is None or not seen:
            raise Refused("ACQ.TRADE_NOT_EXIST")
        return trade

    def _precreate(self, content: Mapping[str, Any], notify_url: str) -> dict[str, Any]:
        number, expires_at = content["out_trade_no"], from_wall(content["time_expire"])
        if content["seller_id"] != self.seller_id:
            raise Refused("ACQ.INVALID_SELLER_ID")
        trade = self.books.open(
            Trade(
                number,
                from_yuan(content["total_amount"]),
                content["subject"],
                notify_url,
                "precreate",
                expires_at=expires_at,
            )
        )
        if trade.state is OrderState.PAID:
            raise Refused("ACQ.TRADE_HAS_SUCCESS")
        if trade.state is not OrderState.WAITING:
            raise Refused("ACQ.TRADE_HAS_CLOSE")
        return {"out_trade_no": number, "qr_code": self.books.page_url(number)}

    def _cancel(self, number: str) -> dict[str, Any]:
        trade = self.books.find(number)
        if not self.cancels_unscanned:
            raise Refused("ACQ.TRADE_NOT_EXIST")
        if trade is None:  # the number is taken, so that a late creation finds it closed
            trade = self.books.trades[number] = Trade(number, from_yuan("0.01"), "", "", "precreate", OrderState.CLOSED)
        if trade.state is OrderState.PAID:
            raise Refused("ACQ.TRADE_STATUS_ERROR")
        self.books.close(number)
        return {"out_trade_no": number, "retry_flag": "N", "action": "close"}

    def _close(self, trade: Trade) -> dict[str, Any]:
        if trade.state is OrderState.PAID:
            raise Refused("ACQ.REASON_TRADE_STATUS_INVALID")
        self.books.close(trade.number)
        return {"out_trade_no": trade.number, "trade_no": trade.transaction or "20"}

    def _refund(self, content: Mapping[str, Any]) -> dict[str, Any]:
        trade = self._found(content)
        entry = self.books.refund(
            content["out_request_no"], trade.number, from_yuan(content["refund_amount"]), trade.notify_url
        )
        back = self.books.refunded(trade)
        return {
            "out_trade_no": trade.number,
            "trade_no": trade.transaction,
            "fund_change": "Y" if entry.at == self.books.clock.now() else "N",
            "refund_fee": digits(back),
        }

    def _asked_refund(self, content: Mapping[str, Any]) -> dict[str, Any]:
        self._found(content)
        entry = self.books.refunds.get(content["out_request_no"])
        if entry is None:
            return {}
        return {
            "out_trade_no": entry.trade.number,
            "out_request_no": entry.number,
            "trade_no": entry.trade.transaction,
            "total_amount": yuan(entry.trade.amount),
            "refund_amount": yuan(entry.amount),
            "refund_status": "REFUND_SUCCESS",
        }

    # --- the car-owner service ---------------------------------------------------------------------------------------

    def _agreement(self, plate: str) -> dict[str, Any]:
        standing = self.books.standings.get(plate, Standing.NOT_ENROLLED)
        status = "NON-SENSE-PAY" if standing is Standing.ENROLLED else "NORMAL"
        return {"agreement_scene": _SCENES.get(standing, "NO_AGREEMENT_SCENE"), "car_status": status}

    def _enter(self, content: Mapping[str, Any]) -> dict[str, Any]:
        if from_wall(content["in_time"]) > self.books.clock.now():
            raise Refused("ACQ.INVALID_PARAMETER")
        number, plate = content["out_serial_no"], content["car_number"]
        standing = self.books.standings.get(plate, Standing.NOT_ENROLLED)
        parking = Parking(number, f"AS{number}"[:32], plate, content["car_color"], "", standing)
        known = self.books.inside.setdefault(number, parking)
        return {"serial_no": known.reference, "current_time": wall(self.books.wall()), **self._agreement(plate)}

    def _charge(self, content: Mapping[str, Any], notify_url: str, fault: Fault | None) -> dict[str, Any]:
        plate, number = content["car_number"], content["out_trade_no"]
        known = self.books.find(number)
        if known is None and self.books.standings.get(plate) is not Standing.ENROLLED:
            raise Refused("ACQ.AGREEMENT_NOT_EXIST")
        if known is not None and known.state is OrderState.PAID:
            raise Refused("ACQ.TRADE_HAS_SUCCESS")
        new = Trade(number, from_yuan(content["total_fee"]), content["subject"], notify_url, "parking")
        new.advanced = bool(self.books.standings.get(f"{plate} advance"))
        self.scanned.add(number)
        self.books.open(new)
        trade = self.books.pay(number)
        assert trade is not None
        if trade.state is not OrderState.PAID or trade.paid_at is None:
            raise Refused("ACQ.PAYMENT_FAIL")
        shown = spoiled(trade, fault)
        advance = yuan(trade.amount) if trade.advanced else "0.00"
        return {
            "out_trade_no": shown.number,
            "trade_no": trade.transaction,
            "total_fee": digits(shown.amount.minor),
            "gmt_payment": wall(trade.paid_at),
            "advance_amount": advance,
        }

    # --- files and what goes out -------------------------------------------------------------------------------------

    def _bill(self, day: date) -> str:
        if (self.books.clock.now() - from_wall(f"{day} 00:00:00")).total_seconds() < 33 * 3600:
            raise Refused("isp.bill_not_exist")
        path = f"/bill/{day}.csv.zip"
        self._bills[path] = bill_of(*self.books.of_day(day), self.seller_id)
        return f"{self.books.base_url}{path}"

    def _signed(self, method: str, plain: Mapping[str, Any], fault: Fault | None) -> Response:
        inner = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
        signed = inner + (" " if fault is Fault.FORGED_ANSWER else "")
        name = method.replace(".", "_") + "_response"
        sign = self.keys.signer.sign(signed.encode())
        return Response(
            200, f'{{"{name}":{inner},"sign":"{sign}"}}'.encode(), {"content-type": "text/html;charset=utf-8"}
        )

    def callback(self, announcement: Announcement) -> tuple[dict[str, str], bytes]:
        if self.books.switches.take(Fault.KEY_ROTATION):
            self.rotate_keys()
        about = announcement.about
        trade = about.trade if isinstance(about, RefundEntry) else about
        assert isinstance(trade, Trade), "Alipay tells of trades only"
        parameters = {
            "notify_time": wall(self.books.wall()),
            "notify_type": "trade_status_sync",
            "notify_id": announcement.event_id,
            "app_id": self.app_id,
            "seller_id": self.seller_id,
            "charset": "utf-8",
            "version": "1.0",
            "sign_type": "RSA2",
            **{k: str(v) for k, v in trade_of(spoiled(trade, announcement.fault)).items()},
        }
        if "send_pay_date" in parameters:
            parameters["gmt_payment"] = parameters.pop("send_pay_date")
        if isinstance(about, RefundEntry):
            parameters |= {"out_biz_no": about.number, "refund_fee": yuan(about.amount)}
        text = wire.signed_notice_text(parameters)
        sign = self.keys.signer.sign(text + (b"x" if announcement.fault is Fault.CALLBACK_FORGED else b""))
        kind = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        return kind, urlencode(parameters | {"sign": sign}).encode()

    def heard(self, response: httpx.Response) -> bool:
        return response.status_code == 200 and response.text.strip() == "success"


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
