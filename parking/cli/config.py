"""`parking config show`: the settings in force, so that nobody has to guess which of file, environment and default won."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from parking.bootstrap import settings as server_settings

MASK = "********"
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]*@")

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback()
def config() -> None:
    """The settings of the server."""


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="one flat JSON object")] = False) -> None:
    """Print every setting as the environment variable that would set it; secrets are masked."""
    settings = server_settings.load()
    values = {name: shown(getattr(settings, name)) for name in type(settings).model_fields}
    if as_json:
        typer.echo(json.dumps(values, ensure_ascii=False))
        return
    for name, value in values.items():
        if value is None:
            typer.echo(f"# PARKING_{name.upper()} is not set")
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        typer.echo(f"PARKING_{name.upper()}={text}")


def shown(value: Any) -> Any:
    """The value as JSON; a secret, or a password inside a URL, as a mask."""
    if isinstance(value, SecretStr):
        return MASK
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {str(key): shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item) for item in value]
    return _PASSWORD_IN_URL.sub(rf"\1:{MASK}@", str(value))
