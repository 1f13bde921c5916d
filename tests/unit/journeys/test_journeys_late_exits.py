"""While a gate box is cut off, whoever came in by it leaves by another's exit: nobody else pays for him, and all is put right later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from parking.access import store as access_store
from parking.access.rows import InvitationRow
from parking.bootstrap.desk import desk_of
from parking.bootstrap.gate_codes import keep_box_keys
from parking.bootstrap.rounds import look_at_boxes
from parking.gate.api import ingest
from parking.journeys.ranking import ranker
from parking.kernel.codec import to_plain
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.errors import ParkingError
from parking.kernel.events import BarrierPulsed, CaseChanged, Direction, Envelope, VehicleBackedAway
from parking.kernel.ids import DeviceId, LaneId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.kernel.votes import Votes
from parking.plumbing.db import UnitOfWork
from parking.security import store as security_store
from parking.security.model import Device, DeviceKind
from parking.sessions import erasure, store, visits
from parking.sessions.costs import Costs
from parking.sessions.desk import service as desk
from parking.sessions.desk import store as desk_store
from parking.sessions.desk.model import Choice, Wish
from parking.sessions.model import ClosedStay, OpenStay
from tests.builders.journeys import SiteStory, answer, passage

IN = Direction.IN
TICKET = Credential(CredentialKind.CODE, "ticket-7")
TRUE, MISREAD = "苏B32E16", "苏F32E16"
EIGHT, BEE = "浙A60888", "浙A60B88"


def votes(*said: tuple[str, float]) -> Votes:
    return Votes.of(said, "blue", "civil")


LI = Principal("operator", "li", frozenset(Scope))
SURE = votes((EIGHT, 0.0), ("豫A60888", -4.5))


def lose(site: SiteStory, *boxes: str) -> None:
    """Boxes that were heard until now are cut off, and an hour passes."""
    site.greet("edge-2", *boxes)
    site.park(hours=1)
    site.greet("edge-2")


def enrol(site: SiteStory, name: str, *, enabled: bool = True) -> None:
    """A gate box by this name is known to the site, or is shut out."""
    box = Device(DeviceId(name), DeviceKind.EDGE, f"key-{name}", b"k" * 32, enabled=enabled)
    site.database.write(lambda uow: security_store.add_device(uow.connection, box, None, uow.now))


def come_back(site: SiteStory) -> None:
    """Every box says that it has told all, and the server looks again."""
    site.greet("edge-1", "edge-2")
    site.application.drain()
    site.look_at_late_exits()


def no_stay(site: SiteStory, reason: str = "entry_missed") -> str:
    """A person says at the desk of the only case that no stay is meant; the decision."""
    (case,) = site.cases()
    at_desk = desk_of(site.application)

    def work(uow: UnitOfWork) -> str:
        desk.take(uow, at_desk, case.id, LI)
        version = desk_store.hand(uow.connection, case.id).version
        return desk.decide(uow, at_desk, case.id, version, LI, Wish(Choice.NO_STAY, reason)).id

    return site.database.write(work)


@pytest.mark.req("ID-1", "DATA-2", "GATE-3")
def test_a_misread_exit_of_whom_a_cut_off_box_let_in_ends_its_stay_though_a_person_had_said_it_has_none(
    site: SiteStory,
) -> None:
    """Traced in a day of two boxes: such a stay stayed open for ever."""
    lose(site, "edge-1")
    visit = site.visit()
    came = site.said(passage(IN, visit, TRUE, votes=votes((TRUE, 0.0))))
    left = site.park(hours=2)
    site.greet("edge-2")
    exit_visit = site.leave(MISREAD, votes=votes((MISREAD, 0.0), (TRUE, -3.0)), box="edge-2")
    no_stay(site)
    site.park(minutes=30)
    site.hand_in(came)
    come_back(site)
    stay = site.stay(StayId(visit))
    assert isinstance(stay, ClosedStay)
    assert (stay.exited_at, site.sums(stay.id).due) == (left, 1000)
    assert [(one.rule, one.evidence["exit_visit"]) for one in site.corrections(stay.id)] == [
        ("exit_found_late", exit_visit)
    ]
    assert site.reasons() == ["left_without_paying"]
    assert [case.note for case in site.cases("resolved")] == ["entry_missed"], "what a person said stays on record"
    assert site.occupied()["b1"] == 0
    site.check()


@pytest.mark.req("ID-1")
def test_an_exit_waits_for_the_entry_that_is_its_own_to_the_letter_when_a_lookalikes_is_told_first(
    site: SiteStory,
) -> None:
    """Traced in a day of two boxes: the first entry of a backlog whose pictures left the exit's plate open took the exit."""
    lose(site, "edge-1")
    other, own = site.visit(), site.visit()
    first = site.said(passage(IN, other, None, votes=votes((BEE, 0.0), (EIGHT, -2.9))))
    site.park(minutes=9)
    second = site.said(passage(IN, own, EIGHT, votes=votes((EIGHT, 0.0))))
    site.park(minutes=40)
    site.greet("edge-2")
    site.leave(EIGHT, votes=votes((EIGHT, 0.0)), box="edge-2")
    site.hand_in(first)
    site.application.drain()
    assert isinstance(site.stay(StayId(other)), OpenStay)
    site.hand_in(second)
    come_back(site)
    assert isinstance(site.stay(StayId(own)), ClosedStay)
    assert isinstance(site.stay(StayId(other)), OpenStay)


