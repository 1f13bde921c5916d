"""What guidance tells the other rooms: a zone's view, always within its bounds, and whether it may be believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from parking.kernel.ids import ZoneId


@dataclass(frozen=True, slots=True)
class ZoneView:
    """Occupied and free bays of a zone (they add up to the capacity); `known` is False when nobody vouches for them."""

    zone_id: ZoneId
    capacity: int
    occupied: int
    free: int
    known: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A person's statement of what stands in a zone: who, why, and what the count was before (vehicles) and after."""

    id: str
    zone_id: ZoneId
    at: datetime
    actor: str
    reason: str
    before: int
    after: int
    was_known: bool
