"""Passes, visitors, cards and lots within lots through the whole server: one stay, one price, and no debt of who has a right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from parking.access import keeping
from parking.access.invitation_store import Invitation
from parking.access.rights_store import Holder
from parking.access.rows import LotRow
from parking.kernel.events import Direction, VehiclePassed
from parking.kernel.ids import LotId, StayId
from parking.sessions.model import ClosedStay, OpenStay
from tests.builders.access import CARD, a_pass, an_invitation
from tests.builders.journeys import OTHER_PLATE, PLATE, SiteStory, passage

pytestmark = pytest.mark.req("GATE-5")
IN, OUT = Direction.IN, Direction.OUT


def with_pass(site: SiteStory) -> None:
    site.database.write(lambda uow: keeping.save_holder(uow, Holder("h1", "Wang", None, (), (CARD,))))
    site.database.write(lambda uow: keeping.save_pass(uow, a_pass("p1", PLATE, OTHER_PLATE)))


def moves(site: SiteStory, direction: Direction, plate: str | None = PLATE, **changes: Any) -> StayId:
    """A vehicle passes with whatever right, lot or credential; the stay that it opens, if it comes in."""
    visit = site.visit()
    event: VehiclePassed = passage(direction, visit, plate, stay=changes.pop("stay", None))
    site.hear(replace(event, **changes))
    return StayId(visit)


def test_who_parks_by_a_pass_owes_nothing_and_the_next_car_of_the_pass_pays(site: SiteStory) -> None:
    with_pass(site)
    first = moves(site, IN, PLATE, right="pass:p1")
    second = moves(site, IN, OTHER_PLATE)
    site.park(hours=3)
    assert (site.bill(first), site.bill(second) > 0) == (0, True)
    moves(site, OUT, PLATE, right="pass:p1")
    moves(site, OUT, OTHER_PLATE)
    assert isinstance(site.stay(first), ClosedStay)
    assert (site.sums(first).debt, site.sums(second).debt > 0) == (0, True)
    assert site.reasons() == ["left_without_paying"]


def test_two_lanes_that_gave_one_bay_away_make_one_visitor_and_one_case(site: SiteStory) -> None:
    with_pass(site)
    first = moves(site, IN, PLATE, right="pass:p1")
    second = moves(site, IN, OTHER_PLATE, right="pass:p1")
    site.park(hours=3)
    moves(site, OUT, PLATE, right="pass:p1")
    moves(site, OUT, OTHER_PLATE, right="pass:p1")
    assert (site.sums(first).debt, site.sums(second).debt > 0) == (0, True)
    assert site.reasons() == ["left_without_paying", "pass_overused"]


def test_a_visitor_free_of_charge_leaves_without_a_debt(site: SiteStory) -> None:
    with_pass(site)
    now = site.clock.now()
    row = an_invitation(valid_from=now, valid_until=now + timedelta(days=1), free_of_charge=True)
    site.database.write(lambda uow: keeping.invite(uow, Invitation(row, "Zhao")))
    stay_id = moves(site, IN, right="invitation:i1")
    site.park(hours=3)
    moves(site, OUT, right="invitation:i1")
    assert (site.sums(stay_id).debt, site.reasons()) == (0, [])


def test_a_stay_that_only_a_card_opened_is_known_to_the_lanes_and_closed_by_it(site: SiteStory) -> None:
    with_pass(site)
    stay_id = moves(site, IN, None, credential=CARD)
    row = site.copy_row("stay", stay_id)
    assert row is not None
    assert (row["plate"], row["credentials"]) == (None, [CARD.ref])
    moves(site, OUT, None, stay=stay_id, credential=CARD)
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert site.copy_row("stay", stay_id) is None
    assert site.copy_row("inside", stay_id) is None


def test_between_two_lots_a_stay_goes_on_and_the_lots_count(site: SiteStory) -> None:
    mall, members = LotId("mall"), LotId("members")
    site.database.write(lambda uow: keeping.save_lot(uow, LotRow(mall, None, 10, None)))
    site.database.write(lambda uow: keeping.save_lot(uow, LotRow(members, mall, 4, None)))

    def free() -> tuple[int | None, int | None]:
        lots = (site.copy_row("lot", name) or {} for name in (mall, members))
        inside, outside = (lot.get("free") for lot in lots)
        return inside, outside

    stay_id = moves(site, IN, lot_id=mall)
    assert free() == (9, 4)
    moves(site, IN, stay=None, stay_id=stay_id, lot_id=members, outer_lot_id=mall)
    assert free() == (10, 3)
    assert isinstance(site.stay(stay_id), OpenStay)
    moves(site, OUT, stay_id=stay_id, lot_id=members, outer_lot_id=mall)
    assert free() == (9, 4)
    assert len(site.stays("open")) == 1
    moves(site, OUT, lot_id=mall)
    assert free() == (10, 4)
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert site.reasons() == ["left_without_paying"] * bool(site.sums(stay_id).debt)


def test_an_exit_that_arrives_before_its_entry_leaves_nobody_inside_on_the_pass(site: SiteStory) -> None:
    with_pass(site)
    came, went = site.visit(), site.visit()
    entry = site.said(replace(passage(IN, came), right="pass:p1"))
    site.park(hours=1)
    site.hear(replace(passage(OUT, went), right="pass:p1"), box="edge-2")
    site.hand_in(entry)
    site.application.drain()
    assert isinstance(site.stay(StayId(came)), ClosedStay)
    assert site.copy_rows("inside") == []
