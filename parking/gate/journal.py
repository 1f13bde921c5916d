"""The lane's journal: store, then forward. A number is given once, in order, without gaps; what is acknowledged is only marked.

Each file has its own epoch, so that a replaced box never collides with the one before it. What the server has not acknowledged is
never removed; of what it has, the newest `KEPT` of the last `KEPT_FOR` stay, for a server that comes back from an older backup. No erasure
reaches a box: its own time does.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from parking.gate.edge_file import UNREADABLE, EdgeFile
from parking.gate.ports import CODE_USED, Journal
from parking.gate.steady_clock import Stamp, SteadyClock
from parking.kernel.chain import canonical
from parking.kernel.codec import encode, parse_time, to_plain
from parking.kernel.errors import ErrorKind, ParkingError, conflict
from parking.kernel.events import CodeUsed, Envelope
from parking.kernel.ids import LaneId

KEPT = 100_000
KEPT_FOR = timedelta(days=90)
"""As long as the server keeps what boxes said, word for word."""
REMOVED_AT_ONCE = 500
"""So many that a lane which writes meanwhile waits for milliseconds."""
REMEMBERED = timedelta(days=30)
"""How long orders and codes are known to be used up; both have long expired by then."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered event as it was written; `body` is its canonical JSON, `stamp` (if the box has a steady clock) when."""

    seq: int
    body: str
    stamp: Stamp | None = None


