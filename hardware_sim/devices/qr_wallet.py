"""A wallet company in small: holds orders, takes the payer's money once, answers signed, and calls back until it is heard.

It speaks `payments.providers.wire` on a real socket (`hardware_sim.devices.qr_wallet_http`). Its faults are switches that
each spoil one thing once; nothing here looks at the real clock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from hardware_sim.devices.qr_wallet_faults import AnswerFault, CallbackFault, Faults
from hardware_sim.devices.qr_wallet_file import WalletFile, expiry_of, message_of, plain_order
from parking.kernel.chain import canonical
from parking.kernel.clock import Clock
from parking.kernel.codec import from_plain, parse_time
from parking.kernel.errors import ParkingError
from parking.kernel.money import Money
from parking.kernel.signed import Signer, Verifier
from payments.providers import wire
from payments.providers.base import OrderState

_LADDER_S = (15, 15, 30, 180, 600, 1200, 1800)
_LATE = timedelta(minutes=10)


@dataclass
class WalletOrder:
    """An order in the wallet's books; `charges` is how often the payer's money was taken."""

    message: wire.OrderMessage
    subject: str
    notify_url: str
    expires_at: datetime
    charges: int = 0


@dataclass
class Callback:
    """One thing to tell a merchant, until it answers 2xx or the ladder ends."""

    due_at: datetime
    event_id: str
    url: str
    order: Mapping[str, Any]
    event: str
    forged: bool = False
    attempts: int = 0


@dataclass(frozen=True)
class Answer:
    """What the wallet says to a request: status and JSON."""

    status: int
    body: Mapping[str, Any]


class QrWalletBooks:
    """The wallet without its socket; thread-safe. `merchants` maps the key ids of requests to merchant names."""

    def __init__(
        self,
        *,
        clock: Clock,
        signer: Signer,
        merchant_keys: Verifier,
        merchants: Mapping[str, str],
        nonces: Callable[[], str],
        faults: Faults | None = None,
        approve_at_once: bool = False,
        file: WalletFile | None = None,
    ) -> None:
        self.clock = clock
        self.signer = signer
        self.faults = faults or Faults()
        self.orders: dict[str, WalletOrder] = {}
        self.tombstones: set[tuple[str, str]] = set()  # closed before they were created
        self.waiting: list[Callback] = []
        self.base_url = ""
        self._merchant_keys = merchant_keys
        self._merchants = dict(merchants)
        self._nonces = nonces
        self._seen: set[str] = set()
        self._approve_at_once = approve_at_once
        self._turn = threading.RLock()
        self._file = file
        if file is not None:
            self._read(file)

    def _read(self, file: WalletFile) -> None:
        """Take up the books; merchants hear of every payment once more, because nobody knows which callbacks got through."""
        self.tombstones.update(file.tombstones())
        for plain in file.orders():
            message = message_of(plain)
            order = WalletOrder(message, plain["subject"], plain["notify_url"], expiry_of(plain), plain["charges"])
            self.orders[message.number] = order
            if message.state is OrderState.PAID:
                self._announce(order, None)

    def _keep(self, order: WalletOrder) -> None:
        if self._file is not None:
            body = plain_order(order.message, order.subject, order.notify_url, order.expires_at, order.charges)
            self._file.keep(order.message.number, body)

    # --- what merchants ask ------------------------------------------------------------------------------------------

    def merchant_of(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str | Answer:
        """Whose request this is, or the answer to one that proves nothing."""
        try:
            wire.check(self._merchant_keys, headers, wire.request_head(method, path), body, now=self.clock.now())
        except wire.Unproven as unproven:
            return Answer(401, {"code": "SIGN_ERROR", "message": unproven.code})
        with self._turn:
            if headers[wire.NONCE] in self._seen:
                return Answer(401, {"code": "REPLAYED", "message": "this nonce was used"})
            self._seen.add(headers[wire.NONCE])
        merchant = self._merchants.get(headers[wire.KEY])
        return merchant if merchant is not None else Answer(403, {"code": "NO_AUTH", "message": "no merchant"})

    def create(self, merchant: str, body: bytes) -> Answer:
        try:
            plain = wire.load(body)
            number, subject, notify_url = (
                from_plain(str, plain[k], field=k) for k in ("number", "subject", "notify_url")
            )
            amount = Money(plain["amount"], plain["currency"])
            expires_at = parse_time(plain["expires_at"], field="expires_at")
        except (ValueError, KeyError, TypeError, ParkingError):
            return Answer(400, {"code": "PARAM_ERROR", "message": "an order lacks something"})
        if plain.get("merchant") != merchant or not (number.isalnum() and len(number) <= 32) or amount.minor <= 0:
            return Answer(400, {"code": "PARAM_ERROR", "message": "merchant, number or amount"})
        with self._turn:
            if (merchant, number) in self.tombstones:
                return Answer(409, {"code": "ORDER_CLOSED", "message": "closed before it was created"})
            known = self.orders.get(number)
            if known is None:
                pay_url = f"{self.base_url}/payer/{number}"
                message = wire.OrderMessage(merchant, number, OrderState.WAITING, amount, pay_url)
                known = self.orders[number] = WalletOrder(message, subject, notify_url, expires_at)
                self._keep(known)
                if self._approve_at_once:
                    self.approve(number)
            elif known.message.merchant != merchant or known.message.amount != amount:
                return Answer(409, {"code": "PARAM_MISMATCH", "message": "this number was used for something else"})
            return Answer(200, self._current(known).to_plain())

    def query(self, merchant: str, number: str) -> Answer:
        with self._turn:
            known = self.orders.get(number)
            if known is None or known.message.merchant != merchant:
                return Answer(404, {"code": "ORDER_NOT_EXIST", "message": "no such order"})
            return Answer(200, self._current(known).to_plain())

    def close(self, merchant: str, number: str) -> Answer:
        with self._turn:
            known = self.orders.get(number)
            if known is None or known.message.merchant != merchant:
                self.tombstones.add((merchant, number))
                if self._file is not None:
                    self._file.bury(merchant, number)
                return Answer(200, {"merchant": merchant, "number": number, "state": "CLOSED"})
            if self._current(known).state is OrderState.WAITING:
                self._end(known, OrderState.CLOSED)
            return Answer(200, known.message.to_plain())

    def sign_answer(
        self, answer: Answer, request_nonce: str, fault: AnswerFault | None
    ) -> tuple[dict[str, str], bytes]:
        """Headers and body of an answer, spoiled as the fault says."""
        plain = dict(answer.body)
        if fault is AnswerFault.WRONG_AMOUNT and "amount" in plain:
            plain["amount"] += 1
        if fault is AnswerFault.WRONG_NUMBER and "number" in plain:
            plain["number"] = f"X{plain['number']}"[:32]
        body = canonical(plain)
        now = self.clock.now() - (timedelta(hours=1) if fault is AnswerFault.STALE else timedelta(0))
        headers = wire.sign(
            self.signer, wire.answer_head(answer.status, request_nonce), body, now=now, nonce=self._nonces()
        )
        if fault is AnswerFault.FORGED:
            headers[wire.SIGNATURE] = "A" * 86
        return headers, body

    # --- what payers do ----------------------------------------------------------------------------------------------

    def approve(self, number: str) -> OrderState | None:
        """The payer pays; a second time takes nothing. None: there is no such order."""
        with self._turn:
            known = self.orders.get(number)
            if known is None:
                return None
            state = self._current(known).state
            if state is OrderState.WAITING or (state is OrderState.CLOSED and self.faults.pays_closed_orders):
                known.charges += 1
                self._end(known, OrderState.PAID)
            return known.message.state

    # --- what merchants are told -------------------------------------------------------------------------------------

    def deliver_due(self, client: httpx.Client) -> int:
        """Send every callback that is due, in the calling thread; returns how many were answered with 2xx."""
        heard = 0
        for callback in self._take_due():
            body = canonical({"id": callback.event_id, "event": callback.event, "order": callback.order})
            headers = wire.sign(self.signer, wire.callback_head(), body, now=self.clock.now(), nonce=self._nonces())
            if callback.forged:
                headers[wire.SIGNATURE] = "A" * 86
            headers["content-type"] = "application/json"
            try:
                status = client.post(callback.url, content=body, headers=headers).status_code
            except (httpx.HTTPError, httpx.InvalidURL):
                status = 0
            if 200 <= status < 300:
                heard += 1
            else:
                self._try_again(callback)
        return heard

    def _take_due(self) -> list[Callback]:
        with self._turn:
            now = self.clock.now()
            due = sorted((c for c in self.waiting if c.due_at <= now), key=lambda c: c.due_at)
            self.waiting = [c for c in self.waiting if c.due_at > now]
            return due[::-1] if self.faults.newest_first else due

    def _try_again(self, callback: Callback) -> None:
        with self._turn:
            if callback.attempts < len(_LADDER_S):
                callback.due_at = self.clock.now() + timedelta(seconds=_LADDER_S[callback.attempts])
                callback.attempts += 1
                self.waiting.append(callback)

    def _current(self, order: WalletOrder) -> wire.OrderMessage:
        if order.message.state is OrderState.WAITING and self.clock.now() >= order.expires_at:
            self._end(order, OrderState.CLOSED)
        return order.message

    def _end(self, order: WalletOrder, state: OrderState) -> None:
        old = order.message
        paid = state is OrderState.PAID
        order.message = wire.OrderMessage(
            old.merchant,
            old.number,
            state,
            old.amount,
            paid_at=self.clock.now() if paid else None,
            transaction=f"W{old.number}" if paid else None,
        )
        self._keep(order)
        self._announce(order, self.faults.take_callback() if paid else None)

    def _announce(self, order: WalletOrder, fault: CallbackFault | None) -> None:
        if fault is CallbackFault.NEVER:
            return
        plain = _spoiled(order.message.to_plain(), fault)
        event = order.message.state.value
        due_at = self.clock.now() + (_LATE if fault is CallbackFault.LATE else timedelta(0))
        for _ in range(2 if fault is CallbackFault.TWICE else 1):
            event_id = f"{order.message.number}-{event}"
            forged = fault is CallbackFault.FORGED
            self.waiting.append(Callback(due_at, event_id, order.notify_url, plain, event, forged))


def _spoiled(plain: dict[str, Any], fault: CallbackFault | None) -> dict[str, Any]:
    if fault is CallbackFault.WRONG_AMOUNT:
        plain["amount"] += 1
    elif fault is CallbackFault.WRONG_CURRENCY:
        plain["currency"] = "XXX"
    elif fault is CallbackFault.WRONG_MERCHANT:
        plain["merchant"] = "somebody-else"
    elif fault is CallbackFault.WRONG_NUMBER:
        plain["number"] = "P" + "A" * 26
    return plain
