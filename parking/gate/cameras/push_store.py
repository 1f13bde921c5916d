"""What cameras pushed, on disk before they are answered: a repeat is known as one, and what was stored is told to the server once.

A table in the box's own file, so that one fsync serves everybody. Pictures do not come here.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from parking.gate.cameras.base import SmartRead
from parking.gate.edge_file import EdgeFile
from parking.kernel.codec import parse_time, to_plain
from parking.kernel.events import Envelope, PlateReported
from parking.kernel.ids import DeviceId, EventId, LaneId
from parking.kernel.plate import Plate

KEEP = timedelta(days=7)
_TIDY_EVERY = 200
_SCHEMA = """
CREATE TABLE IF NOT EXISTS camera_push (
  device TEXT NOT NULL, serial TEXT NOT NULL, plate_id INTEGER NOT NULL, told_at TEXT NOT NULL, lane_id TEXT NOT NULL,
  plate TEXT, confidence REAL NOT NULL, captured_at TEXT NOT NULL, received_at TEXT NOT NULL, offline INTEGER NOT NULL,
  reported INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (device, serial, plate_id, told_at)
) WITHOUT ROWID
"""
_INDEX = "CREATE INDEX IF NOT EXISTS camera_push_new ON camera_push (received_at) WHERE reported = 0"


@dataclass(frozen=True, slots=True)
class Stored:
    """One push as it lies on disk; `key` names it for good."""

    key: tuple[str, str, int, str]
    envelope: Envelope


class PushStore:
    """The pushes of all cameras of a box; from any thread."""

    def __init__(self, file: EdgeFile) -> None:
        self._file = file
        self._added = 0

        def create(conn: sqlite3.Connection) -> None:
            conn.execute(_SCHEMA)
            conn.execute(_INDEX)

        file.write(create)

    def add(
        self, device: DeviceId, lane_id: LaneId, read: SmartRead, *, captured_at: datetime, received_at: datetime
    ) -> bool:
        """Write a read down; False when this very one is there already. ParkingError when the disk would not."""
        told_at = to_plain(read.captured_at) if read.captured_at else ""
        row = (
            *(device, read.serial, read.plate_id, told_at, lane_id, read.plate.text if read.plate else None),
            *(read.confidence, to_plain(captured_at), to_plain(received_at), read.offline),
        )
        oldest = to_plain(received_at - KEEP)
        self._added += 1
        tidies = self._added % _TIDY_EVERY == 1

        def write(conn: sqlite3.Connection) -> bool:
            columns = "device, serial, plate_id, told_at, lane_id, plate, confidence, captured_at, received_at, offline"
            done = conn.execute(f"INSERT OR IGNORE INTO camera_push ({columns}) VALUES (?,?,?,?,?,?,?,?,?,?)", row)  # noqa: S608
            if tidies:
                conn.execute("DELETE FROM camera_push WHERE reported = 1 AND received_at < ?", (oldest,))
            return done.rowcount == 1

        return self._file.write(write)

    def unreported(self, limit: int = 200) -> tuple[Stored, ...]:
        """The oldest pushes that the journal does not have yet."""
        query = (
            "SELECT device, serial, plate_id, told_at, lane_id, plate, confidence, captured_at, received_at, offline"
            " FROM camera_push WHERE reported = 0 ORDER BY received_at LIMIT ?"
        )
        return tuple(_stored(row) for row in self._file.read(lambda conn: conn.execute(query, (limit,)).fetchall()))

    def reported(self, stored: tuple[Stored, ...]) -> None:
        """The journal has them; a crash before this tells them again under the same event id."""
        query = "UPDATE camera_push SET reported = 1 WHERE device=? AND serial=? AND plate_id=? AND told_at=?"
        self._file.write(lambda conn: conn.executemany(query, [one.key for one in stored]))


def _stored(row: tuple[str, str, int, str, str, str | None, float, str, str, int]) -> Stored:
    device, serial, plate_id, told_at, lane_id, plate, confidence, captured_at, received_at, offline = row
    event = PlateReported(
        device_id=DeviceId(device),
        lane_id=LaneId(lane_id),
        plate=Plate(plate) if plate else None,
        confidence=confidence,
        captured_at=parse_time(captured_at),
        offline=bool(offline),
        serial=serial,
        plate_id=str(plate_id),
    )
    name = hashlib.sha256(f"{device}|{serial}|{plate_id}|{told_at}".encode()).hexdigest()[:32]
    return Stored(
        (device, serial, plate_id, told_at), Envelope(EventId(f"push-{name}"), parse_time(received_at), device, event)
    )
