"""One page of a stay's life over HTTP. Reading it is itself written down; plates in clear are asked for, by right, and that too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection

from parking.journeys import paying, story
from parking.journeys.ports import Cashier
from parking.journeys.schemas import BillView, StayRow
from parking.journeys.story import Bookings, Corrections, Line
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.ids import StayId
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.security import looks
from parking.security import store as security_store
from parking.sessions.corrections import BY_RULE
from parking.sessions.desk.schemas import shown
from parking.web.deps import require
from parking.web.schemas import MoneySchema, Strict

Reader = Annotated[Principal, Depends(require(Scope.STAYS_READ))]


class StoryLine(Strict):
    """One thing that happened; `kind` and `code` are stable, `by` is a name, `picture` a visit whose picture may be asked for.

    `by_kind` is who that is: operator, driver, member, anonymous, rule, policy, system, or a device's kind (edge, kiosk, till, app).
    """

    at: datetime
    kind: str
    code: str
    lane_id: str | None
    plate: str | None
    by: str
    by_kind: str
    amount: MoneySchema | None
    picture: str | None
    note: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, line: Line, *, by: str, by_kind: str, clear: bool) -> StoryLine:
        return cls(
            at=line.at,
            kind=line.kind,
            code=line.code,
            lane_id=line.lane_id,
            plate=shown(line.plate, clear=clear),
            by=by,
            by_kind=by_kind,
            amount=MoneySchema.of(line.amount) if line.amount is not None else None,
            picture=line.picture,
            note=line.note,
            detail=line.detail,
        )


class StoryPicture(Strict):
    """A visit of the stay that a box may have a picture of."""

    visit_id: str
    direction: str
    at: datetime


class StayStory(StayRow):
    """A stay with its whole story, oldest first; `clear` says whether plates stand in clear."""

    exit_lane_id: str | None
    clear: bool
    may_clear: bool
    now: datetime
    bill: BillView
    pictures: list[StoryPicture]
    lines: list[StoryLine]


@dataclass(frozen=True, slots=True)
class Stories:
    """Where a story is put together from; `name_of` says what people call an operator with this id."""

    cashier: Cashier
    audit: Audit
    bookings: Bookings
    corrections: Corrections
    name_of: Callable[[Connection, str], str]


def router(database: Database, stories: Stories) -> APIRouter:
    """The route of the story."""
    routes = APIRouter(tags=["stays"])

    @routes.get("/stays/{stay_id}/story")
    async def read_story(stay_id: str, who: Reader, clear: Annotated[bool, Query()] = False) -> StayStory:
        if clear and not who.may(Scope.PLATES_READ):
            raise ParkingError(ErrorKind.FORBIDDEN, "auth.forbidden", f"this needs the right {Scope.PLATES_READ}")
        return await database.awrite(lambda uow: _read(uow, stories, who, StayId(stay_id), clear=clear))

    return routes


def _read(uow: UnitOfWork, stories: Stories, who: Principal, stay_id: StayId, *, clear: bool) -> StayStory:
    conn = uow.connection
    found = paying.account_of(conn, stories.cashier, stay_id, uow.now)
    lines = story.story_of(
        conn,
        found.stay,
        stories.cashier.payments_of(conn, stay_id),
        stories.bookings(conn, stay_id),
        stories.corrections(conn, stay_id),
    )
    stories.audit(uow, who, "stay.plates" if clear else "stay.look", stay_id, "")
    looks.note(uow, who, "plates" if clear else "story", stay_id)
    row = StayRow.of(found.stay, uow.now)
    plate = shown(found.stay.plate, clear=clear)
    return StayStory(
        **(row.model_dump() | {"plate": plate}),
        exit_lane_id=getattr(found.stay, "exit_lane_id", None),
        clear=clear,
        may_clear=who.may(Scope.PLATES_READ),
        now=uow.now,
        bill=BillView.of(found.account),
        pictures=[
            StoryPicture(visit_id=visit, direction=direction, at=at)
            for visit, direction, at in story.pictures_of(conn, found.stay)
        ],
        lines=[StoryLine.of(one, **_who(conn, stories, one), clear=clear) for one in lines],
    )


def _who(conn: Connection, stories: Stories, line: Line) -> dict[str, str]:
    """What people call whoever did it, and what sort of somebody that is."""
    if line.by_kind == "device" and (device := security_store.device_by_id(conn, line.by)) is not None:
        return {"by": line.by, "by_kind": device.kind.value}
    kind = line.by_kind or ("system" if line.by == BY_RULE else "operator")
    return {"by": stories.name_of(conn, line.by) if line.by else "", "by_kind": kind if line.by else ""}
