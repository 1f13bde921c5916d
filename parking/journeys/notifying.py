"""Whoever collects by plate is told of the stays that there are: of a car that comes, of one that goes, of one that was corrected away."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from parking.kernel.events import Envelope, StayClosed, StayCorrected, StayOpened
from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import Handler
from parking.sessions import store
from parking.sessions.model import DoubtfulStay, OpenStay, StayInReview


class Notices(Protocol):
    """Tells whoever collects by plate which stays there are."""

    def entered(
        self, uow: UnitOfWork, stay_id: StayId, plate: Plate, colour: str | None, entered_at: datetime
    ) -> None: ...
    def left(self, uow: UnitOfWork, stay_id: StayId, left_at: datetime) -> None: ...


def stay_began(notices: Notices) -> Handler:
    """Handles StayOpened; a stay without a plate concerns nobody."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, StayOpened) or event.plate is None:
            return
        stay = store.get(uow.connection, event.stay_id)
        votes = stay.votes if isinstance(stay, OpenStay) else None
        notices.entered(uow, event.stay_id, event.plate, votes.colour if votes is not None else None, event.entered_at)

    return handle


def stay_ended(notices: Notices) -> Handler:
    """Handles StayClosed, and StayCorrected of a stay that is none any more."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if isinstance(event, StayClosed):
            notices.left(uow, event.stay_id, event.exited_at)
        elif isinstance(event, StayCorrected):
            stay = store.get(uow.connection, event.stay_id)
            if stay is not None and not isinstance(stay, OpenStay | StayInReview | DoubtfulStay):
                notices.left(uow, event.stay_id, uow.now)

    return handle
