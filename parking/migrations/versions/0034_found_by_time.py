"""What ended is found by when it ended: forgetting and comparing look at what is due, not at all that ever was.

Revision ID: 0034
Revises: 0033
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None

SPELT = "(plate IS NOT NULL OR votes IS NOT NULL)"
STAYS = {
    'stay_closed_spelt': ('exited_at', f"coalesce(state, '') = 'closed' AND {SPELT}"),
    'stay_closed_bare': ('exited_at', "coalesce(state, '') = 'closed' AND plate IS NULL AND votes IS NULL"),
    'stay_gone_spelt': ('entered_at', f"coalesce(state, '') IN ('merged', 'split', 'ghost') AND {SPELT}"),
}
EXIT_SPELT = 'plate IS NOT NULL OR votes IS NOT NULL OR credential IS NOT NULL OR named IS NOT NULL OR "right" IS NOT NULL'


def upgrade() -> None:
    """A visit adds one entry when it closes, and one for each note with a plate; the others hold what went wrong, or replace another."""
    for name, (column, where) in STAYS.items():
        _create(name, 'stay', column, where)
    _create('visit_note_spelt', 'visit_note', 'at', SPELT)
    _create('unmatched_exit_spelt', 'unmatched_exit', 'exited_at', EXIT_SPELT)
    op.drop_index(op.f('ix_unmatched_exit_plate'), table_name='unmatched_exit')
    op.create_index('unmatched_exit_by_plate', 'unmatched_exit', ['plate', 'exited_at'])
    op.drop_index(op.f('ix_review_case_state'), table_name='review_case')
    op.create_index('review_case_by_state', 'review_case', ['state', 'id'])


def downgrade() -> None:
    op.drop_index('review_case_by_state', table_name='review_case')
    op.create_index(op.f('ix_review_case_state'), 'review_case', ['state'])
    op.drop_index('unmatched_exit_by_plate', table_name='unmatched_exit')
    op.create_index(op.f('ix_unmatched_exit_plate'), 'unmatched_exit', ['plate'])
    op.drop_index('unmatched_exit_spelt', table_name='unmatched_exit')
    op.drop_index('visit_note_spelt', table_name='visit_note')
    for name in STAYS:
        op.drop_index(name, table_name='stay')


def _create(name: str, table: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))
