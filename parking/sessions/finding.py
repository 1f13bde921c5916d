"""Stays that a question is about, each found by an index: near to a read, in doubt, open since, closed around or since a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.ids import BayId, StayId
from parking.kernel.near_plates import folded, sought, whole
from parking.kernel.plate import Plate
from parking.plumbing.prepared import prepared
from parking.sessions.model import ClosedStay, OpenStay
from parking.sessions.store import CLOSED_BARE, CLOSED_SPELT, stay, stay_key, to_open, to_stay

NEAR_MOST, SAME_MOST = 40, 200
"""So many stays near to a read are weighed at most; so many where all of them may be that very plate."""


_BY_KEY = prepared(
    sa.select(stay_key.c.key, stay_key.c.stay_id).where(stay_key.c.key.in_(sa.bindparam("keys", expanding=True)))
)
_BY_IDS = prepared(sa.select(stay).where(stay.c.id.in_(sa.bindparam("ids", expanding=True))))
_MAY_BE_INSIDE = frozenset({"open", "review", "doubtful", "ghost"})
_LOOKALIKE = prepared(
    sa.select(stay.c.id).where(stay.c.folded == sa.bindparam("folded"), stay.c.plate != sa.bindparam("plate")).limit(1)
)
_DOUBTFUL = prepared(
    sa.select(stay.c.id)
    .where(stay.c.plate == sa.bindparam("plate"), stay.c.state == sa.literal_column("'doubtful'"))
    .order_by(stay.c.id)
)
_A_DAY = timedelta(days=1)
_state = sa.func.coalesce(stay.c.state, "")
"""Wrapped, so that no engine goes through all that ever left, the newest first, for the few of one plate."""
_has_left = _state == "closed"
_CLOSED = prepared(
    sa.select(stay.c.id)
    .where(stay.c.folded.in_(sa.bindparam("folds", expanding=True)), _has_left)
    .where(stay.c.plate.in_(sa.bindparam("plates", expanding=True)), stay.c.entered_at <= sa.bindparam("at"))
    .where(stay.c.exited_at.between(sa.bindparam("since"), sa.bindparam("until")))
    .order_by(stay.c.id.desc())
    .limit(3)
)


def near(conn: Connection, texts: Sequence[str], also: Iterable[StayId] = ()) -> list[Row[Any]]:
    """The rows of those that may still be inside and are nearest to these plates, `NEAR_MOST` of them; and of those named besides.

    Nearest are all that were read or left open as one of them to the letter, whatever the province; then who shares the most keys,
    then who came last.
    """
    whole_keys, same, shared = whole(texts), set[str](), Counter[str]()
    for key, stay_id in conn.execute(_BY_KEY, {"keys": list(sought(texts))}):
        shared[stay_id] += 1
        if key in whole_keys:
            same.add(stay_id)
    newest = sorted(shared, reverse=True)
    ranked = sorted(newest, key=lambda stay_id: (stay_id not in same, -shared[stay_id]))
    nearest = {*ranked[: max(NEAR_MOST, min(len(same), SAME_MOST))], *also}
    found = conn.execute(_BY_IDS, {"ids": list(nearest)}).all() if nearest else []
    return sorted((row for row in found if row.state in _MAY_BE_INSIDE), key=lambda row: row.id, reverse=True)


def newest_open(conn: Connection, most: int) -> list[Row[Any]]:
    """The rows of the open stays that began last."""
    query = sa.select(stay).where(stay.c.state == "open").order_by(stay.c.id.desc()).limit(most)
    return list(conn.execute(query))


def has_lookalike(conn: Connection, plate: Plate) -> bool:
    """Whether another plate that differs in twin signs alone has ever been here."""
    return conn.execute(_LOOKALIKE, {"folded": folded(plate.text), "plate": plate}).first() is not None


def familiar(conn: Connection, texts: Sequence[str]) -> frozenset[str]:
    """Those of these spellings that are plates of cars that have been here, or lookalikes of such: fleets come with their like."""
    of = {text: folded(text) for text in texts}
    query = sa.select(stay.c.folded).where(stay.c.folded.in_(set(of.values())), _state.in_(("closed", "ghost")))
    here = set(conn.execute(query.distinct()).scalars())
    return frozenset(text for text, fold in of.items() if fold in here)


def doubtful_of(conn: Connection, plate: Plate) -> list[StayId]:
    """Entries of this plate that nothing has proved."""
    return [StayId(found) for found in conn.execute(_DOUBTFUL, {"plate": plate}).scalars()]


def doubtful_before(conn: Connection, at: datetime) -> list[StayId]:
    """Entries that nothing has proved and that would have been before `at`."""
    query = sa.select(stay.c.id).where(stay.c.state == "doubtful", stay.c.entered_at < at)
    return [StayId(found) for found in conn.execute(query).scalars()]


def let_out_before(conn: Connection, at: datetime, leave_by: datetime, most: int) -> list[StayId]:
    """Open stays that an exit let out by `at`, that have not paid since and could leave until `leave_by` at most, oldest first."""
    t = stay.c
    query = sa.select(t.id).where(t.state == "open", t.leaving_at <= at).order_by(t.id).limit(most)
    query = query.where(sa.or_(t.priced_at.is_(None), t.priced_at <= t.leaving_at))
    query = query.where(sa.or_(t.leave_by.is_(None), t.leave_by < leave_by))
    return [StayId(found) for found in conn.execute(query).scalars()]


def last_closed(conn: Connection, plate: Plate) -> StayId | None:
    """The stay of this very plate that ended last."""
    query = sa.select(stay.c.id).where(stay.c.folded == folded(plate.text), stay.c.plate == plate, _has_left)
    found = conn.execute(query.order_by(stay.c.exited_at.desc(), stay.c.id.desc()).limit(1)).scalar()
    return None if found is None else StayId(found)


def somebody_unread(conn: Connection) -> bool:
    """Whether a stay is open whose plate nobody has read."""
    query = sa.select(stay.c.id).where(stay.c.state == "open", stay.c.plate.is_(None)).limit(1)
    return conn.execute(query).first() is not None


def opened_before(conn: Connection, at: datetime) -> list[OpenStay]:
    """Every open stay that had begun by then, oldest first."""
    query = sa.select(stay).where(stay.c.state == "open", stay.c.entered_at <= at).order_by(stay.c.id)
    return [to_open(row) for row in conn.execute(query)]


def open_ids(conn: Connection, after: str, limit: int) -> list[StayId]:
    """The ids of open stays in their order, those behind `after`."""
    query = sa.select(stay.c.id).where(stay.c.state == "open", stay.c.id > after).order_by(stay.c.id).limit(limit)
    return [StayId(found) for found in conn.execute(query).scalars()]


def closed_since(conn: Connection, since: datetime, after: str, most: int) -> list[ClosedStay]:
    """Stays in the order in which they ended: after `since`, or at that very moment with an id behind `after` (empty: none of those).

    The next page is asked for with the last one's end and id.
    """
    t, found = stay.c, list[ClosedStay]()
    behind = sa.and_(t.exited_at == since, t.id > after) if after else sa.false()
    for closed in (CLOSED_SPELT, CLOSED_BARE):
        query = sa.select(stay).where(closed, t.exited_at >= since, sa.or_(t.exited_at > since, behind))
        ended = (to_stay(row) for row in conn.execute(query.order_by(t.exited_at, t.id).limit(most)))
        found += [one for one in ended if isinstance(one, ClosedStay)]
    return sorted(found, key=lambda one: (one.exited_at, one.id))[:most]


def left_since(conn: Connection, plate: Plate, since: datetime, most: int) -> list[tuple[StayId, datetime, datetime]]:
    """The last stays of a plate that ended after `since`: id, entered_at, exited_at."""
    t = stay.c
    query = sa.select(t.id, t.entered_at, t.exited_at).where(
        t.folded == folded(plate.text), t.plate == plate, _has_left
    )
    rows = conn.execute(query.where(t.exited_at > since).order_by(t.id.desc()).limit(most))
    return [(StayId(row.id), row.entered_at, row.exited_at) for row in rows]


def standing_in(conn: Connection, bays: Collection[BayId]) -> dict[BayId, StayId]:
    """The open stays last seen in one of these bays, by bay; of two in one bay, the one seen there last."""
    query = sa.select(stay.c.bay_id, stay.c.id).where(stay.c.state == "open", stay.c.bay_id.in_(bays))
    return {BayId(row.bay_id): StayId(row.id) for row in conn.execute(query.order_by(stay.c.seen_at, stay.c.id))}


def closed_around(conn: Connection, texts: Iterable[str], at: datetime) -> list[StayId]:
    """Closed stays of these plates that began before `at` and ended within a day of it, the newest first."""
    texts = list(texts)
    plates, folds = [Plate(text) for text in texts], sorted({folded(text) for text in texts})
    bounds = {"at": at, "since": at - _A_DAY, "until": at + _A_DAY}
    return [StayId(found) for found in conn.execute(_CLOSED, {"folds": folds, "plates": plates, **bounds}).scalars()]


def left_between(
    conn: Connection, plate: Plate, since: datetime, until: datetime, most: int
) -> list[tuple[datetime, datetime]]:
    """(entered_at, exited_at) of a plate's stays that ended after `since` and by `until`, the oldest of the last `most` first."""
    query = sa.select(stay.c.entered_at, stay.c.exited_at).where(
        stay.c.folded == folded(plate.text), stay.c.plate == plate, _has_left
    )
    query = query.where(stay.c.exited_at > since, stay.c.exited_at <= until)
    rows = conn.execute(query.order_by(stay.c.entered_at.desc(), stay.c.id.desc()).limit(most)).all()
    return [(row.entered_at, row.exited_at) for row in reversed(rows)]
