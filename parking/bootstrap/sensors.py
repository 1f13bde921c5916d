"""The bay sensors of the settings' file, connected to the bays' book; a reading that cannot be written now is written with the next."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from guidance.bays import Reading
from guidance.healing import BayBook
from guidance.sensors.base import BaySensors, SensorFactory, SensorSettings
from guidance.sensors.own_thread import OwnThread
from guidance.sensors.registry import SENSORS
from guidance.sign_board import publish_to
from parking.bootstrap.device_watch import DeviceWatch
from parking.kernel.clock import Clock
from parking.kernel.errors import ParkingError, invalid
from parking.kernel.ids import BayId, DeviceId
from parking.kernel.registry import Registry
from parking.plumbing.db import Database
from parking.plumbing.each import each
from parking.site.model import SiteMap

if TYPE_CHECKING:
    from parking.bootstrap.bay_eyes import EyeMaker

WRITE_EVERY_S = 0.5
MOST_WAITING = 20_000
SAID_AGAIN = timedelta(seconds=30)
"""What a sensor says again and again is written once in that time: a poll every two seconds is no news."""
VIDEO = "video"
_log = structlog.get_logger(__name__)


class SensorRow(BaseModel):
    """One controller, broker or camera; without `bays` its channels are called as the bays are (MQTT).

    Of a camera alone: `recognition` is how its pictures are read, `empty` the file of its picture without cars (made from the first
    picture where it is missing and `opens_empty` says so).
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    id: str = Field(min_length=1, max_length=64)
    kind: str
    address: str = ""
    bays: dict[str, str] = Field(default_factory=dict)
    poll_s: float = Field(default=2.0, gt=0.0, le=60.0)
    recognition: dict[str, Any] = Field(default_factory=dict)
    empty: str = Field(default="", max_length=200)
    opens_empty: bool = False


@dataclass(slots=True)
class SensorDesk:
    """All bay sensors of a site: what they say is gathered and written together, twice a second at most; how they are, when it changes."""

    database: Database
    book: BayBook
    sensors: Mapping[DeviceId, BaySensors] = field(default_factory=dict)
    _waiting: dict[BayId, Reading] = field(default_factory=dict)
    _said: dict[BayId, Reading] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: OwnThread = field(init=False)
    _watch: DeviceWatch = field(init=False)

    def __post_init__(self) -> None:
        self._thread = OwnThread("bay-readings", self._run)
        self._watch = DeviceWatch(publish_to(self.database))
        for device, one in self.sensors.items():
            self._watch.add(device, one.health)

    def take(self, readings: Sequence[Reading]) -> None:
        """The newest word on each bay waits to be written; one with a plate is not lost to one without."""
        with self._lock:
            for reading in readings:
                if not self._is_news(reading):
                    continue
                self._said[reading.bay_id] = reading
                before = self._waiting.get(reading.bay_id)
                keeps = before is not None and before.plate is not None and reading.plate is None and reading.occupied
                if not keeps and (before is not None or len(self._waiting) < MOST_WAITING):
                    self._waiting[reading.bay_id] = reading

    def _is_news(self, reading: Reading) -> bool:
        """Whether this is another word on its bay than the one before, or the next sign of life."""
        said = self._said.get(reading.bay_id)
        if said is None or reading.plate is not None or abs(reading.heard_at - said.heard_at) >= SAID_AGAIN:
            return True
        return (said.occupied, said.device_id) != (reading.occupied, reading.device_id)

    def write(self) -> int:
        """Write what waits; returns how many readings."""
        with self._lock:
            readings, self._waiting = list(self._waiting.values()), {}
        if readings:
            try:
                self._put(readings)
            except Exception as error:  # the database is away: they wait on, older than what comes meanwhile
                _log.warning("bay readings wait", error=type(error).__name__)
                with self._lock:
                    self._waiting = {r.bay_id: r for r in readings} | self._waiting
        return len(readings)

    def _put(self, readings: Sequence[Reading]) -> None:
        """All at once; where that fails, each by itself, so that one that cannot be written keeps no other bay from being heard."""
        try:
            self.database.write(lambda uow: self.book.hear(uow, readings))
        except Exception:
            each(self.database, "writing a bay's reading", readings, lambda uow, one: self.book.hear(uow, [one]))

    def start(self) -> None:
        if not self.sensors:
            return
        for one in self.sensors.values():
            one.start(self.take)
        self._thread.start()

    def stop(self) -> None:
        for one in self.sensors.values():
            one.stop()
        self._thread.stop()

    def _run(self, stopping: threading.Event) -> None:
        while not stopping.wait(WRITE_EVERY_S):
            self.write()
            try:
                self._watch.check()
            except Exception as error:  # the database is away: it is told when that is back
                _log.warning("news of bay sensors waits", error=type(error).__name__)


def sensors_of(file: Path | None, site: SiteMap, clock: Clock) -> dict[DeviceId, BaySensors]:
    """The sensors that a file lists; ParkingError names the row and the field that is wrong."""
    if file is None:
        return {}
    try:
        rows = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise invalid("settings.file", f"{file} cannot be read: {error}", field="PARKING_SENSORS_FILE") from None
    if not isinstance(rows, list):
        raise invalid("sensors.file", "should be a list of sensors", field=file.name)
    known = {bay for zone in site.zones for bay in zone.bays}
    eyes = _Eyes(file.parent)
    found: dict[DeviceId, BaySensors] = {}
    for n, row in enumerate(rows):
        device, sensors = _sensor(file.name, n, row, known, site, clock, eyes)
        if device in found:
            raise invalid("sensors.file", f"{device!r} is called so twice", field=f"{file.name}: [{n}].id")
        found[device] = sensors
    return found


@dataclass(slots=True)
class _Eyes:
    """Whoever reads the pictures of cameras; a server without cameras loads no decoder and no model."""

    folder: Path
    _maker: EyeMaker | None = None

    def sensors(self, settings: SensorSettings, clock: Clock, **how: Any) -> BaySensors:
        from parking.bootstrap.bay_eyes import EyeMaker  # OpenCV and onnxruntime cost a second of start

        self._maker = self._maker or EyeMaker(self.folder)
        return self._maker.sensors(settings, clock, **how)


def _sensor(
    name: str, number: int, raw: object, known: set[BayId], site: SiteMap, clock: Clock, eyes: _Eyes
) -> tuple[DeviceId, BaySensors]:
    try:
        row = SensorRow.model_validate(raw)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"])
        raise invalid("sensors.file", str(wrong["msg"]), field=f"{name}: [{number}].{where}") from None
    for channel, bay in row.bays.items():
        if bay not in known:
            raise invalid("sensors.file", f"this site has no bay {bay!r}", field=f"{name}: [{number}].bays.{channel}")
    bays = {c: BayId(b) for c, b in row.bays.items()} or {str(b): b for b in known}
    settings = SensorSettings(DeviceId(row.id), row.address, bays, site.id, row.poll_s)
    if row.kind == VIDEO and not row.bays:
        raise invalid("sensors.file", "a camera needs its bays, each with its box", field=f"{name}: [{number}].bays")
    video = partial(eyes.sensors, recognition=row.recognition, empty=row.empty, opens_empty=row.opens_empty)
    kinds: Registry[SensorFactory] = Registry("bay_sensors", {**{k: SENSORS.get(k) for k in SENSORS}, VIDEO: video})
    where = "address" if row.kind in tuple(kinds) else "kind"
    try:
        return settings.device_id, kinds.get(row.kind)(settings, clock)
    except ParkingError as error:
        raise invalid(error.code, error.message, field=f"{name}: [{number}].{error.field or where}") from None
