"""What this box has done itself counts at once: its own passages lie over the server's copy until the server has followed them.

Nothing here is stored: the journal is, and whatever of it the server has not acknowledged is followed again at the start.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from parking.access.presence import Gone, after, is_followed, merged
from parking.access.queries import Queries
from parking.access.refs import refs_of
from parking.access.row_shapes import KINDS, key_of
from parking.access.rows import CommandRow, Fact, InsideRow, LotRow, StayRow
from parking.gate.journal import FileJournal
from parking.gate.ports import Copy, Journal
from parking.kernel.codec import decode, parse_time
from parking.kernel.errors import ParkingError
from parking.kernel.events import Direction, Envelope, Event, VehiclePassed
from parking.kernel.ids import LaneId, LotId, StayId

_FOLLOWED = ("inside", "invitation", "stay")
_AT_START = ("VehiclePassed", "VehicleBackedAway")
"""What is followed again; a yes whose power went is no promise any more."""
_LOOK_EVERY = timedelta(seconds=30)
_KEPT_AFTER_ACK = timedelta(minutes=10)
"""The server acknowledges an event before it has followed it; by then it has."""
_ALL = 1_000_000

_Key = tuple[str, str]


@dataclass(slots=True)
class _Own:
    """One row of this box: what it says since when, whether the server's row of that key was ever here, when it was acknowledged."""

    change: Fact | Gone
    at: datetime
    seen: bool = False
    acked_at: datetime | None = None


class OwnRows(Queries):
    """A copy with this box's own rows over it, for lanes; `journal` is the journal through which lanes must write."""

    def __init__(self, copy: Copy, journal: FileJournal) -> None:
        self._copy = copy
        self._file = journal
        self._lock = threading.RLock()
        self._own: dict[_Key, _Own] = {}
        self._by_ref: dict[tuple[str, str], set[_Key]] = {}
        self._theirs: dict[_Key, Fact | None] = {}
        self._theirs_of = -1
        self._changes = 0
        self._promised: set[_Key] = set()
        self._looked_at: datetime | None = None
        self._oldest: datetime | None = None
        self._ending = False
        self.journal: Journal = _FollowedJournal(self, journal)
        for entry in journal.unacknowledged(_ALL):
            plain = json.loads(entry.body)
            if plain.get("type") in _AT_START:
                with contextlib.suppress(ParkingError):  # another version of this program wrote it
                    self.follow((decode(plain),))

    @property
    def version(self) -> int:
        with self._lock:
            self._refresh()
            return self._copy.version + self._changes

    def follow(self, envelopes: Sequence[Envelope]) -> None:
        """Take in what was just written down."""
        for envelope in envelopes:
            with self._lock:
                self._look(envelope.occurred_at)
                stays = _stays_after(envelope.event, envelope.occurred_at)
                for change in (*after(envelope.event, envelope.occurred_at, self), *stays):
                    self._take(change, envelope.occurred_at)

    def find(self, kind: str, *refs: str) -> Sequence[Fact]:
        """The rows of one kind that are found by any of `refs`: the server's, as this box's own passages have left them."""
        with self._lock:
            self._refresh()
            theirs = self._copy.find(kind, *refs)
            if kind not in _FOLLOWED or not self._own:
                return theirs
            found = {key_of(fact): fact for fact in theirs}
            keys = {(kind, key) for key in found} & self._own.keys()
            keys |= {key for ref in refs for key in self._by_ref.get((kind, ref), ())}
            for key in keys:
                now = merged(self._own[key].change, self._their(key))
                found.pop(key[1], None)
                if now is not None and not set(refs).isdisjoint(refs_of(now)):
                    found[key[1]] = now
            return [found[name] for name in sorted(found)]

    def count(self, kind: str, ref: str) -> int:
        """How many those are."""
        with self._lock:
            if kind not in _FOLLOWED or not self._own:
                return self._copy.count(kind, ref)
            return len(self.find(kind, ref))

    def lot(self, lot_id: LotId) -> LotRow | None:
        """A lot whose free places know of this box's own passages."""
        with self._lock:
            self._refresh()
            known = self._copy.lot(lot_id)
            if known is None or known.free is None:
                return known
            return replace(known, free=known.free - self._more_inside(lot_id))

    def used(self, code_id: str) -> bool:
        return self._copy.used(code_id)

    def free(self) -> int | None:
        return self._copy.free()

    def orders(self, lane_id: LaneId) -> Sequence[CommandRow]:
        return self._copy.orders(lane_id)

    # --- own rows ----------------------------------------------------------------------------------------------------

    def _take(self, change: Fact | Gone, at: datetime) -> None:
        key = (change.kind, change.key) if isinstance(change, Gone) else (KINDS[type(change)], key_of(change))
        if key[0] not in _FOLLOWED:
            return
        self._drop(key)
        self._own[key] = _Own(change, at, seen=self._their(key) is not None)
        if isinstance(change, InsideRow) and change.claimed_until is not None:
            self._promised.add(key)
        for ref in () if isinstance(change, Gone) else refs_of(change):
            self._by_ref.setdefault((key[0], ref), set()).add(key)
        self._changes += 1

    def _drop(self, key: _Key) -> None:
        own = self._own.pop(key, None)
        self._promised.discard(key)
        for ref in () if own is None or isinstance(own.change, Gone) else refs_of(own.change):
            keys = self._by_ref[key[0], ref]
            keys.discard(key)
            if not keys:
                del self._by_ref[key[0], ref]

    def _their(self, key: _Key) -> Fact | None:
        """What the server's copy says of a row."""
        if key not in self._theirs:
            kind, name = key
            ref = f"invitation:{name}" if kind == "invitation" else f"stay:{name}"
            rows = [fact for fact in self._copy.find(kind, ref) if key_of(fact) == name]
            self._theirs[key] = rows[0] if rows else None
        return self._theirs[key]

    def _refresh(self) -> None:
        """After a change of the copy: what the server has followed by now, or taken out since, is no longer ours to say."""
        version = self._copy.version
        if version == self._theirs_of:
            return
        self._theirs_of = version
        self._theirs.clear()
        for key, own in tuple(self._own.items()):
            theirs = self._their(key)
            own.seen |= theirs is not None
            if _has_caught_up(own, theirs):
                self._drop(key)

    def _look(self, now: datetime) -> None:
        """Now and then: what was acknowledged long ago, and what was promised to nobody, goes."""
        if self._looked_at is not None and now - self._looked_at < _LOOK_EVERY:
            return
        self._looked_at = now
        waiting = self._file.unacknowledged(1)
        oldest = parse_time(json.loads(waiting[0].body)["at"]) if waiting else None
        # the link is down, nothing has been acknowledged since, and nothing of before is left
        going_on = bool(waiting) and oldest == self._oldest and not self._ending
        self._oldest, self._ending = oldest, False
        for key in tuple(self._promised if going_on else self._own):
            own = self._own[key]
            if own.acked_at is None and (oldest is None or own.at < oldest):
                own.acked_at = now
            over = isinstance(own.change, InsideRow) and not own.change.counts(now)
            if over or (own.acked_at is not None and now - own.acked_at >= _KEPT_AFTER_ACK):
                self._drop(key)
            self._ending |= own.acked_at is not None

    def _more_inside(self, lot_id: LotId) -> int:
        """How many more vehicles are in a lot than the server has counted."""
        more = 0
        for key, own in self._own.items():
            if key[0] == "inside":
                theirs = self._their(key)
                now = merged(own.change, theirs)
                more += _is_in(now, lot_id) - _is_in(theirs, lot_id)
        return more


