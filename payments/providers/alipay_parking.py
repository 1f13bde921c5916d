"""Alipay's car-owner service: entry, enrolment, collection by plate, exit.

An agreement is true for the moment in which it was asked for, so that it is asked right before every collection. A car
that leaves first is collected with `after_pay_order`; `advance_amount` tells what Alipay has advanced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payments.providers import abilities
from payments.providers.abilities import AgreementAnswer, Car, Charge, Entry, EntryTaken, Exit, PlateColour, Standing
from payments.providers.alipay import AlipayLine, AlipayTrades
from payments.providers.base import OrderState, Outcome, OutcomeUnknown, ProviderRefused, SendsCallbacks
from payments.providers.chinese_text import from_wall, from_yuan, wall, yuan

SCENES = frozenset({"PLATE_PAY", "ETC_PAY"})
_FAMILY = "alipay.eco.mycar.parking"
_COLOURS = {
    PlateColour.BLUE: "blue",
    PlateColour.GREEN: "green",
    PlateColour.YELLOW: "yellow",
    PlateColour.BLACK: "black",
    PlateColour.WHITE: "white",
    PlateColour.LIMEGREEN: "limegreen",
}


class AlipayParking(AlipayTrades):
    """The car-owner service at one lot; `parking_id` is Alipay's name of the lot."""

    def __init__(self, line: AlipayLine, *, parking_id: str) -> None:
        super().__init__(line)
        self._parking_id = parking_id

    def agreement(self, car: Car) -> AgreementAnswer:
        content = {"car_number": car.plate, "plate_color": _COLOURS[car.colour], "parking_id": self._parking_id}
        plain, refused, raw = self.line.call(f"{_FAMILY}.agreement.query", content)
        if refused is not None:
            raise ProviderRefused(refused.code)
        return _agreement(plain, raw)

    def enter(self, entry: Entry) -> EntryTaken:
        content = {
            "parking_id": self._parking_id,
            "car_number": entry.car.plate,
            "car_color": _COLOURS[entry.car.colour],
            "in_time": wall(min(entry.entered_at, self.line.clock.now())),  # never later than now
            "out_serial_no": entry.number,
            "free_minutes": str(entry.free_s // 60),
            "agreement_query": "true",
        }
        plain, refused, raw = self.line.call(f"{_FAMILY}.enterinfo.sync", content)
        if refused is not None:
            raise ProviderRefused(refused.code)
        if not isinstance(plain.get("serial_no"), str):
            raise OutcomeUnknown("an answer without a serial number")
        return EntryTaken(entry.number, plain["serial_no"], _agreement(plain, raw).standing, raw)

    def leave(self, gone: Exit) -> None:
        content = {
            "parking_id": self._parking_id,
            "car_number": gone.car.plate,
            "out_time": wall(gone.left_at),
            "out_serial_no": gone.number,
        }
        _, refused, _ = self.line.call(f"{_FAMILY}.exitinfo.sync", content)
        if refused is not None:
            raise ProviderRefused(refused.code)

    def charge(self, charge: Charge) -> Outcome:
        """Ask for the number, then for the agreement, then collect: three questions, one charge."""
        known = self.query(charge.number)
        if known.state is not OrderState.ABSENT:
            if known.amount is not None and known.amount != charge.amount:
                raise ProviderRefused("ACQ.CONTEXT_INCONSISTENT")
            return known
        if charge.car is None or charge.left_at <= charge.entered_at:
            raise ProviderRefused("PARAM_ERROR")
        scenes = self.agreement(charge.car).scenes
        if not scenes & SCENES:
            raise ProviderRefused("NO_AGREEMENT_SCENE")
        scene = "PLATE_PAY" if "PLATE_PAY" in scenes else "ETC_PAY"
        plain, refused, raw = self.line.call(
            f"{_FAMILY}.order.pay", self._order(charge, charge.car, scene), charge.notify_url
        )
        if refused is not None and refused.code in ("ACQ.TRADE_HAS_SUCCESS", "ACQ.CONTEXT_INCONSISTENT"):
            return self.query(charge.number)
        if refused is not None:
            raise ProviderRefused(refused.code)
        return _paid(plain, charge, raw)

    def _order(self, charge: Charge, car: Car, scene: str) -> dict[str, Any]:
        minutes = -(-int((charge.left_at - charge.entered_at).total_seconds()) // 60)
        content = {
            "car_number": car.plate,
            "car_number_color": _COLOURS[car.colour],
            "out_trade_no": charge.number,
            "subject": charge.subject,
            "total_fee": yuan(charge.amount),
            "seller_id": self.line.account.seller_id,
            "parking_id": self._parking_id,
            "parking_name": charge.lot_name,
            "in_time": wall(charge.entered_at),
            "out_time": wall(charge.left_at),
            "in_duration": str(minutes),
            "billing_duration": str(minutes),
            "pay_scene": scene,
            "after_pay_order": "true" if charge.left_first else "false",
            "pay_version": "3.0",
        }
        return content if charge.reference is None else content | {"serial_no": charge.reference}


def _agreement(plain: Mapping[str, Any], raw: bytes) -> AgreementAnswer:
    """What `agreement_scene` says; `agreement_status` is out of use and not looked at."""
    told = plain.get("agreement_scene")
    if not isinstance(told, str):
        raise OutcomeUnknown("an answer without an agreement")
    scenes = frozenset(told.replace(" ", "").split(",")) & SCENES
    if scenes:
        return AgreementAnswer(Standing.ENROLLED, scenes, raw)
    overdue = told == "NSF_CHECK_FAILED"
    return AgreementAnswer(Standing.OVERDUE if overdue else Standing.NOT_ENROLLED, raw=raw)


def _paid(plain: Mapping[str, Any], charge: Charge, raw: bytes) -> Outcome:
    """The answer to a collection; it carries no status, a payment time is the word that it was paid."""
    try:
        if plain["out_trade_no"] != charge.number or from_yuan(plain["total_fee"]) != charge.amount:
            raise OutcomeUnknown("the answer is about another order or amount")
        advance = from_yuan(plain["advance_amount"]).minor if plain.get("advance_amount") else 0
        return Outcome(
            charge.number,
            OrderState.PAID,
            amount=charge.amount,
            paid_at=from_wall(plain["gmt_payment"]),
            transaction=str(plain["trade_no"])[:64],
            advanced=advance > 0,
            raw=raw,
        )
    except (KeyError, ValueError):
        raise OutcomeUnknown("an answer that is no payment") from None


_callbacks: type[SendsCallbacks] = AlipayParking
_charges: type[abilities.ChargesByAgreement] = AlipayParking
_agreements: type[abilities.KnowsAgreements] = AlipayParking
_entries: type[abilities.TakesEntries] = AlipayParking
_exits: type[abilities.TakesExits] = AlipayParking
_refunds: type[abilities.Refunds] = AlipayParking
