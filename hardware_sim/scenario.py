"""What happens in a simulated stretch of a mall's life, and how much of it: one record, readable from a YAML file.

A file names only what differs from the defaults below; what it says wrongly is told with the file, the line and the remedy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import yaml

from hardware_sim.traffic import Mix, busiest_hour
from parking.kernel.errors import ParkingError, invalid

MORNING = datetime(2026, 3, 6, 21, 0, tzinfo=UTC)
"""Five o'clock on a Saturday at the site."""
_SHARES = [
    "misread",
    "unread",
    "missed",
    "lost_answers",
    "pays_ahead",
    "members",
    "look_alikes",
    "returns",
    "cloned",
    "backs_out",
    "tailgates",
    "shops",
    "goods_back",
    "desk_errors",
    "names",
]
_COUNTS = {"seed": 0, "power_cuts": 0, "people": 0, "stays": 1, "entries": 1, "exits": 1, "boxes": 1}
"""Whole numbers, and the least that each may be."""
_MOST = {"hours": 24.0 * 28, "per_hour": 5_000.0, "stays": 1_000_000.0, "entries": 64.0, "exits": 64.0, "boxes": 64.0}
_ENTERS_PER_HOUR, _LEAVES_PER_HOUR = 220.0, 150.0
"""So many cars an hour one lane serves without a queue."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Shares are 0-1 of what they are named for, times in the unit that they are named for.

    `stays` is the number of cars in `hours` from `start`; without it they come `per_hour` on average. Of all passages a share is
    `misread` (the best spelling is another plate), `unread` (no plate at all) and `missed`: half of these read no plate, half go
    through without the loops feeling them under the boom. Of all cars a share `backs_out` before the boom, `tailgates` in behind the
    car before, are `members` with a pass and a tag, are `look_alikes`, `return` later, carry a `cloned` plate; a share `shops` and is
    given a coupon, of which a share brings its `goods_back`. `lost_answers`: of the server's acknowledgements.

    The lanes are dealt out to so many gate `boxes`. For `offline_min`, a quarter into the run, the link is down, of each further box half
    as long again later; for `blind_min`, at a third, the exit's camera sees nothing; for `fire_min`, halfway, its fire contact is
    closed; `power_cuts` times, evenly, a gate box loses its power for a minute.
    `desk_s` is how long a person at the desk takes for a case on average, `desk_errors` how often he decides wrongly, `people` how
    many of them there are; in a share `names` of the calls from an exit he says whose car it is, where he can, else he lets it go.
    `closed_lanes` are out of order all day. With `patrol`, a vehicle reads the plates in all
    bays when the mall has closed. `tariff` is a file beside the scenario's.
    """

    seed: int = 1
    start: datetime = MORNING
    hours: float = 24.0
    per_hour: float = 60.0
    stays: int | None = None
    misread: float = 0.0
    unread: float = 0.0
    missed: float = 0.0
    offline_min: float = 0.0
    lost_answers: float = 0.0
    pays_ahead: float = 0.7
    members: float = 0.0
    look_alikes: float = 0.0
    returns: float = 0.0
    cloned: float = 0.0
    backs_out: float = 0.0
    tailgates: float = 0.0
    shops: float = 0.0
    goods_back: float = 0.0
    blind_min: float = 0.0
    fire_min: float = 0.0
    power_cuts: int = 0
    entries: int | None = None
    exits: int | None = None
    boxes: int = 1
    closed_lanes: tuple[str, ...] = ()
    people: int = 2
    desk_s: float = 60.0
    desk_errors: float = 0.02
    names: float = 0.0
    tariff: str | None = None
    patrol: bool = True

    def __post_init__(self) -> None:
        for name in fields(self):
            _check(name.name, getattr(self, name.name))
        unknown = sorted(set(self.closed_lanes) - {*self.entry_names(), *self.exit_names()})
        if unknown:
            raise _wrong("closed_lanes", f"there is no lane {unknown[0]}; there are entry-1 and exit-1 and so on")
        for names in (self.entry_names(), self.exit_names()):
            if not set(names) - set(self.closed_lanes):
                raise _wrong("closed_lanes", "leave one lane open in each direction")

    @property
    def mix(self) -> Mix:
        return Mix(self.look_alikes, self.returns, self.cloned)

    @property
    def rate(self) -> float:
        """Cars an hour, on average."""
        return self.stays / self.hours if self.stays is not None else self.per_hour

    def entry_names(self) -> tuple[str, ...]:
        """The lanes in; without a number as many as the busiest hour needs."""
        return _names("entry", self.entries or self._enough(_ENTERS_PER_HOUR))

    def exit_names(self) -> tuple[str, ...]:
        return _names("exit", self.exits or self._enough(_LEAVES_PER_HOUR))

    def box_names(self) -> tuple[str, ...]:
        return _names("edge", self.boxes)

    def _enough(self, per_lane: float) -> int:
        return max(1, math.ceil(self.rate * busiest_hour(self.start, self.hours) / per_lane))


