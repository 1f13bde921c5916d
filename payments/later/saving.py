"""A driver lets a card be charged later: on the provider's own page, by his own consent; no card number ever comes here.

Our row first, then the provider's page, then its word. The driver may close the page when he is done: a durable job asks what came of it.
What comes of it is an agreement for the plate of the stay in hand, which the driver can end at any time.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection, Row

from parking.kernel.errors import ErrorKind, ParkingError, conflict, invalid
from parking.kernel.events import CreditChanged
from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.plumbing.column_types import PlateText, UtcDateTime
from parking.plumbing.db import Database, UnitOfWork, metadata
from parking.plumbing.jobs import JobHandler, enqueue
from payments.later import agreements, store
from payments.later.model import Terms
from payments.providers.abilities import Agreement, ReadsAgreements, SavesAgreements
from payments.providers.base import ProviderFault, ProviderRefused

SAVING_JOB = "payments.card_saving"
OPEN_FOR = timedelta(hours=24)
_LADDER = tuple(timedelta(seconds=s) for s in (10, 15, 30, 60, 120, 300, 600, 1800))
log = structlog.get_logger(__name__)


class SavingState(StrEnum):
    OPEN = "open"
    SAVED = "saved"
    OVER = "over"  # the driver did not finish in time, or somebody else's agreement stands


saving_table = sa.Table(
    "card_saving",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("number", sa.String(32), nullable=False, unique=True),
    sa.Column("stay_id", sa.String(36), nullable=False, index=True),
    sa.Column("plate", PlateText, nullable=False),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("reference", sa.String(200), nullable=True),
    sa.Column("page_url", sa.String(2000), nullable=True),
    sa.Column("begun_at", UtcDateTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Saving:
    """One try of a driver to save a card; `page_url` is the provider's page."""

    id: str
    number: str
    stay_id: StayId
    plate: Plate
    channel: str
    state: SavingState
    reference: str | None
    page_url: str | None
    begun_at: datetime


def _to_saving(row: Row[Any]) -> Saving:
    return Saving(
        id=row.id,
        number=row.number,
        stay_id=StayId(row.stay_id),
        plate=row.plate,
        channel=row.channel,
        state=SavingState(row.state),
        reference=row.reference,
        page_url=row.page_url,
        begun_at=row.begun_at,
    )


def _one(conn: Connection, where: sa.ColumnElement[bool]) -> Saving | None:
    row = conn.execute(sa.select(saving_table).where(where)).one_or_none()
    return _to_saving(row) if row else None


def of_stay(conn: Connection, stay_id: StayId) -> list[Saving]:
    """What was tried from the page of this stay, oldest first."""
    query = sa.select(saving_table).where(saving_table.c.stay_id == stay_id).order_by(saving_table.c.id)
    return [_to_saving(row) for row in conn.execute(query)]


def forget_plate(conn: Connection, plate: Plate, until: datetime) -> None:
    """Drop what was tried for a plate until then; a page of the provider that is still open leads to nothing any more."""
    s = saving_table.c
    conn.execute(saving_table.delete().where(s.plate == plate, s.begun_at <= until))


def forget_older(conn: Connection, before: datetime) -> None:
    """Drop what was begun before then: what came of it is the agreement's."""
    conn.execute(saving_table.delete().where(saving_table.c.begun_at < before))