@pytest.mark.req("ID-1")
def test_a_ticket_ends_the_stay_that_it_names_though_nobody_read_a_plate_and_the_entry_is_told_later(
    site: SiteStory,
) -> None:
    lose(site, "edge-1")
    visit = site.visit()
    came = site.said(passage(IN, visit, None))
    site.park(hours=1)
    site.greet("edge-2")
    site.leave(None, stay=visit, credential=TICKET, box="edge-2")
    site.hand_in(came)
    come_back(site)
    assert isinstance(site.stay(StayId(visit)), ClosedStay)


@pytest.mark.req("ID-1")
def test_a_question_that_a_person_answered_too_soon_is_asked_again_when_there_are_stays_to_choose_from(
    site: SiteStory,
) -> None:
    lose(site, "edge-1")
    one, two = site.visit(), site.visit()
    came = [
        site.said(passage(IN, one, EIGHT, votes=votes((EIGHT, 0.0), (BEE, -1.0)))),
        site.said(passage(IN, two, BEE, votes=votes((BEE, 0.0), (EIGHT, -1.0)))),
    ]
    site.park(hours=1)
    site.greet("edge-2")
    site.leave("浙A608B8", votes=votes(("浙A608B8", 0.0), (EIGHT, -2.0), (BEE, -2.2)), box="edge-2")
    no_stay(site)
    site.hand_in(*came)
    come_back(site)
    assert site.reasons() == ["exit_in_doubt"]
    assert all(isinstance(site.stay(StayId(visit)), OpenStay) for visit in (one, two))
    (case,) = site.cases()
    assert case.resolved_by == ""


@pytest.mark.req("ID-1", "PAY-1")
def test_while_a_box_is_cut_off_a_lookalikes_stay_is_not_ended_by_a_read_that_is_not_its_own(site: SiteStory) -> None:
    """Whoever is read as 8 where only a B is known may have come in by the box of which nobody hears."""
    known = site.enter(BEE, votes=votes((BEE, 0.0)), box="edge-2")
    lose(site, "edge-1")
    site.leave(EIGHT, votes=SURE, box="edge-2")
    assert isinstance(site.stay(known), OpenStay)
    assert site.reasons() == ["exit_in_doubt"]
    come_back(site)
    assert isinstance(site.stay(known), ClosedStay), "nobody else has come in, so that it was a misread"


