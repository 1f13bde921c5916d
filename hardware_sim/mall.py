"""The physical demo mall in one process: cameras, relay board, loops, signs, a wallet company, and cars that live on their own.

Every device listens on a real socket and speaks its real protocol; nothing here knows the product's insides.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from hardware_sim.camera_view import CameraView
from hardware_sim.cars import Car, Garage, Pays, Plan, Stage
from hardware_sim.devices.mjpeg import MjpegCamera
from hardware_sim.devices.qr_wallet import QrWalletBooks
from hardware_sim.devices.qr_wallet_file import WalletFile
from hardware_sim.devices.qr_wallet_http import QrWalletServer
from hardware_sim.devices.relay_board import RelayBoardSim
from hardware_sim.devices.rtsp import RtspCamera
from hardware_sim.devices.sign import SignBox
from hardware_sim.driver import Driver
from hardware_sim.kiosk_cash import KioskCash
from hardware_sim.members_entry import MembersEntry
from hardware_sim.next_door import CarParkNextDoor
from hardware_sim.parked import ParkedCars
from hardware_sim.physical_lane import Carried, Manner, PhysicalLane, PhysicalRamp, Timing
from hardware_sim.traffic import Arrival, arrivals
from lpr.drawing.layouts import PlateStyle
from lpr.drawing.numbers import random_number
from lpr.drawing.scenes import Light, Weather
from parking.kernel.clock import SystemClock
from parking.kernel.plate import Plate
from parking.kernel.signed import Signer, Verifier

CAMERA_FPS = 8.0
HOUR_S = 100.0  # how long each of these lasts
HOURS = (
    (Light.DAY, Weather.DRY),
    (Light.DUSK, Weather.DRY),
    (Light.NIGHT, Weather.RAIN),
    (Light.NIGHT, Weather.DRY),
    (Light.LOW_SUN, Weather.DRY),
    (Light.DAY, Weather.RAIN),
)
RARE_SHARE = 0.12  # of the cars: neither blue nor green plates
RARE = (PlateStyle.POLICE, PlateStyle.HONG_KONG_MACAU, PlateStyle.LEARNER, PlateStyle.GREEN_LARGE, PlateStyle.CONSULATE)
DWELL_S = (45.0, 150.0)
BETWEEN_CARS_S = (6.0, 16.0)
SECOND_CAMERA = "entry-2-camera"
SENSORS_SAY_AGAIN_S = 120.0
FIRE_INPUT = 6
"""Of the relay board: the fire alarm's contact."""
ON_SITE = (Stage.ENTERING, Stage.PARKED, Stage.LEAVING)


@dataclass(frozen=True, slots=True)
class MallConfig:
    """Where everything listens, and who may be asked for money."""

    host: str
    ports: dict[str, int]
    server_url: str
    kiosk_token: str
    merchant: str
    state_dir: Path
    traffic: bool
    seed: int
    camera_secret: str = ""
    members: Sequence[Mapping[str, str]] = ()
    codes: Sequence[str] = ()


