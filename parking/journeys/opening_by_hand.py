"""A person opens a gate: with a name, a reason and the lane's picture, once, for a few seconds, on record before the boom moves.

What holds a lane open in an emergency stays in its copy until a person ends it, however late the lane hears of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from parking.access import store as access_store
from parking.access.snapshot import CommandAction
from parking.emergency import emergency_store
from parking.emergency import store as calls
from parking.emergency.model import ManualOpening
from parking.emergency.reach import Orders
from parking.kernel.codec import to_plain
from parking.kernel.errors import invalid
from parking.kernel.ids import LaneId, StayId
from parking.kernel.principal import Principal
from parking.plumbing.db import UnitOfWork
from parking.plumbing.unit_of_work import Audit

VALID_FOR = timedelta(seconds=20)
"""Long enough for the lane's long poll, short enough not to open for the next car."""
RELEASE_VALID_FOR = timedelta(minutes=1)
STANDS_FOR = timedelta(days=366)
"""An emergency's order is withdrawn when a person ends it; it never runs out before."""
SHORTEST_REASON = 3


def order(
    uow: UnitOfWork,
    audit: Audit,
    who: Principal,
    lane_id: LaneId,
    reason: str,
    action: CommandAction = CommandAction.OPEN,
    *,
    call_id: str | None = None,
) -> str:
    """Put an order into the lane's copy; returns its id. To `open`, the lane answers with BarrierPulsed or not at all.

    `end_emergency` is a person's word that a fire is over. A new order takes the place of an older one to the same lane.
    Without a reason nothing is ordered; the picture of the vehicle that calls is kept with it, the lane's own follows.
    """
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON:
        raise invalid("opening.reason", f"say why, in {SHORTEST_REASON} signs at least", field="reason")
    access_store.drop_commands(uow, lane_id)
    audit(uow, who, f"lane.{action.value}", lane_id, reason)
    valid_for = VALID_FOR if action is CommandAction.OPEN else RELEASE_VALID_FOR
    waiting = calls.open_calls_at(uow.connection, lane_id)
    called = next((call for call in waiting if call.id == call_id), None)
    meant = called or (waiting[-1] if waiting else None)
    visit_id = called.visit_id if called else None  # who answers a call means this vehicle, and not the next one
    command_id = put(uow, who.subject, lane_id, reason, action, uow.now + valid_for, visit_id)
    emergency_store.add_opening(
        uow.connection,
        ManualOpening(
            command_id=command_id,
            lane_id=lane_id,
            action=action.value,
            actor=who.subject,
            reason=reason,
            ordered_at=uow.now,
            call_id=meant.id if meant else None,
            visit_id=meant.visit_id if meant else None,
            picture_ref=meant.picture_ref if meant else None,
            pulsed_at=None,
            read_back=None,
        ),
    )
    return command_id


@dataclass(frozen=True, slots=True)
class LaneOrders:
    """Orders to lanes through their copies, as the emergency room wants them."""

    audit: Audit

    def open(self, uow: UnitOfWork, who: Principal, lane_id: LaneId, reason: str, *, call_id: str | None) -> str:
        return order(uow, self.audit, who, lane_id, reason, call_id=call_id)

    def answer(self, uow: UnitOfWork, who: Principal, lane_id: LaneId, call_id: str) -> None:
        """Tell the lane that a person has taken its call; an order to open that it has not heard yet stays."""
        put(uow, who.subject, lane_id, call_id, CommandAction.ANSWER, uow.now + VALID_FOR)

    def hold_open(self, uow: UnitOfWork, who: Principal, lane_id: LaneId, reason: str) -> str:
        self.audit(uow, who, "lane.emergency", lane_id, reason)
        return put(uow, who.subject, lane_id, reason, CommandAction.EMERGENCY, uow.now + STANDS_FOR)

    def release(self, uow: UnitOfWork, who: Principal, lane_id: LaneId, reason: str, held_by: str | None) -> None:
        if held_by is not None:
            self.withdraw(uow, held_by)
        if who.kind == "operator":  # only a person ends what stands open
            order(uow, self.audit, who, lane_id, reason, CommandAction.END_EMERGENCY)

    def withdraw(self, uow: UnitOfWork, held_by: str) -> None:
        access_store.put_row(uow, "command", held_by, None)


def put(
    uow: UnitOfWork,
    actor: str,
    lane_id: LaneId,
    reason: str,
    action: CommandAction,
    expires_at: datetime,
    visit_id: str | None = None,
    stay_id: StayId | None = None,
) -> str:
    """Write an order into the lane's copy; returns its id."""
    command_id = uow.ids.new(uow.now)
    data = {"lane_id": lane_id, "action": action.value, "actor": actor, "reason": reason}
    data |= {"visit_id": visit_id} if visit_id else {}
    data |= {"stay_id": stay_id} if stay_id else {}
    access_store.put_row(uow, "command", command_id, data | {"expires_at": to_plain(expires_at)})
    return command_id


_: type[Orders] = LaneOrders
