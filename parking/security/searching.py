"""One record of what people did and what they looked at, newest first, searched by who, what, when and whom.

Deeds stand in the chained audit, looks in the book of looks; here they are read as one sequence. Pages never repeat or lose a row: the
order is total (time, deeds before looks, then number or names), and a page begins behind the last row that was seen.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.codec import parse_time
from parking.kernel.errors import ParkingError, invalid
from parking.kernel.plate import Plate
from parking.security.looks import look_table
from parking.security.store import audit_log, devices, operators
from parking.web import paging

Condition = sa.ColumnElement[bool]
_LONGEST_SEQ = 18


class Area(StrEnum):
    """What a deed is about."""

    LOOKS = "looks"
    OPENINGS = "openings"
    CORRECTIONS = "corrections"
    MONEY = "money"
    RIGHTS = "rights"
    MEMBERS = "members"
    SETTINGS = "settings"
    LOG_INS = "log_ins"


BEGINNINGS: Mapping[Area, tuple[str, ...]] = MappingProxyType(
    {
        Area.LOOKS: (
            "stay.look",
            "stay.plates",
            "case.look",
            "case.plates",
            "lane.candidates",
            "lane.plates",
            "picture.view",
            "audit.",
        ),
        Area.OPENINGS: ("lane.", "call.", "emergency."),
        Area.CORRECTIONS: ("case.", "stay.", "lesson.", "bays.patrol", "zone."),
        Area.MONEY: ("cash.", "payment.", "debt.", "invoice.", "agreement.", "card.", "coupon.", "ledger."),
        Area.RIGHTS: ("access.",),
        Area.MEMBERS: ("member.", "vehicle.", "points."),
        Area.SETTINGS: ("tariff.", "device.", "operator.", "campaign.", "merchant.", "bays."),
        Area.LOG_INS: ("login.", "logout", "session.", "passkey.", "password.", "notices."),
    }
)
"""By what the stable words of an area begin; of two that fit, the longer one counts."""


def area_of(action: str) -> Area | None:
    """The area of an audited action; None for one that no area claims yet."""
    fits = [(len(word), area) for area, words in BEGINNINGS.items() for word in words if action.startswith(word)]
    return max(fits)[1] if fits else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for; what is empty does not narrow. `until` does not belong to the span."""

    actor: str = ""
    area: Area | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A deed (`seq` is its number in the chain) or a look (None); `name` is what people call the actor.

    `device_kind` is what sort of device acted, "" for anybody else; `subject_name` what people call the operator whom it is about.
    """

    at: datetime
    seq: int | None
    actor_kind: str
    actor: str
    name: str
    action: str
    subject: str
    reason: str
    device_kind: str = ""
    subject_name: str = ""

    @property
    def place(self) -> tuple[str, int, str]:
        """Where it stands in the order, for a cursor."""
        tie = (
            str(self.seq)
            if self.seq is not None
            else "\n".join((self.actor_kind, self.actor, self.action, self.subject))
        )
        return self.at.astimezone(UTC).isoformat(), int(self.seq is None), tie

    @property
    def order(self) -> tuple[timedelta, bool]:
        """Newest first; what ties here is in the database's own order already."""
        return datetime.max.replace(tzinfo=UTC) - self.at, self.seq is None


def search(conn: Connection, wanted: Wanted, cursor: str, limit: int) -> Sequence[Entry]:
    """At most `limit` entries, newest first, behind the cursor ("": from the newest)."""
    place = _place(cursor)
    known = _names_of(conn)
    kinds = _kinds_of(conn)
    found = [_deeds(conn, wanted, place, limit, known)]
    if wanted.area in (None, Area.LOOKS):
        found.append(_looks(conn, wanted, place, limit, known))
    merged = list(heapq.merge(*found, key=lambda entry: entry.order))[:limit]
    return [
        replace(
            entry,
            device_kind=kinds.get(entry.actor, "") if entry.actor_kind == "device" else "",
            subject_name=known.get(entry.subject, ("", ""))[1],
        )
        for entry in merged
    ]


@dataclass(frozen=True, slots=True)
class _Place:
    at: datetime
    look: bool
    tie: str


