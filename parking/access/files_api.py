"""Lists, passes and visitors as CSV over HTTP: a file is checked or taken whole, and every import and export is on record."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from parking.access.csv_rows import FileIn, OnlyChecked, Refused, Taken
from parking.access.right_files import FILES, RightFile
from parking.access.rights_api import Desk, Keeper
from parking.plumbing.db import UnitOfWork
from parking.web.errors import problem
from parking.web.idempotency import IdempotencyKey, Once, Reply
from parking.web.schemas import AS_CSV

_MARK = "\ufeff"
"""By it a spreadsheet knows that the file is UTF-8."""


def add_routes(routes: APIRouter, desk: Desk) -> None:
    """An import and an export for each kind of file."""
    for file in FILES:
        _routes_of(routes, desk, file)


def _routes_of(routes: APIRouter, desk: Desk, file: RightFile) -> None:
    @routes.post(f"/{file.name}/import", name=f"import {file.name}", response_model=Taken)
    async def take_file(request: Request, who: Keeper, body: FileIn, idempotency_key: IdempotencyKey) -> Response:
        once = Once.of(who, idempotency_key, f"access.{file.name}_import", {"csv": body.csv, "check": body.check})

        def deed(uow: UnitOfWork) -> Reply:
            taken = file.take(uow, body)
            desk.audit(uow, who, f"access.{file.name}_imported", f"{desk.site}:{taken.imported}", "")
            return Reply(200, taken.model_dump())

        try:
            reply = await desk.database.awrite(lambda uow: once.inside(uow, deed))
        except Refused as refused:
            return problem(request, 422, f"{file.name}.refused", refused.summary, errors=refused.errors)
        except OnlyChecked as checked:
            return JSONResponse(checked.taken.model_dump())
        return JSONResponse(reply.body, reply.status)

    @routes.get(f"/{file.name}/export", name=f"export {file.name}", response_class=Response, responses=AS_CSV)
    async def write_file(who: Keeper) -> Response:
        text = _MARK + await desk.change(who, f"access.{file.name}_exported", "all", file.write)
        headers = {"Content-Disposition": f'attachment; filename="{file.name}.csv"'}
        return Response(text, media_type="text/csv", headers=headers)
