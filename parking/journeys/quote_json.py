"""A quote as JSON, written once and kept as bytes: the schema is that of `quote_api.QuoteView`, and a test holds both together.

Lines of bills are few and come again in stay after stay: each is put into words once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as _text  # a text as json.dumps writes it with ensure_ascii=False

from parking.journeys.ports import Account, Ahead, BillLine, NotApplied, Period
from parking.journeys.quoting import StayQuote
from parking.journeys.schemas import state_of
from parking.kernel.money import Money

_KEPT_LINES = 4_096


class QuoteText:
    """The answer for any `at` for which the quote holds."""

    def __init__(self, quote: StayQuote, *, discreet: bool) -> None:
        """`discreet`: for eyes that have shown no more than a plate."""
        found = quote.found
        account = found.account.discreet() if discreet else found.account
        leave_by = "null" if found.leave_by is None else _time(found.leave_by)
        self._rest = (
            f'"entered_at":{_time(found.stay.entered_at)},"state":{_text(state_of(found.stay, quote.at, found.leave_by))},'
            f'"leave_by":{leave_by},"bill":{_bill(account)},"periods":{_list(map(_period, quote.periods))},'
            f'"what_if":{_list(map(_ahead, quote.ahead))}}}'
        ).encode()

    def at(self, at: datetime) -> bytes:
        """The body of an answer."""
        return b'{"at":%b,%b' % (_time(at).encode(), self._rest)


def _list(written: Iterable[str]) -> str:
    return f"[{','.join(written)}]"


def _time(moment: datetime) -> str:
    return f'"{moment.astimezone(UTC).isoformat().replace("+00:00", "Z")}"'


def _money(money: Money) -> str:
    return f'{{"amount":{money.minor},"currency":{_text(money.currency)}}}'


def _words(text: Mapping[str, str]) -> str:
    return f'{{"zh":{_text(text["zh"])},"en":{_text(text["en"])}}}'


def _period(one: Period) -> str:
    return f'{{"begins_at":{_time(one.begins_at)},"ends_at":{_time(one.ends_at)},"lines":{_lines(one.lines)}}}'


def _ahead(one: Ahead) -> str:
    total, later = _money(one.total), _money(one.later)
    return f'{{"before":{_time(one.until)},"total":{total},"later":{later},"text":{_words(one.text)}}}'


def _lines(lines: Iterable[BillLine]) -> str:
    return _list(_line(line) for line in lines)


@lru_cache(_KEPT_LINES)
def _line(line: BillLine) -> str:
    unit = "null" if line.unit is None else _money(line.unit)
    return (
        f'{{"code":{_text(line.code)},"text":{_words(line.text)},"minutes":{line.minutes},"count":{line.count},'
        f'"unit":{unit},"amount":{_money(line.amount)}}}'
    )


def _left_out(one: NotApplied) -> str:
    return (
        f'{{"coupon_id":{_text(one.key)},"name":{_words(one.name)},"why":{_text(one.why)},"text":{_words(one.text)}}}'
    )


def _bill(account: Account) -> str:
    return (
        f'{{"currency":{_text(account.total.currency)},"total":{_money(account.total)},"paid":{_money(account.paid)},'
        f'"due":{_money(account.due)},"lines":{_lines(account.lines)},'
        f'"not_applied":{_list(map(_left_out, account.not_applied))},"can_settle":{"true" if account.is_open else "false"}}}'
    )
