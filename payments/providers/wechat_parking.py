"""WeChat's parking service: entry, enrolment and collection by plate, without the driver's hand.

ACCEPTED means that WeChat collects, and may advance; only then may a car that is still here go. What is not ACCEPTED
stays a debt of the driver's.
"""

from __future__ import annotations

from payments.providers import abilities
from payments.providers import wechat_parking_wire as parking
from payments.providers import wechat_wire as wire
from payments.providers.abilities import AgreementAnswer, Car, Charge, Entry, EntryTaken, Standing
from payments.providers.base import OrderState, Outcome, OutcomeUnknown, ProviderRefused, SendsCallbacks
from payments.providers.wechat import WechatOrders, code_of


class WechatParking(WechatOrders):
    """The parking service of one merchant; refunds, bills and callbacks are those of every WeChat payment."""

    path = "/v3/vehicle/transactions/out-trade-no"

    def target(self, number: str) -> str:
        return f"{self.path}/{number}"

    def agreement(self, car: Car) -> AgreementAnswer:
        status, plain, raw = self.line.call("GET", parking.find_target(car, appid=self.line.account.appid))
        if status == 404:
            return AgreementAnswer(Standing.NOT_ENROLLED, raw=raw)
        if status != 200:
            raise ProviderRefused(code_of(plain))
        try:
            return parking.agreement_of(plain, raw=raw)
        except ValueError:
            raise OutcomeUnknown("an answer that is no service state") from None

    def enter(self, entry: Entry) -> EntryTaken:
        status, plain, raw = self.line.call("POST", parking.ENTER, parking.entry_body(entry))
        if status != 200:
            raise ProviderRefused(code_of(plain))
        try:
            taken = parking.entry_of(plain, raw=raw)
        except ValueError:
            raise OutcomeUnknown("an answer that is no parking") from None
        if taken.number != entry.number:
            raise OutcomeUnknown("the answer is about another parking")
        return taken

    def charge(self, charge: Charge) -> Outcome:
        """Ask first: WeChat answers a repeated collection with an error about the parking id, not with its state."""
        known = self.query(charge.number)
        if known.state is not OrderState.ABSENT:
            if known.amount is not None and known.amount != charge.amount:
                raise ProviderRefused("PARAM_MISMATCH")
            return known
        try:
            body = parking.charge_body(charge, appid=self.line.account.appid)
        except ValueError:
            raise ProviderRefused("PARAM_ERROR") from None
        status, plain, raw = self.line.call("POST", parking.COLLECT, body)
        if status != 200:
            known = self.query(charge.number)  # the refusal may be about our own earlier try
            if known.state is OrderState.ABSENT:
                raise ProviderRefused(code_of(plain))
            return known
        outcome = self.outcome(plain, charge.number, raw)
        if outcome.amount is not None and outcome.amount != charge.amount:
            raise OutcomeUnknown("the answer is about another amount")
        return outcome

    def news(self, event: wire.Event) -> object:
        if event.kind == "VEHICLE.ENTRANCE_STATE_CHANGE":
            return parking.standing_changed(event.resource)
        return super().news(event)


_callbacks: type[SendsCallbacks] = WechatParking
_charges: type[abilities.ChargesByAgreement] = WechatParking
_agreements: type[abilities.KnowsAgreements] = WechatParking
_entries: type[abilities.TakesEntries] = WechatParking
_refunds: type[abilities.Refunds] = WechatParking