@pytest.mark.req("ID-1")
def test_its_own_plate_ends_a_stay_whoever_is_cut_off(site: SiteStory) -> None:
    stay_id = site.enter(box="edge-2")
    lose(site, "edge-1")
    site.leave(box="edge-2")
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert site.reasons() == ["left_without_paying"]


def test_with_every_box_heard_an_exit_that_nobody_explains_waits_for_nothing(site: SiteStory) -> None:
    site.greet("edge-1", "edge-2")
    site.leave(box="edge-2")
    no_stay(site)
    site.park(minutes=5)
    come_back(site)
    assert site.reasons() == []


@pytest.mark.req("GATE-3")
def test_the_lanes_are_told_which_box_is_cut_off_and_when_it_is_heard_again(site: SiteStory) -> None:
    for name in ("edge-1", "edge-2"):
        enrol(site, name)
    site.greet("edge-1")
    gone_at = site.clock.now()
    lose(site)
    site.database.write(keep_box_keys)
    told = {row["device_id"]: row.get("unheard_since") for row in site.copy_rows("key")}
    assert told == {"edge-1": to_plain(gone_at), "edge-2": None}
    site.greet("edge-1")
    assert site.database.write(keep_box_keys) == 1
    assert {row.get("unheard_since") for row in site.copy_rows("key")} == {None}


def test_a_box_that_was_given_up_a_week_ago_makes_no_lane_doubt_anybody(site: SiteStory) -> None:
    site.greet("edge-1")
    site.park(days=8)
    site.greet("edge-2")
    known = site.enter(BEE, votes=votes((BEE, 0.0)), box="edge-2")
    site.park(hours=1)
    site.greet("edge-2")
    site.leave(EIGHT, votes=SURE, box="edge-2")
    assert isinstance(site.stay(known), ClosedStay)


@pytest.mark.req("ID-1", "PAY-1")
def test_the_lanes_know_what_the_pictures_left_open_of_whom_no_loop_felt_come_in(site: SiteStory) -> None:
    """Traced in a mixed day: without it, its exit read to the letter was taken for a lookalike's, whose stay its driver paid."""
    seen = votes(("豫HL3BBX", 0.0), ("浙HL3BB8", -3.1))
    stay_id = StayId(site.opened_for(IN, "豫HL3BBX", votes=seen))
    row = site.copy_row("stay", stay_id)
    assert row is not None
    assert (row["doubtful"], row["votes"]) == (True, seen.compact())


@pytest.mark.req("DATA-2")
def test_who_decides_about_an_exit_is_told_that_its_entry_may_not_be_known_yet(site: SiteStory) -> None:
    rank = ranker(lambda conn: (Costs(), ""))
    lose(site, "edge-1")
    site.leave(box="edge-2")
    (case,) = site.cases()
    assert site.database.read(lambda conn: rank(conn, case)).awaits
    come_back(site)
    assert not site.database.read(lambda conn: rank(conn, case)).awaits
    assert site.reasons() == ["exit_without_stay"]


def misread_exit(site: SiteStory, **how: Any) -> tuple[StayId, Envelope]:
    """edge-1 lets a car in and keeps that to itself; the car leaves by edge-2, misread. Its stay to be, and what edge-1 has to tell."""
    lose(site, "edge-1")
    visit = site.visit()
    came = site.said(passage(IN, visit, TRUE, votes=votes((TRUE, 0.0))))
    site.park(hours=2)
    site.greet("edge-2")
    site.leave(MISREAD, votes=votes((MISREAD, 0.0), (TRUE, -3.0)), box="edge-2", **how)
    return StayId(visit), came


def tell(site: SiteStory, came: Envelope) -> None:
    """edge-1 tells what it kept, and the server looks again."""
    site.hand_in(came)
    come_back(site)