class CardSaver:
    """Saves cards at every channel that can; `terms` is what a driver may owe on a saved card, None: none is saved."""

    def __init__(
        self, database: Database, providers: Mapping[str, object], *, return_url: str, terms: Terms | None
    ) -> None:
        self._database = database
        self._providers = {n: p for n, p in providers.items() if isinstance(p, SavesAgreements) and terms is not None}
        self._return_url = return_url
        self._terms = terms

    def channels(self) -> tuple[str, ...]:
        """Where a card can be saved."""
        return tuple(sorted(self._providers))

    def begin(self, stay_id: StayId, plate: Plate, channel: str, *, key: str) -> Saving:
        """The provider's page for this driver; the same key, the same page. Calls the provider: use a thread."""
        provider = self._providers.get(channel)
        if not isinstance(provider, SavesAgreements):
            known = ", ".join(self.channels()) or "none"
            raise invalid("card.channel", f"a card cannot be saved there; it can at: {known}", field="channel")
        saving = self._database.write(lambda uow: self._write_down(uow, stay_id, plate, channel, key))
        if saving.page_url is not None or saving.state is not SavingState.OPEN:
            return saving
        try:
            page = provider.begin_saving(saving.number, self._return_url)
        except ProviderRefused:
            raise conflict("card.refused", "the provider does not save cards now") from None
        except ProviderFault:
            raise ParkingError(
                ErrorKind.UNAVAILABLE, "card.unknown", "the provider did not answer; ask again with the same key"
            ) from None
        return self._database.write(lambda uow: self._opened(uow, saving, page.page_url, page.reference))

    def jobs(self) -> dict[str, JobHandler]:
        return {SAVING_JOB: self._look}

    def look(self, saving: Saving) -> Saving:
        """What came of it, asked for now; a provider that does not answer changes nothing. Use a thread."""
        provider = self._providers.get(saving.channel)
        if saving.state is not SavingState.OPEN or saving.reference is None:
            return saving
        if not isinstance(provider, ReadsAgreements):
            return saving
        try:
            found = provider.saved(saving.reference)
        except (ProviderFault, ProviderRefused) as fault:
            log.warning("card.unknown", saving=saving.id, error=str(fault))
            return saving
        return saving if found is None else self._database.write(lambda uow: self._saved(uow, saving, found))

    def _write_down(self, uow: UnitOfWork, stay_id: StayId, plate: Plate, channel: str, key: str) -> Saving:
        known = _one(uow.connection, saving_table.c.key == key)
        if known is not None:
            return known
        saving_id = uow.ids.new(uow.now)
        number = "C" + base64.b32encode(hashlib.sha256(saving_id.encode()).digest()).decode()[:26]
        row = {"id": saving_id, "key": key, "number": number, "stay_id": stay_id, "plate": plate, "channel": channel}
        uow.connection.execute(
            saving_table.insert().values(row | {"state": SavingState.OPEN.value, "begun_at": uow.now})
        )
        return Saving(saving_id, number, stay_id, plate, channel, SavingState.OPEN, None, None, uow.now)

    def _opened(self, uow: UnitOfWork, saving: Saving, page_url: str, reference: str) -> Saving:
        values = {"page_url": page_url, "reference": reference}
        uow.connection.execute(saving_table.update().where(saving_table.c.id == saving.id).values(values))
        self._again(uow, saving.id, 1)
        found = _one(uow.connection, saving_table.c.id == saving.id)
        assert found is not None
        return found

    def _look(self, database: Database, payload: dict[str, Any]) -> None:
        saving = database.read(lambda conn: _one(conn, saving_table.c.id == payload["saving_id"]))
        if saving is None or saving.state is not SavingState.OPEN:
            return
        if self.look(saving).state is SavingState.OPEN:
            turn = int(payload["turn"]) + 1
            database.write(lambda uow: self._later(uow, saving, turn))

    def _later(self, uow: UnitOfWork, saving: Saving, turn: int) -> None:
        if uow.now - saving.begun_at < OPEN_FOR:
            self._again(uow, saving.id, turn)
        else:
            self._end(uow, saving, SavingState.OVER)

    def _saved(self, uow: UnitOfWork, saving: Saving, found: Agreement) -> Saving:
        """The consent takes the place of what this plate had at the same channel, or by the provider's mere word; a contract stands."""
        now = _one(uow.connection, saving_table.c.id == saving.id)
        assert self._terms is not None
        if now is None:  # forgotten meanwhile, and with it the consent
            return replace(saving, state=SavingState.OVER)
        if now.state is not SavingState.OPEN:
            return now
        reference = f"{found.customer}/{found.means}"
        stands = store.agreement_of(uow.connection, saving.plate)
        if stands is not None and stands.channel != saving.channel:
            return self._end(uow, saving, SavingState.OVER)
        if stands is not None and stands.reference != reference:
            agreements.end(uow, stands.id)
            stands = None
        if stands is None:
            agreements.agree(uow, saving.plate, saving.channel, reference, self._terms)
        uow.publish(CreditChanged(saving.stay_id))
        return self._end(uow, saving, SavingState.SAVED)

    def _end(self, uow: UnitOfWork, saving: Saving, to: SavingState) -> Saving:
        uow.connection.execute(saving_table.update().where(saving_table.c.id == saving.id).values(state=to.value))
        found = _one(uow.connection, saving_table.c.id == saving.id)
        assert found is not None
        return found

    def _again(self, uow: UnitOfWork, saving_id: str, turn: int) -> None:
        at = uow.now + _LADDER[min(turn - 1, len(_LADDER) - 1)]
        enqueue(uow, SAVING_JOB, f"card:{saving_id}:{turn}", {"saving_id": saving_id, "turn": turn}, at)
