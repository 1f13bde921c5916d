"""What lanes told of each visit keeps the spellings that the pictures left open.

Revision ID: 0029
Revises: 0028
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column; what was told before has no spellings but its plate."""
    op.add_column('visit_note', sa.Column('votes', sa.String(200), nullable=True))


def downgrade() -> None:
    op.drop_column('visit_note', 'votes')
