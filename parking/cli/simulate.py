"""`parking simulate`: a seeded day of traffic against the real domain code on a virtual clock, and a verdict on every visit."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer

from hardware_sim import scenario as scenarios
from hardware_sim.scenario import Scenario
from hardware_sim.simulation import Simulation
from hardware_sim.virtual_time import Timeline
from parking.cli.virtual_site import VirtualSite
from parking.kernel.clock import ManualClock
from parking.kernel.errors import invalid
from parking.kernel.ids import SeededIds

START = datetime(2026, 3, 7, 1, 0, tzinfo=UTC)  # a Saturday morning at the site
SHIPPED = files("hardware_sim") / "scenarios"
_HOURS = 2.0
_OBJECTS_BETWEEN_LOOKS = 100_000
_Share = Annotated[float | None, typer.Option(min=0, max=1)]
_Minutes = Annotated[float | None, typer.Option(min=0)]


def simulate(
    scenario: Annotated[str | None, typer.Option(help="a YAML file, or the name of a shipped scenario")] = None,
    seed: Annotated[int | None, typer.Option(help="same seed, same trace")] = None,
    stays: Annotated[int | None, typer.Option(min=1, help="so many cars in a day (or in --hours)")] = None,
    hours: Annotated[float | None, typer.Option(min=0.01, max=672.0, help="how long; 2, with --stays a day")] = None,
    per_hour: Annotated[float | None, typer.Option(min=1, max=5000, help="cars an hour on average")] = None,
    misread: _Share = None,
    unread: _Share = None,
    missed: _Share = None,
    fleet: Annotated[float | None, typer.Option(min=0, max=1, help="share of cars with look-alike plates")] = None,
    returns: _Share = None,
    cloned: _Share = None,
    members: _Share = None,
    backs_out: _Share = None,
    tailgates: _Share = None,
    shops: _Share = None,
    offline_min: _Minutes = None,
    lost_answers: Annotated[float | None, typer.Option(min=0, max=0.9)] = None,
    blind_min: _Minutes = None,
    fire_min: _Minutes = None,
    power_cuts: Annotated[int | None, typer.Option(min=0)] = None,
    boxes: Annotated[int | None, typer.Option(min=1, max=64, help="how many gate boxes share the lanes; 1")] = None,
    people: Annotated[int | None, typer.Option(min=0, max=100, help="how many people are at the desk; 2")] = None,
    names: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="share of calls at an exit in which a person says whose car it is"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Simulate traffic; exit 0 when no invariant broke. docs/simulation.md says what each share means and what is printed."""
    asked: dict[str, Any] = {
        "seed": seed, "stays": stays, "hours": hours, "per_hour": per_hour, "misread": misread, "unread": unread,
        "missed": missed, "look_alikes": fleet, "returns": returns, "cloned": cloned, "members": members,
        "backs_out": backs_out, "tailgates": tailgates, "shops": shops, "offline_min": offline_min, "lost_answers": lost_answers,
        "blind_min": blind_min, "fire_min": fire_min, "power_cuts": power_cuts, "boxes": boxes, "people": people,
        "names": names,
    }  # fmt: skip
    wanted = {key: value for key, value in asked.items() if value is not None}
    folder = None
    if scenario is not None:
        file = _file(scenario)
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise invalid("scenario.malformed", "is not UTF-8 text; save it as UTF-8", field=file.name) from None
        begun, folder = scenarios.load(text, file.name), file.parent
    elif stays is not None:
        begun = Scenario()
    else:
        begun = Scenario(start=START, hours=_HOURS)
    report = run(replace(begun, **wanted), folder)
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        for key, value in report.items():
            print(f"{key:26} {value}")
    raise typer.Exit(0 if report["ok"] else 1)


def run(scenario: Scenario, folder: Path | None = None) -> dict[str, Any]:
    """One simulation as a flat object (see `hardware_sim.verdict.Report`); files that it names are in `folder`."""
    clock = ManualClock(scenario.start - timedelta(minutes=1))
    with _rarely_looking_for_garbage():
        site = VirtualSite(clock, scenario, folder)
        simulation = Simulation(scenario, site, Timeline(clock), SeededIds(scenario.seed + 1))
        return simulation.run().as_object()


@contextmanager
def _rarely_looking_for_garbage() -> Iterator[None]:
    """Hardly anything here points back at itself, and looking for it after every 700 objects takes a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _file(name: str) -> Path:
    """A file of the user's, else the shipped scenario of that name."""
    own, shipped = Path(name), Path(str(SHIPPED / f"{name}.yaml"))
    for file in (own, shipped):
        if file.is_file():
            return file
    known = ", ".join(sorted(path.name.removesuffix(".yaml") for path in Path(str(SHIPPED)).glob("*.yaml")))
    raise invalid("scenario.unknown", f"there is no such file; shipped scenarios: {known}", field=name)
