"""`parking migrate`: bring the database to the newest shape, or to a named revision."""

from __future__ import annotations

from typing import Annotated

import typer

from parking import migrations
from parking.bootstrap import settings as server_settings
from parking.kernel.errors import invalid


def migrate(
    target: Annotated[str, typer.Argument(help="a revision, `head` or `+1`")] = "head",
    back: Annotated[
        bool, typer.Option("--back", help="take the database back to TARGET (a revision, `base`, `-1`)")
    ] = False,
) -> None:
    """Change the database's shape; a change happens wholly or not at all."""
    url = server_settings.load().database_url
    if back and target == "head":
        raise invalid("migrations.unknown", "say how far back: a revision, `base` or `-1`", field="target")
    if back:
        migrations.back(url, target)
    else:
        migrations.run(url, target)
    typer.echo(f"the database is at {migrations.at(url) or 'nothing'}")
