"""A round looks after many: one whose row cannot be read is told in the log and holds up none of those behind it."""

from __future__ import annotations

from typing import Any

import pytest

from parking.bootstrap import rounds
from parking.journeys import owing, refreshing_access
from parking.kernel.events import DebtReminded, Direction
from parking.kernel.ids import StayId
from parking.plumbing.db import UnitOfWork
from parking.sessions import store
from parking.sessions.model import ClosedStay, LeavingStay
from payments.later.creditor import Creditor
from payments.later.model import Debt
from tests.builders.journeys import OTHER_PLATE, PLATE, SiteStory


def change(site: SiteStory, stay_id: StayId, **values: Any) -> None:
    """A stay's row is worn, or whole again."""
    site.database.write(lambda uow: store.set_state(uow.connection, stay_id, **values))


@pytest.mark.req("GATE-3")
def test_prices_are_renewed_in_the_lanes_copy_behind_a_stay_that_cannot_be_read(site: SiteStory) -> None:
    bad, good = site.enter(), site.enter(OTHER_PLATE)
    before = site.copy_row("stay", good)
    change(site, bad, votes="{{{")
    site.park(hours=30)
    assert refreshing_access.renew(site.database, site.application.cashier) == 1
    after = site.copy_row("stay", good)
    assert before is not None
    assert after is not None
    assert after["prices"][-1][0] > before["prices"][-1][0]
    change(site, bad, votes=None)


@pytest.mark.req("PAY-1")
def test_a_debt_that_cannot_be_aged_keeps_no_other_driver_from_being_reminded(
    site: SiteStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = site.enter(), site.enter(OTHER_PLATE)
    site.park(hours=2)
    for plate in (PLATE, OTHER_PLATE):
        site.leave(plate, decided_at=site.clock.now())
    site.park(days=7)
    note = Creditor.reminded

    def reminded(self: Creditor, uow: UnitOfWork, debt: Debt) -> int:
        if debt.stay_id == bad:
            raise ValueError
        return note(self, uow, debt)

    monkeypatch.setattr(Creditor, "reminded", reminded)
    assert owing.age(site.database, site.application.cashier) == 2
    site.application.drain()
    assert [told["stay_id"] for told in site.told(DebtReminded)] == [good]


@pytest.mark.req("ID-1")
@pytest.mark.parametrize(("worn", "whole"), [({"votes": "{{{"}, {"votes": None}), ({"tariff_version": "nobody's"}, {})])
def test_whom_an_exit_let_out_is_ended_behind_a_stay_that_cannot_be_read_or_billed(
    site: SiteStory, worn: dict[str, str], whole: dict[str, str | None]
) -> None:
    bad, good = site.enter(), site.enter(OTHER_PLATE)
    version = site.stay(bad).tariff_version
    site.park(minutes=5)
    site.opened_for(Direction.OUT, stay=bad)
    site.park(minutes=5)
    site.opened_for(Direction.OUT, OTHER_PLATE, stay=good)
    assert isinstance(site.stay(bad), LeavingStay)
    change(site, bad, **worn)
    site.park(days=1, minutes=1)
    site.fault("sensor")
    look = rounds.LetOut(site.database, site.application.cashier).look
    look()
    assert look() == 1
    assert isinstance(site.stay(good), ClosedStay)
    change(site, bad, tariff_version=version, **whole)
