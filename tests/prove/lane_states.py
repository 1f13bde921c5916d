"""Proof: whatever happens to a lane, in whatever order, nothing unsafe follows and nobody is trapped (invariants I14 to I19).

`python -m tests.prove.lane_states [TRANSITIONS [WIRE_STEPS]]`: every situation that a menu of happenings leads to, breadth first, with
the real lane, barrier and board in memory; then the same properties on the simulated board over Modbus TCP, along random walks.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import Any

from hardware_sim.devices.barrier import BarrierWiring
from hardware_sim.devices.relay_board import RelayBoardSim
from parking.gate.model import BarrierConfig, Closing
from parking.gate.relays.base import ALWAYS, BoardState
from parking.gate.relays.modbus_tcp import ModbusBoard, ModbusSettings
from parking.kernel.device import HealthReport
from parking.kernel.errors import ParkingError
from parking.kernel.events import Direction
from tests.tools.lane_explorer import ACTIONS, MENUS, Findings, explore
from tests.tools.lane_ghost import Unsafe
from tests.tools.lane_world import CLOSE_COIL, OPEN_COIL, SAFETY, World

TRANSITIONS = 1_040_000
WIRE_STEPS = 20_000
DEPTH_GOAL, TRANSITIONS_GOAL = 8, 1_000_000
WALK = 40
SEED = 20261121
_NOT_ON_A_WIRE = frozenset({"cut before", "cut after"})


class WiredBoard:
    """The simulated board on its socket, spoken to by the product's own client, its contacts switched by the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        arm = BarrierWiring("lane-1", OPEN_COIL, SAFETY, CLOSE_COIL, closes_after_s=None)
        self.device = RelayBoardSim(world.clock, [arm])
        self.device.start()
        settings = ModbusSettings(
            "127.0.0.1", self.device.port, timeout_s=0.2, backoff_first_s=0.01, backoff_most_s=0.01
        )
        self._client = ModbusBoard(settings, world.clock)
        self.log: list[object] = []
        self.cut = ""

    def read(self) -> BoardState:
        return self._client.read()

    def pulse(self, coil: int, duration_ms: int, *, not_after_s: float = ALWAYS) -> bool:
        self._world.ordered(coil, not_after_s)
        return self._client.pulse(coil, duration_ms, not_after_s=not_after_s)

    def hold(self, coil: int, on: bool) -> bool:
        if coil == OPEN_COIL and on:
            self._world.ghost.goes_up()
        return self._client.hold(coil, on)

    def health(self) -> HealthReport:
        return self._client.health()

    def close(self) -> None:
        self._client.close()
        self.device.stop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.device, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("gone", "welded", "unconfirmed", "lost_answers"):
            setattr(self.device, name, value)
        else:
            super().__setattr__(name, value)


def walk(seed: int, steps: int, board: Callable[[World], Any] | None = None) -> Findings:
    """Random walks of `WALK` actions each, out of everything that can happen at all; each ends with the faults healed."""
    found, dice = Findings(depth=WALK, deepest=WALK), random.Random(seed)
    names = [name for name in ACTIONS if board is None or name not in _NOT_ON_A_WIRE]
    while found.transitions < steps and not found.unsafe:
        world = World(dice.choice(list(Direction)), board)
        done: list[str] = []
        try:
            for _ in range(min(WALK, steps - found.transitions)):
                done.append(dice.choice((*names, "presence", "safety", "tick", "read")))
                ACTIONS[done[-1]](world)
                found.transitions += 1
            found.pulses, found.closings = found.pulses + world.ghost.pulses, found.closings + world.ghost.closings
            found.healed += 1
            world.heal()
            if not world.serves_within(20.0):
                raise Unsafe(f"I18: nobody is served or called in {world.lane.state}")
            if board is not None:
                _look_at_the_boom(world)
        except AssertionError as unsafe:
            found.unsafe.append(f"walk {seed}: {' > '.join(done)}: {unsafe or type(unsafe).__name__}")
        finally:
            world.board.close()
    return found


def _look_at_the_boom(world: World) -> None:
    """What the boom itself did, as the simulated hardware saw it: it was never told to go down on something."""
    if any(moved.what == "refused_to_close" for moved in world.board.device.boom_log):
        raise Unsafe("I14: the boom was told to go down on an occupied loop")


def configured_unsafely() -> list[str]:
    """I19: every barrier that can be written down; those that lower a boom by software without a declared interlock."""
    unsafe = []
    for closing, interlock, coil in product(Closing, (True, False), (None, 0, 1)):
        try:
            config = BarrierConfig(0, coil, closing=closing, hardware_interlock=interlock)
        except ParkingError:
            continue
        if config.closing is Closing.SOFTWARE and not config.hardware_interlock:
            unsafe.append(f"I19: {config}")
    return unsafe


def main(transitions: int = TRANSITIONS, wire_steps: int = WIRE_STEPS, seed: int = SEED) -> int:
    """All menus, then walks in memory and on the wire; 0 when nothing unsafe was found and enough was tried."""
    found = Findings(depth=WALK, unsafe=configured_unsafely())
    share = transitions // (len(MENUS) + 1)
    with ProcessPoolExecutor() as pool:
        explored = {name: pool.submit(explore, name, share, depth=DEPTH_GOAL) for name in MENUS}
        explored["walks in memory"] = pool.submit(walk, seed, share)
        for name, future in explored.items():
            _add(found, name, future.result())
    _add(found, "walks over Modbus TCP", walk(seed + 1, wire_steps, WiredBoard))
    for what in found.unsafe[:20]:
        print(f"  {what}")
    tried_enough = found.depth >= DEPTH_GOAL and found.transitions >= min(transitions, TRANSITIONS_GOAL)
    holds = not found.unsafe and tried_enough and found.pulses > 0 and found.closings > 0
    print(
        f"lane_states: {found.transitions:,} transitions, complete to depth {found.depth}, {found.pulses:,} pulses, {found.closings:,} "
        f"closings, {found.healed:,} times healed: {len(found.unsafe)} unsafe; goal 0 of >= {TRANSITIONS_GOAL:,}, depth >= {DEPTH_GOAL}; "
        f"{'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


def _add(found: Findings, name: str, part: Findings) -> None:
    print(
        f"  {name}: {part.transitions:,} transitions between {part.situations:,} situations, complete to depth {part.depth}, "
        f"{part.pulses:,} pulses, {part.closings:,} closings, {part.healed:,} times healed"
    )
    found.depth = min(found.depth, part.depth)
    found.situations += part.situations
    found.transitions += part.transitions
    found.pulses += part.pulses
    found.closings += part.closings
    found.healed += part.healed
    found.unsafe += part.unsafe


if __name__ == "__main__":
    raise SystemExit(main(*(int(number) for number in sys.argv[1:])))
