"""Cash machines in several server processes: since when an acceptor is away, when a conversation's page last asked.

Revision ID: 0028
Revises: 0027
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from parking.plumbing import column_types
revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns, empty."""
    op.add_column('cash_acceptor', sa.Column('away_since', column_types.UtcDateTime(), nullable=True))
    op.add_column('cash_session', sa.Column('watched_at', column_types.UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column('cash_session', 'watched_at')
    op.drop_column('cash_acceptor', 'away_since')
