"""Whose stay ended because nobody saw him for a day, and who stands at an exit after all: his stay goes on, and he pays for it."""

from __future__ import annotations

from collections.abc import Callable

from parking.journeys import correcting
from parking.journeys.ports import Cashier
from parking.kernel.events import Direction, Envelope, LaneDecided
from parking.plumbing.db import UnitOfWork
from parking.sessions import corrections, evidence, finding, store

Handler = Callable[[UnitOfWork, Envelope], None]


def stands_again(cashier: Cashier) -> Handler:
    """Handles LaneDecided of an exit that knows no stay of this plate: the silence that ended the last one was none."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, LaneDecided) or event.direction is not Direction.OUT or event.plate is None:
            return
        if event.stay_id is not None or event.reason != "stay_not_found":
            return
        last = finding.last_closed(uow.connection, event.plate)
        done = corrections.standing(uow.connection, last) if last is not None else None
        if done is None or done.rule != evidence.NOT_SEEN_SINCE:
            return
        if store.open_by_plate(uow.connection, event.plate) is None:
            correcting.undo(uow, cashier, done.id, actor=corrections.BY_RULE, reason="")

    return handle
