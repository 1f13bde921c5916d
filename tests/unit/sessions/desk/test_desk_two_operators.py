"""Two operators at one case: one of them has it, the other is told who; nothing is decided twice or on what is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.events import CaseChanged
from parking.kernel.principal import Principal
from parking.plumbing.db import Database
from parking.sessions import store as stays
from parking.sessions.desk import lesson_store
from parking.sessions.desk.model import LEASE, Choice, Wish
from tests.builders.desk import BOSS, LI, WANG, Office, done, match
from tests.builders.sessions import open_cases
from tests.unit.sessions.test_sessions_service import told


@pytest.fixture
def office(memory_database: Database) -> Office:
    return Office(memory_database)


@pytest.fixture
def lasting(database: Database) -> Office:
    """The same on every kind of database, for what only a database can decide."""
    return Office(database)


def code_of(deed: Callable[[], object]) -> str:
    with pytest.raises(ParkingError) as refused:
        deed()
    return refused.value.code


@pytest.mark.req("ID-1")
def test_the_second_operator_is_told_who_has_the_case(office: Office) -> None:
    case = office.case()
    office.take(case)
    with pytest.raises(ParkingError, match="Li has taken this case") as refused:
        office.take(case, WANG)
    assert (refused.value.kind, refused.value.code) == (ErrorKind.CONFLICT, "case.taken")
    assert code_of(lambda: office.decide(case, 1, match(), WANG)) == "case.taken"
    assert office.deeds.done == []


def test_taking_ones_own_again_renews_the_lease_and_changes_nothing_else(office: Office) -> None:
    case = office.case()
    version = office.take(case)
    office.clock.advance(LEASE - timedelta(seconds=1))
    assert office.take(case) == version
    office.clock.advance(LEASE - timedelta(seconds=1))
    assert office.hand(case).holder_at(office.clock.now()) == "li"
    assert told(office.database, CaseChanged) == 1


@pytest.mark.req("ID-1")
def test_the_claim_of_a_browser_that_is_gone_runs_out_and_what_it_saw_counts_no_longer(lasting: Office) -> None:
    case = lasting.case()
    seen_by_li = lasting.take(case)
    lasting.clock.advance(LEASE)
    assert lasting.hand(case).holder_at(lasting.clock.now()) == ""
    seen_by_wang = lasting.take(case, WANG)
    assert seen_by_wang > seen_by_li
    assert code_of(lambda: lasting.decide(case, seen_by_li, match())) == "case.taken"
    lasting.decide(case, seen_by_wang, match(), WANG)
    assert code_of(lambda: lasting.decide(case, seen_by_li, match())) == "case.resolved"
    assert lasting.deeds.done == [("wang", "match")]


def test_a_lease_that_ran_out_but_that_nobody_took_over_still_decides(office: Office) -> None:
    case = office.case()
    version = office.take(case)
    office.clock.advance(10 * LEASE)
    assert office.decide(case, version, done()).choice is Choice.DONE


def test_what_was_given_back_must_be_taken_again(office: Office) -> None:
    case = office.case()
    version = office.take(case)
    office.give_back(case)
    assert code_of(lambda: office.decide(case, version, done())) == "case.not_taken"
    office.give_back(case, WANG)  # not theirs: nothing happens
    office.take(case, WANG)
    assert office.hand(case).holder == "wang"


def test_a_decision_rests_on_the_version_that_was_seen(office: Office) -> None:
    case = office.case()
    seen = office.take(case)
    office.give_back(case)
    office.take(case)
    assert code_of(lambda: office.decide(case, seen, done())) == "case.changed"


@pytest.mark.req("ID-1")
def test_of_two_operators_at_the_same_moment_one_takes_the_case(lasting: Office) -> None:
    case = lasting.case()
    outcomes = _at_once([(LI, lambda: lasting.take(case, LI)), (WANG, lambda: lasting.take(case, WANG))])
    assert sorted(outcomes.values()) == ["case.taken", "done"]
    assert outcomes[lasting.hand(case).holder] == "done"


@pytest.mark.req("ID-1", "DATA-2")
def test_of_two_decisions_at_the_same_moment_one_is_made(lasting: Office) -> None:
    """A double press, or two windows of one operator: the case is decided once, the deed done once."""
    case = lasting.case()
    version = lasting.take(case)
    first, second = Principal("operator", "li", LI.scopes), Principal("operator", "li", LI.scopes)
    outcomes = _at_once(
        [
            (Principal("operator", "one", LI.scopes), lambda: lasting.decide(case, version, match("stay-1"), first)),
            (Principal("operator", "two", LI.scopes), lambda: lasting.decide(case, version, match("stay-2"), second)),
        ]
    )
    assert sorted(outcomes.values())[-1] == "done"
    assert sorted(outcomes.values())[0] in ("case.changed", "case.not_taken", "case.resolved")
    assert len(lasting.decisions(case)) == 1
    assert open_cases(lasting.database) == []


def _at_once(deeds: list[tuple[Principal, Callable[[], object]]]) -> dict[str, str]:
    """What became of each deed when all were begun together."""
    start = threading.Barrier(len(deeds))
    outcomes: dict[str, str] = {}

    def run(who: Principal, deed: Callable[[], object]) -> None:
        start.wait()
        try:
            deed()
            outcomes[who.subject] = "done"
        except ParkingError as error:
            outcomes[who.subject] = error.code

    threads = [threading.Thread(target=run, args=one) for one in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(outcomes) == len(deeds)
    return outcomes


# --- decisions, undone ------------------------------------------------------------------------------------------------


@pytest.mark.req("ID-1", "DATA-2")
def test_a_decision_keeps_what_was_before_and_after_by_which_rule_on_what_evidence_and_by_whom(office: Office) -> None:
    case = office.case()
    office.decide(case, office.take(case), match())
    (made,) = office.decisions(case)
    assert (made.before, made.after) == ({"state": "open"}, {"state": "closed"})
    assert (made.rule, made.actor, made.reason) == ("desk.match", "li", "plate_misread")
    assert made.evidence["candidates"][0] == {"stay_id": "stay-1", "cost": 2.5, "why": [["read_differently", 2.5]]}
    assert made.evidence["pictures"] == ["visit-9"]
    assert made.corrections == ("c1",)
    assert made.decided_at == office.clock.now()


def test_a_deed_that_cannot_be_done_leaves_the_case_as_it_was(office: Office) -> None:
    case = office.case()
    version = office.take(case)
    office.deeds.refuses = True
    assert code_of(lambda: office.decide(case, version, match())) == "stay.closed"
    assert office.decisions(case) == []
    assert office.hand(case).version == version
    office.deeds.refuses = False
    office.decide(case, version, match())


@pytest.mark.req("ID-1")
def test_undoing_takes_back_the_deed_the_lesson_and_asks_again(lasting: Office) -> None:
    case = lasting.case()
    made = lasting.decide(case, lasting.take(case), match())
    assert [one.active for one in lasting.database.read(lesson_store.lessons)] == [True]
    lasting.undo(made.id)
    assert lasting.deeds.undone == [made.id]
    assert [one.active for one in lasting.database.read(lesson_store.lessons)] == [False]
    assert [one.id for one in open_cases(lasting.database)] == [case]
    assert code_of(lambda: lasting.undo(made.id)) == "decision.undone"
    again = lasting.decide(case, lasting.take(case, WANG), match("stay-2"), WANG)
    kept = lasting.decisions(case)
    assert [(one.id, one.undone_by) for one in kept] == [(made.id, "li"), (again.id, "")]


def test_what_another_decided_is_undone_only_by_right(office: Office) -> None:
    case = office.case()
    made = office.decide(case, office.take(case), match())
    assert code_of(lambda: office.undo(made.id, WANG)) == "auth.forbidden"
    assert office.undo(made.id, BOSS).undone_by == "boss"


def test_only_the_last_decision_about_a_case_can_be_undone(office: Office) -> None:
    case = office.case()
    held = office.decide(case, office.take(case), Wish(Choice.HOLD, "video_awaited", wait=timedelta(hours=1)))
    assert office.hand(case).waits_at(office.clock.now())
    made = office.decide(case, office.take(case), match())
    assert code_of(lambda: office.undo(held.id)) == "decision.not_last"
    office.undo(made.id)
    office.undo(held.id)
    assert not office.hand(case).waits_at(office.clock.now())


def test_giving_money_up_takes_a_right_of_its_own(office: Office) -> None:
    case = office.case("left_without_paying", stay_id="stay-1")
    version = office.take(case)
    assert code_of(lambda: office.decide(case, version, Wish(Choice.WAIVE, "goodwill"))) == "auth.forbidden"
    office.give_back(case)
    office.decide(case, office.take(case, BOSS), Wish(Choice.WAIVE, "goodwill"), BOSS)
    assert office.deeds.done == [("boss", "waive")]


@pytest.mark.req("ID-1")
def test_a_lesson_is_switched_off_with_a_name_and_back_on_unless_its_decision_was_undone(office: Office) -> None:
    case = office.case()
    made = office.decide(case, office.take(case), match())
    (lesson,) = office.database.read(lesson_store.lessons)
    office.switch(lesson.id, active=False)
    (off,) = office.database.read(lesson_store.lessons)
    assert (off.active, off.switched_by, off.switch_reason) == (False, "boss", "glare that day")
    assert office.database.read(lesson_store.lessons_in_force) == []
    office.switch(lesson.id, active=True)
    assert len(office.database.read(lesson_store.lessons_in_force)) == 1
    office.undo(made.id)
    assert code_of(lambda: office.switch(lesson.id, active=True)) == "lesson.undone"


def test_a_case_that_somebody_else_ended_meanwhile_is_not_decided(office: Office) -> None:
    case = office.case()
    version = office.take(case)
    office.database.write(
        lambda uow: stays.close_case(uow.connection, case, by="system", note="its entry arrived later", at=uow.now)
    )
    assert code_of(lambda: office.decide(case, version, match())) == "case.resolved"
    assert office.deeds.done == []
