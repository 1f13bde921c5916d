"""A simulated WeChat Pay: API v3 with native and JSAPI orders, the parking service, refunds, certificates and bills."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import httpx

from hardware_sim.providers.books import Announcement, Books, Parking, RefundEntry, Refused, Trade, spoiled
from hardware_sim.providers.faults import Fault
from hardware_sim.providers.keys import RsaPair
from hardware_sim.providers.server import Request, Response
from hardware_sim.providers.wechat_rendering import bill_day_over, bill_of, parking_of, refund_of, transaction_of
from parking.kernel.codec import parse_time
from parking.kernel.errors import ParkingError
from parking.kernel.money import Money
from payments.providers import wechat_wire as wire
from payments.providers.abilities import Standing
from payments.providers.base import OrderState

_AUTHORIZATION = re.compile(rf'{wire.SCHEME} ((?:[a-z_]+="[^"]*",?)+)')
_ORDER = re.compile(r"/v3/(pay|vehicle)/transactions/out-trade-no/([A-Za-z0-9_*-]{1,32})(/close)?")
_EVENTS = {"paid": "TRANSACTION.SUCCESS", "failed": "TRANSACTION.FAIL", "paid_back": "TRANSACTION.PAY_BACK"}


class WechatWire:
    """One merchant's WeChat; `platform` and `merchant_keys` may be handed in, so that tests need not make new ones."""

    name = "wechat"

    def __init__(
        self,
        books: Books,
        *,
        appid: str = "wxd678efh567hg6787",
        merchant: str = "1230000109",
        api_key: bytes = b"0123456789abcdef0123456789abcdef",
        platform: RsaPair | None = None,
        merchant_keys: RsaPair | None = None,
        make_pair: Callable[[], RsaPair] = RsaPair,
    ) -> None:
        self.books = books
        self.appid, self.merchant, self.api_key = appid, merchant, api_key
        self.merchant_keys = merchant_keys or make_pair()
        self.merchant_serial = "4A5B6C7D"
        self._make_pair = make_pair
        self._bill = b""
        self._certificates: list[tuple[str, str]] = []
        self.platform = platform or make_pair()
        self._certificates.append(self.platform.certificate(books.clock))

    @property
    def serial(self) -> str:
        """Of the certificate whose key signs now."""
        return self._certificates[-1][0]

    def rotate_keys(self) -> None:
        self.platform = self._make_pair()
        self._certificates.append(self.platform.certificate(self.books.clock))

    def papers(self) -> dict[str, str]:
        return {
            "appid": self.appid,
            "merchant": self.merchant,
            "merchant_serial": self.merchant_serial,
            "merchant_key": self.merchant_keys.private_pem,
            "api_key": self.api_key.decode(),
            "platform_serial": self.serial,
            "platform_certificate": self._certificates[-1][1],
        }

    # --- requests ----------------------------------------------------------------------------------------------------

    def operation(self, request: Request) -> str:
        order = _ORDER.fullmatch(request.path)
        if order:
            return "close" if order[3] else "query"
        last = request.path.rsplit("/", 1)[-1]
        if "/refund/" in request.path:
            return "refund" if request.method == "POST" else "query_refund"
        names = {"native": "create", "jsapi": "create", "parking": "charge", "parkings": "enter", "find": "agreement"}
        return names.get(last, "statement" if "bill" in request.path else last)

    def answer(self, request: Request, fault: Fault | None) -> Response:
        code = self._stranger(request)
        if code is not None:
            return self._signed(401, {"code": code, "message": "签名错误"}, fault)
        try:
            with self.books.turn:
                return self._do(request, fault)
        except Refused as refused:
            return self._signed(refused.status, {"code": refused.code, "message": refused.code}, fault)
        except (ValueError, KeyError, TypeError, ParkingError):
            return self._signed(400, {"code": "PARAM_ERROR", "message": "参数错误"}, fault)

    def _stranger(self, request: Request) -> str | None:
        """The code for a request that this merchant has not signed just now."""
        found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        fields = dict(re.findall(r'([a-z_]+)="([^"]*)"', found[1])) if found else {}
        try:
            text = wire.request_text(
                request.method, request.target, fields["timestamp"], fields["nonce_str"], request.body
            )
            known = (fields["mchid"], fields["serial_no"]) == (self.merchant, self.merchant_serial)
            fresh = abs(self.books.clock.now().timestamp() - int(fields["timestamp"])) <= 300
            true = self.merchant_keys.verifier.verify(text, fields["signature"])
        except (KeyError, ValueError):
            return "SIGN_ERROR"
        return None if known and fresh and true else "SIGN_ERROR"

    def _do(self, request: Request, fault: Fault | None) -> Response:
        order = _ORDER.fullmatch(request.path)
        body = wire.load(request.body) if request.body else {}
        at = (request.method, request.path)
        if order and order[3]:
            return self._close(order[2], fault)
        if order:
            return self._signed(200, self._transaction(self._known(order[2]), fault), fault)
        if at in (("POST", "/v3/pay/transactions/native"), ("POST", "/v3/pay/transactions/jsapi")):
            return self._create(request.path.rsplit("/", 1)[-1], body, fault)
        if at == ("POST", "/v3/vehicle/transactions/parking"):
            return self._signed(200, self._transaction(self._collect(body), fault), fault)
        if at == ("POST", "/v3/vehicle/parking/parkings"):
            return self._signed(200, parking_of(self._enter(body)), fault)
        if request.path == "/v3/vehicle/parking/services/find":
            return self._signed(200, self._found(request.query), fault)
        if at == ("POST", "/v3/refund/domestic/refunds"):
            return self._refund(body, fault)
        if request.path.startswith("/v3/refund/domestic/refunds/"):
            entry = self.books.refunds.get(request.path.rsplit("/", 1)[-1])
            if entry is None:
                raise Refused("RESOURCE_NOT_EXISTS", 404)
            return self._signed(200, refund_of(entry, self.merchant), fault)
        return self._files(request, fault)

    def _files(self, request: Request, fault: Fault | None) -> Response:
        if request.path == "/v3/certificates":
            return self._signed(200, {"data": [self._published(*one) for one in self._certificates]}, fault)
        day = date.fromisoformat(request.query.get("bill_date", ""))
        if not bill_day_over(day, self.books.clock.now()):
            raise Refused("STATEMENT_CREATING")
        if request.path == "/v3/bill/tradebill":
            raw = bill_of(*self.books.of_day(day), self.appid, self.merchant)
            self._bill = raw
            digest = hashlib.sha1(raw, usedforsecurity=False).hexdigest()
            address = f"{self.books.base_url}/v3/billdownload/file?bill_date={day}&token=x"
            return self._signed(200, {"hash_type": "SHA1", "hash_value": digest, "download_url": address}, fault)
        if request.path == "/v3/billdownload/file":
            return Response(200, self._bill, {"content-type": "text/plain"})
        raise Refused("NOT_FOUND", 404)

    def _known(self, number: str) -> Trade:
        trade = self.books.find(number)
        if trade is None:
            raise Refused("ORDER_NOT_EXIST", 404)
        return trade

    def _create(self, kind: str, body: Mapping[str, Any], fault: Fault | None) -> Response:
        self._check_merchant(body)
        expires_at = parse_time(body["time_expire"])
        if body["out_trade_no"] not in self.books.trades and expires_at <= self.books.clock.now():
            raise Refused("PARAM_ERROR")
        trade = self.books.open(self._trade(kind, body, expires_at))
        if trade.state is OrderState.CLOSED:
            raise Refused("ORDER_CLOSED")
        if trade.state is OrderState.PAID:
            raise Refused("ORDERPAID")
        if kind == "jsapi":
            return self._signed(200, {"prepay_id": f"wx{trade.number}"}, fault)
        return self._signed(200, {"code_url": self.books.page_url(trade.number)}, fault)

    def _trade(self, kind: str, body: Mapping[str, Any], expires_at: datetime | None) -> Trade:
        amount = Money(body["amount"]["total"], body["amount"].get("currency", "CNY"))
        number = body["out_trade_no"]
        if amount.minor <= 0 or not re.fullmatch(r"[A-Za-z0-9_*-]{6,32}", number):
            raise Refused("PARAM_ERROR")
        return Trade(number, amount, body["description"], body["notify_url"], kind, expires_at=expires_at)

    def _close(self, number: str, fault: Fault | None) -> Response:
        if self._known(number).state is OrderState.PAID:
            raise Refused("ORDERPAID")
        self.books.close(number)
        return self._signed(204, None, fault)

    def _refund(self, body: Mapping[str, Any], fault: Fault | None) -> Response:
        amount = Money(body["amount"]["refund"], body["amount"]["currency"])
        trade = self._known(body["out_trade_no"])
        if body["amount"]["total"] != trade.amount.minor:
            raise Refused("INVALID_REQUEST")
        entry = self.books.refund(body["out_refund_no"], trade.number, amount, body.get("notify_url", ""))
        return self._signed(200, refund_of(entry, self.merchant), fault)

    # --- the parking service -----------------------------------------------------------------------------------------

    def _found(self, query: Mapping[str, str]) -> dict[str, Any]:
        standing = self.books.standings.get(query["plate_number"], Standing.NOT_ENROLLED)
        state = {Standing.ENROLLED: "NORMAL", Standing.PAUSED: "PAUSE"}.get(standing, "OUT_SERVICE")
        return {"plate_number": query["plate_number"], "plate_color": query["plate_color"], "service_state": state}

    def _enter(self, body: Mapping[str, Any]) -> Parking:
        number, plate = body["out_parking_no"], body["plate_number"]
        known = self.books.inside.get(number)
        if known is not None:
            return known
        for other in list(self.books.inside.values()):
            if other.plate == plate:  # one live id a plate: the older one is worth nothing from now on
                other.charged = True
        standing = self.books.standings.get(plate, Standing.NOT_ENROLLED)
        parking = Parking(number, f"5K{number}"[:32], plate, body["plate_color"], body["notify_url"], standing)
        parking.started = body["start_time"]
        self.books.inside[number] = parking
        return parking

    def _collect(self, body: Mapping[str, Any]) -> Trade:
        number, info = body["out_trade_no"], body["parking_info"]
        if number in self.books.trades:
            raise Refused("INVALID_REQUEST")
        if info["start_time"] == info["end_time"]:
            raise Refused("PARAM_ERROR")
        parking = next((p for p in self.books.inside.values() if p.reference == info["parking_id"]), None)
        if parking is None or parking.charged:
            raise Refused("INVALID_REQUEST")
        if (parking.plate, parking.started) != (info["plate_number"], info["start_time"]):
            raise Refused("INVALID_REQUEST")
        standing = self.books.standings.get(parking.plate, Standing.NOT_ENROLLED)
        if standing is not Standing.ENROLLED:
            raise Refused("NO_AUTH", 403)
        trade = self._trade("parking", body, None)
        trade.state, trade.extra["plate"] = OrderState.ACCEPTED, parking.plate
        parking.charged = True
        return self.books.open(trade)

    def _check_merchant(self, body: Mapping[str, Any]) -> None:
        if (body.get("mchid"), body.get("appid")) != (self.merchant, self.appid):
            raise Refused("NO_AUTH", 403)

    # --- what goes out -----------------------------------------------------------------------------------------------

    def _transaction(self, trade: Trade, fault: Fault | None) -> dict[str, Any]:
        merchant = "1999999999" if fault is Fault.WRONG_MERCHANT else self.merchant
        return transaction_of(spoiled(trade, fault), appid=self.appid, merchant=merchant)

    def _published(self, serial: str, pem: str) -> dict[str, Any]:
        nonce = self.books.nonces()[-12:].rjust(12, "0")
        sealed = wire.seal(self.api_key, pem.encode(), nonce=nonce, associated="certificate")
        return {"serial_no": serial, "encrypt_certificate": sealed}

    def _signed(self, status: int, plain: Any, fault: Fault | None) -> Response:
        body = b"" if plain is None else wire.dump(plain)
        return Response(status, body, self._signature(body, forged=fault is Fault.FORGED_ANSWER))

    def _signature(self, body: bytes, *, forged: bool) -> dict[str, str]:
        timestamp, nonce = str(int(self.books.wall().timestamp())), self.books.nonces()
        text = wire.answer_text(timestamp, nonce, body + (b"x" if forged else b""))
        return {
            wire.TIMESTAMP: timestamp,
            wire.NONCE: nonce,
            wire.SIGNATURE: self.platform.signer.sign(text),
            wire.SERIAL: self.serial,
            "wechatpay-signature-type": wire.SCHEME,
        }

    def callback(self, announcement: Announcement) -> tuple[dict[str, str], bytes]:
        if self.books.switches.take(Fault.KEY_ROTATION):
            self.rotate_keys()
        about, kind = announcement.about, _EVENTS.get(announcement.kind, "REFUND.SUCCESS")
        if isinstance(about, Trade):
            plain = self._transaction(about, announcement.fault)
        elif isinstance(about, RefundEntry):
            plain = refund_of(about, self.merchant, told=True)
        else:
            kind, plain = "VEHICLE.ENTRANCE_STATE_CHANGE", parking_of(about, changed_at=self.books.clock.now())
        nonce = self.books.nonces()[-12:].rjust(12, "0")
        body = wire.dump(
            {
                "id": announcement.event_id,
                "create_time": self.books.clock.now().isoformat(),
                "resource_type": "encrypt-resource",
                "event_type": kind,
                "summary": "通知",
                "resource": wire.seal(self.api_key, wire.dump(plain), nonce=nonce, associated="transaction"),
            }
        )
        forged = announcement.fault is Fault.CALLBACK_FORGED
        return {"content-type": "application/json", **self._signature(body, forged=forged)}, body

    def heard(self, response: httpx.Response) -> bool:
        return response.status_code in (200, 204)

    def set_standing(self, number: str, standing: Standing) -> None:
        """The driver joins or leaves while the car is inside; the merchant is told."""
        with self.books.turn:
            parking = self.books.inside[number]
            parking.standing = self.books.standings[parking.plate] = standing
            self.books.announce("standing", parking, parking.notify_url, f"{number}-{standing}"[:64])
