"""The database's shape over time: one line of revisions for SQLite and PostgreSQL, run from code, no ini file anywhere.

A revision happens wholly or not at all on both engines, and two processes that migrate at once take turns.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from parking.kernel.errors import ErrorKind, ParkingError

HERE = Path(__file__).parent


def _config(database_url: str, versions: Path | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions or HERE / "versions").replace("%", "%%"))
    config.attributes["url"] = database_url
    return config


def run(database_url: str, target: str = "head", *, versions: Path | None = None) -> None:
    """Bring the database up to `target` (a revision, "head", or "+1"); an unknown revision raises ParkingError."""
    try:
        command.upgrade(_config(database_url, versions), target)
    except CommandError as error:
        message = f"cannot migrate to {target!r}: {error}"
        raise ParkingError(ErrorKind.INVALID, "migrations.unknown", message, field="target") from error


def back(database_url: str, target: str, *, versions: Path | None = None) -> None:
    """Take the database back to `target` (a revision, "base", or "-1")."""
    command.downgrade(_config(database_url, versions), target)


def current(connection: sa.Connection) -> str | None:
    """The revision the database is at; None for one that was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()


def head(*, versions: Path | None = None) -> str | None:
    """The newest revision that this program knows."""
    return ScriptDirectory.from_config(_config("", versions)).get_current_head()


def generate(database_url: str, message: str, *, number: str, versions: Path | None = None) -> Path:
    """Write revision `number`: the difference between the tables in code and the (migrated) database; returns its file."""
    made = command.revision(_config(database_url, versions), message, autogenerate=True, rev_id=number)
    script = made if not isinstance(made, list) else made[0]
    assert script is not None
    return Path(script.path)


def differences(connection: sa.Connection, tables: sa.MetaData) -> list[str]:
    """What the database still lacks, or has too much, compared with `tables`; empty when they agree."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": tables})
    return [str(difference) for difference in compare_metadata(context, tables)]
