"""The bays of the demo mall with whatever sees them: ultrasonic sensors, an MQTT broker, and two cameras that see three bays each."""

from __future__ import annotations

import random
from collections.abc import Mapping

from hardware_sim.bay_camera import BayCameraSim
from hardware_sim.bay_plan import CAMERAS, LEVELS, NODES, NOT_FOR_ALL, ON_BROKER, channels
from hardware_sim.devices.bay_broker import BayBrokerSim
from hardware_sim.devices.bay_controller import BayControllerSim
from parking.kernel.clock import Clock

SITE = "demo"


class ParkedCars:
    """Who stands where; `take` and `leave` move metal, and the devices see it."""

    def __init__(self, clock: Clock, *, host: str, ports: Mapping[str, int], seed: int) -> None:
        self.controller = BayControllerSim(
            {node: len(bays) for node, bays in NODES.items()}, host=host, port=ports["bay_controller"]
        )
        self.broker = BayBrokerSim(SITE, clock, host=host, port=ports["bay_broker"])
        self.cameras = {name: BayCameraSim(bays, clock, host=host, port=ports[name]) for name, bays in CAMERAS.items()}
        self._channel = {bay: channel for channel, bay in channels().items()}
        self._random = random.Random(seed)  # noqa: S311 - traffic, not secrets
        self.standing: dict[str, str] = {}
        """Bay to plate."""

    def start(self) -> None:
        for bay in ON_BROKER:
            self.broker.set(bay, False)
        self.controller.start()
        self.broker.start()
        for camera in self.cameras.values():
            camera.start()

    def stop(self) -> None:
        for camera in self.cameras.values():
            camera.stop()
        self.broker.stop()
        self.controller.stop()

    def take(self, plate: str, *, lower: bool, wanted: str = "") -> str:
        """The bay that a car parks in: the wanted one if it is free, any other of its level, "" where the level is full."""
        free = [bay for bay in LEVELS[lower] if bay not in self.standing and bay not in NOT_FOR_ALL]
        bay = wanted if wanted in free else self._random.choice(free) if free else ""
        if bay:
            self.standing[bay] = plate
            self._show(bay, plate)
        return bay

    def leave(self, bay: str) -> None:
        if self.standing.pop(bay, None) is not None:
            self._show(bay, "")

    def beat(self) -> None:
        """MQTT sensors say again what they see, as real ones do every few minutes."""
        for bay in ON_BROKER:
            self.broker.set(bay, bay in self.standing)

    def _show(self, bay: str, plate: str) -> None:
        if bay in self._channel:
            self.controller.set(self._channel[bay], bool(plate))
        elif bay in ON_BROKER:
            self.broker.set(bay, bool(plate))
        else:
            next(c for name, c in self.cameras.items() if bay in CAMERAS[name]).set(bay, bool(plate), plate)
