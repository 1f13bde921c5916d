"""The database's shape over time: one line of revisions for SQLite and PostgreSQL, run from code, no ini file anywhere.

A revision happens wholly or not at all on both engines, and two processes that migrate at once take turns.
"""

from __future__ import annotations

from collections.abc import Callable
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
    _move(command.upgrade, database_url, target, versions)


def back(database_url: str, target: str, *, versions: Path | None = None) -> None:
    """Take the database back to `target` (a revision, "base", or "-1"); an unknown revision raises ParkingError."""
    _move(command.downgrade, database_url, target, versions)


def _move(how: Callable[[Config, str], None], database_url: str, target: str, versions: Path | None) -> None:
    try:
        if not target:
            raise CommandError("no revision is named")
        how(_config(database_url, versions), target)
    except CommandError as error:
        message = f"cannot migrate to {target!r}: {error}"
        raise ParkingError(ErrorKind.INVALID, "migrations.unknown", message, field="target") from error


def at(database_url: str) -> str | None:
    """The revision the database behind `database_url` is at; a SQLite file is not made by looking."""
    url = sa.make_url(database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return None
    engine = sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True)
    with engine.connect() as connection:
        return current(connection)


def refuse_another_shape(database_url: str) -> None:
    """ParkingError when the database is not in the shape that this program expects: nothing is served or written from a guess."""
    found, newest = at(database_url), head()
    if found == newest:
        return
    known = {one.revision for one in ScriptDirectory.from_config(_config("", None)).walk_revisions()}
    if found is not None and found not in known:
        message = f"is at {found}, which a newer program made; this one knows {newest}: install the newer one"
    else:
        message = f"is at {found or 'nothing'}, this program needs {newest}; bring it there with: parking migrate"
    raise ParkingError(ErrorKind.INVALID, "database.shape", message, field="PARKING_DATABASE_URL")


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
