"""How the simulated Stripe writes its sessions, intents, refunds and balance transactions."""

from __future__ import annotations

from typing import Any

from hardware_sim.providers.books import RefundEntry, Trade
from payments.providers.base import OrderState

_INTENTS = {
    OrderState.PAID: "succeeded",
    OrderState.ACCEPTED: "processing",
    OrderState.WAITING: "requires_confirmation",
    OrderState.CLOSED: "canceled",
    OrderState.FAILED: "requires_payment_method",
}
_SESSIONS = {OrderState.PAID: ("complete", "paid"), OrderState.WAITING: ("open", "unpaid")}


def session_of(trade: Trade, page_url: str) -> dict[str, Any]:
    """A Checkout Session."""
    status, payment = _SESSIONS.get(trade.state, ("expired", "unpaid"))
    plain: dict[str, Any] = {
        "id": f"cs_test_{trade.number}",
        "object": "checkout.session",
        "client_reference_id": trade.number,
        "amount_total": trade.amount.minor,
        "currency": trade.amount.currency.lower(),
        "status": status,
        "payment_status": payment,
        "created": _unix(trade),
        "metadata": {"order_number": trade.number},
        "payment_intent": f"pi_{trade.number}" if trade.paid_at else None,
        "url": page_url if status == "open" else None,
    }
    return plain


def intent_of(trade: Trade) -> dict[str, Any]:
    """A PaymentIntent."""
    return {
        "id": f"pi_{trade.number}",
        "object": "payment_intent",
        "amount": trade.amount.minor,
        "amount_received": trade.amount.minor if trade.state is OrderState.PAID else 0,
        "currency": trade.amount.currency.lower(),
        "status": _INTENTS[trade.state],
        "created": _unix(trade),
        "metadata": {"order_number": trade.number},
    }


def refund_of(entry: RefundEntry) -> dict[str, Any]:
    """A Refund."""
    return {
        "id": f"re_{entry.number}",
        "object": "refund",
        "amount": entry.amount.minor,
        "currency": entry.amount.currency.lower(),
        "payment_intent": f"pi_{entry.trade.number}",
        "status": "succeeded",
        "created": int(entry.at.timestamp()),
        "metadata": {"order_number": entry.trade.number, "refund_number": entry.number},
    }


def balance_of(trades: list[Trade], refunds: list[RefundEntry]) -> list[dict[str, Any]]:
    """The balance transactions of a day, with their sources."""
    found = []
    for trade in trades:
        source = {
            "object": "charge",
            "payment_intent": f"pi_{trade.number}",
            "metadata": {"order_number": trade.number},
        }
        found.append(
            _balance(f"txn_{trade.number}", "charge", trade.amount.minor, trade.amount.currency, _unix(trade), source)
        )
    for entry in refunds:
        at = int(entry.at.timestamp())
        found.append(
            _balance(f"txn_{entry.number}", "refund", -entry.amount.minor, entry.amount.currency, at, refund_of(entry))
        )
    return found


def _balance(name: str, kind: str, amount: int, currency: str, at: int, source: dict[str, Any]) -> dict[str, Any]:
    fee = (amount * 29 + 500) // 1000 + 30 if amount > 0 else 0
    plain = {"id": name, "object": "balance_transaction", "type": kind, "amount": amount, "fee": fee}
    return plain | {"currency": currency.lower(), "created": at, "source": source}


def _unix(trade: Trade) -> int:
    return int((trade.paid_at or trade.extra["made_at"]).timestamp())
