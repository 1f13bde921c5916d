"""The cash machines and card terminals at the kiosks, from one YAML file; each machine is looked after by a thread of its own.

- id: kiosk-1                # the device's name, and its till's
  card: bank                 # the channel of the card terminal beside it
  acceptor: { kind: cctalk, host: 10.0.0.7, port: 4001, notes: { 1: 500, 2: 1000 } }
  hoppers: [{ kind: cctalk, host: 10.0.0.7, port: 4001, coin_minor: 100 }]
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from guidance.sensors.own_thread import OwnThread
from parking.bootstrap.settings import Settings
from parking.kernel.clock import Clock
from parking.kernel.errors import ParkingError, invalid
from parking.plumbing.db import Database
from payments.cash.base import GivesCoins, RemembersPayouts, TakesNotes
from payments.cash.machine import CashMachine, Hopper
from payments.cash.registry import ACCEPTORS, HOPPERS
from payments.providers.channels import Channel
from payments.providers.registry import Method

BUSY_S, QUIET_S, AGAIN_S = 0.15, 2.0, 5.0
"""How often a machine is looked at while somebody pays, while nobody does, and after something went wrong."""
_log = structlog.get_logger(__name__)


class KioskRow(BaseModel):
    """One kiosk; without an acceptor it takes no notes."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")
    card: str | None = None
    acceptor: dict[str, Any] | None = None
    hoppers: list[dict[str, Any]] = Field(default_factory=list, max_length=8)


class Kiosks:
    """All machines with their threads."""

    def __init__(self, machines: Sequence[CashMachine] = (), cards: Mapping[str, str] | None = None) -> None:
        self.machines = {one.till: one for one in machines}
        self.cards = dict(cards or {})
        self._ending = threading.Event()
        self._wakes = {till: threading.Event() for till in self.machines}
        self._threads = {
            till: OwnThread(f"cash-{till}", partial(self._run, one)) for till, one in self.machines.items()
        }

    def start(self) -> None:
        self._ending.clear()
        for thread in self._threads.values():
            thread.start()

    def stop(self) -> None:
        """Wait for what is under way: coins that fall are counted."""
        self._ending.set()
        for till, thread in self._threads.items():
            self.wake(till)
            thread.stop()

    def wake(self, till: str) -> None:
        """Look at this machine at once."""
        if till in self._wakes:
            self._wakes[till].set()

    def _run(self, machine: CashMachine, stopping: threading.Event) -> None:
        wake, pause_s = self._wakes[machine.till], 0.0
        while not stopping.is_set():
            wake.wait(pause_s)
            wake.clear()
            if self._ending.is_set():
                break
            try:
                pause_s = BUSY_S if machine.step() else QUIET_S
            except Exception as error:  # the database may be away; the rows say where to go on
                _log.warning("cash machine failed", till=machine.till, error=type(error).__name__)
                pause_s = AGAIN_S
        machine.let_go()


def kiosks_of(settings: Settings, database: Database, clock: Clock, channels: Mapping[str, Channel]) -> Kiosks:
    """The kiosks that the settings' file lists; ParkingError names the row and the field that is wrong."""
    file = settings.kiosks_file
    if file is None:
        return Kiosks()
    rows = _rows(file)
    machines, cards = [], {}
    for number, row in enumerate(rows):
        where = f"{file.name}: [{number}]"
        if row.card is not None:
            if row.card not in channels or channels[row.card].method is not Method.TERMINAL:
                raise invalid("kiosks.file", "should be the name of a card terminal's channel", field=f"{where}.card")
            cards[row.id] = row.card
        if row.acceptor is not None:
            if not settings.cash:
                raise invalid("kiosks.file", "a kiosk takes notes only where cash is taken", field="PARKING_CASH")
            machines.append(_machine(row, where, database, clock))
    if len({row.id for row in rows}) != len(rows):
        raise invalid("kiosks.file", "each kiosk has one row", field=f"{file.name}: id")
    return Kiosks(machines, cards)


def _rows(file: Path) -> list[KioskRow]:
    try:
        plain = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise invalid("settings.file", f"{file} cannot be read: {error}", field="PARKING_KIOSKS_FILE") from None
    if not isinstance(plain, list):
        raise invalid("kiosks.file", "should be a list of kiosks", field=file.name)
    found = []
    for number, raw in enumerate(plain):
        try:
            found.append(KioskRow.model_validate(raw))
        except ValidationError as error:
            wrong = error.errors()[0]
            place = ".".join(str(part) for part in wrong["loc"])
            raise invalid("kiosks.file", str(wrong["msg"]), field=f"{file.name}: [{number}].{place}") from None
    return found


def _machine(row: KioskRow, where: str, database: Database, clock: Clock) -> CashMachine:
    acceptor: TakesNotes = _device(ACCEPTORS, row.acceptor or {}, f"{where}.acceptor")
    hoppers: dict[int, Hopper] = {}
    for number, raw in enumerate(row.hoppers):
        place = f"{where}.hoppers.{number}"
        hopper: Any = _device(HOPPERS, raw, place)
        is_one = isinstance(hopper, GivesCoins) and isinstance(hopper, RemembersPayouts)
        if not is_one or hopper.coin_minor < 1:
            raise invalid("kiosks.file", "should be a hopper that remembers its payouts", field=f"{place}.kind")
        if hopper.coin_minor in hoppers or hopper.coin_minor in acceptor.notes:
            raise invalid(
                "kiosks.file", "each value is of one hopper or of one note", field=f"{place}.coin_minor"
            )  # how many coins there are is counted by their value
        hoppers[hopper.coin_minor] = hopper
    return CashMachine(row.id, acceptor, hoppers, database, clock)


def _device(kinds: Any, raw: Mapping[str, Any], where: str) -> Any:
    settings = dict(raw)
    try:
        return kinds.get(str(settings.pop("kind", "")))(**settings)
    except ParkingError as error:
        raise invalid("kiosks.file", error.message, field=f"{where}.kind") from None
    except (TypeError, ValueError, KeyError) as error:
        raise invalid("kiosks.file", f"cannot be set up: {error}", field=where) from None
