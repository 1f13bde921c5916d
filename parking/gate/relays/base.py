"""What the lane asks of a relay board: read everything at once, and pulse one coil timed by the board itself.

A board that does not answer raises DeviceFault (try again later); one that says no raises DeviceRefused (do not). No call takes
longer than the board's `timeout_s`, and an order that is older than its deadline never leaves: that is DeviceRefused, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from parking.kernel.device import DeviceRefused, HealthReport

ALWAYS = float("inf")
PULSE_LONGEST_MS = 5_000
"""No barrier wants a longer contact; more is a typing mistake."""


@dataclass(frozen=True, slots=True)
class BoardState:
    """All inputs and coils as they were at `read_s` (the clock's monotonic seconds)."""

    inputs: tuple[bool, ...]
    coils: tuple[bool, ...]
    read_s: float


class RelayBoard(Protocol):
    """A board with numbered coils and inputs, from 0."""

    def read(self) -> BoardState:
        """The inputs and coils now."""
        ...

    def pulse(self, coil: int, duration_ms: int, *, not_after_s: float = ALWAYS) -> bool:
        """Close a contact for `duration_ms`, timed by the board; True when the coil was then read back as on.

        A board that cannot read its coils back says True once it has acknowledged the order, and its `read` tells no coils; there
        the boom's own contact has to prove that it moved. After `not_after_s` (the clock's monotonic seconds) the order is refused,
        also where it waited behind another call or for a connection.
        """
        ...

    def hold(self, coil: int, on: bool) -> bool:
        """Close or open a contact for good; True when the coil was then read back as wished. Only for emergencies."""
        ...

    def health(self) -> HealthReport: ...

    def close(self) -> None:
        """Let the connection go; coils stay as they are."""
        ...


def check_coil(coil: int, count: int) -> None:
    """ValueError for a coil that the board does not have."""
    if not 0 <= coil < count:
        raise ValueError(f"coil {coil}: the board has 0 to {count - 1}")


def check_duration(duration_ms: int) -> None:
    """ValueError for a pulse that no barrier wants."""
    if not 100 <= duration_ms <= PULSE_LONGEST_MS:
        raise ValueError(f"a pulse lasts 100 to {PULSE_LONGEST_MS} ms, not {duration_ms}")


def check_deadline(now_s: float, not_after_s: float) -> None:
    """DeviceRefused for an order whose time is over (or is no time at all); call it right before the bytes leave."""
    if not now_s <= not_after_s:
        raise DeviceRefused("the order is older than its deadline and was not sent")