@pytest.mark.req("ID-1", "PAY-1")
@pytest.mark.parametrize("gap", [3, 14])
@pytest.mark.parametrize("left_open", [True, False])
def test_of_two_visits_in_a_backlog_each_ends_by_its_own_exit(site: SiteStory, gap: int, left_open: bool) -> None:
    """The first exit is misread: its stay must not run on until the second, which is read to the letter."""
    lose(site, "edge-1")
    read = votes((TRUE, 0.0), (MISREAD, -3.0)) if left_open else votes((TRUE, 0.0))
    first, second = site.visit(), ""
    came = [site.said(passage(IN, first, TRUE, votes=read))]
    site.park(hours=2)
    site.greet("edge-2")
    site.leave(MISREAD, votes=votes((MISREAD, 0.0), (TRUE, -3.0)), box="edge-2")
    site.park(hours=gap)
    site.greet("edge-2")
    second = site.visit()
    came.append(site.said(passage(IN, second, TRUE, votes=read)))
    site.park(hours=1)
    site.greet("edge-2")
    site.leave(TRUE, votes=votes((TRUE, 0.0), (MISREAD, -3.0)), box="edge-2")
    site.hand_in(*came)
    come_back(site)
    earlier, later = site.stay(StayId(first)), site.stay(StayId(second))
    assert isinstance(earlier, ClosedStay)
    assert isinstance(later, ClosedStay)
    assert earlier.exited_at < later.entered_at
    assert (site.sums(earlier.id).due, site.sums(later.id).due) == (1000, 600)


@pytest.mark.req("ID-1", "PRIV-1")
def test_a_stay_that_a_lane_only_guessed_is_no_proof_and_erasing_the_plate_makes_it_none(site: SiteStory) -> None:
    known = site.enter(BEE, votes=votes((BEE, 0.0)), box="edge-2")
    lose(site, "edge-1")
    other = "浙A6U388"
    site.leave(other, votes=votes((other, 0.0)), stay=known, box="edge-2")
    site.database.write(lambda uow: erasure.forget_plate(uow, Plate(other), uow.now))
    come_back(site)
    assert isinstance(site.stay(known), OpenStay)


@pytest.mark.parametrize("reason", ["drove_back", "not_a_vehicle"])
def test_who_said_that_nothing_went_out_is_not_overruled(site: SiteStory, reason: str) -> None:
    stay_id, came = misread_exit(site)
    no_stay(site, reason)
    tell(site, came)
    assert isinstance(site.stay(stay_id), OpenStay)
    assert site.reasons() == []


def test_who_said_that_nothing_went_out_is_not_overruled_by_an_entry_to_the_letter(site: SiteStory) -> None:
    lose(site, "edge-1")
    visit = site.visit()
    came = site.said(passage(IN, visit, TRUE, votes=votes((TRUE, 0.0))))
    site.park(hours=2)
    site.greet("edge-2")
    site.leave(TRUE, votes=votes((TRUE, 0.0)), box="edge-2")
    no_stay(site, "drove_back")
    site.hand_in(came)
    come_back(site)
    assert isinstance(site.stay(StayId(visit)), OpenStay)


@pytest.mark.req("DATA-2")
def test_what_was_said_too_soon_stands_as_taken_back_and_every_desk_hears_of_it(site: SiteStory) -> None:
    stay_id, came = misread_exit(site)
    decision = no_stay(site)
    tell(site, came)
    assert isinstance(site.stay(stay_id), ClosedStay)
    made = site.database.read(lambda conn: desk_store.decision(conn, decision))
    assert made is not None
    assert (made.undone_by, made.undo_reason) == ("system", "its entry arrived later")
    with pytest.raises(ParkingError, match="undone already"):
        site.database.write(lambda uow: desk.undo(uow, desk_of(site.application), decision, LI, "no"))


