"""Plates leave the chain of corrections, and what providers said gets a digest, so that both can be erased.

Every correction's plates move to a row of their own, whose salted digest is chained; the links are made anew. A link that did not follow
before does not follow afterwards either. The old links are not kept: they cover the plates, and plates can be tried out.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from parking.kernel import chain
from parking.kernel.codec import to_plain
from parking.plumbing import column_types
from parking.plumbing.logs import redact

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PERSONAL = ("plate", "votes")
AT_ONCE = 1000
_C = [
    *(sa.column(name) for name in ("seq", "id", "stay_id", "rule", "actor", "reason", "passages", "undoes", "link")),
    *(sa.column(name, column_types.Json()) for name in ("before", "after", "evidence")),
    sa.column("at", column_types.UtcDateTime()),
]
correction = sa.table("correction", *_C, sa.column("personal"))
plates = sa.table(
    "correction_plates",
    *(sa.column(name) for name in ("correction_id", "stay_id", "salt")),
    sa.column("spelt", column_types.Json()),
)
head = sa.table("correction_head", sa.column("seq"), sa.column("link"))
callback = sa.table("payment_callback", *(sa.column(n) for n in ("channel", "event_id", "body", "digest")))


def upgrade() -> None:
    """New columns and a table, filled from what is there."""
    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.add_column(sa.Column("personal", sa.String(length=64), nullable=True))
    op.create_table(
        "correction_plates",
        sa.Column("correction_id", sa.String(length=36), nullable=False),
        sa.Column("stay_id", sa.String(length=36), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("spelt", column_types.Json(), nullable=False),
        sa.PrimaryKeyConstraint("correction_id", name=op.f("pk_correction_plates")),
    )
    with op.batch_alter_table("correction_plates", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_correction_plates_stay_id"), ["stay_id"], unique=False)
    _chain_anew(op.get_bind())
    with op.batch_alter_table("payment_callback", schema=None) as batch_op:
        batch_op.add_column(sa.Column("digest", sa.String(length=64), nullable=False, server_default=""))
        batch_op.alter_column("body", existing_type=sa.LargeBinary(), nullable=True)
    _digests(op.get_bind())
    with op.batch_alter_table("payment_callback", schema=None) as batch_op:
        batch_op.alter_column("digest", existing_type=sa.String(length=64), server_default=None)


def _chain_anew(conn: sa.Connection) -> None:
    old_link = new_link = chain.GENESIS
    last = 0
    while rows := conn.execute(sa.select(*_C).where(correction.c.seq > last).order_by(correction.c.seq).limit(AT_ONCE)).all():
        for row in rows:
            was = {name: value for name, value in row._mapping.items() if name != "link"}
            holds = chain.link(old_link, to_plain(was)) == row.link
            spelt = {name: _spelt(was[name]) for name in ("before", "after")}
            now: dict[str, Any] = {**was, **{name: _bare(was[name]) for name in spelt}}
            now |= {"reason": redact(row.reason), "personal": None}
            if any(spelt.values()):
                salt = secrets.token_hex(16)
                now["personal"] = hashlib.sha256(bytes.fromhex(salt) + chain.canonical(spelt)).hexdigest()
                mine = {"correction_id": row.id, "stay_id": row.stay_id, "salt": salt, "spelt": spelt}
                conn.execute(plates.insert().values(mine))
            old_link, new_link = row.link, chain.link(new_link, to_plain(now)) if holds else chain.GENESIS
            changed = {name: now[name] for name in ("before", "after", "reason", "personal")}
            conn.execute(correction.update().where(correction.c.seq == row.seq).values(**changed, link=new_link))
            last = row.seq
    if last:
        conn.execute(head.update().where(head.c.link == old_link).values(link=new_link))


def _spelt(state: dict[str, Any] | None) -> dict[str, Any] | None:
    return {name: state[name] for name in PERSONAL if state.get(name) is not None} or None if state else None


def _bare(state: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if state is None else {name: value for name, value in state.items() if name not in PERSONAL}


def _digests(conn: sa.Connection) -> None:
    c = callback.c
    undone = sa.select(c.channel, c.event_id, c.body).where(c.digest == "").limit(AT_ONCE)
    while rows := conn.execute(undone).all():
        for row in rows:
            found = hashlib.sha256(bytes(row.body)).hexdigest()
            mine = sa.and_(c.channel == row.channel, c.event_id == row.event_id)
            conn.execute(callback.update().where(mine).values(digest=found))


def downgrade() -> None:
    """As it was: plates stand in the chain again; what has been erased stays erased."""
    conn = op.get_bind()
    conn.execute(sa.text("UPDATE payment_callback SET body = :nothing WHERE body IS NULL"), {"nothing": b""})
    with op.batch_alter_table("payment_callback", schema=None) as batch_op:
        batch_op.alter_column("body", existing_type=sa.LargeBinary(), nullable=False)
        batch_op.drop_column("digest")
    kept = {row.correction_id: row.spelt for row in conn.execute(sa.select(plates))}
    link = chain.GENESIS
    for row in conn.execute(sa.select(*_C).order_by(correction.c.seq)).all():
        spelt = kept.get(row.id) or {}
        whole = {name: _whole(getattr(row, name), spelt.get(name)) for name in ("before", "after")}
        was = {name: value for name, value in row._mapping.items() if name != "link"} | whole
        link = chain.link(link, to_plain(was))
        conn.execute(correction.update().where(correction.c.seq == row.seq).values(**whole, link=link))
        conn.execute(head.update().values(link=link))
    op.drop_table("correction_plates")
    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.drop_column("personal")


def _whole(state: dict[str, Any] | None, spelt: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if state is None else {**state, **dict.fromkeys(PERSONAL), **(spelt or {})}
