"""Which days are holidays: weekends and public holidays, less the days that are worked instead; the tariff's own table
has the last word."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from parking.kernel.errors import invalid

Table = tuple[str, str, str | None, str]  # mode, country, region, market
_SATURDAY = 5


class DayKinds:
    """Asked by the number of a day (days since 1970-01-01)."""

    def __init__(self, table: Table, overrides: Mapping[int, bool]) -> None:
        self._table = table
        self._overrides = dict(overrides)
        if table[0] != "calendar":
            _rest_days(table, 2026)  # an unknown country or market is a fault of the file, not of a later stay

    def is_holiday(self, day: int) -> bool:
        """Whether nobody works on this day."""
        known = self._overrides.get(day)
        if known is not None:
            return known
        on = date.fromordinal(day + _EPOCH)
        if self._table[0] == "calendar":
            return on.weekday() >= _SATURDAY
        return on in _rest_days(self._table, on.year)


@lru_cache(maxsize=256)
def _rest_days(table: Table, year: int) -> frozenset[date]:
    import holidays  # not on a gate box: it only looks prices up

    mode, country, region, market = table
    try:
        if mode == "financial":
            found = holidays.financial_holidays(market, years=year)
        else:
            found = holidays.country_holidays(country, subdiv=region, years=year)
    except NotImplementedError:
        where = market if mode == "financial" else f"{country} {region or ''}".strip()
        raise invalid("tariff.holidays", f"no calendar of holidays is known for {where}") from None
    worked = getattr(found, "weekend_workdays", ())
    days = map(date.fromordinal, range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()))
    return frozenset(d for d in days if d in found or (d.weekday() in found.weekend and d not in worked))


_EPOCH = date(1970, 1, 1).toordinal()
