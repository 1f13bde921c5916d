"""What stands beside the screen of the mall's kiosk: a slot for notes and a hopper of ¥1 coins, each on its own network adapter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hardware_sim.devices.cash_desk import HopperSim
from hardware_sim.devices.note_acceptor import NoteAcceptorSim

NOTES = {1: 500, 2: 1000, 3: 2000, 4: 5000, 5: 10_000}
"""Type -> minor units, as the acceptor is set up."""
COIN, COINS = 100, 200
FAULTS = ("none", "jam", "mute", "empty")


class KioskCash:
    """`insert` is the hand of whoever stands there."""

    def __init__(self, *, host: str, ports: Mapping[str, int]) -> None:
        self.notes = NoteAcceptorSim(NOTES, host=host, port=ports["notes"])
        self.hopper = HopperSim(COINS, host=host, port=ports["coins"])

    def start(self) -> None:
        self.notes.start()
        self.hopper.start()

    def stop(self) -> None:
        self.hopper.stop()
        self.notes.stop()

    def insert(self, note: int) -> bool:
        """Whether a note of so many minor units was drawn in; ValueError for one that there is not."""
        if note not in NOTES.values():
            raise ValueError(f"notes are of {', '.join(map(str, NOTES.values()))} minor units")
        return self.notes.insert(note)

    def fault(self, fault: str) -> None:
        """none, jam (the next note), mute, empty (no coins); ValueError for another."""
        if fault not in FAULTS:
            raise ValueError(f"faults are {', '.join(FAULTS)}")
        self.notes.jams_next = fault == "jam"
        self.notes.mute = fault == "mute"
        if fault == "empty":
            self.hopper.coins = 0
        if fault == "none" and self.notes.jammed:
            self.notes.mend()

    def state(self) -> dict[str, Any]:
        return {"admits": self.notes.admits, "cashbox": self.notes.cashbox, "coins_out": self.hopper.given}
