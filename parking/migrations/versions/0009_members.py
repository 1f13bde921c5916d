"""Members, their consents, vehicles, notices, levels, points, receipts, tombstones; who looked at whom.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from parking.plumbing import column_types
revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Thirteen tables."""
    op.create_table('member',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('client', sa.String(length=64), nullable=False),
    sa.Column('ref', sa.String(length=64), nullable=False),
    sa.Column('contact', sa.Text(), nullable=True),
    sa.Column('joined_at', column_types.UtcDateTime(), nullable=False),
    sa.Column('tier_by_hand', sa.String(length=32), nullable=False),
    sa.Column('credit', sa.String(length=32), nullable=False),
    sa.Column('erased_at', column_types.UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_member')),
    sa.UniqueConstraint('client', 'ref', name=op.f('uq_member_client_ref'))
    )
    op.create_table('member_consent',
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('member_id', sa.String(length=36), nullable=False),
    sa.Column('purpose', sa.String(length=16), nullable=False),
    sa.Column('given', sa.Boolean(), nullable=False),
    sa.Column('at', column_types.UtcDateTime(), nullable=False),
    sa.Column('by', sa.String(length=100), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_member_consent')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('member_consent', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_member_consent_member_id'), ['member_id'], unique=False)

    op.create_table('member_level',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('zh', sa.String(length=60), nullable=False),
    sa.Column('en', sa.String(length=60), nullable=False),
    sa.Column('from_points', sa.Integer(), nullable=False),
    sa.Column('benefits', column_types.Json(), nullable=False),
    sa.PrimaryKeyConstraint('id', 'kind', name=op.f('pk_member_level'))
    )
    op.create_table('member_notice',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('member_id', sa.String(length=36), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('about', sa.String(length=36), nullable=False),
    sa.Column('at', column_types.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_member_notice'))
    )
    with op.batch_alter_table('member_notice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_member_notice_member_id'), ['member_id'], unique=False)

    op.create_table('member_receipt',
    sa.Column('merchant_id', sa.String(length=64), nullable=False),
    sa.Column('receipt', sa.String(length=64), nullable=False),
    sa.Column('member_id', sa.String(length=36), nullable=True),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('points', sa.Integer(), nullable=False),
    sa.Column('at', column_types.UtcDateTime(), nullable=False),
    sa.Column('reversed_at', column_types.UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('merchant_id', 'receipt', name=op.f('pk_member_receipt'))
    )
    with op.batch_alter_table('member_receipt', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_member_receipt_member_id'), ['member_id'], unique=False)

    op.create_table('member_tombstone',
    sa.Column('plate_hash', sa.String(length=64), nullable=False),
    sa.Column('until', column_types.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('plate_hash', name=op.f('pk_member_tombstone'))
    )
    op.create_table('member_vehicle',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('member_id', sa.String(length=36), nullable=False),
    sa.Column('plate', column_types.PlateText(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('proof', sa.String(length=8), nullable=False),
    sa.Column('since', column_types.UtcDateTime(), nullable=False),
    sa.Column('active_at', column_types.UtcDateTime(), nullable=True),
    sa.Column('ended_at', column_types.UtcDateTime(), nullable=True),
    sa.Column('reason', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_member_vehicle'))
    )
    with op.batch_alter_table('member_vehicle', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_member_vehicle_member_id'), ['member_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_member_vehicle_plate'), ['plate'], unique=False)
        batch_op.create_index('one_claim_per_member', ['member_id', 'plate'], unique=True, sqlite_where=sa.text("state != 'ended'"), postgresql_where=sa.text("state != 'ended'"))
        batch_op.create_index('one_holder_per_plate', ['plate'], unique=True, sqlite_where=sa.text("state = 'active'"), postgresql_where=sa.text("state = 'active'"))

    op.create_table('points_balance',
    sa.Column('account', sa.String(length=96), nullable=False),
    sa.Column('unit', sa.String(length=3), nullable=False),
    sa.Column('balance', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('account', 'unit', name=op.f('pk_points_balance'))
    )
    op.create_table('points_head',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('link', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_points_head'))
    )
    op.create_table('points_lot',
    sa.Column('reference', sa.String(length=96), nullable=False),
    sa.Column('member_id', sa.String(length=36), nullable=False),
    sa.Column('earned', sa.Integer(), nullable=False),
    sa.Column('left', sa.Integer(), nullable=False),
    sa.Column('earned_at', column_types.UtcDateTime(), nullable=False),
    sa.Column('expires_at', column_types.UtcDateTime(), nullable=False),
    sa.CheckConstraint('"left" >= 0 AND "left" <= earned', name=op.f('ck_points_lot_never_below_zero')),
    sa.PrimaryKeyConstraint('reference', name=op.f('pk_points_lot'))
    )
    with op.batch_alter_table('points_lot', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_points_lot_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_points_lot_member_id'), ['member_id'], unique=False)

    op.create_table('points_movement',
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('reference', sa.String(length=96), nullable=False),
    sa.Column('unit', sa.String(length=3), nullable=False),
    sa.Column('member_id', sa.String(length=36), nullable=True),
    sa.Column('booked_at', column_types.UtcDateTime(), nullable=False),
    sa.Column('link', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_points_movement')),
    sa.UniqueConstraint('reference', name=op.f('uq_points_movement_reference'))
    )
    with op.batch_alter_table('points_movement', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_points_movement_member_id'), ['member_id'], unique=False)

    op.create_table('security_look',
    sa.Column('hour', column_types.UtcDateTime(), nullable=False),
    sa.Column('actor_kind', sa.String(length=16), nullable=False),
    sa.Column('actor', sa.String(length=64), nullable=False),
    sa.Column('what', sa.String(length=32), nullable=False),
    sa.Column('subject', sa.String(length=64), nullable=False),
    sa.Column('at', column_types.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('hour', 'actor_kind', 'actor', 'what', 'subject', name=op.f('pk_security_look'))
    )
    with op.batch_alter_table('security_look', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_security_look_subject'), ['subject'], unique=False)

    op.create_table('points_posting',
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('position', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('account', sa.String(length=96), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['seq'], ['points_movement.seq'], name=op.f('fk_points_posting_seq_points_movement')),
    sa.PrimaryKeyConstraint('seq', 'position', name=op.f('pk_points_posting'))
    )


def downgrade() -> None:
    """What `upgrade` made."""
    op.drop_table('points_posting')
    with op.batch_alter_table('security_look', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_security_look_subject'))

    op.drop_table('security_look')
    with op.batch_alter_table('points_movement', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_points_movement_member_id'))

    op.drop_table('points_movement')
    with op.batch_alter_table('points_lot', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_points_lot_member_id'))
        batch_op.drop_index(batch_op.f('ix_points_lot_expires_at'))

    op.drop_table('points_lot')
    op.drop_table('points_head')
    op.drop_table('points_balance')
    with op.batch_alter_table('member_vehicle', schema=None) as batch_op:
        batch_op.drop_index('one_holder_per_plate', sqlite_where=sa.text("state = 'active'"), postgresql_where=sa.text("state = 'active'"))
        batch_op.drop_index('one_claim_per_member', sqlite_where=sa.text("state != 'ended'"), postgresql_where=sa.text("state != 'ended'"))
        batch_op.drop_index(batch_op.f('ix_member_vehicle_plate'))
        batch_op.drop_index(batch_op.f('ix_member_vehicle_member_id'))

    op.drop_table('member_vehicle')
    op.drop_table('member_tombstone')
    with op.batch_alter_table('member_receipt', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_member_receipt_member_id'))

    op.drop_table('member_receipt')
    with op.batch_alter_table('member_notice', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_member_notice_member_id'))

    op.drop_table('member_notice')
    op.drop_table('member_level')
    with op.batch_alter_table('member_consent', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_member_consent_member_id'))

    op.drop_table('member_consent')
    op.drop_table('member')
