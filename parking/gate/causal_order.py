"""What happened first is handled first, across boxes: backlogs of an outage are merged by their times before anything follows from them.

Stored and acknowledged is every event at once. What is fresh is passed on at once as well; what is old waits until every other box
has told what it knew by then, and never longer than `HOLD_MOST`: a box that stays away holds nobody up for good (decision 0007).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.gate.edge_tables import edge_event, edge_frontier, edge_held
from parking.kernel.codec import decode, parse_time
from parking.kernel.events import Envelope
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.prepared import prepared

FRESH = timedelta(seconds=60)
"""An event that arrives sooner than this after it happened waits for nobody."""
HOLD_MOST = timedelta(seconds=90)
FORGOTTEN_AFTER = timedelta(days=7)
"""A disk of which nothing was heard for so long is waited for no more."""
RELEASED_AT_ONCE = 1_000
_held, _until = edge_held.c, edge_frontier.c
_LAST_DUE = prepared(  # a disk's own order stands, so that its last one is due last
    sa.select(_held.due)
    .where(_held.device_id == sa.bindparam("of_device"), _held.epoch == sa.bindparam("of_epoch"))
    .order_by(_held.seq.desc())
    .limit(1)
)
_came_before = _held.since <= sa.bindparam("came_before", type_=UtcDateTime)
_ANY_WAITED = prepared(sa.select(_held.seq).where(_came_before).limit(1))
_PATIENCE = prepared(sa.select(sa.func.max(_held.due)).where(_came_before))
_READY = prepared(
    sa.select(_held.device_id, _held.epoch, _held.seq)
    .where(_held.due <= sa.bindparam("until", type_=UtcDateTime))
    .order_by(_held.due, _held.device_id, _held.epoch, _held.seq)
    .limit(RELEASED_AT_ONCE)
    .with_for_update()  # two connections do not forward past each other (ignored by SQLite: one writer)
)
_GONE = prepared(
    edge_held.delete().where(
        _held.device_id == sa.bindparam("d"), _held.epoch == sa.bindparam("e"), _held.seq == sa.bindparam("s")
    )
)
_ANY_HELD = prepared(sa.select(_held.seq).limit(1))
_FRONTIER = prepared(sa.select(sa.func.min(_until.until)).where(_until.heard_at > sa.bindparam("since")))
_OF_BOXES = (
    sa.select(_until.device_id, sa.func.max(_until.until).label("until"))
    .where(_until.heard_at > sa.bindparam("since"))
    .group_by(_until.device_id)
)
_HEARD = prepared(_OF_BOXES.order_by(_until.device_id))
_FORGET_OTHERS = prepared(
    edge_frontier.delete().where(_until.device_id.not_in(sa.bindparam("devices", expanding=True)))
)
_FIRST_HELD = prepared(sa.select(sa.func.min(_held.due)))
_my_disk = sa.and_(_until.device_id == sa.bindparam("of_device"), _until.epoch == sa.bindparam("of_epoch"))
_told_until = sa.bindparam("told_until", type_=UtcDateTime)
_TELL_UNTIL = prepared(
    edge_frontier.update()
    .where(_my_disk)
    .values(
        until=sa.case((_until.until > _told_until, _until.until), else_=_told_until),
        heard_at=sa.bindparam("told_at", type_=UtcDateTime),
    )
)
"""A batch that comes again says what was true then."""


def meaning(plain: Mapping[str, Any], field: str = "") -> Envelope:
    """The event that a box told, at its true time: a clock that was wrong is corrected, what was said first stays on record."""
    envelope = decode({name: value for name, value in plain.items() if name != "seq"})
    if plain.get("corrected_at") is None:
        return envelope
    at = parse_time(plain["corrected_at"], field=f"{field}.corrected_at" if field else "corrected_at")
    return replace(envelope, occurred_at=at)


def pass_on(
    uow: UnitOfWork, device: str, epoch: str, new: Sequence[tuple[int, Envelope]], until: datetime | None
) -> None:
    """Forward new events of one disk, or hold them; a box that does not say how far it is (`until`) holds nobody up."""
    if until is not None or new:
        _note_frontier(uow, device, epoch, until or uow.now)
    others_wait = uow.connection.execute(_ANY_HELD).first() is not None
    last = uow.connection.scalar(_LAST_DUE, {"of_device": device, "of_epoch": epoch}) if others_wait else None
    limit = frontier(uow.connection, uow.now)
    held: list[dict[str, Any]] = []
    at_once: list[Envelope] = []
    for seq, envelope in new:
        at = envelope.occurred_at
        is_old = uow.now - at > FRESH and (others_wait or (limit is not None and at > limit))
        if last is None and not is_old:
            at_once.append(envelope)
            continue
        last = at if last is None else max(last, at)  # a disk's own order stands, whatever its clock said
        held.append({"device_id": device, "epoch": epoch, "seq": seq, "due": last, "since": uow.now})
    uow.forward_all(at_once)
    if held:
        uow.connection.execute(edge_held.insert(), held)
    if held or others_wait:
        release(uow)


def release(uow: UnitOfWork) -> int:
    """Forward some of what need not wait any longer, in the order in which it happened; returns how many."""
    limit = frontier(uow.connection, uow.now)
    long_ago = {"came_before": uow.now - HOLD_MOST}
    waited = (
        uow.connection.execute(_ANY_WAITED, long_ago).first() is not None
    )  # where none has, a maximum walks all to know it
    patience = uow.connection.scalar(_PATIENCE, long_ago) if waited else None
    moments = [moment for moment in (limit, patience) if moment is not None]
    if not moments:
        return 0
    places = [tuple(row) for row in uow.connection.execute(_READY, {"until": max(moments)})]
    told = _told(uow.connection, places)
    uow.forward_all([meaning(told[place]) for place in places])
    if places:
        uow.connection.execute(_GONE, [{"d": device, "e": epoch, "s": seq} for device, epoch, seq in places])
    return len(places)


def release_all(database: Database) -> int:
    """Forward all that need not wait any longer, some at a time; for a round of the server."""
    total = 0
    while database.read(lambda conn: conn.execute(_ANY_HELD).first()) is not None:
        done = database.write(release)
        total += done
        if done < RELEASED_AT_ONCE:
            break
    return total


def frontier(conn: Connection, now: datetime) -> datetime | None:
    """Up to when every disk has told what it knew; None when none is known."""
    found: datetime | None = conn.scalar(_FRONTIER, {"since": now - FORGOTTEN_AFTER})
    return found


def unheard(conn: Connection, now: datetime) -> dict[str, datetime]:
    """The gate boxes that are cut off, and since when: what they let in and out after that nobody knows yet."""
    return {device: until for device, until in _heard(conn, now).items() if until < now - FRESH}


def heard_until(conn: Connection, now: datetime, telling: str) -> datetime:
    """Up to when every gate box but the one that is `telling` has told what it let in and out; `now` where none is cut off."""
    return min((until for device, until in unheard(conn, now).items() if device != telling), default=now)


def passed_on_until(conn: Connection, now: datetime) -> datetime | None:
    """Up to when every gate box has told what it let in and out, and nothing of it is held any more; None when none was heard."""
    held = conn.scalar(_FIRST_HELD)
    heard = _heard(conn, now).values()
    return min([*heard, *([held] if held is not None else [])]) if heard else None


def _heard(conn: Connection, now: datetime) -> dict[str, datetime]:
    """Up to when each box has told what it knew. A disk that was replaced is another question: the one that has told most counts."""
    return {row.device_id: row.until for row in conn.execute(_HEARD, {"since": now - FORGOTTEN_AFTER})}


def forget_others(uow: UnitOfWork, devices: Collection[str]) -> None:
    """Boxes that are shut out, or are there no more, hold nobody up: nobody waits but for these."""
    uow.connection.execute(_FORGET_OTHERS, {"devices": devices})


def _note_frontier(uow: UnitOfWork, device: str, epoch: str, until: datetime) -> None:
    until, disk = min(until, uow.now), {"of_device": device, "of_epoch": epoch}
    if uow.connection.execute(_TELL_UNTIL, disk | {"told_until": until, "told_at": uow.now}).rowcount == 0:
        row = {"device_id": device, "epoch": epoch, "until": until, "heard_at": uow.now}
        uow.connection.execute(edge_frontier.insert().values(row))


def _told(conn: Connection, places: Sequence[tuple[str, str, int]]) -> dict[tuple[str, str, int], Mapping[str, Any]]:
    found: dict[tuple[str, str, int], Mapping[str, Any]] = {}
    t = edge_event.c
    for device, epoch in {(device, epoch) for device, epoch, _ in places}:
        numbers = [seq for d, e, seq in places if (d, e) == (device, epoch)]
        query = sa.select(t.seq, t.raw).where(t.device_id == device, t.epoch == epoch, t.seq.in_(numbers))
        found |= {(device, epoch, row.seq): row.raw for row in conn.execute(query)}
    return found
