"""What providers that charge by plate were told of a stay.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from parking.plumbing import column_types

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """New tables."""
    op.create_table(
        "parking_notice",
        sa.Column("stay_id", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("plate", column_types.PlateText(), nullable=True),
        sa.Column("colour", sa.String(length=10), nullable=False),
        sa.Column("entered_at", column_types.UtcDateTime(), nullable=False),
        sa.Column("left_at", column_types.UtcDateTime(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=True),
        sa.Column("standing", sa.String(length=12), nullable=True),
        sa.Column("standing_at", column_types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("stay_id", "channel", name=op.f("pk_parking_notice")),
        sa.UniqueConstraint("number", name=op.f("uq_parking_notice_number")),
    )


def downgrade() -> None:
    """What `upgrade` made."""
    op.drop_table("parking_notice")
