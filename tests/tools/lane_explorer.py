"""Breadth first through everything that can happen to one lane: each situation once, every action in each of them.

A situation is the whole lane with its world: all that it remembers, with times as ages and ids by the order in which they appear.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from types import FunctionType, MethodType
from typing import Any

from parking.access.facts import LaneRules
from parking.access.rows import CommandAction, CommandRow
from parking.gate.model import Alarms, BarrierConfig, Cause, LaneConfig, Timings, Wiring
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.events import Direction
from tests.tools.lane_ghost import Unsafe
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
    "people": (OUT, ("pay",), (*_CARS, "key", "hold", "take", "release")),
    "people in trouble": (OUT, (), ("presence", "tick", "key", "hold", "release", "open", "fire", "end fire", "board")),
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


def explore(name: str, most: int, *, heal_every: int = 200, deepest: int = 99) -> Findings:
    """Up to `most` transitions from one of the `MENUS`; every so many situations the faults stop, and somebody must be served."""
    direction, before, names = MENUS[name]
    found = Findings()
    root = World(direction)
    root.step()
    for done in before:
        ACTIONS[done](root)
    start = pickle.dumps(root)
    seen = {hash(situation(root))}
    frontier: deque[bytes] = deque([b""])
    while frontier and found.transitions < most and not found.unsafe:
        path = frontier.popleft()
        if len(path) >= deepest:
            break
        found.depth, found.deepest = len(path), len(path) + 1
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


# --- what makes two situations the same ------------------------------------------------------------------------------

_SETTINGS = (LaneConfig, LaneRules, Timings, Alarms, BarrierConfig, Wiring, MethodType, FunctionType)
_COUNTED = frozenset(
    {
        # what counts, or is another part of the world
        "clock", "ids", "_ids", "_clock", "_camera", "_copy", "_ordered", "orders", "permitted", "done", "pulses", "closings", "log",
        "_spent", "_pulses", "_fires_seen", "times", "carried_out", "version", "_copy_seen", "stored", "_now", "now",
        "command_id", "used_at", "call_id", "_inputs", "_record",
        # what is told, and changes nothing that the lane does
        "faults", "_faults", "mode", "_behaviour", "_watching", "_coil", "_blocked", "_gone_s", "_known_s", "level_since_s", "_seen_s",
    }
)  # fmt: skip
"""What makes no difference to what comes next."""
_LIMITS_S = {
    "_since_s": 2.0,
    "_asked_s": 0.5,
    "raw_since_s": 1.0,
    "fire_s": 1.0,
    "quiet_s": 1.0,
    "free_from_s": 1.0,
    "_stage_s": 5.5,
}
"""Beyond this age nothing changes any more; 1.5 s where it is not said."""
_SPANS = frozenset({"_hold_s", "_pulse_s", "_slack_s", "pulse_ms", "confidence", "margin"})


def situation(world: World) -> tuple[Any, ...]:
    """The world as a value in which times are ages and ids are told apart only by their order."""
    return (_Values(world).of(world, ""), _stored(world))


def _stored(world: World) -> tuple[Any, ...]:
    """What a power cut would leave."""
    stored = world.stored or {}
    visit = stored.get("visit") or {}
    return (
        stored.get("state"),
        stored.get("taken_by"),
        visit.get("authorised"),
        min(2, visit.get("opened", 0)),
        visit.get("plate"),
    )


class _Values:
    def __init__(self, world: World) -> None:
        self._now_s, self._now = world.clock.monotonic_s(), world.clock.now()
        self._names: dict[str, int] = {}
        self._inside: set[int] = set()

    def of(self, value: Any, name: str) -> Any:
        """A hashable value for anything that the lane may hold."""
        if isinstance(value, int) and name in ("opened", "failures"):
            return min(value, 3)
        if value is None or isinstance(value, (bool, int, Enum)):
            return value
        if isinstance(value, float):
            return self._age(self._now_s - value, name) if name.endswith("_s") and name not in _SPANS else value
        if isinstance(value, datetime):
            return self._age((self._now - value).total_seconds(), name)
        if isinstance(value, str):
            return self._names.setdefault(value, len(self._names)) if value.startswith("id-") else value
        if isinstance(value, Mapping):
            orders = (
                name == "rows"
            )  # those of the copy; the lane has its own list of the orders that it may still carry out
            return frozenset(
                (self.of(key, ""), self.of(one, name))
                for key, one in value.items()
                if not (orders and isinstance(one, CommandRow))
            )
        if isinstance(value, CommandRow):
            return value.action, self.of(value.expires_at, "")
        if isinstance(value, (set, frozenset)):
            return tuple(sorted(map(str, value)))
        if isinstance(value, (list, tuple, deque)):
            return tuple(self.of(one, name) for one in value)
        return self._record(value)

    def _record(self, value: Any) -> Any:
        if isinstance(value, _SETTINGS) or id(value) in self._inside:
            return None
        self._inside.add(id(value))
        names = [f.name for f in fields(value)] if is_dataclass(value) else list(getattr(value, "__dict__", ()))
        if not names:
            names = list(getattr(type(value), "__slots__", ()))
        inner = tuple(self.of(getattr(value, one), one) for one in names if one not in _COUNTED)
        self._inside.discard(id(value))
        return (type(value).__name__, *inner) if names else str(value)

    @staticmethod
    def _age(age_s: float, name: str) -> float:
        limit_s = _LIMITS_S.get(name, 1.5)
        return max(-limit_s, min(limit_s, round(age_s, 3)))
