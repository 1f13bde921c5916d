"""Takes, decides and undoes cases. Nobody decides on what another has taken, or on what is no longer as they saw it.

A decision, what it changes, its record and its lesson are one transaction; what another room has to do comes in by `Deeds`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from parking.kernel.errors import ErrorKind, ParkingError, conflict, invalid, not_found
from parking.kernel.events import CaseChanged
from parking.kernel.ids import CaseId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import UnitOfWork
from parking.plumbing.logs import redact
from parking.plumbing.unit_of_work import Audit
from parking.sessions import cases, visits
from parking.sessions import store as stays
from parking.sessions.desk import lesson_store, lessons, queue, store
from parking.sessions.desk.model import LEASE, Choice, Decision, Lesson, Outcome, Ranked, Wish
from parking.sessions.model import ReviewCase, SupersededStay

_CHANGES_NO_STAY = frozenset({Choice.DONE, Choice.HOLD, Choice.NO_STAY})
Look = Callable[[UnitOfWork, Principal, str, str], bool]
"""Writes down who has seen what of whom; False when that is on record for this hour."""


class Deeds(Protocol):
    """What a decision does to stays and money, and how that is taken back; `bootstrap` plugs in who can."""

    def do(self, uow: UnitOfWork, who: Principal, case: ReviewCase, wish: Wish, decision_id: str) -> Outcome:
        """Make it so, with the corrections on record; ParkingError where things are not as the wish supposes."""
        ...

    def undo(self, uow: UnitOfWork, who: Principal, case: ReviewCase, decision: Decision, reason: str) -> None:
        """Take it back by counter-entries; ParkingError where something else rests on it already."""
        ...


class Rank(Protocol):
    """The stays that a case may be about, likeliest first, by the costs that are in force."""

    def __call__(self, conn: Connection, case: ReviewCase, typed: Plate | None = None) -> Ranked:
        """With `typed`, as if the camera had read what a person reads on its picture."""
        ...


Find = Callable[[Connection, Plate, datetime], Ranked]
"""The stays inside that a plate may mean, likeliest first, whether anything about them is asked or not."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the desk needs of others; `name_of` says what people call an operator with this id."""

    deeds: Deeds
    rank: Rank
    find: Find
    taught: Callable[[Connection], lessons.Teaching]
    audit: Audit
    look: Look
    name_of: Callable[[Connection, str], str]


# --- whose it is -----------------------------------------------------------------------------------------------------


def take(uow: UnitOfWork, desk: Desk, case_id: CaseId, who: Principal) -> None:
    """The case is this operator's for a while; another's is a conflict that names whose. One's own is renewed."""
    case = _open(uow.connection, case_id)
    before = store.hand(uow.connection, case_id)
    if not store.take(uow.connection, case_id, who.subject, uow.now, uow.now + LEASE):
        raise _taken(uow.connection, desk, case_id, uow.now)
    if store.hand(uow.connection, case_id).version != before.version:
        desk.audit(uow, who, "case.take", case_id, case.reason)
        uow.publish(CaseChanged(case_id, case.reason, "taken"))


def give_back(uow: UnitOfWork, case_id: CaseId, who: Principal) -> None:
    """The operator cannot decide it; giving back what one does not have changes nothing."""
    case = _open(uow.connection, case_id)
    if store.give_back(uow.connection, case_id, who.subject):
        uow.publish(CaseChanged(case_id, case.reason, "given_back"))


def leave_to_its_holder(conn: Connection, case_id: CaseId, who: Principal, now: datetime) -> None:
    """Whoever ends a case by another way than the desk's leaves alone what another operator has taken: ParkingError."""
    holder = store.hand(conn, case_id).holder_at(now)
    if holder and holder != who.subject:
        raise conflict("case.taken", "another operator has taken this case: wait, or ask them to give it back")


def seen(uow: UnitOfWork, desk: Desk, who: Principal, case_id: str, whom: Iterable[str | None], *, clear: bool) -> None:
    """Somebody has this case open: a look at it and at `whom` it may be about, with plates in clear or masked.

    A page that reads its case again at every news is one look an hour.
    """
    what = "plates" if clear else "case"
    for subject in sorted({one for one in whom if one}):
        desk.look(uow, who, what, subject)
    if desk.look(uow, who, what, case_id):
        desk.audit(uow, who, "case.plates" if clear else "case.look", case_id, "")


def rank_again(conn: Connection, desk: Desk, case_id: CaseId, who: Principal, typed: Plate, now: datetime) -> Ranked:
    """The candidates by the plate that whoever has this case reads on its picture; nothing is decided by it."""
    case = _open(conn, case_id)
    if store.hand(conn, case_id).holder_at(now) != who.subject:
        raise _taken(conn, desk, case_id, now, of=who.subject)
    return desk.rank(conn, case, typed)


