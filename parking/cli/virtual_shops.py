"""A simulated mall's till: purchases that earn points and a parking coupon, and the coupon as its holder shows it when he pays."""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parking.bootstrap.keys import Ed25519Signer, KeyRing
from parking.journeys import shopping
from parking.kernel.errors import ParkingError
from parking.kernel.ids import StayId
from parking.kernel.standing import Effect, OffKind
from parking.members import service as members
from parking.members.model import Purpose
from parking.plumbing.db import Database, UnitOfWork
from payments.coupons import merchants, store
from payments.coupons.desk import Coupons
from payments.coupons.model import Bound, Campaign, Source

SHOP, CAMPAIGN, CLIENT = "shop", "shop-5", "mall-app"
OFF_MINOR, SPENT_MINOR, PER_UNIT = 500, 8_000, 2
_KEY = bytes(range(32))
"""Nobody outside the simulation ever sees a code of it."""


class VirtualShops:
    """One merchant whose campaign gives a coupon of `OFF_MINOR` for a purchase to whoever carries it."""

    def __init__(self, database: Database, currency: str) -> None:
        signer = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(_KEY))
        self._coupons = Coupons(signer, KeyRing([signer.public]))
        self._database = database
        self._currency = currency

    def open(self) -> None:
        """The merchant takes part from today on."""

        def work(uow: UnitOfWork) -> None:
            merchants.save(uow, merchants.Merchant(SHOP, "A shop", PER_UNIT))
            store.save_campaign(uow.connection, self._campaign(uow.now))

        self._database.write(work)

    def buy(self, customer: int, *, is_member: bool) -> str:
        """A customer buys something; the code of the coupon. The till is slow, and tells of it twice."""

        def work(uow: UnitOfWork) -> str:
            member_id = self._member(uow, customer) if is_member else None
            bought = shopping.Purchase(f"r{customer}", SPENT_MINOR, self._currency, member_id)
            first = shopping.buy(uow, self._coupons, SHOP, bought)
            again = shopping.buy(uow, self._coupons, SHOP, bought)
            assert [one.coupon_id for one in first.coupons] == [one.coupon_id for one in again.coupons]
            return str(first.coupons[0].bearer)

        return self._database.write(work)

    def give_back(self, customer: int) -> None:
        """The goods come back: what they earned goes, as far as nobody has used it."""
        self._database.write(lambda uow: shopping.give_back(uow, self._coupons, SHOP, f"r{customer}"))

    def show(self, code: str, stay_id: StayId) -> bool:
        """The code is shown for a stay; False where it is used or void."""
        try:
            self._database.write(
                lambda uow: self._coupons.present(uow, code, stay_id=stay_id, plate=None, member_id=None)
            )
        except ParkingError:
            return False
        return True

    def _member(self, uow: UnitOfWork, customer: int) -> str:
        joined = members.join(uow, CLIENT, f"c{customer}")
        members.consent(uow, joined.member_id, {Purpose.POINTS: True}, by=CLIENT)
        return joined.member_id

    def _campaign(self, now: datetime) -> Campaign:
        return Campaign(
            campaign_id=CAMPAIGN,
            issuer=SHOP,
            source=Source.MERCHANT,
            zh="购物减免",
            en="Off for shoppers",
            effect=Effect(OffKind.AMOUNT, minor=OFF_MINOR),
            currency=self._currency,
            bound=Bound.BEARER,
            valid_from=now - timedelta(days=1),
            valid_until=now + timedelta(days=60),
            receipt_minor=SPENT_MINOR,
        )
