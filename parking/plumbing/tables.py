"""The one metadata of all rooms, and the plumbing's own tables: what was published, what was handled, what could not be."""

from __future__ import annotations

import sqlalchemy as sa

from parking.plumbing.column_types import Json, UtcDateTime

metadata = sa.MetaData(
    naming_convention={  # alembic can only change constraints that have names
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
BigSerial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # only INTEGER PRIMARY KEY counts by itself there

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("seq", BigSerial, primary_key=True, autoincrement=True),
    sa.Column("event_id", sa.String(64), nullable=False, unique=True),
    sa.Column("occurred_at", UtcDateTime, nullable=False),
    sa.Column("origin", sa.String(64), nullable=False),
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Column("relayed_at", UtcDateTime, nullable=True),
    sqlite_autoincrement=True,  # a number is never given twice, even after old rows are purged
)
sa.Index(
    "outbox_waiting",
    outbox.c.seq,
    sqlite_where=outbox.c.relayed_at.is_(None),
    postgresql_where=outbox.c.relayed_at.is_(None),
)

inbox = sa.Table(  # a row here is the proof that a group has handled an event; it commits with what the handler did
    "inbox",
    metadata,
    sa.Column("group", sa.String(64), primary_key=True),
    sa.Column("event_id", sa.String(64), primary_key=True),
    sa.Column("handled_at", UtcDateTime, nullable=False, index=True),
)

delivery = sa.Table(  # the in-process bus: what each group still has to handle, in order
    "delivery",
    metadata,
    sa.Column("seq", BigSerial, primary_key=True, autoincrement=True),
    sa.Column("group", sa.String(64), nullable=False),
    sa.Column("event_id", sa.String(64), nullable=False),
    sa.Column("envelope", Json, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("next_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("group", "event_id"),
    sqlite_autoincrement=True,
)
sa.Index("delivery_by_group", delivery.c.group, delivery.c.seq)

dead_letter = sa.Table(
    "dead_letter",
    metadata,
    sa.Column("group", sa.String(64), primary_key=True),
    sa.Column("event_id", sa.String(64), primary_key=True),
    sa.Column("envelope", Json, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("died_at", UtcDateTime, nullable=False),
)
