"""Invitations over HTTP: who may keep rights asks a visitor in and gets the code to send him; who is inside is shown masked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy import Connection

from parking.access import invitation_store, keeping
from parking.access.invitation_schemas import InsideView, InvitationCode, InvitationIn, InvitationView
from parking.access.invitation_store import Invitation
from parking.access.rights_api import PAGE, After, Desk, Keeper, Reader, paged, sees_clearly
from parking.access.rows import InvitationRow
from parking.access.store import ServersCopy
from parking.kernel.codec import to_plain
from parking.kernel.errors import conflict, not_found
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import UnitOfWork
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once, Reply
from parking.web.paging import Page

REPEATS_AFTER_S = 60
"""A code for several entries counts once in this many seconds: one picture of it does not let in a column of cars."""
MOST_INSIDE = 200
InvitationId = Annotated[str, Path(pattern="^[0-9a-f-]{36}$")]
Ref = Annotated[str, Query(pattern=r"^(pass|invitation|list|group|lot|holder):[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Watcher = Annotated[Principal, Depends(require(Scope.STAYS_READ))]


@dataclass(frozen=True, slots=True)
class InvitationCodes:
    """How a code is made: `issue` signs it for (invitation, code id, seconds until it counts afresh), `qr_svg` draws it."""

    issue: Callable[[InvitationRow, str, int], str]
    qr_svg: Callable[[str], str]


def add_routes(routes: APIRouter, desk: Desk, codes: InvitationCodes | None) -> None:
    """All routes of this module; without a signer nobody can be invited, only looked at."""
    _invitation_routes(routes, desk)
    if codes is not None:
        _inviting_routes(routes, desk, codes)

    @routes.get("/inside")
    async def inside(_: Watcher, ref: Ref) -> list[InsideView]:
        rows = await desk.database.aread(lambda conn: ServersCopy(conn).inside_by(ref))
        return [InsideView.of(row) for row in rows[:MOST_INSIDE] if row.claimed_until is None]


def _invitation_routes(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/invitations")
    async def list_invitations(who: Reader, after: After = "") -> Page[InvitationView]:
        def ask(conn: Connection) -> Page[InvitationView]:
            found = invitation_store.invitations(conn, after, PAGE + 1)
            views = [InvitationView.of(keeping.with_entries(conn, i), in_clear=sees_clearly(who)) for i in found]
            return paged(views, lambda invitation: invitation.invitation_id)

        return await desk.show(who, "invitation", ask, lambda page: (one.invitation_id for one in page.items))

    @routes.delete("/invitations/{invitation_id}", status_code=204)
    async def revoke(who: Keeper, invitation_id: InvitationId) -> Response:
        await desk.change(
            who, "access.invitation_revoked", invitation_id, lambda uow: keeping.revoke(uow, invitation_id)
        )
        return Response(status_code=204)


def _inviting_routes(routes: APIRouter, desk: Desk, codes: InvitationCodes) -> None:
    def with_code(invitation: Invitation) -> InvitationCode:
        row = invitation.row
        code = codes.issue(row, row.invitation_id, 0 if row.entries == 1 else REPEATS_AFTER_S)
        view = InvitationView.of(invitation, in_clear=True)
        return InvitationCode(invitation=view, code=code, qr_svg=codes.qr_svg(code))

    @routes.post("/invitations", status_code=201)
    async def invite(who: Keeper, body: InvitationIn, idempotency_key: IdempotencyKey) -> InvitationCode:
        once = Once.of(who, idempotency_key, "access.invite", to_plain(body.model_dump()))

        def deed(uow: UnitOfWork) -> Reply:
            invitation = body.invitation(uow.ids.new(uow.now))
            keeping.invite(uow, invitation)
            desk.audit(uow, who, "access.invited", f"{desk.site}:{invitation.row.invitation_id}", "")
            return Reply(201, {"invitation_id": invitation.row.invitation_id})  # the code itself is kept nowhere

        def work(uow: UnitOfWork) -> Invitation:
            return _known(uow.connection, once.inside(uow, deed).body["invitation_id"])

        return with_code(await desk.database.awrite(work))

    @routes.post("/invitations/{invitation_id}/code")
    async def code_again(who: Keeper, invitation_id: InvitationId) -> InvitationCode:
        invitation = await desk.change(
            who, "access.invitation_code", invitation_id, lambda uow: _known(uow.connection, invitation_id)
        )
        if invitation.revoked_at is not None:
            raise conflict("invitation.revoked", "this invitation was taken back")
        return with_code(invitation)


def _known(conn: Connection, invitation_id: str) -> Invitation:
    invitation = invitation_store.invitation(conn, invitation_id)
    if invitation is None:
        raise not_found("invitation.unknown", "there is no such invitation")
    return keeping.with_entries(conn, invitation)
