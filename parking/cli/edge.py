"""`parking edge`: one gate box, from edge.yaml. It works with the server away, and stops cleanly on SIGTERM."""

from __future__ import annotations

import logging
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from parking.bootstrap import edge as bootstrap
from parking.bootstrap import edge_settings
from parking.gate.edge_file import alone
from parking.kernel.clock import SystemClock
from parking.kernel.errors import invalid
from parking.kernel.ids import RandomIds
from parking.plumbing import logs


def edge(
    config: Annotated[Path, typer.Option(help="the box's configuration, YAML")] = Path("edge.yaml"),
    check: Annotated[bool, typer.Option("--check", help="only say whether the configuration is right")] = False,
    hand_in: Annotated[
        bool, typer.Option("--hand-in", help="only send what the journal still holds: of a box that was replaced")
    ] = False,
    journal: Annotated[
        Path | None,
        typer.Option(help="with --hand-in: that file instead, of a disk taken out or set aside as unreadable"),
    ] = None,
) -> int:
    """Run the lanes of one gate box until SIGTERM or Ctrl-C; 1 when a lane had to stop."""
    settings = edge_settings.load(config)
    if check:
        typer.echo(f"{config}: {len(settings.lanes)} lanes, fine")
        return 0
    if hand_in:
        held = journal or settings.journal
        with alone(held):
            typer.echo(f"{settings.device}: {bootstrap.hand_in(settings, held)} events handed in")
        return 0
    if journal is not None:
        raise invalid("edge.journal", "goes with --hand-in: a running box has the journal of its configuration")
    logs.set_up(json=settings.log_json, level=settings.log_level)
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)  # the box reports its links and devices itself
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with alone(settings.journal):
        box = bootstrap.EdgeBox(settings, clock=SystemClock(), ids=RandomIds())
        return bootstrap.run(settings, box, stopping)
