"""`parking demo`: a whole simulated mall on this machine: server, gate box and world as processes of their own.

They talk over real sockets in the real protocols; a process that dies is started again and loses nothing that was acknowledged.
"""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from hardware_sim.traffic import arrivals
from parking.cli import demo_once
from parking.cli.addresses import refuse_a_taken_address
from parking.cli.demo_finding import ticket_of
from parking.cli.demo_loyalty import WELCOME, MallApp
from parking.cli.demo_site import EDGE, OPERATOR, DemoSite, lay_out
from parking.cli.operator_client import OperatorClient
from parking.cli.progress import sentence
from parking.cli.supervisor import Child, Supervisor
from parking.gate.edge_file import alone
from parking.kernel.errors import ErrorKind, ParkingError

READY_WITHIN_S = 120.0
ATTENDANT_AFTER_S = 30.0
YOUR_BAY, PILLAR = "A14", "P21"
"""Where a camera reads the plate of your own car, and a pillar on the other level."""


def demo(
    once: Annotated[bool, typer.Option("--once", help="one car in and out without a screen, then stop")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="with --once: print one JSON object")] = False,
    port: Annotated[int, typer.Option(help="port of the pages; 0 takes any free one")] = 8000,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    folder: Annotated[
        Path | None, typer.Option(help="keep everything here; default: a folder that goes when the demo ends")
    ] = None,
    seed: Annotated[int, typer.Option(help="of the traffic")] = 1,
) -> None:
    """Run a simulated mall until Ctrl-C, or (--once) one car in and out; exit 0 only when every part tells the same story."""
    # whole: what is laid out names its files, and is read from elsewhere
    place = folder.absolute() if folder else Path(tempfile.mkdtemp(prefix="parking-demo-"))
    say = _quiet if as_json else _say
    try:
        place.mkdir(parents=True, exist_ok=True)
        with alone(place / "demo"):
            site = lay_out(place, host=host, port=0 if once else port)
            for taken in site.ports.values():
                refuse_a_taken_address(site.host, taken, "is another demo running? else take another --folder")
            supervisor = Supervisor(place / "logs")
            try:
                operator = start(supervisor, site, traffic=not once, seed=seed, say=say)
                if once:
                    report = demo_once.run(site, operator, seed=seed)
                    print(json.dumps(report, ensure_ascii=False) if as_json else demo_once.as_text(report))
                    raise typer.Exit(0 if report["ok"] else 1)
                _live(site, operator, say)
            finally:
                supervisor.stop()
    finally:
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)


def _say(text: str) -> None:
    print(text, flush=True)


def _quiet(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def start(supervisor: Supervisor, site: DemoSite, *, traffic: bool, seed: int, say: Any) -> OperatorClient:
    """Start world, server and gate box, and wait until each of them answers; ParkingError shows the log of one that does not."""
    config = site.root / "world.json"
    config.write_text(json.dumps(site.simulator_config(traffic=traffic, seed=seed)))
    environment = site.server_environment()
    cli = [sys.executable, "-m", "parking.cli"]
    supervisor.start(Child("server", [*cli, "serve"], environment))
    supervisor.start(Child("world", [sys.executable, "-m", "parking.cli.world", str(config)], environment))
    supervisor.start(Child("edge", [*cli, "edge", "--config", str(site.root / "edge.yaml")], environment))
    supervisor.watch(lambda name: say(f"!! {name} died; it is started again"))
    operator = OperatorClient(site.url("server"), OPERATOR, site.password)
    _wait(supervisor, "server", operator.is_ready)
    _wait(supervisor, "world", lambda: _answers(f"{site.url('control')}/state"))
    operator.log_in()
    _wait(supervisor, "edge", lambda: _lanes_are_ready(site))
    say("the mall is open")
    return operator


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1.0).status_code == 200
    except httpx.HTTPError:
        return False


def _lanes_are_ready(site: DemoSite) -> bool:
    """The gate box has spoken to the server, looks at its cameras, and listens to its readers."""
    try:
        world = httpx.get(f"{site.url('control')}/state", timeout=2.0).json()
        silence = httpx.get(f"{site.url('server')}/metrics", timeout=5.0).text
    except httpx.HTTPError:  # a busy machine: asked again
        return False
    return all(world["viewers"].values()) and all(world["readers"].values()) and EDGE in silence


