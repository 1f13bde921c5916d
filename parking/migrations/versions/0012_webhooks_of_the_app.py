"""Where the mall's app is told, and what it has told us already.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from parking.plumbing import column_types
revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables."""
    op.create_table('app_hook',
    sa.Column('app', sa.String(length=64), nullable=False),
    sa.Column('url', sa.String(length=500), nullable=False),
    sa.PrimaryKeyConstraint('app', name=op.f('pk_app_hook'))
    )
    op.create_table('app_hook_seen',
    sa.Column('app', sa.String(length=64), nullable=False),
    sa.Column('webhook_id', sa.String(length=64), nullable=False),
    sa.Column('at', column_types.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('app', 'webhook_id', name=op.f('pk_app_hook_seen'))
    )
    with op.batch_alter_table('app_hook_seen', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_app_hook_seen_at'), ['at'], unique=False)



def downgrade() -> None:
    """What `upgrade` made."""
    with op.batch_alter_table('app_hook_seen', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_app_hook_seen_at'))

    op.drop_table('app_hook_seen')
    op.drop_table('app_hook')
