"""One transaction and what a service needs inside it. Services never commit: the database does, at the edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from parking.kernel import codec
from parking.kernel.events import Envelope, Event
from parking.kernel.ids import EventId, Ids
from parking.kernel.principal import Principal
from parking.plumbing.insert_once import insert_all_once, insert_once
from parking.plumbing.tables import outbox


class UnitOfWork:
    """The open transaction, its moment in UTC and its ids; what is published leaves if and only if it commits."""

    __slots__ = ("connection", "enqueued", "fresh", "ids", "now", "origin", "published")

    def __init__(
        self, connection: sa.Connection, now: datetime, ids: Ids, origin: str, *, handed_on: bool = False
    ) -> None:
        self.connection = connection
        self.now = now
        self.ids = ids
        self.origin = origin
        self.published = 0
        self.enqueued = 0
        """How many jobs were put into the queue."""
        self.fresh: dict[EventId, Envelope] | None = {} if handed_on else None
        """What was published and is still to be handed on within this very transaction; None where the outbox's relay does that later."""

    def publish(self, event: Event) -> Envelope:
        """Write a new event to the outbox; the envelope carries its fresh id, this moment and this database's origin."""
        envelope = Envelope(EventId(self.ids.new(self.now)), self.now, self.origin, event)
        self.forward(envelope)
        return envelope

    def forward(self, envelope: Envelope) -> None:
        """Write an event that already has an id and a time (a gate's) to the outbox; the same id again changes nothing."""
        row = _row(envelope)
        if self.fresh is not None:
            row["relayed_at"] = self.now
        is_new = insert_once(self.connection, outbox, row)
        self.published += is_new
        if is_new and self.fresh is not None:
            self.fresh[envelope.id] = envelope

    def forward_all(self, envelopes: Sequence[Envelope]) -> None:
        """`forward` for many at once, in their order, at a fraction of the cost."""
        if self.fresh is not None:
            for envelope in envelopes:
                self.forward(envelope)
        elif envelopes:
            insert_all_once(self.connection, outbox, [_row(envelope) for envelope in envelopes])
            self.published += len(envelopes)


Audit = Callable[[UnitOfWork, Principal, str, str, str], None]
"""Puts on record who did what to which subject and why, in the same transaction."""


def _row(envelope: Envelope) -> dict[str, Any]:
    plain = codec.encode(envelope)
    return {
        "event_id": envelope.id,
        "occurred_at": envelope.occurred_at,
        "origin": envelope.origin,
        "type": plain["type"],
        "data": plain["data"],
    }