def _place(cursor: str) -> _Place | None:
    position = paging.decode(cursor, str, int, str)
    if position is None:
        return None
    at, look, tie = str(position[0]), position[1] == 1, str(position[2])
    try:
        moment = parse_time(at)
    except ParkingError:
        moment = None
    fits = tie.count("\n") == 3 if look else tie.isdecimal() and len(tie) <= _LONGEST_SEQ
    if moment is None or not fits:
        raise invalid("page.cursor", "should be the `next` of an earlier page", field="cursor")
    return _Place(moment, look, tie)


def _deeds(
    conn: Connection, wanted: Wanted, place: _Place | None, limit: int, known: Mapping[str, tuple[str, str]]
) -> list[Entry]:
    row = audit_log.c
    conditions = _common(wanted, row, known)
    if wanted.area is not None:
        conditions.append(_in_area(row.action, wanted.area))
    if wanted.text:
        conditions.append(sa.or_(*_about(row.subject, wanted.text), row.reason.icontains(wanted.text, autoescape=True)))
    if place is not None and place.look:
        conditions.append(row.at < place.at)
    elif place is not None:
        conditions.append(sa.or_(row.at < place.at, sa.and_(row.at == place.at, row.seq < int(place.tie))))
    query = sa.select(audit_log).where(*conditions).order_by(row.at.desc(), row.seq.desc()).limit(limit)
    return [
        Entry(one.at, one.seq, one.actor_kind, one.actor, _called(one, known), one.action, one.subject, one.reason)
        for one in conn.execute(query)
    ]


def _looks(
    conn: Connection, wanted: Wanted, place: _Place | None, limit: int, known: Mapping[str, tuple[str, str]]
) -> list[Entry]:
    row = look_table.c
    names = (row.actor_kind, row.actor, row.what, row.subject)
    conditions = _common(wanted, row, known)
    if wanted.text:
        conditions.append(sa.or_(*_about(row.subject, wanted.text)))
    if place is not None and place.look:
        behind = sa.tuple_(*names) > sa.tuple_(*[sa.literal(part) for part in place.tie.split("\n")])
        conditions.append(sa.or_(row.at < place.at, sa.and_(row.at == place.at, behind)))
    elif place is not None:
        conditions.append(row.at <= place.at)
    query = sa.select(look_table).where(*conditions).order_by(row.at.desc(), *names).limit(limit)
    return [
        Entry(one.at, None, one.actor_kind, one.actor, _called(one, known), one.what, one.subject, "")
        for one in conn.execute(query)
    ]


def _common(wanted: Wanted, row: Any, known: Mapping[str, tuple[str, str]]) -> list[Condition]:
    conditions: list[Condition] = []
    if wanted.since is not None:
        conditions.append(row.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(row.at < wanted.until)
    if wanted.actor:
        asked = wanted.actor.casefold()
        ids = [one for one, names in known.items() if any(asked in name.casefold() for name in names)]
        conditions.append(sa.or_(row.actor.in_(ids), row.actor == wanted.actor))
    return conditions


def _in_area(action: sa.Column[str], area: Area) -> Condition:
    """As `area_of` says it: begins with one of the area's words, and with no longer one of another's."""
    mine = BEGINNINGS[area]
    others = [
        word
        for one, words in BEGINNINGS.items()
        if one is not area
        for word in words
        if any(word.startswith(short) for short in mine)
    ]
    begins = sa.or_(*[action.startswith(word, autoescape=True) for word in mine])
    return sa.and_(begins, *[~action.startswith(word, autoescape=True) for word in others])


def _about(subject: sa.Column[str], text: str) -> list[Condition]:
    """A part of an id; a whole plate also finds what is on record about it, where it stands masked."""
    conditions: list[Condition] = [subject.icontains(text, autoescape=True)]
    try:
        plate = Plate.parse(text)
    except ParkingError:
        return conditions
    if len(plate.text) > 4:
        conditions.append(subject.endswith(plate.masked, autoescape=True))
    return conditions


def _names_of(conn: Connection) -> dict[str, tuple[str, str]]:
    rows = conn.execute(sa.select(operators.c.id, operators.c.username, operators.c.display_name))
    return {row.id: (row.username, row.display_name or row.username) for row in rows}


def _kinds_of(conn: Connection) -> dict[str, str]:
    return {row.id: row.kind for row in conn.execute(sa.select(devices.c.id, devices.c.kind))}


def _called(row: Any, known: Mapping[str, tuple[str, str]]) -> str:
    actor = str(row.actor)
    return known.get(actor, ("", actor))[1] or actor
