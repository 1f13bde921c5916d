"""ETC payment through an aggregator: the on-board unit's issuer is charged, cleared by the aggregator, never by us.

State 0 failed, 1 done, 2 still collecting. ETC gives nothing back by itself: a refund goes another way, decided by a person.
The host and the key come with the contract. Source: the public interface description of one aggregator (etcPayApi).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from parking.kernel.errors import ParkingError
from payments.providers import abilities
from payments.providers.abilities import Charge, LineKind, Statement, StatementLine
from payments.providers.base import (
    LAST_MOMENT_S,
    CallbackRefused,
    Notice,
    OrderState,
    Outcome,
    OutcomeUnknown,
    ProviderRefused,
    SendsCallbacks,
)
from payments.providers.chinese_text import from_yuan, yuan
from payments.providers.keyed_line import KeyedLine, outcome_about, text_of

PAY, QUERY, BILL = "/unionapi/etcPayApi", "/unionapi/etcQueryApi", "/unionapi/etcBillApi"
_STATES = {0: OrderState.FAILED, 1: OrderState.PAID, 2: OrderState.ACCEPTED}
_ABSENT = "ORDER_NOT_EXIST"


class EtcAggregator:
    """A client of one lot; `pay_type` and `channel_id` are the contract's words for who clears."""

    def __init__(self, line: KeyedLine, *, pay_type: str, channel_id: str) -> None:
        self._line = line
        self._pay_type = pay_type
        self._channel_id = channel_id

    def charge(self, charge: Charge) -> Outcome:
        known = self.query(charge.number)
        if known.state is not OrderState.ABSENT:
            if known.amount is not None and known.amount != charge.amount:
                raise ProviderRefused("PARAM_MISMATCH")
            return known
        if charge.car is None or charge.left_at <= charge.entered_at:
            raise ProviderRefused("PARAM_ERROR")
        fields = {
            "order_id": charge.number,
            "car_number": charge.car.plate,
            "in_time": int(charge.entered_at.timestamp()),
            "out_time": int(charge.left_at.timestamp()),
            "total": yuan(charge.amount),
            "out_channel_id": self._channel_id,
            "pay_type": self._pay_type,
            "notify_url": charge.notify_url,
        }
        plain, raw = self._line.call(PAY, fields)
        if plain.get("errmsg"):
            raise ProviderRefused(str(plain["errmsg"])[:64])
        outcome = outcome_about(outcome_of, plain, charge.number, raw)
        if outcome.amount != charge.amount:
            raise OutcomeUnknown("the answer is about another amount")
        return outcome

    def query(self, number: str) -> Outcome:
        plain, raw = self._line.call(QUERY, {"order_id": number})
        if plain.get("errmsg") == _ABSENT and plain.get("order_id") == number:
            return Outcome(number, OrderState.ABSENT)
        return outcome_about(outcome_of, plain, number, raw)

    def statement(self, day: date) -> Statement:
        """Lines of `order_id,total,unix seconds,trade_no,fee`, yuan text, and their count in a signed field."""
        plain, raw = self._line.call(BILL, {"date": str(day)})
        if plain.get("errmsg"):
            raise ProviderRefused(str(plain["errmsg"])[:64])
        try:
            rows = [row for row in str(plain.get("lines", "")).split("\n") if row]
            if len(rows) != plain.get("count"):
                raise ValueError("the count does not fit the rows")
            return Statement(day, tuple(_line(row) for row in rows), raw)
        except ValueError as error:
            raise OutcomeUnknown(f"a bill that cannot be read: {error}") from None

    def read_callback(self, headers: Mapping[str, str], body: bytes) -> Notice:  # noqa: ARG002  # it is all in the body
        plain = self._line.open_callback(body)
        try:
            return Notice(text_of(plain, "event_id"), outcome_of(plain, body))
        except (ValueError, ParkingError):
            raise CallbackRefused("malformed") from None

    def callback_answer(self) -> tuple[str, bytes]:
        return "application/json", b'{"state":1}'


def outcome_of(plain: Mapping[str, Any], raw: bytes) -> Outcome:
    """What an order says, in answers and callbacks; ValueError if it is none."""
    state = _STATES.get(plain["state"]) if type(plain.get("state")) is int else None
    if state is None:
        raise ValueError("no state")
    number, amount = text_of(plain, "order_id", 32), from_yuan(plain.get("total"))
    if state is not OrderState.PAID:
        return Outcome(number, state, amount=amount, raw=raw)
    at = _moment(plain.get("pay_time"))
    return Outcome(number, state, amount=amount, paid_at=at, transaction=text_of(plain, "trade_no"), raw=raw)


def _line(row: str) -> StatementLine:
    number, total, at, transaction, fee = row.split(",")
    return StatementLine(
        kind=LineKind.PAYMENT,
        number=number,
        amount=from_yuan(total),
        at=_moment(int(at)),
        transaction=transaction,
        fee_minor=from_yuan(fee).minor,
    )


def _moment(unix_s: object) -> datetime:
    if type(unix_s) is not int or not 0 <= unix_s < LAST_MOMENT_S:
        raise ValueError("no time")
    return datetime.fromtimestamp(unix_s, UTC)


_callbacks: type[SendsCallbacks] = EtcAggregator
_answers: type[abilities.AnswersCallbacks] = EtcAggregator
_charges: type[abilities.ChargesByAgreement] = EtcAggregator
_statements: type[abilities.GivesStatements] = EtcAggregator