class _FollowedJournal:
    """The box's journal, followed: what is on disk is known to every lane."""

    def __init__(self, rows: OwnRows, journal: FileJournal) -> None:
        self._rows = rows
        self._journal = journal

    def append(
        self,
        lane_id: LaneId,
        envelopes: Sequence[Envelope],
        lane_state: Mapping[str, Any],
        *,
        carried_out: str | None = None,
    ) -> None:
        """Store first, then follow; what is stored is stored, whatever becomes of the following."""
        self._journal.append(lane_id, envelopes, lane_state, carried_out=carried_out)
        with contextlib.suppress(ParkingError):
            self._rows.follow(envelopes)

    def lane_state(self, lane_id: LaneId) -> Mapping[str, Any] | None:
        """What was last stored for this lane."""
        return self._journal.lane_state(lane_id)


def _stays_after(event: Event, at: datetime) -> Iterator[StayRow | Gone]:
    """The stays that a passage here begins and ends. What one costs only the server knows: until then a person is called.

    Without them a box that is cut off would ask whoever comes again for all the time since he first came, and whoever came in
    meanwhile for the stay of a lookalike.
    """
    if not isinstance(event, VehiclePassed) or event.outer_lot_id is not None:
        return
    if event.direction is Direction.OUT:
        if event.stay_id is not None:
            yield Gone("stay", event.stay_id)
    elif event.plate is not None or event.credential is not None:
        credentials = () if event.credential is None else (event.credential,)
        stay_id = event.stay_id or StayId(event.visit_id)
        yield StayRow(stay_id, event.plate, at, None, "", (), 0, 0, credentials, event.votes)


def _has_caught_up(own: _Own, theirs: Fact | None) -> bool:
    if isinstance(own.change, Gone):
        return own.seen and theirs is None
    return own.seen if theirs is None else is_followed(own.change, theirs)


def _is_in(row: Fact | None, lot_id: LotId) -> bool:
    return isinstance(row, InsideRow) and row.lot_id == lot_id


_: type[Copy] = OwnRows