def ask(uow: UnitOfWork, desk: Desk, stay_id: StayId, who: Principal) -> CaseId:
    """Put a stay that no rule doubts onto the desk, taken by whoever asks; asked about twice, it is one case."""
    known = stays.get(uow.connection, stay_id)
    if known is None:
        raise not_found("stay.unknown", "this stay is not known")
    if isinstance(known, SupersededStay):
        raise conflict("stay.superseded", "others stand in the place of this stay: ask about those")
    asked = stays.open_cases(uow.connection, queue.ASKED, stay_id)
    case_id = asked[0] if asked else cases.open_case(uow, queue.ASKED, stay_id=stay_id, lane_id=known.lane_id)
    if not asked:
        desk.audit(uow, who, "case.ask", case_id, "")
    take(uow, desk, case_id, who)
    return case_id


# --- deciding --------------------------------------------------------------------------------------------------------


def decide(uow: UnitOfWork, desk: Desk, case_id: CaseId, version: int, who: Principal, wish: Wish) -> Decision:
    """Decide a case that one has taken and that is still at `version`; what was decided since is a conflict."""
    wish = replace(wish, note=redact(wish.note))  # kept with the decision for good, and said to others
    case = _open(uow.connection, case_id)
    wrong = queue.why_not(case.reason, wish)
    if wrong is not None:
        raise invalid("decision.malformed", f"{wrong} does not fit a case of this kind and choice", field=wrong)
    if wish.choice in queue.MOVES_MONEY and not who.may(Scope.BILLS_WAIVE):
        raise ParkingError(ErrorKind.FORBIDDEN, "auth.forbidden", f"this needs the right {Scope.BILLS_WAIVE}")
    wait_until = None if wish.wait is None else uow.now + wish.wait
    if not store.step(uow.connection, case_id, who.subject, version, wait_until):
        raise _taken(uow.connection, desk, case_id, uow.now, of=who.subject)
    shown = desk.rank(uow.connection, case, wish.typed)  # what the person had in front of them, before anything changes
    decision_id = uow.ids.new(uow.now)
    desk.audit(uow, who, f"case.{wish.choice.value}", case_id, f"{wish.reason}: {wish.note}".rstrip(": "))
    outcome = _do(uow, desk, who, case, wish, decision_id)
    made = Decision(
        id=decision_id,
        case_id=case_id,
        number=version,
        stay_id=outcome.stay_id,
        choice=wish.choice,
        chosen=wish.stay_id,
        reason=wish.reason,
        note=wish.note,
        rule=f"desk.{wish.choice.value}",
        before=outcome.before,
        after=outcome.after,
        evidence=_evidence(case, shown, wish.typed),
        corrections=outcome.corrections,
        actor=who.subject,
        decided_at=uow.now,
    )
    store.add_decision(uow.connection, made)
    if outcome.misread is not None:
        _learn(uow, made, *outcome.misread)
    if wish.choice is not Choice.HOLD:
        stays.close_case(uow.connection, case_id, by=who.subject, note=wish.note or wish.reason, at=uow.now)
    uow.publish(CaseChanged(case_id, case.reason, "waiting" if wish.choice is Choice.HOLD else "resolved"))
    return made


def _do(uow: UnitOfWork, desk: Desk, who: Principal, case: ReviewCase, wish: Wish, decision_id: str) -> Outcome:
    if wish.choice in _CHANGES_NO_STAY:
        after = "open" if wish.choice is Choice.HOLD else "resolved"
        return Outcome({"case": case.state}, {"case": after}, case.stay_id)
    return desk.deeds.do(uow, who, case, wish, decision_id)


def _evidence(case: ReviewCase, shown: Ranked, typed: Plate | None) -> dict[str, Any]:
    ranked = [
        {"stay_id": c.stay_id, "cost": round(c.cost, 4), "why": [[code, round(cost, 4)] for code, cost in c.why]}
        for c in shown.candidates
    ]
    pictures = [visit for visit in (case.visit_id, case.stay_id) if visit]
    by = {"typed": typed.masked} if typed is not None else {}
    return {"candidates": ranked, "costs": shown.costs, "pictures": pictures, **by}


def _learn(uow: UnitOfWork, made: Decision, read: Plate, true: Plate) -> None:
    if lessons.teaches(read, true):
        lesson_id = uow.ids.new(uow.now)
        lesson_store.add_lesson(
            uow.connection, Lesson(lesson_id, made.id, read, true, uow.now, made.actor, active=True)
        )


def _unlearn(uow: UnitOfWork, decision_id: str, *, by: str, reason: str) -> None:
    """What a decision taught counts no more."""
    taught = lesson_store.lesson_of(uow.connection, decision_id)
    if taught is not None and taught.active:
        lesson_store.switch_lesson(uow.connection, taught.id, active=False, by=by, at=uow.now, reason=reason)


