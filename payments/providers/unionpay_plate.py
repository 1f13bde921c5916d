"""UnionPay's plate pay (UPark 无感支付): plate, times and amount are pushed, and the card behind the plate is charged.

94 (duplicate) and E3 (already paid) are the success of an earlier try, so that they are asked about; 25 and E1 say that the
plate is not enrolled. The host and the paths come with the contract. Source: UnionPay open platform, API 59.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from parking.kernel.errors import ParkingError
from parking.kernel.money import Money
from payments.providers import abilities
from payments.providers.abilities import (
    AgreementAnswer,
    Car,
    Charge,
    LineKind,
    Refund,
    RefundOutcome,
    RefundState,
    Standing,
    Statement,
    StatementLine,
)
from payments.providers.base import (
    CallbackRefused,
    Notice,
    OrderState,
    Outcome,
    OutcomeUnknown,
    ProviderRefused,
    SendsCallbacks,
)
from payments.providers.chinese_text import BEIJING
from payments.providers.keyed_line import KeyedLine, outcome_about, text_of

DONE, FAILED, NOT_ENROLLED, DUPLICATE, NOT_LISTED, ALREADY_PAID = "00", "01", "25", "94", "E1", "E3"
_UNKNOWN = frozenset({"F2", "96"})
_STATES = {"S": OrderState.PAID, "P": OrderState.ACCEPTED, "F": OrderState.FAILED, "N": OrderState.ABSENT}
_REFUNDS = {"S": RefundState.DONE, "P": RefundState.PROCESSING, "F": RefundState.FAILED, "N": RefundState.ABSENT}
PAY, QUERY, REFUND, REFUND_QUERY = "/upark/pay", "/upark/query", "/upark/refund", "/upark/refundQuery"
ENROLLED, BILL = "/upark/plateQuery", "/upark/bill"


class UnionpayPlate:
    """A client of one merchant at one lot."""

    def __init__(self, line: KeyedLine) -> None:
        self._line = line

    def agreement(self, car: Car) -> AgreementAnswer:
        plain, raw = self._line.call(ENROLLED, {"plateNo": car.plate, "plateColor": car.colour.value})
        code = _code(plain)
        if code in (NOT_ENROLLED, NOT_LISTED):
            return AgreementAnswer(Standing.NOT_ENROLLED, raw=raw)
        if code != DONE:
            raise ProviderRefused(code)
        return AgreementAnswer(Standing.ENROLLED, frozenset({"PLATE_PAY"}), raw)

    def charge(self, charge: Charge) -> Outcome:
        if charge.car is None or charge.amount.currency != "CNY":
            raise ProviderRefused("30")
        fields = {
            "orderNo": charge.number,
            "plateNo": charge.car.plate,
            "plateColor": charge.car.colour.value,
            "txnAmt": charge.amount.minor,
            "inTime": stamp(charge.entered_at),
            "outTime": stamp(charge.left_at),
            "notifyUrl": charge.notify_url,
        }
        plain, raw = self._line.call(PAY, fields)
        code = _code(plain)
        if code in (DUPLICATE, ALREADY_PAID):
            known = self.query(charge.number)
            if known.amount is not None and known.amount != charge.amount:
                raise ProviderRefused("PARAM_MISMATCH")
            if known.state is OrderState.ABSENT:
                raise OutcomeUnknown("a duplicate of what is not there")
            return known
        if code != DONE:
            raise ProviderRefused(code)
        outcome = outcome_about(outcome_of, plain, charge.number, raw)
        if outcome.amount != charge.amount:
            raise OutcomeUnknown("the answer is about another amount")
        return outcome

    def query(self, number: str) -> Outcome:
        plain, raw = self._line.call(QUERY, {"orderNo": number})
        if _code(plain) != DONE:
            raise OutcomeUnknown(f"query answered {_code(plain)}")
        return outcome_about(outcome_of, plain, number, raw)

    def refund(self, refund: Refund) -> RefundOutcome:
        fields = {
            "refundNo": refund.number,
            "orderNo": refund.order_number,
            "refundAmt": refund.amount.minor,
            "notifyUrl": refund.notify_url,
        }
        plain, raw = self._line.call(REFUND, fields)
        if _code(plain) == DUPLICATE:
            return self.query_refund(refund.number, refund.order_number)
        if _code(plain) != DONE:
            raise ProviderRefused(_code(plain))
        return self._refund(plain, refund.number, refund.order_number, raw)

    def query_refund(self, number: str, order_number: str) -> RefundOutcome:
        plain, raw = self._line.call(REFUND_QUERY, {"refundNo": number, "orderNo": order_number})
        if _code(plain) != DONE:
            raise OutcomeUnknown(f"query answered {_code(plain)}")
        return self._refund(plain, number, order_number, raw)

    def statement(self, day: date) -> Statement:
        """Lines of `kind|orderNo|refundNo|fen|yyyyMMddHHmmss|transaction|fee`, and their count in a signed field."""
        plain, raw = self._line.call(BILL, {"billDate": day.strftime("%Y%m%d")})
        if _code(plain) != DONE:
            raise ProviderRefused(_code(plain))
        try:
            rows = [row for row in str(plain.get("content", "")).split("\n") if row]
            if len(rows) != plain.get("count"):
                raise ValueError("the count does not fit the rows")
            return Statement(day, tuple(_line(row) for row in rows), raw)
        except (ValueError, ParkingError) as error:
            raise OutcomeUnknown(f"a bill that cannot be read: {error}") from None

    def read_callback(self, headers: Mapping[str, str], body: bytes) -> Notice:  # noqa: ARG002  # it is all in the body
        plain = self._line.open_callback(body)
        try:
            event_id = text_of(plain, "eventId")
            news: object = refund_of(plain, body) if "refundNo" in plain else outcome_of(plain, body)
        except (ValueError, ParkingError):
            raise CallbackRefused("malformed") from None
        return Notice(event_id, news)

    def callback_answer(self) -> tuple[str, bytes]:
        return "application/json", b'{"respCode":"00"}'

    def _refund(self, plain: Mapping[str, Any], number: str, order_number: str, raw: bytes) -> RefundOutcome:
        try:
            outcome = refund_of(plain, raw)
        except (ValueError, ParkingError):
            raise OutcomeUnknown("an answer that is no refund") from None
        if (outcome.number, outcome.order_number) != (number, order_number):
            raise OutcomeUnknown("the answer is about another refund")
        return outcome


def stamp(at: datetime) -> str:
    """`20260501100000`, Beijing time."""
    return at.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")


def _from_stamp(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)


def outcome_of(plain: Mapping[str, Any], raw: bytes) -> Outcome:
    """What an order says, in answers and callbacks; ValueError if it is none."""
    try:
        state = _STATES[text_of(plain, "status", 1)]
    except KeyError:
        raise ValueError("no status") from None
    number = text_of(plain, "orderNo", 32)
    if state is OrderState.ABSENT:
        return Outcome(number, state)
    amount = Money(plain.get("txnAmt"), "CNY")  # type: ignore[arg-type]  # Money refuses what is no whole number
    if state is not OrderState.PAID:
        return Outcome(number, state, amount=amount, raw=raw)
    at, transaction = _from_stamp(text_of(plain, "payTime")), text_of(plain, "traceNo")
    return Outcome(number, state, amount=amount, paid_at=at, transaction=transaction, raw=raw)


def refund_of(plain: Mapping[str, Any], raw: bytes) -> RefundOutcome:
    """What a refund says; ValueError if it is none."""
    try:
        state = _REFUNDS[text_of(plain, "status", 1)]
    except KeyError:
        raise ValueError("no status") from None
    number, order_number = text_of(plain, "refundNo"), text_of(plain, "orderNo", 32)
    if state is RefundState.ABSENT:
        return RefundOutcome(number, order_number, state)
    amount = Money(plain.get("refundAmt"), "CNY")  # type: ignore[arg-type]  # as above
    return RefundOutcome(number, order_number, state, amount, text_of(plain, "traceNo"), raw)


def _line(row: str) -> StatementLine:
    kind, number, refund_number, fen, at, transaction, fee = row.split("|")
    return StatementLine(
        kind=LineKind.REFUND if kind == "R" else LineKind.PAYMENT,
        number=number,
        amount=Money(int(fen), "CNY"),
        at=_from_stamp(at),
        transaction=transaction,
        refund_number=refund_number or None,
        fee_minor=int(fee),
    )


def _code(plain: Mapping[str, Any]) -> str:
    code = plain.get("respCode")
    if not isinstance(code, str) or not 1 <= len(code) <= 8 or code in _UNKNOWN:
        raise OutcomeUnknown(f"answered {code if isinstance(code, str) else 'no code'}")
    return code


_callbacks: type[SendsCallbacks] = UnionpayPlate
_answers: type[abilities.AnswersCallbacks] = UnionpayPlate
_charges: type[abilities.ChargesByAgreement] = UnionpayPlate
_agreements: type[abilities.KnowsAgreements] = UnionpayPlate
_refunds: type[abilities.Refunds] = UnionpayPlate
_tells: type[abilities.TellsRefunds] = UnionpayPlate
_statements: type[abilities.GivesStatements] = UnionpayPlate
