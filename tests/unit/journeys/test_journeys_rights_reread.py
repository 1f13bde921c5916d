"""A pass counts for whoever has one, also where a camera could not read him and a person said who he is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from parking.access import keeping
from parking.access.rights_store import Holder
from parking.access.rows import LotRow
from parking.journeys import correcting, taking_back
from parking.kernel.events import BarrierPulsed, Direction, VehicleBackedAway
from parking.kernel.ids import BayId, LotId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.sessions import evidence
from parking.sessions.desk.model import Choice
from parking.sessions.model import ClosedStay, OpenStay
from tests.builders.access import CARD, a_pass
from tests.builders.corrections import Office
from tests.builders.journeys import ENTRY, OTHER_PLATE, PLATE, SiteStory, answer, passage

pytestmark = [pytest.mark.req("GATE-5"), pytest.mark.req("ID-1")]
IN, OUT = Direction.IN, Direction.OUT
MISREAD = "浙A12346"


def with_pass(site: SiteStory, *plates: str) -> None:
    site.database.write(lambda uow: keeping.save_holder(uow, Holder("h1", "Wang", None, (), (CARD,))))
    site.database.write(lambda uow: keeping.save_pass(uow, a_pass("p1", *plates)))


def comes(site: SiteStory, plate: str | None, **changes: Any) -> StayId:
    visit = site.visit()
    site.hear(replace(passage(IN, visit, plate), **changes))
    return StayId(visit)


def is_reread(site: SiteStory, stay_id: StayId, plate: str) -> str:
    said = {"actor": "li", "reason": "read_from_picture"}
    cashier = site.application.cashier
    made = site.database.write(lambda uow: correcting.reread(uow, cashier, stay_id, Plate(plate), **said))
    site.application.drain()
    return made


def taken_back(site: SiteStory, correction: str) -> None:
    cashier = site.application.cashier
    site.database.write(lambda uow: taking_back.undo(uow, cashier, correction, actor="li", reason="it was another"))
    site.application.drain()


def given(site: SiteStory, out: str, stay_id: StayId) -> None:
    """A person says whose exit it was."""
    cashier, said = site.application.cashier, {"actor": "li", "reason": "seen on the picture"}
    site.database.write(lambda uow: correcting.match_exit(uow, cashier, VisitId(out), stay_id, **said))
    site.application.drain()


def right_inside(site: SiteStory, stay_id: StayId) -> object:
    return (site.copy_row("inside", stay_id) or {}).get("right")


def test_who_has_a_pass_and_was_not_read_at_the_entry_is_asked_for_nothing_once_a_person_has_read_him(
    site: SiteStory,
) -> None:
    with_pass(site, PLATE, OTHER_PLATE)
    stay_id = comes(site, None)
    site.park(hours=2)
    assert site.bill(stay_id) > 0
    is_reread(site, stay_id, PLATE)
    assert (site.bill(stay_id), right_inside(site, stay_id)) == (0, "pass:p1")
    second = comes(site, OTHER_PLATE, right="pass:p1")  # the pass has one bay, and that is taken
    site.park(hours=2)
    assert site.bill(second) > 0
    site.hear(replace(passage(OUT, site.visit(), PLATE, stay=stay_id), right="pass:p1"))
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert site.sums(stay_id).debt == 0


def test_a_reading_that_is_taken_back_takes_its_pass_with_it(site: SiteStory) -> None:
    with_pass(site, PLATE)
    stay_id = comes(site, None)
    done = is_reread(site, stay_id, PLATE)
    taken_back(site, done)
    site.park(hours=2)
    assert right_inside(site, stay_id) is None
    assert site.bill(stay_id) > 0


def test_whoever_was_misread_as_the_holder_of_a_pass_has_it_no_more_once_he_is_read_rightly(site: SiteStory) -> None:
    with_pass(site, MISREAD)
    stay_id = comes(site, MISREAD, right="pass:p1")
    site.park(hours=2)
    assert site.bill(stay_id) == 0
    done = is_reread(site, stay_id, PLATE)
    assert (site.bill(stay_id) > 0, right_inside(site, stay_id)) == (True, None)
    taken_back(site, done)
    assert (site.bill(stay_id), right_inside(site, stay_id)) == (0, "pass:p1")
    is_reread(site, stay_id, PLATE)
    holder = comes(site, MISREAD, right="pass:p1")
    assert right_inside(site, holder) == "pass:p1"


def test_who_is_read_only_after_another_car_of_the_pass_came_is_a_visitor(site: SiteStory) -> None:
    with_pass(site, PLATE, OTHER_PLATE)
    first = comes(site, MISREAD)
    second = comes(site, OTHER_PLATE, right="pass:p1")
    is_reread(site, first, PLATE)
    site.park(hours=2)
    assert (site.bill(first) > 0, site.bill(second)) == (True, 0)


def test_to_be_read_as_the_same_plate_gives_nobody_the_bay_that_another_has_left_since(site: SiteStory) -> None:
    with_pass(site, PLATE, OTHER_PLATE)
    first = comes(site, PLATE, right="pass:p1")
    second = comes(site, OTHER_PLATE)
    site.park(hours=1)
    site.hear(replace(passage(OUT, site.visit(), PLATE, stay=first), right="pass:p1"))
    is_reread(site, second, OTHER_PLATE)
    site.park(hours=1)
    assert site.bill(second) > 0


def test_who_came_in_by_a_card_keeps_its_pass_whatever_his_plate_is_found_to_be(site: SiteStory) -> None:
    with_pass(site, PLATE)
    stay_id = comes(site, None, right="pass:p1", credential=CARD)
    is_reread(site, stay_id, OTHER_PLATE)
    site.park(hours=2)
    assert site.bill(stay_id) == 0
    row = site.copy_row("inside", stay_id)
    assert row is not None
    assert row["plate"] == OTHER_PLATE


def test_in_a_lot_of_the_site_the_pass_counts_from_the_entry_on_and_no_place_is_counted_twice(site: SiteStory) -> None:
    mall = LotId("mall")
    site.database.write(lambda uow: keeping.save_lot(uow, LotRow(mall, None, 10, None)))
    with_pass(site, PLATE)
    stay_id = comes(site, MISREAD, lot_id=mall)
    site.park(hours=3)
    assert site.bill(stay_id) > 0
    is_reread(site, stay_id, PLATE)
    assert (site.bill(stay_id), right_inside(site, stay_id)) == (0, "pass:p1")
    assert (site.copy_row("lot", mall) or {})["free"] == 9


def test_who_was_misread_at_the_entry_and_is_given_his_stay_at_the_exit_leaves_no_debt_if_he_has_a_pass(
    site: SiteStory,
) -> None:
    with_pass(site, PLATE)
    stay_id = comes(site, "沪C77777")
    site.park(hours=3)
    given(site, site.leave_by_hand(PLATE), stay_id)
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert (site.sums(stay_id).debt, site.reasons()) == (0, [])


def is_let_in(site: SiteStory, right: str) -> StayId:
    """A lane opens for the holder of a pass, and its loops do not feel him go in."""
    visit = site.visit()
    said = replace(answer(IN, visit, PLATE), right=right)
    site.hear(
        said, BarrierPulsed(ENTRY, VisitId(visit), True, "rule", "pass"), VehicleBackedAway(ENTRY, VisitId(visit))
    )
    return StayId(visit)


def test_who_has_a_pass_and_whose_entry_no_loop_felt_is_asked_for_nothing_once_a_bay_has_seen_him(
    site: SiteStory,
) -> None:
    with_pass(site, PLATE)
    stay_id = is_let_in(site, "pass:p1")
    site.park(hours=2)
    seen_at = site.clock.now()
    site.database.write(lambda uow: evidence.see_parked(uow, stay_id, BayId("b2-1"), seen_at))
    site.application.drain()
    assert (site.bill(stay_id), right_inside(site, stay_id)) == (0, "pass:p1")


def test_who_has_a_pass_and_was_felt_by_no_loop_at_either_end_leaves_no_debt(site: SiteStory) -> None:
    with_pass(site, PLATE)
    stay_id = is_let_in(site, "pass:p1")
    site.park(hours=2)
    site.opened_for(OUT, PLATE, stay=stay_id)
    site.park(days=1)
    comes(site, PLATE, right="pass:p1")
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert (site.sums(stay_id).debt, site.reasons()) == (0, [])


def test_the_exit_of_whoever_a_card_proves_to_be_another_does_not_end_a_lookalikes_stay(site: SiteStory) -> None:
    holder = Holder("h1", "Wang", None, (Plate(PLATE),), (CARD,))
    site.database.write(lambda uow: keeping.save_holder(uow, holder))
    lookalike = site.enter("浙A1234S", votes=Votes.of([("浙A1234S", 0.0), ("浙A12346", -1.0)]))
    site.park(hours=1)
    read = Votes.of([(PLATE, 0.0), ("浙B12345", -0.2)])
    site.hear(replace(passage(OUT, site.visit(), None, credential=CARD, votes=read), right="pass:p1"))
    assert isinstance(site.stay(lookalike), OpenStay)
    assert len(site.reasons()) == 1


@pytest.mark.parametrize(
    "other", [OTHER_PLATE, "浙A12347"]
)  # the latter leaves by an exit that is a question: the misread one is near
def test_a_bay_that_another_car_of_the_pass_used_meanwhile_is_not_given_again(site: SiteStory, other: str) -> None:
    with_pass(site, PLATE, other)
    first = comes(site, other, right="pass:p1")
    misread = comes(site, MISREAD)
    site.park(hours=3)
    site.hear(replace(passage(OUT, site.visit(), other, stay=first), right="pass:p1"))
    is_reread(site, misread, PLATE)
    assert site.bill(misread) > 0


def test_who_came_by_a_card_that_gave_him_nothing_is_still_found_by_it_when_his_plate_is_read(site: SiteStory) -> None:
    with_pass(site)
    stay_id = comes(site, None, credential=CARD)
    is_reread(site, stay_id, PLATE)
    row = site.copy_row("stay", stay_id)
    assert row is not None
    assert row["credentials"] == [CARD.ref]
    site.hear(passage(OUT, site.visit(), None, stay=stay_id, credential=CARD))
    assert isinstance(site.stay(stay_id), ClosedStay)


def test_a_card_that_gives_nothing_does_not_keep_a_pass_that_came_with_a_misread_plate(site: SiteStory) -> None:
    site.database.write(lambda uow: keeping.save_holder(uow, Holder("h1", "Wang", None, (), ())))
    site.database.write(lambda uow: keeping.save_pass(uow, a_pass("p1", MISREAD)))
    stay_id = comes(site, MISREAD, right="pass:p1", credential=CARD)
    is_reread(site, stay_id, PLATE)
    site.park(hours=2)
    assert site.bill(stay_id) > 0


def test_an_entry_that_nothing_proves_takes_up_no_bay_of_a_pass_for_ever(site: SiteStory) -> None:
    with_pass(site, PLATE, OTHER_PLATE)
    visit = site.opened_for(IN, MISREAD)
    is_reread(site, StayId(visit), PLATE)
    site.park(days=8)
    site.database.write(evidence.give_up_doubts)
    site.application.drain()
    other = comes(site, OTHER_PLATE, right="pass:p1")
    site.park(hours=2)
    assert (site.bill(other), right_inside(site, StayId(visit))) == (0, None)


def test_a_pass_for_an_inner_lot_counts_there_also_after_a_reading_that_was_taken_back(site: SiteStory) -> None:
    mall, inner = LotId("mall"), LotId("inner")
    site.database.write(lambda uow: keeping.save_lot(uow, LotRow(mall, None, 10, None)))
    site.database.write(lambda uow: keeping.save_lot(uow, LotRow(inner, mall, 4, None)))
    with_pass(site, PLATE)
    site.database.write(lambda uow: keeping.save_pass(uow, a_pass("p1", PLATE, lots=(inner,))))
    stay_id = comes(site, PLATE, lot_id=mall)
    site.park(minutes=30)
    for direction, right in ((IN, "pass:p1"), (OUT, None)):
        passed = passage(direction, site.visit(), PLATE)
        site.hear(replace(passed, right=right, stay_id=stay_id, outer_lot_id=mall, lot_id=inner))
        site.park(hours=10 if direction is IN else 0)
    before = site.bill(stay_id)
    taken_back(site, is_reread(site, stay_id, OTHER_PLATE))
    assert site.bill(stay_id) == before < 4000


def test_in_a_lot_of_the_site_too_an_exit_that_a_person_gives_to_its_stay_leaves_the_holder_of_a_pass_no_debt(
    site: SiteStory,
) -> None:
    mall = LotId("mall")
    site.database.write(lambda uow: keeping.save_lot(uow, LotRow(mall, None, 10, None)))
    with_pass(site, PLATE)
    stay_id = comes(site, "沪C77777", lot_id=mall)
    site.park(hours=3)
    given(site, site.leave_by_hand(PLATE), stay_id)
    assert site.sums(stay_id).debt == 0


def test_a_pass_for_another_lot_lets_nobody_off_whose_exit_a_person_finds(site: SiteStory) -> None:
    mall, inner = LotId("mall"), LotId("inner")
    site.database.write(lambda uow: keeping.save_lot(uow, LotRow(mall, None, 10, None)))
    site.database.write(lambda uow: keeping.save_lot(uow, LotRow(inner, mall, 4, None)))
    with_pass(site, PLATE)
    site.database.write(lambda uow: keeping.save_pass(uow, a_pass("p1", PLATE, lots=(inner,))))
    stay_id = comes(site, "沪C77777", lot_id=mall)
    site.park(hours=3)
    given(site, site.leave_by_hand(PLATE), stay_id)
    assert site.sums(stay_id).debt > 0


@pytest.mark.parametrize("is_still_there", [True, False])
def test_who_uses_a_pass_after_an_exit_takes_nothing_from_whom_that_exit_is_given_to_later(
    site: SiteStory, *, is_still_there: bool
) -> None:
    with_pass(site, PLATE, OTHER_PLATE)
    stay_id = comes(site, "粤C77777")
    site.park(hours=3)
    out = site.leave_by_hand(PLATE)
    site.park(hours=1)
    other = comes(site, OTHER_PLATE, right="pass:p1")
    site.park(hours=1)
    if not is_still_there:
        site.hear(replace(passage(OUT, site.visit(), OTHER_PLATE, stay=other), right="pass:p1"))
    given(site, out, stay_id)
    assert site.sums(stay_id).debt == 0


def test_another_car_of_the_pass_that_came_by_a_pass_of_its_own_took_up_no_bay_of_it(site: SiteStory) -> None:
    with_pass(site, PLATE, OTHER_PLATE)
    site.database.write(lambda uow: keeping.save_pass(uow, a_pass("p2", OTHER_PLATE)))
    other = comes(site, OTHER_PLATE, right="pass:p2")
    misread = comes(site, MISREAD)
    site.park(hours=3)
    site.hear(replace(passage(OUT, site.visit(), OTHER_PLATE, stay=other), right="pass:p2"))
    is_reread(site, misread, PLATE)
    assert site.bill(misread) == 0


def test_an_entry_in_doubt_that_a_person_reads_has_its_pass_when_its_own_passage_is_told_after_all(
    site: SiteStory,
) -> None:
    with_pass(site, PLATE)
    visit = site.opened_for(IN, MISREAD)
    is_reread(site, StayId(visit), PLATE)
    site.hear(passage(IN, visit, MISREAD))
    site.park(hours=2)
    assert (site.bill(StayId(visit)), right_inside(site, StayId(visit))) == (0, "pass:p1")


@pytest.mark.parametrize("reason", ["credential_mismatch", "blocked"])
def test_who_is_let_in_by_hand_against_the_word_of_his_tag_is_asked_about_before_he_pays(
    site: SiteStory, reason: str
) -> None:
    """Traced in a day of misreads: a pass holder whose plate was misread paid at the kiosk for a stay that his pass had paid."""
    office, visit = Office(site), site.visit()
    office.give_pass(PLATE)
    told = answer(IN, visit, OTHER_PLATE, allowed=False)
    site.hear(replace(told, reason=reason), BarrierPulsed(ENTRY, VisitId(visit), True, "operator:li", "intercom"))
    site.hear(passage(IN, visit, OTHER_PLATE))
    if reason == "blocked":
        assert site.reasons() == []
        return
    assert site.reasons() == ["entry_contradicted"]
    office.decide("entry_contradicted", Choice.PLATE, "read_from_picture", plate=Plate(PLATE))
    site.park(hours=3)
    assert (site.reasons(), office.due(StayId(visit))) == ([], 0)
