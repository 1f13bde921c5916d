"""A driver saves a card on the provider's page, sees what stands for his plate, and ends it; no card number has a place here.

It takes the stay's own code, not a plate typed at a kiosk: whoever agrees answers for this plate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Depends
from pydantic import Field
from sqlalchemy import Connection

from parking.journeys.later_port import Agreement
from parking.journeys.ports import Cashier
from parking.kernel.errors import conflict, not_found
from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.plumbing.database import Threads
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.sessions import store
from parking.sessions.model import ClosedStay, OpenStay, Stay, StayInReview
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once, Reply
from parking.web.schemas import Strict

SAVING_AT_ONCE = 4
SAVED_LATE = timedelta(days=1)
"""So long after a car has left, a page of the provider that was opened before may still be finished."""
Driver = Annotated[Principal, Depends(require(Scope.OWN_STAY, Scope.OWN_WALLET))]


class Saving(Protocol):
    """One try to save a card."""

    @property
    def id(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def page_url(self) -> str | None: ...


class Saver(Protocol):
    """Saves cards at providers."""

    def channels(self) -> tuple[str, ...]: ...
    def begin(self, stay_id: StayId, plate: Plate, channel: str, *, key: str) -> Saving: ...


class SaveCard(Strict):
    """`agree`: the driver has read that later stays of this car are charged to the card, and says yes."""

    channel: str = Field(pattern="^[a-z_]{1,32}$")
    agree: Literal[True]


class SavingView(Strict):
    """`page_url` is where the driver types the card; open, saved, or over."""

    saving_id: str
    channel: str
    state: str
    page_url: str | None

    @classmethod
    def of(cls, saving: Saving) -> SavingView:
        return cls(saving_id=saving.id, channel=saving.channel, state=saving.state, page_url=saving.page_url)


class StandingCard(Strict):
    """What later stays of this car are charged to."""

    agreement_id: str
    channel: str
    since: datetime


class CardsView(Strict):
    channels: list[str]
    stands: StandingCard | None
    tries: list[SavingView]


@dataclass(frozen=True, slots=True)
class Cards:
    """What the routes need."""

    database: Database
    cashier: Cashier
    saver: Saver
    audit: Audit
    look: Callable[[Saving], Saving]
    tries_of: Callable[[Connection, StayId], Sequence[Saving]]
    standing: Callable[[Connection, Plate], Agreement | None]


def router(cards: Cards) -> APIRouter:
    """Routes of drivers' cards."""
    routes = APIRouter(tags=["driver"])
    threads = Threads("saving cards", SAVING_AT_ONCE)

    def plate_of(stay: Stay | None) -> Plate:
        if stay is None or stay.plate is None:
            raise conflict("card.no_plate", "this stay has no plate to keep a card for")
        return stay.plate

    def stands(conn: Connection, who: Principal) -> Agreement | None:
        stay = store.get(conn, StayId(who.subject))
        found = cards.standing(conn, plate_of(stay))
        return found if found is not None and stay is not None and _is_shown(found, stay) else None

    @routes.get("/my/cards")
    async def my_cards(who: Driver) -> CardsView:
        """What came of an open try is asked for now."""
        stay_id = StayId(who.subject)
        tries = await cards.database.aread(lambda conn: cards.tries_of(conn, stay_id))
        found = await threads.run(lambda: [cards.look(one) for one in tries])
        one = await cards.database.aread(lambda conn: stands(conn, who))
        return CardsView(
            channels=list(cards.saver.channels()),
            stands=StandingCard(agreement_id=one.id, channel=one.channel, since=one.since) if one else None,
            tries=[SavingView.of(one) for one in found],
        )

    @routes.post("/my/cards", status_code=201)
    async def save(who: Driver, body: SaveCard, idempotency_key: IdempotencyKey) -> SavingView:
        """While the car is in hand: the code of a stay that is over may be found years after the car was sold."""
        stay = await cards.database.aread(lambda conn: store.get(conn, StayId(who.subject)))
        plate = plate_of(stay)
        if not isinstance(stay, OpenStay | StayInReview):
            raise conflict("stay.not_open", "this stay is closed; a card is saved while the car is inside")
        once = Once.of(who, idempotency_key, "card.save", body.model_dump())

        def on_record(uow: UnitOfWork) -> Reply:
            cards.audit(uow, who, "card.consent", who.subject, body.channel)
            return Reply(201, {"channel": body.channel})

        await cards.database.awrite(
            lambda uow: once.inside(uow, on_record)
        )  # the saver is idempotent by the key itself
        key = f"{who.subject}:{idempotency_key}"
        return SavingView.of(
            await threads.run(lambda: cards.saver.begin(StayId(who.subject), plate, body.channel, key=key))
        )

    @routes.delete("/my/cards/{agreement_id}", status_code=204)
    async def end(who: Driver, agreement_id: str) -> None:
        """Later stays are not charged to it any more; what this one may leave owing stays as it is."""

        def work(uow: UnitOfWork) -> None:
            found = stands(uow.connection, who)
            if found is None or found.id != agreement_id:
                raise not_found("agreement.unknown", "no such agreement stands for this car")
            cards.cashier.later.end_agreement(uow, agreement_id)
            cards.audit(uow, who, "agreement.ended", agreement_id, "by the driver")

        await cards.database.awrite(work)

    return routes


def _is_shown(agreement: Agreement, stay: Stay) -> bool:
    """With the car in hand, whatever stands; by the code of a stay that is over, what was agreed on in it: the car may be another's now."""
    if isinstance(stay, ClosedStay):
        return stay.entered_at <= agreement.since <= stay.exited_at + SAVED_LATE
    return isinstance(stay, OpenStay | StayInReview)
