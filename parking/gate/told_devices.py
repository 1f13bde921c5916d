"""Which devices a box has told of, over its restarts: one that has left the settings since is told away, and not shown for ever."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from parking.gate.edge_file import EdgeFile
from parking.kernel.ids import DeviceId


class ToldDevices:
    """The ids in the box's file."""

    def __init__(self, file: EdgeFile) -> None:
        self._file = file

    def known(self) -> frozenset[DeviceId]:
        """What was kept last; ParkingError when the file cannot be read."""
        rows = self._file.read(lambda conn: conn.execute("SELECT device_id FROM told_device").fetchall())
        return frozenset(DeviceId(row[0]) for row in rows)

    def keep(self, devices: Collection[DeviceId]) -> None:
        """These and no others, on disk when this returns."""

        def work(conn: sqlite3.Connection) -> None:
            conn.execute("DELETE FROM told_device")
            conn.executemany("INSERT INTO told_device VALUES (?)", [(one,) for one in devices])

        self._file.write(work)
