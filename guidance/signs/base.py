"""A sign is told one face at a time and either acknowledges it or raises; whatever it did not acknowledge it does not show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from parking.kernel.device import DeviceFault

NO_NUMBER = "----"
VOUCHED_FOR_S = 90.0
"""So long a number may stand without anybody saying it again."""


class FaceKind(StrEnum):
    NUMBER = "number"
    FULL = "full"
    UNKNOWN = "unknown"


class Colour(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class Arrow(StrEnum):
    """Which way the arrow of a sign points, as the driver sees it."""

    LEFT = "left"
    AHEAD = "ahead"
    RIGHT = "right"
    BACK = "back"
    AHEAD_LEFT = "ahead_left"
    AHEAD_RIGHT = "ahead_right"


ARROWS = {
    Arrow.LEFT: "←",
    Arrow.AHEAD: "↑",
    Arrow.RIGHT: "→",
    Arrow.BACK: "↓",
    Arrow.AHEAD_LEFT: "↖",
    Arrow.AHEAD_RIGHT: "↗",
}
"""As text; GBK knows them all."""


@dataclass(frozen=True, slots=True)
class Face:
    """What a driver should see; `free` is the number (bays) of a NUMBER face and 0 otherwise.

    `name` and `arrow` say which place the sign speaks of and the way there; what can show no more than a number leaves them out.
    """

    kind: FaceKind
    text: str
    colour: Colour
    free: int = 0
    name: str = ""
    arrow: Arrow | None = None

    @property
    def line(self) -> str:
        """The whole line of text: arrow, name, number."""
        arrow = ARROWS[self.arrow] if self.arrow is not None else ""
        return " ".join(part for part in (arrow, self.name, self.text) if part)


UNKNOWN_FACE = Face(FaceKind.UNKNOWN, NO_NUMBER, Colour.RED)


class SignSilent(DeviceFault):
    """The sign could not be reached or did not answer in time."""


class SignGarbled(DeviceFault):
    """The sign answered, but not to what it was told."""


class Sign(Protocol):
    """One sign."""

    def show(self, face: Face) -> None:
        """Returns once the sign has acknowledged; raises SignSilent, SignGarbled (DeviceFault) or DeviceRefused."""
        ...

    def close(self) -> None:
        """Let go of the connection; the sign may be told again later."""
        ...


@dataclass(frozen=True, slots=True)
class SignSettings:
    """Where a sign, or the broker it hangs on, listens (`host:port`); how long it may take to answer in all, in seconds; its name."""

    address: str = ""
    timeout_s: float = 2.0
    site: str = "site"
    sign: str = "sign"


SignFactory = Callable[[SignSettings], Sign]
