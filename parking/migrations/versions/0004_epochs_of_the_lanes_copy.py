"""Which past the lanes' copy counts its versions in, how far deletions have been forgotten, and an index of what boxes said.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from parking.plumbing import column_types

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Four tables and an index."""
    op.create_table(
        "copy_epoch",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("epoch", sa.String(36), nullable=False),
        sa.Column("first_version", sa.BigInteger(), nullable=False),
        sa.Column("began_at", column_types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_copy_epoch")),
        sa.UniqueConstraint("epoch", name=op.f("uq_copy_epoch_epoch")),
    )
    op.create_table(
        "copy_floor",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("purged", sa.BigInteger(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.Column("next_at", column_types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_copy_floor")),
    )
    op.create_table(
        "edge_frontier",
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("epoch", sa.String(36), nullable=False),
        sa.Column("until", column_types.UtcDateTime(), nullable=False),
        sa.Column("heard_at", column_types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "epoch", name=op.f("pk_edge_frontier")),
    )
    op.create_table(
        "edge_held",
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("epoch", sa.String(36), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("due", column_types.UtcDateTime(), nullable=False),
        sa.Column("since", column_types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "epoch", "seq", name=op.f("pk_edge_held")),
    )
    op.create_index("edge_held_by_time", "edge_held", ["due"])
    op.create_index("edge_event_by_time", "edge_event", ["received_at"])


def downgrade() -> None:
    """What `upgrade` made."""
    op.drop_index("edge_event_by_time", table_name="edge_event")
    op.drop_index("edge_held_by_time", table_name="edge_held")
    op.drop_table("edge_held")
    op.drop_table("edge_frontier")
    op.drop_table("copy_floor")
    op.drop_table("copy_epoch")
