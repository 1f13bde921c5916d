"""A person gave a lookalike's stay to an exit: its own car comes to an exit later, and the other one's driver pays nothing for it."""

from __future__ import annotations

import pytest

from parking.journeys import correcting, ranking
from parking.journeys.refreshing_access import renew
from parking.kernel.ids import VisitId
from parking.kernel.votes import Votes
from parking.sessions.costs import Costs
from parking.sessions.model import ClosedStay, OpenStay, ReviewCase
from tests.builders.journeys import SiteStory


def votes(*said: tuple[str, float]) -> Votes:
    return Votes.of(said, "blue", "civil")


@pytest.mark.req("ID-1")
def test_a_person_who_gave_a_lookalikes_stay_away_does_not_have_its_car_pay_for_the_lookalike(site: SiteStory) -> None:
    """Traced in a day of fleets: 湘D52BB8 left, its operator took 湘D52B88 for it, and 湘D52B88 was then let out as 湘D52BB8."""
    his = site.enter("湘D52B88", votes=votes(("湘D52B88", 0.0), ("浙D52B88", -2.59)))
    mine = site.enter("湘D52BB8", votes=votes(("湘D52BB8", 0.0), ("鲁D52BB8", -8.55)))
    site.park(hours=2)
    site.leave("湘D52BB8", votes=votes(("湘D52BB8", 0.0), ("浙D52BB8", -4.05)))
    first = next(case for case in site.cases() if case.reason == "exit_in_doubt")
    cashier, said = site.application.cashier, {"actor": "li", "reason": "looks right"}

    def give(case: ReviewCase) -> None:
        site.database.write(lambda uow: correcting.match_exit(uow, cashier, VisitId(str(case.visit_id)), his, **said))
        site.application.drain()

    give(first)
    row = site.copy_row("stay", his)
    assert row is not None
    assert (row["doubtful"], row["prices"]) == (True, []), (
        "lanes know that its own car may come yet, and ask nothing of it"
    )
    site.park(hours=1)
    site.leave("蒙D52B88", votes=votes(("蒙D52B88", 0.0), ("湘D52B88", -0.43)))
    assert isinstance(site.stay(mine), OpenStay), "its lookalike is nobody's to close"
    second = next(c for c in site.cases() if c.visit_id not in (None, first.visit_id) and c.reason.startswith("exit_"))
    give(second)
    over = site.stay(his)
    assert isinstance(over, ClosedStay)
    assert site.sums(mine).due is None
    assert site.sums(his).due == 1400, "three hours: the first answer was taken back by the second"
    assert first.visit_id in {case.visit_id for case in site.cases() if case.reason == "exit_in_doubt"}
    site.check()


@pytest.mark.parametrize("by", ["coming again", "twelve hours"])
def test_a_stay_given_away_is_forgotten_by_the_lanes_when_its_car_comes_again_or_has_long_left(
    site: SiteStory, by: str
) -> None:
    his, _ = site.enter("湘D52B88"), site.enter("湘D52BB8")
    site.park(hours=2)
    site.leave("湘D52BB8")
    case = next(case for case in site.cases() if case.reason == "exit_in_doubt")
    cashier, said = site.application.cashier, {"actor": "li", "reason": "looks right"}
    site.database.write(lambda uow: correcting.match_exit(uow, cashier, VisitId(str(case.visit_id)), his, **said))
    site.application.drain()
    site.park(hours=1)
    assert site.copy_row("stay", his) is not None
    if by == "coming again":
        site.enter("湘D52B88")
    else:
        site.park(hours=12)
        renew(site.database, cashier)
    assert site.copy_row("stay", his) is None


@pytest.mark.req("ID-1")
def test_an_unread_exit_is_not_offered_first_as_that_of_a_stay_that_was_paid_for_later(site: SiteStory) -> None:
    """Traced in a bad day: an attendant gave an exit of 13:15 to a stay that paid at 15:23, and its own car was let out as nobody's."""
    own = site.enter("浙A12345")
    site.park(hours=1)
    stays_on = site.enter("浙B67890")
    site.leave(None)
    site.park(hours=2)
    site.pay(stays_on)
    case = next(case for case in site.cases() if case.reason.startswith("exit_"))
    rank = ranking.ranker(lambda _: (Costs(), "none"))
    shown = site.database.read(lambda conn: rank(conn, case)).candidates
    assert [one.stay_id for one in shown] == [own, stays_on]
    assert "paid_later" in {code for code, _ in shown[1].why}
