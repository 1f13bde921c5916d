"""What a journey needs of coupons, by shape; `bootstrap` plugs the real desk in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.kernel.standing import Benefit
from parking.plumbing.db import UnitOfWork


class Given(Protocol):
    """A coupon as its holder sees it; `bearer` is its code, where whoever carries it may use it."""

    @property
    def coupon_id(self) -> str: ...
    @property
    def campaign_id(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def text(self) -> Mapping[str, str]: ...
    @property
    def valid_from(self) -> datetime: ...
    @property
    def valid_until(self) -> datetime: ...
    @property
    def bearer(self) -> str | None: ...


class Price(Protocol):
    """What a coupon costs in points, and who gets them."""

    @property
    def points(self) -> int: ...
    @property
    def issuer(self) -> str: ...


class Coupons(Protocol):
    """Issues and shows coupons."""

    def present(
        self, uow: UnitOfWork, text: str, *, stay_id: StayId, plate: Plate | None, member_id: str | None
    ) -> Given:
        """A code is shown for a stay; ParkingError when it is none of ours, or used."""
        ...

    def issue(
        self,
        uow: UnitOfWork,
        campaign_id: str,
        origin: str,
        *,
        member_id: str | None = None,
        plate: Plate | None = None,
    ) -> Given:
        """One coupon for this origin, the same one if it was asked for before."""
        ...

    def void(self, uow: UnitOfWork, coupon_id: str) -> None:
        """Take back a coupon that nobody has used; ParkingError (conflict) when it was."""
        ...

    def price_of(self, conn: Connection, campaign_id: str) -> Price: ...

    def for_points(self, conn: Connection, now: datetime) -> Sequence[tuple[str, Mapping[str, str], int]]:
        """(campaign, words, points) of what can be had now."""
        ...

    def merchant_names(self, conn: Connection, merchant_ids: Collection[str]) -> Mapping[str, str]:
        """What these merchants are called; who is unknown is left out."""
        ...

    def words_of(self, benefit: Benefit, currency: str) -> Mapping[str, str]:
        """What a benefit is called and how it reckons, under `zh` and `en`."""
        ...

    def merchant_of(self, conn: Connection, device_id: str) -> str: ...

    def points_for(self, conn: Connection, merchant_id: str, amount: int, currency: str) -> int:
        """What a purchase of `amount` minor units earns."""
        ...

    def for_purchase(
        self,
        uow: UnitOfWork,
        merchant_id: str,
        receipt: str,
        amount: int,
        *,
        member_id: str | None,
        plate: Plate | None,
    ) -> Sequence[Given]:
        """What the merchant's campaigns give for a purchase, each once for one receipt."""
        ...

    def of_receipt(self, conn: Connection, merchant_id: str, receipt: str) -> Sequence[str]:
        """The ids of the coupons that were given for a receipt."""
        ...

    def wallet(self, conn: Connection, member_id: str, after: str, limit: int) -> Sequence[Given]: ...

    def forget_member(self, uow: UnitOfWork, member_id: str) -> None: ...