def _names(kind: str, count: int) -> tuple[str, ...]:
    return tuple(f"{kind}-{number}" for number in range(1, count + 1))


def load(text: str, name: str) -> Scenario:
    """The scenario in a YAML file's text; ParkingError names the file, the line and what would be right."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _wrong(_place(name, mark.line if mark else None), f"is not YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError):
        raise _wrong(name, "is not YAML") from None
    if not isinstance(root, yaml.MappingNode):
        raise _wrong(name, "should be a list of keys and values, such as stays: 10000")
    known = {field.name for field in fields(Scenario)}
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in root.value:
        key, line = str(key_node.value), key_node.start_mark.line
        if key not in known:
            raise _wrong(_place(name, line), f"{key!r} is not a key of a scenario; known: {', '.join(sorted(known))}")
        if key in values:
            raise _wrong(_place(name, line), f"{key!r} is there twice; keep one of them")
        values[key], lines[key] = _value(key, value_node, _place(name, line)), line
    try:
        return Scenario(**values)
    except ParkingError as error:
        line_of = lines.get(error.field or "")
        raise _wrong(_place(name, line_of), f"{error.field}: {error.message}") from None


def _value(key: str, node: yaml.Node, place: str) -> Any:
    try:
        value = yaml.SafeLoader("").construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError):
        raise _wrong(place, f"{key}: this value cannot be read") from None
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, Mapping | str | int | float | datetime | None):
        raise _wrong(place, f"{key}: a plain number or word is wanted")
    return value.replace(tzinfo=value.tzinfo or UTC) if isinstance(value, datetime) else value


def _check(key: str, value: Any) -> None:
    if value is None and key in ("stays", "entries", "exits", "tariff"):
        return
    if key == "patrol":
        if not isinstance(value, bool):
            raise _wrong(key, "is true or false")
    elif key == "tariff":
        if not isinstance(value, str):
            raise _wrong(key, "should be the name of a file")
    elif key == "closed_lanes":
        if not isinstance(value, tuple) or not all(isinstance(one, str) for one in value):
            raise _wrong(key, "should be a list of lanes, such as [entry-2]")
    elif key == "start":
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise _wrong(key, "should be a time with its offset, such as 2026-03-07T05:00:00+08:00")
    elif key in _SHARES:
        if not _is_number(value) or not 0 <= value <= 1:
            raise _wrong(key, "is a share: 0 to 1")
    elif key in _COUNTS:
        if type(value) is not int or value < _COUNTS[key]:
            raise _wrong(key, f"should be a whole number, not below {_COUNTS[key]}")
        _check_most(key, value)
    elif not _is_number(value) or value < 0 or (key in ("hours", "per_hour") and value == 0):
        raise _wrong(
            key, "should be a number above zero" if key in ("hours", "per_hour") else "should not be below zero"
        )
    else:
        _check_most(key, value)


def _check_most(key: str, value: float) -> None:
    if value > _MOST.get(key, math.inf):
        raise _wrong(key, f"is at most {_MOST[key]:g}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _place(name: str, line: int | None) -> str:
    return name if line is None else f"{name}, line {line + 1}"


def _wrong(where: str, message: str) -> ParkingError:
    return invalid("scenario.malformed", message, field=where)
