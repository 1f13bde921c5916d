"""The lane's copy of what the server knows: applied whole, never backwards, never half, asked by ref.

A first copy, and one that has to be made anew because the server's own past has changed, grows in a file beside the one that is
served, and takes its place in one moment. Until the first is complete there is no copy: nobody is listed, no stay is known.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from parking.access.queries import Queries
from parking.access.refs import ALL
from parking.access.snapshot import CommandRow, CopyChange, CopyRow, Fact, ZoneRow, parse_fact, refs_of
from parking.gate.copy_file import (
    UNAVAILABLE,
    UNREADABLE,
    CopyFile,
    Position,
    StoredRow,
    key_number,
    ref_number,
)
from parking.gate.copy_files import CopyFiles
from parking.gate.edge_file import EdgeFile
from parking.gate.link_wire import CopyImage
from parking.gate.ports import Copy
from parking.kernel.errors import ParkingError, conflict
from parking.kernel.ids import LaneId

T = TypeVar("T")
_MEANINGS_KEPT = 2_000
"""Rows that were read last: a vehicle that waits is asked about again and again."""
_PRICES = '"prices":[['
"""How a price list begins in words that `_encode` wrote."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


class LocalCopy(Queries):
    """The copy of one box; `version` is 0 before the first is complete, and changes with every change."""

    def __init__(self, file: EdgeFile) -> None:
        self._box = file
        self._lock = threading.Lock()
        self._files = CopyFiles(file.path)
        self._served, self._coming = self._files.open()
        self._read: dict[tuple[str, str, str], tuple[Fact, frozenset[str]]] = {}
        self.rebuilt = 0
        """How often the server's copy turned out to be another than ours."""

    @property
    def version(self) -> int:
        at = self._served.at if self._served is not None else None
        return max(0, at.served) if at is not None else 0

    @property
    def loaded(self) -> bool:
        """Whether there is a whole copy to decide from."""
        return self._served is not None

    @property
    def position(self) -> tuple[str, int]:
        """What to ask the server for: the epoch and the version of what is here, the part on its way included."""
        file = self._coming or self._served
        at = file.at if file is not None else None
        return (at.epoch, at.position) if at is not None else ("", 0)

    def apply(self, change: CopyChange) -> bool:
        """Take a page of a change; False when it brings nothing new. Another site's or a later one's raises ParkingError."""
        rows = [self._stored(row) for row in change.rows]
        target = change.version if change.upto is None else max(change.upto, change.version)
        with self._lock:
            known = self._coming or self._served
            at = known.at if known is not None else None
            if at is not None and change.site != at.site:
                raise conflict("copy.site", "this copy is of another site")
            if at is None or _begins_anew(change, at):
                if change.since:
                    raise conflict("copy.gap", "a copy begins at its beginning")
                self._begin(change, target, rows)
                return True
            if change.epoch and at.epoch and change.epoch != at.epoch and change.since != at.position:
                raise conflict("copy.epoch", "this change is of another past")
            if change.since > at.position:
                raise conflict("copy.gap", "this change does not follow on what is here")
            complete = change.version >= target
            if change.version <= at.position and not (complete and at.served < at.position):
                return self._go_on(change, at)
            self._take(change, at, target, [row for row in rows if row.version > at.position])
        return True

    def take_image(self, image: CopyImage) -> bool:
        """Take a whole copy at once in place of whatever is here; another site's, or one that cannot be read, raises ParkingError."""
        with self._lock:
            known = self._coming or self._served
            if known is not None and known.at is not None and known.at.site != image.site:
                raise conflict("copy.site", "this copy is of another site")
            file = self._files.grown(image.raw)
            at = file.at
            if at is None or (at.site, at.epoch, at.served) != (image.site, image.epoch, image.version):
                self._files.drop(file)
                raise conflict("copy.image", "this image is not what it says")
            if self._coming is not None:
                self._files.drop(self._coming)
            self.rebuilt += self._served is not None
            self._coming = file
            self._put_in_place(file)
        return True

    def find(self, kind: str, *refs: str) -> list[Fact]:
        """The rows of one kind that `refs_of` finds by any of `refs`, each once, in the order of their keys."""
        numbers = [ref_number(kind, ref) for ref in refs]

        def read(file: CopyFile) -> list[tuple[Fact, frozenset[str]]]:
            return [self._meaning(kind, key, data) for key, _, data in file.find(kind, numbers)]

        nothing: list[tuple[Fact, frozenset[str]]] = []
        return [fact for fact, found_by in self._ask(read, nothing) if not found_by.isdisjoint(refs)]

    def _stored(self, row: CopyRow) -> StoredRow:
        if row.data is None:
            parse_fact(row)
            return StoredRow(row.kind, row.key, row.version, None, ())
        text = _encode(row.data)
        _, found_by = self._meaning(row.kind, row.key, text, row.data)
        refs = (key_number(row.kind, row.key), *[ref_number(row.kind, ref) for ref in sorted(found_by)])
        return StoredRow(row.kind, row.key, row.version, text, refs)

    def _meaning(
        self, kind: str, key: str, text: str, data: Mapping[str, Any] | None = None
    ) -> tuple[Fact, frozenset[str]]:
        """What a row says, and what it is found by; the same words again mean the same."""
        words = (kind, key, text)
        known = self._read.get(words)
        if known is None:
            said = _loaded(text) if data is None else data
            fact = parse_fact(CopyRow(kind, key, 0, said), read_before=data is None)
            assert fact is not None, "a row that is gone is not found"
            if len(self._read) >= _MEANINGS_KEPT:
                self._read.clear()
            known = self._read[words] = fact, frozenset(refs_of(fact))
        return known

    def count(self, kind: str, ref: str) -> int:
        """How many those are."""
        return self._ask(lambda file: file.count(ref_number(kind, ref), kind), 0)

    def free(self) -> int | None:
        """Free bays of the site; None when no zone is vouched for."""
        zones = [fact.free for fact in self.find("zone", ALL) if isinstance(fact, ZoneRow)]
        return sum(zones) if zones else None

    def keys(self) -> list[Fact]:
        """The public keys of all sibling boxes."""
        return self.find("key", ALL)

    def used(self, code_id: str) -> bool:
        """Whether a code has done its work, here or at another box."""
        return self._box.has_used(code_id) or super().used(code_id)

    def orders(self, lane_id: LaneId) -> tuple[CommandRow, ...]:
        """Orders to this lane that were not carried out yet, late ones included, oldest first."""
        numbers = [ref_number("command", f"lane:{lane_id}")]

        def read(file: CopyFile) -> list[Fact | None]:
            found = sorted(file.find("command", numbers), key=lambda row: row[1])
            return [parse_fact(CopyRow("command", key, version, json.loads(data))) for key, version, data in found]

        nothing: list[Fact | None] = []
        facts = self._ask(read, nothing)
        if not facts:
            return ()
        orders = [fact for fact in facts if isinstance(fact, CommandRow) and fact.lane_id == lane_id]
        done = self._box.carried_out([order.command_id for order in orders])
        return tuple(order for order in orders if order.command_id not in done)

    def image(self) -> bytes:
        """The whole copy as bytes that `take_image` takes; ParkingError before there is one."""
        if self._served is None:
            raise conflict("copy.none", "there is no copy yet")
        return self._served.image()

    def tidy(self) -> bool:
        """Clear away some rows of the past; whether there may be more."""
        return self._ask(CopyFile.clear_past, False)

    def close(self) -> None:
        with self._lock:
            for file in (self._served, self._coming):
                if file is not None:
                    file.close()

    def _ask(self, question: Callable[[CopyFile], T], nothing: T) -> T:
        """The answer of the file that is served; one whose pages or words cannot be read is given up, to be fetched anew.

        Every row was understood when it was taken: what is not any more was garbled by the disk.
        """
        while True:
            file = self._served
            if file is None:
                return nothing
            try:
                return question(file)
            except (ParkingError, ValueError, TypeError) as error:
                if self._served is not file:
                    continue  # another has taken its place meanwhile
                if isinstance(error, ParkingError) and error.code == UNAVAILABLE:
                    raise
                with self._lock:
                    self._give_up(file)

    def _give_up(self, file: CopyFile) -> None:
        """With the lock held: a file of no use any more is forgotten, so that the next fetch begins at the beginning."""
        if file is self._served or file is self._coming:
            self._served = None if file is self._served else self._served
            self._coming = None if file is self._coming else self._coming
            self._files.drop(file)

    # --- growing, with the lock held ---------------------------------------------------------------------------------

    def _begin(self, change: CopyChange, target: int, rows: list[StoredRow]) -> None:
        if self._coming is not None:
            self._files.drop(self._coming)
        if self._served is not None:
            self.rebuilt += 1
        self._coming = self._files.new()
        nothing = Position(change.site, change.epoch, -1, 0)
        self._coming.take(nothing, [])
        self._take(change, nothing, target, rows)

    def _take(self, change: CopyChange, at: Position, target: int, rows: list[StoredRow]) -> None:
        file = self._coming or self._served
        assert file is not None
        complete = change.version >= target
        served = change.version if complete else at.served
        epoch = change.epoch or at.epoch
        try:
            file.take(Position(at.site, epoch, served, change.version), rows)
        except ParkingError as error:
            if error.code == UNREADABLE:  # else no change would ever be taken again
                self._give_up(file)
            raise
        if complete and file is self._coming:
            self._put_in_place(file)

    def _put_in_place(self, file: CopyFile) -> None:
        file.make_durable()  # first, so that a power cut leaves one of them
        before, self._served, self._coming = self._served, file, None
        if before is not None:
            self._files.drop(before)

    def _go_on(self, change: CopyChange, at: Position) -> bool:
        """Nothing new, but perhaps under a new epoch: the server vouches that its past up to here is ours."""
        if change.epoch and change.epoch != at.epoch and change.since == at.position:
            file = self._coming or self._served
            assert file is not None
            file.take(Position(at.site, change.epoch, at.served, at.position), [])
        return False


def _loaded(text: str) -> dict[str, Any]:
    """A row as it was kept, its price list still in words: of dozens of look-alikes at most one is priced, and its list is nearly all."""
    begins = text.find(_PRICES)  # no text inside the row can look like this: its quotes would be escaped
    ends = text.find("]]", begins)
    if begins < 0 or ends < 0:
        return dict(json.loads(text))
    begins, ends = begins + len(_PRICES) - 2, ends + 2
    said: dict[str, Any] = json.loads(f"{text[:begins]}null{text[ends:]}")
    return said | {"prices": text[begins:ends]}


def _begins_anew(change: CopyChange, at: Position) -> bool:
    """Whether the server starts over; one that names no epoch never does."""
    return bool(change.epoch) and change.since == 0 and at.position > 0


_: type[Copy] = LocalCopy
