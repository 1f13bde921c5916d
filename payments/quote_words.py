"""What a quote says besides the bill: its periods, and what leaving before the next step saves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from parking.kernel.money import Money
from payments.tariff.model import BillLine
from payments.tariff.outlook import Before
from payments.tariff.price import Itemised


class Ahead(NamedTuple):
    """Who leaves before `until` pays `total`, from then on `later`; `text` says the difference in `zh` and `en`."""

    until: datetime
    total: Money
    later: Money
    text: Mapping[str, str]

    @classmethod
    def of(cls, before: Before, zone: ZoneInfo) -> Ahead:
        """With the clock of the site's wall in its words."""
        wall = before.until.astimezone(zone)
        return cls(before.until, before.total, before.later, before.text(f"{wall.hour:02}:{wall.minute:02}"))


class Period(NamedTuple):
    """A part of the stay and its lines; the lines of all periods sum to the bill before anything is taken off."""

    begins_at: datetime
    ends_at: datetime
    lines: tuple[BillLine, ...]

    @classmethod
    def of(cls, one: Itemised) -> Period:
        begins_at, ends_at = (datetime.fromtimestamp(moment, UTC) for moment in (one.begins_at_s, one.ends_at_s))
        return cls(begins_at, ends_at, one.lines)
