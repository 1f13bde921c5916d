"""What is in a box's file, and how a file of an earlier release becomes one of this: the journal is never touched."""

from __future__ import annotations

import sqlite3

VERSION = 2

_NOW = """
CREATE TABLE IF NOT EXISTS journal (one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT NOT NULL, acked INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, boot TEXT, up_s REAL, noted TEXT);
CREATE TABLE IF NOT EXISTS lane_state (lane_id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS carried_out (command_id TEXT PRIMARY KEY, at_s REAL NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS used_code (code_id TEXT PRIMARY KEY, at_s REAL NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS carried_out_by_time ON carried_out (at_s);
CREATE INDEX IF NOT EXISTS used_code_by_time ON used_code (at_s);
"""
_FROM_1 = """
ALTER TABLE entry ADD COLUMN boot TEXT;
ALTER TABLE entry ADD COLUMN up_s REAL;
ALTER TABLE entry ADD COLUMN noted TEXT;
ALTER TABLE carried_out ADD COLUMN at_s REAL NOT NULL DEFAULT 0;
DROP TABLE IF EXISTS copy;
DROP TABLE IF EXISTS copy_row;
"""
_BESIDE = "CREATE TABLE IF NOT EXISTS told_device (device_id TEXT PRIMARY KEY) WITHOUT ROWID"
"""Not of the version: an earlier release of this one does not mind it, and goes on with the file."""


def prepare(conn: sqlite3.Connection) -> None:
    """Bring a file, new or old, to this version, in one transaction; sqlite3.Error when it is no file of ours or a newer one."""
    version = conn.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise sqlite3.DatabaseError(f"it is of a newer release (format {version})")
    if version == VERSION:
        conn.execute(_BESIDE)
        return
    is_old = conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'entry'").fetchone() is not None
    steps = (_FROM_1 if is_old else "") + _NOW
    conn.executescript(f"BEGIN IMMEDIATE; {steps} {_BESIDE}; PRAGMA user_version = {VERSION}; COMMIT;")
