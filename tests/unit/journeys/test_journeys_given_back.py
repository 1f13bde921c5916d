"""A refund and what hangs on it: points, coupons, the red letter and disputes, each given back or ended once."""

from __future__ import annotations

import pytest

from parking.access import store as access_store
from parking.journeys import owing
from parking.journeys.wallets import THE_MALL
from parking.kernel.ids import PaymentId, StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.members import points
from parking.sessions import store as sessions
from payments import refunding
from payments.coupons import merchants
from payments.coupons.merchants import Merchant
from payments.later import store
from payments.later.model import DebtState
from payments.model import PaymentState
from payments.providers.abilities import Standing
from tests.builders.journeys import PLATE, SiteStory
from tests.unit.journeys.test_journeys_pay_later import debt, enrol, leave_first

MEMBER = "0197f000-0000-7000-8000-00000000aaaa"


def paid(site: SiteStory) -> PaymentId:
    """A stay of two hours that is paid, ¥10.00; its payment."""
    stay_id = site.enter()
    site.park(hours=2)
    site.pay(stay_id)
    (payment,) = site.database.read(lambda conn: site.application.cashier.payments_of(conn, stay_id))
    assert (payment.state, payment.amount.minor) == (PaymentState.PAID, 1000)
    return payment.payment_id


def refund(site: SiteStory, payment_id: PaymentId, minor: int, key: str = "r1") -> None:
    amount = Money(minor, "CNY")
    site.database.write(lambda uow: refunding.begin(uow, payment_id, amount, reason="wrong", actor="anna", key=key))
    site.application.drain()


@pytest.mark.req("PAY-5", "MEM-1")
def test_what_a_fee_has_earned_is_taken_back_with_the_part_that_is_refunded_once(site: SiteStory) -> None:
    site.database.write(lambda uow: merchants.save(uow, Merchant(THE_MALL, "Mall", 1)))
    payment_id = paid(site)
    site.database.write(lambda uow: points.earn(uow, MEMBER, 10, merchant_id=THE_MALL, reference=f"fee:{payment_id}"))
    refund(site, payment_id, 400)
    assert site.database.read(lambda conn: points.balance(conn, MEMBER)) == 6
    refund(site, payment_id, 400)  # the same one again
    site.application.drain()
    assert site.database.read(lambda conn: points.balance(conn, MEMBER)) == 6
    refund(site, payment_id, 600, "r2")
    assert site.database.read(lambda conn: points.balance(conn, MEMBER)) == 0
    assert site.database.read(points.faults) == []
    site.check()


@pytest.mark.req("PAY-5")
def test_points_that_were_spent_meanwhile_are_no_debt_of_the_member(site: SiteStory) -> None:
    site.database.write(lambda uow: merchants.save(uow, Merchant(THE_MALL, "Mall", 1)))
    payment_id = paid(site)
    site.database.write(lambda uow: points.earn(uow, MEMBER, 10, merchant_id=THE_MALL, reference=f"fee:{payment_id}"))
    site.database.write(lambda uow: points.spend(uow, MEMBER, 7, merchant_id="shop", reference="x1"))
    refund(site, payment_id, 1000)
    assert site.database.read(lambda conn: points.balance(conn, MEMBER)) == 0
    assert site.database.read(points.faults) == []


def a_blocked_debt(site: SiteStory) -> StayId:
    """A debt so old that its plate is kept out."""
    enrol(site)
    site.wallet.standings[PLATE] = Standing.NOT_ENROLLED
    stay_id = site.enter()
    site.park(hours=1)
    leave_first(site, stay_id)
    for _ in range(45):
        site.park(days=1)
        owing.age(site.database, site.application.cashier)
        site.application.drain()
    assert site.database.read(lambda conn: access_store.listed(conn, Plate(PLATE))) is not None
    return stay_id


@pytest.mark.req("PAY-5")
def test_a_disputed_debt_keeps_nobody_out_until_it_is_decided_and_then_by_its_new_age(site: SiteStory) -> None:
    stay_id = a_blocked_debt(site)
    cashier = site.application.cashier
    for _ in range(2):
        site.database.write(lambda uow: owing.dispute(uow, cashier, stay_id))
    assert site.database.read(lambda conn: access_store.listed(conn, Plate(PLATE))) is None
    assert len(site.database.read(lambda conn: sessions.open_cases(conn, owing.DISPUTED, stay_id))) == 1
    for _ in range(40):
        site.park(days=1)
        owing.age(site.database, cashier)
    assert debt(site, stay_id).state is DebtState.DISPUTED
    assert site.database.read(lambda conn: access_store.listed(conn, Plate(PLATE))) is None
    site.database.write(lambda uow: owing.decide(uow, cashier, stay_id, owed=True, by="anna", why="one car"))
    assert site.database.read(lambda conn: sessions.open_cases(conn, owing.DISPUTED, stay_id)) == []
    stands = site.database.read(lambda conn: store.debt(conn, stay_id))
    assert stands is not None
    assert (stands.state, stands.since, stands.blocked_at) == (DebtState.OPEN, site.clock.now(), None)
    for _ in range(40):
        site.park(days=1)
        owing.age(site.database, cashier)
    assert site.database.read(lambda conn: access_store.listed(conn, Plate(PLATE))) is not None
    site.database.write(lambda uow: owing.give_up(uow, cashier, stay_id))
    assert site.database.read(lambda conn: access_store.listed(conn, Plate(PLATE))) is None
    site.check()
