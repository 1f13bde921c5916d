"""Coupons as the journeys need them; satisfies their port `Coupons` by shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from parking.kernel.errors import ParkingError, conflict, not_found
from parking.kernel.ids import StayId, fitting
from parking.kernel.plate import Plate
from parking.kernel.signed import Signer, Verifier
from parking.kernel.standing import Benefit
from parking.plumbing.db import UnitOfWork
from payments.coupons import codes, issuing, merchants, store
from payments.coupons.model import Bound, Campaign, Coupon
from payments.coupons.tables import campaign_table
from payments.coupons.words import line_text

OFFERS_MOST = 100


@dataclass(frozen=True, slots=True)
class Given:
    """A coupon as its holder sees it; `bearer` is its code, where whoever carries it may use it."""

    coupon_id: str
    campaign_id: str
    state: str
    text: Mapping[str, str]
    valid_from: datetime
    valid_until: datetime
    bearer: str | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What a coupon costs in points, and who gets them."""

    points: int
    issuer: str


class Coupons:
    """Issues, shows and reads coupons; safe to share between threads."""

    def __init__(self, signer: Signer, verifier: Verifier) -> None:
        self._signer = signer
        self._verifier = verifier

    def present(
        self, uow: UnitOfWork, text: str, *, stay_id: StayId, plate: Plate | None, member_id: str | None
    ) -> Given:
        """A code is shown for a stay; ParkingError when it is none of ours, or used."""
        code = codes.read(text, self._verifier, uow.now)
        return self._given(
            uow.connection, issuing.present(uow, code, stay_id=stay_id, plate=plate, member_id=member_id)
        )

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
        coupon = issuing.issue(uow, campaign_id, origin, member_id=member_id, plate=plate)
        return self._given(uow.connection, coupon)

    def void(self, uow: UnitOfWork, coupon_id: str) -> None:
        issuing.make_void(uow, coupon_id)

    def price_of(self, conn: Connection, campaign_id: str) -> Price:
        """What a coupon of this campaign costs in points; ParkingError when it is not for points."""
        found = store.campaign(conn, campaign_id)
        if found is None or found.points is None:
            raise not_found("campaign.not_for_points", "there is no such offer for points")
        return Price(found.points, found.issuer)

    def for_points(self, conn: Connection, now: datetime) -> Sequence[tuple[str, Mapping[str, str], int]]:
        """(campaign, words, points) of what can be had now."""
        c = campaign_table.c
        found = store.campaigns(conn, "", OFFERS_MOST, c.points.is_not(None), c.enabled)
        return [
            (one.campaign_id, _words(one), one.points or 0) for one in found if one.valid_from <= now < one.valid_until
        ]

    def merchant_names(self, conn: Connection, merchant_ids: Collection[str]) -> Mapping[str, str]:
        """What these merchants are called; who is unknown is left out."""
        return merchants.names(conn, merchant_ids)

    def words_of(self, benefit: Benefit, currency: str) -> Mapping[str, str]:
        """What a benefit is called and how it reckons, under `zh` and `en`."""
        return line_text(benefit.zh, benefit.en, benefit.effect, currency)

    def merchant_of(self, conn: Connection, device_id: str) -> str:
        return merchants.of_till(conn, device_id).merchant_id

    def points_for(self, conn: Connection, merchant_id: str, amount: int, currency: str) -> int:
        """What a purchase of `amount` minor units earns."""
        return merchants.points_for(conn, merchant_id, amount, currency)

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
        """What the merchant's campaigns give for a purchase, each once for one receipt; one that is used up gives nothing."""
        c = campaign_table.c
        mine = store.campaigns(
            uow.connection, "", OFFERS_MOST, c.issuer == merchant_id, c.enabled, c.receipt_minor <= amount
        )
        given: list[Given] = []
        for campaign in mine:
            reachable = {Bound.MEMBER: member_id is not None, Bound.PLATE: plate is not None, Bound.BEARER: True}
            if not reachable[campaign.bound] or not campaign.valid_from <= uow.now < campaign.valid_until:
                continue
            given += self._given_if_there_is_one(uow, campaign, _of_receipt(merchant_id, receipt), member_id, plate)
        return given

    def _given_if_there_is_one(
        self, uow: UnitOfWork, campaign: Campaign, origin: str, member_id: str | None, plate: Plate | None
    ) -> Sequence[Given]:
        try:
            with uow.connection.begin_nested():
                return [self.issue(uow, campaign.campaign_id, origin, member_id=member_id, plate=plate)]
        except ParkingError as error:
            if error.code not in ("campaign.budget", "campaign.per_holder"):
                raise
            return []

    def of_receipt(self, conn: Connection, merchant_id: str, receipt: str) -> Sequence[str]:
        """The ids of the coupons that were given for a receipt."""
        return store.ids_by_origin(conn, _of_receipt(merchant_id, receipt))

    def wallet(self, conn: Connection, member_id: str, after: str, limit: int) -> Sequence[Given]:
        """A member's coupons, newest first."""
        return [self._given(conn, coupon) for coupon in store.of_member(conn, member_id, after, limit)]

    def forget_member(self, uow: UnitOfWork, member_id: str) -> None:
        """A member is no more: coupons that nobody used are void, used ones name nobody."""
        store.forget_member(uow.connection, member_id)

    def till_code(self, uow: UnitOfWork, device_id: str, campaign_id: str) -> tuple[str, datetime]:
        """The next code that a till shows, and when to show another one; only for its merchant's own campaigns."""
        merchant = merchants.of_till(uow.connection, device_id)
        campaign = store.campaign(uow.connection, campaign_id)
        if campaign is None or campaign.issuer != merchant.merchant_id:
            raise not_found("campaign.unknown", "there is no such campaign of yours")
        if not campaign.enabled or not campaign.valid_from <= uow.now < campaign.valid_until:
            raise conflict("campaign.closed", "this campaign gives no coupons now")
        code = codes.TillCode(uow.ids.new(uow.now), campaign_id, merchant.merchant_id)
        return codes.till_code(code, self._signer, uow.now)

    def _given(self, conn: Connection, coupon: Coupon) -> Given:
        campaign = store.campaign(conn, coupon.campaign_id)
        assert campaign is not None, "a coupon has its campaign"
        bearer = None
        if coupon.bound is Bound.BEARER:
            bearer = codes.bearer_code(coupon.coupon_id, self._signer, coupon.valid_until)
        return Given(
            coupon.coupon_id,
            coupon.campaign_id,
            coupon.state.value,
            _words(campaign),
            coupon.valid_from,
            coupon.valid_until,
            bearer,
        )


def _of_receipt(merchant_id: str, receipt: str) -> str:
    """The origin of what a receipt gives."""
    return fitting(f"receipt:{merchant_id}:{receipt}", 128)


def _words(campaign: Campaign) -> Mapping[str, str]:
    return line_text(campaign.zh, campaign.en, campaign.effect, campaign.currency)
