"""`parking bring-up FAMILY`: one real device by hand, for the technician at the cabinet. It reads, shows and asks before steel moves.

A device is described as in edge.yaml: `key=value` words, or `--config edge.yaml --lane NAME`. Nothing here ever lowers a boom. Exit
codes: 0 it works, 1 the device says no or nothing, 2 the call is wrong. `--json` prints one flat object.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from parking.cli import bring_up_relays
from parking.cli.bring_up_report import Report, WrongCall
from parking.kernel.device import DeviceFault, DeviceRefused
from parking.kernel.errors import invalid

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="Drive one real device by hand, at the cabinet.")

Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY=VALUE...", help="the device as in edge.yaml: kind=modbus_tcp host=10.0.0.9"),
]
Config = Annotated[Path | None, typer.Option(help="take the device from this edge.yaml")]
LaneName = Annotated[str, typer.Option("--lane", help="whose device; with --config")]
AsJson = Annotated[bool, typer.Option("--json", help="one flat object on stdout, nothing else")]
Clear = Annotated[
    bool, typer.Option("--lane-is-clear", help="the answer to the question before steel moves, for scripts")
]


@app.command()
def relays(
    device: Words = None,
    config: Config = None,
    lane: LaneName = "",
    pulse: Annotated[int | None, typer.Option(help="close this coil's contact once")] = None,
    ms: Annotated[int, typer.Option(min=100, max=5000, help="for so long")] = 500,
    watch: Annotated[
        float, typer.Option(min=0, max=3600, help="show every change of the inputs for so many seconds")
    ] = 0.0,
    lane_is_clear: Clear = False,
    as_json: AsJson = False,
) -> int:
    """A relay board: what its inputs and coils say; with --pulse one contact, once."""

    def work(report: Report) -> None:
        with bring_up_relays.described(_plain(device), config, lane) as board:
            bring_up_relays.look(board, report)
            if pulse is not None:
                bring_up_relays.pulse(board, report, pulse, ms, confirmed=lane_is_clear or _confirmed(board, pulse, ms))
            if watch:
                bring_up_relays.watch(board, report, watch)

    return _run(work, as_json)


@app.command()
def cameras(
    device: Words = None,
    config: Config = None,
    lane: LaneName = "",
    seconds: Annotated[float, typer.Option(min=0.5, max=600, help="look for so long")] = 5.0,
    listen: Annotated[str, typer.Option(help="host:port where a pushing camera calls")] = "0.0.0.0:8090",
    picture: Annotated[Path | None, typer.Option(help="write the last picture here (JPEG)")] = None,
    show_plates: Annotated[bool, typer.Option(help="plates in full, not masked")] = False,
    as_json: AsJson = False,
) -> int:
    """A camera: its picture and rate; of one that reads by itself, what it pushes."""

    from parking.cli import bring_up_devices  # here: it brings the recogniser with it

    def work(report: Report) -> None:
        described = bring_up_devices.camera(_plain(device), config, lane, listen)
        bring_up_devices.look_at_camera(described, report, seconds, picture, show_plates=show_plates)

    return _run(work, as_json)


@app.command()
def readers(
    device: Words = None,
    config: Config = None,
    lane: LaneName = "",
    seconds: Annotated[float, typer.Option(min=0.5, max=600, help="wait so long for something to read")] = 20.0,
    as_json: AsJson = False,
) -> int:
    """A reader of cards, tags, on-board units or codes: hold something up to it. Numbers are shown masked."""

    from parking.cli import bring_up_devices

    def work(report: Report) -> None:
        described = bring_up_devices.readers(_plain(device), config, lane)
        bring_up_devices.listen_to_readers(described, report, seconds)

    return _run(work, as_json)


@app.command()
def signs(
    device: Words = None,
    number: Annotated[int | None, typer.Option(min=0, max=9999, help="show this many free bays")] = None,
    full: Annotated[bool, typer.Option(help="show the word for full")] = False,
    colour: Annotated[str, typer.Option(help="of the number: green, yellow or red")] = "green",
    as_json: AsJson = False,
) -> int:
    """A sign (kind=led_counter address=HOST:PORT; lcd_mqtt also site= sign=): shows a number, full, or (by itself) dashes."""

    from parking.cli import bring_up_devices

    def work(report: Report) -> None:
        bring_up_devices.show(_plain(device), report, number, full=full, colour=colour)

    return _run(work, as_json)


def _run(work: Callable[[Report], None], as_json: bool) -> int:
    with _quiet("httpx", "httpcore", "parking"):  # the report says what is the matter
        return _told(work, as_json)


@contextmanager
def _quiet(*chatty: str) -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in chatty]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _told(work: Callable[[Report], None], as_json: bool) -> int:
    report = Report(print if not as_json else lambda line: print(line, file=sys.stderr))
    try:
        work(report)
    except WrongCall as error:
        raise invalid("bring_up.call", str(error)) from None
    except (DeviceFault, DeviceRefused) as error:
        report.fail(str(error))
    if as_json:
        print(json.dumps(report.values, ensure_ascii=False))
    elif report.values["error"]:
        print(f"bring-up: {report.values['error']}", file=sys.stderr)
    return 1 if report.values["error"] else 0


def _confirmed(board: bring_up_relays.Described, coil: int, ms: int) -> bool:
    """Ask the person at the cabinet; WrongCall where nobody can answer."""
    bring_up_relays.check_pulse(board, coil, ms)
    if not sys.stdin.isatty():
        raise WrongCall("steel would move and nobody can be asked: add --lane-is-clear when somebody has looked")
    print(bring_up_relays.question(board, coil, ms), file=sys.stderr)
    print(f"Type {coil} to go on, anything else to stop: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() == str(coil)


def _plain(words: Sequence[str] | None) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for word in words or ():
        key, equals, text = word.partition("=")
        if not equals or not key:
            raise invalid("bring_up.word", "should be key=value, as in edge.yaml", field=word[:40])
        if key in plain:
            raise invalid("bring_up.word", "is there twice", field=key)
        try:
            plain[key] = text if key in ("password", "secret") else yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):
            raise invalid("bring_up.word", "is not a value as in edge.yaml", field=key) from None
    return plain
