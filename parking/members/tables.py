"""The tables of members. The database itself refuses a second active holder of a plate, and points below zero."""

from __future__ import annotations

import sqlalchemy as sa

from parking.members.model import VehicleState
from parking.plumbing.column_types import Json, PlateText, UtcDateTime
from parking.plumbing.db import BigSerial, metadata
from parking.plumbing.ledger_book import Book

POINTS = Book("points", subject="member_id")
UNIT = "PTS"

member_table = sa.Table(
    "member",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("client", sa.String(64), nullable=False),
    sa.Column("ref", sa.String(64), nullable=False),
    sa.Column("contact", sa.Text),  # sealed; nothing here can be read without the key
    sa.Column("joined_at", UtcDateTime, nullable=False),
    sa.Column("tier_by_hand", sa.String(32), nullable=False),
    sa.Column("credit", sa.String(32), nullable=False),
    sa.Column("erased_at", UtcDateTime),
    sa.UniqueConstraint("client", "ref"),
)

consent_table = sa.Table(  # only ever added to; the last word on a purpose holds
    "member_consent",
    metadata,
    sa.Column("seq", BigSerial, primary_key=True, autoincrement=True),
    sa.Column("member_id", sa.String(36), nullable=False, index=True),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("given", sa.Boolean, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("by", sa.String(100), nullable=False),
    sqlite_autoincrement=True,
)

vehicle_table = sa.Table(
    "member_vehicle",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("member_id", sa.String(36), nullable=False, index=True),
    sa.Column("plate", PlateText, nullable=False, index=True),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("proof", sa.String(8), nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("active_at", UtcDateTime),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("reason", sa.String(64), nullable=False),
)
_active = vehicle_table.c.state == sa.literal_column(f"'{VehicleState.ACTIVE}'")
_standing = vehicle_table.c.state != sa.literal_column(f"'{VehicleState.ENDED}'")
sa.Index("one_holder_per_plate", vehicle_table.c.plate, unique=True, sqlite_where=_active, postgresql_where=_active)
sa.Index(
    "one_claim_per_member",
    vehicle_table.c.member_id,
    vehicle_table.c.plate,
    unique=True,
    sqlite_where=_standing,
    postgresql_where=_standing,
)

notice_table = sa.Table(
    "member_notice",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("member_id", sa.String(36), nullable=False, index=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("about", sa.String(36), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

level_table = sa.Table(
    "member_level",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Column("zh", sa.String(60), nullable=False),
    sa.Column("en", sa.String(60), nullable=False),
    sa.Column("from_points", sa.Integer, nullable=False),
    sa.Column("benefits", Json, nullable=False),
)

lot_table = sa.Table(  # points that were earned together end together
    "points_lot",
    metadata,
    sa.Column("reference", sa.String(96), primary_key=True),
    sa.Column("member_id", sa.String(36), nullable=False, index=True),
    sa.Column("earned", sa.Integer, nullable=False),
    sa.Column("left", sa.Integer, nullable=False),
    sa.Column("earned_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
    sa.CheckConstraint('"left" >= 0 AND "left" <= earned', name="never_below_zero"),
)

receipt_table = sa.Table(  # a purchase counts once, whoever tells of it how often
    "member_receipt",
    metadata,
    sa.Column("merchant_id", sa.String(64), primary_key=True),
    sa.Column("receipt", sa.String(64), primary_key=True),
    sa.Column("member_id", sa.String(36), index=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("reversed_at", UtcDateTime),
)

tombstone_table = sa.Table(  # of this plate nothing from before `until` is kept, whenever it may arrive
    "member_tombstone",
    metadata,
    sa.Column("plate_hash", sa.String(64), primary_key=True),
    sa.Column("until", UtcDateTime, nullable=False),
)
