"""What lanes told of each visit, and indexes by which a stay's story is found.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from parking.plumbing import column_types

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """One table, three indexes."""
    op.create_table(
        "visit_note",
        sa.Column("event_id", sa.String(64), nullable=False),
        sa.Column("visit_id", sa.String(36), nullable=False),
        sa.Column("at", column_types.UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("lane_id", sa.String(64), nullable=False),
        sa.Column("plate", column_types.PlateText(), nullable=True),
        sa.Column("said", column_types.Json(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_visit_note")),
    )
    op.create_index(op.f("ix_visit_note_visit_id"), "visit_note", ["visit_id"])
    op.create_index("visit_note_by_lane", "visit_note", ["lane_id", "at"])
    op.create_index("review_case_by_stay", "review_case", ["stay_id"])
    op.create_index("review_case_by_visit", "review_case", ["visit_id"])
    op.create_index("security_audit_by_subject", "security_audit", ["subject"])


def downgrade() -> None:
    """What `upgrade` made."""
    op.drop_index("security_audit_by_subject", table_name="security_audit")
    op.drop_index("review_case_by_visit", table_name="review_case")
    op.drop_index("review_case_by_stay", table_name="review_case")
    op.drop_table("visit_note")
