"""Exits that were told before their entries, because a gate box was cut off, are looked at again when it has told all.

Revision ID: 0033
Revises: 0032
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Exits of before wait for nothing, and were let out by somebody."""
    with op.batch_alter_table("unmatched_exit") as changed:
        changed.add_column(sa.Column("named", sa.String(36), nullable=True))
        changed.add_column(sa.Column("right", sa.String(80), nullable=True))
        changed.add_column(sa.Column("authorised", sa.Boolean(), nullable=False, server_default=sa.true()))
        changed.add_column(sa.Column("awaits", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "unmatched_exit_awaiting",
        "unmatched_exit",
        ["exited_at"],
        unique=False,
        sqlite_where=sa.text("awaits"),
        postgresql_where=sa.text("awaits"),
    )


def downgrade() -> None:
    op.drop_index("unmatched_exit_awaiting", table_name="unmatched_exit")
    with op.batch_alter_table("unmatched_exit") as changed:
        for name in ("awaits", "authorised", "right", "named"):
            changed.drop_column(name)
