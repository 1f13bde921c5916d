"""edge.yaml, what reads cards, tags, on-board units and codes, and what prints tickets. Each is built when the file is read, by the
gate's own registry: what a kind does not know, or may not be, is refused there by its name.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, field_validator, model_validator

from parking.bootstrap.device_settings import Name, Section
from parking.gate.credentials.base import CredentialReader
from parking.gate.credentials.code_scanner import CodeCheck
from parking.gate.credentials.registry import READERS, ReaderParts, no_codes
from parking.gate.tickets.base import TicketPrinter
from parking.gate.tickets.desk import DeskSettings
from parking.gate.tickets.registry import PRINTERS
from parking.kernel.clock import Clock, SystemClock
from parking.kernel.codec import from_plain
from parking.kernel.errors import ParkingError
from parking.kernel.ids import DeviceId


class ReaderSettings(Section):
    """One reader; besides `kind` and `id` it has the keys of its kind (host, port ...)."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)
    kind: str
    id: Name | None = None

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        try:
            READERS.get(kind)
        except ParkingError as error:
            raise ValueError(error.message) from None
        return kind

    @model_validator(mode="after")
    def _is_taken(self) -> ReaderSettings:
        try:
            self.open(self.id or "reader", SystemClock(), no_codes)
        except ParkingError as error:
            raise ValueError(str(error)) from None
        return self

    def open(self, name: str, clock: Clock, check_code: CodeCheck) -> CredentialReader:
        """A reader that has not been started."""
        options: dict[str, Any] = dict(self.model_extra or {})
        chance = random.Random()  # noqa: S311 - jitter
        return READERS.get(self.kind)(options, ReaderParts(DeviceId(name), clock, chance, Path(), check_code))


class SharedReaderSettings(ReaderSettings):
    """A reader whose antennas (from 1) stand at several lanes."""

    id: Name
    lanes: dict[int, Name] = Field(min_length=1)


class PrinterSettings(Section):
    """A lane's ticket printer; besides `kind` it has the keys of its kind. `ticket` is what stands on the paper, where it differs from
    the usual.
    """

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)
    kind: str
    ticket: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_taken(self) -> PrinterSettings:
        try:
            self.open(SystemClock()).close()
            self.desk()
        except ParkingError as error:
            raise ValueError(str(error)) from None
        return self

    def open(self, clock: Clock) -> TicketPrinter:
        """A printer that has not been asked for anything."""
        return PRINTERS.get(self.kind)(dict(self.model_extra or {}), clock)

    def desk(self) -> DeskSettings:
        return from_plain(DeskSettings, self.ticket, field="ticket")
