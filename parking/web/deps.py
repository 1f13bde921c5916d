"""Who is asking and whether they may: read from the request, where the security middleware put it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from starlette.requests import HTTPConnection

from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.principal import ANONYMOUS, Principal, Scope


def current_principal(connection: HTTPConnection) -> Principal:
    """Whoever the security middleware recognised; nobody in particular when it recognised none."""
    return cast(Principal, getattr(connection.state, "principal", ANONYMOUS))


async def principal_now(connection: HTTPConnection) -> Principal:
    """The same, looked up again: for a connection that lasts longer than a right may."""
    ask: Callable[[], Awaitable[Principal]] | None = getattr(connection.state, "principal_now", None)
    return ANONYMOUS if ask is None else await ask()


def require(*scopes: Scope) -> Callable[[HTTPConnection], Awaitable[Principal]]:
    """A dependency that returns whoever is `permitted`.

    It waits for nothing, and is asynchronous all the same: FastAPI would take a thread for a plain function.
    """

    async def dependency(connection: HTTPConnection) -> Principal:
        return permitted(connection, *scopes)

    return dependency


def permitted(connection: HTTPConnection, *scopes: Scope) -> Principal:
    """The principal if it has all `scopes`: ParkingError 401 for nobody, 403 for others."""
    who = current_principal(connection)
    missing = [scope for scope in scopes if not who.may(scope)]
    if not missing:
        return who
    if who.kind == ANONYMOUS.kind:
        raise ParkingError(ErrorKind.UNAUTHENTICATED, "auth.required", "sign in, or show a valid token")
    raise ParkingError(ErrorKind.FORBIDDEN, "auth.forbidden", f"this needs the right {missing[0]}")
