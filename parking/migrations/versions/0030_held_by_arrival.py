"""What waits for other boxes is found by when it arrived.

Revision ID: 0030
Revises: 0029
"""

from __future__ import annotations

from alembic import op
revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One index: after an outage, who has waited too long was looked for in all that waits, at every batch."""
    op.create_index('edge_held_by_arrival', 'edge_held', ['since'], unique=False)


def downgrade() -> None:
    op.drop_index('edge_held_by_arrival', table_name='edge_held')