class FileJournal:
    """The journal in a box's file, shared by its lanes."""

    def __init__(self, file: EdgeFile, clock: SteadyClock | None = None, *, kept: int = KEPT) -> None:
        self._file = file
        self._clock = clock
        self._kept = kept
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
        """Store the events, the lane's state and the order that is being carried out: all of it on disk, or ParkingError.

        CODE_USED: two lanes took one code in the same moment, and the other one was first.
        """
        state = canonical(lane_state).decode()
        noted_s = envelopes[-1].occurred_at.timestamp() if envelopes else self._now_s()

        def remember(conn: sqlite3.Connection) -> None:
            conn.execute("INSERT OR REPLACE INTO lane_state VALUES (?, ?)", (lane_id, state))
            if carried_out is not None:
                conn.execute("INSERT OR IGNORE INTO carried_out VALUES (?, ?)", (carried_out, noted_s))

        self._append(envelopes, remember)

    def _now_s(self) -> float:
        return self._clock.stamp().noted.timestamp() if self._clock is not None else 0.0

    def note(self, envelopes: Sequence[Envelope]) -> None:
        """Store events that are not a lane's, such as the health of devices."""
        self._append(envelopes, None)

    def _append(self, envelopes: Sequence[Envelope], remember: Callable[[sqlite3.Connection], None] | None) -> None:
        bodies = [canonical(encode(envelope)).decode() for envelope in envelopes]
        used = [(e.event.code_id, e.occurred_at.timestamp()) for e in envelopes if isinstance(e.event, CodeUsed)]
        stamp = self._clock.stamp() if self._clock is not None else None
        when = (stamp.boot, stamp.up_s, stamp.noted.isoformat()) if stamp is not None else (None, None, None)

        def work(conn: sqlite3.Connection) -> None:
            last = conn.execute("SELECT coalesce(max(seq), 0) FROM entry").fetchone()[0]
            rows = [(seq, body, *when) for seq, body in enumerate(bodies, start=last + 1)]
            conn.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", rows)
            for code in used:
                if conn.execute("INSERT OR IGNORE INTO used_code VALUES (?, ?)", code).rowcount == 0:
                    raise conflict(CODE_USED, "another lane has just used this code")
            if remember is not None:
                remember(conn)

        self._file.write(work)
        self.appended.set()

    def lane_state(self, lane_id: LaneId) -> Mapping[str, Any] | None:
        """What was last stored for this lane."""
        query = "SELECT body FROM lane_state WHERE lane_id = ?"
        row = self._file.read(lambda conn: conn.execute(query, (lane_id,)).fetchone())
        return None if row is None else dict(json.loads(row[0]))

    def lanes_stored(self) -> frozenset[str]:
        """The lanes of which something is stored."""
        return frozenset(
            self._file.read(lambda conn: [row[0] for row in conn.execute("SELECT lane_id FROM lane_state")])
        )

    # --- forwarding --------------------------------------------------------------------------------------------------

    def unacknowledged(self, limit: int) -> tuple[Entry, ...]:
        """The oldest events that the server has not acknowledged yet."""
        query = "SELECT * FROM entry WHERE seq > (SELECT acked FROM journal) ORDER BY seq LIMIT ?"
        return tuple(_entry(row) for row in self._file.read(lambda conn: conn.execute(query, (limit,)).fetchall()))

    def before_damage(self, limit: int) -> tuple[Entry, ...]:
        """The same as far as it can be read, of a file that was set aside; ParkingError where the damage begins at once."""
        try:
            found = self.unacknowledged(limit)
        except ParkingError:
            if limit == 1:
                raise
            return self.before_damage(limit // 2)
        readable = tuple(takewhile(_is_whole, found))
        if found and not readable:
            raise ParkingError(ErrorKind.UNAVAILABLE, UNREADABLE, f"event {found[0].seq} cannot be read")
        return readable

    def corrected_at(self, entry: Entry) -> str | None:
        """When an entry's event truly happened, where that has become known since and is another time than it says."""
        if self._clock is None or entry.stamp is None:
            return None
        true = self._clock.corrected(entry.stamp, parse_time(json.loads(entry.body)["at"]))
        return None if true is None else str(to_plain(true))

    def oldest(self) -> int:
        """The lowest number that is still here; what is below it was acknowledged once, and is gone."""
        return int(self._file.read(lambda conn: conn.execute("SELECT coalesce(min(seq), 1) FROM entry").fetchone()[0]))

    def acknowledge(self, seq: int) -> None:
        """The server has everything up to `seq`. A lower number than before means that it lost some: they are sent again."""

        def work(conn: sqlite3.Connection) -> None:
            conn.execute("UPDATE journal SET acked = max(0, min(?, (SELECT coalesce(max(seq), 0) FROM entry)))", (seq,))

        if seq != self.acknowledged():
            self._file.write(work)

    def acknowledged(self) -> int:
        """The watermark: the server has all numbers up to this one."""
        return int(self._file.read(lambda conn: conn.execute("SELECT acked FROM journal").fetchone()[0]))

    def tidy(self, now: datetime) -> int:
        """Remove some of what was acknowledged long ago, and orders and codes that have long expired; how many events went."""
        first, last, acked = self._file.read(
            lambda conn: conn.execute(
                "SELECT (SELECT min(seq) FROM entry), (SELECT max(seq) FROM entry), acked FROM journal"  # both at once walk all
            ).fetchone()
        )
        too_old = self._file.read(lambda conn: _told_before(conn, now - KEPT_FOR))
        ends = min(acked, max((last or 0) - self._kept, min(too_old, (last or 0) - 1)))  # the last one keeps the count
        going = 0 if first is None else max(0, min(ends - first + 1, REMOVED_AT_ONCE))
        long_ago = (now - REMEMBERED).timestamp()
        if not going and not self._has_old(long_ago):
            return 0

        def work(conn: sqlite3.Connection) -> None:
            conn.execute("DELETE FROM entry WHERE seq < ?", ((first or 0) + going,))
            conn.execute("DELETE FROM carried_out WHERE at_s < ?", (long_ago,))
            conn.execute("DELETE FROM used_code WHERE at_s < ?", (long_ago,))

        self._file.write(work)
        return going

    def _has_old(self, long_ago: float) -> bool:
        query = (
            "SELECT 1 FROM (SELECT at_s FROM carried_out UNION ALL SELECT at_s FROM used_code) WHERE at_s < ? LIMIT 1"
        )
        return self._file.read(lambda conn: conn.execute(query, (long_ago,)).fetchone()) is not None


def _told_before(conn: sqlite3.Connection, moment: datetime) -> int:
    """The number up to which the oldest entries tell of what was before `moment`; 0 where the first one is younger."""
    number = 0
    for seq, at in conn.execute(
        "SELECT seq, json_extract(body, '$.at') FROM entry ORDER BY seq LIMIT ?", (REMOVED_AT_ONCE,)
    ):
        if parse_time(at) >= moment:
            break
        number = seq
    return int(number)


def _is_whole(entry: Entry) -> bool:
    try:
        return isinstance(json.loads(entry.body), dict)
    except ValueError:
        return False


def _entry(row: Sequence[Any]) -> Entry:
    seq, body, boot, up_s, noted = row
    stamp = None if boot is None else Stamp(boot, up_s, datetime.fromisoformat(noted))
    return Entry(seq, body, stamp)


_: type[Journal] = FileJournal
