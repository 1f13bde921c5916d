"""Rows of the server's copy in a file of their own, found by ref. What is on its way is invisible until all of it is here.

A row lives from its `version` until the version that replaced it; readers see the rows of the version that is served, in one
statement, so a change of many pages appears in one moment. The file holds nothing that the server does not have: no fsync
per page, and a file that cannot be read is thrown away.
"""

from __future__ import annotations

import sqlite3
import struct
import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from parking.kernel.errors import ErrorKind, ParkingError

T = TypeVar("T")
MEMORY = ":memory:"
UNREADABLE, UNAVAILABLE = "copy.unreadable", "copy.file"
_DAMAGED = ("malformed", "not a database", "no such", "UNIQUE", "Could not decode", "can't decode")
FORMAT = 1
"""Of the tables below; an image of another format is not taken."""
FOR_EVER = 2**63 - 1
CLEARED_AT_ONCE = 2_000
"""Rows of the past that one change clears away at most: a lane that asks meanwhile waits some milliseconds, never longer."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS copy (
  one INTEGER PRIMARY KEY CHECK (one = 1), site TEXT NOT NULL, epoch TEXT NOT NULL,
  served INTEGER NOT NULL, position INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS fact (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, until INTEGER NOT NULL,
  data TEXT NOT NULL, refs BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS fact_past ON fact (until) WHERE until < 9223372036854775807;
CREATE TABLE IF NOT EXISTS ref (ref INTEGER NOT NULL, fact INTEGER NOT NULL, PRIMARY KEY (ref, fact)) WITHOUT ROWID;
"""


@cache
def _served(refs: int) -> str:
    """Where rows are read from: those that so many refs find, as of the version that is served."""
    return (
        "FROM copy CROSS JOIN ref JOIN fact ON fact.id = ref.fact"
        f" WHERE ref.ref IN ({','.join('?' * refs)}) AND fact.kind = ?"
        " AND fact.version <= copy.served AND fact.until > copy.served"
    )


@dataclass(frozen=True, slots=True)
class Position:
    """What a file holds: rows up to `position`, of which readers see those up to `served` (-1: nothing yet)."""

    site: str
    epoch: str
    served: int
    position: int


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One row on its way into the file: `data` is JSON text, None for a key that is gone; `refs` are numbers of `ref_number`."""

    kind: str
    key: str
    version: int
    data: str | None
    refs: tuple[int, ...]


def ref_number(kind: str, ref: str) -> int:
    """A ref as a number below 2**63. Two refs may share one, so whoever finds a row looks whether it is meant."""
    raw = f"{kind}\0{ref}".encode()
    return zlib.crc32(raw) << 31 ^ zlib.adler32(raw)


def key_number(kind: str, key: str) -> int:
    """The number under which a row's own key is found."""
    return ref_number(kind, f"\0{key}")


