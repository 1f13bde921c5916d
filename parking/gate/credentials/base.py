"""What a reader of credentials gives a lane. A credential is evidence beside the plate, never above it: it says who it is,
when and where it was read, and whether its bearer proved it or anybody could have copied it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from parking.gate.credentials.codes import VerifiedCode
from parking.kernel.credential import Credential
from parking.kernel.device import HealthReport
from parking.kernel.ids import DeviceId
from parking.kernel.plate import Plate


@dataclass(frozen=True, slots=True)
class Presented:
    """One credential held up to one reader. Personal data: the value, and `plate`.

    `read_at` (UTC) and `seen_s` (the box's monotonic clock, seconds) say when the reader last saw it in this presentation;
    `antenna` numbers the antenna from 1 where the reader has several; `plate` is what an on-board unit says of its car;
    `rssi_dbm` is how strongly it was heard; `proven` is True when the bearer proved it (signed advert, signed code) and False
    when the bare number could have been copied. `code` is what a valid code says. `refused` is the stable reason why a code,
    or a tag's proof, was not accepted ("" when it was): such a credential opens nothing, and the driver is told.
    """

    credential: Credential
    read_at: datetime
    reader: DeviceId
    seen_s: float
    antenna: int | None = None
    plate: Plate | None = None
    rssi_dbm: float | None = None
    proven: bool = False
    code: VerifiedCode | None = None
    refused: str = ""


class CredentialReader(Protocol):
    """A reader that works in a thread of its own; no call here waits for the device."""

    def start(self) -> None:
        """Begin to read; a second call does nothing."""
        ...

    def stop(self) -> None:
        """End, and wait for the thread; what was read and not drained stays to be drained."""
        ...

    def drain(self) -> list[Presented]:
        """What was presented since the last call, oldest first, duplicates of one presentation merged."""
        ...

    def health(self) -> HealthReport: ...
