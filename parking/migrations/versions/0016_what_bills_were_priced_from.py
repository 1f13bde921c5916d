"""Where a stay stood and by which right, and what a bill was priced from.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from parking.plumbing import column_types
revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table and a column; a bill from before has no facts and is explained by its plate's word alone."""
    op.create_table('stay_place',
    sa.Column('stay_id', sa.String(length=36), nullable=False),
    sa.Column('since', column_types.UtcDateTime(), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('lot_id', sa.String(length=64), nullable=True),
    sa.Column('bay_id', sa.String(length=64), nullable=True),
    sa.Column('right', sa.String(length=80), nullable=True),
    sa.PrimaryKeyConstraint('stay_id', 'since', 'kind', name=op.f('pk_stay_place'))
    )
    with op.batch_alter_table('bill', schema=None) as batch_op:
        batch_op.add_column(sa.Column('facts', column_types.Json(), nullable=True))


def downgrade() -> None:
    """What `upgrade` made."""
    with op.batch_alter_table('bill', schema=None) as batch_op:
        batch_op.drop_column('facts')

    op.drop_table('stay_place')
