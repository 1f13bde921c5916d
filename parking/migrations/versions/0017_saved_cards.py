"""Cards that drivers let be charged later, by the providers' names for them.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from parking.plumbing import column_types

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """New tables."""
    op.create_table(
        "card_saving",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("stay_id", sa.String(length=36), nullable=False),
        sa.Column("plate", column_types.PlateText(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.Column("page_url", sa.String(length=2000), nullable=True),
        sa.Column("begun_at", column_types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_saving")),
        sa.UniqueConstraint("key", name=op.f("uq_card_saving_key")),
        sa.UniqueConstraint("number", name=op.f("uq_card_saving_number")),
    )
    op.create_index(op.f("ix_card_saving_stay_id"), "card_saving", ["stay_id"], unique=False)


def downgrade() -> None:
    """What `upgrade` made."""
    op.drop_table("card_saving")
