"""One car's visit: it drives in, parks on a level, its driver pays (or not), it drives out. Everybody obeys the boom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from hardware_sim.driver import Driver, Paid
from hardware_sim.physical_lane import NOTHING, Carried, Manner, PhysicalLane, PhysicalRamp
from parking.kernel.plate import Plate


class Pays(StrEnum):
    AT_THE_KIOSK = "kiosk"  # before driving to the exit, as most people do
    AT_THE_EXIT = "exit"  # only when the boom stays shut
    NEVER = "never"


class Stage(StrEnum):
    WAITING = "waiting"
    ENTERING = "entering"
    PARKED = "parked"
    LEAVING = "leaving"
    LEFT = "left"
    GAVE_UP = "gave_up"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one car is going to do; `lower` parks it on the lower level, `followed`: another drives in right behind it.

    `bay` is where its driver likes to park, `hold`: it stands there until it is told to go (`Car.go`).
    """

    plate: Plate
    lower: bool
    dwell_s: float
    pays: Pays
    entry: str = "entry-1"
    carried: Carried = NOTHING
    manner: Manner = Manner.THROUGH
    followed: bool = False
    bay: str = ""
    hold: bool = False


class Bays(Protocol):
    """Where cars stand."""

    def take(self, plate: str, *, lower: bool, wanted: str = "") -> str:
        """The bay that a car parks in, "" where there is none."""
        ...

    def leave(self, bay: str) -> None: ...


@dataclass(slots=True)
class Car:
    """A car under way: its plan, how far it has come, and the bay in which it stands or stood."""

    number: int
    plan: Plan
    stage: Stage = Stage.WAITING
    paid: Paid | None = None
    bay: str = ""
    go: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    paying: asyncio.Task[None] | None = field(default=None, repr=False)


class Garage:
    """The ways through the simulated mall: lanes in, one ramp, one lane out."""

    def __init__(
        self,
        entries: Mapping[str, PhysicalLane],
        ramp: PhysicalRamp,
        exit_: PhysicalLane,
        driver: Driver,
        bays: Bays,
    ) -> None:
        self._entries = entries
        self._ramp = ramp
        self._exit = exit_
        self._driver = driver
        self._bays = bays
        self.cars: list[Car] = []

    def arrive(self, plan: Plan) -> Car:
        """A car turns up; its visit still has to be driven with `visit`. KeyError for an entry that there is not."""
        self._entries[plan.entry]
        car = Car(len(self.cars), plan)
        self.cars.append(car)
        return car

    async def visit(self, car: Car) -> None:
        """Drive the whole visit; ends with stage LEFT or GAVE_UP."""
        plan = car.plan
        car.stage = Stage.ENTERING
        entry = self._entries[plan.entry]
        if not await entry.drive_through(plan.plate, carried=plan.carried, manner=plan.manner, followed=plan.followed):
            car.stage = Stage.GAVE_UP
            return
        if plan.lower:
            await self._ramp.drive(down=True)
        car.bay = self._bays.take(plan.plate.text, lower=plan.lower, wanted=plan.bay)
        car.stage = Stage.PARKED
        await asyncio.sleep(plan.dwell_s)
        if plan.hold:
            await car.go.wait()
        if plan.pays is Pays.AT_THE_KIOSK:
            car.paid = await self._driver.pay(plan.plate)
        self._bays.leave(car.bay)
        if plan.lower:
            await self._ramp.drive(down=False)
        car.stage = Stage.LEAVING
        left = await self._exit.drive_through(plan.plate, while_waiting=self._pay_when_stuck(car))
        if car.paying:
            await car.paying
        car.stage = Stage.LEFT if left else Stage.GAVE_UP

    def _pay_when_stuck(self, car: Car) -> Callable[[float], None]:
        """Whoever has not paid pays by phone once the boom has stayed shut for a while."""

        async def pay() -> None:
            car.paid = await self._driver.pay(car.plan.plate) or car.paid

        def waited(seconds: float) -> None:
            if car.plan.pays is not Pays.NEVER and car.paying is None and seconds > 3.0:
                car.paying = asyncio.create_task(pay())

        return waited
