"""The provider's door, and the ways to pay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from parking.web.schemas import Strict
from payments.providers.channels import Channel
from payments.providers.registry import Method
from payments.webhooks import Callbacks


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
        responses={200: {"description": "In the words that the company wants to hear", "content": {"*/*": {}}}},
    )
    async def callback(channel: Annotated[str, Path(pattern="^[a-z_]{1,32}$")], request: Request) -> Response:
        """401 for what is not verified, 422 for what does not fit an order of ours."""
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

    return routes
