"""A simulated Stripe: Checkout Sessions, SetupIntents, PaymentIntents, refunds, balance transactions and signed webhooks.

An Idempotency-Key brings back the very first answer; other parameters under the same key are an error. Objects are listed
at once; the search index is empty, as it is in the first minute.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx

from hardware_sim.providers.books import Announcement, Books, RefundEntry, Refused, Trade, spoiled
from hardware_sim.providers.faults import Fault
from hardware_sim.providers.server import Request, Response
from hardware_sim.providers.stripe_rendering import balance_of, intent_of, refund_of, session_of
from parking.kernel.errors import ParkingError
from parking.kernel.money import Money
from payments.providers import stripe_wire as wire
from payments.providers.base import OrderState

_EVENTS = {"paid": "checkout.session.completed", "failed": "checkout.session.async_payment_failed"}
_INTENT_EVENTS = {"paid": "payment_intent.succeeded", "failed": "payment_intent.payment_failed"}
_SESSION_LIVES = timedelta(hours=24)


class StripeWire:
    """One account's Stripe. `cards` maps saved means of payment to the code with which their bank says no ("" for yes)."""

    name = "stripe"

    def __init__(self, books: Books, *, secret_key: str | None = None, webhook_secret: str | None = None) -> None:
        self.books = books
        self.secret_key = secret_key or f"sk_test_{secrets.token_hex(12)}"
        self.webhook_secret = webhook_secret or f"whsec_{secrets.token_hex(16)}"
        self.cards: dict[str, str] = {}
        self.setups: dict[str, dict[str, Any]] = {}
        self._answers: dict[str, tuple[bytes, Response]] = {}

    def rotate_keys(self) -> None:
        self.webhook_secret = f"whsec_{secrets.token_hex(16)}"

    def papers(self) -> dict[str, str]:
        return {"secret_key": self.secret_key, "webhook_secret": self.webhook_secret}

    def save_card(self, customer: str, means: str, refusal: str = "") -> None:
        """A driver has saved a card on Stripe's page."""
        self.cards[f"{customer}/{means}"] = refusal

    def operation(self, request: Request) -> str:
        path = request.path
        if path.endswith("/expire"):
            return "close"
        if request.method == "GET":
            return {"/v1/balance_transactions": "statement", "/v1/refunds": "query_refund"}.get(path, "query")
        names = {"/v1/checkout/sessions": "create", "/v1/payment_intents": "charge", "/v1/refunds": "refund"}
        return names.get(path, "save")

    def answer(self, request: Request, fault: Fault | None) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.secret_key}":
            return _error(401, "invalid_api_key")
        key = request.headers.get("idempotency-key")
        with self.books.turn:
            known = self._answers.get(key) if key else None
            if known is not None and known[0] != request.body:
                return _error(400, "idempotency_error")
            if known is not None:
                return known[1]
            try:
                response = self._do(request, fault)
            except Refused as refused:
                response = _error(refused.status, refused.code)
            except (ValueError, KeyError, TypeError, ParkingError):
                response = _error(400, "parameter_invalid")
            if key is not None:
                self._answers[key] = (request.body, response)
            return response

    def _do(self, request: Request, fault: Fault | None) -> Response:
        path, form = request.path, dict(parse_qsl(request.body.decode()))
        at = (request.method, path)
        if at == ("POST", "/v1/customers"):
            return _json({"id": f"cus_{form['metadata[order_number]']}", "object": "customer"})
        if at == ("POST", "/v1/checkout/sessions"):
            return self._setup(form) if form["mode"] == "setup" else self._session(form, fault)
        if path.startswith("/v1/checkout/sessions/"):
            return self._one_session(request.method, path.split("/")[4], fault)
        if at == ("POST", "/v1/payment_intents"):
            return self._charge(form, fault)
        if at == ("POST", "/v1/refunds"):
            trade = self._by_intent(form["payment_intent"])
            amount = Money(int(form["amount"]), trade.amount.currency)
            number = form["metadata[refund_number]"]
            return _json(refund_of(self.books.refund(number, trade.number, amount, trade.notify_url)))
        if request.method == "GET":
            return self._list(path, request.query, fault)
        raise Refused("resource_missing", 404)

    # --- objects -----------------------------------------------------------------------------------------------------

    def _session(self, form: Mapping[str, str], fault: Fault | None) -> Response:
        price = "line_items[0][price_data]"
        amount = Money(int(form[f"{price}[unit_amount]"]), form[f"{price}[currency]"].upper())
        number, subject = form["client_reference_id"], form[f"{price}[product_data][name]"]
        expires_at = self.books.clock.now() + _SESSION_LIVES
        trade = self.books.open(
            Trade(number, amount, subject, self._hook, "session", expires_at=expires_at, extra=self._made())
        )
        return _json(self._shown(trade, fault))

    def _setup(self, form: Mapping[str, str]) -> Response:
        session = f"cs_setup_{form['customer']}"
        self.setups[session] = {"id": session, "object": "checkout.session", "url": f"{self.books.base_url}/{session}"}
        self.setups[session]["setup_intent"] = {"id": f"seti_{form['customer']}", "status": "requires_payment_method"}
        self.setups[session]["customer"] = form["customer"]
        return _json(self.setups[session])

    def finish_setup(self, session: str, means: str = "pm_card_visa") -> None:
        """The driver types a card on Stripe's page and consents."""
        setup = self.setups[session]
        setup["setup_intent"] |= {"status": "succeeded", "customer": setup["customer"], "payment_method": means}
        self.save_card(setup["customer"], means)

    def _one_session(self, method: str, session: str, fault: Fault | None) -> Response:
        if session in self.setups:
            return _json(self.setups[session])
        trade = self.books.find(session.removeprefix("cs_test_"))
        if trade is None:
            raise Refused("resource_missing", 404)
        if method == "POST" and trade.state is not OrderState.WAITING:
            raise Refused("session_not_open")
        if method == "POST":
            self.books.close(trade.number)
        return _json(self._shown(trade, fault))

    def _charge(self, form: Mapping[str, str], fault: Fault | None) -> Response:
        number = form["metadata[order_number]"]
        refusal = self.cards.get(f"{form['customer']}/{form['payment_method']}")
        amount = Money(int(form["amount"]), form["currency"].upper())
        if refusal is None:
            raise Refused("resource_missing")
        trade = self.books.open(
            Trade(number, amount, form.get("description", ""), self._hook, "intent", extra=self._made())
        )
        trade = (self.books.fail(number) if refusal else self.books.pay(number)) or trade
        if trade.state is not OrderState.PAID:
            code = refusal or "card_declined"
            error = {"type": "card_error", "code": code, "payment_intent": self._shown(trade, fault)}
            return _json({"error": error}, 402)
        return _json(self._shown(trade, fault))

    def _shown(self, trade: Trade, fault: Fault | None) -> dict[str, Any]:
        shown = spoiled(trade, fault)
        return intent_of(shown) if trade.kind == "intent" else session_of(shown, self.books.page_url(trade.number))

    def _made(self) -> dict[str, Any]:
        return {"made_at": self.books.clock.now()}

    def _by_intent(self, intent: str) -> Trade:
        trade = self.books.find(intent.removeprefix("pi_"))
        if trade is None:
            raise Refused("resource_missing", 404)
        return trade

    def _list(self, path: str, query: Mapping[str, str], fault: Fault | None) -> Response:
        since = datetime.fromtimestamp(int(query.get("created[gte]", "0")), UTC)
        trades = [self.books.current(t) for t in self.books.trades.values()]
        found: list[dict[str, Any]] = []
        if path == "/v1/checkout/sessions":
            found = [self._shown(t, fault) for t in trades if t.kind == "session"]
        elif path == "/v1/payment_intents":
            found = [intent_of(spoiled(t, fault)) for t in trades if t.kind == "intent" or t.paid_at]
        elif path == "/v1/refunds":
            own = [
                r for r in self.books.refunds.values() if r.trade.number == query["payment_intent"].removeprefix("pi_")
            ]
            found = [refund_of(r) for r in own]
        elif path == "/v1/balance_transactions":
            found = balance_of(*self.books.of_day(since.astimezone(UTC).date() + timedelta(days=1)))
        elif path != "/v1/payment_intents/search":
            raise Refused("resource_missing", 404)
        return _json(_page(found[::-1], query))

    # --- webhooks ----------------------------------------------------------------------------------------------------

    _hook = ""

    def send_webhooks_to(self, url: str) -> None:
        """Where events go: at Stripe it is set once for the account, not for each payment."""
        self._hook = url

    def callback(self, announcement: Announcement) -> tuple[dict[str, str], bytes]:
        if self.books.switches.take(Fault.KEY_ROTATION):
            self.rotate_keys()
        about = announcement.about
        if isinstance(about, RefundEntry):
            kind, plain = "refund.updated", refund_of(about)
        else:
            assert isinstance(about, Trade)
            kind = (_INTENT_EVENTS if about.kind == "intent" else _EVENTS)[announcement.kind]
            plain = self._shown(about, announcement.fault)
        event = {"id": f"evt_{announcement.event_id}"[:64], "object": "event", "type": kind, "data": {"object": plain}}
        body = json.dumps(event).encode()
        timestamp = int(self.books.wall().timestamp())
        forged = announcement.fault is Fault.CALLBACK_FORGED
        value = wire.signature("whsec_forged" if forged else self.webhook_secret, timestamp, body)
        return {"content-type": "application/json", wire.SIGNATURE: f"t={timestamp},v1={value}"}, body

    def heard(self, response: httpx.Response) -> bool:
        return 200 <= response.status_code < 300


def _page(found: list[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    after, limit = query.get("starting_after"), int(query.get("limit", "10"))
    start = next((i + 1 for i, one in enumerate(found) if one["id"] == after), 0) if after else 0
    return {"object": "list", "data": found[start : start + limit], "has_more": len(found) > start + limit}


def _json(plain: Mapping[str, Any], status: int = 200) -> Response:
    return Response(status, json.dumps(plain).encode())


def _error(status: int, code: str) -> Response:
    return _json({"error": {"type": "invalid_request_error", "code": code, "message": code}}, status)
