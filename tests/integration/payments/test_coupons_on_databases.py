"""One coupon and a hundred hands, on every database: the rows themselves let exactly one have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa

from parking.bootstrap.quote_marks import marks_of
from parking.kernel.errors import ParkingError
from parking.plumbing.db import UnitOfWork
from payments.coupons import store
from payments.coupons.model import Bound, Coupon, CouponState
from payments.coupons.tables import use_table
from payments.model import Payment, PaymentState
from tests.builders.coupons import PLATE, CouponDesk
from tests.builders.payments import STAY_ID
from tests.prove.coupon_crashes import die_at_every
from tests.unit.payments.test_crash_points import Crash, dying_at_write

T = TypeVar("T")
HANDS, TRIES = 12, 100
pytestmark = pytest.mark.req("CPN-1")


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CouponDesk]:
    url = f"sqlite:///{tmp_path}/parking.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    built = CouponDesk(url=url)
    yield built
    built.database.close()


def at_once(work: Callable[[int], T], tries: int = TRIES) -> list[T | ParkingError]:
    """`work` a hundred times from twelve threads; what each returned or was told."""

    def one(number: int) -> T | ParkingError:
        for _ in range(20):  # a database that is too busy for a moment says so, and the driver asks again
            try:
                return work(number)
            except ParkingError as error:
                if error.code != "storage.busy":
                    return error
        raise AssertionError("the database was busy for ever")

    with ThreadPoolExecutor(HANDS) as pool:
        return list(pool.map(one, range(tries)))


def test_of_a_hundred_drivers_who_pay_with_one_coupon_at_once_exactly_one_does(desk: CouponDesk) -> None:
    desk.campaign(bound=Bound.BEARER)
    stays = [desk.a_stay(number, None) for number in range(TRIES)]
    coupon = desk.give(stay_id=stays[0].stay_id)
    for stay in stays[1:]:
        desk.show(coupon, stay)
    desk.park(minutes=60)
    begun = at_once(lambda number: desk.begin(stays[number]))
    assert not [answer for answer in begun if isinstance(answer, ParkingError)]
    amounts = sorted(p.amount.minor for p in begun if isinstance(p, Payment))
    assert amounts == [0] + [700] * (TRIES - 1)
    assert [p.state for p in begun if isinstance(p, Payment) and p.amount.minor == 0] == [PaymentState.PAID]
    assert desk.state(coupon) == "redeemed"
    desk.check()


def test_the_row_itself_refuses_a_second_use_whatever_our_code_believes(desk: CouponDesk) -> None:
    desk.campaign()
    coupon = desk.give()
    desk.park(minutes=88)
    desk.begin(desk.a_stay())
    copied = desk.database.read(lambda conn: conn.execute(sa.select(use_table)).mappings().one())

    def use_again(uow: UnitOfWork) -> None:
        uow.connection.execute(use_table.insert().values({**copied, "id": "another"}))

    with pytest.raises(sa.exc.IntegrityError):
        desk.database.write(use_again)
    assert desk.state(coupon) == "reserved"


def test_a_hundred_tills_at_once_never_give_more_than_the_budget(desk: CouponDesk) -> None:
    desk.campaign(budget=7)
    answers = at_once(lambda number: desk.give(origin=f"receipt-{number}"), 24)
    assert len({a.coupon_id for a in answers if isinstance(a, Coupon)}) == 7
    assert {a.code for a in answers if isinstance(a, ParkingError)} == {"campaign.budget"}
    desk.check()


def test_one_receipt_asked_for_many_times_at_once_is_one_coupon(desk: CouponDesk) -> None:
    desk.campaign()
    answers = at_once(lambda _: desk.give(origin="receipt-1"), 24)
    assert len({a.coupon_id for a in answers if isinstance(a, Coupon)}) == 1
    assert {a.code for a in answers if isinstance(a, ParkingError)} <= {"coupon.at_once"}
    desk.check()


def test_reserving_and_releasing_at_once_loses_nothing(desk: CouponDesk) -> None:
    desk.campaign()
    coupon = desk.give()
    desk.park(minutes=88)

    def either(number: int) -> object:
        if number % 3 == 0:
            return desk.begin(desk.a_stay(), key=f"key-{number}")
        if number % 3 == 1:
            for order in list(desk.memory.orders):
                desk.memory.fail(order)
        return desk.jobs.run_due()

    at_once(either, 30)
    found = desk.database.read(lambda conn: store.coupon(conn, coupon.coupon_id))
    assert found is not None
    assert found.state in (CouponState.FREE, CouponState.RESERVED)
    desk.check()


@pytest.mark.req("PAY-3")
def test_a_process_that_dies_at_any_statement_leaves_a_coupon_used_once_or_not_at_all(lasting_url: str) -> None:
    """The short version of the proof `coupon_crashes`."""
    told = die_at_every(lasting_url, every=9, first=3)
    assert told.deaths > 30
    assert told.faults == ()


@pytest.mark.req("PAY-3")
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_dying_between_two_commits_redeems_once_or_not_at_all(desk: CouponDesk, write: int, moment: str) -> None:
    desk.campaign()
    coupon = desk.give()
    desk.park(minutes=88)
    with dying_at_write(desk, write, moment):  # type: ignore[arg-type]  # the literals above
        try:
            desk.memory.approve(desk.begin(desk.a_stay()).number)
            desk.ask()
        except Crash:
            pass
    desk.restart()
    for _ in range(3):
        desk.ask(minutes=10)
    debt, sums = desk.leave(desk.a_stay()), desk.sums(desk.a_stay().stay_id)
    assert (sums.coupon > 0) == (desk.state(coupon) == "redeemed") == (sums.coupon in (700, 1050))
    assert sums.due == sums.captured + sums.coupon + debt - sums.overpaid
    desk.check()


@pytest.mark.parametrize("asked", ["by a bill", "by a quote"])
def test_a_wallet_is_found_by_its_holder_however_many_coupons_are_free(tmp_path: Path, asked: str) -> None:
    """A stay's event and a quote cost the same after a hundred thousand coupons as after one."""
    desk = CouponDesk(url=f"sqlite:///{tmp_path}/parking.db")
    desk.campaign()
    desk.give()
    said: list[tuple[str, object]] = []

    def plans(conn: sa.Connection) -> str:
        sa.event.listen(conn, "before_cursor_execute", lambda _c, _u, text, values, _x, _m: said.append((text, values)))
        if asked == "by a bill":
            store.wallet(conn, stay_id="s", plate=PLATE, member_id="m", at=desk.clock.now(), limit=60)
        else:
            marks_of(conn, STAY_ID)
        explained = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {said[-1][0]}", said[-1][1])  # type: ignore[arg-type]
        return "\n".join(str(row.detail) for row in explained)

    found = desk.database.read(plans)
    assert "ix_coupon_plate" in found
    assert "coupon_by_state" not in found
    assert "SCAN coupon" not in found
    desk.database.close()
