"""What is seen of bays, and counters that disagree with it.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from parking.plumbing import column_types
revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables."""
    op.create_table('guidance_bay',
    sa.Column('bay_id', sa.String(length=64), nullable=False),
    sa.Column('zone_id', sa.String(length=64), nullable=False),
    sa.Column('occupied', sa.Boolean(), nullable=True),
    sa.Column('since', column_types.UtcDateTime(), nullable=True),
    sa.Column('heard_at', column_types.UtcDateTime(), nullable=True),
    sa.Column('changes', column_types.Json(), nullable=False),
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('clock_off', sa.Boolean(), nullable=False),
    sa.Column('told', sa.String(length=8), nullable=False),
    sa.Column('coned_off', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('bay_id', name=op.f('pk_guidance_bay'))
    )
    with op.batch_alter_table('guidance_bay', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_guidance_bay_zone_id'), ['zone_id'], unique=False)

    op.create_table('guidance_doubt',
    sa.Column('zone_id', sa.String(length=64), nullable=False),
    sa.Column('since', column_types.UtcDateTime(), nullable=False),
    sa.Column('bays', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('zone_id', name=op.f('pk_guidance_doubt'))
    )


def downgrade() -> None:
    """What `upgrade` made."""
    op.drop_table('guidance_doubt')
    with op.batch_alter_table('guidance_bay', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_guidance_bay_zone_id'))

    op.drop_table('guidance_bay')
