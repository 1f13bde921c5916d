"""A quote as JSON, written once and kept as bytes: the schema is that of `quote_api.QuoteView`, and a test holds both together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from parking.journeys.ports import Account, BillLine
from parking.journeys.quoting import StayQuote
from parking.journeys.schemas import state_of
from parking.kernel.money import Money


class QuoteText:
    """The answer for any `at` for which the quote holds."""

    def __init__(self, quote: StayQuote, *, discreet: bool) -> None:
        """`discreet`: for eyes that have shown no more than a plate."""
        found = quote.found
        account = found.account.discreet() if discreet else found.account
        plain = {
            "entered_at": _time(found.stay.entered_at),
            "state": state_of(found.stay, quote.at, found.leave_by),
            "leave_by": None if found.leave_by is None else _time(found.leave_by),
            "bill": _bill(account),
            "periods": [
                {"begins_at": _time(one.begins_at), "ends_at": _time(one.ends_at), "lines": _lines(one.lines)}
                for one in quote.periods
            ],
            "what_if": [
                {
                    "before": _time(one.until),
                    "total": _money(one.total),
                    "later": _money(one.later),
                    "text": _words(one.text),
                }
                for one in quote.ahead
            ],
        }
        self._rest = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))[1:].encode()

    def at(self, at: datetime) -> bytes:
        """The body of an answer."""
        return b'{"at":"%b",%b' % (_time(at).encode(), self._rest)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _money(money: Money) -> dict[str, Any]:
    return {"amount": money.minor, "currency": money.currency}


def _words(text: Mapping[str, str]) -> dict[str, str]:
    return {"zh": text["zh"], "en": text["en"]}


def _lines(lines: Iterable[BillLine]) -> list[dict[str, Any]]:
    return [
        {
            "code": line.code,
            "text": _words(line.text),
            "minutes": line.minutes,
            "count": line.count,
            "unit": None if line.unit is None else _money(line.unit),
            "amount": _money(line.amount),
        }
        for line in lines
    ]


def _bill(account: Account) -> dict[str, Any]:
    return {
        "currency": account.total.currency,
        "total": _money(account.total),
        "paid": _money(account.paid),
        "due": _money(account.due),
        "lines": _lines(account.lines),
        "not_applied": [
            {"coupon_id": one.key, "name": _words(one.name), "why": one.why, "text": _words(one.text)}
            for one in account.not_applied
        ],
        "can_settle": account.is_open,
    }
