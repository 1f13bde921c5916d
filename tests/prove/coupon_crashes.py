"""Proof: a process that dies at any statement of a coupon's life leaves it used once or not at all, on either database.

`python -m tests.prove.coupon_crashes [EVERY]`. A child process reserves, redeems and books a coupon and is ended without a word at
its n-th statement, at every `EVERY`th of them; what the database then holds is looked at, carried on with, and looked at again.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from contextlib import ExitStack
from dataclasses import dataclass

import sqlalchemy as sa

from parking.kernel.ids import RandomIds, StayId
from parking.kernel.plate import Plate
from parking.kernel.standing import Effect, OffKind
from payments.coupons.model import CouponState
from payments.coupons.tables import coupon_table
from tests.builders.coupons import CouponDesk
from tests.builders.payments import START, Stay
from tests.fixtures.postgres import a_postgres

DIED = 77


@dataclass(frozen=True)
class Told:
    """How many deaths were tried, and what was wrong after which."""

    deaths: int
    faults: tuple[str, ...]


def die_at_every(url: str, every: int = 1, first: int = 1) -> Told:
    """Try a death at every so many statements until a child lives to the end; the tables are made on the way."""
    opening = _open(url)
    opening.campaign()
    opening.campaign("free", Effect(OffKind.FREE))
    opening.database.close()
    faults, number = [], first
    while True:
        kinds = [("hour", f"浙A{number:05d}"), ("free", f"浙B{number:05d}")]
        died = [_child(url, campaign, Plate(plate), number) for campaign, plate in kinds]
        faults += [
            f"statement {number}, {campaign}: {fault}" for campaign, _ in kinds for fault in _faults(url, number)
        ]
        if not any(died):
            return Told(number, tuple(faults))
        number += every


def _open(url: str) -> CouponDesk:
    """A desk on what is there; ids are its own, as those of any process."""
    desk = CouponDesk(url=url)
    desk.database.ids = RandomIds()
    return desk


def _child(url: str, campaign: str, plate: Plate, number: int) -> bool:
    """Run one coupon's life in a process of its own; whether it died on the way."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _live(url, campaign, plate, number)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, DIED), f"the child failed by itself: {status}"
    return status == DIED


def _live(url: str, campaign: str, plate: Plate, number: int) -> None:
    desk = _open(url)
    desk.give(campaign, origin=f"r-{number}", plate=plate)
    desk.park(minutes=88)
    stay = _stay(desk, plate, number)
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os._exit(DIED)

    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    payment = desk.begin(stay)
    if payment.amount.minor:
        desk.memory.approve(payment.number)
        desk.ask()
    desk.leave(stay)
    desk.database.close()


def _stay(desk: CouponDesk, plate: Plate, number: int) -> Stay:
    kind = 1 if plate.text.startswith("浙A") else 2
    return desk.a_stay(kind, plate, stay_id=StayId(f"0197f000-0000-7000-8000-{kind}{number:011d}"), entered_at=START)


def _faults(url: str, number: int) -> list[str]:
    """What is wrong with what a dead process left, at once and when its work is done by another."""
    desk = _open(url)
    try:
        desk.check()
        desk.park(hours=3)
        for _ in range(4):
            desk.ask(minutes=10)
        for letter in "AB":
            desk.leave(_stay(desk, Plate(f"浙{letter}{number:05d}"), number))
        desk.check()
        found = desk.database.read(
            lambda conn: conn.execute(sa.select(coupon_table.c.state).distinct()).scalars().all()
        )
        return [] if set(found) == {CouponState.REDEEMED.value} else [f"coupons are {sorted(found)}"]
    except AssertionError as fault:
        return [str(fault)[:200]]
    finally:
        desk.database.close()


def main(every: int = 1) -> int:
    """Every `every`th statement on a SQLite file and on PostgreSQL; 0 when nothing is wrong."""
    wrong = 0
    for name in ("SQLite", "PostgreSQL"):
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            url = f"sqlite:///{folder}/parking.db" if name == "SQLite" else stack.enter_context(a_postgres())
            told = die_at_every(url, every)
        for fault in told.faults[:20]:
            print(fault)
        wrong += len(told.faults)
        verdict = "holds" if not told.faults else "falls short"
        print(
            f"coupon crashes on {name}: {told.deaths} statements, {len(told.faults)} faults, goal 0, {verdict}",
            flush=True,
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
