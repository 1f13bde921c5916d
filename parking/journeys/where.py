"""Where a car stands, from whatever has been seen of it. Pure.

What somebody read or said himself outranks what follows from times alone, and the newer of two of a kind is believed. Two cars that
came in together and two bays that were taken together leave at most the zone: that is said, and no bay is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from parking.kernel.ids import BayId, PillarId, StayId, ZoneId

SOONEST, LATEST = timedelta(seconds=15), timedelta(minutes=12)
"""How long after the entry a car may take its bay: no sooner, no later."""


class Source(StrEnum):
    """Who says where a car stands."""

    VIDEO = "video"  # a camera read the plate in the bay
    PATROL = "patrol"  # a person or a patrol car did
    DRIVER = "driver"  # the driver marked it
    SENSOR = "sensor"  # the only bay that was taken when the only car came in
    ZONE = "zone"  # one of several bays of one zone


_RANK = {Source.VIDEO: 3, Source.PATROL: 3, Source.DRIVER: 3, Source.SENSOR: 2, Source.ZONE: 1}


@dataclass(frozen=True, slots=True)
class CarPlace:
    """One piece of evidence; `bay_id` None says no more than the zone, `pillar_id` is where its driver marked it."""

    source: Source
    zone_id: ZoneId
    at: datetime
    bay_id: BayId | None = None
    pillar_id: PillarId | None = None


def best(places: Iterable[CarPlace]) -> CarPlace | None:
    """What to believe, None where there is nothing."""
    return max(places, key=lambda p: (_RANK[p.source], p.at), default=None)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A car that came in and has no place yet; `zone_id` is what is known of it so far."""

    stay_id: StayId
    entered_at: datetime
    zone_id: ZoneId | None = None


def may_have_taken(arrivals: Iterable[Arrival], taken_at: datetime) -> list[Arrival]:
    """The arrivals that may stand in a bay that was taken at this moment."""
    return [a for a in arrivals if SOONEST <= taken_at - a.entered_at <= LATEST]


def conclude(
    candidates: Sequence[Arrival], bay_id: BayId, zone_id: ZoneId, taken_at: datetime
) -> list[tuple[StayId, CarPlace | None]]:
    """What a bay taken without a plate says about the cars that may stand in it; None: nothing is known of that one any more."""
    if len(candidates) == 1 and candidates[0].zone_id is None:
        return [(candidates[0].stay_id, CarPlace(Source.SENSOR, zone_id, taken_at, bay_id))]
    said: list[tuple[StayId, CarPlace | None]] = []
    for one in candidates:
        fits = one.zone_id in (None, zone_id)
        said.append((one.stay_id, CarPlace(Source.ZONE, zone_id, taken_at) if fits else None))
    return said
