"""The same decision with a server that answers and with one that has fallen into a black hole.

Two gate boxes in one process, each with its uplink and downlink threads at work: one talks to a server in another process, the other
has a half-open connection (its bytes are taken and nothing ever comes back, so that every request ends by its timeout). Vehicles
alternate between the two in random order; the score is the median over rounds of the ratio of the round's medians.
"""

from __future__ import annotations

import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.test_gate_decision import STAYS, Ours, board_process, mixed_plates
from parking.bootstrap.keys import KeyRing, load_public, load_signer
from parking.gate.sync import Downlink, Link, Loop, Uplink, new_client
from parking.kernel.clock import SystemClock

ROUNDS, PASSAGES = 21, 12
GOAL = 1.1
SERVER = (
    "import sys; from pathlib import Path; from tests.builders.edge_server import EdgeServer;"
    "server = EdgeServer(Path(sys.argv[1])); server.start(); print(server.url, flush=True);"
    "sys.stdin.read(); server.stop()"
)


@contextmanager
def server_process(folder: Path) -> Iterator[str]:
    """A server for one box in a process of its own; its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


@contextmanager
def black_hole() -> Iterator[str]:
    """An address that takes connections and bytes and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        stopping, taken = threading.Event(), []

        def swallow() -> None:
            while not stopping.is_set():
                try:
                    taken.append(listening.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=swallow, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        stopping.set()
        thread.join()
        for one in taken:
            one.close()


@contextmanager
def linked(box: Ours, url: str, folder: Path) -> Iterator[None]:
    """A box's two links at work."""
    keys = KeyRing([load_public(folder / "server.pub")])
    link = Link(url, "edge-1", load_signer(folder / "device.pem"), keys, wait_s=5.0, connect_s=1.0, answer_s=1.0)
    clock, clients = SystemClock(), (new_client(link), new_client(link))
    uplink, downlink = Uplink(link, box.journal, clock, clients[0]), Downlink(link, box.copy, clock, clients[1])

    def wait_for_news(seconds: float) -> None:
        box.journal.appended.wait(seconds)
        box.journal.appended.clear()

    def quiet(_name: str, _trouble: str) -> None:
        """Nobody listens."""

    loops = (
        Loop("up", lambda: uplink.send() > 0, clock, idle=wait_for_news, report=quiet),
        Loop("down", downlink.fetch, clock, idle=lambda _: None, report=quiet),
    )
    for loop in loops:
        loop.start()
    yield
    for loop in loops:
        loop.stop(10)
    for client in clients:
        client.close()


def test_gate_offline() -> None:
    order = random.Random(1)
    ratios: list[float] = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name, board_process() as port:
        folder = Path(name)
        for part in ("online", "offline"):
            (folder / part).mkdir()
        online, offline = (Ours(folder / name, port, mixed_plates(STAYS)) for name in ("online", "offline"))
        with (
            server_process(folder) as url,
            black_hole() as hole,
            linked(online, url, folder),
            linked(offline, hole, folder),
        ):
            for box in (online, offline):
                box.pass_once()
            sides = {"online": online, "offline": offline}
            medians: dict[str, list[float]] = {"online": [], "offline": []}
            for _ in range(ROUNDS):
                times: dict[str, list[float]] = {"online": [], "offline": []}
                turns = [*sides] * PASSAGES
                order.shuffle(turns)
                for turn in turns:
                    times[turn].append(sides[turn].pass_once())
                for side, spent in times.items():
                    medians[side].append(statistics.median(spent))
                ratios.append(medians["offline"][-1] / medians["online"][-1])
            time.sleep(0.5)
            sent, kept = online.journal.acknowledged(), offline.journal.acknowledged()
        for box in (online, offline):
            box.close()
    assert sent > ROUNDS, "the box that is online has told the server what happened"
    assert kept == 0, "the black hole has answered"
    ratio = statistics.median(ratios)
    print(
        f"\ngate offline: {ratio:.2f} times the decision of online (rounds {min(ratios):.2f} to {max(ratios):.2f};"
        f" {statistics.median(medians['offline']):.2f} against {statistics.median(medians['online']):.2f} ms), half-open TCP;"
        f" goal <= {GOAL:.1f}: {'holds' if ratio <= GOAL else 'falls short'}"
    )
