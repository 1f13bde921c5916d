"""Jobs that were given up are found without looking at all that were done.

Revision ID: 0031
Revises: 0030
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One index of a part: whether anything was given up is asked a few times a minute."""
    dead = sa.text("state = 'dead'")
    op.create_index('job_dead', 'job', ['ended_at'], unique=False, sqlite_where=dead, postgresql_where=dead)


def downgrade() -> None:
    op.drop_index('job_dead', table_name='job')
