"""Tariffs that one person proposes and another approves.

Revision ID: 0024
Revises: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from parking.plumbing import column_types
revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table, empty: what holds comes from files until something is published."""
    op.create_table('tariff_proposal',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('version', sa.String(length=32), nullable=False),
    sa.Column('source', sa.Text(), nullable=True),
    sa.Column('last_day', sa.String(length=10), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('proposed_by', sa.String(length=64), nullable=False),
    sa.Column('proposed_at', column_types.UtcDateTime(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('decided_by', sa.String(length=64), nullable=True),
    sa.Column('decided_at', column_types.UtcDateTime(), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tariff_proposal'))
    )
    op.create_index(op.f('ix_tariff_proposal_state'), 'tariff_proposal', ['state'])


def downgrade() -> None:
    op.drop_table('tariff_proposal')
