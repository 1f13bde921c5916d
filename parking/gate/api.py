"""The server end of a gate box: takes its signed events in, and hands its copy out. Both answers carry the server's signature."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from sqlalchemy import Connection

from parking.gate.contacts import Contacts
from parking.gate.copy_feed import Asked, ImageMaker, is_news, next_change
from parking.gate.edge_tables import edge_event, edge_watermark
from parking.gate.ingest import BATCH_MOST, ingest, parse_batch
from parking.gate.link_wire import LONGEST_NONCE, seal_ack, seal_message
from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.ids import DeviceId
from parking.kernel.principal import Principal, Scope
from parking.kernel.signed import Signer
from parking.plumbing.db import Database
from parking.web.deps import require

__all__ = ["BATCH_MOST", "CopyFeed", "VerifyBatch", "edge_event", "edge_watermark", "ingest", "parse_batch", "router"]

WAIT_MOST_S = 25.0
MEDIA_TYPE = "application/octet-stream"

VerifyBatch = Callable[[Connection, str, bytes], DeviceId]
"""Header and raw body to the device that signed them; raises ParkingError for anything else."""


class CopyFeed:
    """Wakes the long polls of gate boxes when the database has committed something."""

    def __init__(self) -> None:
        self.closed = False
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def wake(self) -> None:
        """Callable from any thread."""
        for loop, event in tuple(self._waiting):
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def close(self) -> None:
        """The server is about to stop: nobody waits any longer."""
        self.closed = True
        self.wake()

    async def wait(self, timeout_s: float) -> None:
        """Return at the next wake, or after `timeout_s`."""
        entry = (asyncio.get_running_loop(), asyncio.Event())
        self._waiting.add(entry)
        try:
            await asyncio.wait_for(entry[1].wait(), timeout_s)
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(entry)


def router(
    database: Database,
    verify: VerifyBatch,
    signer: Signer,
    clock: Clock,
    site: str,
    feed: CopyFeed,
    contacts: Contacts,
) -> APIRouter:
    """Routes for gate boxes."""
    routes = APIRouter(prefix="/edge", tags=["edge"])
    images = ImageMaker(database, site)

    @routes.post("/events")
    async def take_events(
        request: Request, device_signature: Annotated[str, Header(max_length=256)]
    ) -> dict[str, int | str]:
        raw = await request.body()
        signed_by = await database.aread(lambda conn: verify(conn, device_signature, raw))
        batch = parse_batch(raw)
        if batch.device != signed_by:
            raise ParkingError(ErrorKind.FORBIDDEN, "batch.device", "a box speaks only for itself")
        contacts.heard(signed_by)
        acked = await database.awrite(
            lambda uow: ingest(uow, batch.device, batch.epoch, batch.events, batch.oldest, batch.until, batch.through)
        )
        return {"acked": acked, "token": seal_ack(acked, raw, signer, clock.now())}

    @routes.get("/copy", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}})
    async def hand_out_copy(
        who: Annotated[Principal, Depends(require(Scope.EDGE))],
        since: Annotated[int, Query(ge=0, lt=2**63)] = 0,
        epoch: Annotated[str, Query(max_length=36)] = "",
        nonce: Annotated[str, Query(max_length=LONGEST_NONCE)] = "",
        format: Annotated[int, Query(ge=0, lt=2**31)] = 0,
        wait_s: Annotated[float, Query(ge=0, le=WAIT_MOST_S)] = 0.0,
    ) -> Response:
        contacts.heard(DeviceId(who.subject))
        asked = Asked(epoch, since, format)
        if await database.aread(lambda conn: images.wanted(conn, asked)):
            made = await asyncio.to_thread(images.image)
            return Response(seal_message(made, signer, clock.now(), nonce), media_type=MEDIA_TYPE)
        deadline = clock.monotonic_s() + wait_s
        while True:
            change = await database.aread(lambda conn: next_change(conn, site, asked))
            left = deadline - clock.monotonic_s()
            if is_news(change, asked) or left <= 0 or feed.closed:
                return Response(seal_message(change, signer, clock.now(), nonce), media_type=MEDIA_TYPE)
            await feed.wait(min(left, 1.0))  # a commit of another process wakes nobody here: look once a second

    return routes
