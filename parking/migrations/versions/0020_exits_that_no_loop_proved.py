"""Exits that a person opened and that no loop proved.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """A new column; every exit that is kept so far was proved."""
    with op.batch_alter_table("unmatched_exit") as changed:
        changed.add_column(sa.Column("counted", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """What `upgrade` made."""
    with op.batch_alter_table("unmatched_exit") as changed:
        changed.drop_column("counted")
