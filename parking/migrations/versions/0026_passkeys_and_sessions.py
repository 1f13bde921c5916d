"""Passkeys, and sessions that an operator can tell apart.

Revision ID: 0026
Revises: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from parking.plumbing import column_types
revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables, empty; sessions that are open stay open, known by a part of what is stored of their token."""
    op.create_table('security_passkey',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('credential_id', sa.String(length=1364), nullable=False),
    sa.Column('public_key', sa.Text(), nullable=False),
    sa.Column('sign_count', sa.BigInteger(), nullable=False),
    sa.Column('transports', column_types.Json(), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('created_at', column_types.UtcDateTime(), nullable=False),
    sa.Column('used_at', column_types.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['operator_id'], ['security_operator.id'], name=op.f('fk_security_passkey_operator_id_security_operator')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_security_passkey')),
    sa.UniqueConstraint('credential_id', name=op.f('uq_security_passkey_credential_id'))
    )
    op.create_index(op.f('ix_security_passkey_operator_id'), 'security_passkey', ['operator_id'])
    op.create_table('security_challenge',
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('expires_at', column_types.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('hash', name=op.f('pk_security_challenge'))
    )
    op.create_index(op.f('ix_security_challenge_expires_at'), 'security_challenge', ['expires_at'])
    with op.batch_alter_table('security_session', schema=None) as batch_op:
        batch_op.add_column(sa.Column('id', sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column('seen_at', column_types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column('address', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('device', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('way', sa.String(length=16), nullable=True))
    op.execute("UPDATE security_session SET id = substr(token_hash, 1, 32), seen_at = created_at, address = '', device = '', way = 'password'")
    with op.batch_alter_table('security_session', schema=None) as batch_op:
        for name, kind in (('id', sa.String(length=36)), ('seen_at', column_types.UtcDateTime()), ('address', sa.String(length=64)),
                           ('device', sa.String(length=64)), ('way', sa.String(length=16))):
            batch_op.alter_column(name, existing_type=kind, nullable=False)
        batch_op.create_unique_constraint(op.f('uq_security_session_id'), ['id'])


def downgrade() -> None:
    with op.batch_alter_table('security_session', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('uq_security_session_id'), type_='unique')
        for name in ('way', 'device', 'address', 'seen_at', 'id'):
            batch_op.drop_column(name)
    op.drop_table('security_challenge')
    op.drop_table('security_passkey')
