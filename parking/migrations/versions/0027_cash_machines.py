"""Cash machines: how far an acceptor was followed, conversations, payouts of coins.

Revision ID: 0027
Revises: 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from parking.plumbing import column_types
revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None

_ALIVE = sa.text("state IN ('open', 'ending', 'giving')")


def upgrade() -> None:
    """Three tables, empty."""
    op.create_table('cash_acceptor',
    sa.Column('till', sa.String(length=32), nullable=False),
    sa.Column('seen', sa.Integer(), nullable=False),
    sa.Column('holds', sa.Boolean(), nullable=False),
    sa.Column('held', sa.BigInteger(), nullable=False),
    sa.Column('wish', sa.String(length=8), nullable=False),
    sa.Column('wished_at', column_types.UtcDateTime(), nullable=True),
    sa.Column('trouble', sa.String(length=8), nullable=False),
    sa.PrimaryKeyConstraint('till', name=op.f('pk_cash_acceptor'))
    )
    op.create_table('cash_session',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('till', sa.String(length=32), nullable=False),
    sa.Column('stay_id', sa.String(length=36), nullable=False),
    sa.Column('payment_id', sa.String(length=36), nullable=False),
    sa.Column('due', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('begun_at', column_types.UtcDateTime(), nullable=False),
    sa.Column('expires_at', column_types.UtcDateTime(), nullable=False),
    sa.Column('why', sa.String(length=12), nullable=True),
    sa.Column('stored', sa.BigInteger(), nullable=False),
    sa.Column('to_give', sa.BigInteger(), nullable=False),
    sa.Column('given', sa.BigInteger(), nullable=False),
    sa.Column('slip', sa.String(length=16), nullable=True),
    sa.Column('ended_at', column_types.UtcDateTime(), nullable=True),
    sa.Column('handed_at', column_types.UtcDateTime(), nullable=True),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cash_session')),
    sa.UniqueConstraint('slip', name=op.f('uq_cash_session_slip')),
    sa.UniqueConstraint('key', name=op.f('uq_cash_session_key'))
    )
    op.create_index('one_session_per_till', 'cash_session', ['till'], unique=True, sqlite_where=_ALIVE, postgresql_where=_ALIVE)
    op.create_table('cash_payout',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('session_id', sa.String(length=36), nullable=False),
    sa.Column('till', sa.String(length=32), nullable=False),
    sa.Column('coin', sa.BigInteger(), nullable=False),
    sa.Column('wanted', sa.Integer(), nullable=False),
    sa.Column('given', sa.Integer(), nullable=True),
    sa.Column('unknown', sa.Boolean(), nullable=False),
    sa.Column('mark', sa.BigInteger(), nullable=False),
    sa.Column('at', column_types.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cash_payout'))
    )
    op.create_index(op.f('ix_cash_payout_session_id'), 'cash_payout', ['session_id'])
    op.create_index(op.f('ix_cash_payout_till'), 'cash_payout', ['till'])


def downgrade() -> None:
    op.drop_table('cash_payout')
    op.drop_table('cash_session')
    op.drop_table('cash_acceptor')
