"""Whose each case is, what people decided about it, and what that taught.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from parking.plumbing import column_types

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Three tables."""
    op.create_table(
        "desk_hand",
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("lease_until", column_types.UtcDateTime(), nullable=True),
        sa.Column("wait_until", column_types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_desk_hand")),
    )
    op.create_table(
        "desk_decision",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("stay_id", sa.String(36), nullable=True),
        sa.Column("choice", sa.String(16), nullable=False),
        sa.Column("chosen", sa.String(36), nullable=True),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("before", column_types.Json(), nullable=False),
        sa.Column("after", column_types.Json(), nullable=False),
        sa.Column("evidence", column_types.Json(), nullable=False),
        sa.Column("corrections", column_types.Json(), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("decided_at", column_types.UtcDateTime(), nullable=False),
        sa.Column("undone_by", sa.String(64), nullable=False),
        sa.Column("undone_at", column_types.UtcDateTime(), nullable=True),
        sa.Column("undo_reason", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_decision")),
    )
    op.create_index(op.f("ix_desk_decision_case_id"), "desk_decision", ["case_id"])
    op.create_index(op.f("ix_desk_decision_stay_id"), "desk_decision", ["stay_id"])
    op.create_table(
        "desk_lesson",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("decision_id", sa.String(36), nullable=False),
        sa.Column("read_plate", column_types.PlateText(), nullable=False),
        sa.Column("true_plate", column_types.PlateText(), nullable=False),
        sa.Column("learned_at", column_types.UtcDateTime(), nullable=False),
        sa.Column("taught_by", sa.String(64), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("switched_by", sa.String(64), nullable=False),
        sa.Column("switched_at", column_types.UtcDateTime(), nullable=True),
        sa.Column("switch_reason", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_lesson")),
    )
    op.create_index(op.f("ix_desk_lesson_decision_id"), "desk_lesson", ["decision_id"])


def downgrade() -> None:
    """What `upgrade` made."""
    op.drop_table("desk_lesson")
    op.drop_table("desk_decision")
    op.drop_table("desk_hand")
