"""The sign drivers by the name that a site file uses."""

from __future__ import annotations

from functools import partial

from guidance.signs.base import SignFactory
from guidance.signs.lcd_mqtt import LcdMqtt
from guidance.signs.led_counter import LedCounter
from guidance.signs.led_text import LedText
from guidance.signs.memory import MemorySign
from parking.kernel.registry import Registry

SIGNS: Registry[SignFactory] = Registry(
    "sign_driver",
    {
        "lcd_mqtt": LcdMqtt,
        "led_counter": LedCounter,
        "led_text": LedText,
        "led_text_voice": partial(LedText, speaks=True),
        "memory": MemorySign,
    },
)