@pytest.mark.req("PAY-1")
def test_whoever_a_lane_let_out_by_a_right_owes_nothing_when_his_exit_is_judged_late(site: SiteStory) -> None:
    day = timedelta(days=1)
    guest = InvitationRow(
        "i1", "anna", site.clock.now() - day, site.clock.now() + day, None, plate=Plate(TRUE), free_of_charge=True
    )
    site.database.write(lambda uow: access_store.put_fact(uow, guest))
    lose(site, "edge-1")
    visit = site.visit()
    came = site.said(passage(IN, visit, MISREAD, votes=votes((MISREAD, 0.0), (TRUE, -3.0))))
    site.park(hours=2)
    site.greet("edge-2")
    went = passage(Direction.OUT, site.visit(), TRUE, votes=votes((TRUE, 0.0), ("苏B32E1G", -6.0)))
    site.hear(replace(went, right="invitation:i1"), box="edge-2")
    site.hand_in(came)
    come_back(site)
    assert isinstance(site.stay(StayId(visit)), ClosedStay)
    assert site.reasons() == []


def test_an_exit_that_nobody_let_out_is_a_case_also_when_it_is_judged_late(site: SiteStory) -> None:
    stay_id, came = misread_exit(site, authorised=False)
    tell(site, came)
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert "unauthorised_exit" in site.reasons()


@pytest.mark.req("GUIDE-1")
def test_a_passage_that_a_rule_had_worked_out_meanwhile_is_counted_once(site: SiteStory) -> None:
    site.enter("粤B22222", box="edge-2")
    site.greet("edge-3")
    lose(site, "edge-1")
    both = votes((TRUE, 0.0), (MISREAD, -3.0))
    visit = site.visit()
    came = site.said(passage(IN, visit, TRUE, votes=both))
    site.park(hours=1)
    site.greet("edge-2")
    site.leave(MISREAD, votes=votes((MISREAD, 0.0), (TRUE, -3.0)), box="edge-2")
    site.park(minutes=5)
    site.greet("edge-2")
    site.hand_in(came)
    site.greet("edge-1")
    site.stop_waiting()
    site.pay(StayId(visit))
    site.park(hours=1)
    site.greet("edge-1", "edge-2")
    site.enter(TRUE, votes=votes((TRUE, 0.0)), box="edge-2")
    site.greet("edge-3")
    come_back(site)
    assert isinstance(site.stay(StayId(visit)), ClosedStay)
    assert site.occupied()["b1"] == 2
    assert not [reason for reason in site.reasons() if reason.startswith("exit")]


def give(site: SiteStory, stay_id: StayId) -> None:
    """A person gives the exit of the only case to this stay."""
    (case,) = site.cases()
    at_desk = desk_of(site.application)

    def work(uow: UnitOfWork) -> None:
        desk.take(uow, at_desk, case.id, LI)
        version = desk_store.hand(uow.connection, case.id).version
        desk.decide(uow, at_desk, case.id, version, LI, Wish(Choice.MATCH, "same_car_seen", stay_id=stay_id))

    site.database.write(work)


@pytest.mark.req("ID-1")
def test_an_exit_that_was_given_to_a_lookalike_before_its_own_entry_was_told_is_asked_about_once(
    site: SiteStory,
) -> None:
    known = site.enter(BEE, votes=votes((BEE, 0.0)), box="edge-2")
    lose(site, "edge-1")
    own = site.visit()
    came = site.said(passage(IN, own, EIGHT, votes=votes((EIGHT, 0.0))))
    site.park(hours=1)
    site.greet("edge-2")
    out = site.leave(EIGHT, votes=SURE, box="edge-2")
    give(site, known)
    site.hand_in(came)
    come_back(site)
    come_back(site)
    assert isinstance(site.stay(known), ClosedStay), "what a person has done no rule undoes"
    assert [case.visit_id for case in site.cases() if case.reason == "asked_by_person"] == [out]


