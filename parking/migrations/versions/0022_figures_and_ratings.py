"""Figures of the site, and what drivers think of their stays.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from parking.plumbing import column_types
revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Eight tables; `parking figures rebuild` fills them from what was kept before."""
    op.create_table('figure_flow',
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('hour', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('lane_id', sa.String(length=64), nullable=False),
    sa.Column('lot_id', sa.String(length=64), nullable=False),
    sa.Column('class', sa.String(length=24), nullable=False),
    sa.Column('entered', sa.BigInteger(), nullable=False),
    sa.Column('gone', sa.BigInteger(), nullable=False),
    sa.Column('found', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('day', 'hour', 'lane_id', 'lot_id', 'class', name=op.f('pk_figure_flow'))
    )
    op.create_table('figure_dwell',
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('hour', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('lane_id', sa.String(length=64), nullable=False),
    sa.Column('lot_id', sa.String(length=64), nullable=False),
    sa.Column('class', sa.String(length=24), nullable=False),
    sa.Column('minutes', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('stays', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('day', 'hour', 'lane_id', 'lot_id', 'class', 'minutes', name=op.f('pk_figure_dwell'))
    )
    op.create_table('figure_occupancy',
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('hour', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('zone_id', sa.String(length=64), nullable=False),
    sa.Column('occupied_s', sa.BigInteger(), nullable=False),
    sa.Column('known_s', sa.BigInteger(), nullable=False),
    sa.Column('unknown_s', sa.BigInteger(), nullable=False),
    sa.Column('capacity_s', sa.BigInteger(), nullable=False),
    sa.Column('peak', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('day', 'hour', 'zone_id', name=op.f('pk_figure_occupancy'))
    )
    op.create_table('figure_zone',
    sa.Column('zone_id', sa.String(length=64), nullable=False),
    sa.Column('at', column_types.UtcDateTime(), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=False),
    sa.Column('occupied', sa.Integer(), nullable=False),
    sa.Column('known', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('zone_id', name=op.f('pk_figure_zone'))
    )
    op.create_table('figure_money',
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('hour', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('lane_id', sa.String(length=64), nullable=False),
    sa.Column('lot_id', sa.String(length=64), nullable=False),
    sa.Column('class', sa.String(length=24), nullable=False),
    sa.Column('channel', sa.String(length=64), nullable=False),
    sa.Column('unit', sa.String(length=3), nullable=False),
    sa.Column('due', sa.BigInteger(), nullable=False),
    sa.Column('captured', sa.BigInteger(), nullable=False),
    sa.Column('refunded', sa.BigInteger(), nullable=False),
    sa.Column('coupon', sa.BigInteger(), nullable=False),
    sa.Column('waived', sa.BigInteger(), nullable=False),
    sa.Column('debt', sa.BigInteger(), nullable=False),
    sa.Column('overpaid', sa.BigInteger(), nullable=False),
    sa.Column('prepaid', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('day', 'hour', 'lane_id', 'lot_id', 'class', 'channel', 'unit', name=op.f('pk_figure_money'))
    )
    op.create_table('figure_stay',
    sa.Column('stay_id', sa.String(length=36), nullable=False),
    sa.Column('lane_id', sa.String(length=64), nullable=False),
    sa.Column('lot_id', sa.String(length=64), nullable=False),
    sa.Column('class', sa.String(length=24), nullable=False),
    sa.Column('day', sa.String(length=10), nullable=True),
    sa.Column('hour', sa.Integer(), nullable=True),
    sa.Column('minutes', sa.Integer(), nullable=True),
    sa.Column('found', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('stay_id', name=op.f('pk_figure_stay'))
    )
    op.create_table('figure_head',
    sa.Column('one', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('ledger_seq', sa.BigInteger(), nullable=False),
    sa.Column('fed_at', column_types.UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('one', name=op.f('pk_figure_head'))
    )
    op.create_table('rating',
    sa.Column('stay_id', sa.String(length=36), nullable=False),
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('lane_id', sa.String(length=64), nullable=False),
    sa.Column('score', sa.Integer(), nullable=False),
    sa.Column('words', sa.String(length=300), nullable=False),
    sa.Column('at', column_types.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('stay_id', name=op.f('pk_rating'))
    )
    with op.batch_alter_table('rating', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_rating_day'), ['day'], unique=False)



def downgrade() -> None:
    """What `upgrade` made."""
    with op.batch_alter_table('rating', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_rating_day'))

    op.drop_table('rating')
    op.drop_table('figure_head')
    op.drop_table('figure_stay')
    op.drop_table('figure_money')
    op.drop_table('figure_zone')
    op.drop_table('figure_occupancy')
    op.drop_table('figure_dwell')
    op.drop_table('figure_flow')
