"""An operator's own password and what was done to their ways in, over HTTP; and, for an administrator, the passkeys of everybody."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database
from parking.security.admission import LogInLimits, whence
from parking.security.notices import Notice, Notices
from parking.security.own_password import OwnPassword
from parking.security.passkeys import Passkeys
from parking.security.passkeys_api import Own, PasskeyId
from parking.security.service import LogIns
from parking.security.sessions_api import SessionsEnded, asking
from parking.web.deps import require
from parking.web.schemas import Moment, Strict

Admin = Annotated[Principal, Depends(require(Scope.OPERATORS_WRITE))]


class ChangePassword(Strict):
    current: str = Field(min_length=1, max_length=128)
    new: str = Field(min_length=1, max_length=128)


class NoticeView(Strict):
    """`what` is session.ended or passkey.taken_away, `by` a person's name, `about` the log-in or the passkey."""

    at: Moment
    what: str
    by: str
    about: str

    @classmethod
    def of(cls, one: Notice) -> NoticeView:
        return cls(at=one.at, what=one.what, by=one.by, about=one.about)


class NoticesView(Strict):
    items: list[NoticeView]


class OperatorPasskey(Strict):
    """Anybody's passkey, with what people call them."""

    passkey_id: str
    name: str
    operator: str
    mine: bool
    created_at: Moment
    used_at: Moment | None


class OperatorPasskeys(Strict):
    passkeys: list[OperatorPasskey]


def router(database: Database, log_ins: LogIns, passkeys: Passkeys, limits: LogInLimits) -> APIRouter:
    """Routes under /auth and /operators."""
    routes = APIRouter(tags=["operators"])
    own_password = OwnPassword(database, log_ins.passwords, log_ins.ended)
    notices = Notices(database)

    @routes.post("/auth/password")
    def change_password(who: Own, body: ChangePassword, request: Request) -> SessionsEnded:
        count_try = partial(limits.check, whence(request).address)
        return SessionsEnded(ended=own_password.change(who, asking(request), body.current, body.new, count_try))

    @routes.get("/auth/notices")
    def told(who: Own) -> NoticesView:
        return NoticesView(items=[NoticeView.of(one) for one in notices.of(who)])

    @routes.post("/auth/notices/read", status_code=204)
    def read(who: Own) -> None:
        notices.read(who)

    @routes.get("/operators/passkeys")
    def everybodys(who: Admin) -> OperatorPasskeys:
        return OperatorPasskeys(
            passkeys=[
                OperatorPasskey(
                    passkey_id=one.id,
                    name=one.name,
                    operator=name,
                    mine=one.operator_id == who.subject,
                    created_at=one.created_at,
                    used_at=one.used_at,
                )
                for one, name in passkeys.everybodys()
            ]
        )

    @routes.delete("/operators/passkeys/{passkey_id}")
    def take_away(who: Admin, passkey_id: PasskeyId) -> SessionsEnded:
        return SessionsEnded(ended=passkeys.take_away(who, passkey_id))

    return routes
