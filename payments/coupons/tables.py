"""The tables of coupons. The database itself refuses a second live use of a coupon, one more than a budget or a limit allows,
and a second coupon for one origin."""

from __future__ import annotations

import sqlalchemy as sa

from parking.plumbing.column_types import Json, PlateText, UtcDateTime
from parking.plumbing.db import metadata
from payments.coupons.model import UseState

campaign_table = sa.Table(
    "coupon_campaign",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("issuer", sa.String(64), nullable=False, index=True),
    sa.Column("source", sa.String(16), nullable=False),
    sa.Column("zh", sa.String(60), nullable=False),
    sa.Column("en", sa.String(60), nullable=False),
    sa.Column("effect", Json, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("bound", sa.String(8), nullable=False),
    sa.Column("valid_from", UtcDateTime, nullable=False),
    sa.Column("valid_until", UtcDateTime, nullable=False),
    sa.Column("valid_days", sa.Integer),
    sa.Column("alone", sa.Boolean, nullable=False),
    sa.Column("group", sa.String(32), nullable=False),
    sa.Column("budget", sa.Integer),
    sa.Column("budget_minor", sa.BigInteger),
    sa.Column("per_holder", sa.Integer),
    sa.Column("per_day", sa.Integer),
    sa.Column("points", sa.Integer),
    sa.Column("receipt_minor", sa.BigInteger),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("issued", sa.Integer, nullable=False, server_default="0"),
    sa.Column("spent_minor", sa.BigInteger, nullable=False, server_default="0"),
    sa.CheckConstraint("budget IS NULL OR issued <= budget", name="within_budget"),
    sa.CheckConstraint(
        "spent_minor >= 0 AND (budget_minor IS NULL OR spent_minor <= budget_minor)", name="within_money"
    ),
)

coupon_table = sa.Table(
    "coupon",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("campaign_id", sa.String(64), sa.ForeignKey("coupon_campaign.id"), nullable=False),
    sa.Column("origin", sa.String(128), nullable=False),
    sa.Column("bound", sa.String(8), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("issued_at", UtcDateTime, nullable=False),
    sa.Column("valid_from", UtcDateTime, nullable=False),
    sa.Column("valid_until", UtcDateTime, nullable=False),
    sa.Column("member_id", sa.String(36), index=True),
    sa.Column("plate", PlateText, index=True),
    sa.UniqueConstraint("campaign_id", "origin"),
)
sa.Index("coupon_by_state", coupon_table.c.state, coupon_table.c.valid_until)

use_table = sa.Table(
    "coupon_use",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("coupon_id", sa.String(36), sa.ForeignKey("coupon.id"), nullable=True),
    sa.Column("offer_key", sa.String(96), nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("zh", sa.String(60), nullable=False),
    sa.Column("en", sa.String(60), nullable=False),
    sa.Column("effect", Json, nullable=False),
    sa.Column("issuer", sa.String(64), nullable=False),
    sa.Column("campaign", sa.String(64), nullable=False),
    sa.Column("stay_id", sa.String(36), nullable=False, index=True),
    sa.Column("payment_id", sa.String(36), nullable=True, index=True),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime, nullable=True),
    sa.CheckConstraint("amount >= 0", name="takes_nothing_more"),
)
sa.Index("coupon_use_by_issuer", use_table.c.issuer, use_table.c.ended_at)
_counts = use_table.c.state.in_([sa.literal_column(f"'{state}'") for state in (UseState.RESERVED, UseState.REDEEMED)])
sa.Index("one_use_per_coupon", use_table.c.coupon_id, unique=True, sqlite_where=_counts, postgresql_where=_counts)

slot_table = sa.Table(  # a limit of n has the slots 1 to n, and a slot is taken once
    "coupon_slot",
    metadata,
    sa.Column("limit_key", sa.String(128), primary_key=True),
    sa.Column("day", sa.String(10), primary_key=True),  # at the site; empty: a limit without days
    sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("taken_by", sa.String(36), nullable=False, index=True),
)

shown_table = sa.Table(  # a bearer's coupon was shown for a stay; using it is another matter
    "coupon_shown",
    metadata,
    sa.Column("stay_id", sa.String(36), primary_key=True),
    sa.Column("coupon_id", sa.String(36), sa.ForeignKey("coupon.id"), primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
)

merchant_table = sa.Table(
    "coupon_merchant",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("points_per_unit", sa.Integer, nullable=False),  # points for each whole unit of the currency
    sa.Column("enabled", sa.Boolean, nullable=False),
)

till_table = sa.Table(
    "coupon_till",
    metadata,
    sa.Column("device_id", sa.String(64), primary_key=True),
    sa.Column("merchant_id", sa.String(64), sa.ForeignKey("coupon_merchant.id"), nullable=False),
)