@pytest.mark.req("ID-1")
def test_who_chose_rightly_between_two_during_an_outage_is_not_doubted(site: SiteStory) -> None:
    own = site.enter(EIGHT, votes=votes((EIGHT, 0.0), (BEE, -2.0)), box="edge-2")
    site.enter(BEE, votes=votes((BEE, 0.0), (EIGHT, -2.0)), box="edge-2")
    lose(site, "edge-1")
    site.leave(EIGHT, votes=votes((EIGHT, 0.0), (BEE, -2.0)), box="edge-2")
    give(site, own)
    come_back(site)
    assert "asked_by_person" not in site.reasons()


@pytest.mark.req("ID-1", "PAY-1")
@pytest.mark.parametrize("hours", [1, 14])
def test_who_comes_again_before_his_misread_exit_is_judged_has_two_visits_and_both_their_bills(
    site: SiteStory, hours: int
) -> None:
    site.enter("粤B22222", box="edge-2")  # of an empty garage nobody is counted out
    lose(site, "edge-1")
    first = site.enter(TRUE, votes=votes((TRUE, 0.0)), box="edge-2")
    left = site.park(hours=30)
    site.greet("edge-2")
    site.leave(MISREAD, votes=votes((MISREAD, 0.0), (TRUE, -6.0)), box="edge-2")
    assert site.reasons() == ["exit_in_doubt"]
    site.park(hours=hours)
    site.greet("edge-2")
    site.enter(TRUE, votes=votes((TRUE, 0.0)), box="edge-2")
    come_back(site)
    over = site.stay(first)
    assert isinstance(over, ClosedStay)
    assert (over.exited_at, site.sums(first).due) == (left, 8000)
    assert site.occupied()["b1"] == 2


@pytest.mark.parametrize("read", [MISREAD, TRUE])
def test_a_decision_about_an_exit_that_has_its_stay_by_now_is_taken_back_by_nobody(site: SiteStory, read: str) -> None:
    """Also where its own entry, to the letter, ended it before anything was judged."""
    lose(site, "edge-1")
    visit = site.visit()
    came = site.said(passage(IN, visit, TRUE, votes=votes((TRUE, 0.0))))
    site.park(hours=2)
    site.greet("edge-2")
    site.leave(read, votes=votes((read, 0.0), (TRUE, -3.0)), box="edge-2")
    decision = no_stay(site)
    site.hand_in(came)
    come_back(site)
    assert isinstance(site.stay(StayId(visit)), ClosedStay)
    with pytest.raises(ParkingError):
        site.database.write(lambda uow: desk.undo(uow, desk_of(site.application), decision, LI, "no"))
    assert site.reasons() == ["left_without_paying"]


def test_the_desk_hears_that_a_case_has_answered_itself(site: SiteStory) -> None:
    _, came = misread_exit(site)
    before = len(site.told(CaseChanged))
    tell(site, came)
    assert [one["state"] for one in site.told(CaseChanged)[before:]] == ["resolved"]


def test_an_exit_that_cannot_be_judged_is_left_to_a_person_and_holds_no_other_up(site: SiteStory) -> None:
    lose(site, "edge-1")
    bad = site.leave(EIGHT, votes=SURE, box="edge-2")
    broken = {"votes": "{{{"}
    table = store.unmatched_exit
    site.database.write(
        lambda uow: uow.connection.execute(table.update().where(table.c.visit_id == bad).values(broken))
    )
    stay_id, came = misread_exit(site)
    tell(site, came)
    assert isinstance(site.stay(stay_id), ClosedStay)
    assert [case.visit_id for case in site.cases() if case.reason == "exit_in_doubt"] == [bad]


