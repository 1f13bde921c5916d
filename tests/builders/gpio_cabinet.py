"""A cabinet with a chip that keeps its levels, relays on its lines, and every box and keeper that was ever started on it."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hardware_sim.devices.gpio_chip import ChipWorld, make_chip
from parking.gate.relays.gpio import GpioBoard
from parking.gate.relays.gpio_chip import LineRequest
from parking.gate.relays.gpio_keeper import address_of
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import SystemClock

KEEPER = (sys.executable, "-m", "hardware_sim.devices.gpio_chip")
COILS, INPUTS = (4, 5), (10, 11)
_BOARD = """
import sys
from parking.gate.relays.gpio import GpioBoard
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import SystemClock
settings = BoardSettings(chip=sys.argv[1], coils=2, inputs=2, coil_lines=(4, 5), input_lines=(10, 11), timeout_s=10)
board = GpioBoard(settings, SystemClock(), keeper=(sys.executable, "-m", "hardware_sim.devices.gpio_chip"))
"""
BOX = (
    _BOARD
    + """
print(eval(sys.argv[2], {"board": board}), flush=True)
sys.stdin.read()
"""
)
LOOP = (
    _BOARD
    + """
import time
while True:
    print("pulse", flush=True)
    try:
        board.pulse(0, 300)
    except Exception:
        pass
    time.sleep(0.35)
"""
)


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that must happen; the limit is for a test that has gone wrong."""
    limit_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit_s, what
        time.sleep(0.005)


class Cabinet:
    """A chip, what hangs on it, and every box and keeper that was ever started on it."""

    def __init__(self, folder: Path) -> None:
        self.chip = folder / "gpiochip0"
        make_chip(self.chip)
        self.world = ChipWorld(self.chip, COILS, INPUTS)
        self.watchdog = folder / "watchdog"
        self.watchdog.touch()
        self.boards: list[GpioBoard] = []
        self.boxes: list[subprocess.Popen[str]] = []

    def settings(self, *, watchdog: str = "") -> BoardSettings:
        return BoardSettings(
            chip=str(self.chip), coils=2, inputs=2, coil_lines=COILS, input_lines=INPUTS, timeout_s=10,
            backoff_first_s=0.0, backoff_most_s=0.0, watchdog=watchdog,
        )  # fmt: skip

    def board(self, *, watchdog: str = "") -> GpioBoard:
        board = GpioBoard(self.settings(watchdog=watchdog), SystemClock(), keeper=KEEPER)
        self.boards.append(board)
        return board

    def box(self, order: str) -> subprocess.Popen[str]:
        """Another process that gives one order and then waits, connected."""
        box = self._start(BOX, order)
        assert box.stdout is not None
        assert box.stdout.readline() == "True\n"
        return box

    def keeper_pid(self) -> int | None:
        """The process that keeps the lines, as the kernel knows it."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bell:
            try:
                bell.connect(address_of(LineRequest.of(self.settings())))
            except ConnectionRefusedError:
                return None
            peer = bell.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", peer)[0])

    def looping_box(self) -> subprocess.Popen[str]:
        """A box that gives one pulse after another, as fast as they end, and says so before each."""
        return self._start(LOOP, "")

    def _start(self, program: str, order: str) -> subprocess.Popen[str]:
        box = subprocess.Popen(
            [sys.executable, "-c", program, str(self.chip), order],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        self.boxes.append(box)
        return box

    def signal_keeper(self, number: signal.Signals) -> None:
        pid = self.keeper_pid()
        assert pid is not None
        os.kill(pid, number)

    def _no_keeper(self) -> bool:
        pid = self.keeper_pid()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return pid is None

    def close(self) -> None:
        for board in self.boards:
            board.close()
        for box in self.boxes:
            box.kill()
            box.communicate()
        until(self._no_keeper, "no keeper is left, nor one that was just starting")
        self.world.close()
