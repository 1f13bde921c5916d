"""The provider's door and the accountant's window."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database
from parking.web.deps import require
from parking.web.schemas import Strict
from payments import ledger_store
from payments.webhooks import Callbacks


class BalanceView(Strict):
    """An account of the ledger; `balance` in minor units of `unit`, debit positive. Per unit the balances sum to zero."""

    account: str
    unit: str
    balance: int


def router(database: Database, callbacks: Callbacks) -> APIRouter:
    """Routes of this room."""
    routes = APIRouter()

    @routes.post(
        "/payments/{channel}/callback",
        status_code=204,
        tags=["payments"],
        responses={401: {"description": "not verified"}, 422: {"description": "does not fit an order of ours"}},
    )
    async def callback(channel: Annotated[str, Path(pattern="^[a-z_]{1,32}$")], request: Request) -> Response:
        await callbacks.take(channel, request.headers, await request.body())
        return Response(status_code=204)

    @routes.get("/ledger/balances", tags=["payments"])
    async def balances(_: Annotated[Principal, Depends(require(Scope.BILLS_READ))]) -> list[BalanceView]:
        found = await database.aread(ledger_store.balances)
        return [BalanceView(account=account, unit=unit, balance=balance) for account, unit, balance in found]

    return routes
