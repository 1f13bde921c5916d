"""What is asked of a person, and how it ends: each by its own event, so that every desk sees it at once."""

from __future__ import annotations

from parking.kernel.errors import conflict, not_found
from parking.kernel.events import CaseChanged, CaseOpened
from parking.kernel.ids import CaseId, LaneId, StayId, VisitId
from parking.plumbing.db import UnitOfWork
from parking.plumbing.logs import redact
from parking.sessions import store
from parking.sessions.corrections import BY_RULE
from parking.sessions.model import ReviewCase


def open_case(
    uow: UnitOfWork,
    reason: str,
    *,
    stay_id: StayId | None = None,
    visit_id: VisitId | None = None,
    lane_id: LaneId | None = None,
    told: bool = True,
) -> CaseId:
    """Ask a person; the event tells the operators, unless its answer comes in the same transaction (`told` False)."""
    case_id = CaseId(uow.ids.new(uow.now))
    record_case(uow, case_id, reason, stay_id=stay_id, visit_id=visit_id, lane_id=lane_id)
    if told:
        uow.publish(CaseOpened(case_id, reason, stay_id, visit_id, lane_id))
    return case_id


def record_case(
    uow: UnitOfWork,
    case_id: CaseId,
    reason: str,
    *,
    stay_id: StayId | None,
    visit_id: VisitId | None,
    lane_id: LaneId | None,
) -> None:
    """Put a case on the operators' list, once per id; other rooms announce theirs by the event CaseOpened."""
    if store.get_case(uow.connection, case_id) is None:
        about = {"stay_id": stay_id, "visit_id": visit_id, "lane_id": lane_id, "opened_at": uow.now}
        store.add_case(uow.connection, case_id, reason, **about)


def resolve_case(uow: UnitOfWork, case_id: CaseId, *, by: str, note: str) -> ReviewCase:
    """End a case with a note; ending it twice is a conflict that names who was first."""
    case = store.get_case(uow.connection, case_id)
    if case is None:
        raise not_found("case.unknown", "there is no such case")
    if case.state != "open":
        raise conflict("case.resolved", f"{case.resolved_by} has resolved this case already")
    answer(uow, case_id, redact(note), by=by)
    resolved = store.get_case(uow.connection, case_id)
    assert resolved is not None
    return resolved


def answer(uow: UnitOfWork, case_id: CaseId, note: str, *, by: str = BY_RULE) -> None:
    """An open case has its answer; one that has one already stays as it was."""
    case = store.get_case(uow.connection, case_id)
    if case is not None and case.state == "open":
        store.close_case(uow.connection, case_id, by=by, note=note, at=uow.now)
        uow.publish(CaseChanged(case_id, case.reason, "resolved"))
