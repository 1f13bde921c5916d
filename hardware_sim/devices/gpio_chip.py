"""A GPIO chip as a file that several processes share: a line has one owner until he closes or dies, and keeps its level after that.

That is the worst that real chips do, and what a pulse has to survive. `python -m hardware_sim.devices.gpio_chip` is the product's
keeper on such a chip. The world sets inputs and faults and sees the contacts through the same file.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from parking.gate.relays.gpio_chip import GpioLines, LineRequest, LinesBusy
from parking.gate.relays.gpio_keeper import main as keep

LINES = 64
_LEVEL, _OUTPUT, _EVER = 1, 2, 4
_SHORTED, _WELDED = 1, 2
_WORLD, _POWER = LINES, 2 * LINES  # the world's flags are in bytes of their own: each byte of a coil has one writer
_SIZE = 2 * LINES + 1
_FLOCK = "hhqqi4x"  # struct flock of 64-bit Linux


def make_chip(path: Path) -> None:
    """A fresh chip: all lines are inputs at 0."""
    path.write_bytes(bytes(_SIZE))


class ChipWorld:
    """The world's side of a chip: what hangs on its lines."""

    def __init__(self, path: Path, coils: Sequence[int], inputs: Sequence[int]) -> None:
        self._memory = _Memory(path)
        self._coils, self._inputs = tuple(coils), tuple(inputs)

    def close(self) -> None:
        self._memory.close()

    def set_input(self, index: int, on: bool) -> None:
        """Metal comes onto a loop, or leaves it."""
        self._memory.flag(self._inputs[index], _LEVEL, on)

    def coil_is_on(self, coil: int) -> bool:
        """Whether the relay's contact is closed: its line is active, or it was and the contact is welded."""
        bits, faults = self._memory.bits(self._coils[coil]), self._memory.bits(_WORLD + self._coils[coil])
        return bool(bits & _OUTPUT and bits & _LEVEL) or bool(faults & _WELDED and bits & _EVER)

    @property
    def gone(self) -> bool:
        """Whether the chip has failed (an expander that was unplugged)."""
        return bool(self._memory.bits(_POWER))

    @gone.setter
    def gone(self, gone: bool) -> None:
        self._memory.flag(_POWER, 1, gone)

    def short(self, coil: int, on: bool) -> None:
        """The line reads back as 0 whatever drives it."""
        self._memory.flag(_WORLD + self._coils[coil], _SHORTED, on)

    def weld(self, coil: int, on: bool) -> None:
        """The relay's contact, once closed, stays closed; the line knows nothing of it."""
        self._memory.flag(_WORLD + self._coils[coil], _WELDED, on)


class SimulatedLines:
    """Requested lines of a simulated chip; owned by a lock that the kernel takes away when the owner's process ends."""

    def __init__(self, request: LineRequest) -> None:
        self._request = request
        self._memory = memory = _Memory(Path(request.chip))
        for line in (*request.coils, *request.inputs):
            if line >= LINES:
                memory.close()
                raise OSError(errno.EINVAL, f"{request.chip} does not have these lines")
            if not memory.own(line):
                memory.close()
                raise LinesBusy(errno.EBUSY, f"somebody else has lines of {request.chip}")
        for coil, line in enumerate(request.coils):
            memory.flag(line, _OUTPUT, True)
            self.set(coil, False)
        for line in request.inputs:
            memory.flag(line, _OUTPUT, False)

    def set(self, coil: int, on: bool) -> None:
        self._check_power()
        line = self._request.coils[coil]
        self._memory.flag(line, _LEVEL, on is not self._request.coils_active_low)
        if on:
            self._memory.flag(line, _EVER, True)

    def coils(self) -> tuple[bool, ...]:
        return self._levels(self._request.coils, self._request.coils_active_low)

    def inputs(self) -> tuple[bool, ...]:
        return self._levels(self._request.inputs, self._request.inputs_active_low)

    def close(self) -> None:
        self._memory.close()

    def _levels(self, lines: Sequence[int], active_low: bool) -> tuple[bool, ...]:
        self._check_power()
        return tuple(self._level(line) is not active_low for line in lines)

    def _level(self, line: int) -> bool:
        return bool(self._memory.bits(line) & _LEVEL) and not self._memory.bits(_WORLD + line) & _SHORTED

    def _check_power(self) -> None:
        if self._memory.bits(_POWER):
            raise OSError(errno.ENODEV, "no such device")


class _Memory:
    """The chip's file: a byte of flags a line, shared by whoever has it open."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._map = mmap.mmap(self._file, _SIZE)

    def bits(self, place: int) -> int:
        return self._map[place]

    def flag(self, place: int, flag: int, on: bool) -> None:
        """Set or clear one flag; each byte has one writer."""
        self._map[place] = self._map[place] | flag if on else self._map[place] & ~flag

    def own(self, line: int) -> bool:
        """Lock a line for this open file, until it is closed; False when somebody else has it."""
        try:
            fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, line, 1, 0))
        except OSError:
            return False
        return True

    def close(self) -> None:
        self._map.close()
        os.close(self._file)


def open_simulated(request: LineRequest) -> GpioLines:
    """Lines of a simulated chip, as the keeper wants them."""
    return SimulatedLines(request)


if __name__ == "__main__":
    raise SystemExit(keep(sys.argv[1:], open_simulated))
