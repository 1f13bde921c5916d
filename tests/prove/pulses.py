"""kill -9 of a gate box, of the keeper of its GPIO lines, or of both, at random instants of its pulses: no contact stays on.

The chip keeps a line's level when its owner dies. A killed box's pulse must end by itself; after a killed keeper the next call of a box
must find every coil off. `python -m tests.prove.pulses [KILLS] [SEED]` ends in one line: name, figure, goal, holds or falls short.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from random import Random

from parking.kernel.device import DeviceFault
from tests.builders.gpio_cabinet import Cabinet, until

KILLS, SEED = 200, 7
PULSE_S = 0.3
VICTIMS = ("box", "keeper", "both")


def run(kills: int, *, seed: int, tell: bool = False) -> int:
    """So many rounds; how many of them ended with every contact off. AssertionError where one never does."""
    dice, well = Random(seed), 0
    for number in range(kills):
        victim = VICTIMS[number % len(VICTIMS)]
        with tempfile.TemporaryDirectory() as folder:
            cabinet = Cabinet(Path(folder))
            try:
                well += _round(cabinet, victim, dice)
            finally:
                cabinet.close()
        if tell and (number + 1) % 20 == 0:
            print(f"{number + 1} kills, {well} well", flush=True)
    return well


def _round(cabinet: Cabinet, victim: str, dice: Random) -> bool:
    box = cabinet.looping_box()
    assert box.stdout is not None
    for _ in range(dice.randint(1, 3)):
        box.stdout.readline()
    time.sleep(dice.random() * 1.5 * PULSE_S)  # somewhere in a pulse, in its end, or between two
    if victim != "keeper":
        box.send_signal(signal.SIGKILL)
    if victim != "box" and cabinet.keeper_pid() is not None:
        cabinet.signal_keeper(signal.SIGKILL)
    if victim == "box":
        until(lambda: not cabinet.world.coil_is_on(0), "the keeper ends the pulse of a killed box")
        return True
    if victim == "keeper":
        # The box may have started another keeper already, and may be in its next pulse: whoever looks then sees that one end.
        box.send_signal(signal.SIGKILL)
        box.wait()
        _first_look(cabinet)
        until(lambda: not cabinet.world.coil_is_on(0), "the next keeper puts the coil off")
        return True
    box.wait()
    return not _first_look(cabinet) and not cabinet.world.coil_is_on(0)


def _first_look(cabinet: Cabinet) -> bool:
    """Whether the coil is on in the first reading that the next box gets."""
    board = cabinet.board()
    limit_s = time.monotonic() + 30
    while time.monotonic() < limit_s:
        with suppress(DeviceFault):
            return board.read().coils[0]
    raise AssertionError("the next box never gets an answer")


def main(arguments: list[str]) -> int:
    """Run the proof; 0 when no contact stayed on."""
    kills, seed = (int(text) for text in (*arguments, *map(str, (KILLS, SEED)[len(arguments) :])))
    well = run(kills, seed=seed, tell=True)
    holds = well == kills
    print(
        f"pulses: {kills - well} contacts left on by {kills} kills (seed {seed}), goal 0, {'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
