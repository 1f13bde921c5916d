"""What goes wrong between two rooms: a bill that is put right after it had become a debt, a member who goes while he is paying."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, cast

import pytest

from parking.access import store as access_store
from parking.bootstrap.erasing import OTHERS_FORGET
from parking.journeys import correcting, forgetting, joining, owing, shopping
from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.members import points, vehicles
from parking.members import service as members
from parking.members import store as member_store
from parking.members.model import Proof, Purpose, Vehicle, VehicleState
from parking.members.tables import receipt_table
from parking.plumbing.db import UnitOfWork
from payments.coupons.desk import Coupons
from tests.builders.journeys import OTHER_PLATE, PLATE, SiteStory

pytestmark = pytest.mark.req("PAY-4")


@pytest.mark.parametrize("given_up", [False, True])
def test_a_debt_whose_bill_was_put_right_is_owed_anew(site: SiteStory, given_up: bool) -> None:
    first = site.enter()
    site.park(hours=2)
    site.leave()
    cashier = site.application.cashier
    if given_up:
        site.database.write(lambda uow: owing.give_up(uow, cashier, first))
    site.clock.advance(timedelta(minutes=2))
    second = site.enter()
    site.park(hours=2)
    site.leave()
    site.database.write(lambda uow: joining.merge(uow, cashier, second, first, actor="li", reason="one visit"))
    site.application.drain()
    found = site.database.read(lambda conn: cashier.later.debt(conn, first))
    assert found is not None
    debt, left = found
    assert (debt.state, debt.amount) == ("open", left)
    assert left.minor == site.bill(first), "what was given up before is off the bill"
    assert site.database.write(lambda uow: owing.give_up(uow, cashier, first)) == left
    assert site.sums(first).debt == 0
    site.check()


def test_a_debt_follows_the_plate_that_a_person_has_read(site: SiteStory) -> None:
    misread = site.enter(OTHER_PLATE)
    site.park(hours=2)
    site.leave(OTHER_PLATE)
    later = site.application.cashier.later
    wrong, right = Plate(OTHER_PLATE), Plate(PLATE)
    site.park(days=60)
    for _ in range(9):  # reminded, and at last kept out
        owing.age(site.database, site.application.cashier)
    assert site.database.read(lambda conn: access_store.listed(conn, wrong)) is not None
    site.database.write(
        lambda uow: correcting.reread(uow, site.application.cashier, misread, right, actor="li", reason="the picture")
    )
    site.application.drain()
    assert site.database.read(lambda conn: access_store.listed(conn, wrong)) is None, "it was not he who left"
    assert site.database.read(lambda conn: later.unsettled_debts(conn, wrong)) == []
    assert len(site.database.read(lambda conn: later.unsettled_debts(conn, right))) == 1


def test_a_member_who_goes_while_he_is_paying_has_paid_and_leaves_nothing_behind(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(hours=2)
    payment = site.begin_payment(stay_id)
    member_id = site.database.write(a_member_with_points)
    site.application.drain()
    site.database.write(lambda uow: forgetting.erase(uow, nobodys_coupons(), member_id, OTHERS_FORGET))
    site.approve(payment)
    site.application.drain()
    site.leave()
    assert (site.sums(stay_id).debt, site.sums(stay_id).overpaid) == (0, 0)
    assert site.database.read(lambda conn: points.balance(conn, member_id)) == 0
    assert site.database.read(points.faults) == []
    code_shown_before = shopping.Purchase("r1", 5000, "CNY", member_id)
    earned = site.database.write(lambda uow: shopping.buy(uow, nobodys_coupons(), "cafe", code_shown_before))
    assert earned.points == 0
    kept = site.database.read(lambda conn: [*conn.execute(receipt_table.select())])
    assert [row.member_id for row in kept] == [None], "who bought it, nobody knows"


def a_member_with_points(uow: UnitOfWork) -> str:
    member = members.join(uow, "app", "customer-1")
    held = Vehicle("v1", member.member_id, Plate(PLATE), VehicleState.ACTIVE, Proof.DOCUMENT, uow.now, uow.now)
    member_store.insert_vehicle(uow.connection, held)
    members.consent(uow, member.member_id, dict.fromkeys(Purpose, True), by="member")
    points.earn(uow, member.member_id, 70, merchant_id="cafe", reference="receipt:before")
    return member.member_id


def nobodys_coupons() -> Any:
    return Coupons(cast(Any, None), cast(Any, None))


def test_points_that_have_ended_and_are_not_swept_yet_hold_no_return_up(site: SiteStory) -> None:
    """Goods are given back a moment after the points that they earned have ended."""

    def work(uow: UnitOfWork) -> int:
        member = members.join(uow, "app", "customer-1")
        points.earn(uow, member.member_id, 70, merchant_id="cafe", reference="receipt:r1", lasting=timedelta(days=1))
        points.earn(uow, member.member_id, 30, merchant_id="cafe", reference="receipt:r2")
        return 0

    site.database.write(work)
    site.park(days=2)
    (member_id,) = site.database.read(lambda conn: [one.member_id for one in member_store.members(conn, "", 2)])
    back = partial(
        points.take_back, member_id=member_id, points=70, of="receipt:r1", merchant_id="cafe", reference="back:r1"
    )
    assert site.database.write(back) == 30, "what is there"
    assert site.database.write(points.expire) == 1
    assert site.database.read(points.faults) == []


@pytest.mark.req("PRIV-1")
@pytest.mark.parametrize("sold", [False, True])
def test_who_has_let_go_of_his_car_and_then_goes_is_forgotten_with_it_and_whoever_has_it_now_is_not(
    site: SiteStory, sold: bool
) -> None:
    member_id = site.database.write(a_member_with_points)
    his = passes_through(site)
    site.database.write(lambda uow: lets_go(uow, member_id))
    if sold:
        site.database.write(a_next_holder)
    theirs = passes_through(site)
    site.database.write(lambda uow: forgetting.erase(uow, nobodys_coupons(), member_id, OTHERS_FORGET))
    site.application.drain()
    told = {one.id: one.plate for one in site.stays("closed")}
    assert told == {his: None, theirs: Plate(PLATE) if sold else None}


def passes_through(site: SiteStory) -> StayId:
    site.park(hours=1)
    stay_id = site.enter()
    site.park(minutes=10)
    site.leave()
    return stay_id


def lets_go(uow: UnitOfWork, member_id: str) -> None:
    for vehicle in member_store.vehicles_of(uow.connection, member_id):
        vehicles.end(uow, vehicle, "by_member")


def a_next_holder(uow: UnitOfWork) -> None:
    member = members.join(uow, "app", "customer-2")
    held = Vehicle("v2", member.member_id, Plate(PLATE), VehicleState.ACTIVE, Proof.DOCUMENT, uow.now, uow.now)
    member_store.insert_vehicle(uow.connection, held)
