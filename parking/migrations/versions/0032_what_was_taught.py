"""Whether other lessons count than before is one row to read.

Revision ID: 0032
Revises: 0031
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table of one row, empty until the next change."""
    op.create_table(
        'desk_teaching',
        sa.Column('one', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('last_change', sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint('one', name=op.f('pk_desk_teaching')),
    )


def downgrade() -> None:
    op.drop_table('desk_teaching')
