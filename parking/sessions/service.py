"""Opens and closes stays on proof of passage. Nothing is merged silently: what cannot be true becomes a case for a person."""

from __future__ import annotations

from datetime import datetime

from parking.kernel.errors import conflict, not_found
from parking.kernel.events import CaseOpened, StayClosed, StayOpened, StaySettled
from parking.kernel.ids import CaseId, LaneId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from parking.sessions import store
from parking.sessions.model import ClosedStay, OpenStay, ReviewCase, Stay, StayInReview


def open_case(
    uow: UnitOfWork,
    reason: str,
    *,
    stay_id: StayId | None = None,
    visit_id: VisitId | None = None,
    lane_id: LaneId | None = None,
) -> CaseId:
    """Ask a person; the event tells the operators."""
    case_id = CaseId(uow.ids.new(uow.now))
    record_case(uow, case_id, reason, stay_id=stay_id, visit_id=visit_id, lane_id=lane_id)
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
        uow.connection.execute(
            store.review_case.insert().values(
                id=case_id,
                reason=reason,
                stay_id=stay_id,
                visit_id=visit_id,
                lane_id=lane_id,
                opened_at=uow.now,
                state="open",
            )
        )


def resolve_case(uow: UnitOfWork, case_id: CaseId, *, by: str, note: str) -> ReviewCase:
    """End a case with a note; ending it twice is a conflict that names who was first."""
    case = store.get_case(uow.connection, case_id)
    if case is None:
        raise not_found("case.unknown", "there is no such case")
    if case.state != "open":
        raise conflict("case.resolved", f"{case.resolved_by} has resolved this case already")
    store.close_case(uow.connection, case_id, by=by, note=note, at=uow.now)
    resolved = store.get_case(uow.connection, case_id)
    assert resolved is not None
    return resolved


def open_stay(
    uow: UnitOfWork,
    stay_id: StayId,
    plate: Plate | None,
    *,
    entered_at: datetime,
    lane_id: LaneId,
    tariff_version: str,
    has_left: bool = False,
) -> OpenStay:
    """Open a stay on a proven entry.

    A plate that is inside already cannot enter: of the two stays the earlier one goes to a person and stops being billed, in
    whatever order they arrive. One that `has_left` (its exit arrived first; the caller closes it) disturbs nobody who came in
    after it. The same `stay_id` twice changes nothing.
    """
    known = store.get(uow.connection, stay_id)
    new = OpenStay(stay_id, plate, entered_at, lane_id, tariff_version)
    if known is not None:
        return known if isinstance(known, OpenStay) else new
    inside = store.open_by_plate(uow.connection, plate) if plate else None
    came_late = inside is not None and inside.entered_at > entered_at
    if inside is not None and not came_late:
        store.set_state(uow.connection, inside.id, state="review")
        open_case(uow, "second_entry", stay_id=inside.id, visit_id=VisitId(stay_id), lane_id=lane_id)
    store.insert(uow.connection, new, state="review" if came_late else "open")
    if inside is not None and came_late and not has_left:
        open_case(uow, "second_entry", stay_id=stay_id, visit_id=VisitId(inside.id), lane_id=inside.lane_id)
    uow.publish(StayOpened(stay_id, plate, entered_at, lane_id, tariff_version))
    if plate is None:
        open_case(uow, "entry_without_plate", stay_id=stay_id, visit_id=VisitId(stay_id), lane_id=lane_id)
    return new


def settle(uow: UnitOfWork, stay_id: StayId, *, priced_at: datetime, leave_by: datetime) -> None:
    """The time up to `priced_at` is paid, nothing more is owed until `leave_by`; an earlier moment never replaces a later."""
    known = store.get(uow.connection, stay_id)
    if not isinstance(known, OpenStay) or (known.leave_by is not None and known.leave_by >= leave_by):
        return
    store.set_state(uow.connection, stay_id, priced_at=priced_at, leave_by=leave_by)
    uow.publish(StaySettled(stay_id, leave_by))


def explained_by_exit(uow: UnitOfWork, named: Stay | None, plate: Plate | None, at: datetime) -> OpenStay | None:
    """A stay under review whose riddle this late exit solves: its car had left before its plate came in again.

    The case is closed; the stay is as it was, to be billed and closed like any other.
    """
    stay_id = named.id if isinstance(named, StayInReview) else None
    found = store.second_entry_before(uow.connection, stay_id, plate, at)
    if found is None:
        return None
    stay, case_id = found
    store.close_case(uow.connection, case_id, by="system", note="its exit arrived later", at=uow.now)
    return stay


def find_for_exit(uow: UnitOfWork, stay_id: StayId | None, plate: Plate | None, at: datetime) -> Stay | None:
    """The stay that the lane matched, else the open stay of exactly this plate, if it began before `at`.

    A lane whose copy is old may name a stay that is over; then the plate's open one is meant.
    """
    named = store.get(uow.connection, stay_id) if stay_id is not None else None
    if named is not None and not isinstance(named, ClosedStay):
        return named
    inside = store.open_by_plate(uow.connection, plate) if plate else None
    return inside if inside is not None and inside.entered_at <= at else named


def close_stay(uow: UnitOfWork, leaving: Stay, *, exited_at: datetime, lane_id: LaneId) -> ClosedStay:
    """Close a stay on a proven exit; closing it again changes nothing."""
    if isinstance(leaving, ClosedStay):
        return leaving
    closed = ClosedStay(
        leaving.id, leaving.plate, leaving.entered_at, leaving.lane_id, leaving.tariff_version, exited_at, lane_id
    )
    store.set_state(uow.connection, leaving.id, state="closed", exited_at=exited_at, exit_lane_id=lane_id)
    uow.publish(StayClosed(leaving.id, leaving.plate, leaving.entered_at, exited_at, lane_id))
    return closed


def reopen(uow: UnitOfWork, stay: StayInReview) -> None:
    """A person says that a stay in review is true: it is open again, as it began."""
    store.set_state(uow.connection, stay.id, state="open")
    uow.publish(StayOpened(stay.id, stay.plate, stay.entered_at, stay.lane_id, stay.tariff_version))


def record_unmatched_exit(
    uow: UnitOfWork, visit_id: VisitId, plate: Plate | None, *, exited_at: datetime, lane_id: LaneId
) -> None:
    """Somebody left whom nobody saw come: keep it and ask a person."""
    case_id = open_case(uow, "exit_without_stay", visit_id=visit_id, lane_id=lane_id)
    uow.connection.execute(
        store.unmatched_exit.insert().values(
            visit_id=visit_id, plate=plate, exited_at=exited_at, lane_id=lane_id, case_id=case_id
        )
    )
