"""Tariffs put together: a recorded day is the stays that sessions has closed; of a plate only what a price knows of it is taken along."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from fastapi import APIRouter
from sqlalchemy import Connection

from parking.bootstrap.application import Application
from parking.kernel.clock import Clock
from parking.security import audit
from parking.sessions import finding
from payments import tariff_api
from payments.tariff.compare import Recorded
from payments.tariff.plate_words import facts_of_plate

_PAGE = 500


def router(application: Application, clock: Clock, name_of: Callable[[Connection, str], str]) -> APIRouter:
    return tariff_api.router(
        tariff_api.Tariffs(application.database, application.tariffs, clock, audit.record, name_of, recorded)
    )


def recorded(conn: Connection, since: datetime, until: datetime) -> Iterator[Recorded]:
    """The stays that left after `since` and until `until`; places and passes are not taken along."""
    last, after = since.astimezone(UTC), ""
    while page := finding.closed_since(conn, last, after, _PAGE):
        for stay in page:
            if stay.exited_at > until:
                return
            vehicle = stay.plate.text if stay.plate else ""
            yield Recorded(stay.id, stay.entered_at, stay.exited_at, facts_of_plate(stay.plate), vehicle)
        last, after = page[-1].exited_at, page[-1].id
