"""Agreements to pay afterwards, credit set aside for stays, promises of lanes, and the debts that come of them.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from parking.plumbing import column_types

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


_LIVE = "state IN ('NEW', 'SENT', 'PENDING')"
_LIVE_NOW = "state IN ('NEW', 'SENT', 'ACCEPTED', 'PENDING')"


def _one_live_payment(before: str, after: str) -> None:
    op.drop_index(
        "one_live_payment_per_stay", "payment", sqlite_where=sa.text(before), postgresql_where=sa.text(before)
    )
    op.create_index(
        "one_live_payment_per_stay",
        "payment",
        ["stay_id"],
        unique=True,
        sqlite_where=sa.text(after),
        postgresql_where=sa.text(after),
    )


def upgrade() -> None:
    """Four tables; a charge that a provider has accepted is live, too."""
    _one_live_payment(_LIVE, _LIVE_NOW)
    op.create_table(
        "pay_agreement",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("plate", column_types.PlateText(), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("reference", sa.String(128), nullable=False),
        sa.Column("per_stay_minor", sa.BigInteger(), nullable=False),
        sa.Column("at_once_minor", sa.BigInteger(), nullable=False),
        sa.Column("per_day_minor", sa.BigInteger(), nullable=False),
        sa.Column("since", column_types.UtcDateTime(), nullable=False),
        sa.Column("ended_at", column_types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_agreement")),
    )
    op.create_index(
        "one_agreement_per_plate",
        "pay_agreement",
        ["plate"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "credit_set_aside",
        sa.Column("stay_id", sa.String(36), nullable=False),
        sa.Column("agreement_id", sa.String(36), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stay_id", name=op.f("pk_credit_set_aside")),
    )
    op.create_index(op.f("ix_credit_set_aside_agreement_id"), "credit_set_aside", ["agreement_id"])
    op.create_table(
        "exit_promise",
        sa.Column("token", sa.String(36), nullable=False),
        sa.Column("visit_id", sa.String(36), nullable=False),
        sa.Column("stay_id", sa.String(36), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("limit", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("promised_at", column_types.UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_exit_promise")),
    )
    op.create_index(op.f("ix_exit_promise_visit_id"), "exit_promise", ["visit_id"])
    op.create_index(op.f("ix_exit_promise_stay_id"), "exit_promise", ["stay_id"])
    op.create_table(
        "debt",
        sa.Column("stay_id", sa.String(36), nullable=False),
        sa.Column("plate", column_types.PlateText(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("since", column_types.UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("agreement_id", sa.String(36), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", column_types.UtcDateTime(), nullable=True),
        sa.Column("reminded", sa.Integer(), server_default="0", nullable=False),
        sa.Column("blocked_at", column_types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("stay_id", name=op.f("pk_debt")),
    )
    op.create_index(op.f("ix_debt_plate"), "debt", ["plate"])
    op.create_index(op.f("ix_debt_state"), "debt", ["state"])
    op.create_index(op.f("ix_debt_agreement_id"), "debt", ["agreement_id"])


def downgrade() -> None:
    """What `upgrade` made."""
    _one_live_payment(_LIVE_NOW, _LIVE)
    for table in ("debt", "exit_promise", "credit_set_aside", "pay_agreement"):
        op.drop_table(table)
