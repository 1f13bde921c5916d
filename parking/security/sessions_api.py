"""Log-ins that last, over HTTP: one's own, and for an administrator those of everybody."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request

from parking.kernel.principal import Principal, Scope
from parking.security.middleware import session_cookie
from parking.security.model import Session
from parking.security.passkeys_api import Own
from parking.security.service import token_hash
from parking.security.sessions import Sessions
from parking.web.deps import require
from parking.web.schemas import Moment, Strict

Admin = Annotated[Principal, Depends(require(Scope.OPERATORS_WRITE))]
SessionId = Annotated[str, Path(pattern=r"^[0-9a-zA-Z-]{1,36}$")]


class SessionView(Strict):
    """A log-in: `device` in words (empty: unknown), `way` password or passkey, `this`: the one that is asking."""

    session_id: str
    device: str
    address: str
    way: str
    since: Moment
    seen_at: Moment
    expires_at: Moment
    this: bool

    @classmethod
    def of(cls, one: Session, this: str | None) -> SessionView:
        return cls(this=one.id == this, **_plain(one))


class OperatorSession(Strict):
    """The same, of anybody, with what people call them."""

    session_id: str
    device: str
    address: str
    way: str
    since: Moment
    seen_at: Moment
    expires_at: Moment
    name: str
    mine: bool


class SessionsView(Strict):
    sessions: list[SessionView]


class OperatorSessionsView(Strict):
    sessions: list[OperatorSession]


class SessionsEnded(Strict):
    ended: int


def router(sessions: Sessions) -> APIRouter:
    """Routes under /auth/sessions and /operators/sessions."""
    routes = APIRouter(tags=["operators"])

    @routes.get("/auth/sessions")
    def mine(who: Own, request: Request) -> SessionsView:
        found, this = sessions.own(who, asking(request))
        return SessionsView(sessions=[SessionView.of(one, this) for one in found])

    @routes.delete("/auth/sessions/{session_id}", status_code=204)
    def end(who: Own, session_id: SessionId) -> None:
        sessions.end(who, session_id)

    @routes.post("/auth/sessions/end-others")
    def end_others(who: Own, request: Request) -> SessionsEnded:
        return SessionsEnded(ended=sessions.end_others(who, asking(request)))

    @routes.get("/operators/sessions")
    def everybodys(who: Admin) -> OperatorSessionsView:
        return OperatorSessionsView(
            sessions=[
                OperatorSession(name=name, mine=one.operator_id == who.subject, **_plain(one))
                for one, name in sessions.everybodys()
            ]
        )

    @routes.delete("/operators/sessions/{session_id}", status_code=204)
    def end_anybodys(who: Admin, session_id: SessionId) -> None:
        sessions.end(who, session_id, of_others=True)

    return routes


def asking(request: Request) -> str:
    return token_hash(session_cookie(request.headers.get("cookie", "")) or "")


def _plain(one: Session) -> dict[str, Any]:
    return {
        "session_id": one.id,
        "device": one.whence.device,
        "address": one.whence.address,
        "way": one.way,
        "since": one.created_at,
        "seen_at": one.seen_at,
        "expires_at": one.expires_at,
    }
