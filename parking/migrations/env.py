"""Alembic's door: it is run by alembic, never imported. All rooms' tables come from the composition root."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from parking.bootstrap import tables as _tables  # noqa: F401 - importing it puts every room's tables into the metadata
from parking.plumbing.db import metadata

LOCK = 0x7061726B  # any number that only we use


def render(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Our own column types by their short name, with the import that it needs."""
    if kind == "type" and type(item).__module__ == "parking.plumbing.column_types":
        autogen.imports.add("from parking.plumbing import column_types")
        return f"column_types.{type(item).__name__}()"
    return False


def migrate(url: str) -> None:
    """One transaction for all revisions that are due, with the database to ourselves."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", lambda driver, _: setattr(driver, "isolation_level", None))
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=render,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


migrate(context.config.attributes["url"])
