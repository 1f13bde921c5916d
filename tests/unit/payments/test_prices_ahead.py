"""What a lane's copy and a driver's page say of prices to come is what the account will say, whatever is taken off by then."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parking.kernel.standing import Effect, OffKind
from tests.builders.coupons import HALF_HOURS, CouponDesk
from tests.builders.payments import DEMO, START, Stay, a_tariff

pytestmark = pytest.mark.req("CPN-1", "FEE-1")
LOOKED_AT = timedelta(hours=7)
EFFECTS = st.one_of(
    st.builds(lambda m: Effect(OffKind.HOURS, minutes=m), st.sampled_from([30, 45, 60, 90])),
    st.builds(lambda m: Effect(OffKind.FIRST_HOUR, minutes=m), st.sampled_from([20, 60])),
    st.builds(lambda m: Effect(OffKind.AMOUNT, minor=m), st.sampled_from([50, 500])),
    st.builds(lambda p: Effect(OffKind.PERCENT, percent=p), st.sampled_from([15, 33])),
)


def due(desk: CouponDesk, stay: Stay, at: datetime) -> int:
    return desk.database.read(lambda conn: desk.cashier.account(conn, stay, at)).due.minor


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([HALF_HOURS, DEMO]),
    st.lists(st.tuples(EFFECTS, st.sampled_from([None, 33.5, 100.0, 200.0])), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 5000)), max_size=2),
    st.lists(st.integers(1, 25_000), min_size=30, max_size=60),
)
@example(DEMO, [(Effect(OffKind.HOURS, minutes=60), None)], [], [70 * 60])
def test_a_lane_that_prices_alone_asks_for_what_the_account_would(
    text: str, given: list[tuple[Effect, float | None]], stops: list[tuple[int, int]], seconds: list[int]
) -> None:
    desk = CouponDesk(tariff=a_tariff(text))
    for number, (effect, minutes) in enumerate(given):
        until = START + (timedelta(days=9) if minutes is None else timedelta(minutes=minutes))
        desk.campaign(f"c{number}", effect, valid_until=until)
        desk.give(f"c{number}", f"r{number}")
    begun = [(START + timedelta(minutes=begin, seconds=7), timedelta(seconds=lasted)) for begin, lasted in stops]
    stay = desk.a_stay(stops=tuple((at, at + lasted) for at, lasted in begun))
    rows = desk.database.read(lambda conn: desk.cashier.schedule(conn, stay, START, START + LOOKED_AT))
    edges = [until + timedelta(seconds=offset) for until, _ in rows[:-1] for offset in (-1, 0)]
    for at in [*edges, *(START + timedelta(seconds=one) for one in seconds)]:
        assert due(desk, stay, at) == next(minor for until, minor in rows if at < until), at - START


def test_a_page_says_when_a_stay_with_an_hour_off_costs_more_and_how_much() -> None:
    desk = CouponDesk(tariff=a_tariff())
    desk.campaign("hour", Effect(OffKind.HOURS, minutes=60))
    desk.give("hour")
    stay, at = desk.a_stay(), START + timedelta(minutes=70)
    look = desk.database.read(lambda conn: desk.cashier.look(conn, stay, at, at, ahead=True))
    assert look.account.due.minor == 0, "ten minutes are within the free ones"
    told = [((one.until - START) // timedelta(minutes=1), one.total.minor, one.later.minor) for one in look.ahead]
    assert told == [(76, 0, 600), (121, 600, 1000), (181, 1000, 1400)]
    for until, total, later in told:
        edge = START + timedelta(minutes=until)
        assert (due(desk, stay, edge - timedelta(seconds=1)), due(desk, stay, edge)) == (total, later)
