"""Twelve ways in which a company fails, and our process dies in the middle: a short walk through `tests.prove.payment_faults`."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.builders.faulty_payment import COMPANIES, MODES, ORDERS, POINTS, run

pytestmark = pytest.mark.req("PAY-2", "PAY-3", "PAY-5")
POINT_NAMES = tuple(POINTS)
WALK = [
    (mode, POINT_NAMES[nth % len(POINTS)], ORDERS[nth % len(ORDERS)], COMPANIES[(nth + nth // len(ORDERS)) % 3])
    for nth, mode in enumerate(MODES)
]


@pytest.mark.parametrize(("mode", "point", "order", "company"), WALK)
def test_whatever_fails_and_wherever_we_die_everybody_has_what_is_his(
    mode: str, point: str, order: str, company: str
) -> None:
    ended = run(mode, point, order, company)
    assert (ended.died, ended.wrong) == (True, ())


def test_the_walk_meets_every_mode_point_order_and_company() -> None:
    wholes: tuple[Iterable[str], ...] = (MODES, POINTS, ORDERS, COMPANIES)
    assert [{step[nth] for step in WALK} for nth in range(4)] == [set(whole) for whole in wholes]
    assert len(MODES) * len(POINTS) * len(ORDERS) == 288
