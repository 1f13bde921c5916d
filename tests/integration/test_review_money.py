"""Found in review: bounds on what is collected, the same key after the money has come, outages that end in one account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from parking.kernel.events import Direction
from parking.kernel.ids import StayId
from parking.plumbing.db import Database
from parking.sessions.model import ClosedStay, OpenStay
from tests.builders.application import a_server, problem_of
from tests.builders.journeys import SiteStory, passage


@pytest.fixture
def site(database: Database) -> Iterator[SiteStory]:
    """A fresh site; whatever its story was, in the end the books must balance."""
    story = SiteStory(database)
    yield story
    story.check()


@pytest.mark.req("PAY-2")
def test_a_charge_beyond_all_reason_is_held_for_a_person(tmp_path: Path) -> None:
    with a_server(tmp_path, hold_above_minor=10_000) as server:
        stay = server.enter()
        server.park(days=60)  # a stay that nobody ended, or two cars in one
        reply = server.ask(
            "POST", "/my/payments", "driver", stay=stay, json={"channel": "wallet"}, headers={"Idempotency-Key": "k"}
        )
        assert problem_of(reply, 409)["code"] == "payment.held"
        assert server.wallet.orders == {}


@pytest.mark.req("PAY-2")
def test_the_same_key_gives_the_same_payment_after_it_has_been_paid(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        stay = server.enter()
        server.park(hours=2)
        how = {"json": {"channel": "wallet"}, "headers": {"Idempotency-Key": "k"}}
        begun = server.ask("POST", "/my/payments", "driver", stay=stay, **how)
        payment = server.application.database.read(
            lambda conn: server.application.cashier.payment(conn, begun.json()["payment_id"])
        )
        assert payment is not None
        server.application.cashier.collector.take_over(payment, server.wallet.approve(payment.number))
        server.settle_down()
        again = server.ask("POST", "/my/payments", "driver", stay=stay, **how)  # the first answer never arrived
        assert (again.status_code, again.json()["payment_id"]) == (201, begun.json()["payment_id"])
        assert again.json()["state"] == "PAID"


@pytest.mark.req("GATE-3")
def test_an_exit_that_arrives_after_the_plates_next_entry_bills_its_stay_as_if_it_had_been_on_time(
    site: SiteStory,
) -> None:
    first = site.enter()
    site.park(hours=1, minutes=30)
    assert site.pay(first) == 1000
    site.park(minutes=5)
    left, exit_visit = site.clock.now(), site.visit()
    site.park(hours=1)
    second = site.enter(box="edge-2")
    assert site.reasons() == []
    site.hear(passage(Direction.OUT, exit_visit, stay=first), at=left, box="edge-3")  # cut off since then
    site.stop_waiting()
    assert isinstance(site.stay(second), OpenStay)
    stay = site.stay(StayId(first))
    assert isinstance(stay, ClosedStay)
    assert stay.exited_at == left
    sums = site.sums(first)
    assert (sums.due, sums.captured, sums.debt, sums.overpaid) == (1000, 1000, 0, 0)
    assert site.reasons() == []
    assert [one.rule for one in site.corrections(first)] == ["missed_exit_paid", "exit_arrived_late"]


@pytest.mark.req("GATE-3")
def test_an_exit_after_the_second_entry_is_the_second_stays_whatever_an_old_copy_names(site: SiteStory) -> None:
    first = site.enter()
    site.park(hours=13)
    second = site.enter(box="edge-2")
    site.park(hours=1)
    site.leave(stay=first, box="edge-3")
    assert (site.sums(first).due, site.sums(second).due) == (None, 600)
    assert site.reasons() == ["left_without_paying"]
    assert site.clock.now() - timedelta(hours=14) == site.stay(first).entered_at


@pytest.mark.req("GATE-3")
def test_a_visit_that_a_box_tells_whole_after_the_plates_next_entry_needs_no_person(site: SiteStory) -> None:
    came, visit = site.clock.now(), site.visit()
    left = site.park(minutes=50)
    site.park(hours=1)
    second = site.enter(box="edge-2")
    site.hear(passage(Direction.IN, visit), at=came, box="edge-1")  # both its lanes were cut off
    site.hear(passage(Direction.OUT, site.visit()), at=left, box="edge-1")  # let out by hand
    assert isinstance(site.stay(second), OpenStay)
    assert site.sums(StayId(visit)).debt == 600
    assert site.reasons() == ["left_without_paying"]
