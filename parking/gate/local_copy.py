"""The lane's copy of what the server knows, in the same file as its journal: applied whole, never backwards, asked by plate."""

from __future__ import annotations

import json
import sqlite3
import threading

from parking.access.snapshot import (
    CommandRow,
    CopyChange,
    CopyRow,
    Fact,
    ListRow,
    StayRow,
    ZoneRow,
    parse_fact,
)
from parking.gate.edge_file import EdgeFile
from parking.gate.ports import Copy
from parking.kernel.chain import canonical
from parking.kernel.errors import conflict
from parking.kernel.ids import LaneId
from parking.kernel.plate import Plate


class LocalCopy:
    """The copy in a box's file; `version` is 0 before the first change came."""

    def __init__(self, file: EdgeFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        row = file.read(lambda conn: conn.execute("SELECT site, version FROM copy").fetchone())
        self._site: str | None = row[0] if row else None
        self._version: int = row[1] if row else 0

    @property
    def version(self) -> int:
        return self._version

    def apply(self, change: CopyChange) -> bool:
        """Take a change in one transaction; False when it brings nothing new. Another site's or a later one's raises ParkingError."""
        facts = [(row, parse_fact(row)) for row in change.rows]
        with self._lock:
            if self._site is not None and change.site != self._site:
                raise conflict("copy.site", "this copy is of another site")
            if change.since > self._version:
                raise conflict("copy.gap", "this change does not follow on what is here")
            if change.version <= self._version:
                return False
            self._file.write(lambda conn: _store(conn, change, facts))
            self._site, self._version = change.site, change.version
        return True

    def listed(self, plate: Plate) -> ListRow | None:
        found = self._ask("SELECT kind, key, version, data FROM copy_row WHERE kind = 'list' AND key = ?", plate.text)
        return next((fact for fact in found if isinstance(fact, ListRow)), None)

    def stay_of(self, plate: Plate) -> StayRow | None:
        """The newest open stay of exactly this plate."""
        found = self._ask("SELECT kind, key, version, data FROM copy_row WHERE plate = ?", plate.text)
        stays = [fact for fact in found if isinstance(fact, StayRow)]
        return max(stays, key=lambda stay: (stay.entered_at, stay.stay_id), default=None)

    def free(self) -> int | None:
        """Free bays of the site; None when no zone is vouched for."""
        zones = self._ask("SELECT kind, key, version, data FROM copy_row WHERE kind = 'zone'")
        return sum(fact.free for fact in zones if isinstance(fact, ZoneRow)) if zones else None

    def orders(self, lane_id: LaneId) -> tuple[CommandRow, ...]:
        """Orders to this lane that were not carried out yet, late ones included."""
        found = self._ask(
            "SELECT kind, key, version, data FROM copy_row WHERE lane_id = ?"
            " AND key NOT IN (SELECT command_id FROM carried_out) ORDER BY version",
            lane_id,
        )
        return tuple(fact for fact in found if isinstance(fact, CommandRow))

    def _ask(self, query: str, *parameters: str) -> list[Fact]:
        rows = self._file.read(lambda conn: conn.execute(query, parameters).fetchall())
        facts = (parse_fact(CopyRow(kind, key, version, json.loads(data))) for kind, key, version, data in rows)
        return [fact for fact in facts if fact is not None]


def _store(conn: sqlite3.Connection, change: CopyChange, facts: list[tuple[CopyRow, Fact | None]]) -> None:
    for row, fact in facts:
        if row.data is None or fact is None:
            conn.execute(
                "DELETE FROM copy_row WHERE kind = ? AND key = ? AND version < ?", (row.kind, row.key, row.version)
            )
            continue
        plate = fact.plate.text if isinstance(fact, StayRow) and fact.plate else None
        lane_id = fact.lane_id if isinstance(fact, CommandRow) else None
        key = fact.plate.text if isinstance(fact, ListRow) else row.key
        conn.execute(
            "INSERT INTO copy_row VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET version = excluded.version,"
            " plate = excluded.plate, lane_id = excluded.lane_id, data = excluded.data WHERE excluded.version > version",
            (row.kind, key, row.version, plate, lane_id, canonical(row.data).decode()),
        )
    conn.execute("INSERT OR REPLACE INTO copy VALUES (1, ?, ?)", (change.site, change.version))


_: type[Copy] = LocalCopy
