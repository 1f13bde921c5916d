"""`parking figures rebuild`: count all figures again from the books and the events that are kept."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from parking import migrations
from parking.bootstrap import settings as server_settings
from parking.bootstrap.application import load_site
from parking.bootstrap.figures import figures_of
from parking.kernel.clock import SystemClock
from parking.kernel.ids import RandomIds
from parking.plumbing.db import open_database

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def _figures() -> None:
    """The sums behind the charts."""


@app.command()
def rebuild(
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object: events, stays, movements, since")] = False,
) -> None:
    """Throw the sums away and count again, in one transaction; the server may go on running.

    Passages and zone counts of days whose events are no longer kept stay as they are (`since` names the first day counted again).
    """
    settings = server_settings.load()
    migrations.refuse_another_shape(settings.database_url)
    database = open_database(settings.database_url, clock=SystemClock(), ids=RandomIds(), origin="figures")
    try:
        done = figures_of(load_site(settings)).rebuild(database)
    finally:
        database.close()
    if as_json:
        typer.echo(
            json.dumps({"events": done.events, "stays": done.stays, "movements": done.movements, "since": done.since})
        )
        return
    since = f", passages and counts since {done.since}" if done.since else ""
    typer.echo(f"counted again: {done.events} events, {done.stays} stays, {done.movements} movements{since}")
