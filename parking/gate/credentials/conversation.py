"""Our side of one connection to a reader, without I/O: bytes and time in, bytes and sightings out. Every connection begins a new one.

What it cannot understand raises WireFault, and the connection is given up: half-understood bytes never become a credential.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from parking.gate.credentials.codes import VerifiedCode
from parking.kernel.credential import Credential
from parking.kernel.device import DeviceFault, DeviceRefused
from parking.kernel.plate import Plate

LATE = "reader.late"
"""Refused: read at a time that nobody knows, while the line was away. Readers and serial servers keep what they cannot tell, and
tell it when the line is back: to another car. It has to be held up again."""
SETTLE_S = 0.5
"""So long after a line is (again) up, what comes over it may have been kept."""


class WireFault(DeviceFault):
    """The other end sent what its protocol does not allow. The text never carries what was sent."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One sighting as the wire tells it; the fields are those of `base.Presented`."""

    credential: Credential
    antenna: int | None = None
    plate: Plate | None = None
    rssi_dbm: float | None = None
    proven: bool = False
    code: VerifiedCode | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one piece of input led to: bytes to send back, what was seen, and the fault that ends the connection, if one came after."""

    send: bytes = b""
    seen: tuple[Seen, ...] = ()
    fault: DeviceFault | DeviceRefused | None = None


class Conversation(Protocol):
    """One connection's state. `now_s` is monotonic seconds."""

    @property
    def ready(self) -> bool:
        """Whether the reader has said that it is reading; only then is a connection a good one."""
        ...

    @property
    def trouble(self) -> str:
        """What the reader says is wrong with itself, in a sentence without personal data; "" when nothing is."""
        ...

    def begin(self, now_s: float) -> bytes:
        """The bytes that open the conversation."""
        ...

    def take(self, data: bytes, now_s: float) -> Turn:
        """Work off received bytes; `fault` is a WireFault for nonsense, a DeviceRefused when the reader says no."""
        ...

    def tick(self, now_s: float) -> Turn:
        """Called a few times a second: what time alone brings; `fault` is a DeviceFault when the reader is silent for too long."""
        ...