class CopyFile:
    """Thread-safe; `:memory:` works as well, for simulations."""

    def __init__(self, path: Path | str, image: bytes | None = None) -> None:
        self.path = str(path)
        self._turn = threading.Lock()
        in_memory = self.path == MEMORY
        try:
            self._writer = _connect(self.path)
            if image is not None:
                self._writer.deserialize(image)
            self._prepare()
            self._reader = self._writer if in_memory else _connect(self.path)
            self._next = 1 + int(self._writer.execute("SELECT coalesce(max(id), 0) FROM fact").fetchone()[0])
            row = self._writer.execute("SELECT site, epoch, served, position FROM copy").fetchone()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise _unavailable(error) from None
        self.at: Position | None = Position(*row) if row else None
        self._kinds: set[str] | None = set() if self._next == 1 else None
        """The kinds of rows that ever came here; None where that is not known, because there were rows before."""
        self._read_turn = self._turn if in_memory else threading.Lock()

    def _prepare(self) -> None:
        found = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, FORMAT):
            raise sqlite3.DatabaseError("it is of another release: malformed")
        self._writer.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;")

    def take(self, at: Position, rows: Sequence[StoredRow]) -> None:
        """Store rows newer than all before, and that the file is now `at`: all of it, or none when ParkingError is raised."""
        with self._turn:
            first = self._next
            if self._kinds is not None:
                self._kinds.update(row.kind for row in rows)
            try:
                with self._writer:  # a transaction
                    self._writer.execute("BEGIN")
                    for row in rows:
                        self._replace(row)
                    where = (at.site, at.epoch, at.served, at.position)
                    self._writer.execute("INSERT OR REPLACE INTO copy VALUES (1, ?, ?, ?, ?)", where)
                    _clear_past(self._writer, at.served)
            except sqlite3.Error as error:
                self._next = first
                raise _unavailable(error) from None
            self.at = at

    def find(self, kind: str, numbers: Sequence[int]) -> Sequence[tuple[str, int, str]]:
        """Key, version and JSON text of the rows of a kind under any of these numbers, each once, in the order of their keys."""
        if self._kinds is not None and kind not in self._kinds:
            return []
        query = f"SELECT DISTINCT fact.key, fact.version, fact.data {_served(len(numbers))} ORDER BY fact.key"
        return self._read(lambda conn: conn.execute(query, (*numbers, kind)).fetchall())

    def count(self, number: int, kind: str) -> int:
        """How many those are."""
        if self._kinds is not None and kind not in self._kinds:
            return 0
        query = f"SELECT count(*) {_served(1)}"
        return int(self._read(lambda conn: conn.execute(query, (number, kind)).fetchone()[0]))

    def clear_past(self) -> bool:
        """Clear away some of what nobody can see any more; whether there may be more."""
        with self._turn:
            try:
                with self._writer:
                    return self.at is not None and _clear_past(self._writer, self.at.served) == CLEARED_AT_ONCE
            except sqlite3.Error as error:
                raise _unavailable(error) from None

    def make_durable(self) -> None:
        """Bring everything onto the disk, before an older file may go."""
        if self.path == MEMORY:
            return
        with self._turn:
            try:
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                raise _unavailable(error) from None

    def image(self) -> bytes:
        """The whole file as bytes, to be the beginning of somebody else's."""
        with self._turn:
            return self._writer.serialize()

    def close(self) -> None:
        with self._turn:
            if self._reader is not self._writer:
                with self._read_turn:
                    self._reader.close()
            self._writer.close()

    def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        with self._read_turn:
            try:
                return query(self._reader)
            except (sqlite3.Error, UnicodeDecodeError) as error:
                raise _unavailable(error) from None

    def _replace(self, row: StoredRow) -> None:
        conn = self._writer
        query = (
            "UPDATE fact SET until = ? WHERE kind = ? AND key = ? AND until = ?"
            " AND id IN (SELECT fact FROM ref WHERE ref = ?)"
        )
        conn.execute(query, (row.version, row.kind, row.key, FOR_EVER, key_number(row.kind, row.key)))
        if row.data is None:
            return
        number, refs = self._next, struct.pack(f"<{len(row.refs)}q", *row.refs)
        values = (number, row.kind, row.key, row.version, FOR_EVER, row.data, refs)
        conn.execute("INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        conn.executemany("INSERT OR IGNORE INTO ref VALUES (?, ?)", [(ref, number) for ref in row.refs])
        self._next += 1


def _clear_past(conn: sqlite3.Connection, served: int) -> int:
    # Said twice, for the index is of what has ended, and that of a parameter nobody knows.
    query = "SELECT id, refs FROM fact WHERE until <= ? AND until < 9223372036854775807 LIMIT ?"
    past = conn.execute(query, (served, CLEARED_AT_ONCE)).fetchall()
    conn.executemany(
        "DELETE FROM ref WHERE ref = ? AND fact = ?", [(r, i) for i, refs in past for r in _unpacked(refs)]
    )
    conn.executemany("DELETE FROM fact WHERE id = ?", [(i,) for i, _ in past])
    return len(past)


def _unpacked(raw: bytes) -> tuple[int, ...]:
    if not isinstance(raw, bytes) or len(raw) % 8:
        raise sqlite3.DatabaseError("malformed: refs that are none")
    return struct.unpack(f"<{len(raw) // 8}q", raw)


def _connect(path: str) -> sqlite3.Connection:
    conn = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=2.0)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=NORMAL")
    return conn


def _unavailable(error: Exception) -> ParkingError:
    unreadable = any(word in str(error) for word in _DAMAGED)
    code = UNREADABLE if unreadable else UNAVAILABLE
    return ParkingError(ErrorKind.UNAVAILABLE, code, f"the copy's file cannot be used: {error}")