def undo(uow: UnitOfWork, desk: Desk, decision_id: str, who: Principal, reason: str) -> Decision:
    """Take a decision back: what it changed, what it taught, and the case is open again. One's own, or anybody's by right.

    Only the last decision about a case can be undone: what came after it rests on it.
    """
    made, reason = store.decision(uow.connection, decision_id), redact(reason)
    if made is None:
        raise not_found("decision.unknown", "there is no such decision")
    if made.actor != who.subject and not who.may(Scope.CASES_UNDO):
        raise ParkingError(ErrorKind.FORBIDDEN, "auth.forbidden", f"this needs the right {Scope.CASES_UNDO}")
    case = _case(uow.connection, made.case_id)
    standing = [one for one in store.decisions_of(uow.connection, [made.case_id]) if one.undone_at is None]
    if not store.mark_undone(uow.connection, decision_id, by=who.subject, at=uow.now, reason=reason):
        raise conflict("decision.undone", "this decision has been undone already")
    if standing[-1].id != decision_id:
        raise conflict("decision.not_last", "something was decided after it: undo that first")
    if made.choice in _CHANGES_NO_STAY and _is_explained(uow.connection, case):
        raise conflict("exit.explained", "the stay of this exit has been found since")
    desk.audit(uow, who, "case.undo", made.case_id, f"{made.choice.value}: {reason}")
    if made.corrections or made.choice not in _CHANGES_NO_STAY:
        desk.deeds.undo(uow, who, case, made, reason)
    _unlearn(uow, decision_id, by=who.subject, reason="its decision was undone")
    store.reopen_case(uow.connection, made.case_id)
    _moved(uow, made.case_id, "reopened")
    return replace(made, undone_by=who.subject, undone_at=uow.now, undo_reason=reason)


def _is_explained(conn: Connection, case: ReviewCase) -> bool:
    """Whether a case is about an exit that has its stay by now."""
    out = visits.unmatched(conn, VisitId(case.visit_id)) if case.visit_id is not None else None
    return out is not None and out.stay_id is not None and out.case_id == case.id


def overtaken(uow: UnitOfWork, stay_id: StayId, correction_id: str, *, by: str, reason: str) -> None:
    """The decision that made this correction was taken back by a later one: it is undone with it, and teaches no more."""
    for made in store.decisions_about(uow.connection, stay_id, []):
        if correction_id in made.corrections and store.mark_undone(
            uow.connection, made.id, by=by, at=uow.now, reason=reason
        ):
            _unlearn(uow, made.id, by=by, reason=reason)
            _moved(uow, made.case_id, "reopened")


def overruled(uow: UnitOfWork, case_id: CaseId, *, by: str, reason: str, asks: str | None = None) -> None:
    """More is known than when a person said that no stay was meant: that stands no more. With `asks`, the case is open and asks this."""
    made = store.standing(uow.connection, case_id)
    if made is not None and made.choice in _CHANGES_NO_STAY:
        store.mark_undone(uow.connection, made.id, by=by, at=uow.now, reason=reason)
    if asks is not None:
        store.reopen_case(uow.connection, case_id)
        store.ask_instead(uow.connection, case_id, asks)
    _moved(uow, case_id, "resolved" if asks is None else "reopened")


def switch_lesson(uow: UnitOfWork, desk: Desk, lesson_id: str, who: Principal, *, active: bool, reason: str) -> Lesson:
    """Let a lesson count or not; with a name and a reason. That of an undone decision cannot count again."""
    known = lesson_store.lesson(uow.connection, lesson_id)
    if known is None:
        raise not_found("lesson.unknown", "there is no such lesson")
    made = store.decision(uow.connection, known.decision_id)
    if active and made is not None and made.undone_at is not None:
        raise conflict("lesson.undone", "the decision that taught it was undone")
    desk.audit(uow, who, "lesson.on" if active else "lesson.off", lesson_id, reason)
    lesson_store.switch_lesson(uow.connection, lesson_id, active=active, by=who.subject, at=uow.now, reason=reason)
    return replace(known, active=active, switched_by=who.subject, switched_at=uow.now, switch_reason=reason)


# --- inside ----------------------------------------------------------------------------------------------------------


def _case(conn: Connection, case_id: CaseId) -> ReviewCase:
    case = stays.get_case(conn, case_id)
    assert case is not None, "cases are never deleted"
    return case


def _moved(uow: UnitOfWork, case_id: CaseId, state: str) -> None:
    """Whoever has a case open sees it as it is now, and everybody hears of it."""
    store.stir(uow.connection, case_id)
    uow.publish(CaseChanged(case_id, _case(uow.connection, case_id).reason, state))


def _open(conn: Connection, case_id: CaseId) -> ReviewCase:
    case = stays.get_case(conn, case_id)
    if case is None:
        raise not_found("case.unknown", "there is no such case")
    if case.state != "open":
        raise conflict("case.resolved", f"{case.resolved_by} has resolved this case already")
    return case


def _taken(conn: Connection, desk: Desk, case_id: CaseId, now: datetime, of: str = "") -> ParkingError:
    """Why this operator cannot go on: it is another's, nobody's, or no longer as it was seen."""
    hand = store.hand(conn, case_id)
    holder = hand.holder_at(now)
    if holder and holder != of:
        return conflict("case.taken", f"{desk.name_of(conn, holder)} has taken this case")
    if hand.holder != of:
        return conflict("case.not_taken", "take this case first")
    return conflict("case.changed", "this case has changed since you saw it: look again")
