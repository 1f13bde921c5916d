"""A note acceptor by ccTalk behind a serial server (TCP). Its event counter is what a note is counted by, never the answer to a
command: a lost answer counts no note twice, and none that has been stored is forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from parking.kernel.device import DeviceFault, DeviceRefused
from payments.cash import wire
from payments.cash.base import Heard, TakesNotes
from payments.cash.cctalk_line import CcTalkLine


@dataclass(frozen=True, slots=True)
class NoteSettings:
    """Where the serial server is, the acceptor's address on the line, and what each type of note is worth in minor units."""

    host: str
    port: int
    notes: Mapping[int, int] = field(default_factory=dict)
    address: int = wire.NOTES
    answer_s: float = 2.0


class CcTalkNotes:
    """One acceptor."""

    def __init__(self, settings: NoteSettings) -> None:
        wire.inhibits_of(settings.notes)  # ValueError for a type that there cannot be
        if len(set(settings.notes.values())) != len(settings.notes) or min(settings.notes.values(), default=0) <= 0:
            raise ValueError("each type of note has a value of its own, above zero")
        self._types = {value: one for one, value in settings.notes.items()}
        self._values = dict(settings.notes)
        self._ask = CcTalkLine(settings.host, settings.port, settings.address, settings.answer_s).ask

    @property
    def notes(self) -> tuple[int, ...]:
        return tuple(sorted(self._types))

    def heard(self, since: int | None) -> Heard:
        try:
            return wire.heard_of(self._ask(wire.BILL_EVENTS), since, self._values)
        except ValueError:
            raise DeviceFault("the acceptor said something else") from None

    def admit(self, notes: Collection[int]) -> None:
        if not self._types.keys() >= set(notes):
            raise DeviceRefused("the acceptor does not know all of these values")
        if notes:
            self._ask(wire.BILL_MODE, wire.ESCROW_AND_STACKER)
        self._ask(wire.INHIBITS, wire.inhibits_of([self._types[one] for one in notes]))
        self._ask(wire.MASTER_INHIBIT, bytes([bool(notes)]))  # bit 0: 1 is the normal operation, 0 inhibits

    def route(self, *, store: bool) -> bool:
        return self._ask(wire.ROUTE_BILL, bytes([store])) == b""  # else why not: nothing is held, or it did not go


_: type[TakesNotes] = CcTalkNotes
