"""Bays, signs, devices and lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from parking.kernel.ids import BayId, DeviceId, SignId, ZoneId
from parking.kernel.plate import Plate


@dataclass(frozen=True, slots=True)
class OccupancyChanged:
    """`free` and `occupied` bays of a zone; `known` is False when the counters cannot vouch for it."""

    zone_id: ZoneId
    capacity: int
    occupied: int
    free: int
    known: bool


@dataclass(frozen=True, slots=True)
class BaySeen:
    """A bay was looked at and stands otherwise than before: taken, free, or (None) nobody can say any more.

    `source` is sensor, video or patrol, `sure` 0 to 1, `at` the moment it was true; `plate` where somebody read it.
    """

    bay_id: BayId
    zone_id: ZoneId
    occupied: bool | None
    source: str
    device_id: DeviceId
    sure: float
    at: datetime
    plate: Plate | None = None


@dataclass(frozen=True, slots=True)
class PatrolEnded:
    """A patrol looked into every bay of the site from `began` until now: the plates it read, the taken bays where it read none."""

    began: datetime
    plates: tuple[Plate, ...]
    unread: tuple[BayId, ...]
    by: str


@dataclass(frozen=True, slots=True)
class SignShown:
    """A sign acknowledged what it was told to show."""

    sign_id: SignId
    text: str


@dataclass(frozen=True, slots=True)
class DeviceHealthChanged:
    device_id: DeviceId
    health: str
    detail: str


@dataclass(frozen=True, slots=True)
class AccessListChanged:
    plate: Plate
    listed_as: str  # allow, block or none
