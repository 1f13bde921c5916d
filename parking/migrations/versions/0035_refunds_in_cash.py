"""What its own channel does not give back can be handed out in cash.

Revision ID: 0035
Revises: 0034
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
revision = '0035'
down_revision = '0034'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column: through which channel it goes back, where that is not the payment's own."""
    op.add_column('refund', sa.Column('channel', sa.String(32), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('refund') as batch_op:
        batch_op.drop_column('channel')
