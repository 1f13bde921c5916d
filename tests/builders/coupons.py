"""Campaigns, coupons and a desk that takes them, with good defaults."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.kernel.standing import Effect, OffKind
from payments.coupons import balance, issuing, store
from payments.coupons.model import Bound, Campaign, Coupon, Offer, Source
from payments.quote import Account
from payments.tariff.model import Tariff
from tests.builders.payments import START, STAY_ID, Desk, Stay, a_tariff

PLATE = Plate("浙A12345")
HALF_HOURS = """\
tariff: 1
name: { zh: 半小时计费, en: Half hours }
currency: CNY
timezone: Asia/Shanghai
step: { minutes: 30, amount: 3.50 }
"""
HOUR = Effect(OffKind.HOURS, minutes=60)


def five_off(minor: int = 500, **limits: Any) -> Effect:
    return Effect(OffKind.AMOUNT, minor=minor, **limits)


def an_offer(key: str, effect: Effect, **changes: Any) -> Offer:
    return Offer(key=key, zh=f"券{key}", en=f"Coupon {key}", effect=effect, **changes)


def a_campaign(campaign_id: str = "hour", effect: Effect = HOUR, **changes: Any) -> Campaign:
    """A merchant's campaign of this spring, for one plate, without limits."""
    values: dict[str, Any] = {
        "issuer": "cafe", "source": Source.MERCHANT, "zh": "停车券", "en": "Parking coupon", "currency": "CNY",
        "bound": Bound.PLATE, "valid_from": START - timedelta(days=1), "valid_until": START + timedelta(days=30),
    }  # fmt: skip
    return Campaign(campaign_id=campaign_id, effect=effect, **{**values, **changes})


def half_hours() -> Tariff:
    return a_tariff(HALF_HOURS)


@dataclass
class CouponDesk(Desk):
    """A desk in a mall that charges by half hours, unless told otherwise."""

    tariff: Tariff = field(default_factory=half_hours)

    def campaign(self, campaign_id: str = "hour", effect: Effect = HOUR, **changes: Any) -> Campaign:
        made = a_campaign(campaign_id, effect, **changes)
        self.database.write(lambda uow: store.save_campaign(uow.connection, made))
        return made

    def give(self, campaign_id: str = "hour", origin: str = "receipt-1", **to: Any) -> Coupon:
        """One coupon, to the plate of `a_stay` unless told otherwise."""
        whom = to or {"plate": PLATE}
        return self.database.write(lambda uow: issuing.issue(uow, campaign_id, origin, **whom))

    def a_stay(self, number: int = 1, plate: Plate | None = PLATE, **changes: Any) -> Stay:
        """A car that came in at the start."""
        known = Stay(tariff_version=self.tariff.version, plate=plate)
        stay_id = StayId(f"{STAY_ID[:-3]}{number:03d}")
        return replace(known, **{"stay_id": stay_id, **changes})

    def show(self, coupon: Coupon, stay: Stay) -> None:
        """Its bearer shows it for this stay too."""
        self.database.write(lambda uow: store.show(uow.connection, stay.stay_id, coupon.coupon_id, uow.now))

    def account(self, stay: Stay | None = None) -> Account:
        at = self.clock.now()
        found = self.database.read(lambda conn: self.cashier.account(conn, stay or self.a_stay(), at))
        assert sum(line.amount.minor for line in found.lines) == found.total.minor
        assert found.total.minor - found.paid.minor == found.due.minor
        return found

    def state(self, coupon: Coupon) -> str:
        found = self.database.read(lambda conn: store.coupon(conn, coupon.coupon_id))
        assert found is not None
        return found.state.value

    def check(self) -> None:
        """I1, I2 and I3, whatever happened."""
        Desk.check(self)
        assert self.database.read(balance.faults) == []
