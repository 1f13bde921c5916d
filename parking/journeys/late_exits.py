"""Exits that were told before their entries are judged again when every gate box has told what it knew by then.

While a box is cut off, whoever came in by it leaves by another's exit as if he had never come. Once it has told all, the exit is judged
as it would have been at once; what a person has said of it meanwhile he said without knowing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from parking.emergency import fee_clocks
from parking.journeys import known_rights, leaving, pairing
from parking.journeys.pairing import CostsOf
from parking.journeys.ports import Cashier
from parking.kernel.ids import CaseId, LaneId, StayId, VisitId
from parking.plumbing.db import Database, UnitOfWork
from parking.sessions import corrections, store, visits
from parking.sessions.desk import store as desk_store
from parking.sessions.matching import Matched, NoStay


def look_again(database: Database, cashier: Cashier, costs_of: CostsOf, told_until: datetime) -> int:
    """Judge those up to the moment up to which everything has been told and worked off; returns how many."""
    waiting = database.read(lambda conn: visits.awaiting(conn, told_until))
    for visit_id in waiting:
        database.write(lambda uow, visit_id=visit_id: _judge(uow, cashier, costs_of, visit_id))  # type: ignore[misc] # bound per turn
    return len(waiting)


def _judge(uow: UnitOfWork, cashier: Cashier, costs_of: CostsOf, visit_id: VisitId) -> None:
    conn, out = uow.connection, visits.unmatched(uow.connection, visit_id)
    assert out is not None, "an exit that awaits its entry is kept"
    visits.all_told(conn, visit_id)
    if out.stay_id is not None:
        return
    named = StayId(out.named) if out.named is not None else None
    also = (named,) if named is not None and store.row_of(conn, named) is not None else ()
    found = pairing.whose(conn, pairing.unmatched_evidence(out), costs_of(conn), uow.now, *also)
    if isinstance(found, Matched) and _end(uow, cashier, found.stay_id, out):
        return
    if not isinstance(found, NoStay):  # it is a question, and may have been answered too soon
        desk_store.reopen_case(conn, CaseId(out.case_id))
    desk_store.ask_instead(conn, CaseId(out.case_id), leaving.reason_of(found))


def _end(uow: UnitOfWork, cashier: Cashier, stay_id: StayId, out: Row[Any]) -> bool:
    """End this stay by that exit, with its bill; False where it cannot end any more."""
    conn, visit_id = uow.connection, VisitId(out.visit_id)
    stay, _ = leaving.to_close(uow, stay_id, visit_id, out.exited_at)
    if stay is None:
        return False
    before, at = corrections.snapshot(conn, stay_id), out.yes_at or out.exited_at
    visits.explain(conn, visit_id, stay_id)
    fee_clocks.vehicle_left(conn, out.exited_at, visit_id, stay_id)
    store.close_case(conn, CaseId(out.case_id), by=corrections.BY_RULE, note="its entry arrived later", at=uow.now)
    free = leaving.free_by_either(conn, stay, out.plate, at, None)
    free = free or known_rights.free_by(conn, stay, out.plate, at)
    leaving.close(uow, cashier, stay, at=out.exited_at, priced_at=at, lane_id=LaneId(out.lane_id), free=free)
    seen = {"exit_visit": visit_id, "at": out.exited_at}
    corrections.record(uow, stay_id, "exit_found_late", before, seen)
    return True
