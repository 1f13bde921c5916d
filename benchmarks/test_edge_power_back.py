"""Power comes back while a car stands at the lane: from the start of `parking edge` to the first right decision and the open boom.

No hands, and no server: the box finds its journal, its board and its camera by itself, reads the plate on real pictures and opens.
The floor is a bare process that imports the same modules and opens the same models. Both are started in turns, in the same rounds.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from hardware_sim.camera_view import CameraView
from hardware_sim.devices.mjpeg import MjpegCamera
from hardware_sim.devices.relay_board import RelayBoardSim
from hardware_sim.physical_lane import InView
from lpr.drawing.scenes import Light
from parking.bootstrap.keys import create_key
from parking.kernel.clock import SystemClock
from parking.kernel.plate import Plate
from tests.builders.edge_box import FAST_BARRIERS

ROUNDS, GOAL, LONGEST_S = 5, 3.0, 90.0
PLATE = Plate("沪A12345")
ROOT = Path(__file__).resolve().parents[1]
BARE = "import parking.cli.edge, parking.bootstrap.edge; from lpr import Pipeline; Pipeline.default()"


def bare_s() -> float:
    """The same imports and the same models, and nothing else."""
    began_s = time.perf_counter()
    subprocess.run([sys.executable, "-c", BARE], cwd=ROOT, check=True)
    return time.perf_counter() - began_s


def settings(folder: Path, board_port: int, camera_url: str) -> Path:
    """edge.yaml of one lane whose server is away."""
    for name in ("device", "server"):
        create_key(folder / f"{name}.pem")
    plain: dict[str, Any] = {
        "device": "edge-1",
        "site": "mall",
        "server": "http://127.0.0.1:9",
        "journal": "edge.db",
        "key": "device.pem",
        "server_key": "server.pub",
        "lanes": [
            {
                "id": "entry-1",
                "kind": "entry",
                "camera": {"kind": "mjpeg", "url": camera_url},
                "relay": {
                    "kind": "modbus_tcp",
                    "host": "127.0.0.1",
                    "port": board_port,
                    "open_coil": 0,
                    "close_coil": 1,
                },
                "loops": {"presence": 0, "safety": 1},
            }
        ],
    }
    path = folder / "edge.yaml"
    path.write_text(yaml.safe_dump(plain))
    return path


def power_back_s(config: Path, board: RelayBoardSim) -> float:
    """Start the box with a car on the loop; seconds until its boom is up, by a decision for this very plate."""
    began_s = time.perf_counter()
    box = subprocess.Popen(
        [sys.executable, "-m", "parking.cli", "edge", "--config", str(config)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not board.boom_is_up("entry-1"):
            assert box.poll() is None, "the box stopped"
            assert time.perf_counter() - began_s < LONGEST_S, "the boom did not go up"
            time.sleep(0.005)
        took_s = time.perf_counter() - began_s
    finally:
        box.send_signal(signal.SIGKILL)  # the power goes again
        box.wait()
    with closing(sqlite3.connect(config.parent / "edge.db")) as journal:
        bodies = [json.loads(body) for (body,) in journal.execute("SELECT body FROM entry")]
    decided = [body["data"]["plate"] for body in bodies if body["type"] == "LaneDecided" and body["data"]["allowed"]]
    assert decided[-1] == PLATE.text
    return took_s


def test_power_back_to_the_first_right_decision() -> None:
    board = RelayBoardSim(SystemClock(), FAST_BARRIERS)
    view = CameraView(lambda: InView(PLATE, 1.0), lambda: Light.DAY, place=0, seed=5)
    camera = MjpegCamera(view.next_frame, fps=8)
    board.start()
    camera.start()
    ratios, boxes, floors = [], [], []
    try:
        with tempfile.TemporaryDirectory() as name:
            config = settings(Path(name), board.port, camera.url)
            board.set_input(0, True)
            bare_s()  # what the disk has to fetch once is fetched
            for _ in range(ROUNDS):
                floors.append(bare_s())
                boxes.append(power_back_s(config, board))
                ratios.append(boxes[-1] / floors[-1])
                while (
                    board.boom_position("entry-1") > 0
                ):  # the boom's own hardware lets it down once a loop has cleared
                    board.set_input(1, True)
                    board.set_input(1, False)
                    time.sleep(0.2)
    finally:
        camera.stop()
        board.stop()
    print(
        f"\npower back: {statistics.median(boxes):.2f} s to the open boom, {statistics.median(floors):.2f} s bare imports and models, "
        f"ratio median {statistics.median(ratios):.2f} (worst {max(ratios):.2f}), goal {GOAL}"
    )
