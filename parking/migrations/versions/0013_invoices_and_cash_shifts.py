"""E-invoices with their documents, and the shifts of cash desks.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from parking.plumbing import column_types

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """New tables."""
    op.create_table(
        "blob",
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("kept_at", column_types.UtcDateTime(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_blob")),
    )
    op.create_table(
        "invoice",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("colour", sa.String(length=4), nullable=False),
        sa.Column("order_no", sa.String(length=20), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("tax_rate", sa.Integer(), nullable=False),
        sa.Column("buyer_kind", sa.String(length=8), nullable=False),
        sa.Column("buyer_name", sa.String(length=100), nullable=False),
        sa.Column("buyer_tax_number", sa.String(length=20), nullable=True),
        sa.Column("blue_id", sa.String(length=36), nullable=True),
        sa.Column("refund_id", sa.String(length=36), nullable=True),
        sa.Column("asked_by", sa.String(length=100), nullable=False),
        sa.Column("asked_at", column_types.UtcDateTime(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("fiscal_number", sa.String(length=20), nullable=True),
        sa.Column("issued_at", column_types.UtcDateTime(), nullable=True),
        sa.Column("trouble", sa.String(length=20), nullable=True),
        sa.Column("detail", sa.String(length=200), nullable=True),
        sa.Column("has_pdf", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("fiscal_number", name=op.f("uq_invoice_fiscal_number")),
        sa.UniqueConstraint("key", name=op.f("uq_invoice_key")),
        sa.UniqueConstraint("order_no", name=op.f("uq_invoice_order_no")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_invoice_refund_id")),
    )
    op.create_index(op.f("ix_invoice_blue_id"), "invoice", ["blue_id"], unique=False)
    op.create_index(op.f("ix_invoice_state"), "invoice", ["state"], unique=False)
    op.create_table(
        "invoice_bill",
        sa.Column("invoice_id", sa.String(length=36), nullable=False),
        sa.Column("payment_id", sa.String(length=36), nullable=False),
        sa.Column("stay_id", sa.String(length=36), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("invoice_id", "payment_id", name=op.f("pk_invoice_bill")),
    )
    op.create_index(op.f("ix_invoice_bill_stay_id"), "invoice_bill", ["stay_id"], unique=False)
    op.create_index(
        "one_invoice_per_payment",
        "invoice_bill",
        ["payment_id"],
        unique=True,
        sqlite_where=sa.text("stands = true"),
        postgresql_where=sa.text("stands = true"),
    )
    op.create_table(
        "cash_shift",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("till", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("opened_by", sa.String(length=64), nullable=False),
        sa.Column("opened_at", column_types.UtcDateTime(), nullable=False),
        sa.Column("opening", sa.BigInteger(), nullable=False),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("closed_at", column_types.UtcDateTime(), nullable=True),
        sa.Column("closing", sa.BigInteger(), nullable=True),
        sa.Column("expected", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_shift")),
        sa.UniqueConstraint("key", name=op.f("uq_cash_shift_key")),
    )
    op.create_index(op.f("ix_cash_shift_till"), "cash_shift", ["till"], unique=False)
    op.create_index(
        "one_open_shift_per_till",
        "cash_shift",
        ["till"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "cash_move",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("shift_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", column_types.UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_move")),
        sa.UniqueConstraint("kind", "number", name=op.f("uq_cash_move_kind_number")),
    )
    op.create_index(op.f("ix_cash_move_shift_id"), "cash_move", ["shift_id"], unique=False)
    op.create_table(
        "cash_count",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("shift_id", sa.String(length=36), nullable=False),
        sa.Column("at", column_types.UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("counts", column_types.Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_count")),
    )
    op.create_index(op.f("ix_cash_count_shift_id"), "cash_count", ["shift_id"], unique=False)
    op.create_table(
        "cash_order",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("about", sa.String(length=32), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("shift_id", sa.String(length=36), nullable=True),
        sa.Column("tendered", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", column_types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_cash_order")),
    )


def downgrade() -> None:
    """What `upgrade` made."""
    op.drop_table("cash_order")
    op.drop_table("cash_count")
    op.drop_table("cash_move")
    op.drop_table("cash_shift")
    op.drop_table("invoice_bill")
    op.drop_table("invoice")
    op.drop_table("blob")
