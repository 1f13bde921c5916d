"""The search over HTTP: asked in a body, so that no plate stands in an address."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Connection

from parking.access import keeping
from parking.access.invitation_schemas import InvitationView
from parking.access.rights_api import Desk, Reader, sees_clearly
from parking.access.schemas import PRINTED, HolderView, ListEntry, PassView
from parking.access.searching import FoundRights, search
from parking.access.store import ServersCopy
from parking.kernel.principal import Principal
from parking.plumbing.db import UnitOfWork
from parking.web.schemas import Strict


class FindRights(Strict):
    """What is looked for: a plate, a name, a note or an id; a part of it is enough for whoever keeps the rights."""

    text: Annotated[str, Field(min_length=1, max_length=64, pattern=PRINTED)]


class FoundRightsView(Strict):
    """At most fifty of each kind; `more`: of some kind there are others."""

    entries: list[ListEntry]
    passes: list[PassView]
    holders: list[HolderView]
    invitations: list[InvitationView]
    more: bool


def add_routes(routes: APIRouter, desk: Desk) -> None:
    """The one route of this module."""

    @routes.post("/find")
    async def find(who: Reader, body: FindRights) -> FoundRightsView:
        clear = sees_clearly(who)
        found = await desk.database.aread(lambda conn: _shown(conn, search(conn, body.text, by_parts=clear), clear))
        if clear:  # no answer before it is on record whom they saw
            await desk.database.awrite(lambda uow: _note(uow, desk, who, found))
        return found


def _note(uow: UnitOfWork, desk: Desk, who: Principal, found: FoundRightsView) -> None:
    for what, subjects in (
        ("list", [desk.site] if found.entries else []),
        ("pass", [one.pass_id for one in found.passes]),
        ("holder", [one.holder_id for one in found.holders]),
        ("invitation", [one.invitation_id for one in found.invitations]),
    ):
        for subject in subjects:
            desk.look(uow, who, what, subject)


def _shown(conn: Connection, found: FoundRights, in_clear: bool) -> FoundRightsView:
    copy = ServersCopy(conn)
    return FoundRightsView(
        entries=[ListEntry.of(one, in_clear=in_clear) for one in found.entries],
        passes=[
            PassView.of(one, copy.count("inside", f"pass:{one.pass_id}"), in_clear=in_clear) for one in found.passes
        ],
        holders=[HolderView.of(one, in_clear=in_clear) for one in found.holders],
        invitations=[
            InvitationView.of(keeping.with_entries(conn, one), in_clear=in_clear) for one in found.invitations
        ],
        more=found.more,
    )
