"""Who may come in, over HTTP: the lists of plates here, and the routes of everything else that gives or takes a right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from parking.access import files_api, invitations_api, rights_api, search_api, service, store
from parking.access.invitations_api import InvitationCodes
from parking.access.rights_api import Desk, Look, sees_clearly
from parking.access.rows import ListedAs, ListRow
from parking.access.schemas import ListEntry, ListEntryIn
from parking.kernel.errors import invalid
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.web.deps import require
from parking.web.schemas import Strict

PAGE = 100
PlateInPath = Annotated[str, Path(min_length=1, max_length=32, description="a plate number; separators do not matter")]


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
    files_api.add_routes(routes, desk)
    search_api.add_routes(routes, desk)
    invitations_api.add_routes(routes, desk, codes)
    return routes


def _list_routes(routes: APIRouter, desk: Desk) -> None:
    database, site, audit = desk.database, desk.site, desk.audit

    @routes.get("/list")
    async def show(
        who: Annotated[Principal, Depends(require(Scope.ACCESS_READ))],
        cursor: Annotated[str, Query(max_length=12, pattern=r"^\w*$")] = "",
        listed_as: ListedAs | None = None,
    ) -> ListPage:
        if not sees_clearly(who):  # a cursor that names a plate would tell it
            if not (cursor or "0").isdecimal():
                raise invalid("page.cursor", "should be the `next` of an earlier page", field="cursor")
            passed = int(cursor or "0")
            masked = await database.aread(
                lambda conn: store.all_listed(conn, passed=passed, limit=PAGE + 1, listed_as=listed_as)
            )
            return _page(masked, str(passed + PAGE), in_clear=False)

        def ask(uow: UnitOfWork) -> Sequence[ListRow]:
            desk.look(uow, who, "list", site)  # its entries have no name but their plates
            return store.all_listed(uow.connection, after=cursor, limit=PAGE + 1, listed_as=listed_as)

        entries = await database.awrite(ask)
        return _page(entries, entries[:PAGE][-1].plate.text if entries else "", in_clear=True)

    @routes.put("/list/{plate}")
    async def put(
        who: Annotated[Principal, Depends(require(Scope.ACCESS_WRITE))], plate: PlateInPath, body: ListEntryIn
    ) -> ListEntry:
        entry = ListRow(Plate.parse(plate), **body.model_dump())

        def work(uow: UnitOfWork) -> None:
            service.put_on_list(uow, entry)
            audit(uow, who, "access.listed", f"{site}:{entry.plate.masked}", f"{entry.listed_as.value}: {entry.note}")

        await database.awrite(work)
        return ListEntry.of(entry, in_clear=True)

    @routes.delete("/list/{plate}", status_code=204)
    async def delete(who: Annotated[Principal, Depends(require(Scope.ACCESS_WRITE))], plate: PlateInPath) -> Response:
        found = Plate.parse(plate)

        def work(uow: UnitOfWork) -> None:
            service.take_off_list(uow, found)
            audit(uow, who, "access.unlisted", f"{site}:{found.masked}", "")

        await database.awrite(work)
        return Response(status_code=204)


def _page(entries: Sequence[ListRow], after: str, *, in_clear: bool) -> ListPage:
    items = [ListEntry.of(entry, in_clear=in_clear) for entry in entries[:PAGE]]
    return ListPage(items=items, next=after if len(entries) > PAGE else None)
