"""The physical side of one lane: where the car is, what the loops feel, what the camera sees.

It knows nothing of plates being read or gates being commanded: it obeys the boom and moves metal over loops.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from parking.kernel.plate import Plate


class Board(Protocol):
    """What a car needs of the relay board: inputs that its metal switches, and a boom that lets it through."""

    def set_input(self, index: int, on: bool) -> None: ...

    def boom_is_up(self, barrier: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a driver takes, in seconds; tests shrink it."""

    approach_s: float = 1.5
    over_loop_s: float = 0.5
    stuck_after_s: float = 120.0
    poll_s: float = 0.02


class Manner(StrEnum):
    """How somebody drives: through when the boom is up, or up to the line and back out again, whatever the boom does."""

    THROUGH = "through"
    BACKS_AWAY = "backs_away"


@dataclass(frozen=True, slots=True)
class Carried:
    """What a car and its driver have for readers: a tag (EPC, hex), a code (its text); `readable`: whether it shows its plate."""

    tag: str = ""
    code: str = ""
    readable: bool = True


NOTHING = Carried()


class Beside(Protocol):
    """What else stands at a lane, and hears, sees or is shown something of a car."""

    async def ahead(self, plate: Plate, carried: Carried) -> None:
        """A car comes up to the line."""
        ...

    async def waiting(self, carried: Carried) -> None:
        """It stands there; ended when it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class InView:
    """What stands before the camera: `closeness` runs from 0 (far) to 1 (at the stop line)."""

    plate: Plate
    closeness: float


class PhysicalLane:
    """A lane with a presence loop, a safety loop under the boom, and a camera; one car at a time."""

    def __init__(
        self,
        name: str,
        board: Board,
        *,
        presence: int,
        safety: int,
        timing: Timing,
        beside: Beside | None = None,
    ) -> None:
        self.name = name
        self._board = board
        self._presence = presence
        self._safety = safety
        self._timing = timing
        self._beside = beside
        self._queue = asyncio.Lock()
        self.in_view: InView | None = None

    async def drive_through(
        self,
        plate: Plate,
        *,
        while_waiting: Callable[[float], None] | None = None,
        carried: Carried = NOTHING,
        manner: Manner = Manner.THROUGH,
        followed: bool = False,
    ) -> bool:
        """Drive up, wait for the boom, pass; False when the driver gave up after `stuck_after_s`, or backed away anyhow.

        `while_waiting` is called with the seconds waited so far: a driver may pay in the meantime. With `followed` another car
        drives through right behind, before the boom can come down.
        """
        async with self._queue:
            beside: asyncio.Task[None] | None = None
            try:
                await self._approach(plate, readable=carried.readable)
                if self._beside is not None:
                    await self._beside.ahead(plate, carried)
                self._board.set_input(self._presence, True)
                if self._beside is not None:
                    beside = asyncio.create_task(self._beside.waiting(carried))
                if manner is Manner.BACKS_AWAY:
                    await asyncio.sleep(self._timing.approach_s)
                    return False
                if not await self._wait_for_boom(while_waiting):
                    return False
                await self._pass(followed=followed)
                return True
            finally:
                self.in_view = None
                self._board.set_input(self._presence, False)
                self._board.set_input(self._safety, False)
                if beside is not None:
                    beside.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await beside

    async def _approach(self, plate: Plate, *, readable: bool) -> None:
        steps = 15
        for step in range(steps + 1):
            self.in_view = InView(plate, step / steps) if readable else None
            await asyncio.sleep(self._timing.approach_s / steps)

    async def _wait_for_boom(self, while_waiting: Callable[[float], None] | None) -> bool:
        loop = asyncio.get_running_loop()
        started = loop.time()
        while not self._board.boom_is_up(self.name):
            waited = loop.time() - started
            if waited > self._timing.stuck_after_s:
                return False
            if while_waiting:
                while_waiting(waited)
            await asyncio.sleep(self._timing.poll_s)
        return True

    async def _pass(self, *, followed: bool) -> None:
        pause = self._timing.over_loop_s
        await asyncio.sleep(pause)
        self._board.set_input(self._safety, True)
        self.in_view = None
        await asyncio.sleep(pause)
        self._board.set_input(self._presence, False)
        if followed:
            await self._follow()
        await asyncio.sleep(pause)
        self._board.set_input(self._safety, False)

    async def _follow(self) -> None:
        """The next car, bumper to bumper: on the first loop while this one clears the second, under the boom before that is down."""
        short = self._timing.over_loop_s / 2
        await asyncio.sleep(short)
        self._board.set_input(self._presence, True)
        await asyncio.sleep(short)
        self._board.set_input(self._safety, False)
        await asyncio.sleep(short)
        self._board.set_input(self._safety, True)
        await asyncio.sleep(short)
        self._board.set_input(self._presence, False)


class PhysicalRamp:
    """Two loops on a ramp; the order in which they feel the car tells its direction."""

    def __init__(self, board: Board, *, first: int, second: int, timing: Timing) -> None:
        self._board = board
        self._loops = (first, second)
        self._timing = timing
        self._queue = asyncio.Lock()

    async def drive(self, *, down: bool) -> None:
        """Drive from the first loop to the second (down) or back (up)."""
        near, far = self._loops if down else self._loops[::-1]
        pause = self._timing.over_loop_s / 2
        async with self._queue:
            for index, on in ((near, True), (far, True), (near, False), (far, False)):
                self._board.set_input(index, on)
                await asyncio.sleep(pause)
