"""A patrol has looked into every bay: stays whose cars stand nowhere end, each on record. Never by age or the time of night.

A taken bay whose plate nobody could read may hold any car: while there is one that no stay is known to stand in, nobody is missing.
"""

from __future__ import annotations

from sqlalchemy import Connection

from parking.journeys import leaving, pairing
from parking.journeys.ports import Cashier
from parking.kernel.events import Envelope, PatrolEnded
from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import Handler
from parking.sessions import evidence, finding
from parking.sessions.costs import Costs
from parking.sessions.matching import PassageEvidence


def patrol_ended(cashier: Cashier, costs_of: pairing.CostsOf) -> Handler:
    """Handles PatrolEnded."""
    end = leaving.end(cashier)

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, PatrolEnded):
            return
        held = finding.standing_in(uow.connection, event.unread)
        if len(held) < len(event.unread):
            return
        costs = costs_of(uow.connection)
        seen = set(held.values())
        for plate in event.plates:
            seen |= _may_be(uow.connection, plate, costs, envelope)
        evidence.expire_unfound(uow, event.began, envelope.occurred_at, seen, end)

    return handle


def _may_be(conn: Connection, plate: Plate, costs: Costs, envelope: Envelope) -> set[StayId]:
    """Every stay that this plate may belong to: a patrol misreads too, and a doubt is no reason to end a stay."""
    sight = PassageEvidence(envelope.occurred_at, Votes.lone(plate.text))
    found = pairing.whose(conn, sight, costs, envelope.occurred_at)
    return {one.stay_id for one in found.ranked}
