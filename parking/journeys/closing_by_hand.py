"""A person corrects a stay that no passage will: ends it when its car has gone unseen, or says that a doubtful one is true.

With a name and a reason, on record with the change itself; its open cases end with it. Nothing is deleted.
"""

from __future__ import annotations

from datetime import datetime

from parking.journeys import known_rights, leaving
from parking.journeys.opening_by_hand import SHORTEST_REASON
from parking.journeys.ports import Cashier
from parking.kernel.errors import conflict, invalid, not_found
from parking.kernel.ids import LaneId, StayId
from parking.kernel.principal import Principal
from parking.plumbing.db import UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.sessions import cases, corrections, service, store
from parking.sessions.desk import service as desk
from parking.sessions.model import ClosedStay, OpenStay, Stay, StayInReview, SupersededStay

BY_HAND = LaneId("by-hand")
"""Where a car left that no lane saw leave."""


def close(
    uow: UnitOfWork,
    cashier: Cashier,
    audit: Audit,
    who: Principal,
    stay_id: StayId,
    reason: str,
    exited_at: datetime | None,
) -> Stay:
    """End a stay at `exited_at` (now, if nobody knows): an open one owes its fee until then, one in review is never billed."""
    found = _known(uow, stay_id)
    if isinstance(found, ClosedStay | SupersededStay):
        raise conflict("stay.closed", "this stay has ended already")
    at = exited_at or uow.now
    if not found.entered_at <= at <= uow.now:
        raise invalid("stay.exit_time", "should lie between the entry and now", field="exited_at")
    _on_record(uow, audit, who, "stay.close", stay_id, reason)
    before, counted = corrections.snapshot(uow.connection, stay_id), isinstance(found, OpenStay | StayInReview)
    free = known_rights.why_free(uow.connection, found, at) if isinstance(found, OpenStay) else None
    leaving.close(uow, cashier, found, at=at, priced_at=at, lane_id=BY_HAND, free=free)
    corrections.record(
        uow,
        stay_id,
        "closed_by_hand",
        before,
        {},
        actor=who.subject,
        reason=reason,
        passages=-1 if counted else 0,
    )
    return _known(uow, stay_id)


def confirm(uow: UnitOfWork, audit: Audit, who: Principal, stay_id: StayId, reason: str) -> Stay:
    """A stay in review is true as recorded: it is open again, unless its plate is inside by another one."""
    found = _known(uow, stay_id)
    if not isinstance(found, StayInReview):
        raise conflict("stay.not_in_review", "this stay is not under review")
    if found.plate is not None and store.open_by_plate(uow.connection, found.plate) is not None:
        raise conflict("stay.plate_inside", "this plate is inside by another stay: close that one first")
    _on_record(uow, audit, who, "stay.confirm", stay_id, reason)
    before = corrections.snapshot(uow.connection, stay_id)
    service.reopen(uow, found)
    corrections.record(uow, stay_id, "confirmed", before, {}, actor=who.subject, reason=reason)
    return _known(uow, stay_id)


def _known(uow: UnitOfWork, stay_id: StayId) -> Stay:
    found = store.get(uow.connection, stay_id)
    if found is None:
        raise not_found("stay.unknown", "this stay is not known")
    return found


def _on_record(uow: UnitOfWork, audit: Audit, who: Principal, action: str, stay_id: StayId, reason: str) -> None:
    """Write down who does it and why, and end the questions that it answers; what it leads to may raise new ones."""
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON:
        raise invalid("stay.reason", f"say why, in {SHORTEST_REASON} signs at least", field="reason")
    asked = store.open_cases_of(uow.connection, stay_id)
    for case in asked:
        desk.leave_to_its_holder(uow.connection, case.id, who, uow.now)
    audit(uow, who, action, stay_id, reason)
    for case in asked:
        cases.resolve_case(uow, case.id, by=who.subject, note=reason)
