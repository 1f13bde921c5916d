"""What a stay is found by and what was seen of its car, what lanes did before a passage was proved, and the record of corrections.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from parking.kernel.near_plates import folded, keys_of
from parking.plumbing import column_types

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

def _stay() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("votes", sa.String(200), nullable=True),
        sa.Column("folded", sa.BigInteger(), nullable=True),
        sa.Column("lot_id", sa.String(64), nullable=True),
        sa.Column("bay_id", sa.String(64), nullable=True),
        sa.Column("seen_at", column_types.UtcDateTime(), nullable=True),
        sa.Column("leaving_visit_id", sa.String(36), nullable=True),
        sa.Column("leaving_lane_id", sa.String(64), nullable=True),
        sa.Column("leaving_at", column_types.UtcDateTime(), nullable=True),
        sa.Column("into_ids", sa.String(80), nullable=True),
    )

def _exit() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("votes", sa.String(200), nullable=True),
        sa.Column("yes_at", column_types.UtcDateTime(), nullable=True),
        sa.Column("credential", sa.String(140), nullable=True),
        sa.Column("lot_id", sa.String(64), nullable=True),
        sa.Column("picture_ref", sa.String(64), nullable=True),
    )



def upgrade() -> None:
    """Columns, four tables, and the keys of whoever is inside."""
    for column in _stay():
        op.add_column("stay", column)
    for column in _exit():
        op.add_column("unmatched_exit", column)
    op.create_index("stay_by_folded", "stay", ["folded"])
    op.create_table(
        "stay_key",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stay_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("key", "stay_id", name=op.f("pk_stay_key")),
    )
    op.create_index(op.f("ix_stay_key_stay_id"), "stay_key", ["stay_id"])
    op.create_table(
        "lane_visit",
        sa.Column("visit_id", sa.String(36), nullable=False),
        sa.Column("lane_id", sa.String(64), nullable=False),
        sa.Column("leaving", sa.Boolean(), nullable=False),
        sa.Column("plate", column_types.PlateText(), nullable=True),
        sa.Column("votes", sa.String(200), nullable=True),
        sa.Column("stay_id", sa.String(36), nullable=True),
        sa.Column("yes_at", column_types.UtcDateTime(), nullable=True),
        sa.Column("pulsed_at", column_types.UtcDateTime(), nullable=True),
        sa.Column("backed_at", column_types.UtcDateTime(), nullable=True),
        sa.Column("said_at", column_types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("visit_id", name=op.f("pk_lane_visit")),
    )
    op.create_index(op.f("ix_lane_visit_said_at"), "lane_visit", ["said_at"])
    op.create_index("lane_visit_by_plate", "lane_visit", ["plate", "leaving"])
    op.create_index("lane_visit_by_lane", "lane_visit", ["lane_id", "backed_at"])
    op.create_table(
        "correction",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("stay_id", sa.String(36), nullable=False),
        sa.Column("rule", sa.String(48), nullable=False),
        sa.Column("before", column_types.Json(), nullable=True),
        sa.Column("after", column_types.Json(), nullable=True),
        sa.Column("evidence", column_types.Json(), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("at", column_types.UtcDateTime(), nullable=False),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.Column("undoes", sa.String(36), nullable=True),
        sa.Column("link", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_correction")),
        sa.UniqueConstraint("id", name=op.f("uq_correction_id")),
        sa.UniqueConstraint("undoes", name=op.f("uq_correction_undoes")),
    )
    op.create_index(op.f("ix_correction_stay_id"), "correction", ["stay_id"])
    op.create_table(
        "correction_head",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("link", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_correction_head")),
    )
    op.execute(
        "INSERT INTO lane_visit (visit_id, lane_id, leaving, yes_at, said_at) "
        "SELECT visit_id, '', true, decided_at, decided_at FROM exit_decision"
    )
    op.drop_table("exit_decision")
    _find_who_is_inside()


def _find_who_is_inside() -> None:
    stay = sa.table("stay", sa.column("id"), sa.column("plate"), sa.column("state"), sa.column("folded"))
    key = sa.table("stay_key", sa.column("key"), sa.column("stay_id"))
    conn = op.get_bind()
    rows = conn.execute(sa.select(stay.c.id, stay.c.plate, stay.c.state).where(stay.c.plate.is_not(None))).all()
    plates = {row.plate for row in rows}
    for plate in sorted(plates):
        conn.execute(stay.update().where(stay.c.plate == plate).values(folded=folded(plate)))
    keys = [{"key": one, "stay_id": r.id} for r in rows if r.state != "closed" for one in sorted(keys_of(r.plate))]
    if keys:
        conn.execute(key.insert(), keys)


def downgrade() -> None:
    """What `upgrade` made; corrections and what they rest on are gone."""
    op.create_table(
        "exit_decision",
        sa.Column("visit_id", sa.String(36), nullable=False),
        sa.Column("decided_at", column_types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("visit_id", name=op.f("pk_exit_decision")),
    )
    op.execute(
        "INSERT INTO exit_decision (visit_id, decided_at) "
        "SELECT visit_id, yes_at FROM lane_visit WHERE leaving AND yes_at IS NOT NULL"
    )
    for table in ("correction_head", "correction", "lane_visit", "stay_key"):
        op.drop_table(table)
    op.drop_index("stay_by_folded", table_name="stay")
    with op.batch_alter_table("unmatched_exit") as changed:
        for column in _exit():
            changed.drop_column(column.name)
    with op.batch_alter_table("stay") as changed:
        for column in _stay():
            changed.drop_column(column.name)
