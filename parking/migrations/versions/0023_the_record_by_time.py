"""What people did and saw is searched by time.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

from alembic import op
revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two indexes; nothing stored changes."""
    op.create_index('security_audit_by_time', 'security_audit', ['at', 'seq'])
    op.create_index(op.f('ix_security_look_at'), 'security_look', ['at'])


def downgrade() -> None:
    op.drop_index(op.f('ix_security_look_at'), table_name='security_look')
    op.drop_index('security_audit_by_time', table_name='security_audit')