def _wait(supervisor: Supervisor, name: str, is_ready: Any) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not is_ready():
        if time.monotonic() > deadline:
            raise ParkingError(
                ErrorKind.UNAVAILABLE, "demo.not_ready", f"the {name} did not start:\n{supervisor.last_lines(name)}"
            )
        time.sleep(0.1)


def _live(site: DemoSite, operator: OperatorClient, say: Any) -> None:
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    feed = operator.feed()
    _introduce(site, operator, say)
    feed.on_event(lambda event: _tell(event, say))
    threading.Thread(target=_attend, args=(operator, stopping, say), name="attendant", daemon=True).start()
    stopping.wait()
    say("closing")
    feed.stop()


def _introduce(site: DemoSite, operator: OperatorClient, say: Any) -> None:
    """Print where to look: a parked car of your own gives the driver page something to show."""
    server = site.url("server")
    yours = next(arrivals(random.SystemRandom().randrange(10**6), datetime.now(UTC), 24, 60)).plate
    plan = {"plate": yours.text, "bay": YOUR_BAY, "dwell_s": 900, "pays": "never"}
    with contextlib.suppress(httpx.HTTPError):
        httpx.post(f"{site.url('control')}/cars", json=plan)
    say(f"  operator   {server}/operator/    log in as {OPERATOR!r}, password {site.password!r}")
    say(f"  kiosk      {server}/kiosk/#k={site.kiosk_token}&demo    a car of your own is coming in: {yours.text}")
    say("             calls of unpaid cars wait on the operator page; after half a minute the office answers them")
    say(f"  free bays  {server}/guide/    with the car park next door")
    app = MallApp(server, site.loyalty)
    with contextlib.suppress(httpx.HTTPError):
        app.give(WELCOME, "joined")
        app.buys("R-1001", 120)
        say(f"  member     {app.page()}    as the mall's own app opens it")
    app.close()
    say(f"  API        {server}/docs")
    say(f"  world      {site.url('control')}/state    logs in {site.root / 'logs'}")
    threading.Thread(target=_print_ticket, args=(site, operator, yours.masked, say), daemon=True).start()


def _print_ticket(site: DemoSite, operator: OperatorClient, masked: str, say: Any) -> None:
    """The driver's page of your own car, as the QR code on its ticket opens it."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            ticket = ticket_of(operator, masked)
            if ticket is not None:
                say(f"  driver     {ticket['url']}    the code on your ticket")
                say(
                    f"  find car   {site.url('server')}/driver/#p={PILLAR}    the code on pillar {PILLAR}: scan it after the ticket"
                )
                return
        time.sleep(1.0)
    say(f"  driver     {site.url('server')}/driver/")


def _attend(operator: OperatorClient, stopping: threading.Event, say: Any) -> None:
    """Somebody in the office: takes the calls that you leave unanswered for a while, and opens."""
    while not stopping.wait(2.0):
        with contextlib.suppress(httpx.HTTPError):
            answer_calls(operator, older_than_s=ATTENDANT_AFTER_S, say=say)


def answer_calls(operator: OperatorClient, *, older_than_s: float, say: Any) -> int:
    """Open for every call at a lane that has waited so long; how many were answered."""
    page = operator.get("/calls")
    now, answered = datetime.fromisoformat(page["now"]), 0
    for call in page["items"]:
        waited_s = (now - datetime.fromisoformat(call["called_at"])).total_seconds()
        if call["state"] != "waiting" or call["lane_id"] is None or waited_s < older_than_s:
            continue
        body, key = {"reason": "the demo's attendant lets them through"}, {"Idempotency-Key": f"demo-{call['id']}"}
        operator.post(f"/calls/{call['id']}/open", body, **key)
        say(f"{'office':8} answers the call at {call['lane_id']} ({call['cause']}) and opens")
        answered += 1
    return answered


def _tell(event: dict[str, Any], say: Any) -> None:
    text = sentence(event)
    if text:
        say(text)
