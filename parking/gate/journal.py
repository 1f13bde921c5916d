"""The lane's journal: store, then forward. A number is given once, in order, without gaps; what is acknowledged is only marked.

Each file has its own epoch, so that a replaced box never collides with the one before it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parking.gate.edge_file import EdgeFile
from parking.gate.ports import Journal
from parking.kernel.chain import canonical
from parking.kernel.codec import encode
from parking.kernel.events import Envelope
from parking.kernel.ids import LaneId


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered event as it was written; `body` is its canonical JSON."""

    seq: int
    body: str


class FileJournal:
    """The journal in a box's file, shared by its lanes."""

    def __init__(self, file: EdgeFile) -> None:
        self._file = file
        self.appended = threading.Event()
        """Set by every append; whoever sends clears it first and then looks."""
        self.epoch: str = file.read(lambda conn: str(conn.execute("SELECT epoch FROM journal").fetchone()[0]))

    def append(
        self,
        lane_id: LaneId,
        envelopes: Sequence[Envelope],
        lane_state: Mapping[str, Any],
        *,
        carried_out: str | None = None,
    ) -> None:
        """Store the events, the lane's state and the order that is being carried out: all of it on disk, or ParkingError."""
        state = canonical(lane_state).decode()

        def remember(conn: sqlite3.Connection) -> None:
            conn.execute("INSERT OR REPLACE INTO lane_state VALUES (?, ?)", (lane_id, state))
            if carried_out is not None:
                conn.execute("INSERT OR IGNORE INTO carried_out (command_id) VALUES (?)", (carried_out,))

        self._append(envelopes, remember)

    def note(self, envelopes: Sequence[Envelope]) -> None:
        """Store events that are not a lane's, such as the health of devices."""
        self._append(envelopes, None)

    def _append(self, envelopes: Sequence[Envelope], remember: Callable[[sqlite3.Connection], None] | None) -> None:
        bodies = [canonical(encode(envelope)).decode() for envelope in envelopes]

        def work(conn: sqlite3.Connection) -> None:
            last = conn.execute("SELECT coalesce(max(seq), 0) FROM entry").fetchone()[0]
            conn.executemany("INSERT INTO entry (seq, body) VALUES (?, ?)", enumerate(bodies, start=last + 1))
            if remember is not None:
                remember(conn)

        self._file.write(work)
        self.appended.set()

    def lane_state(self, lane_id: LaneId) -> Mapping[str, Any] | None:
        """What was last stored for this lane."""
        query = "SELECT body FROM lane_state WHERE lane_id = ?"
        row = self._file.read(lambda conn: conn.execute(query, (lane_id,)).fetchone())
        return None if row is None else dict(json.loads(row[0]))

    def unacknowledged(self, limit: int) -> tuple[Entry, ...]:
        """The oldest events that the server has not acknowledged yet."""
        query = "SELECT seq, body FROM entry WHERE seq > (SELECT acked FROM journal) ORDER BY seq LIMIT ?"
        return tuple(Entry(*row) for row in self._file.read(lambda conn: conn.execute(query, (limit,)).fetchall()))

    def acknowledge(self, seq: int) -> None:
        """The server has everything up to `seq`. A lower number than before means that it lost some: they are sent again."""

        def work(conn: sqlite3.Connection) -> None:
            conn.execute("UPDATE journal SET acked = max(0, min(?, (SELECT coalesce(max(seq), 0) FROM entry)))", (seq,))

        if seq != self.acknowledged():
            self._file.write(work)

    def acknowledged(self) -> int:
        """The watermark: the server has all numbers up to this one."""
        return int(self._file.read(lambda conn: conn.execute("SELECT acked FROM journal").fetchone()[0]))


_: type[Journal] = FileJournal
