"""What else a price depends on besides entry, exit and tariff. All of it is known to the caller; nothing is looked up here."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Place(NamedTuple):
    """From when on the vehicle stands where: zone (or inner lot) and kind of bay, each empty if nobody knows."""

    since: datetime
    zone: str = ""
    bay: str = ""


class Visit(NamedTuple):
    """An earlier stay of the same vehicle."""

    entered_at: datetime
    left_at: datetime


class Facts(NamedTuple):
    """`stopped_minutes`: the fee clock stood still (a blocked exit, an outage). `covered`: (from, until) under a pass.

    `earlier`: the vehicle's other stays, oldest first; only a tariff that counts per day or aggregates asks for them.
    """

    stopped_minutes: int = 0
    vehicle: str = ""
    plate_class: str = ""
    energy: str = ""
    places: tuple[Place, ...] = ()
    covered: tuple[tuple[datetime, datetime | None], ...] = ()
    earlier: tuple[Visit, ...] = ()


NO_FACTS = Facts()