class Mall:
    """All devices and all cars."""

    def __init__(
        self, config: MallConfig, *, wallet_signer: Signer, merchant_keys: Verifier, merchant_key: str
    ) -> None:
        self.config = config
        self._random = random.Random(config.seed)  # noqa: S311 - traffic, not secrets
        self._started = time.monotonic()
        clock, host, ports = SystemClock(), config.host, config.ports
        self.board = RelayBoardSim(clock, host=host, port=ports["board"])
        timing = Timing()
        self.entry = PhysicalLane("entry-1", self.board, presence=0, safety=1, timing=timing)
        self.exit = PhysicalLane("exit-1", self.board, presence=2, safety=3, timing=timing)
        self.ramp = PhysicalRamp(self.board, first=4, second=5, timing=timing)
        entry_view = CameraView(
            lambda: self.entry.in_view,
            self.light,
            place=0,
            seed=config.seed,
            weather=self.weather,
            seconds=self.seconds,
        )
        exit_view = CameraView(
            lambda: self.exit.in_view,
            self.light,
            place=1,
            seed=config.seed + 1,
            weather=self.weather,
            seconds=self.seconds,
        )
        self.cameras = {
            "entry-1": MjpegCamera(entry_view.next_frame, fps=CAMERA_FPS, host=host, port=ports["entry_camera"]),
            "exit-1": RtspCamera(exit_view.next_frame, fps=CAMERA_FPS, host=host, port=ports["exit_camera"]),
        }
        second_view = CameraView(
            lambda: self.second.lane.in_view, self.light, place=2, seed=config.seed + 2, weather=self.weather
        )
        self.second = MembersEntry(
            clock,
            push_url=f"http://{host}:{ports['push']}/push/{SECOND_CAMERA}/{config.camera_secret}",
            host=host,
            uhf_port=ports["uhf"],
            scanner_port=ports["scanner"],
            timing=timing,
            picture=second_view.next_frame,
        )
        self.signs = {"sign-b1": SignBox("sign-b1", clock), "sign-b2": SignBox("sign-b2", clock)}
        self.next_door = CarParkNextDoor(
            clock, host=host, feed_port=ports["neighbour"], sign_port=ports["sign_approach"], seed=config.seed
        )
        self.cash = KioskCash(host=host, ports=ports)
        self.parked = ParkedCars(clock, host=host, ports=ports, seed=config.seed)
        self.wallet = QrWalletServer(
            QrWalletBooks(
                clock=clock,
                signer=wallet_signer,
                merchant_keys=merchant_keys,
                merchants={merchant_key: config.merchant},
                nonces=lambda: secrets.token_hex(16),
                file=WalletFile(config.state_dir / "wallet.db"),
            ),
            port=ports["wallet"],
        )
        self.garage: Garage | None = None
        self._visits: set[asyncio.Task[None]] = set()

    def seconds(self) -> float:
        """How long the mall has been there."""
        return time.monotonic() - self._started

    def light(self) -> Light:
        """Day, dusk and night take turns, a few minutes in all."""
        return self._hour()[0]

    def weather(self) -> Weather:
        """It rains now and then."""
        return self._hour()[1]

    def _hour(self) -> tuple[Light, Weather]:
        return HOURS[int(self.seconds() / HOUR_S) % len(HOURS)]

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """All devices listen; cars come if the configuration says so."""
        ports = self.config.ports
        self.board.start()
        for camera in self.cameras.values():
            camera.start()
        self.signs["sign-b1"].start(self.config.host, ports["sign_b1"])
        self.signs["sign-b2"].start(self.config.host, ports["sign_b2"])
        self.second.start()
        self.next_door.start()
        self.parked.start()
        self.cash.start()
        wallet_url = self.wallet.start()
        async with httpx.AsyncClient(timeout=10.0) as client:
            driver = Driver(client, self.config.server_url, self.config.kiosk_token, wallet_url)
            entries = {"entry-1": self.entry, "entry-2": self.second.lane}
            self.garage = Garage(entries, self.ramp, self.exit, driver, self.parked)
            sensors = asyncio.create_task(self._sensors_say_again())
            traffic = asyncio.create_task(self._traffic()) if self.config.traffic else None
            try:
                yield
            finally:
                for task in (traffic, sensors, *self._visits):
                    if task:
                        task.cancel()
                await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self.wallet.stop()
        self.second.stop()
        self.next_door.stop()
        self.parked.stop()
        self.cash.stop()
        for sign in self.signs.values():
            sign.stop()
        for camera in self.cameras.values():
            camera.stop()
        self.board.stop()

    def drive_up(self, plan: Plan) -> Car:
        """Send a car to the entry; its visit runs by itself."""
        assert self.garage is not None
        car = self.garage.arrive(plan)
        task = asyncio.create_task(self.garage.visit(car))
        self._visits.add(task)
        task.add_done_callback(self._visits.discard)
        return car

    async def _sensors_say_again(self) -> None:
        while True:
            await asyncio.sleep(SENSORS_SAY_AGAIN_S)
            await asyncio.to_thread(self.parked.beat)

    async def _traffic(self) -> None:
        for arrival in arrivals(self.config.seed, datetime.now(UTC), 24 * 365, 60):
            pays = Pays.AT_THE_KIOSK if self._random.random() < 0.7 else Pays.AT_THE_EXIT
            dwell_s = self._random.uniform(*DWELL_S)
            self.drive_up(self._special() or Plan(self._plate_of(arrival), arrival.level == "b2", dwell_s, pays))
            await asyncio.sleep(self._random.uniform(*BETWEEN_CARS_S))

    def _special(self) -> Plan | None:
        """Now and then somebody with a tag or a code, somebody who turns back, somebody who will not pay, one who tailgates."""
        chance, dwell_s, config = self._random.random(), self._random.uniform(*DWELL_S), self.config
        inside = {car.plan.plate.text for car in (self.garage.cars if self.garage else ()) if car.stage in ON_SITE}
        free = [member for member in config.members if member["plate"] not in inside]
        if chance < 0.18 and free:
            member = self._random.choice(free)
            return Plan(Plate(member["plate"]), False, dwell_s, Pays.NEVER, "entry-2", Carried(tag=member["tag"]))
        plate = self._plate_of(next(arrivals(self._random.getrandbits(24), datetime.now(UTC), 24, 60)))
        if chance < 0.26 and config.codes:
            return Plan(plate, False, dwell_s, Pays.NEVER, "entry-2", Carried(code=self._random.choice(config.codes)))
        if chance < 0.31:
            return Plan(plate, False, dwell_s, Pays.NEVER)  # stands at the exit until somebody answers its call
        if chance < 0.34:
            return Plan(plate, False, dwell_s, Pays.AT_THE_KIOSK, manner=Manner.BACKS_AWAY)
        return Plan(plate, False, dwell_s, Pays.AT_THE_KIOSK, followed=True) if chance < 0.36 else None

    def _plate_of(self, arrival: Arrival) -> Plate:
        """Mostly the plate that the traffic gave; now and then one of the rarer kinds that a mall sees."""
        if self._random.random() >= RARE_SHARE:
            return arrival.plate
        chance = np.random.default_rng(self._random.getrandbits(32))
        return Plate.parse(random_number(RARE[int(chance.integers(len(RARE)))], chance, province="浙"))

    def state(self) -> dict[str, Any]:
        """Everything that somebody who stands in the mall could see."""
        return {
            "viewers": {name: camera.clients for name, camera in self.cameras.items()},
            "booms": {
                **{name: self.board.boom_position(name) for name in ("entry-1", "exit-1")},
                "entry-2": self.second.boom_position(),
            },
            "readers": {"uhf": self.second.tags.reading, "scanner": self.second.scanner.connected > 0},
            "signs": {name: sign.text for name, sign in self.signs.items()},
            "next_door": self.next_door.state(),
            "kiosk": self.cash.state(),
            "cars": [self.car(car) for car in (self.garage.cars if self.garage else ())][-200:],
        }

    def car(self, car: Car) -> dict[str, Any]:
        return {
            "number": car.number,
            "plate": car.plan.plate.text,
            "stage": car.stage.value,
            "bay": car.bay,
            "paid_minor": car.paid.amount_minor if car.paid else None,
        }

    def logs(self) -> dict[str, Any]:
        """What the board wrote down: orders, loops, booms, and what the signs showed."""
        return {
            "relay": [
                {"at": w.at.isoformat(), "coil": w.coil, "what": w.what, "ms": w.duration_ms}
                for w in self.board.relay_log
            ],
            "loops": [{"at": c.at.isoformat(), "input": c.input, "on": c.on} for c in self.board.loop_log],
            "booms": [{"at": m.at.isoformat(), "barrier": m.barrier, "what": m.what} for m in self.board.boom_log],
            "signs": {name: [shown.text for shown in sign.log] for name, sign in self.signs.items()},
            "second_outputs": [
                {"at": o.at.isoformat(), "output": o.output, "what": o.what, "ms": o.duration_ms}
                for o in self.second.camera.outputs.log
            ],
            "second_booms": [
                {"at": at.isoformat(), "barrier": name, "what": what}
                for at, name, what in self.second.camera.outputs.boom_log
            ],
        }


def plan_of(body: dict[str, Any]) -> Plan:
    """A plan from the side door's JSON: plate, and optionally level (b1 or b2), dwell_s, pays (kiosk, exit or never), entry,
    tag, code, readable, manner (through or backs_away), followed, bay, hold.
    """
    carried = Carried(str(body.get("tag", "")), str(body.get("code", "")), bool(body.get("readable", True)))
    bytes.fromhex(carried.tag)
    return Plan(
        Plate.parse(str(body["plate"])),
        body.get("level", "b1") == "b2",
        float(body.get("dwell_s", 30)),
        Pays(body.get("pays", "kiosk")),
        str(body.get("entry", "entry-1")),
        carried,
        Manner(body.get("manner", "through")),
        bool(body.get("followed", False)),
        str(body.get("bay", "")),
        bool(body.get("hold", False)),
    )
