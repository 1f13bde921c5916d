"""Names of things. An id is a string with a type; ids of our own making are time-ordered UUIDs (RFC 9562, version 7)."""

from __future__ import annotations

import hashlib
import random
import secrets
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


def _uuid7(now: datetime, random_bits: int) -> str:
    millis = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    value = millis << 80 | 0x7 << 76 | (random_bits >> 62 & 0xFFF) << 64 | 0b10 << 62 | random_bits & ((1 << 62) - 1)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class RandomIds:
    """Ids from the operating system's randomness."""

    def new(self, now: datetime) -> str:
        return _uuid7(now, secrets.randbits(74))


class SeededIds:
    """The same ids for the same seed, for simulations."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatability is the point here

    def new(self, now: datetime) -> str:
        return _uuid7(now, self._random.getrandbits(74))


def fitting(name: str, most: int) -> str:
    """A name that fits into `most` signs (48 at least) and is no other's: itself, or its beginning with a digest of all of it."""
    if len(name) <= most:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:40]
    return f"{name[: most - 41]}~{digest}"
