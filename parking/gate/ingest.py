"""Takes the events of gate boxes in: each exactly once, each box's in their order, whatever the link lost, doubled or mixed up.

What is acknowledged is stored. A gap is never acknowledged past, so a box that lost a batch sends it again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection

from parking.gate.causal_order import meaning, pass_on
from parking.gate.edge_tables import edge_event, edge_held, edge_watermark
from parking.kernel.codec import parse_time
from parking.kernel.errors import ErrorKind, ParkingError, invalid
from parking.kernel.events import CaseOpened, Envelope
from parking.kernel.ids import CaseId
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from parking.plumbing.personal import blank_about, take_plate_out
from parking.plumbing.prepared import prepared

BATCH_MOST = 200
KEPT = timedelta(days=90)
"""How long what a box said is kept word for word; longer than the 60 days for which logs must be kept."""
FORGOTTEN_AT_ONCE = 5_000
log = structlog.get_logger(__name__)

_mine = sa.and_(
    edge_watermark.c.device_id == sa.bindparam("of_device"), edge_watermark.c.epoch == sa.bindparam("of_epoch")
)
_ACKED = prepared(sa.select(edge_watermark.c.acked).where(_mine).with_for_update())
_STORE = prepared(edge_event.insert())
_ACKNOWLEDGE = prepared(edge_watermark.update().where(_mine))

Numbered = tuple[int, Mapping[str, Any], Envelope]
"""A box's number of an event, the event word for word, and what it means."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a box hands in; `oldest` is the lowest number that it still has.

    Up to `until` it has told all it knew, provided that everything up to the number `through` is here: a server from a backup lacks some.
    """

    device: str
    epoch: str
    events: Sequence[Numbered]
    oldest: int = 1
    until: datetime | None = None
    through: int = 0


def parse_batch(raw: bytes) -> Batch:
    """The batch in a request's body; ParkingError names the field that is wrong."""
    try:
        # Not every database takes a NUL; a batch that is refused for one comes again for ever, and all that follows waits.
        body = json.loads(raw.decode().replace("\\u0000", "\\ufffd"))
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise invalid("batch.malformed", "the batch is not JSON (RFC 8259) in UTF-8") from None
    if not isinstance(body, dict) or not isinstance(body.get("events"), list):
        raise invalid("batch.malformed", "a batch has device, epoch and events", field="events")
    device, epoch = body.get("device"), body.get("epoch")
    if not isinstance(device, str) or not isinstance(epoch, str) or not 1 <= len(epoch) <= 36 or not epoch.isascii():
        raise invalid("batch.malformed", "a batch names its device and epoch", field="epoch")
    if len(body["events"]) > BATCH_MOST:
        raise ParkingError(ErrorKind.TOO_LARGE, "batch.too_long", f"a batch has at most {BATCH_MOST} events")
    events = [_numbered(plain, position, device) for position, plain in enumerate(body["events"])]
    until = parse_time(body["until"], field="until") if body.get("until") is not None else None
    through = _number(body.get("through", 0), "through", least=0)
    return Batch(device, epoch, events, _number(body.get("oldest", 1), "oldest"), until, through)


def _numbered(plain: Any, position: int, device: str) -> Numbered:
    where = f"events[{position}]"
    seq = _number(plain.get("seq") if isinstance(plain, dict) else None, f"{where}.seq")
    envelope = meaning(plain, where)
    if envelope.origin != device:
        raise invalid("batch.origin", "a box speaks only for itself", field=f"{where}.origin")
    if not envelope.id.isascii():
        raise invalid("batch.malformed", "should be ASCII", field=f"{where}.id")
    return seq, plain, envelope


def _number(value: Any, field: str, *, least: int = 1) -> int:
    if type(value) is not int or not least <= value < 2**63:
        raise invalid("batch.malformed", f"should be a whole number from {least}", field=field)
    return value


