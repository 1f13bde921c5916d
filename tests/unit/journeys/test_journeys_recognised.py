"""A member's coupon is used by itself when he pays, his tier is a line of the bill, and a stranger pays just as well without either."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parking.journeys.wallets import THE_MALL
from parking.kernel.plate import Plate
from parking.kernel.standing import Benefit, Effect, OffKind
from parking.members import points, service, store
from parking.members.model import Level, Proof, Purpose, Vehicle, VehicleState
from parking.plumbing.db import Database, UnitOfWork
from payments.coupons import issuing, merchants
from payments.coupons import store as coupons
from payments.coupons.merchants import Merchant
from payments.coupons.model import Bound, Campaign, CouponState, Source
from tests.builders.journeys import MORNING, OTHER_PLATE, PLATE, SiteStory

TIER = Benefit("tier:gold:0", "金卡减两元", "Gold, 2 off", Effect(OffKind.AMOUNT, minor=200))
WISHES = (Purpose.RECOGNISE, Purpose.POINTS)


def a_member(uow: UnitOfWork, *, agrees: bool) -> tuple[str, str]:
    """Of the gold tier, with a car and a coupon of ¥3.00; the ids of both."""
    conn = uow.connection
    merchants.save(uow, Merchant(THE_MALL, "Mall", points_per_unit=1))
    store.save_level(conn, Level("gold", "tier", "金卡", "Gold", 0, (TIER,)))
    member = service.join(uow, "app", "customer-1").member_id
    car = Vehicle("v1", member, Plate(PLATE), VehicleState.ACTIVE, Proof.PAYMENT, uow.now, uow.now)
    store.insert_vehicle(conn, car)
    service.consent(uow, member, dict.fromkeys(WISHES, agrees), by="member")
    span = {"valid_from": MORNING - timedelta(days=1), "valid_until": MORNING + timedelta(days=30)}
    off = Effect(OffKind.AMOUNT, minor=300)
    more = {"source": Source.CAMPAIGN, "currency": "CNY", "bound": Bound.MEMBER}
    coupons.save_campaign(conn, Campaign("welcome", "mall", zh="入会", en="Welcome", effect=off, **more, **span))  # type: ignore[arg-type]  # by name
    return member, issuing.issue(uow, "welcome", "joined", member_id=member).coupon_id


@pytest.fixture
def site(memory_database: Database) -> SiteStory:
    return SiteStory(memory_database)


def paid(site: SiteStory, plate: str) -> int:
    """What two hours cost whoever drives this car: ¥10.00 before anything is taken off."""
    stay_id = site.enter(plate)
    site.park(hours=2)
    site.pay(stay_id)
    (payment,) = site.database.read(lambda conn: site.application.cashier.payments_of(conn, stay_id))
    site.leave(plate, stay=stay_id)
    return payment.amount.minor


@pytest.mark.req("MEM-1", "CPN-1")
def test_a_members_coupon_and_tier_count_by_themselves_once_and_the_fee_earns_points(site: SiteStory) -> None:
    member, coupon = site.database.write(lambda uow: a_member(uow, agrees=True))
    assert paid(site, PLATE) == 1000 - 200 - 300
    used = site.database.read(lambda conn: coupons.coupon(conn, coupon))
    assert used is not None
    assert used.state is CouponState.REDEEMED
    assert site.database.read(lambda conn: points.balance(conn, member)) == 5
    assert paid(site, PLATE) == 1000 - 200, "a coupon counts once, a tier each time"
    site.check()


@pytest.mark.req("MEM-2", "PRIV-2")
def test_whoever_agrees_to_nothing_pays_what_a_stranger_pays_and_keeps_his_coupon(site: SiteStory) -> None:
    member, coupon = site.database.write(lambda uow: a_member(uow, agrees=False))
    assert paid(site, PLATE) == paid(site, OTHER_PLATE) == 1000
    kept = site.database.read(lambda conn: coupons.coupon(conn, coupon))
    assert kept is not None
    assert kept.state is CouponState.FREE
    assert site.database.read(lambda conn: points.balance(conn, member)) == 0
    site.check()
