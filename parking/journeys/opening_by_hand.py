"""A person opens a gate: with a name and a reason, once, for a few seconds, and on record before the boom moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from parking.access import store as access_store
from parking.access.snapshot import CommandAction
from parking.kernel.codec import to_plain
from parking.kernel.ids import LaneId
from parking.kernel.principal import Principal
from parking.plumbing.db import UnitOfWork

Audit = Callable[[UnitOfWork, Principal, str, str, str], None]
VALID_FOR = timedelta(seconds=20)
"""Long enough for the lane's long poll, short enough not to open for the next car."""


def order(
    uow: UnitOfWork,
    audit: Audit,
    who: Principal,
    lane_id: LaneId,
    reason: str,
    action: CommandAction = CommandAction.OPEN,
) -> str:
    """Put an order into the lane's copy; returns its id. To `open`, the lane answers with BarrierPulsed or not at all.

    `end_emergency` is a person's word that a fire is over. A new order takes the place of an older one to the same lane.
    """
    command_id = uow.ids.new(uow.now)
    access_store.drop_commands(uow, lane_id)
    audit(uow, who, f"lane.{action.value}", lane_id, reason)
    access_store.put_row(
        uow,
        "command",
        command_id,
        {
            "lane_id": lane_id,
            "action": action.value,
            "actor": who.subject,
            "reason": reason,
            "expires_at": to_plain(uow.now + VALID_FOR),
        },
    )
    return command_id
