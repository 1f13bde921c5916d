"""Readers of credentials on lines that keep failing: cut, mute, talking garbage, gone. Each comes back by itself, tells what is held up
to it afterwards, and never once tells anything else.

`python -m tests.prove.readers [FAULTS] [SEED] [KIND ...]`: so many faults for each kind. Ends in one line: name, figure, goal, holds
or falls short.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from contextlib import suppress

from hardware_sim.devices.tcp_device import TcpDevice
from tests.builders.credential_readers import WORLDS, ReaderWorld

FAULTS, SEED = 100, 1
_PATIENCE_S = 150.0
"""Longer than the minute in which these readers do not tell a credential again: twenty of them go round and round."""


def _break(device: TcpDevice, world: ReaderWorld, dice: random.Random) -> None:
    """One fault, for a moment or until the reader has noticed."""
    kind = dice.choice(("hang_up", "mute", "garbage", "gone"))
    before, wait_s = device.connections, dice.random() * 0.5
    if kind == "hang_up":
        device.hang_up()
        _until(lambda: device.connections > before)
    elif kind == "gone":
        device.stop()
        time.sleep(wait_s)
        device.start()
    elif kind == "mute":
        device.mute = True
        time.sleep(wait_s)
        device.mute = False
    else:
        device.garbage = world.garbage[: dice.randrange(1, len(world.garbage))]
        time.sleep(wait_s)
        device.garbage = None


def _until(holds: object) -> bool:
    assert callable(holds)
    end_s = time.monotonic() + _PATIENCE_S
    while not holds():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.01)
    return True


class _Pace:
    """Twice a second."""

    def __init__(self) -> None:
        self._last_s = float("-inf")

    def is_due(self) -> bool:
        now_s = time.monotonic()
        if now_s - self._last_s < 0.5:
            return False
        self._last_s = now_s
        return True


def prove(kind: str, faults: int, seed: int) -> tuple[int, int]:
    """How often a reader of this kind did not tell what was held up after a fault, and how many wrong credentials it told."""
    dice, world = random.Random(seed), WORLDS[kind]()
    device = world.device
    assert device is not None
    missed = wrong = 0
    world.begin()
    try:
        for number in range(faults):
            _break(device, world, dice)
            held_up = number % 20 + 1
            told: set[object] = set()
            pace = _Pace()

            def is_told(number: int = held_up, told: set[object] = told, pace: _Pace = pace) -> bool:
                if world.reading() and pace.is_due():  # held up again, as a driver does whose tag was not heard
                    with suppress(AssertionError):  # the line may still be failing
                        world.hold_up(number, 1)
                told.update(p.credential for p in world.reader.drain() if not p.refused)
                return world.expected(number) in told

            missed += not _until(is_told)
            known = {world.expected(n) for n in range(1, 21)}
            wrong += len(told - known)
            for presented in world.reader.drain():
                wrong += not presented.refused and presented.credential not in known
    finally:
        world.stop()
    return missed, wrong


def main(arguments: list[str]) -> int:
    faults = int(arguments[0]) if arguments else FAULTS
    seed = int(arguments[1]) if len(arguments) > 1 else SEED
    kinds = arguments[2:] or [kind for kind in WORLDS if kind != "memory"]
    missed = wrong = 0
    for kind in kinds:
        begun_s = time.monotonic()
        found = prove(kind, faults, seed)
        missed, wrong = missed + found[0], wrong + found[1]
        print(
            f"{kind}: {faults} faults in {time.monotonic() - begun_s:.0f} s: {found[0]} missed, {found[1]} wrong",
            flush=True,
        )
    left = [thread.name for thread in threading.enumerate() if thread.name.startswith("reader-")]
    holds = not missed and not wrong and not left
    print(
        f"readers: {faults:,} line faults for each of {len(kinds)} kinds: {missed} not told afterwards, {wrong} wrong credentials, "
        f"{len(left)} threads left; goal 0 of {FAULTS}; {'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
