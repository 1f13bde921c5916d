"""What the lanes know: every change of a stay, a count or an order is in their copy, and a crash in between leaves no hole."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parking.kernel.codec import parse_time
from parking.kernel.events import Direction, OccupancyChanged
from parking.kernel.ids import LaneId
from parking.security import store as security_store
from parking.sessions.model import OpenStay
from tests.builders.journeys import ENTRY, EXIT, MORNING, PLATE, SiteStory, passage


def test_the_lane_asks_the_very_price_that_the_cashier_would(site: SiteStory) -> None:
    stay_id = site.enter()
    for hours in (0.2, 0.5, 1.5, 3, 9, 20, 30, 47):
        at = MORNING + timedelta(hours=hours)
        site.clock.set(at)
        assert site.due_at_the_lane(stay_id, at) == site.bill(stay_id), hours


def test_a_stay_beyond_the_lanes_horizon_is_priced_by_a_person_or_at_the_kiosk(site: SiteStory) -> None:
    stay_id = site.enter()
    assert site.due_at_the_lane(stay_id, MORNING + timedelta(hours=49)) is None
    site.park(hours=49)
    site.pay(stay_id)
    assert site.due_at_the_lane(stay_id, site.clock.now()) == 0


def test_paying_puts_the_grace_and_the_paid_amount_into_the_copy(site: SiteStory) -> None:
    stay_id = site.enter()
    now = site.park(hours=1)
    site.pay(stay_id)
    row = site.copy_row("stay", stay_id)
    assert row is not None
    assert (row["plate"], row["paid_minor"]) == (PLATE, 600)
    assert parse_time(row["paid_until"]) == now + timedelta(minutes=15)


def test_the_grace_of_a_payment_and_the_lanes_copy_of_it_become_true_together(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(hours=1)
    payment = site.begin_payment(stay_id)
    site.application.cashier.collector.take_over(payment, site.wallet.approve(payment.number))
    site.application.relay.drain()
    site.application.bus.drain()  # the capture is handled; what that led to still waits in the outbox
    stay, row = site.stay(stay_id), site.copy_row("stay", stay_id)
    assert isinstance(stay, OpenStay)
    assert stay.leave_by is not None
    assert row is not None
    assert parse_time(row["paid_until"]) == stay.leave_by


@pytest.mark.req("GATE-3")
def test_a_crash_between_a_stay_and_its_row_in_the_copy_leaves_no_hole(site: SiteStory) -> None:
    visit = site.visit()
    site.hand_in(site.said(passage(Direction.IN, visit)))
    site.application.relay.drain()
    site.application.bus.drain()  # the stay is open; what follows from that waits in the outbox
    assert [s.id for s in site.stays("open")] == [visit]
    assert site.copy_row("stay", visit) is None
    site.restart()
    assert site.copy_row("stay", visit) is not None


def test_a_car_that_has_left_is_gone_from_the_copy(site: SiteStory) -> None:
    stay_id = site.enter()
    site.leave(decided_at=site.park(minutes=5))
    assert site.copy_row("stay", stay_id) is None


def test_a_stay_under_review_is_not_for_lanes_to_decide(site: SiteStory) -> None:
    first = site.enter()
    second = site.enter()
    assert site.copy_row("stay", second) is not None
    row = site.copy_row("stay", first)
    assert row is not None, "or an exit would take its car for its twin"
    assert (row["doubtful"], row["prices"], row["credit_minor"]) == (True, [], 0)


def test_counts_reach_the_lanes_and_what_nobody_vouches_for_turns_no_car_away(site: SiteStory) -> None:
    site.enter()
    assert site.copy_row("zone", "b1") == {"free": 29, "capacity": 30}
    unknown = OccupancyChanged(site.application.site.zones[0].id, 30, 1, 29, known=False)
    site.database.write(lambda uow: uow.publish(unknown))
    site.application.drain()
    assert site.copy_row("zone", "b1") is None


@pytest.mark.req("LOG-1")
def test_an_order_to_open_is_in_the_copy_for_twenty_seconds_and_on_record_with_its_name(site: SiteStory) -> None:
    order = site.order_open(reason="the driver has no phone")
    row = site.copy_row("command", order)
    assert row is not None
    assert (row["lane_id"], row["actor"], row["action"]) == ("exit-1", "li", "open")
    assert parse_time(row["expires_at"]) == site.clock.now() + timedelta(seconds=20)
    (entry,) = site.database.read(lambda conn: list(security_store.audit_entries(conn)))
    assert (entry.actor, entry.action, entry.subject, entry.reason) == (
        "li", "lane.open", "exit-1", "the driver has no phone",
    )  # fmt: skip


def test_a_new_order_takes_the_place_of_the_older_one_at_its_lane_alone(site: SiteStory) -> None:
    old, other = site.order_open(EXIT), site.order_open(ENTRY)
    new = site.order_open(LaneId("exit-1"))
    assert site.copy_row("command", old) is None
    assert site.copy_row("command", new) is not None
    assert site.copy_row("command", other) is not None


def test_a_box_with_a_clock_of_last_year_does_not_fill_the_copy_with_a_year_of_prices(site: SiteStory) -> None:
    stay_id = site.enter(at=MORNING.replace(year=2025))
    row = site.copy_row("stay", stay_id)
    assert row is not None
    assert len(row["prices"]) < 200
    assert site.due_at_the_lane(stay_id, site.clock.now()) is None, "what cannot be true is asked for by no boom"
