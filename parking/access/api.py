"""Who may come in, over HTTP: the lists of plates here, and the routes of everything else that gives or takes a right."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from parking.access import invitations_api, rights_api, service, store
from parking.access.invitations_api import InvitationCodes
from parking.access.rights_api import Audit, Desk, Look
from parking.access.rows import ListRow
from parking.access.schemas import ListEntryIn
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.web.deps import require
from parking.web.schemas import Strict

PAGE = 100
PlateInPath = Annotated[str, Path(min_length=1, max_length=32, description="a plate number; separators do not matter")]


class ListEntry(ListEntryIn):
    """An entry with its plate, in clear: whoever keeps the list must be able to read it."""

    plate: str


class ListPage(Strict):
    items: list[ListEntry]
    next: str | None


def router(
    database: Database,
    site: str,
    audit: Audit,
    look: Look,
    *,
    time_zone: str = "UTC",
    codes: InvitationCodes | None = None,
) -> APIRouter:
    """Routes under /access; every change is audited under the site's name. `codes` signs what visitors are sent."""
    routes = APIRouter(prefix="/access", tags=["access"])
    desk = Desk(database, site, time_zone, audit, look)
    _list_routes(routes, desk)
    rights_api.add_routes(routes, desk)
    invitations_api.add_routes(routes, desk, codes)
    return routes


def _list_routes(routes: APIRouter, desk: Desk) -> None:
    database, site, audit = desk.database, desk.site, desk.audit

    @routes.get("/list")
    async def show(
        who: Annotated[Principal, Depends(require(Scope.ACCESS_READ))],
        cursor: Annotated[str, Query(max_length=12, pattern=r"^\w*$")] = "",
    ) -> ListPage:
        def ask(uow: UnitOfWork) -> list[ListRow]:
            desk.look(uow, who, "list", site)  # its entries have no name but their plates
            return list(store.all_listed(uow.connection, after=cursor, limit=PAGE + 1))

        entries = await database.awrite(ask)
        items = [_shown(entry) for entry in entries[:PAGE]]
        return ListPage(items=items, next=items[-1].plate if len(entries) > PAGE else None)

    @routes.put("/list/{plate}")
    async def put(
        who: Annotated[Principal, Depends(require(Scope.ACCESS_WRITE))], plate: PlateInPath, body: ListEntryIn
    ) -> ListEntry:
        entry = ListRow(Plate.parse(plate), **body.model_dump())

        def work(uow: UnitOfWork) -> None:
            service.put_on_list(uow, entry)
            audit(uow, who, "access.listed", f"{site}:{entry.plate.masked}", f"{entry.listed_as.value}: {entry.note}")

        await database.awrite(work)
        return _shown(entry)

    @routes.delete("/list/{plate}", status_code=204)
    async def delete(who: Annotated[Principal, Depends(require(Scope.ACCESS_WRITE))], plate: PlateInPath) -> Response:
        found = Plate.parse(plate)

        def work(uow: UnitOfWork) -> None:
            service.take_off_list(uow, found)
            audit(uow, who, "access.unlisted", f"{site}:{found.masked}", "")

        await database.awrite(work)
        return Response(status_code=204)


def _shown(entry: ListRow) -> ListEntry:
    return ListEntry(
        plate=entry.plate.text,
        listed_as=entry.listed_as,
        note=entry.note,
        valid_from=entry.valid_from,
        valid_until=entry.valid_until,
        schedule_id=entry.schedule_id,
        group_id=entry.group_id,
    )
