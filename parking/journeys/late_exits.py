"""Exits that were told before their entries are judged again when every gate box has told what it knew by then.

While a box is cut off, whoever came in by it leaves by another's exit as if he had never come. Once it has told all, the exit is judged
as it would have been at once; what a person has said of it meanwhile he said without knowing, but that nobody went out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from parking.journeys import correcting, leaving, pairing
from parking.journeys.pairing import CostsOf
from parking.journeys.ports import Cashier
from parking.kernel.ids import CaseId, LaneId, StayId, VisitId
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.each import each
from parking.sessions import cases, corrections, store, visits
from parking.sessions.desk import queue
from parking.sessions.desk import service as desk
from parking.sessions.desk import store as desk_store
from parking.sessions.desk.model import Choice
from parking.sessions.matching import Match, Matched, NoStay

_TOLD_LATE = "its entry arrived later"


def look_again(database: Database, cashier: Cashier, costs_of: CostsOf, told_until: datetime) -> int:
    """Judge those up to the moment up to which everything has been told and worked off; returns how many.

    One that cannot be judged is left to a person, and holds no other up.
    """
    waiting = database.read(lambda conn: visits.awaiting(conn, told_until))

    def judge(uow: UnitOfWork, visit_id: VisitId) -> None:
        _judge(uow, cashier, costs_of, visit_id)

    each(database, "judging a late exit", waiting, judge, _leave_it)
    return len(waiting)


def _judge(uow: UnitOfWork, cashier: Cashier, costs_of: CostsOf, visit_id: VisitId) -> None:
    conn = uow.connection
    if not visits.all_told(conn, visit_id):
        return  # another server has judged it meanwhile
    out = _kept(conn, visit_id)
    shown = pairing.unmatched_evidence(out)
    also = (shown.named,) if shown.named is not None else ()
    found = pairing.whose(conn, shown, costs_of(conn), uow.now, *also)
    if out.stay_id is not None:
        _doubt_what_was_given(uow, out, found)
        return
    case_id = CaseId(out.case_id)
    if desk_store.went_not_out(conn, case_id) or (
        isinstance(found, Matched) and _end(uow, cashier, found.stay_id, out)
    ):
        return
    passed = leaving.PassedOut(visit_id, LaneId(out.lane_id), out.plate, shown.votes, out.exited_at, shown.named)
    ended = leaving.known_to_have_left(uow, passed, nobody_else=isinstance(found, NoStay))
    if ended is not None:
        explain(uow, VisitId(out.visit_id), CaseId(out.case_id), ended)
    elif not isinstance(found, NoStay):
        desk.overruled(uow, case_id, by=corrections.BY_RULE, reason=_TOLD_LATE, asks=leaving.reason_of(found))
    else:
        desk_store.ask_instead(conn, case_id, leaving.reason_of(found))


def _leave_it(uow: UnitOfWork, visit_id: VisitId) -> None:
    if not visits.all_told(uow.connection, visit_id):
        return
    out = _kept(uow.connection, visit_id)
    case_id = CaseId(out.case_id)
    if out.stay_id is None and not desk_store.went_not_out(uow.connection, case_id):
        desk.overruled(uow, case_id, by=corrections.BY_RULE, reason="", asks="exit_in_doubt")


def _kept(conn: Connection, visit_id: VisitId) -> Row[Any]:
    out = visits.unmatched(conn, visit_id)
    assert out is not None, "an exit that awaits its entry is kept"
    return out


def explain(uow: UnitOfWork, visit_id: VisitId, case_id: CaseId, stay_id: StayId) -> None:
    """An exit whose entry was told after it was this stay's: what was asked of it is answered, whatever somebody had said."""
    visits.explain(uow.connection, visit_id, stay_id)
    store.close_case(uow.connection, case_id, by=corrections.BY_RULE, note=_TOLD_LATE, at=uow.now)
    desk.overruled(uow, case_id, by=corrections.BY_RULE, reason=_TOLD_LATE)


def _end(uow: UnitOfWork, cashier: Cashier, stay_id: StayId, out: Row[Any]) -> bool:
    """End this stay by that exit, with its bill; False where it cannot end any more."""
    conn, visit_id = uow.connection, VisitId(out.visit_id)
    stay, _ = leaving.to_close(uow, stay_id, visit_id, out.exited_at)
    if stay is None:
        return False
    before = corrections.snapshot(conn, stay_id)
    explain(uow, VisitId(out.visit_id), CaseId(out.case_id), stay_id)
    correcting.end_by(uow, cashier, stay, out)
    seen = {"exit_visit": visit_id, "at": out.exited_at}
    corrections.record(uow, stay_id, "exit_found_late", before, seen)
    if not out.authorised:
        cases.open_case(uow, "unauthorised_exit", stay_id=stay_id, visit_id=visit_id, lane_id=LaneId(out.lane_id))
    return True


def _doubt_what_was_given(uow: UnitOfWork, out: Row[Any], found: Match) -> None:
    """A person gave it to a stay of another plate while that of its own was not known: he is asked, and nothing is changed by itself."""
    conn, stay_id, said = uow.connection, StayId(out.stay_id), desk_store.standing(uow.connection, CaseId(out.case_id))
    if said is None or said.choice is not Choice.MATCH or not isinstance(found, Matched) or out.plate is None:
        return
    given, own = (store.row_of(conn, one) for one in (stay_id, found.stay_id))
    chosen_from = {one["stay_id"] for one in said.evidence.get("candidates", ())}
    told_later = found.stay_id not in chosen_from and own is not None and own.plate == out.plate
    if (
        told_later
        and given is not None
        and given.plate != out.plate
        and not store.open_cases(conn, queue.ASKED, stay_id)
    ):
        visit_id = VisitId(out.visit_id)
        cases.open_case(uow, queue.ASKED, stay_id=stay_id, visit_id=visit_id, lane_id=LaneId(out.lane_id))
