"""Bays, signs, devices and lists."""

from __future__ import annotations

from dataclasses import dataclass

from parking.kernel.ids import DeviceId, SignId, ZoneId
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
