"""A vehicle has become another member's: what others had agreed to pay for it ends in the same transaction, and they hear of it."""

from __future__ import annotations

from collections.abc import Callable

from parking.journeys import own_stays
from parking.journeys.later_port import Creditor
from parking.kernel.events import CreditChanged, MemberChanged
from parking.kernel.principal import Principal
from parking.members import store as members
from parking.members.model import Vehicle
from parking.plumbing.db import UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.sessions import store
from parking.sessions.model import ClosedStay, OpenStay, Stay

NOTICE = "agreement_ended"
BY_ITSELF = Principal("system", "members", frozenset())


def became_anothers(later: Creditor, audit: Audit) -> Callable[[UnitOfWork, Vehicle], None]:
    """Ends the plate's agreement with a cooling time; one made since the claim, or since any other member held it, stands."""

    def handle(uow: UnitOfWork, vehicle: Vehicle) -> None:
        conn = uow.connection
        standing = later.agreement_of(conn, vehicle.plate)
        if standing is None or standing.since >= vehicle.since:
            return
        former = {one.member_id for one in members.former_holders(conn, vehicle.plate, standing.since)}
        former.discard(vehicle.member_id)
        if not former:
            return
        later.end_agreement(uow, standing.id)
        _let_go(uow, later, vehicle)
        audit(uow, BY_ITSELF, "agreement.ended", standing.id, "the vehicle became another member's")
        for member_id in sorted(former):
            members.notify(conn, uow.ids.new(uow.now), member_id, NOTICE, standing.id, uow.now)
            uow.publish(MemberChanged(member_id, "agreement"))

    return handle


def _let_go(uow: UnitOfWork, later: Creditor, vehicle: Vehicle) -> None:
    """The job may have come late: no stay that began as the new holder's is paid by what should have ended before it."""

    def is_new(stay: Stay | None) -> bool:
        return isinstance(stay, OpenStay | ClosedStay) and own_stays.is_own(vehicle, stay)

    conn = uow.connection
    inside = store.open_by_plate(conn, vehicle.plate)
    if inside is not None and is_new(inside):
        later.release(uow, inside.id)
        uow.publish(CreditChanged(inside.id))
    for debt, _ in later.unsettled_debts(conn, vehicle.plate):
        if is_new(store.get(conn, debt.stay_id)):
            later.by_no_agreement(uow, debt.stay_id)
