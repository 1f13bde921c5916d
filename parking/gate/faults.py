"""What is wrong at a lane: a fault is told once when it comes and once when it goes. An alarm goes when the next vehicle comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from parking.kernel.events import LaneFaulted
from parking.kernel.ids import LaneId

LANE_WATCHED = ("inputs_lost", "presence_loop_stuck", "safety_loop_stuck", "journal_full", "relay_gone")
RAMP_WATCHED = ("inputs_lost", "first_loop_stuck", "second_loop_stuck")
"""Faults that are looked at in every step, and so told as gone without anybody's doing."""


class Faults:
    """The open faults of one lane, by stable code; `tell` gets an event for each change."""

    def __init__(self, lane_id: LaneId, tell: Callable[[LaneFaulted], None]) -> None:
        self._lane_id = lane_id
        self._tell = tell
        self._open: dict[str, str] = {}
        self._alarms: set[str] = set()

    @property
    def open(self) -> tuple[str, ...]:
        """The codes, oldest first."""
        return tuple(self._open)

    def set(self, code: str, wrong: bool, detail: str = "") -> None:
        """Report a lasting fault when it begins and when it ends; repeating it says nothing."""
        if wrong and code not in self._open:
            self._open[code] = detail
            self._tell(LaneFaulted(self._lane_id, code, detail, cleared=False))
        elif not wrong and code in self._open:
            self._tell(LaneFaulted(self._lane_id, code, self._open.pop(code), cleared=True))
            self._alarms.discard(code)

    def alarm(self, code: str, detail: str = "") -> None:
        """Report something that happened; every time is told."""
        self._alarms.add(code)
        self._open[code] = detail
        self._tell(LaneFaulted(self._lane_id, code, detail, cleared=False))

    def clear_alarms(self) -> None:
        """The next vehicle is there: what happened has been told."""
        for code in sorted(self._alarms):
            self.set(code, wrong=False)

    def plain(self) -> dict[str, Any]:
        """What is open, as JSON values: a power cut must not leave a fault open for ever on the server's pages."""
        return {"open": dict(self._open), "alarms": sorted(self._alarms)}

    def take_for_open(self, codes: Iterable[str]) -> None:
        """What was told was in a file that is lost: these are taken for open, until the lane has looked and tells which are not."""
        self._open |= dict.fromkeys(codes, "")

    def take_up(self, plain: object) -> None:
        """What was open at the last write before a restart, already told; anything else than `plain` wrote is nothing."""
        if isinstance(plain, Mapping) and isinstance(plain.get("open"), Mapping):
            self._open = {str(code): str(detail) for code, detail in plain["open"].items()}
            alarms = plain.get("alarms")
            self._alarms = {str(code) for code in alarms if code in self._open} if isinstance(alarms, list) else set()
