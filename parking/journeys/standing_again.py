"""Whose stay ended because nobody saw him for a day, and who stands at an exit after all: his stay goes on, and he pays for it.

Only where nothing else can be meant: a visitor, read clearly, live, in the days after, while every gate has told all it knew and nobody
is inside whom no camera could read. Otherwise a person looks, as at any exit that knows no stay.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import Connection

from parking.journeys import taking_back
from parking.journeys.ports import Cashier
from parking.kernel.errors import ParkingError
from parking.kernel.events import Direction, Envelope, LaneDecided
from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import Handler
from parking.plumbing.prepared import attempt
from parking.sessions import corrections, evidence, finding, places, store
from parking.sessions.costs import Costs
from parking.sessions.stay_life import is_clear

ToldUntil = Callable[[Connection, datetime], datetime | None]
"""Up to when every gate box has told all it knew, asked at a moment."""
IN_THE_DAYS_AFTER = timedelta(days=3)
_LIVE = timedelta(minutes=2)


def stands_again(cashier: Cashier, told_until: ToldUntil) -> Handler:
    """Handles LaneDecided of an exit that knows no stay of this plate: the silence that ended the last one was none."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event, at = envelope.event, envelope.occurred_at
        if not isinstance(event, LaneDecided) or event.direction is not Direction.OUT or event.plate is None:
            return
        if event.stay_id is not None or event.reason != "stay_not_found" or not is_clear(event.votes, Costs()):
            return
        conn = uow.connection
        told = told_until(conn, uow.now)
        if told is None or min(at, told) < uow.now - _LIVE:
            return
        last = _ended_by_silence(conn, event.plate, at)
        if (
            last is None
            or _may_be_another(conn, event.plate)
            or any(one.right for one in places.of_stay(conn, last[0]))
        ):
            return
        with suppress(ParkingError), attempt(conn):  # refused: something rests on it by now, and a person looks
            taking_back.undo(uow, cashier, last[1], actor=corrections.BY_RULE, reason="")

    return handle


def _ended_by_silence(conn: Connection, plate: Plate, at: datetime) -> tuple[StayId, str] | None:
    """The stay of this plate that ended last, and the correction, if it was silence that ended it a few days ago at most."""
    last = finding.last_closed(conn, plate)
    done = corrections.standing(conn, last) if last is not None else None
    if last is None or done is None or done.rule != evidence.NOT_SEEN_SINCE:
        return None
    return (last, done.id) if done.at <= at <= done.at + IN_THE_DAYS_AFTER else None


def _may_be_another(conn: Connection, plate: Plate) -> bool:
    """Whether a lookalike comes here, somebody is inside whom no camera could read, or this plate is inside by another stay."""
    if finding.has_lookalike(conn, plate) or finding.somebody_unread(conn):
        return True
    return store.open_by_plate(conn, plate) is not None
