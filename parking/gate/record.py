"""What the lane has to tell, kept in order until the journal has it on disk; a full disk delays, it never drops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parking.gate.machine import State
from parking.gate.ports import CODE_USED, Journal
from parking.gate.visit import Visit, from_record, to_record
from parking.kernel.codec import parse_time, to_plain
from parking.kernel.errors import ParkingError
from parking.kernel.events import CodeUsed, Envelope, Event, ExitPromised
from parking.kernel.ids import EventId, Ids, LaneId


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a lane was at its last write."""

    state: State
    at: datetime
    visit: Visit | None
    memory: Mapping[str, Any]


class LaneRecord:
    """Events of one lane on their way into the journal; `trouble` is why the last save failed, or empty."""

    def __init__(self, lane_id: LaneId, journal: Journal, ids: Ids, origin: str) -> None:
        self._lane_id = lane_id
        self._journal = journal
        self._ids = ids
        self._origin = origin
        self._waiting: list[Envelope] = []
        self.now: datetime | None = None
        self.trouble = ""

    @property
    def waiting(self) -> int:
        """How many events are not on disk yet."""
        return len(self._waiting)

    def add(self, event: Event) -> None:
        """Take note of an event that happened at `now`."""
        assert self.now is not None, "a step sets the time first"
        self._waiting.append(Envelope(EventId(self._ids.new(self.now)), self.now, self._origin, event))

    def save(
        self,
        state: State | None,
        visit: Visit | None,
        *,
        carried_out: str | None = None,
        memory: Mapping[str, Any] | None = None,
    ) -> bool:
        """Write everything down, with where the lane is; False when the disk would not, and then all of it still waits.

        False without a trouble: another lane has used up the code with which this one was about to open.

        `memory` is whatever else must outlive a power cut, as JSON values.
        """
        if not self._waiting and carried_out is None:
            return True
        assert self.now is not None, "a step sets the time first"
        lane_state = {
            "state": state.value if state else None,
            "at": to_plain(self.now),
            "visit": to_record(visit) if visit else None,
            **(memory or {}),
        }
        try:
            self._journal.append(self._lane_id, tuple(self._waiting), lane_state, carried_out=carried_out)
        except ParkingError as error:
            self.trouble = "" if error.code == CODE_USED else str(error)
            if not self.trouble:  # nothing is opened for it, so it uses up and promises nothing
                self._waiting = [one for one in self._waiting if not isinstance(one.event, CodeUsed | ExitPromised)]
            return False
        self._waiting.clear()
        self.trouble = ""
        return True

    def stored(self) -> Stored | None:
        """What was last written for this lane, before a restart; None when there is nothing or nothing that we understand."""
        plain = self._journal.lane_state(self._lane_id)
        try:
            if plain is None:
                return None
            visit = from_record(plain["visit"]) if plain["visit"] else None
            return Stored(State(plain["state"]), parse_time(plain["at"]), visit, plain)
        except (KeyError, TypeError, ValueError, ParkingError):
            return None
