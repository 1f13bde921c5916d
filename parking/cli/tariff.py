"""`parking tariff`: check a tariff file, explain it in words, compare two of them on stays that were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
import yaml

from parking.cli.tariff_files import facts_of_words, moment, recorded_stays, tariff_of, text_of, within_reason
from parking.kernel.errors import invalid
from parking.kernel.money import Money
from payments.tariff.apds import from_apds, to_apds
from payments.tariff.check import warnings
from payments.tariff.compare import Compared, Recorded, Sum, compare
from payments.tariff.describe import rules as rules_of
from payments.tariff.describe import usual
from payments.tariff.explain import money_text
from payments.tariff.facts import NO_FACTS
from payments.tariff.parse import document_of

app = typer.Typer(no_args_is_help=False, add_completion=False, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="one JSON object")]
File = Annotated[Path, typer.Argument(metavar="TARIFF.yaml")]
_MONDAY = date(2026, 6, 1)  # a week without a clock change


@app.command("check")
def check(files: Annotated[list[Path], typer.Argument(metavar="TARIFF.yaml...")], as_json: Json = False) -> int:
    """Whether the files are tariffs, and what their owner should know; exit code 1 if there is anything to know."""
    found = [(file, tariff) for file in files for tariff in [tariff_of(file)]]
    said = {str(file): warnings(tariff, tariff.valid_from or _MONDAY) for file, tariff in found}
    if as_json:
        plain = [
            {
                "file": str(file),
                "version": tariff.version,
                "warnings": [{"code": one.code, "text": one.text} for one in said[str(file)]],
            }
            for file, tariff in found
        ]
        typer.echo(json.dumps({"tariffs": plain}, ensure_ascii=False))
    else:
        for file, tariff in found:
            typer.echo(f"{file}: {tariff.name[0]}  {tariff.name[1]}, version {tariff.version}")
            for one in said[str(file)]:
                typer.echo(f"  {one.code}: {one.text['zh']}  {one.text['en']}")
    return 1 if any(said.values()) else 0


@app.command("explain")
def explain(
    file: File,
    on: Annotated[
        str, typer.Option("--on", help="the day and time at which the usual stays begin")
    ] = "2026-06-01T10:00",
    vehicle: Annotated[str, typer.Option("--class", help="the vehicle's class, such as large")] = "",
    plate_class: Annotated[str, typer.Option("--plate-class", help="the plate's class, such as green")] = "",
    energy: Annotated[str, typer.Option("--energy", help="such as electric")] = "",
    as_json: Json = False,
) -> None:
    """The rules in words, and what usual stays cost."""
    tariff = tariff_of(file)
    begin = moment(on, ZoneInfo(tariff.timezone), "--on")
    facts = facts_of_words(vehicle, plate_class, energy)
    prices = list(usual(tariff, begin, facts if any(facts[1:4]) else NO_FACTS))
    sentences = list(rules_of(tariff))
    if as_json:
        plain = {
            "version": tariff.version,
            "name": {"zh": tariff.name[0], "en": tariff.name[1]},
            "rules": sentences,
            "usual": [{"text": words, "total": amount} for words, amount in prices],
        }
        typer.echo(json.dumps(plain, ensure_ascii=False))
        return
    typer.echo(f"{tariff.name[0]}  {tariff.name[1]}  ({tariff.version})\n")
    for words in sentences:
        typer.echo(f"{words['zh']}  {words['en']}")
    typer.echo(f"\n{begin:%Y-%m-%d %H:%M}:")
    for words, amount in prices:
        typer.echo(f"{amount:>12}  {words['zh']}  {words['en']}")


@app.command("apds")
def apds(file: Annotated[Path, typer.Argument(metavar="TARIFF.yaml|RATES.json")]) -> int:
    """A tariff as an APDS rate table, or a rate table (.json) as a tariff; what is lost is said on stderr, with exit code 1."""
    if file.suffix.lower() == ".json":
        try:
            table = json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            table = None
        if not isinstance(table, dict):
            raise invalid("apds.malformed", "is not a JSON object; give one rate table", field=str(file))
        found = from_apds(table, name=file.name)
        typer.echo(yaml.safe_dump(found.value, allow_unicode=True, sort_keys=False), nl=False)
    else:
        found = to_apds(document_of(text_of(file), name=str(file)))
        typer.echo(json.dumps(found.value, ensure_ascii=False, indent=2))
    for loss in found.lossy:
        typer.echo(loss, err=True)
    return 1 if found.lossy else 0


@app.command("compare")
def compare_(
    before: Annotated[Path, typer.Argument(metavar="BEFORE.yaml")],
    after: Annotated[Path, typer.Argument(metavar="AFTER.yaml")],
    stays: Annotated[Path | None, typer.Option("--stays", help="recorded stays: .csv or .jsonl")] = None,
    database: Annotated[str, typer.Option("--database", help="or the stays that a database has closed")] = "",
    day: Annotated[
        str, typer.Option("--day", help="of the database: the day on which they left, such as 2026-05-01")
    ] = "",
    most: Annotated[int, typer.Option("--most", min=0, max=1000, help="how many of the largest changes to list")] = 10,
    as_json: Json = False,
) -> None:
    """What a recorded day of stays would cost under another tariff, and for whom it changes."""
    old, new = tariff_of(before), tariff_of(after)
    zone = ZoneInfo(old.timezone)
    if (stays is None) == (not database):
        raise invalid("compare.stays", "give either --stays FILE or --database URL")
    recorded = recorded_stays(stays, zone) if stays is not None else _closed_stays(database, day, zone)
    found = compare(old, new, recorded)
    if as_json:
        typer.echo(json.dumps(_plain(found, most), ensure_ascii=False))
    else:
        typer.echo(_page(found, most))


def _closed_stays(url: str, day: str, zone: ZoneInfo) -> Iterator[Recorded]:
    """Stays that left on one local day; of a vehicle what its price knows and what joins its stays is taken along, never shown."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import DBAPIError

    from parking.bootstrap.tariffs import recorded
    from parking.kernel.clock import SystemClock
    from parking.kernel.ids import RandomIds
    from parking.plumbing.db import open_database

    begin = within_reason(day, "--day", "2026-05-01")
    begin = datetime(begin.year, begin.month, begin.day, tzinfo=zone)
    file = make_url(url).database if url.startswith("sqlite") else None
    if file is not None and not Path(file).is_file():
        raise invalid("compare.database", f"{file} is not there; see how its name is spelt", field="--database")
    opened = open_database(url, clock=SystemClock(), ids=RandomIds(), origin="compare")
    try:
        yield from opened.read(lambda conn: list(recorded(conn, begin, begin + timedelta(days=1))))
    except DBAPIError:
        raise invalid("compare.database", "is no database of this system, or is away", field="--database") from None
    finally:
        opened.close()


def _sum(found: Sum, currency: str) -> dict[str, Any]:
    return {
        "stays": found.stays,
        "dearer": found.dearer,
        "cheaper": found.cheaper,
        "before": {"amount": found.before, "currency": currency},
        "after": {"amount": found.after, "currency": currency},
    }


def _plain(found: Compared, most: int) -> dict[str, Any]:
    return {
        **_sum(found.whole, found.currency),
        "by": {heading: _sum(group, found.currency) for heading, group in sorted(found.by.items())},
        "most": [
            {"stay": change.stay.name, "before": change.before, "after": change.after} for change in found.most(most)
        ],
    }


def _page(found: Compared, most: int) -> str:
    def money(minor: int) -> str:
        return money_text(Money(minor, found.currency))

    def row(heading: str, group: Sum) -> str:
        moved = f"{group.dearer} dearer, {group.cheaper} cheaper"
        return f"{heading}: {group.stays} stays, {money(group.before)} -> {money(group.after)} ({moved})"

    lines = [row("all", found.whole), *(row(heading, group) for heading, group in sorted(found.by.items()))]
    for change in found.most(most):
        lines.append(f"  {change.stay.name}: {money(change.before)} -> {money(change.after)}")
    return "\n".join(lines)
