"""The server end of a gate box: takes its signed events in, exactly once and in order, and hands its copy out.

What is acknowledged is stored. A gap is never acknowledged past, so a box that lost a batch sends it again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

import sqlalchemy as sa
import structlog
from fastapi import APIRouter, Depends, Header, Query, Request
from sqlalchemy import Connection

from parking.access import store as access_store
from parking.access.snapshot import CopyChange, seal_copy
from parking.gate.contacts import Contacts
from parking.kernel.clock import Clock
from parking.kernel.codec import decode
from parking.kernel.errors import ErrorKind, ParkingError, invalid
from parking.kernel.events import Envelope
from parking.kernel.ids import DeviceId
from parking.kernel.principal import Principal, Scope
from parking.kernel.signed import Signer
from parking.plumbing.column_types import Json, UtcDateTime
from parking.plumbing.db import Database, UnitOfWork, metadata
from parking.web.deps import require

BATCH_MOST = 200
WAIT_MOST_S = 25.0
COPY_VALID_FOR = timedelta(minutes=5)
log = structlog.get_logger(__name__)

edge_event = sa.Table(
    "edge_event",
    metadata,
    sa.Column("device_id", sa.String(64), primary_key=True),
    sa.Column("epoch", sa.String(36), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.String(64), nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("raw", Json, nullable=False),
)

edge_watermark = sa.Table(
    "edge_watermark",
    metadata,
    sa.Column("device_id", sa.String(64), primary_key=True),
    sa.Column("epoch", sa.String(36), primary_key=True),
    sa.Column("acked", sa.BigInteger, nullable=False),
)

VerifyBatch = Callable[[Connection, str, bytes], DeviceId]
"""Header and raw body to the device that signed them; raises ParkingError for anything else."""


def parse_batch(raw: bytes) -> tuple[str, str, Sequence[tuple[int, Mapping[str, Any], Envelope]]]:
    """Device, epoch and the numbered events of one batch; ParkingError names the field that is wrong."""
    try:
        body = json.loads(raw.decode())
        plain_text = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise invalid("batch.malformed", "the batch is not JSON (RFC 8259) in UTF-8") from None
    if b"\\u0000" in plain_text:  # a sign that not every database takes
        raise invalid("batch.malformed", "the batch holds a NUL sign")
    if not isinstance(body, dict) or not isinstance(body.get("events"), list):
        raise invalid("batch.malformed", "a batch has device, epoch and events", field="events")
    device, epoch = body.get("device"), body.get("epoch")
    if not isinstance(device, str) or not isinstance(epoch, str) or not 1 <= len(epoch) <= 36:
        raise invalid("batch.malformed", "a batch names its device and epoch", field="epoch")
    if len(body["events"]) > BATCH_MOST:
        raise ParkingError(ErrorKind.TOO_LARGE, "batch.too_long", f"a batch has at most {BATCH_MOST} events")
    events = []
    for position, plain in enumerate(body["events"]):
        seq = plain.get("seq") if isinstance(plain, dict) else None
        if type(seq) is not int or seq < 1:
            raise invalid("batch.malformed", "should be a whole number from 1", field=f"events[{position}].seq")
        envelope = decode({k: v for k, v in plain.items() if k != "seq"})
        if envelope.origin != device:
            raise invalid("batch.origin", "a box speaks only for itself", field=f"events[{position}].origin")
        events.append((seq, plain, envelope))
    return device, epoch, events


def ingest(uow: UnitOfWork, device: str, epoch: str, events: Sequence[tuple[int, Mapping[str, Any], Envelope]]) -> int:
    """Store what is new, in order, and forward it; returns the highest number stored without a gap before it."""
    row = (edge_watermark.c.device_id == device) & (edge_watermark.c.epoch == epoch)
    # FOR UPDATE so that two connections of one box cannot both store the same number (ignored by SQLite: one writer)
    acked = uow.connection.execute(sa.select(edge_watermark.c.acked).where(row).with_for_update()).scalar_one_or_none()
    if acked is None:
        uow.connection.execute(edge_watermark.insert().values(device_id=device, epoch=epoch, acked=0))
        acked = 0
    before = acked
    known = _stored(uow.connection, device, epoch, [seq for seq, _, _ in events if seq <= acked])
    for seq, plain, envelope in sorted(events, key=lambda e: e[0]):
        if seq <= acked:
            if known.get(seq) != envelope.id:
                # Not a repetition: the box's disk was set back and gives its numbers again. The event's own id keeps it single.
                log.warning("edge.number_reused", device=device, seq=seq)
                uow.forward(envelope)
            continue
        if seq != acked + 1:
            break
        uow.connection.execute(
            edge_event.insert().values(
                device_id=device, epoch=epoch, seq=seq, event_id=envelope.id, received_at=uow.now, raw=dict(plain)
            )
        )
        uow.forward(envelope)
        acked = seq
    if acked != before:
        uow.connection.execute(edge_watermark.update().where(row).values(acked=acked))
    return int(acked)


def _stored(conn: Connection, device: str, epoch: str, numbers: Sequence[int]) -> dict[int, str]:
    """The event that was stored under each of these numbers."""
    t = edge_event.c
    query = sa.select(t.seq, t.event_id).where(t.device_id == device, t.epoch == epoch, t.seq.in_(numbers))
    return {row.seq: row.event_id for row in conn.execute(query)} if numbers else {}


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


def sealed_copy(conn: Connection, site: str, since: int, signer: Signer, clock: Clock) -> tuple[int, str]:
    """How many rows changed after `since`, and the token that carries them."""
    rows = access_store.rows_since(conn, site, since)
    version = rows[-1].version if rows else since
    change = CopyChange(site, since, version, tuple(rows))
    return len(rows), seal_copy(change, signer, clock.now() + COPY_VALID_FOR)


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

    @routes.post("/events")
    async def take_events(request: Request, device_signature: Annotated[str, Header(max_length=256)]) -> dict[str, int]:
        raw = await request.body()
        signed_by = await database.aread(lambda conn: verify(conn, device_signature, raw))
        device, epoch, events = parse_batch(raw)
        if device != signed_by:
            raise ParkingError(ErrorKind.FORBIDDEN, "batch.device", "a box speaks only for itself")
        contacts.heard(signed_by)
        return {"acked": await database.awrite(lambda uow: ingest(uow, device, epoch, events))}

    @routes.get("/copy")
    async def hand_out_copy(
        who: Annotated[Principal, Depends(require(Scope.EDGE))],
        since: Annotated[int, Query(ge=0, lt=2**63)] = 0,
        wait_s: Annotated[float, Query(ge=0, le=WAIT_MOST_S)] = 0.0,
    ) -> dict[str, str]:
        contacts.heard(DeviceId(who.subject))
        deadline = clock.monotonic_s() + wait_s
        while True:
            changed, token = await database.aread(lambda conn: sealed_copy(conn, site, since, signer, clock))
            left = deadline - clock.monotonic_s()
            if changed or left <= 0 or feed.closed:
                return {"body": token}
            await feed.wait(min(left, 1.0))  # a commit of another process wakes nobody here: look once a second

    return routes
