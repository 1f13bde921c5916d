"""`parking site`: check a site file, turn it into an IMDF archive, turn an archive into a site file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from parking.kernel.errors import invalid
from parking.site.file import text_of
from parking.site.graph import drive_graph, walk_graph
from parking.site.imdf.reading import site_of
from parking.site.imdf.writing import archive
from parking.site.imdf.zipped import pack, unpack
from parking.site.loader import load
from parking.site.model import SiteMap

app = typer.Typer(no_args_is_help=False, add_completion=False, rich_markup_mode=None)
SiteFile = Annotated[Path, typer.Argument(metavar="SITE.yaml")]


@app.command("check")
def check(file: SiteFile, as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False) -> int:
    """Whether a site file is whole: the first faults are told with the feature and the line; what it holds, if it is."""
    site = _site(file)
    walk, drive = walk_graph(site.plan), drive_graph(site.plan)
    said = {
        "site": site.id,
        "garages": len(site.plan.garages),
        "levels": len(site.plan.levels),
        "zones": len(site.zones),
        "bays": sum(len(z.bays) for z in site.zones),
        "usable": sum(z.capacity for z in site.zones),
        "lanes": len(site.lanes),
        "pillars": len(site.plan.pillars),
        "walk_nodes": walk.size,
        "drive_nodes": drive.size,
    }
    typer.echo(json.dumps(said) if as_json else "\n".join(f"{name:<12} {value}" for name, value in said.items()))
    return 0


@app.command("export")
def export(file: SiteFile, out: Annotated[Path, typer.Argument(metavar="OUT.zip")]) -> int:
    """Write the IMDF archive of a drawn site."""
    site = _site(file)
    if not site.plan:
        raise invalid("site.plan", "this site has no levels drawn: nothing to export", field=file.name)
    out.write_bytes(pack(archive(site, datetime.now(UTC).isoformat(timespec="seconds"))))
    return 0


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="IMDF.zip")],
    currency: Annotated[str, typer.Option(help="where the archive does not say")] = "CNY",
    timezone: Annotated[str, typer.Option(help="where the archive does not say")] = "Asia/Shanghai",
) -> int:
    """Print the site file that an IMDF archive makes; lanes and signs of a stranger's archive are yours to add."""
    site = site_of(unpack(file.read_bytes(), file.name), currency=currency, timezone=timezone)
    typer.echo(text_of(site))
    return 0


def _site(file: Path) -> SiteMap:
    try:
        return load(file.read_text(encoding="utf-8"), file.name)
    except UnicodeDecodeError:
        raise invalid("site.file", "is not UTF-8 text", field=file.name) from None
