"""What a zone's days usually look like, kept over a restart.

Revision ID: 0025
Revises: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from parking.plumbing import column_types
revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table, empty: days are learned from now on."""
    op.create_table('guidance_outlook',
    sa.Column('zone_id', sa.String(length=64), nullable=False),
    sa.Column('at', column_types.UtcDateTime(), nullable=False),
    sa.Column('said', column_types.Json(), nullable=False),
    sa.PrimaryKeyConstraint('zone_id', name=op.f('pk_guidance_outlook'))
    )


def downgrade() -> None:
    op.drop_table('guidance_outlook')
