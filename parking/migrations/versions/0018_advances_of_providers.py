"""What providers have advanced for drivers, and what was paid back to them.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from parking.plumbing import column_types

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """New tables."""
    op.create_table(
        "payment_advance",
        sa.Column("payment_id", sa.String(length=36), nullable=False),
        sa.Column("advanced_at", column_types.UtcDateTime(), nullable=False),
        sa.Column("repaid_at", column_types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_payment_advance")),
    )


def downgrade() -> None:
    """What `upgrade` made."""
    op.drop_table("payment_advance")
