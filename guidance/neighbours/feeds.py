"""Three shapes of feeds, from JSON to lot states: ParkAPI (v1), DATEX II light, and our own /availability. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from guidance.neighbours.base import BadRow, LotState, Read, moment, rows_of, whole
from parking.kernel.ids import LotId

MOST_BAYS = 100_000
Row = Mapping[str, Any]


def _each(rows: list[Row], name: str, read: Callable[[Row], LotState]) -> Read:
    good, bad = [], []
    for number, row in enumerate(rows):
        try:
            good.append(read(row))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            said = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
            bad.append(BadRow(f"{name}[{number}]", said))
    return good, bad


def park_api(said: Any) -> Read:
    """ParkAPI v1: `{"last_updated", "lots": [{"id", "free", "total", "state"}]}`; a state other than open is not open."""
    try:
        at, rows = moment(said["last_updated"]), rows_of(said, "lots")
    except (ValueError, KeyError, TypeError) as error:
        return [], [BadRow("last_updated", str(error))]

    def read(row: Row) -> LotState:
        state = row.get("state", "unknown")
        total = whole(row["total"], MOST_BAYS)
        free = whole(row["free"], total) if state in ("open", "closed") else None
        return LotState(LotId(str(row["id"])), free, state != "closed", at)

    return _each(rows, "lots", read)


def datex2_light(said: Any) -> Read:
    """DATEX II parking status (EN 16157-6) in its light JSON shape, by its own words."""
    try:
        rows = rows_of(said, "parkingRecordStatus")
    except ValueError as error:
        return [], [BadRow("parkingRecordStatus", str(error))]

    def read(row: Row) -> LotState:
        occupancy = row.get("parkingOccupancy") or {}
        vacant = occupancy.get("parkingNumberOfVacantSpaces")
        is_open = row.get("parkingSiteOpeningStatus", "open") == "open"
        number = LotId(str(row["parkingRecordReference"]["id"]))
        free = None if vacant is None else whole(vacant, MOST_BAYS)
        return LotState(number, free, is_open, moment(row["parkingStatusOriginTime"]))

    return _each(rows, "parkingRecordStatus", read)


def own_api(said: Any) -> Read:
    """Our own `GET /availability` of another site: its zones together are one lot; one unknown zone makes the whole unknown."""
    try:
        at, rows = moment(said["at"]), rows_of(said, "zones")
        free = 0
        known = bool(rows)
        for row in rows:
            known = known and row["known"] is True
            free += whole(row["usable"], MOST_BAYS) if row["known"] is True else 0
        return [LotState(LotId(str(said.get("site", "site"))), free if known else None, True, at)], []
    except (ValueError, KeyError, TypeError) as error:
        return [], [BadRow("zones", str(error))]


FEEDS: Mapping[str, Callable[[Any], Read]] = {
    "park_api": park_api,
    "datex2_light": datex2_light,
    "own_api": own_api,
}
"""The feeds by the name that the settings use."""
