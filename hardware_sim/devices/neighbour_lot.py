"""Lots next door as their feeds tell of them: ParkAPI, DATEX II light, or our own API, over HTTP, with every fault that feeds have.

`silent` does not answer, `broken` answers nonsense, `stale` tells of half an hour ago, `garbage_row` has a row that makes no sense,
`lies` says half free whatever stands there. Cars come and go by `park` and `leave`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from parking.kernel.clock import Clock

FAULTS = frozenset({"silent", "broken", "stale", "garbage_row", "lies"})
STALE_BY = timedelta(minutes=30)


@dataclass(slots=True)
class SimulatedLot:
    """What truly stands there."""

    id: str
    capacity: int
    free: int
    is_open: bool = True


class NeighbourFeedSim:
    """A city's server that tells of some lots; `start` listens on `port` (0 picks one)."""

    def __init__(self, clock: Clock, kind: str, *lots: SimulatedLot, host: str = "127.0.0.1", port: int = 0) -> None:
        self.kind = kind
        self.lots = {lot.id: lot for lot in lots}
        self.faults: set[str] = set()
        self.asked = 0
        self._clock = clock
        self._address = (host, port)
        self._server: ThreadingHTTPServer | None = None
        self._lock = threading.Lock()

    # --- the world's side --------------------------------------------------------------------------------------------

    def park(self, lot_id: str, cars: int = 1) -> int:
        """Cars that come; returns how many found a bay."""
        with self._lock:
            lot = self.lots[lot_id]
            parked = min(cars, lot.free)
            lot.free -= parked
            return parked

    def leave(self, lot_id: str, cars: int = 1) -> None:
        with self._lock:
            lot = self.lots[lot_id]
            lot.free = min(lot.capacity, lot.free + cars)

    def fault(self, *names: str) -> None:
        """From now on exactly these faults; ValueError for one that there is not."""
        if strangers := set(names) - FAULTS:
            raise ValueError(f"there is no fault {sorted(strangers)[0]!r}")
        self.faults = set(names)

    # --- the feed's side ---------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        assert self._server is not None, "not started"
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/feed"

    def body(self) -> bytes | None:
        """What is answered now; None: nothing is."""
        with self._lock:
            self.asked += 1
            if "silent" in self.faults:
                return None
            if "broken" in self.faults:
                return b"<html>maintenance</html>"
            at = self._clock.now() - (STALE_BY if "stale" in self.faults else timedelta(0))
            said = _SHAPES[self.kind](at, [(lot, self._said(lot)) for lot in self.lots.values()])
        if "garbage_row" in self.faults:
            rows = next(value for value in said.values() if isinstance(value, list))
            rows.insert(0, {"id": 7, "free": "many"})
        return json.dumps(said).encode()

    def _said(self, lot: SimulatedLot) -> int:
        return lot.capacity // 2 if "lies" in self.faults else lot.free

    def start(self) -> None:
        feed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = feed.body()
                if body is None:
                    self.close_connection = True
                    return
                with suppress(OSError):
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """No lines on the screen."""

        self._server = ThreadingHTTPServer(self._address, Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name=f"feed-{self.kind}", daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


Rows = list[tuple[SimulatedLot, int]]


def _park_api(at: datetime, rows: Rows) -> dict[str, Any]:
    lots = [
        {
            "id": lot.id,
            "name": lot.id,
            "state": "open" if lot.is_open else "closed",
            "free": free,
            "total": lot.capacity,
        }
        for lot, free in rows
    ]
    return {"last_updated": at.isoformat(), "lots": lots}


def _datex2_light(at: datetime, rows: Rows) -> dict[str, Any]:
    status = [
        {
            "parkingRecordReference": {"id": lot.id},
            "parkingStatusOriginTime": at.isoformat(),
            "parkingSiteOpeningStatus": "open" if lot.is_open else "closed",
            "parkingOccupancy": {"parkingNumberOfVacantSpaces": free},
        }
        for lot, free in rows
    ]
    return {"parkingRecordStatus": status}


def _own_api(at: datetime, rows: Rows) -> dict[str, Any]:
    """Another site of ours: one site is one lot, its lots here are its zones."""
    zones = [{"zone": lot.id, "capacity": lot.capacity, "usable": free, "known": True} for lot, free in rows]
    return {"at": at.isoformat(), "site": rows[0][0].id if rows else "site", "zones": zones}


_SHAPES: Mapping[str, Callable[[datetime, Rows], dict[str, Any]]] = {
    "park_api": _park_api,
    "datex2_light": _datex2_light,
    "own_api": _own_api,
}