def test_an_exit_that_another_server_has_judged_meanwhile_is_not_judged_again(
    site: SiteStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers saw it wait; one has judged it, and a person has answered what was asked then."""
    lose(site, "edge-1")
    for plate in ("湘D52B88", "湘D52BB8"):
        site.enter(plate, box="edge-2")
    site.leave("湘D52888", votes=votes(("湘D52888", 0.0)), box="edge-2")
    awaited = site.database.read(lambda conn: visits.awaiting(conn, site.clock.now()))
    come_back(site)
    no_stay(site)
    monkeypatch.setattr(visits, "awaiting", lambda conn, told_until: awaited)
    site.look_at_late_exits()
    assert (len(awaited), site.reasons()) == (1, [])


@pytest.mark.req("GATE-3")
def test_nothing_is_judged_before_what_a_box_told_is_passed_on(site: SiteStory) -> None:
    """The old disk of a box that was replaced keeps others' events back for a while."""
    site.database.write(lambda uow: ingest(uow, "edge-1", "e0", (), until=uow.now))
    site.park(days=1)
    stay_id, came = misread_exit(site)
    site.park(minutes=30)
    site.hand_in(came)
    site.greet("edge-1", "edge-2")
    site.look_at_late_exits()
    assert site.database.read(lambda conn: store.row_of(conn, stay_id)) is None, "it is held"
    site.stop_waiting()
    come_back(site)
    assert isinstance(site.stay(stay_id), ClosedStay)


@pytest.mark.parametrize("other", ["stays", "is shut out as well"])
def test_a_box_that_is_shut_out_makes_nobody_doubt(site: SiteStory, other: str) -> None:
    known = site.enter(BEE, votes=votes((BEE, 0.0)), box="edge-2")
    enrol(site, "edge-1", enabled=False)
    enrol(site, "edge-2", enabled=other == "stays")
    lose(site, "edge-1")
    site.database.write(look_at_boxes)
    site.leave(EIGHT, votes=SURE, box="edge-2")
    assert isinstance(site.stay(known), ClosedStay)


def test_where_no_box_was_ever_enrolled_each_that_speaks_is_waited_for(site: SiteStory) -> None:
    known = site.enter(BEE, votes=votes((BEE, 0.0)), box="edge-2")
    lose(site, "edge-1")
    site.database.write(look_at_boxes)
    site.leave(EIGHT, votes=SURE, box="edge-2")
    assert isinstance(site.stay(known), OpenStay)


def test_a_box_that_promises_to_have_told_tomorrow_is_believed_until_now(site: SiteStory) -> None:
    site.database.write(lambda uow: ingest(uow, "edge-1", "e1", (), until=uow.now + timedelta(days=1)))
    known = site.enter(BEE, votes=votes((BEE, 0.0)), box="edge-2")
    site.park(hours=2)
    site.greet("edge-2")
    site.leave(EIGHT, votes=SURE, box="edge-2")
    assert isinstance(site.stay(known), OpenStay)


@pytest.mark.req("GUIDE-1", "GATE-3")
def test_a_missed_exit_counts_when_it_happened_though_it_is_told_after_the_outage(site: SiteStory) -> None:
    """Counted when it is told, it would take the one car that is inside out of a garage that had been empty before."""
    came = site.clock.now()
    let_out, again, unknown, out, last = (came + timedelta(hours=h) for h in range(1, 6))
    site.park(hours=6)
    first, second, third = site.visit(), site.visit(), site.visit()
    site.hear(passage(IN, first), at=came)
    by, visit = LaneId("exit-1"), VisitId(site.visit())
    opened = (answer(Direction.OUT, visit, stay=first), BarrierPulsed(by, visit, True, "rule", "paid"))
    site.hear(*opened, VehicleBackedAway(by, visit), at=let_out)  # its loop has missed it
    site.hear(passage(IN, second), at=again)
    site.hear(passage(Direction.OUT, site.visit(), "沪B67890"), at=unknown)  # whose entry was missed
    site.hear(passage(Direction.OUT, site.visit()), at=out)
    site.hear(passage(IN, third, "苏C22222"), at=last)
    site.stop_waiting()
    assert [(one.rule, one.passages) for one in site.corrections(StayId(first))] == [("missed_exit_let_through", -1)]
    assert site.occupied()["b1"] == 1
