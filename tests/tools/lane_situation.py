"""What makes two situations of a lane the same: all that it remembers, with times as ages, and ids told apart by their order alone.

And how a world is saved and restored quickly: what never changes (settings, rows, words) is shared, not copied.
"""

from __future__ import annotations

import copyreg
import dataclasses
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from types import FunctionType, MethodType
from typing import Any

from parking.access.facts import LaneRules
from parking.access.rows import CommandAction, CommandRow, HolderRow, InvitationRow, StayRow, UsedCodeRow
from parking.gate.behaviour import Behaviour
from parking.gate.credentials.codes import CodeUse, VerifiedCode
from parking.gate.help import Stage
from parking.gate.inputs import Signal
from parking.gate.machine import State
from parking.gate.model import Alarms, BarrierConfig, Cause, Closing, HelpAction, HelpRule, LaneConfig, Timings, Wiring
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.events import Direction
from parking.kernel.plate import Plate
from tests.tools.lane_world import CODE, World

_UNCHANGING: tuple[type, ...] = (
    Alarms, BarrierConfig, HelpRule, LaneConfig, LaneRules, Timings, Wiring, HolderRow, InvitationRow, StayRow, UsedCodeRow,
    VerifiedCode, Credential, Plate, Signal, State, Stage, Cause, Closing, CodeUse, CommandAction, CredentialKind, Direction, HelpAction,
)  # fmt: skip
_shared: list[object] = []
_places: dict[int, int] = {}


def _restore(place: int) -> object:
    return _shared[place]


def _share(value: object) -> tuple[Callable[[int], object], tuple[int]]:
    place = _places.get(id(value))
    if place is None:
        place = _places[id(value)] = len(_shared)
        _shared.append(value)
    return _restore, (place,)


def share_what_never_changes() -> None:
    """From now on such values are pickled as references: good within this process, and several times as fast."""
    for kind in _UNCHANGING:
        copyreg.pickle(kind, _share)


_COUNTED = frozenset(
    {
        "_done", "clock", "ids", "_ids", "_clock", "_camera", "_copy", "copy", "_ordered", "_held_open", "orders", "permitted",
        "done", "pulses",
        "closings", "log", "_spent", "_pulses", "_fires_seen", "times", "carried_out", "version", "_copy_seen", "stored", "_now",
        "now", "command_id", "used_at", "call_id", "_inputs", "_record", "faults", "_faults", "mode", "_behaviour", "_watching",
        "_coil", "_blocked", "_gone_s", "_known_s", "level_since_s", "_seen_s"
    }
)  # fmt: skip
"""What makes no difference to what comes next: what only counts or is told, and other parts of the world."""
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


_Names = tuple[str, ...]
_LIKE: dict[type, str | _Names] = {
    type(None): "plain", bool: "plain", int: "count", float: "number", str: "text", datetime: "time", dict: "map", set: "set",
    frozenset: "set", list: "list", tuple: "list", deque: "list", CommandRow: "order", MethodType: "nothing", FunctionType: "nothing",
    Behaviour: "nothing",
}  # fmt: skip


def _like(kind: type) -> str | _Names:
    """How values of a type are looked at: a word, or the names of what a record holds and what makes a difference."""
    if issubclass(kind, Enum):
        return "plain"
    if kind in _UNCHANGING:
        return "same" if kind in (Plate, Credential, VerifiedCode) else "nothing"
    if issubclass(kind, Mapping):
        return "map"
    if dataclasses.is_dataclass(kind):
        return tuple(f.name for f in dataclasses.fields(kind) if f.name not in _COUNTED)
    return "object"


def situation(world: World) -> tuple[Any, ...]:
    """The world as a value."""
    stored = world.stored or {}
    visit = stored.get("visit") or {}
    kept = (
        stored.get("state"),
        stored.get("taken_by"),
        visit.get("authorised"),
        min(2, visit.get("opened", 0)),
        visit.get("plate"),
    )
    return (*kept, world.copy.used(CODE.code_id), _Values(world).of(world, ""))


class _Values:
    def __init__(self, world: World) -> None:
        self._now_s, self._now = world.clock.monotonic_s(), world.clock.now()
        self._names: dict[str, int] = {}
        self._met: set[int] = set()

    def of(self, value: Any, name: str) -> Any:
        """A hashable value for anything that a lane may hold under this name."""
        kind = type(value)
        like = _LIKE.get(kind)
        if like is None:
            like = _LIKE[kind] = _like(kind)
        if like == "plain" or like == "same":
            return value
        if like == "number":
            return self._age(self._now_s - value, name) if name.endswith("_s") and name not in _SPANS else value
        if like == "nothing":
            return None
        if like == "count":
            return min(value, 3) if name in ("opened", "failures") else value
        if like == "text":
            return self._names.setdefault(value, len(self._names)) if value.startswith("id-") else value
        if like == "time":
            return self._age((self._now - value).total_seconds(), name)
        if like == "list":
            return tuple([self.of(one, name) for one in value])
        return self._other(value, name, like)

    def _other(self, value: Any, name: str, like: str | _Names) -> Any:
        if like == "map":
            return frozenset((self.of(key, ""), self.of(one, name)) for key, one in value.items())
        if like == "set":
            return tuple(sorted(map(str, value)))
        if like == "order":
            return value.action, self.of(value.expires_at, "")
        if id(value) in self._met:
            return None
        self._met.add(id(value))
        names = like if isinstance(like, tuple) else (one for one in _names_of(value) if one not in _COUNTED)
        return (type(value).__name__, *[self.of(getattr(value, one), one) for one in names])

    @staticmethod
    def _age(age_s: float, name: str) -> float:
        limit_s = _LIMITS_S.get(name, 1.5)
        return max(-limit_s, min(limit_s, round(age_s, 3)))


def _names_of(value: object) -> _Names:
    return tuple(getattr(value, "__dict__", ())) or tuple(getattr(type(value), "__slots__", ()))
