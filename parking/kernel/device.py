"""What every device has: an id and a health. A silent device is UNKNOWN, and unknown is never taken for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Health(StrEnum):
    OK = "ok"
    FAULTY = "faulty"
    SILENT = "silent"
    UNKNOWN = "unknown"


REMOVED = "removed"
"""Told in place of a health, once, of a device that is in the settings no more: nobody shows it any longer."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """A device's health with the moment it was seen and a sentence for the technician.

    The sentence is English on every wire; the pages say it in their language (`kiosk_ui/shared/i18n/device_says.ts`).
    """

    health: Health
    seen_at: datetime | None
    detail: str = ""


class DeviceFault(Exception):
    """A technical failure: the device did not answer, or answered nonsense. Trying again, or failing over, may help."""


class DeviceRefused(Exception):
    """A logical failure: the device understood and said no. Trying the same again will not help."""


def why(error: BaseException) -> str:
    """Why a line failed, for a technician: lateness by one name, else the system's own words, else the error's name."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
