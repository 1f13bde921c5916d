"""The provider's door and the accountant's window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database
from parking.web.deps import require
from parking.web.schemas import Strict
from payments import ledger_store
from payments.providers.channels import Channel
from payments.providers.registry import Method
from payments.webhooks import Callbacks


class BalanceView(Strict):
    """An account of the ledger; `balance` in minor units of `unit`, debit positive. Per unit the balances sum to zero."""

    account: str
    unit: str
    balance: int


class ChannelView(Strict):
    """A way to pay here; `name` is what a payment is begun with. `attended`: our staff takes part.

    `troubled`: it has just failed, so that another one is the better choice; it may be tried all the same.
    """

    name: str
    zh: str
    en: str
    method: Method
    attended: bool
    troubled: bool


def router(
    database: Database,
    callbacks: Callbacks,
    channels: Mapping[str, Channel] = MappingProxyType({}),
    troubled: Callable[[str], bool] = lambda _: False,
) -> APIRouter:
    """Routes of this room."""
    routes = APIRouter()

    @routes.post(
        "/payments/{channel}/callback",
        status_code=204,
        tags=["payments"],
        responses={401: {"description": "not verified"}, 422: {"description": "does not fit an order of ours"}},
    )
    async def callback(channel: Annotated[str, Path(pattern="^[a-z_]{1,32}$")], request: Request) -> Response:
        answer = await callbacks.take(channel, request.headers, await request.body())
        return Response(status_code=204) if answer is None else Response(answer[1], 200, media_type=answer[0])

    @routes.get("/payments/channels", tags=["payments"])
    async def list_channels() -> list[ChannelView]:
        """For everybody: whoever pays needs no account to choose how."""
        return [
            ChannelView(name=c.name, zh=c.zh, en=c.en, method=c.method, attended=c.attended, troubled=troubled(c.name))
            for c in channels.values()
            if c.offered and c.at_counter
        ]

    @routes.get("/ledger/balances", tags=["payments"])
    async def balances(_: Annotated[Principal, Depends(require(Scope.BILLS_READ))]) -> list[BalanceView]:
        found = await database.aread(ledger_store.balances)
        return [BalanceView(account=account, unit=unit, balance=balance) for account, unit, balance in found]

    return routes
