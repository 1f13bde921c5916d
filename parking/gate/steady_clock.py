"""The box's own time: it runs evenly, whatever becomes of the machine's clock, and only the server's signed word sets it.

Until the server has been heard, the machine's clock is all there is. From then on seconds are counted from that word, so that a
clock that jumps by a day, or is stepped back, moves no decision and no record; how far off the machine is, is told.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from parking.kernel.clock import Clock
from parking.kernel.device import Health, HealthReport

NEAR_ENOUGH_S = 0.25
"""The server's word is not surer than its way to us: nothing is set for less."""
SLOWEST_S = 2.0
"""An answer that took longer says too little about the time."""
OFF_S = 2.0
"""A machine whose clock is farther off than this is worth a technician's look."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something was noted, in a way that can be put right later: `up_s` counts within one `boot`, `noted` is what we thought."""

    boot: str
    up_s: float
    noted: datetime


class SteadyClock:
    """A `Clock` for one run of the box; thread-safe."""

    def __init__(self, machine: Clock, *, boot: str | None = None) -> None:
        self._machine = machine
        self._lock = threading.Lock()
        self._set: tuple[datetime, float] | None = None
        self.boot = boot or _boot_of_the_machine()

    @property
    def confirmed(self) -> bool:
        """Whether the server has told the time since this run began."""
        return self._set is not None

    @property
    def machine_off_s(self) -> float:
        """By how many seconds the machine's clock is ahead of ours."""
        return (self._machine.now() - self.now()).total_seconds()

    def now(self) -> datetime:
        return self.at(self.monotonic_s())

    def at(self, up_s: float) -> datetime:
        """What the time was, as far as we know today, when `monotonic_s` said `up_s`."""
        known = self._set
        if known is None:
            return self._machine.now() - timedelta(seconds=self.monotonic_s() - up_s)
        return known[0] + timedelta(seconds=up_s - known[1])

    def monotonic_s(self) -> float:
        return self._machine.monotonic_s()

    def stamp(self) -> Stamp:
        up_s = self.monotonic_s()
        return Stamp(self.boot, up_s, self.at(up_s))

    def hear(self, told: datetime, asked_s: float, answered_s: float) -> float:
        """The server said that it was `told` between two moments of `monotonic_s`; by how many seconds we were set (0: not at all)."""
        if not 0 <= answered_s - asked_s <= SLOWEST_S and self.confirmed:
            return 0.0
        with self._lock:
            middle_s = (asked_s + answered_s) / 2
            off_s = (told - self.at(middle_s)).total_seconds()
            near = abs(off_s) <= max(NEAR_ENOUGH_S, (answered_s - asked_s) / 2)
            if self._set is None and near:
                told, off_s = self.at(middle_s), 0.0  # our own is as good, and nothing that is under way is disturbed
            elif near:
                return 0.0
            self._set = (told, middle_s)
            return off_s

    def corrected(self, stamp: Stamp, at: datetime) -> datetime | None:
        """The true time of something that was taken for `at` when the stamp was made; None where `at` stands or nobody knows."""
        if not self.confirmed or stamp.boot != self.boot:
            return None
        off = self.at(stamp.up_s) - stamp.noted
        return at + off if abs(off.total_seconds()) > NEAR_ENOUGH_S else None

    def health(self) -> HealthReport:
        """Faulty while the machine's clock and ours are apart; unknown as long as nobody has told the time."""
        if not self.confirmed:
            return HealthReport(Health.UNKNOWN, self.now())
        off_s = self.machine_off_s
        if abs(off_s) <= OFF_S:
            return HealthReport(Health.OK, self.now())
        return HealthReport(Health.FAULTY, self.now(), f"the machine's clock is off by {off_s:.0f} s; ours is kept")


def _boot_of_the_machine() -> str:
    """One name from power-up to power-down where the system has one, so that a restarted process goes on counting."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip() or str(uuid4())
    except OSError:
        return str(uuid4())


_: type[Clock] = SteadyClock
