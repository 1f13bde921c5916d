"""The bay sensors by the name that the settings use."""

from __future__ import annotations

from guidance.sensors.base import SensorFactory
from guidance.sensors.memory import MemorySensors
from guidance.sensors.mqtt import MqttSensors
from guidance.sensors.ultrasonic import UltrasonicController
from parking.kernel.registry import Registry

SENSORS: Registry[SensorFactory] = Registry(
    "bay_sensors", {"memory": MemorySensors, "mqtt": MqttSensors, "ultrasonic": UltrasonicController}
)
