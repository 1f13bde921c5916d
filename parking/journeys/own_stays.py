"""The stays of a member's own vehicles, since each became his own: what was before belongs to whoever had it then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.errors import conflict, not_found
from parking.kernel.ids import StayId
from parking.members import service, store
from parking.members.model import Purpose, Vehicle, VehicleState
from parking.sessions import store as sessions
from parking.sessions.model import ClosedStay, OpenStay

MOST_STAYS = 20
OwnedStay = OpenStay | ClosedStay


def vehicles_of(conn: Connection, member_id: str) -> Sequence[Vehicle]:
    """Those that count for the member now; one in its cooling time is not his yet."""
    found = store.vehicles_of(conn, member_id)
    return [v for v in found if v.state is VehicleState.ACTIVE and v.active_at is not None]


def is_own(vehicle: Vehicle, stay: OwnedStay) -> bool:
    """Whether this stay of the vehicle's plate began when the vehicle was the member's."""
    return stay.plate == vehicle.plate and vehicle.active_at is not None and stay.entered_at >= vehicle.active_at


def of_member(conn: Connection, member_id: str) -> Iterable[OwnedStay]:
    """The latest, newest first."""
    s = sessions.stay.c
    since = [sa.and_(s.plate == v.plate, s.entered_at >= v.active_at) for v in vehicles_of(conn, member_id)]
    if not since:
        return []
    query = sa.select(s.id).where(sa.or_(*since)).order_by(s.entered_at.desc()).limit(MOST_STAYS)
    found = [sessions.get(conn, StayId(stay_id)) for stay_id in conn.execute(query).scalars().all()]
    return [stay for stay in found if isinstance(stay, OpenStay | ClosedStay)]


def shown_to(conn: Connection, member_id: str) -> Iterable[OwnedStay]:
    """The same for the member's own eyes; a conflict without his consent for it."""
    _check_consent(conn, member_id)
    return of_member(conn, member_id)


def one_shown_to(conn: Connection, member_id: str, stay_id: str) -> OwnedStay:
    """One of them; another's and one that is not there are the same."""
    _check_consent(conn, member_id)
    stay = sessions.get(conn, StayId(stay_id))
    if isinstance(stay, OpenStay | ClosedStay) and is_his(conn, member_id, stay.id):
        return stay
    raise not_found("stay.unknown", "this is no stay of yours")


def is_his(conn: Connection, member_id: str, stay_id: StayId) -> bool:
    """Whether a stay is one of his vehicles', since that became his."""
    stay = sessions.get(conn, stay_id)
    return isinstance(stay, OpenStay | ClosedStay) and any(is_own(one, stay) for one in vehicles_of(conn, member_id))


def inside(conn: Connection, member_id: str) -> Sequence[OpenStay]:
    """Those of his vehicles that are inside now, and came in as his."""
    found = ((one, sessions.open_by_plate(conn, one.plate)) for one in vehicles_of(conn, member_id))
    return [stay for vehicle, stay in found if stay is not None and is_own(vehicle, stay)]


def _check_consent(conn: Connection, member_id: str) -> None:
    service.known(conn, member_id)
    if not service.agrees(conn, member_id, Purpose.HISTORY):
        raise conflict("member.no_consent", "you have not agreed that your stays are shown to you here")
