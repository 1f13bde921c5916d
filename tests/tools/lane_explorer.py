"""Breadth first through everything that can happen to one lane: each situation once, every action in each of them."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from parking.access.rows import CommandAction
from parking.gate.model import Cause
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.events import Direction
from tests.tools.lane_ghost import Unsafe
from tests.tools.lane_situation import share_what_never_changes, situation
from tests.tools.lane_world import BUTTON, CODE, FIRE, KEY, OTHER_PLATE, PRESENCE, SAFETY, TAG, World

Action = Callable[[World], object]
_CODE_CREDENTIAL = Credential(CredentialKind.CODE, CODE.code_id)

ACTIONS: dict[str, Action] = {
    "presence": lambda w: w.toggle(PRESENCE),
    "safety": lambda w: w.toggle(SAFETY),
    "tick": lambda w: w.tick(),
    "long wait": lambda w: w.wait(6),
    # what is read, held up, known
    "read": lambda w: w.read(),
    "doubtful": lambda w: w.read(margin=0.1),
    "old frame": lambda w: w.read(age_s=30.0),
    "other car": lambda w: w.read(OTHER_PLATE),
    "tag": lambda w: w.hold_up(TAG),
    "code": lambda w: w.hold_up(_CODE_CREDENTIAL, CODE),
    "rights": lambda w: w.know(),
    "pay": lambda w: w.pay(not w.paid),
    # people
    "open": lambda w: w.order(CommandAction.OPEN),
    "late order": lambda w: w.order(CommandAction.OPEN, valid_s=-1.0),
    "order again": lambda w: w.repeat(),
    "hold": lambda w: w.order(CommandAction.HOLD_OPEN),
    "take": lambda w: w.order(CommandAction.MANUAL),
    "release": lambda w: w.order(CommandAction.RELEASE),
    "key": lambda w: w.toggle(KEY),
    "button": lambda w: w.toggle(BUTTON),
    "answer": lambda w: w.answer(),
    # fire
    "fire": lambda w: w.toggle(FIRE),
    "fire elsewhere": lambda w: w.switch("others_fire", not w.others_fire),
    "site fire": lambda w: w.order(CommandAction.EMERGENCY),
    "end fire": lambda w: w.end_fire(),
    # faults
    "board": lambda w: w.break_board("gone", not w.board.gone),
    "frozen": lambda w: w.freeze(),
    "lost answer": lambda w: w.break_board("lost_answers", 1),
    "unconfirmed": lambda w: w.break_board("unconfirmed", set() if w.board.unconfirmed else {0}),
    "welded": lambda w: w.break_board("welded", set() if w.board.welded else {0}),
    "disk": lambda w: w.switch("disk_full", not w.disk_full),
    "power": lambda w: w.restart(),
    "cut before": lambda w: w.break_board("cut", "before"),
    "cut after": lambda w: w.break_board("cut", "after"),
    "network": lambda w: w.switch("troubles", w.troubles ^ {Cause.NETWORK}),
    "nobody there": lambda w: w.switch("troubles", w.troubles ^ {Cause.PERSON_AWAY}),
}
_CARS = ("presence", "safety", "tick", "read")
IN, OUT = Direction.IN, Direction.OUT
MENUS: dict[str, tuple[Direction, tuple[str, ...], tuple[str, ...]]] = {
    "vehicles": (OUT, (), (*_CARS, "doubtful", "old frame", "pay")),
    "orders": (OUT, (), (*_CARS, "open", "late order", "order again")),
    "board": (OUT, ("pay",), (*_CARS, "board", "lost answer", "frozen")),
    "contacts": (OUT, ("pay",), (*_CARS, "unconfirmed", "welded", "disk")),
    "power": (OUT, ("pay",), (*_CARS, "power", "cut before", "cut after", "disk")),
    "fire": (OUT, ("pay",), (*_CARS, "fire", "fire elsewhere", "end fire", "power")),
    "fire in trouble": (OUT, (), ("safety", "tick", "fire", "site fire", "end fire", "board", "disk", "power")),
    "people": (OUT, ("pay",), (*_CARS, "key", "hold", "release")),
    "people in trouble": (OUT, (), ("presence", "tick", "take", "hold", "release", "fire", "end fire", "board")),
    "credentials": (IN, ("rights",), (*_CARS, "other car", "tag", "code")),
    "help": (OUT, (), ("presence", "long wait", "doubtful", "network", "nobody there", "button", "answer", "open")),
    "help in trouble": (
        OUT,
        (),
        ("presence", "tick", "long wait", "network", "unconfirmed", "answer", "open", "power"),
    ),
}
"""Direction, what has happened before, and what can happen at every step."""


@dataclass(slots=True)
class Findings:
    """What an exploration has seen; every sequence of `depth` actions has been tried, and some of `deepest`."""

    situations: int = 0
    transitions: int = 0
    depth: int = 0
    deepest: int = 0
    pulses: int = 0
    closings: int = 0
    healed: int = 0
    unsafe: list[str] = field(default_factory=list)


def explore(name: str, least: int, *, depth: int = 0, heal_every: int = 200) -> Findings:
    """One of the `MENUS`: `least` transitions at least, and every sequence of `depth` actions, unless that takes five times as many.

    Every so many situations the faults stop, and somebody must be served.
    """
    share_what_never_changes()
    direction, before, names = MENUS[name]
    found = Findings()
    root = World(direction)
    root.step()
    for done in before:
        ACTIONS[done](root)
    start = pickle.dumps(root)
    seen = {hash(situation(root))}
    frontier: deque[bytes] = deque([b""])
    while frontier and not found.unsafe:
        path = frontier.popleft()
        found.depth, found.deepest = len(path), max(found.deepest, len(path))
        if found.transitions >= (least if len(path) >= depth else 5 * least):
            break
        found.deepest = len(path) + 1
        here = _replay(start, [ACTIONS[names[index]] for index in path])
        for index, action in enumerate(names):
            world: World = pickle.loads(here)
            steps = path + bytes([index])
            found.transitions += 1
            try:
                ACTIONS[action](world)
                found.pulses, found.closings = found.pulses + world.ghost.pulses, found.closings + world.ghost.closings
                key = hash(situation(world))
                if key in seen:
                    continue
                seen.add(key)
                frontier.append(steps)
                if len(seen) % heal_every == 0:
                    found.healed += 1
                    world.heal()
                    if not world.serves_within(20.0):
                        raise Unsafe(f"I18: nobody is served or called in {world.lane.state}")
            except AssertionError as unsafe:
                found.unsafe.append(f"{name}: {' > '.join(names[i] for i in steps)}: {unsafe or type(unsafe).__name__}")
    if not frontier:
        found.depth = found.deepest
    found.situations = len(seen)
    return found


def _replay(start: bytes, steps: list[Action]) -> bytes:
    world: World = pickle.loads(start)
    for act in steps:
        act(world)
    world.ghost.pulses = world.ghost.closings = 0
    return pickle.dumps(world)
