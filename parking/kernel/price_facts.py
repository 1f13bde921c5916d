"""What a price depends on besides its times and its tariff: where the vehicle stood, under which pass, what it did before. Values only."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

Span = tuple[datetime, datetime | None]
"""From when until when (aware times); None while it still holds."""


class Place(NamedTuple):
    """From when on the vehicle stands where: zone (or inner lot) and kind of bay, each empty if nobody knows."""

    since: datetime
    zone: str = ""
    bay: str = ""


class Visit(NamedTuple):
    """An earlier stay of the same vehicle."""

    entered_at: datetime
    left_at: datetime


class Asked(NamedTuple):
    """What a tariff wants to know: the zones or lots and the kinds of bays that it names, whether earlier stays count."""

    zones: frozenset[str] = frozenset()
    bays: frozenset[str] = frozenset()
    earlier: bool = False


class PriceFacts(NamedTuple):
    """`places` in their order; `covered` are the spans under a pass; `earlier` are other stays of the vehicle, oldest first."""

    places: tuple[Place, ...] = ()
    covered: tuple[Span, ...] = ()
    earlier: tuple[Visit, ...] = ()


NOTHING_ASKED = Asked()
NOTHING_MORE = PriceFacts()
REMEMBERED_DAYS = 2
"""So long before its entry an earlier stay has to have ended to say nothing any more: free minutes and caps are of one day."""
