"""The sign drivers by the name that a site file uses."""

from __future__ import annotations

from guidance.signs.base import SignFactory
from guidance.signs.led_counter import LedCounter
from guidance.signs.memory import MemorySign
from parking.kernel.registry import Registry

SIGNS: Registry[SignFactory] = Registry("sign_driver", {"led_counter": LedCounter, "memory": MemorySign})
