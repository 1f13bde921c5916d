"""What a lane asks of a camera, and what a smart camera tells: one normalised read, whoever made the camera.

A read is evidence, not a fact: it carries when it was captured (by the camera's own clock) and whether it comes out of a memory
(`offline`). Nothing here opens anything. Bytes that cannot be understood raise MalformedPush, which names a place and never a value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from parking.kernel.device import HealthReport
from parking.kernel.ids import DeviceId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes

MOST_CONFIDENT = 0.999
"""A camera that says 100 % has rounded."""


class MalformedPush(Exception):
    """What came is not what this kind of camera sends; the text names the place, never the value."""


class Reading(Protocol):
    """What any camera of a lane says of the vehicle before it; `lpr.PassageReading` is one, `SmartReading` another."""

    @property
    def plate(self) -> Plate | None: ...

    @property
    def confidence(self) -> float: ...

    @property
    def margin(self) -> float: ...

    @property
    def agreeing(self) -> int: ...

    @property
    def frames(self) -> int: ...

    @property
    def captured_at(self) -> datetime | None: ...

    @property
    def votes(self) -> Votes | None: ...

    @property
    def evidence(self) -> Any:
        """The best picture: of `lpr`, an `lpr.evidence.Evidence`; of a smart camera, the JPEG that it sent; or None."""
        ...


Post = Callable[[Reading], None]


class CameraWorker(Protocol):
    """What a lane's camera does for its gate box; `lpr.Worker` is one, `SmartCamera` another."""

    def start(self) -> None: ...

    def begin(self, passage: str, post: Post) -> None:
        """A vehicle is there: post what is read of it from now on."""
        ...

    def end(self) -> None: ...

    def stop(self) -> None: ...

    def health(self) -> HealthReport: ...


class Trigger(StrEnum):
    """Why the camera took this picture."""

    AUTO = "auto"  # a virtual loop, or motion
    INPUT = "input"  # a contact at one of its inputs
    SOFTWARE = "software"
    LINGERING = "lingering"
    TURNED_BACK = "turned_back"
    UNKNOWN = "unknown"


class Heading(StrEnum):
    """Which way the vehicle moved, as the camera saw it."""

    APPROACHING = "approaching"
    LEAVING = "leaving"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SmartRead:
    """One plate event as every adapter tells it. `serial` and `plate_id` name it for good; confidences are 0-1; pictures are JPEG.

    `captured_at` is what the camera's clock said (UTC, None where it said nothing); whoever receives it knows by how much that is off.
    """

    serial: str
    plate_id: int
    plate: Plate | None
    confidence: float
    captured_at: datetime | None
    offline: bool = False
    colour: str = ""
    plate_class: str = ""
    char_confidence: tuple[float, ...] = ()
    heading: Heading = Heading.UNKNOWN
    trigger: Trigger = Trigger.UNKNOWN
    suspect: bool = False
    """The camera itself thinks that it saw a forgery: a photograph of a plate, a screen."""
    picture: bytes | None = field(default=None, repr=False)
    plate_picture: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HeartBeat:
    """The camera lives. Its user name and password, which some send along, are dropped where the bytes are read."""

    serial: str
    told_at: datetime | None = None
    """What the camera's clock said, where the heart-beat tells it (UTC)."""


@dataclass(frozen=True, slots=True)
class InputChanged:
    """One of the camera's inputs, from 0, is on or off now."""

    serial: str
    source: int
    on: bool


@dataclass(frozen=True, slots=True)
class SerialReceived:
    """Bytes that came in on one of the camera's serial lines."""

    serial: str
    channel: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Noted:
    """Something else that the camera tells, of no use to a lane; it is a sign of life."""

    serial: str
    what: str


Push = SmartRead | HeartBeat | InputChanged | SerialReceived | Noted


@dataclass(frozen=True, slots=True)
class SmartReading:
    """What a smart camera's reads of one visit say together, in the words of a lane; `evidence` is the best JPEG that it sent."""

    plate: Plate | None
    confidence: float
    margin: float
    agreeing: int
    frames: int
    captured_at: datetime | None
    passage: str = ""
    evidence: bytes | None = field(default=None, repr=False)
    votes: Votes | None = None


@dataclass(frozen=True, slots=True)
class SmartCameraSettings:
    """One smart camera as edge.yaml has it; times in seconds.

    `secret` is the part of the push address that only this camera knows. `votes` is for how many agreeing frames one push counts:
    these cameras vote over their own frames before they tell. `fresh_s` is how old a read may be to decide anything.
    """

    device: DeviceId
    secret: str = field(repr=False)
    sources: tuple[str, ...] = ()
    """Addresses that may push as this camera; none given: whoever knows the secret."""
    serial: str = ""
    """Pushes of any other serial number are refused; empty: whatever the first push says is not checked."""
    lead_s: float = 3.0
    fresh_s: float = 4.0
    votes: int = 2
    silent_after_s: float = 15.0
    clock_off_s: float = 2.0
    answer_within_s: float = 2.0
    """The camera's own waiting time for an answer, less what the network takes."""
    comet_hold_s: float = 0.25
    time_zone_h: float = 8.0
    """For cameras that tell local time without a zone."""


def margin_of(confidence: float) -> float:
    """A camera's confidence (0-1) as a log-probability margin between what it says and anything else."""
    sure = min(max(confidence, 0.001), MOST_CONFIDENT)
    return math.log(sure / (1.0 - sure))
