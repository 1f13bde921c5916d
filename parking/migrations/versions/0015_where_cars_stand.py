"""Where cars stand, as far as somebody saw it.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from parking.plumbing import column_types
revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table."""
    op.create_table('car_place',
    sa.Column('stay_id', sa.String(length=36), nullable=False),
    sa.Column('source', sa.String(length=12), nullable=False),
    sa.Column('zone_id', sa.String(length=64), nullable=False),
    sa.Column('bay_id', sa.String(length=64), nullable=True),
    sa.Column('pillar_id', sa.String(length=64), nullable=True),
    sa.Column('at', column_types.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('stay_id', 'source', name=op.f('pk_car_place'))
    )
    with op.batch_alter_table('car_place', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_car_place_bay_id'), ['bay_id'], unique=False)


def downgrade() -> None:
    """What `upgrade` made."""
    with op.batch_alter_table('car_place', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_car_place_bay_id'))

    op.drop_table('car_place')
