"""Members as rows and back. Basic data lies sealed; who has no key reads none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.codec import from_plain, to_plain
from parking.kernel.plate import Plate
from parking.kernel.standing import Benefit
from parking.members.model import Level, Member, Proof, Purpose, Vehicle, VehicleState
from parking.members.tables import (
    consent_table,
    level_table,
    lot_table,
    member_table,
    notice_table,
    receipt_table,
    vehicle_table,
)
from parking.plumbing.db import insert_once
from parking.plumbing.marks import all_of, mark, told
from parking.plumbing.prepared import prepared


class Cipher(Protocol):
    """Seals basic data; handed in by `bootstrap`."""

    def seal(self, text: str) -> str: ...

    def open(self, sealed: str) -> str:
        """ValueError for what this key did not seal."""
        ...


def _to_member(row: Row[Any]) -> Member:
    return Member(row.id, row.client, row.ref, row.joined_at, row.tier_by_hand, row.credit, row.erased_at)


def member(conn: Connection, member_id: str) -> Member | None:
    """None for one who was erased, too."""
    c = member_table.c
    row = conn.execute(sa.select(member_table).where(c.id == member_id, c.erased_at.is_(None))).one_or_none()
    return None if row is None else _to_member(row)


def by_ref(conn: Connection, client: str, ref: str) -> Member | None:
    c = member_table.c
    query = sa.select(member_table).where(c.client == client, c.ref == ref, c.erased_at.is_(None))
    row = conn.execute(query).one_or_none()
    return None if row is None else _to_member(row)


def members(conn: Connection, after: str, limit: int) -> Sequence[Member]:
    c = member_table.c
    query = sa.select(member_table).where(c.id > after, c.erased_at.is_(None)).order_by(c.id).limit(limit)
    return [_to_member(row) for row in conn.execute(query)]


def insert_member(conn: Connection, new: Member) -> bool:
    row = {
        "id": new.member_id,
        "client": new.client,
        "ref": new.ref,
        "joined_at": new.joined_at,
        "tier_by_hand": "",
        "credit": "",
    }
    return insert_once(conn, member_table, row)


def change_member(conn: Connection, member_id: str, **values: Any) -> None:
    conn.execute(member_table.update().where(member_table.c.id == member_id).values(**values))


def contact(conn: Connection, member_id: str) -> str | None:
    """Sealed, as it lies here."""
    return conn.execute(sa.select(member_table.c.contact).where(member_table.c.id == member_id)).scalar_one_or_none()


# --- consents --------------------------------------------------------------------------------------------------------


def note_consent(conn: Connection, member_id: str, purpose: Purpose, given: bool, at: datetime, by: str) -> None:
    conn.execute(consent_table.insert().values(member_id=member_id, purpose=purpose, given=given, at=at, by=by))


def consents(conn: Connection, member_id: str) -> Mapping[Purpose, bool]:
    """The last word on each purpose; silence is no."""
    query = sa.select(consent_table).where(consent_table.c.member_id == member_id).order_by(consent_table.c.seq)
    said = {Purpose(row.purpose): row.given for row in conn.execute(query)}
    return {purpose: said.get(purpose, False) for purpose in Purpose}


# --- vehicles --------------------------------------------------------------------------------------------------------


def _to_vehicle(row: Row[Any]) -> Vehicle:
    return Vehicle(
        vehicle_id=row.id,
        member_id=row.member_id,
        plate=row.plate,
        state=VehicleState(row.state),
        proof=Proof(row.proof),
        since=row.since,
        active_at=row.active_at,
        ended_at=row.ended_at,
        reason=row.reason,
    )


def insert_vehicle(conn: Connection, new: Vehicle) -> bool:
    """False when this member claims this plate already."""
    row = {
        "id": new.vehicle_id,
        "member_id": new.member_id,
        "plate": new.plate,
        "state": new.state,
        "proof": new.proof,
        "since": new.since,
        "active_at": new.active_at,
        "reason": new.reason,
    }
    return insert_once(conn, vehicle_table, row)


def move_vehicle(conn: Connection, vehicle_id: str, only_from: VehicleState, to: VehicleState, **values: Any) -> bool:
    c = vehicle_table.c
    done = conn.execute(
        vehicle_table.update().where(c.id == vehicle_id, c.state == only_from).values(state=to, **values)
    )
    return done.rowcount == 1


def vehicles(conn: Connection, *where: sa.ColumnElement[bool]) -> Sequence[Vehicle]:
    query = sa.select(vehicle_table).where(*where).order_by(vehicle_table.c.id)
    return [_to_vehicle(row) for row in conn.execute(query)]


def vehicles_of(conn: Connection, member_id: str) -> Sequence[Vehicle]:
    """Those that have not ended, oldest first."""
    return vehicles(conn, vehicle_table.c.member_id == member_id, vehicle_table.c.state != VehicleState.ENDED)


def every_vehicle_of(conn: Connection, member_id: str) -> Sequence[Vehicle]:
    """Those that have ended with them, as long as they are kept."""
    return vehicles(conn, vehicle_table.c.member_id == member_id)


def vehicle(conn: Connection, vehicle_id: str) -> Vehicle | None:
    found = vehicles(conn, vehicle_table.c.id == vehicle_id)
    return found[0] if found else None


_HOLDER = prepared(
    sa.select(vehicle_table)
    .where(
        vehicle_table.c.plate == sa.bindparam("plate"),
        # in words, as its partial index has it: were it a value, SQLite would plan anew each time
        vehicle_table.c.state == sa.literal_column(f"'{VehicleState.ACTIVE}'"),
    )
    .order_by(vehicle_table.c.id)
    .limit(1)
)


def holder(conn: Connection, plate: Plate) -> Vehicle | None:
    """The vehicle of the member for whom this plate is active."""
    row = conn.execute(_HOLDER, {"plate": plate}).first()
    return _to_vehicle(row) if row is not None else None


def former_holders(conn: Connection, plate: Plate, since: datetime) -> Sequence[Vehicle]:
    """The vehicles of those for whom this plate was active at some time since then, and is no more."""
    ended = vehicles(conn, vehicle_table.c.plate == plate, vehicle_table.c.ended_at > since)
    return [one for one in ended if one.was_his]


def notify(conn: Connection, notice_id: str, member_id: str, kind: str, about: str, at: datetime) -> None:
    conn.execute(notice_table.insert().values(id=notice_id, member_id=member_id, kind=kind, about=about, at=at))


def notices(conn: Connection, member_id: str, limit: int) -> Sequence[Row[Any]]:
    query = sa.select(notice_table).where(notice_table.c.member_id == member_id).order_by(notice_table.c.id.desc())
    return conn.execute(query.limit(limit)).all()


# --- levels, points, receipts ----------------------------------------------------------------------------------------


def levels(conn: Connection) -> Sequence[Level]:
    rows = conn.execute(sa.select(level_table).order_by(level_table.c.kind, level_table.c.from_points))
    return [
        Level(r.id, r.kind, r.zh, r.en, r.from_points, tuple(from_plain(Benefit, benefit) for benefit in r.benefits))
        for r in rows
    ]


def save_level(conn: Connection, level: Level) -> None:
    c = level_table.c
    conn.execute(level_table.delete().where(c.id == level.level_id, c.kind == level.kind))
    row = {"id": level.level_id, "kind": level.kind, "zh": level.zh, "en": level.en, "from_points": level.from_points}
    conn.execute(level_table.insert().values(**row, benefits=to_plain(level.benefits)))


def earned_since(conn: Connection, member_id: str, since: datetime) -> int:
    c = lot_table.c
    query = sa.select(sa.func.coalesce(sa.func.sum(c.earned), 0)).where(c.member_id == member_id, c.earned_at >= since)
    return int(conn.execute(query).scalar_one())


def receipt(conn: Connection, merchant_id: str, number: str) -> Row[Any] | None:
    c = receipt_table.c
    return conn.execute(sa.select(receipt_table).where(c.merchant_id == merchant_id, c.receipt == number)).one_or_none()


def receipts_of(conn: Connection, member_id: str, limit: int) -> Sequence[Row[Any]]:
    query = sa.select(receipt_table).where(receipt_table.c.member_id == member_id).order_by(receipt_table.c.at.desc())
    return conn.execute(query.limit(limit)).all()


# --- what a price rests on -------------------------------------------------------------------------------------------


def holder_of(plate: sa.Column[Any]) -> sa.ScalarSelect[str]:
    """The member for whom a plate is active, as a column of a query about plates."""
    c = vehicle_table.c
    found = sa.select(c.member_id).where(c.plate == plate, c.state == VehicleState.ACTIVE.value)
    return found.correlate(plate.table).scalar_subquery()


def marks(plate: sa.ColumnElement[Any]) -> list[sa.Label[str]]:
    """What `service.recognised` reads, as a column of a query about stays; levels and lots by what tells a change of them."""
    v, m, level = vehicle_table.c, member_table.c, level_table.c
    said = sa.select(sa.func.max(consent_table.c.seq)).where(consent_table.c.member_id == m.id).scalar_subquery()
    lots = sa.select(sa.func.sum(lot_table.c.earned)).where(lot_table.c.member_id == m.id).scalar_subquery()
    level_text = told(level.id, level.kind, level.zh, level.en, level.from_points, level.benefits)
    levels = sa.select(all_of(level_text)).scalar_subquery()
    text = told(m.id, m.tier_by_hand, m.credit, m.erased_at, said, lots, levels)
    both = vehicle_table.join(member_table, m.id == v.member_id)
    return [mark("member", text, v.plate == plate, v.state == VehicleState.ACTIVE.value, of=both)]
