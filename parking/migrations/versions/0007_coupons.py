"""Coupons: campaigns, coupons, their uses, limits as slots, merchants and their tills.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from parking.plumbing import column_types
revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Seven tables."""
    op.create_table('coupon_campaign',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('issuer', sa.String(length=64), nullable=False),
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('zh', sa.String(length=60), nullable=False),
    sa.Column('en', sa.String(length=60), nullable=False),
    sa.Column('effect', column_types.Json(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('bound', sa.String(length=8), nullable=False),
    sa.Column('valid_from', column_types.UtcDateTime(), nullable=False),
    sa.Column('valid_until', column_types.UtcDateTime(), nullable=False),
    sa.Column('valid_days', sa.Integer(), nullable=True),
    sa.Column('alone', sa.Boolean(), nullable=False),
    sa.Column('group', sa.String(length=32), nullable=False),
    sa.Column('budget', sa.Integer(), nullable=True),
    sa.Column('budget_minor', sa.BigInteger(), nullable=True),
    sa.Column('per_holder', sa.Integer(), nullable=True),
    sa.Column('per_day', sa.Integer(), nullable=True),
    sa.Column('points', sa.Integer(), nullable=True),
    sa.Column('receipt_minor', sa.BigInteger(), nullable=True),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('issued', sa.Integer(), server_default='0', nullable=False),
    sa.Column('spent_minor', sa.BigInteger(), server_default='0', nullable=False),
    sa.CheckConstraint('budget IS NULL OR issued <= budget', name=op.f('ck_coupon_campaign_within_budget')),
    sa.CheckConstraint('spent_minor >= 0 AND (budget_minor IS NULL OR spent_minor <= budget_minor)', name=op.f('ck_coupon_campaign_within_money')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coupon_campaign'))
    )
    with op.batch_alter_table('coupon_campaign', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_coupon_campaign_issuer'), ['issuer'], unique=False)

    op.create_table('coupon_merchant',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('points_per_unit', sa.Integer(), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coupon_merchant'))
    )
    op.create_table('coupon_slot',
    sa.Column('limit_key', sa.String(length=128), nullable=False),
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('slot', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('taken_by', sa.String(length=36), nullable=False),
    sa.PrimaryKeyConstraint('limit_key', 'day', 'slot', name=op.f('pk_coupon_slot'))
    )
    with op.batch_alter_table('coupon_slot', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_coupon_slot_taken_by'), ['taken_by'], unique=False)

    op.create_table('coupon',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('campaign_id', sa.String(length=64), nullable=False),
    sa.Column('origin', sa.String(length=128), nullable=False),
    sa.Column('bound', sa.String(length=8), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('issued_at', column_types.UtcDateTime(), nullable=False),
    sa.Column('valid_from', column_types.UtcDateTime(), nullable=False),
    sa.Column('valid_until', column_types.UtcDateTime(), nullable=False),
    sa.Column('member_id', sa.String(length=36), nullable=True),
    sa.Column('plate', column_types.PlateText(), nullable=True),
    sa.ForeignKeyConstraint(['campaign_id'], ['coupon_campaign.id'], name=op.f('fk_coupon_campaign_id_coupon_campaign')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coupon')),
    sa.UniqueConstraint('campaign_id', 'origin', name=op.f('uq_coupon_campaign_id_origin'))
    )
    with op.batch_alter_table('coupon', schema=None) as batch_op:
        batch_op.create_index('coupon_by_state', ['state', 'valid_until'], unique=False)
        batch_op.create_index(batch_op.f('ix_coupon_member_id'), ['member_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_coupon_plate'), ['plate'], unique=False)

    op.create_table('coupon_till',
    sa.Column('device_id', sa.String(length=64), nullable=False),
    sa.Column('merchant_id', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['merchant_id'], ['coupon_merchant.id'], name=op.f('fk_coupon_till_merchant_id_coupon_merchant')),
    sa.PrimaryKeyConstraint('device_id', name=op.f('pk_coupon_till'))
    )
    op.create_table('coupon_shown',
    sa.Column('stay_id', sa.String(length=36), nullable=False),
    sa.Column('coupon_id', sa.String(length=36), nullable=False),
    sa.Column('at', column_types.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['coupon_id'], ['coupon.id'], name=op.f('fk_coupon_shown_coupon_id_coupon')),
    sa.PrimaryKeyConstraint('stay_id', 'coupon_id', name=op.f('pk_coupon_shown'))
    )
    op.create_table('coupon_use',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('coupon_id', sa.String(length=36), nullable=True),
    sa.Column('offer_key', sa.String(length=96), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('zh', sa.String(length=60), nullable=False),
    sa.Column('en', sa.String(length=60), nullable=False),
    sa.Column('effect', column_types.Json(), nullable=False),
    sa.Column('issuer', sa.String(length=64), nullable=False),
    sa.Column('campaign', sa.String(length=64), nullable=False),
    sa.Column('stay_id', sa.String(length=36), nullable=False),
    sa.Column('payment_id', sa.String(length=36), nullable=True),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('at', column_types.UtcDateTime(), nullable=False),
    sa.Column('ended_at', column_types.UtcDateTime(), nullable=True),
    sa.CheckConstraint('amount >= 0', name=op.f('ck_coupon_use_takes_nothing_more')),
    sa.ForeignKeyConstraint(['coupon_id'], ['coupon.id'], name=op.f('fk_coupon_use_coupon_id_coupon')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coupon_use'))
    )
    with op.batch_alter_table('coupon_use', schema=None) as batch_op:
        batch_op.create_index('coupon_use_by_issuer', ['issuer', 'ended_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_coupon_use_payment_id'), ['payment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_coupon_use_stay_id'), ['stay_id'], unique=False)
        batch_op.create_index('one_use_per_coupon', ['coupon_id'], unique=True, sqlite_where=sa.text("state IN ('reserved', 'redeemed')"), postgresql_where=sa.text("state IN ('reserved', 'redeemed')"))



def downgrade() -> None:
    """What `upgrade` made."""
    with op.batch_alter_table('coupon_use', schema=None) as batch_op:
        batch_op.drop_index('one_use_per_coupon', sqlite_where=sa.text("state IN ('reserved', 'redeemed')"), postgresql_where=sa.text("state IN ('reserved', 'redeemed')"))
        batch_op.drop_index(batch_op.f('ix_coupon_use_stay_id'))
        batch_op.drop_index(batch_op.f('ix_coupon_use_payment_id'))
        batch_op.drop_index('coupon_use_by_issuer')

    op.drop_table('coupon_use')
    op.drop_table('coupon_shown')
    op.drop_table('coupon_till')
    with op.batch_alter_table('coupon', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_coupon_plate'))
        batch_op.drop_index(batch_op.f('ix_coupon_member_id'))
        batch_op.drop_index('coupon_by_state')

    op.drop_table('coupon')
    with op.batch_alter_table('coupon_slot', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_coupon_slot_taken_by'))

    op.drop_table('coupon_slot')
    op.drop_table('coupon_merchant')
    with op.batch_alter_table('coupon_campaign', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_coupon_campaign_issuer'))

    op.drop_table('coupon_campaign')
