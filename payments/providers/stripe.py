"""Stripe: its hosted page for whoever pays now, saved consent (SetupIntent), and charges off session.

Our number is the Idempotency-Key and stands in the metadata. After a definite failure of a charge nothing is tried in a
loop: the driver gets a link. A card number is typed on Stripe's own page and never comes here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from parking.kernel.clock import Clock
from payments.providers import abilities
from payments.providers import stripe_wire as wire
from payments.providers.abilities import Agreement, Charge, Refund, RefundOutcome, RefundState, Saving, Statement
from payments.providers.base import (
    CallbackRefused,
    Notice,
    Order,
    OrderState,
    Outcome,
    OutcomeUnknown,
    Provider,
    ProviderRefused,
    SendsCallbacks,
)
from payments.providers.chinese_text import BEIJING
from payments.providers.stripe_line import (
    StripeLine,
    code_of,
    id_of,
    intent_about,
    number_of,
    refund_about,
    session_about,
)

_SEARCHED_BACK = timedelta(days=2)


class Stripe:
    """A client of one account."""

    def __init__(self, line: StripeLine, *, clock: Clock) -> None:
        self._line = line
        self._account = line.account
        self._clock = clock

    # --- the hosted page ---------------------------------------------------------------------------------------------

    def create(self, order: Order) -> Outcome:
        meta = {wire.NUMBER: order.number}
        price = {
            "currency": order.amount.currency.lower(),
            "unit_amount": wire.amount_of(order.amount),
            "product_data": {"name": order.subject},
        }
        parameters = {
            "mode": "payment",
            "client_reference_id": order.number,
            "line_items": [{"quantity": 1, "price_data": price}],
            "metadata": meta,
            "payment_intent_data": {"metadata": meta},
            "success_url": self._account.return_url,
        }
        status, plain, raw = self._line.call("POST", "/v1/checkout/sessions", parameters, key=order.number)
        if status != 200:
            raise ProviderRefused(code_of(plain))
        first = session_about(plain, order.number, raw)
        if first.amount != order.amount:
            raise OutcomeUnknown("the answer is about another amount")
        now = self._by_id(
            id_of(plain), order.number
        )  # a repeated key brings back the first answer, not the present one
        if now.state in (OrderState.CLOSED, OrderState.FAILED):
            raise ProviderRefused(f"ORDER_{now.state}")
        return now

    def query(self, number: str) -> Outcome:
        """Lists are true at once, the search index a minute later: both are asked before a number counts as unknown."""
        since = int((self._clock.now() - _SEARCHED_BACK).timestamp())
        for plain in self._line.listed("/v1/checkout/sessions", {"created[gte]": since}):
            if isinstance(plain, dict) and plain.get("client_reference_id") == number:
                return session_about(plain, number, b"")
        for plain in self._line.listed("/v1/payment_intents", {"created[gte]": since}):
            if number_of(plain) == number:
                return intent_about(plain, number, b"")
        query = {"query": f"metadata['{wire.NUMBER}']:'{number}'"}
        for plain in self._line.listed("/v1/payment_intents/search", query):
            if number_of(plain) == number:
                return intent_about(plain, number, b"")
        return Outcome(number, OrderState.ABSENT)

    def close(self, order: Order) -> Outcome:
        known, session = self._find(order.number)
        if session is None:
            with contextlib.suppress(ProviderRefused):  # it may be closed already: then it is listed
                self.create(order)  # takes the number, so that a creation still under way finds it closed
            known, session = self._find(order.number)
        if known is None or session is None:
            raise OutcomeUnknown("a session that was made is not listed")
        if known.state is OrderState.WAITING:
            status, plain, raw = self._line.call("POST", f"/v1/checkout/sessions/{session}/expire", {})
            known = session_about(plain, order.number, raw) if status == 200 else self._by_id(session, order.number)
        if known.state is OrderState.WAITING:
            raise OutcomeUnknown("the session is still open after its closing")
        return known

    def _find(self, number: str) -> tuple[Outcome | None, str | None]:
        since = int((self._clock.now() - _SEARCHED_BACK).timestamp())
        for plain in self._line.listed("/v1/checkout/sessions", {"created[gte]": since}):
            if isinstance(plain, dict) and plain.get("client_reference_id") == number:
                return session_about(plain, number, b""), id_of(plain)
        return None, None

    def _by_id(self, session: str, number: str) -> Outcome:
        status, plain, raw = self._line.call("GET", f"/v1/checkout/sessions/{session}")
        if status != 200:
            raise OutcomeUnknown(f"the session answered {status}")
        return session_about(plain, number, raw)

    # --- consent, and charges without the driver ---------------------------------------------------------------------

    def begin_saving(self, number: str, return_url: str) -> Saving:
        """A page on which a card is saved for later (SetupIntent, usage off_session); the reference is its session."""
        status, plain, _ = self._line.call(
            "POST", "/v1/customers", {"metadata": {wire.NUMBER: number}}, key=f"{number}-c"
        )
        if status != 200:
            raise ProviderRefused(code_of(plain))
        parameters = {
            "mode": "setup",
            "payment_method_types": ["card"],
            "customer": id_of(plain),
            "success_url": return_url,
        }
        status, plain, _ = self._line.call("POST", "/v1/checkout/sessions", parameters, key=f"{number}-s")
        if status != 200 or not isinstance(plain.get("url"), str):
            raise ProviderRefused(code_of(plain))
        return Saving(plain["url"], id_of(plain))

    def saved(self, reference: str) -> Agreement | None:
        status, plain, _ = self._line.call("GET", f"/v1/checkout/sessions/{reference}?expand[]=setup_intent")
        intent = plain.get("setup_intent") if status == 200 else None
        if not isinstance(intent, dict):
            raise OutcomeUnknown(f"the session answered {status}")
        if intent.get("status") != "succeeded":
            return None
        customer, means = intent.get("customer"), intent.get("payment_method")
        if not isinstance(customer, str) or not isinstance(means, str):
            raise OutcomeUnknown("a consent without customer or means of payment")
        return Agreement(customer, means)

    def charge(self, charge: Charge) -> Outcome:
        if charge.agreement is None:
            raise ProviderRefused("NO_AGREEMENT")
        parameters = {
            "amount": wire.amount_of(charge.amount),
            "currency": charge.amount.currency.lower(),
            "customer": charge.agreement.customer,
            "payment_method": charge.agreement.means,
            "off_session": True,
            "confirm": True,
            "description": charge.subject,
            "metadata": {wire.NUMBER: charge.number},
        }
        status, plain, raw = self._line.call("POST", "/v1/payment_intents", parameters, key=charge.number)
        if status == 402:  # a definite no of the bank: the intent stands and takes no money by itself
            return Outcome(charge.number, OrderState.FAILED, amount=charge.amount, raw=raw)
        if status != 200:
            raise ProviderRefused(code_of(plain))
        outcome = intent_about(plain, charge.number, raw)
        if outcome.amount != charge.amount:
            raise OutcomeUnknown("the answer is about another amount")
        return outcome

    # --- refunds and the day -----------------------------------------------------------------------------------------

    def refund(self, refund: Refund) -> RefundOutcome:
        paid = self.query(refund.order_number)
        if paid.state is not OrderState.PAID:
            raise ProviderRefused("ORDER_NOT_PAID")
        parameters = {
            "payment_intent": paid.transaction,
            "amount": wire.amount_of(refund.amount),
            "metadata": {wire.NUMBER: refund.order_number, wire.REFUND_NUMBER: refund.number},
        }
        status, plain, raw = self._line.call("POST", "/v1/refunds", parameters, key=refund.number)
        if status != 200:
            raise ProviderRefused(code_of(plain))
        return refund_about(plain, refund.number, raw)

    def query_refund(self, number: str, order_number: str) -> RefundOutcome:
        paid = self.query(order_number)
        if paid.transaction is not None:
            for plain in self._line.listed("/v1/refunds", {"payment_intent": paid.transaction}):
                if isinstance(plain, dict) and (plain.get("metadata") or {}).get(wire.REFUND_NUMBER) == number:
                    return refund_about(plain, number, b"")
        return RefundOutcome(number, order_number, RefundState.ABSENT)

    def statement(self, day: date) -> Statement:
        """Balance transactions of a day of the site's, Beijing time, with what they came from."""
        start = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
        since, until = int(start.timestamp()), int((start + timedelta(days=1)).timestamp())
        query = {"created[gte]": since, "created[lt]": until, "expand[]": "data.source"}
        pages: list[bytes] = []
        try:
            lines = [wire.balance_line(plain) for plain in self._line.listed("/v1/balance_transactions", query, pages)]
        except ValueError as error:
            raise OutcomeUnknown(f"a balance that cannot be read: {error}") from None
        found = sorted((line for line in lines if line is not None), key=lambda line: line.at)
        return Statement(day, tuple(found), b"\n".join(pages))

    # --- webhooks ----------------------------------------------------------------------------------------------------

    def read_callback(self, headers: Mapping[str, str], body: bytes) -> Notice:
        try:
            wire.check(self._account.webhook_secrets, headers, body, now=self._clock.now())
            plain = wire.load(body)
            event_id, kind, about = plain["id"], plain["type"], plain["data"]["object"]
            if plain.get("account") != self._account.account:
                raise CallbackRefused("merchant")
            if kind.startswith("checkout.session."):
                news: object = wire.session_outcome(about)
            elif kind.startswith("payment_intent."):
                news = wire.intent_outcome(about)
            else:
                news = wire.refund_outcome(about)
        except wire.Unproven as unproven:
            raise CallbackRefused(unproven.code) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise CallbackRefused("malformed") from None
        if not isinstance(event_id, str) or not 1 <= len(event_id) <= 64:
            raise CallbackRefused("malformed")
        return Notice(event_id, news)


_: type[Provider] = Stripe
_callbacks: type[SendsCallbacks] = Stripe
_charges: type[abilities.ChargesByAgreement] = Stripe
_saves: type[abilities.SavesAgreements] = Stripe
_reads: type[abilities.ReadsAgreements] = Stripe
_refunds: type[abilities.Refunds] = Stripe
_tells: type[abilities.TellsRefunds] = Stripe
_statements: type[abilities.GivesStatements] = Stripe
