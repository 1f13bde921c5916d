"""Names of things. An id is a string with a type; ids of our own making are time-ordered UUIDs (RFC 9562, version 7)."""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import NewType, Protocol

SiteId = NewType("SiteId", str)
LotId = NewType("LotId", str)
ZoneId = NewType("ZoneId", str)
BayId = NewType("BayId", str)
GarageId = NewType("GarageId", str)
LevelId = NewType("LevelId", str)
LinkId = NewType("LinkId", str)
PillarId = NewType("PillarId", str)
"""The text behind the QR code on a pillar: where it hangs is no secret."""
LaneId = NewType("LaneId", str)
SignId = NewType("SignId", str)
DeviceId = NewType("DeviceId", str)
VisitId = NewType("VisitId", str)
"""One vehicle's presence in front of one lane, minted by the lane. The visit that enters gives its id to the stay."""
StayId = NewType("StayId", str)
PaymentId = NewType("PaymentId", str)
EventId = NewType("EventId", str)
CaseId = NewType("CaseId", str)
OperatorId = NewType("OperatorId", str)


class Ids(Protocol):
    """Where new ids come from; handed in, so that a run can be replayed."""

    def new(self, now: datetime) -> str:
        """A fresh UUIDv7 as text, ordered by `now` (aware)."""
        ...


_BITS = 74
"""What a UUIDv7 has beside its milliseconds, its version and its variant."""
_STEP = 62


class _InOrder:
    """Ids whose order is the order in which they were made, also within one millisecond (RFC 9562, 6.2, method 2)."""

    def __init__(self, draw: Callable[[int], int]) -> None:
        self._draw = draw
        self._last = (-1, 0)

    def new(self, now: datetime) -> str:
        """A fresh UUIDv7 as text, ordered by `now` (aware), and behind the last one of the same moment."""
        millis = int(now.timestamp() * 1000) & ((1 << 48) - 1)
        then, tail = self._last  # two threads at once: each draws for itself, and which of them was first nobody knows
        tail = tail + 1 + self._draw(_STEP) if millis == then else self._draw(_BITS - 1)
        if tail >> _BITS:  # some thousands in one millisecond: the order of so many is lost
            tail = self._draw(_BITS - 1)
        self._last = millis, tail
        value = millis << 80 | 0x7 << 76 | (tail >> 62) << 64 | 0b10 << 62 | tail & ((1 << 62) - 1)
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class RandomIds(_InOrder):
    """Ids from the operating system's randomness."""

    def __init__(self) -> None:
        super().__init__(secrets.randbits)


class SeededIds(_InOrder):
    """The same ids for the same seed, for simulations."""

    def __init__(self, seed: int) -> None:
        super().__init__(random.Random(seed).getrandbits)  # noqa: S311 - repeatability is the point here


def fitting(name: str, most: int) -> str:
    """A name that fits into `most` signs (48 at least) and is no other's: itself, or its beginning with a digest of all of it."""
    if len(name) <= most:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:40]
    return f"{name[: most - 41]}~{digest}"