def ingest(
    uow: UnitOfWork,
    device: str,
    epoch: str,
    events: Sequence[Numbered],
    oldest: int = 1,
    until: datetime | None = None,
    through: int = 0,
) -> int:
    """Store what is new, in order, and forward it, each in its turn; returns the highest number stored without a gap before it."""
    disk = {"of_device": device, "of_epoch": epoch}
    # FOR UPDATE so that two connections of one box cannot both store the same number (ignored by SQLite: one writer)
    acked = uow.connection.execute(_ACKED, disk).scalar_one_or_none()
    if acked is None:
        uow.connection.execute(edge_watermark.insert().values(device_id=device, epoch=epoch, acked=0))
        acked = 0
    before = acked
    if oldest > acked + 1:
        acked = _skip_what_is_gone(uow, device, acked, oldest)
    known = _stored(uow.connection, device, epoch, [seq for seq, _, _ in events if seq <= acked])
    new: list[dict[str, Any]] = []
    told: list[tuple[int, Envelope]] = []
    for seq, plain, envelope in sorted(events, key=lambda e: e[0]):
        if seq <= acked:
            _repeated(uow, device, seq, known.get(seq), envelope)
            continue
        if seq != acked + 1:
            break
        new.append(
            {"device_id": device, "epoch": epoch, "seq": seq, "event_id": envelope.id, "received_at": uow.now,
             "raw": dict(plain)}
        )  # fmt: skip
        told.append((seq, envelope))
        acked = seq
    if new:
        uow.connection.execute(_STORE, new)
    if acked != before:
        uow.connection.execute(_ACKNOWLEDGE, disk | {"acked": acked})
    if acked < max([through, *(seq for seq, _, _ in events)]):  # a part is missing: only what is here has been told
        until = told[-1][1].occurred_at if told else None
    pass_on(uow, device, epoch, told, until)
    return int(acked)


def _repeated(uow: UnitOfWork, device: str, seq: int, known: str | None, envelope: Envelope) -> None:
    if known is not None and known != envelope.id:
        # Not a repetition: the box's disk was set back and gives its numbers again. The event's own id keeps it single.
        log.warning("edge.number_reused", device=device, seq=seq)
        uow.forward(envelope)


def _skip_what_is_gone(uow: UnitOfWork, device: str, acked: int, oldest: int) -> int:
    """A server from a very old backup: the box was told once that these are safe and keeps them no longer. Said, not hushed up."""
    log.error("edge.events_gone", device=device, first=acked + 1, last=oldest - 1)
    uow.publish(CaseOpened(CaseId(uow.ids.new(uow.now)), "edge_events_gone", None, None, None))
    return oldest - 1


def _stored(conn: Connection, device: str, epoch: str, numbers: Sequence[int]) -> dict[int, str]:
    """The event that was stored under each of these numbers."""
    if not numbers:
        return {}
    t = edge_event.c
    query = sa.select(t.seq, t.event_id).where(t.device_id == device, t.epoch == epoch, t.seq.in_(numbers))
    return {row.seq: row.event_id for row in conn.execute(query)}


def forget_old(uow: UnitOfWork) -> int:
    """Remove some of what boxes said long ago, word for word; what came of it stays. Returns how many."""
    t = edge_event.c
    old = sa.select(t.device_id, t.epoch, t.seq).where(t.received_at < uow.now - KEPT).limit(FORGOTTEN_AT_ONCE)
    mine = sa.tuple_(t.device_id, t.epoch, t.seq).in_(old)
    return uow.connection.execute(edge_event.delete().where(mine)).rowcount


def forget_plate(uow: UnitOfWork, plate: Plate, visits: Collection[str] = ()) -> int:
    """Take an erased plate out of what boxes said word for word and what has been passed on; returns how many events held it.

    Of its `visits` everything that says who it was goes, however the plate had been read.
    """
    e, h = edge_event.c, edge_held.c
    waits = sa.exists().where(h.device_id == e.device_id, h.epoch == e.epoch, h.seq == e.seq)  # not passed on yet
    of_visits = blank_about(uow, edge_event, "raw", visits, ~waits, inside="data")
    return of_visits + take_plate_out(uow, edge_event, "raw", plate, ~waits)
