"""What edge.yaml says of a relay board, whatever its kind: every kind takes what it knows and refuses what it cannot do without.

Times in seconds; a port of 0 is the kind's usual one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from parking.kernel.errors import invalid

COILS_MOST = 64


class BoardMap(StrEnum):
    """Whose register map a Modbus board has."""

    WAVESHARE = "waveshare"
    DAM = "dam"


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """Where a board is and how it is spoken to."""

    host: str = "127.0.0.1"
    port: int = 0
    unit: int = 1
    """Modbus unit, or a camera's channel."""
    coils: int = 8
    inputs: int = 8
    board_map: BoardMap = BoardMap.WAVESHARE
    timeout_s: float = 0.5
    """The longest that one call may take, connecting and reading back included."""
    backoff_first_s: float = 0.1
    backoff_most_s: float = 5.0
    user: str = "admin"
    password: str = field(default="", repr=False)
    device: str = ""
    """A serial number, where the device calls us and not we it."""
    chip: str = "/dev/gpiochip0"
    coil_lines: tuple[int, ...] = ()
    """GPIO lines of the coils, in their order; likewise of the inputs."""
    input_lines: tuple[int, ...] = ()
    coils_active_low: bool = False
    inputs_active_low: bool = False
    watchdog: str = ""
    """A hardware watchdog's device file that the GPIO keeper feeds; none when empty."""

    def __post_init__(self) -> None:
        for name in ("coils", "inputs"):
            if not 0 <= getattr(self, name) <= COILS_MOST:
                raise invalid("relay.settings", f"a board has 0 to {COILS_MOST} of them", field=name)
        if not 0 < self.timeout_s <= 10:
            raise invalid("relay.settings", "seconds, more than 0 and at most 10", field="timeout_s")
        if not 0 <= self.backoff_first_s <= self.backoff_most_s <= 60:
            raise invalid("relay.settings", "0 <= backoff_first_s <= backoff_most_s <= 60", field="backoff_most_s")

    @property
    def place(self) -> tuple[str, int, int, str, str]:
        """What makes it this board and no other, however patiently it is spoken to."""
        return (self.host, self.port, self.unit, self.device, self.chip if self.coil_lines else "")
